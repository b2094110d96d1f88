"""accounts, sms: who may sign in on the web, how codes are sent. Passwords come from the environment."""

import argparse
import dataclasses
import os
from typing import Any

import msgspec

from kiosk.domain.text import BadText
from province import accounts, actlog, authority, officials, settings, sms
from province.cli.output import emit, say
from province.cli.setup import home_of
from province.db import Database
from province.settings import Refused


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    _accounts(
        commands.add_parser("accounts", help="who may sign in").add_subparsers(dest="action", required=True, metavar="ACTION"), common
    )
    _sms(commands.add_parser("sms", help="one-time codes by SMS").add_subparsers(dest="action", required=True, metavar="ACTION"), common)


# -- accounts -----------------------------------------------------------------------------------------------------------


def _accounts(actions: Any, common: argparse.ArgumentParser) -> None:
    actions.add_parser("list", parents=[common], help="everybody, without secrets").set_defaults(run=run_accounts_list)
    add = actions.add_parser("add", parents=[common], help="a new account")
    add.add_argument("username")
    add.add_argument("--role", required=True, choices=accounts.ROLES)
    add.add_argument("--scope", default="", help="district:474, commune:19750, station:CODE, or nothing for the province")
    add.add_argument("--name", default="")
    add.add_argument("--unit", default="")
    add.add_argument("--phone", default="")
    add.add_argument("--password-env", required=True, metavar="VAR", help="the environment variable with the password")
    add.set_defaults(run=run_accounts_add)
    for action, text in (("approve", "lets a registered unit in"), ("close", "ends an account and its sessions")):
        one = actions.add_parser(action, parents=[common], help=text)
        one.add_argument("username")
        one.set_defaults(run=run_accounts_state)
    grant = actions.add_parser("grant", parents=[common], help="what an official may do, granted by an administrator")
    grant.add_argument("username")
    grant.add_argument("rights", nargs="*", metavar="RIGHT", help=f"{', '.join(officials.RIGHTS)}; none takes all away")
    grant.add_argument("--by", required=True, metavar="ADMINISTRATOR")
    grant.add_argument("--reason", required=True)
    grant.add_argument("--until", metavar="YYYY-MM-DD", help='the account\'s last day; "" for no end')
    grant.set_defaults(run=run_accounts_grant)
    reset = actions.add_parser("reset-factor", parents=[common], help="a lost second factor; the next sign-in sets a new one")
    reset.add_argument("username")
    reset.add_argument("--by", required=True, metavar="ADMINISTRATOR")
    reset.add_argument("--reason", required=True)
    reset.set_defaults(run=run_accounts_reset)
    log = actions.add_parser("log", parents=[common], help="who did what, and whether the chain is whole (exit 1 if not)")
    log.add_argument("--account", default="")
    log.add_argument("--head", default="", metavar="NUMBER:HEX", help="a head that was written down, to compare with")
    log.set_defaults(run=run_accounts_log)
    scope = actions.add_parser("scope", parents=[common], help="what a unit may see")
    scope.add_argument("username")
    scope.add_argument("scope")
    scope.set_defaults(run=run_accounts_scope)
    password = actions.add_parser("password", parents=[common], help="sets a new password")
    password.add_argument("username")
    password.add_argument("--password-env", required=True, metavar="VAR")
    password.set_defaults(run=run_accounts_password)


def _database(args: argparse.Namespace) -> Database:
    db = Database(home_of(args).require().url)
    db.create()
    return db


def _password(args: argparse.Namespace) -> str:
    found = os.environ.get(args.password_env, "")
    if not found:
        raise Refused(f"Biến môi trường {args.password_env} đang trống.\nThe environment variable {args.password_env} is empty.")
    return found


def run_accounts_list(args: argparse.Namespace) -> int:
    for account in accounts.everybody(_database(args)):
        emit(args, dataclasses.asdict(account) | {"rights": list(account.rights)})
    return 0


def run_accounts_add(args: argparse.Namespace) -> int:
    own = {"name": args.name, "unit": args.unit, "phone": args.phone, "scope": args.scope}
    accounts.add(_database(args), args.username, _password(args), args.role, settings.now(), **own)
    emit(args, {"username": args.username, "role": args.role, "scope": args.scope})
    return 0


