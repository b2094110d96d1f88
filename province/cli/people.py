"""officer add, list, remove: who may work at a station's kiosks."""

import argparse
import dataclasses
import os
from typing import Any

from province import authority, officers, settings
from province.cli.output import emit
from province.cli.setup import home_of
from province.db import Database
from province.settings import Refused


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    officer = commands.add_parser("officer", help="officers of a station").add_subparsers(dest="action", required=True, metavar="ACTION")
    add = officer.add_parser("add", parents=[common], help="a new officer; the kiosks learn the name and role, never a PIN as typed")
    add.add_argument("--station", required=True, metavar="CODE")
    add.add_argument("--name", required=True)
    add.add_argument("--role", required=True, choices=officers.ROLES)
    add.add_argument("--pin-env", default="", metavar="VAR", help="variable with a first PIN or phrase, told out of band")
    add.set_defaults(run=run_add)
    listed = officer.add_parser("list", parents=[common], help="officers and roles")
    listed.add_argument("--station", default="", metavar="CODE")
    listed.set_defaults(run=run_list)
    gone = officer.add_parser("remove", parents=[common], help="withdraws an officer")
    gone.add_argument("officer")
    gone.set_defaults(run=run_remove)


def run_add(args: argparse.Namespace) -> int:
    home = home_of(args)
    db = Database(home.require().url)
    pin = os.environ.get(args.pin_env, "") if args.pin_env else ""
    if args.pin_env and not pin:
        raise Refused(f"Biến {args.pin_env} trống: đặt mã PIN vào đó.\n{args.pin_env} is empty: put the first PIN there.")
    made = officers.add(db, authority.load(home), args.station, args.name, args.role, pin, settings.now())
    emit(args, {"officer": made})
    return 0


def run_list(args: argparse.Namespace) -> int:
    for one in officers.listed(Database(home_of(args).require().url), args.station):
        emit(args, dataclasses.asdict(one))
    return 0


def run_remove(args: argparse.Namespace) -> int:
    officers.remove(Database(home_of(args).require().url), args.officer, settings.now())
    emit(args, {"officer": args.officer})
    return 0
