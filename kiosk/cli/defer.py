"""`kiosk defer`: F11, in first and declare later, with a numbered ticket; `--reason lane` sends to the other table."""

import argparse

from kiosk.cli import opened
from kiosk.cli.scan import show
from kiosk.corrections import PERSONS, REASONS
from kiosk.desk import LANE
from kiosk.domain.verdict import Act


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reasons = "refused; not_yet: cannot answer now; closing: minutes before closing; lane: a number for the declaring table"
    parser.add_argument("--reason", choices=(*REASONS, LANE), required=True, help=reasons)
    parser.add_argument("--person", choices=PERSONS, default=PERSONS[0], help="who it is; a voter unless said otherwise")


def run(args: argparse.Namespace) -> int:
    with opened.enrolled(args.home) as parts:
        verdict = parts.station.defer(args.reason, person=args.person)
        parts.mirror.step()
    show(verdict, args.json)
    return int(verdict.act is Act.NOT_SAVED)