def run_accounts_state(args: argparse.Namespace) -> int:
    state = "active" if args.action == "approve" else "closed"
    accounts.change(_database(args), args.username, state=state)
    emit(args, {"username": args.username, "state": state})
    return 0


def run_accounts_grant(args: argparse.Namespace) -> int:
    db = _database(args)
    officials.grant(db, args.by, args.username, args.rights, settings.now(), args.reason, args.until)
    account = accounts.get(db, args.username)
    ends = officials.last_day(account.expires_at) if account is not None else ""
    emit(args, {"username": args.username, "rights": sorted(args.rights), "until": ends})
    return 0


def run_accounts_reset(args: argparse.Namespace) -> int:
    officials.reset_factor(_database(args), args.by, args.username, settings.now(), args.reason)
    emit(args, {"username": args.username, "second_factor": False})
    return 0


def run_accounts_log(args: argparse.Namespace) -> int:
    db = _database(args)
    known = actlog.head(args.head)
    for line in reversed(actlog.lines(db, args.account)):
        emit(args, dataclasses.asdict(line))
    faults = actlog.verify(db, known)
    for fault in faults:
        say(f"Nhật ký bị sửa / the log was tampered with: {fault}")
    return int(bool(faults))


def run_accounts_scope(args: argparse.Namespace) -> int:
    accounts.change(_database(args), args.username, scope=args.scope)
    emit(args, {"username": args.username, "scope": args.scope})
    return 0


def run_accounts_password(args: argparse.Namespace) -> int:
    accounts.change(_database(args), args.username, password=_password(args))
    emit(args, {"username": args.username})
    return 0


# -- SMS ----------------------------------------------------------------------------------------------------------------


def _sms(actions: Any, common: argparse.ArgumentParser) -> None:
    actions.add_parser("show", parents=[common], help="how messages are sent").set_defaults(run=run_sms_show)
    change = actions.add_parser("set", parents=[common], help="changes what is named")
    change.add_argument("--url", help='the gateway\'s https address; "" keeps messages in the outbox')
    change.add_argument("--header", action="append", default=[], metavar="NAME=ENVVAR", help="a header whose value is in that variable")
    change.add_argument("--body", help="JSON with {phone} and {text}")
    change.add_argument("--digits", type=int, help="of a code: 4 as in the letter, 6 is safer")
    change.add_argument("--sender")
    change.set_defaults(run=run_sms_set)
    actions.add_parser("outbox", parents=[common], help="messages kept here, newest first").set_defaults(run=run_sms_outbox)
    test = actions.add_parser("test", parents=[common], help="sends a test message")
    test.add_argument("phone")
    test.set_defaults(run=run_sms_test)


def run_sms_show(args: argparse.Namespace) -> int:
    found = sms.load(_database(args))
    emit(args, msgspec.structs.asdict(found) | {"headers": sorted(found.headers)})
    return 0


def run_sms_set(args: argparse.Namespace) -> int:
    db = _database(args)
    given = {name: getattr(args, name) for name in ("url", "body", "digits", "sender") if getattr(args, name) is not None}
    headers = {}
    for each in args.header:
        name, _, variable = each.partition("=")
        if not os.environ.get(variable):
            raise Refused(f"Biến môi trường {variable!r} đang trống.\nThe environment variable {variable!r} is empty.")
        headers[name] = os.environ[variable]
    if headers:
        given["headers"] = headers
    sms.store(db, msgspec.structs.replace(sms.load(db), **given))
    return run_sms_show(args)


def run_sms_outbox(args: argparse.Namespace) -> int:
    home = home_of(args).require()
    for kept in sms.outbox(_database(args), authority.load(home), settings.now()):
        emit(args, msgspec.structs.asdict(kept))
    return 0


def run_sms_test(args: argparse.Namespace) -> int:
    try:
        phone = sms.mobile(args.phone)
    except BadText as error:
        raise Refused("Số điện thoại chưa đúng.\nNot a mobile number of Viet Nam.") from error
    text = f"{sms.load(_database(args)).sender}: Tin nhắn thử."
    if not sms.deliver(_database(args), authority.load(home_of(args).require()), phone, text, settings.now()):
        raise Refused("Cổng SMS không nhận tin.\nThe gateway did not take the message.")
    say("Đã gửi, hoặc đã vào hộp thư. / Sent, or in the outbox.")
    return 0
