"""`kiosk seen`: F5, the officer saw a declaration on the voter's own phone (letter 63/CV-BCĐ, 2b)."""

import argparse

from kiosk.cli import opened
from kiosk.cli.scan import show
from kiosk.corrections import PERSONS
from kiosk.domain.verdict import Act
from kiosk.station import SEEN


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", choices=SEEN, required=True, help="moh: Ministry; arrival: Hue-S arrival; hues: Hue-S declaration")
    parser.add_argument("--person", choices=PERSONS, default=PERSONS[0], help="who it is; a voter unless said otherwise")


def run(args: argparse.Namespace) -> int:
    with opened.enrolled(args.home) as parts:
        verdict = parts.station.seen(args.kind, person=args.person)
        parts.mirror.step()
    show(verdict, args.json)
    return int(verdict.act is Act.NOT_SAVED)
