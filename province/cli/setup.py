"""init, station add, enrol-code: what an administrator does before election day."""

import argparse
import os
import secrets
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import segno
from argon2 import PasswordHasher

from kiosk.domain import protocol
from kiosk.domain.feed import ALL, FeedKind
from kiosk.domain.policy import Campaign
from province import authority, enrol, enrolfile, feed, settings, stations, tables
from province.cli.output import emit, say
from province.db import Database
from province.settings import Home, Refused


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    init = commands.add_parser("init", parents=[common], help="CA, keys, a campaign, the first administrator")
    init.add_argument("--day", action="append", default=[], metavar="YYYY-MM-DD", help="a campaign day (default: today and tomorrow)")
    init.add_argument("--host", action="append", default=[], metavar="NAME", help="a name or address of the server besides localhost")
    init.add_argument("--admin", default="admin", metavar="NAME", help="the first administrator's user name")
    init.set_defaults(run=run_init)
    station = commands.add_parser("station", help="stations").add_subparsers(dest="action", required=True, metavar="ACTION")
    add = station.add_parser("add", parents=[common], help="a new station")
    add.add_argument("--code", required=True, help="like 46-474-19750-01")
    add.add_argument("--name", required=True)
    add.add_argument("--commune", required=True, metavar="WARDCODE")
    add.add_argument("--hamlet", action="append", default=[], metavar="NAME[=07:00-08:30]", help="with its announced hour, if it has one")
    add.set_defaults(run=run_station_add)
    code = commands.add_parser("enrol-code", parents=[common], help="a one-time code for one kiosk, or an enrolment file")
    code.add_argument("--station", required=True, action="append", metavar="CODE", help="with --file several times: a spare, which chooses")
    code.add_argument("--qr", type=Path, metavar="FILE", help="the code as a QR picture too (.svg or .png); - draws it on the terminal")
    code.add_argument("--server", default="", metavar="URL", help="the address that the kiosk will call; goes into the QR or the file")
    code.add_argument("--file", type=Path, metavar="FILE", help="for a place without network: valid until the last campaign day ends")
    code.add_argument("--minutes", type=_minutes, default=enrol.MINUTES, metavar="N", help="valid for so long (default 10)")
    code.set_defaults(run=run_enrol_code)


def _minutes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5 and int(text) <= 1440):
        raise argparse.ArgumentTypeError("0-1440")
    return int(text)


def home_of(args: argparse.Namespace) -> Home:
    return Home(args.home.resolve(), args.database_url)


def run_init(args: argparse.Namespace) -> int:
    os.umask(0o077)
    home = home_of(args)
    try:
        days = sorted({settings.event_day(day) for day in args.day}) or [(settings.today() + timedelta(days=i)).isoformat() for i in (0, 1)]
    except ValueError as error:
        raise Refused(f"--day {error}: ngày phải viết như 2021-05-23.\n--day {error}: write days as 2021-05-23.") from error
    authority.create(home, args.host)
    try:
        password = secrets.token_urlsafe(12)
        _fill(home, days, args.admin, password)
    except BaseException:
        authority.destroy(home)
        raise
    emit(args, {"ca": str(home.ca), "home": str(home.path), "days": days, "administrator": args.admin})
    say(f"Quản trị viên / administrator: {args.admin}\nMật khẩu, chỉ in một lần / password, printed only once: {password}")
    say(f"Cất khoá gốc ra ngoài máy / move the root key offline: {home.root_key}")
    return 0


def _fill(home: Home, days: list[str], admin: str, password: str) -> None:
    db, now = Database(home.url), settings.now()
    db.create()
    campaign = Campaign(f"bau-cu-{days[0]}", "Ngày bầu cử", {day: authority.create_day(home, day) for day in days})
    signed = authority.sign_campaign(authority.root_seed(home), campaign)
    account = {"username": admin, "password": PasswordHasher().hash(password), "role": "administrator", "created_at": now}
    with db.write() as conn:
        row = {"id": campaign.id, "body": signed.campaign, "signature": signed.signature, "created_at": now}
        conn.execute(tables.table(tables.Campaign).insert(), row)
        conn.execute(tables.table(tables.CampaignDay).insert(), [{"event_day": day, "campaign_id": campaign.id} for day in days])
        feed.publish(conn, ALL, FeedKind.CAMPAIGN, campaign.id, signed, now)
        conn.execute(tables.table(tables.Account).insert(), account)
        for day in days:
            db.add_day(conn, day)
    db.close()


def run_station_add(args: argparse.Namespace) -> int:
    home = home_of(args)
    db = Database(home.require().url)
    stations.add(db, authority.load(home), args.code, args.name, args.commune, args.hamlet, settings.now())
    emit(args, {"station": args.code})
    return 0


def run_enrol_code(args: argparse.Namespace) -> int:
    home = home_of(args)
    db, held, now = Database(home.require().url), authority.load(home), settings.now()
    if args.file is not None:
        data, expires = enrolfile.make(db, held, args.station, args.server, now)
        try:
            authority.put(args.file, data)
        except FileExistsError as error:
            raise Refused(f"{args.file} đã có, không ghi đè.\n{args.file} exists and was left alone.") from error
        emit(args, {"file": str(args.file), "expires_at": expires, "stations": args.station})
        return 0
    if len(args.station) > 1:
        raise Refused("Một mã cho một điểm; máy dự phòng chọn điểm thì dùng --file.\nOne code, one station; for a spare use --file.")
    code, expires = enrol.new_code(db, held, args.station[0], now, args.minutes)
    if args.qr is not None:
        _draw(args.qr, protocol.enrol_qr(code, args.server))
    emit(args, {"code": code, "expires_at": expires})
    return 0


def _draw(file: Path, text: str) -> None:
    """The QR: by the name's ending, or on standard error for "-"."""
    made = segno.make(text, micro=False, error="m")
    if str(file) == "-":
        made.terminal(out=sys.stderr, compact=True)
        return
    if file.suffix.lower() not in (".svg", ".png"):
        raise Refused(f"{file}: tệp QR phải là .svg hoặc .png.\n{file}: a QR picture is .svg or .png.")
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        made.save(out, kind=file.suffix[1:].lower(), scale=8, border=4)
