"""`kiosk restore FILE`: the journal again from a second copy (`journal.sealed`); needs the home for itself."""

import argparse
import contextlib
from pathlib import Path

from kiosk import compose
from kiosk.cli import output
from kiosk.errors import KioskError
from kiosk.i18n import _
from kiosk.settings import load


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="journal.sealed of this kiosk, from the data directory or a stick")


def run(args: argparse.Namespace) -> int:
    done = compose.restore(args.home, args.file, compose.environment(load(args.home)))
    with contextlib.suppress(KioskError), compose.enrolled(args.home) as parts:  # without an open day there is nowhere to write it
        parts.station.audit("restore", events=done.events)
        parts.mirror.step()
    if args.json:
        output.emit({"events": done.events, "rows": done.rows, "announced": done.code})
        return 0
    print(_("Đã khôi phục nhật ký: {events} sự kiện, {rows} dòng tính lại.").format(events=done.events, rows=done.rows))
    if done.code is not None:
        output.complain(KioskError(done.code))
    return 0
