"""`kiosk journal`: events' headers, no personal data."""

import argparse

from kiosk.cli import opened, output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--last", type=int, default=0, help="only the last N")


def run(args: argparse.Namespace) -> int:
    with opened.enrolled(args.home) as parts:
        rows = parts.outbox.headers(parts.journal.identity.kiosk)
    for row in rows[-args.last :] if args.last > 0 else rows:
        if args.json:
            output.emit(row)
        else:
            print(f"{row['kiosk']}:{row['epoch']}:{row['seq']}  {row['kind']:12} {row['at']}  {row['state']}")
    return 0
