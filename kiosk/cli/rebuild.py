"""`kiosk rebuild`: the computed tables afresh from the journal; needs the home for itself."""

import argparse

from kiosk.cli import opened, output
from kiosk.i18n import _


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def run(args: argparse.Namespace) -> int:
    with opened.enrolled(args.home, exclusive=True) as parts:
        events, rows = parts.journal.rebuild(parts.database)
    if args.json:
        output.emit({"events": events, "rows": rows})
    else:
        print(_("Đã tính lại từ nhật ký: {events} sự kiện, {rows} dòng.").format(events=events, rows=rows))
    return 0
