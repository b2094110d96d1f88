"""trust, conflicts, asked: trust lists down to the kiosks; records that contradict each other; how often kiosks ask about people."""

import argparse
from pathlib import Path
from typing import Any

from kiosk.domain.feed import ALL, FeedKind, TrustRow
from kiosk.domain.passes import trustlist
from province import conflicts, feed, question, settings
from province.cli.output import emit, say
from province.cli.setup import home_of
from province.db import Database
from province.settings import Refused

LARGEST = 512 * 1024


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    actions = commands.add_parser("trust", help="whose signatures on certificates count").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    change = actions.add_parser("set", parents=[common], help="read the list, and send it down if it is whole")
    change.add_argument("file", metavar="FILE", help="JSON; keys inside or in files beside it")
    change.add_argument("--name", choices=("dcc", "shc", "all"), default="all")
    change.set_defaults(run=run_trust_set)
    twice = commands.add_parser("conflicts", parents=[common], help="records that contradict each other, with both sides")
    twice.add_argument("--day", default="", metavar="YYYY-MM-DD", help="instead: everybody counted at two stations or kiosks on a day")
    twice.add_argument("--all", action="store_true", help="those that a note has settled too")
    twice.add_argument("--settle", default="", metavar="CONFLICT", help="writes a note; both records stay")
    twice.add_argument("--note", default="")
    twice.add_argument("--by", default="", metavar="ACCOUNT", help="with --settle: an account with the right desk")
    twice.set_defaults(run=run_conflicts)
    asked = commands.add_parser("asked", parents=[common], help="questions about people, a kiosk and an hour")
    asked.add_argument("--station", default="", metavar="CODE")
    asked.set_defaults(run=run_asked)


def _db(args: argparse.Namespace) -> Database:
    return Database(home_of(args).require().url)


def run_trust_set(args: argparse.Namespace) -> int:
    file, now = Path(args.file), settings.now()
    try:
        if file.stat().st_size > LARGEST:
            raise Refused(f"{file.name}: > {LARGEST >> 10} KiB. Danh sách cũ được giữ.\nThe old list stays.")
        text = trustlist.inlined(file.read_text("utf-8-sig"), lambda name: (file.parent / Path(name).name).read_text("utf-8"))
        lists = trustlist.parse(text)
    except trustlist.Mistake as mistake:
        raise Refused(f"{file.name}, {mistake}. Danh sách cũ được giữ.\n{file.name}, {mistake}. The old list stays.") from mistake
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"Không đọc được {file.name}: {error}. Danh sách cũ được giữ.\n{file.name}: the old list stays.") from error
    at = lists.at if lists.at is not None else int(file.stat().st_mtime * 1000)
    with _db(args).write() as conn:
        feed.publish(conn, ALL, FeedKind.TRUST, args.name, TrustRow(at, text.encode()), now)
    emit(args, {"trust": args.name, "at": at, "dcc": len(lists.dcc), "shc": len(lists.shc)})
    say("Các máy nhận danh sách mới ở lần liên lạc tới.\nKiosks take it at their next contact.")
    return 0


def run_conflicts(args: argparse.Namespace) -> int:
    db = _db(args)
    if args.settle:
        conflicts.settle_as(db, args.by, args.settle, args.note, settings.now())
        emit(args, {"conflict": args.settle, "by": args.by, "note": args.note})
        return 0
    if not args.day:
        for one in conflicts.listed(db, settled=args.all):
            sides = [{"station": side.station, "event": side.event, "at": side.at} for side in one.sides]
            emit(args, {"conflict": one.id, "kind": one.kind, "day": one.day, "sides": sides, "note": one.note, "by": one.by})
        return 0
    try:
        day = settings.event_day(args.day)
    except ValueError:
        raise Refused(f"Ngày {args.day!r} phải viết như 2021-05-23.\nWrite the day as 2021-05-23.") from None
    for arrivals, found in conflicts.counted_twice(db, str(day)):
        visits = [{"station": side.station, "event": side.event, "entered_at": side.at} for side in arrivals]
        emit(args, {"visits": visits, "conflicts": [one.id for one in found]})
    return 0


def run_asked(args: argparse.Namespace) -> int:
    with _db(args).read() as conn:
        for station, kiosk, hour, questions in question.asked(conn, args.station):
            emit(args, {"station": station, "kiosk": kiosk, "hour": hour, "questions": questions, "alarm": questions >= question.ALARM})
    return 0
