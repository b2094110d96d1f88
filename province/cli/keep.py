"""storage, retention, backup, audit, restore: what the database's keeper does."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from province import actlog, audit, authority, backup, retention, settings, storage
from province.cli.output import emit, say
from province.cli.setup import home_of
from province.db import Database
from province.settings import Refused, event_day


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    kept = commands.add_parser("storage", help="the database itself").add_subparsers(dest="action", required=True, metavar="ACTION")
    copy = kept.add_parser("copy", parents=[common], help="everything into another database; resumable, compared row by row")
    copy.add_argument("--to", required=True, metavar="URL", help="postgresql://user@host/name or sqlite:///file")
    copy.set_defaults(run=run_copy)
    spread = kept.add_parser("distribute", parents=[common], help="the SQL for a Citus cluster, by station")
    spread.add_argument("--run", dest="really", action="store_true", help="run it on --database-url instead of printing it")
    spread.set_defaults(run=run_distribute)
    days = commands.add_parser("retention", parents=[common], help="the days there are; --drop ends one for ever")
    days.add_argument("--drop", metavar="YYYY-MM-DD", help="destroys this day's key and rows, leaves a signed certificate")
    days.add_argument("--unopened", default="", metavar="REASON", help="why events that were never opened may go too")
    days.add_argument("--reason", default="", metavar="REASON", help="why it goes before its time, or before every kiosk has closed it")
    days.set_defaults(run=run_retention)
    saved = commands.add_parser("backup", parents=[common], help="database and keys into one file; without the root key and the days' keys")
    saved.add_argument("file", type=Path)
    saved.set_defaults(run=run_backup)
    again = commands.add_parser("audit", parents=[common], help="makes what is shown again from the sealed events, and compares")
    again.add_argument("--day", default="", metavar="YYYY-MM-DD", help="what is shown of this day alone")
    again.add_argument("--head", default="", metavar="NUMBER:HEX", help="a head of the officials' log that a kiosk kept")
    again.set_defaults(run=run_audit)
    back = commands.add_parser("restore", parents=[common], help="a new home from a backup")
    back.add_argument("file", type=Path)
    back.set_defaults(run=run_restore)


def run_copy(args: argparse.Namespace) -> int:
    home = home_of(args).require()
    with Database(home.url) as source, Database(args.to) as target:
        if source.engine.url == target.engine.url:
            raise Refused("--to là chính cơ sở dữ liệu này.\n--to is this very database.")
        say("Trong khi chép, kiosk được báo bận và tự gửi lại sau. / While it copies, kiosks are told `busy` and come again.")
        door = source.write if source.embedded else source.read
        done = storage.copy(door, target, lambda copied: emit(args, dataclasses.asdict(copied)))
    emit(args, {"tables": len(done), "rows": sum(each.rows for each in done), "written": sum(each.written for each in done), "equal": True})
    say("Từ nay chạy mọi lệnh với --database-url mới. / From now on give every command the new --database-url.")
    return 0


def run_distribute(args: argparse.Namespace) -> int:
    if not args.really:
        print(";\n".join(storage.distribution()) + ";")
        return 0
    with Database(home_of(args).url) as db:
        storage.distribute(db)
    emit(args, {"distributed": len(storage.every_table())})
    return 0


def run_retention(args: argparse.Namespace) -> int:
    home = home_of(args).require()
    with Database(home.url) as db:
        if not args.drop:
            for row in retention.days(db, home):
                emit(args, row)
            return 0
        try:
            day = event_day(args.drop)
        except ValueError as error:
            raise Refused(f"--drop {args.drop}: ngày phải viết như 2021-05-23.\n--drop: write the day as 2021-05-23.") from error
        path = retention.drop(db, home, authority.load(home), day, settings.now(), args.unopened.strip(), args.reason.strip())
    emit(args, {"day": day, "certificate": str(path)})
    say(
        f"Hãy hủy cả bản sao của opener/{day}.key. Bản sao lưu cũ không mở được ngày này nữa.\n"
        f"Destroy every copy of opener/{day}.key too. Older backups cannot open this day any more."
    )
    return 0


def run_backup(args: argparse.Namespace) -> int:
    home = home_of(args).require()
    with Database(home.url) as db:
        try:
            said = backup.make(home, db, args.file, settings.now())
        except FileExistsError as error:
            raise Refused(f"{args.file} đã có, không ghi đè.\n{args.file} is there already: choose another name.") from error
    emit(args, said)
    say(
        "Tệp chứa khoá của máy chủ: cất như cất khoá. Khoá của ngày (opener/) không nằm trong đó.\n"
        "The file holds the server's keys: keep it like keys. The days' keys (opener/) are not in it."
    )
    return 0


def run_audit(args: argparse.Namespace) -> int:
    home = home_of(args).require()
    try:
        day = event_day(args.day) if args.day else ""
    except ValueError as error:
        raise Refused(f"--day {args.day}: ngày phải viết như 2021-05-23.\n--day: write the day as 2021-05-23.") from error
    with Database(home.url) as db:
        events, found = audit.run(db, home, day, actlog.head(args.head))
    for each in found:
        emit(args, dataclasses.asdict(each))
    emit(args, {"events": events, "findings": len(found), "ok": not found})
    if found:
        say(
            "Cơ sở dữ liệu khác với những gì máy và người dân đã gửi. Các sự kiện gốc vẫn được giữ; đừng sửa gì, gọi người phụ trách.\n"
            "The database differs from what kiosks and people sent. The sealed events are there: change nothing, call who is in charge."
        )
    return int(bool(found))


def run_restore(args: argparse.Namespace) -> int:
    home = home_of(args)
    emit(args, backup.restore(args.file, home))
    say(
        "Chép lại opener/ từ bản cất riêng để mở tiếp những gì chưa mở.\n"
        "Put opener/ back from its own medium, so that what is not opened can be."
    )
    return 0
