"""`kiosk notices`: the province's notices that stand; `--read ID` says that somebody has read one."""

import argparse

from kiosk import words
from kiosk.cli import opened, output
from kiosk.errors import Code, KioskError
from kiosk.store import seen


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--read", metavar="ID", help="it no longer stands on the window's line")


def run(args: argparse.Namespace) -> int:
    with opened.enrolled(args.home) as parts:
        found = parts.directory.notices(parts.clock.now().wall)
    if args.read is not None:
        if args.read not in {notice.id for notice in found}:
            raise KioskError(Code.BAD_INPUT, value=args.read[:20], allowed=", ".join(notice.id for notice in found))
        seen.add(args.home, args.read)
    known = seen.read(args.home)
    for notice in found:
        answer = {"id": notice.id, "at": notice.at, "level": notice.level, "text": notice.text, "read": notice.id in known}
        if args.json:
            output.emit(answer)
        else:
            print(f"{words.hour_minute(notice.at)} {words.day_month(notice.at)} · {notice.id} · {notice.text}")
    return 0
