"""`kiosk lookup`: people and declarations known here, by number, phone or name; `--details` opens one, with its reason in the journal.

A whole number that nobody here has declared is asked of the province, three seconds at most. Everything else is read here alone.
"""

import argparse
from typing import Any

from kiosk import compose, words
from kiosk.cli import opened, output
from kiosk.errors import KioskError
from kiosk.i18n import gettext
from kiosk.lookup import REASONS, Answer, Details, Hit
from kiosk.words import lookups


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="?", help="a name (with a birth year), the last four digits of a number, or a whole number")
    parser.add_argument("--details", metavar="EVENT", help="one declaration with all its answers (recorded)")
    parser.add_argument("--reason", choices=REASONS, default=REASONS[0], help="why; recorded for names and details")
    parser.add_argument("--local", action="store_true", help="never ask the province")


def run(args: argparse.Namespace) -> int:
    if bool(args.text) == bool(args.details):
        output.say("kiosk lookup TEXT | --details EVENT")
        return 2
    with opened.enrolled(args.home) as parts:
        try:
            if args.details:
                return _details(parts.lookups.details(args.details, args.reason), args.json)
            answer = parts.lookups.find(args.text, args.reason)
            for hit in answer.hits:
                _show(hit, args.json)
            return 0 if answer.hits else _nobody(parts, answer, args)
        finally:
            parts.mirror.step()


def _show(hit: Hit, as_json: bool) -> None:
    if as_json:
        said: dict[str, Any] = {"name": hit.name, "id_masked": hit.id_masked, "declared_at": hit.declared_at, "verdict": hit.verdict.value}
        output.emit(said | {"score": hit.score, "birth_year": hit.birth_year, "gender": hit.gender, "event": hit.event, "source": "here"})
        return
    when = f"{words.hour_minute(hit.declared_at)} {words.day_month(hit.declared_at)}"
    title = words.act_label(hit.verdict.value)
    print(" · ".join(part for part in (hit.name, hit.birth_year, hit.id_masked, when, title, hit.event) if part))


def _nobody(parts: compose.Parts, answer: Answer, args: argparse.Namespace) -> int:
    """Nobody here: what the province says, or said before. Exit 1 when nobody knows anything."""
    told = answer.told
    if answer.by_number and not args.local:
        try:
            told = parts.lookups.ask_province(answer.subjects)
        except KioskError as error:
            output.complain(error)
    if told is None:
        output.say(gettext(lookups.NOBODY_FOUND))
        return 1
    age = told.age_s(parts.clock.now().wall)
    if args.json:
        said = {"name": "", "id_masked": "", "declared_at": told.declared_at, "verdict": told.step, "score": 1.0 if told.known else 0.0}
        output.emit(said | {"source": "province", "known": told.known, "age_s": age})
    else:
        print(lookups.told(told.known, told.declared_at, told.step, age))
    return 0 if told.known else 1


def _details(said: Details, as_json: bool) -> int:
    if as_json:
        earlier = [{"event": one.event, "declared_at": one.at, "mode": one.mode} for one in said.earlier]
        head = {"event": said.event, "declared_at": said.declared_at, "mode": said.mode, "desk": said.desk, "earlier": earlier}
        output.emit(head | {"fields": dict(said.fields)})
        return 0
    for line in lookups.declaration_lines(said.fields):
        print(line)
    return 0
