"""`kiosk paper G017 --at 09:12 --file FILE`: a paper form of the fall-back folder keyed in later, with its number and time; once only."""

import argparse
import re

from kiosk import words
from kiosk.cli import opened, output
from kiosk.cli.declare import read_json
from kiosk.cli.scan import event_json, show
from kiosk.domain import declaration, papernumber
from kiosk.domain.policy import moment
from kiosk.domain.verdict import Act
from kiosk.errors import Code, KioskError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", help="the form's number, G017")
    parser.add_argument("--at", required=True, metavar="HH:MM", help="the time written on it")
    parser.add_argument("--file", required=True, help="the declaration as for kiosk declare: a JSON file, or -")


def run(args: argparse.Namespace) -> int:
    number = papernumber.read(args.number)
    if number is None or not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", args.at):
        raise KioskError(Code.BAD_INPUT, value=f"{args.number[:12]} {args.at[:8]}", allowed="G001-G9999 HH:MM")
    with opened.enrolled(args.home) as parts:
        day = parts.station.day() or parts.station.likely_day()
        at = moment(day, args.at.zfill(5)) if day else None
        if at is None:
            raise KioskError(Code.NO_DAY)
        try:
            said = declaration.from_json(read_json(args.file), today=day or "")
        except declaration.FormIncomplete as refused:
            errors = {key: words.field_problem(reason) for key, reason in refused.errors.items()}
            if args.json:
                output.emit({"errors": errors})
            raise KioskError(Code.FORM_INCOMPLETE, fields=", ".join(sorted(errors))) from refused
        verdict = parts.station.paper(number, at, said)
        parts.mirror.step()
    if args.json:
        output.emit({"event": event_json(verdict.event), "verdict": verdict.act.value, "at": verdict.at, "number": verdict.number})
    else:
        if verdict.act is not Act.NOT_SAVED:
            print(words.keyed_in(number, at))
        show(verdict, as_json=False)
    return int(verdict.act is Act.NOT_SAVED)
