"""trust, conflicts, asked: trust lists down to the kiosks; people counted at two places; how often kiosks ask about people."""

import argparse
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from kiosk.domain.feed import ALL, FeedKind, TrustRow
from kiosk.domain.passes import trustlist
from province import feed, question, settings, tables
from province.cli.output import emit, say
from province.cli.setup import home_of
from province.db import Database
from province.settings import Refused

VISIT = tables.table(tables.Visit)
LARGEST = 512 * 1024


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    actions = commands.add_parser("trust", help="whose signatures on certificates count").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    change = actions.add_parser("set", parents=[common], help="read the list, and send it down if it is whole")
    change.add_argument("file", metavar="FILE", help="JSON; keys inside or in files beside it")
    change.add_argument("--name", choices=("dcc", "shc", "all"), default="all")
    change.set_defaults(run=run_trust_set)
    twice = commands.add_parser("conflicts", parents=[common], help="the same person counted at two stations or kiosks: both arrivals")
    twice.add_argument("--day", required=True, metavar="YYYY-MM-DD")
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
    try:
        day = settings.event_day(args.day)
    except ValueError:
        raise Refused(f"Ngày {args.day!r} phải viết như 2021-05-23.\nWrite the day as 2021-05-23.") from None
    c = VISIT.c
    here = (c.event_day == str(day), ~c.voided, c.subject_hash.is_not(None))
    kiosks = func.count((c.station_id + ":" + c.kiosk_id).distinct())
    with _db(args).read() as conn:
        twice = select(c.subject_hash).where(*here).group_by(c.subject_hash).having(kiosks > 1)
        found = conn.execute(select(VISIT).where(*here, c.subject_hash.in_(twice)).order_by(c.subject_hash, c.entered_at)).all()
    groups: dict[bytes, list[dict[str, Any]]] = {}
    for row in found:
        event = f"{row.kiosk_id}:{row.epoch}:{row.seq}"
        groups.setdefault(row.subject_hash, []).append({"station": row.station_id, "event": event, "entered_at": row.entered_at})
    for visits in groups.values():
        emit(args, {"visits": visits})
    return 0


def run_asked(args: argparse.Namespace) -> int:
    with _db(args).read() as conn:
        for station, kiosk, hour, questions in question.asked(conn, args.station):
            emit(args, {"station": station, "kiosk": kiosk, "hour": hour, "questions": questions})
    return 0
