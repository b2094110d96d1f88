"""`kiosk print report`: the day report on A4, to a file or to a printer."""

import argparse
from pathlib import Path

from kiosk import compose
from kiosk.cli import output
from kiosk.errors import Code, KioskError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paper", choices=("report",))
    parser.add_argument("--out", type=Path, help="writes the PDF here and prints nothing")
    parser.add_argument("--printer", help='a CUPS queue, or "pdf" for the papers folder')


def run(args: argparse.Namespace) -> int:
    if args.out is not None:
        _usable(args.out)
    with compose.enrolled(args.home) as parts:
        job = parts.day.print_report(args.out, args.printer)
    if args.json:
        output.emit({"file": str(job.file), "pages": job.pages, "printer": job.printer, "job": job.job})
    else:
        print(job.file)
    return 0


def _usable(out: Path) -> None:
    """A new or an ordinary file in a folder that is there; never a device, never a folder made by a slip. Raises KioskError(BAD_FILE)."""
    if not out.name or not out.parent.is_dir() or (out.exists() and not out.is_file()):
        raise KioskError(Code.BAD_FILE, file=str(out), why="not_a_file")
