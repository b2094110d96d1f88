"""quarantine, strays: what was set aside, why, and how it comes in after all."""

import argparse
import dataclasses
from typing import Any

from sqlalchemy import select

from province import actlog, quarantine, settings, tables
from province.cli.output import emit, say
from province.cli.setup import home_of
from province.db import Database
from province.settings import Refused
from province.stations import clock_text

KIOSK = tables.table(tables.Kiosk)
CURES = {
    "conflict": "giữ nguyên: đã có bản khác; máy gửi lại phần đuôi / stays: other bytes are held; the kiosk sends its tail anew",
    "no_campaign": "thêm ngày: province campaign set --add-day NGÀY / add its day with `campaign set --add-day`",
    "revoked": "xem xét rồi: province quarantine release --kiosk MÁY --reason LÝ_DO / look at it, then release that kiosk's",
    "shape": "giữ nguyên: không đọc được thành chuỗi / stays: it makes no chain",
}
STRAY_CURES = {
    "": "khi máy chủ biết máy này (khôi phục bản sao lưu mới hơn), dữ liệu tự vào / comes in when its kiosk is known, from a newer backup",
    "signature": "giữ nguyên: chữ ký không phải của máy đó / stays: not signed by that kiosk",
    "shape": "giữ nguyên: không đọc được / stays: cannot be read",
}


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    actions = commands.add_parser("quarantine", help="events set aside, and why").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    shown = actions.add_parser("list", parents=[common], help="what lies there and what would cure it; no personal data")
    shown.add_argument("--station", default="", metavar="CODE")
    shown.set_defaults(run=run_list)
    out = actions.add_parser("release", parents=[common], help="what may come in now goes through intake; conflicts stay")
    out.add_argument("--kiosk", default="", metavar="KIOSK", help="a revoked kiosk whose records you have looked at")
    out.add_argument("--reason", default="", metavar="TEXT", help="why its records may come in; kept in the log")
    out.set_defaults(run=run_release)
    actions = commands.add_parser("strays", help="uploads of kiosks that are not known here").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    actions.add_parser("list", parents=[common], help="whose, when, how large").set_defaults(run=run_strays)
    actions.add_parser("release", parents=[common], help="take those whose kiosk is known now").set_defaults(run=run_strays_release)


def _db(args: argparse.Namespace) -> Database:
    return Database(home_of(args).require().url)


def run_list(args: argparse.Namespace) -> int:
    for group in quarantine.listed(_db(args), args.station):
        if args.json:
            emit(args, dataclasses.asdict(group))
            continue
        place = f"{group.station}  {group.kiosk}:{group.epoch}:{group.first}-{group.last}"
        print(f"{place}  {group.events} ({group.event_day or '?'}, {clock_text(group.since)})  {group.reason}\n    {CURES[group.reason]}")
    return 0


def run_release(args: argparse.Namespace) -> int:
    db, now = _db(args), settings.now()
    if bool(args.kiosk) != bool(args.reason.strip()):
        raise Refused("--kiosk và --reason đi cùng nhau.\n--kiosk and --reason go together.")
    if args.kiosk:
        _revoked(db, args.kiosk)
        actlog.note(db, "province", "quarantine_released", now, args.kiosk, args.reason.strip())
    done = quarantine.release(db, now, args.kiosk)
    emit(args, dataclasses.asdict(done))
    say(_words(done.events, sum(done.left.values())))
    return 0


def _revoked(db: Database, kiosk: str) -> None:
    with db.read() as conn:
        row = conn.execute(select(KIOSK.c.revoked_at).where(KIOSK.c.kiosk_id == kiosk)).first()
    if row is None or row.revoked_at is None:
        raise Refused(f"{kiosk} không phải máy đã bị thu hồi.\n{kiosk} is no revoked kiosk: leave --kiosk out.")


def run_strays(args: argparse.Namespace) -> int:
    for row in quarantine.strays(_db(args)):
        if args.json:
            emit(args, row)
            continue
        print(f"{row['kiosk']}  {row['bytes']} B  {clock_text(row['received_at'])}  {row['trouble']}\n    {STRAY_CURES[row['trouble']]}")
    return 0


def run_strays_release(args: argparse.Namespace) -> int:
    done = quarantine.release_strays(_db(args), settings.now(), again=True)
    emit(args, dataclasses.asdict(done))
    say(_words(done.events, sum(done.left.values())))
    return 0


def _words(events: int, left: int) -> str:
    if not left:
        return f"Đã nhận {events} sự kiện; không còn gì để riêng.\n{events} events are in; nothing is left aside."
    return f"Đã nhận {events} sự kiện; {left} vẫn để riêng, không mất.\n{events} events are in; {left} stay aside, nothing is lost."
