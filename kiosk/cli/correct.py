"""`kiosk correct`: a new event that corrects or voids an old one; nothing is overwritten."""

import argparse

from kiosk import compose
from kiosk.cli import output
from kiosk.cli.scan import event_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("event", help="kiosk:epoch:seq")
    parser.add_argument("--reason", required=True)
    parser.add_argument("--void", action="store_true", help="the event does not count any more")


def run(args: argparse.Namespace) -> int:
    with compose.enrolled(args.home) as parts:
        event = parts.station.correct(args.event, args.reason, args.void)
        parts.mirror.step()
    if args.json:
        output.emit({"event": event_json(event)})
    else:
        print(event)
    return 0
