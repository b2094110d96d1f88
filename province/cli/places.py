"""places: the QR places of stations (letter 63/CV-BCĐ, annex 1), for scripts: what a unit does on its pages."""

import argparse
import json
from pathlib import Path
from typing import Any

import msgspec

from kiosk.domain import poster
from kiosk.domain.feed import PlaceRow
from province import authority, places, settings
from province.cli.output import emit
from province.cli.setup import home_of
from province.db import Database
from province.settings import Refused

TEXTS = ("name", "street", "hamlet", "keeper", "phone", "spot")


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    actions = commands.add_parser("places", help="QR places").add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = actions.add_parser("list", parents=[common], help="QR places")
    listed.add_argument("--station", default="", metavar="CODE")
    listed.add_argument("--search", default="")
    listed.set_defaults(run=run_list)
    add = actions.add_parser("add", parents=[common], help="a new place of a station")
    add.add_argument("--station", required=True, metavar="CODE")
    change = actions.add_parser("change", parents=[common], help="changes what is named; its code stays")
    change.add_argument("place")
    for one, needed in ((add, True), (change, False)):
        one.add_argument("--kind", required=needed, choices=places.KINDS)
        for text in TEXTS:
            one.add_argument(f"--{text}", required=needed and text == "name")
        one.set_defaults(run=run_add if needed else run_change)
    board = actions.add_parser("board", parents=[common], help="its code as a picture, or the board to print")
    board.add_argument("place")
    board.add_argument("--out", type=Path, required=True, metavar="FILE", help=".png, .svg or .pdf")
    board.add_argument("--size", default="a4", help="of a .pdf: a4, a3 or column")
    board.set_defaults(run=run_board)
    for action, text in (("delete", "withdraws a place; its code is recognised and said to be withdrawn"), ("history", "every change")):
        one = actions.add_parser(action, parents=[common], help=text)
        one.add_argument("place")
        one.set_defaults(run=run_delete if action == "delete" else run_history)
    address = actions.add_parser("address", parents=[common], help="the address that posters lead to, shown or set")
    address.add_argument("address", nargs="?", default="")
    address.set_defaults(run=run_address)


def _database(args: argparse.Namespace) -> Database:
    db = Database(home_of(args).require().url)
    db.create()
    return db


def _shown(db: Database, row: PlaceRow, conflict: bool = False) -> dict[str, Any]:
    own = {key: value for key, value in msgspec.structs.asdict(row).items() if key not in ("mac", "address")}
    return own | {
        "address": json.dumps(row.address, ensure_ascii=False),
        "conflict": conflict,
        "url": poster.url(places.base(db), row.id, row.mac),
    }


def _found(db: Database, place: str) -> places.Shown:
    found = places.get(db, place)
    if found is None:
        raise Refused(f"Không có địa điểm {place[:20]!r}.\nNo such place.")
    return found


def _told(args: argparse.Namespace, row: PlaceRow) -> PlaceRow:
    """The row with the texts that were given. Raises Refused."""
    given = {name: getattr(args, name) for name in (*TEXTS, "kind") if getattr(args, name) is not None}
    hamlet = given.pop("hamlet", None)
    address = row.address if hamlet is None else {**row.address, "hamlet": hamlet}
    return places.checked(msgspec.structs.replace(row, **given, address=address))


def run_list(args: argparse.Namespace) -> int:
    db = _database(args)
    for each in places.listed(db, lambda station: args.station in ("", station), args.search):
        emit(args, _shown(db, each.row, each.conflict))
    return 0


def run_add(args: argparse.Namespace) -> int:
    home, db, now = home_of(args).require(), _database(args), settings.now()
    if args.station not in dict(places.stations_seen(db, lambda _station: True)):
        raise Refused(f"Chưa có điểm {args.station}.\nNo such station: add it first.")
    with db.write() as conn:
        bare = PlaceRow(places.new_id(conn, args.station), args.station, "", "", address=places.levels(args.station), at=now)
        row = _told(args, bare)
        places.change(conn, places.key(authority.load(home)), row, 0, "account:command", now)
    emit(args, _shown(db, _found(db, row.id).row))
    return 0


def run_change(args: argparse.Namespace) -> int:
    home, db, now = home_of(args).require(), _database(args), settings.now()
    found = _found(db, args.place)
    row = _told(args, msgspec.structs.replace(found.row, at=max(now, found.row.at + 1)))
    with db.write() as conn:
        places.change(conn, places.key(authority.load(home)), row, found.row.at, "account:command", now)
    emit(args, _shown(db, _found(db, args.place).row))
    return 0


def run_board(args: argparse.Namespace) -> int:
    from province import boards  # reportlab costs half a second that no other command should pay

    db = _database(args)
    kind = args.out.suffix.removeprefix(".")
    if kind not in boards.KINDS or args.size not in boards.SIZES:
        sizes = ", ".join(boards.SIZES)
        raise Refused(f"--out phải là .png, .svg hoặc .pdf; --size: {sizes}.\n--out ends in .png, .svg or .pdf; --size is {sizes}.")
    args.out.write_bytes(boards.content(db, _found(db, args.place).row, kind, settings.now(), args.size))
    emit(args, {"place": args.place, "file": str(args.out)})
    return 0


def run_delete(args: argparse.Namespace) -> int:
    home, db, now = home_of(args).require(), _database(args), settings.now()
    found = _found(db, args.place)
    gone = msgspec.structs.replace(found.row, withdrawn=True, at=max(now, found.row.at + 1))
    with db.write() as conn:
        places.change(conn, places.key(authority.load(home)), gone, found.row.at, "account:command", now)
    emit(args, {"place": args.place, "withdrawn": True})
    return 0


def run_history(args: argparse.Namespace) -> int:
    db = _database(args)
    for at, by, row in places.history(db, args.place):
        emit(args, {"at": at, "by": by, **_shown(db, row)})
    return 0


def run_address(args: argparse.Namespace) -> int:
    db = _database(args)
    if args.address:
        places.set_base(db, args.address)
    emit(args, {"address": places.base(db)})
    return 0
