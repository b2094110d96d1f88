"""`kiosk print report`: the day report on A4, to a file or to a printer."""

import argparse
from pathlib import Path

from kiosk import compose
from kiosk.cli import output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paper", choices=("report",))
    parser.add_argument("--out", type=Path, help="writes the PDF here and prints nothing")
    parser.add_argument("--printer", help='a CUPS queue, or "pdf" for the papers folder')


def run(args: argparse.Namespace) -> int:
    with compose.enrolled(args.home) as parts:
        job = parts.day.print_report(args.out, args.printer)
    if args.json:
        output.emit({"file": str(job.file), "pages": job.pages, "printer": job.printer, "job": job.job})
    else:
        print(job.file)
    return 0
