"""`kiosk bundle export FILE` and `kiosk bundle receipts FILE`: the stick, out and home."""

import argparse
from pathlib import Path

from kiosk import compose, words
from kiosk.cli import opened, output
from kiosk.sync.bundle import Taken, Written


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("export", "receipts"))
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--all", action="store_true", help="export: also what the province has acknowledged")


def run(args: argparse.Namespace) -> int:
    """Exit 0: written, or everything in the file taken; 1: something in it was not to be believed, or it ends early."""
    with opened.enrolled(args.home) as parts:
        if args.action == "export":
            return _export(parts, args)
        return _receipts(parts, args)


def _export(parts: compose.Parts, args: argparse.Namespace) -> int:
    output.usable(args.file)
    made = parts.stick.export(args.file, parts.station.day(), args.all)
    if parts.station.day() is not None:
        parts.station.audit("bundle_export", count=made.events)
        parts.mirror.step()
    _show(made, args.json)
    output.say(words.bundle_written(made.events))
    return 0


def _receipts(parts: compose.Parts, args: argparse.Namespace) -> int:
    taken = parts.stick.receipts(args.file)
    parts.directory.refresh()
    if parts.station.day() is not None:
        parts.station.audit("bundle_receipts", count=taken.events)
        parts.mirror.step()
    _show(taken, args.json)
    output.say(words.bundle_home(taken))
    return int(bool(taken.rejected or taken.trouble))


def _show(answer: Written | Taken, as_json: bool) -> None:
    if as_json:
        output.emit(answer)
