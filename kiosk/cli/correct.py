"""`kiosk correct`: a new event that corrects or voids an old one; nothing is overwritten."""

import argparse
from typing import Any

from kiosk.cli import opened, output
from kiosk.cli.declare import read_json
from kiosk.cli.scan import event_json
from kiosk.errors import Code, KioskError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("event", help="kiosk:epoch:seq, or K1-000123")
    parser.add_argument("--reason", required=True)
    parser.add_argument("--void", action="store_true", help="the event does not count any more")
    parser.add_argument("--whole", action="store_true", help="and all that the same act wrote: declaration and arrival")
    parser.add_argument("--set", metavar="FILE|-", help='JSON of new values: {"phone": "0905123456"}; null takes a field out')


def run(args: argparse.Namespace) -> int:
    changes: dict[str, Any] | None = None
    if args.set:
        content = read_json(args.set)
        if not isinstance(content, dict) or not content or args.void:
            raise KioskError(Code.BAD_FILE, file=args.set, why="bad_shape")
        changes = {str(key): value for key, value in content.items()}
    with opened.enrolled(args.home) as parts:
        event = parts.station.correct(parts.station.named(args.event), args.reason, args.void, changes, args.whole)
        parts.mirror.step()
    if args.json:
        output.emit({"event": event_json(event)})
    else:
        print(event)
    return 0
