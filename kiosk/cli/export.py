"""`kiosk export FILE`: counts by kind and hour, or the people who declared here, as CSV or XLSX; for the lead."""

import argparse
from pathlib import Path

from kiosk.cli import opened, output
from kiosk.i18n import _


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="its name ends in .csv or .xlsx; one that is there is replaced")
    parser.add_argument("--what", choices=("counts", "people"), default="counts", help="counts (default) hold nobody's name")
    parser.add_argument("--day", default="", metavar="YYYY-MM-DD", help="the open day, else the one closed last")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why the people are needed; goes into the journal")


def run(args: argparse.Namespace) -> int:
    with opened.enrolled(args.home) as parts:
        made = parts.spreadsheets.export(args.file, args.what, args.day, args.reason)
        parts.mirror.step()
    if args.json:
        output.emit({"file": made.file, "what": made.what, "event_day": made.event_day, "rows": made.rows})
    else:
        print(_("{count} dòng trong {file}").format(count=made.rows, file=made.file))
    return 0
