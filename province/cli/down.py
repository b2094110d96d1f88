"""campaign, notice, revoke, feed: what goes down to the kiosks."""

import argparse
from pathlib import Path
from typing import Any

import msgspec

from kiosk.domain.policy import SWITCHES, Area, Campaign, Policy
from province import campaigns, feed, quarantine, settings
from province.cli.output import emit, say
from province.cli.setup import home_of
from province.db import Database
from province.settings import Refused


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    _campaign(commands, common)
    _notice(commands, common)
    revoke = commands.add_parser("revoke", parents=[common], help="a kiosk that was lost or stolen: its records go aside, its passes end")
    revoke.add_argument("kiosk", metavar="KIOSK")
    revoke.add_argument("--reason", required=True)
    revoke.add_argument("--server-only", action="store_true", help="the root key is not at hand: the server alone refuses it for now")
    revoke.set_defaults(run=run_revoke)
    rows = commands.add_parser("feed", parents=[common], help="headers of the feed's rows; no bodies")
    rows.add_argument("--forget-days", type=int, metavar="N", help="drop withdrawals older than N days first")
    rows.set_defaults(run=run_feed)


def _campaign(commands: Any, common: argparse.ArgumentParser) -> None:
    actions = commands.add_parser("campaign", help="days, hours, policy").add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("show", parents=[common], help="every campaign as it was signed").set_defaults(run=run_campaign_show)
    change = actions.add_parser("set", parents=[common], help="sign it anew (needs the root key) and send it down")
    change.add_argument("--id", default="", metavar="ID", help="which campaign, if there are several")
    change.add_argument("--name")
    change.add_argument("--opens", metavar="HH:MM")
    change.add_argument("--closes", metavar="HH:MM")
    change.add_argument("--add-day", action="append", default=[], metavar="YYYY-MM-DD")
    change.add_argument("--policy", metavar="FILE", help="the whole policy as YAML or JSON")
    change.add_argument("--validity-hours", type=int, metavar="N")
    change.add_argument("--area", action="append", metavar="NAME=YYYY-MM-DD", help="the list of epidemic areas, replaced whole")
    for word, said in (("--off", "a feature that kiosks stop offering"), ("--on", "one that they offer again")):
        change.add_argument(word, action="append", default=[], choices=SWITCHES, help=said)
    change.add_argument("--no-areas", action="store_true")
    change.set_defaults(run=run_campaign_set)


def _notice(commands: Any, common: argparse.ArgumentParser) -> None:
    actions = commands.add_parser("notice", help="words for the officers").add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", parents=[common], help="a new notice")
    add.add_argument("text", metavar="TEXT")
    add.add_argument("--urgent", action="store_true")
    add.add_argument("--hours", type=int, metavar="N", help="gone after so long")
    where = add.add_mutually_exclusive_group()
    where.add_argument("--station", default="", metavar="CODE")
    where.add_argument("--commune", default="", metavar="WARDCODE")
    add.set_defaults(run=run_notice_add)
    actions.add_parser("list", parents=[common], help="those that stand").set_defaults(run=run_notice_list)
    withdraw = actions.add_parser("withdraw", parents=[common], help="take one back")
    withdraw.add_argument("notice", metavar="ID")
    withdraw.set_defaults(run=run_notice_withdraw)


def _db(args: argparse.Namespace) -> Database:
    return Database(home_of(args).require().url)


def run_campaign_show(args: argparse.Namespace) -> int:
    for campaign in campaigns.listed(_db(args)):
        emit(args, msgspec.to_builtins(campaign))
    return 0


def run_campaign_set(args: argparse.Namespace) -> int:
    policy = campaigns.read_policy(Path(args.policy)) if args.policy else None
    areas = () if args.no_areas else tuple(_area(text) for text in args.area) if args.area else None

    def edit(campaign: Campaign) -> Campaign:
        made: Policy = policy or campaign.policy
        if args.validity_hours is not None:
            made = msgspec.structs.replace(made, validity_hours=args.validity_hours)
        if areas is not None:
            made = msgspec.structs.replace(made, areas=areas)
        off = tuple(dict.fromkeys(word for word in (*made.switched_off, *args.off) if word not in args.on))
        made = msgspec.structs.replace(made, switched_off=off)
        said = {name: getattr(args, name) for name in ("name", "opens", "closes") if getattr(args, name) is not None}
        return msgspec.structs.replace(campaign, policy=made, **said)

    db, now = _db(args), settings.now()
    made = campaigns.change(db, home_of(args), args.id, edit, now, tuple(args.add_day))
    taken = quarantine.release(db, now).events if args.add_day else 0
    emit(args, {"campaign": made.id, "policy_version": made.policy.version, "days": sorted(made.days), "released": taken})
    say("Các máy nhận bản mới ở lần liên lạc tới.\nKiosks take it at their next contact.")
    return 0


def _area(text: str) -> Area:
    name, _, since = text.partition("=")
    if not name or not since:
        raise Refused(f"--area {text!r}: viết như 'Bắc Ninh=2021-05-05'.\nWrite --area 'NAME=2021-05-05'.")
    return Area(name, since)


def run_notice_add(args: argparse.Namespace) -> int:
    db, now = _db(args), settings.now()
    if args.hours is not None and args.hours < 1:
        raise Refused("--hours: từ 1 trở lên.\n--hours: 1 or more.")
    until = None if args.hours is None else now + args.hours * 3_600_000
    row = campaigns.notify(db, campaigns.scope_of(db, args.station, args.commune), args.text, args.urgent, until, now)
    emit(args, {"notice": row.id})
    return 0


def run_notice_list(args: argparse.Namespace) -> int:
    for scope, row in campaigns.notices(_db(args)):
        emit(args, {"scope": scope, **msgspec.to_builtins(row)})
    return 0


def run_notice_withdraw(args: argparse.Namespace) -> int:
    emit(args, {"withdrawn": args.notice, "scope": campaigns.withdraw(_db(args), args.notice, settings.now())})
    return 0


def run_revoke(args: argparse.Namespace) -> int:
    since = campaigns.revoke(_db(args), home_of(args), args.kiosk, args.reason, settings.now(), args.server_only)
    emit(args, {"kiosk": args.kiosk, "revoked_from": since})
    if args.server_only:
        say("Mới chỉ máy chủ từ chối; chạy lại khi có khoá gốc.\nOnly the server refuses it: run this again with the root key.")
    return 0


def run_feed(args: argparse.Namespace) -> int:
    db = _db(args)
    if args.forget_days is not None:
        if args.forget_days < 1:
            raise Refused("--forget-days: từ 1 trở lên.\n--forget-days: 1 or more.")
        with db.write() as conn:
            say(f"{feed.forget(conn, settings.now() - args.forget_days * 86_400_000)}")
    for row in feed.headers(db):
        emit(args, row) if args.json else print(*row.values())
    return 0
