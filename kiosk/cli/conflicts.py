"""`kiosk conflicts`: the same person or code twice, here or at another place: both events, no name, no number."""

import argparse

from kiosk import words
from kiosk.cli import opened, output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace) -> int:
    with opened.enrolled(args.home) as parts:
        for one in parts.lookups.conflicts():
            if args.json:
                output.emit(one)
            else:
                other = words.full(one.other_at) if one.other_at is not None else "?"
                print(" · ".join((words.full(one.at), words.reason(one.reason), one.event, f"{other} {one.station}".strip(), one.other)))
    return 0
