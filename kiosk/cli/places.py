"""`kiosk places`: the station's QR places (letter 63/CV-BCĐ, annex 1). `kiosk print poster ID` prints the board of one."""

import argparse
from typing import Any

import msgspec

from kiosk import compose, words
from kiosk.cli import opened, output
from kiosk.domain.places import KINDS, BadPlace
from kiosk.errors import Code, KioskError
from kiosk.store.places import Known
from kiosk.words.labels import PLACE_KINDS

ACTIONS = ("list", "add", "edit", "withdraw", "use")
FIELDS = ("name", "kind", "street", "keeper", "phone", "spot")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=ACTIONS, default="list", help="use ID: this lane stands there; use - : at none")
    parser.add_argument("place", nargs="?", default="", help="the place's id, 1975001RA9P")
    parser.add_argument("--name", help="as the board says it")
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--street")
    parser.add_argument("--keeper", help="who looks after it")
    parser.add_argument("--phone", help="the keeper's")
    parser.add_argument("--spot", help="where the board hangs")


def run(args: argparse.Namespace) -> int:
    if args.action in ("edit", "withdraw", "use") and not args.place:
        output.say(f"kiosk places {args.action} ID")
        return 2
    given = {key: value for key in FIELDS if (value := getattr(args, key)) is not None}
    with opened.enrolled(args.home) as parts:
        try:
            _act(parts, args, given)
        except BadPlace as bad:
            errors = {key: words.field_problem(reason) for key, reason in bad.errors.items()}
            if args.json:
                output.emit({"errors": errors})
            raise KioskError(Code.BAD_INPUT, **errors) from bad
        parts.mirror.step()
        shown = parts.places.all() if args.action in ("list", "add") else [parts.places.get(args.place)] if args.place != "-" else []
        for known in shown:
            _show(known, parts.station.place, args.json)
    return 0


def _act(parts: compose.Parts, args: argparse.Namespace, given: dict[str, Any]) -> None:
    if args.action == "add":
        parts.places.add(given)
    elif args.action == "edit":
        parts.places.edit(args.place, given)
    elif args.action == "withdraw":
        parts.places.withdraw(args.place)
    elif args.action == "use":
        parts.places.use("" if args.place == "-" else args.place)


def _show(known: Known, here: str, as_json: bool) -> None:
    if as_json:
        output.emit(msgspec.to_builtins(known.row) | {"sent": known.sent, "here": known.row.id == here})
        return
    marks = [words.label(PLACE_KINDS, known.row.kind)]
    marks += ["đã thu hồi / withdrawn"] * known.row.withdrawn + ["lối này / this lane"] * (known.row.id == here)
    marks += ["chưa có mã của tỉnh / no code from the province yet"] * (not known.row.mac and not known.row.withdrawn)
    marks += [f"khác với {rival.by}: {rival.name} / differs" for rival in known.row.rivals]
    print(known.row.id, known.row.name, *marks, sep="  ")
