"""`kiosk audit`: who signed in, looked, corrected, printed, exported and changed what; for the lead, and without a voter in it."""

import argparse
from pathlib import Path

from kiosk import words
from kiosk.cli import opened, output
from kiosk.i18n import _
from kiosk.store import audit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--last", type=int, default=500, metavar="N", help="the last N (default 500)")
    parser.add_argument("--export", type=Path, metavar="FILE", help="a CSV file instead")


def run(args: argparse.Namespace) -> int:
    if args.last < 1:
        output.say("kiosk audit --last N (1 …)")
        return 2
    with opened.enrolled(args.home) as parts:
        found = parts.station.audited(args.last)
        if args.export is not None:
            args.export.write_text(audit.table(found), "utf-8-sig", newline="")
            parts.station.audit("export", kind="audit", count=len(found))
            parts.mirror.step()
    if args.export is not None:
        if args.json:
            output.emit({"file": args.export, "entries": len(found)})
        else:
            print(_("{count} dòng trong {file}").format(count=len(found), file=args.export))
        return 0
    for entry in found:
        if args.json:
            output.emit(entry)
        else:
            print(f"{words.full(entry.at)}  {entry.officer:12} {words.audit(entry.what)}  {audit.facts_text(entry)}".rstrip())
    return 0

