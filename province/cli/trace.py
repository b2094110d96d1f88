"""trace ask, decide, list, read: contact tracing for scripts, with the same two approvals and second factors as the pages."""

import argparse
import os
from pathlib import Path
from typing import Any

import msgspec

from province import authority, cases, settings
from province.cli.output import emit, say
from province.cli.setup import home_of
from province.db import Database
from province.settings import Refused

KINDS = ("csv", "xlsx", "pdf", "svg")


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    trace = commands.add_parser("trace", help="contact tracing, released by two")
    actions = trace.add_subparsers(dest="action", required=True, metavar="ACTION")
    ask = actions.add_parser("ask", parents=[common], help="asks for a trace")
    ask.add_argument("subject", nargs="?", default="", help="an ID number, a phone or a HU1 code")
    ask.add_argument("--kind", choices=("number", "phone", "pass"), default="number")
    ask.add_argument("--ring", default="", metavar="CASE", help="instead of a subject: the next ring, around contacts of a case")
    ask.add_argument("--rank", type=int, action="append", default=[], help="with --ring: the contact's rank in its list; may be repeated")
    ask.add_argument("--since", default="", metavar="YYYY-MM-DD", help="needed unless --ring, whose days are the case's")
    ask.add_argument("--until", default="", metavar="YYYY-MM-DD")
    ask.add_argument("--margin", type=int, default=15, help="minutes")
    ask.add_argument("--stay", type=int, help="minutes where no exit was recorded (default: the policy's)")
    decide = actions.add_parser("decide", parents=[common], help="releases or refuses a request of somebody else")
    decide.add_argument("case")
    decide.add_argument("--refuse", action="store_true")
    read = actions.add_parser("read", parents=[common], help="the result, for the two who asked and released")
    read.add_argument("case")
    read.add_argument("--out", type=Path, help="a file: .csv, .xlsx, .pdf or .svg")
    for each, run in ((ask, run_ask), (decide, run_decide)):
        each.add_argument("--reason", default="", required=each is ask)
        each.add_argument("--code-env", default="PROVINCE_CODE", metavar="VAR", help="the variable with the second factor's code")
        each.set_defaults(run=run)
    for each in (ask, decide, read):
        each.add_argument("--by", required=True, metavar="ACCOUNT")
    read.set_defaults(run=run_read)
    actions.add_parser("list", parents=[common], help="requests, newest first").set_defaults(run=run_list)


def _world(args: argparse.Namespace) -> tuple[Database, authority.Authority]:
    home = home_of(args).require()
    db = Database(home.url)
    db.create()
    return db, authority.load(home)


def run_ask(args: argparse.Namespace) -> int:
    db, held = _world(args)
    code, now = os.environ.get(args.code_env, ""), settings.now()
    if args.ring:
        name = cases.next_ring(db, held, args.by, args.ring, args.rank, args.reason, code, now)
    else:
        subject = cases.subject(db, held, args.kind, args.subject)
        stay = cases.stay_of(db, now) if args.stay is None else args.stay
        asked = cases.Asked(subject, cases.days(args.since, args.until), args.margin, stay)
        name = cases.ask(db, held, args.by, asked, args.reason, code, now)
    emit(args, {"case": name, "state": "asked"})
    return 0


def run_decide(args: argparse.Namespace) -> int:
    db, held = _world(args)
    cases.decide(db, held, args.by, args.case, not args.refuse, os.environ.get(args.code_env, ""), settings.now(), args.reason)
    emit(args, {"case": args.case, "state": "refused" if args.refuse else "approved"})
    return 0


def run_list(args: argparse.Namespace) -> int:
    db, held = _world(args)
    for case in cases.listed(db, held):
        own = {"case": case.id, "at": case.at, "asked_by": case.asked_by, "decided_by": case.decided_by, "state": case.state}
        emit(args, own | {"days": list(case.asked.days), "reason": case.reason, "ring": case.asked.ring, "of": case.asked.of})
    return 0


def run_read(args: argparse.Namespace) -> int:
    db, held = _world(args)
    result = cases.read(db, held, args.by, args.case, settings.now())
    found = cases.get(db, held, args.case)
    if result is None or found is None:
        say("Chưa có kết quả. / There is no result yet.")
        return 1
    if args.out is not None:
        kind = args.out.suffix.removeprefix(".")
        if kind not in KINDS:
            raise Refused("--out phải là .csv, .xlsx, .pdf hoặc .svg.\n--out ends in .csv, .xlsx, .pdf or .svg.")
        from province import sheets  # reportlab and openpyxl cost a second that no other command should pay

        try:
            authority.replace(args.out, sheets.content_of(result, found, kind))
        except OSError as error:
            raise Refused(f"Không ghi được {args.out}: {error.strerror}.\nCannot write {args.out}: choose another place.") from error
        emit(args, {"case": args.case, "contacts": len(result.contacts), "file": str(args.out)})
        return 0
    for person in result.contacts:
        emit(args, msgspec.to_builtins(person))
    return 0
