"""`kiosk officers`: who may sign in here; PINs are set with a lead signed in (KIOSK_OFFICER, KIOSK_PIN), the first by the lead alone.

A PIN never stands on the command line, where other programs could read it: it comes by the environment.
"""

import argparse
import os

from kiosk import compose, words
from kiosk.cli import opened, output
from kiosk.domain import pin as pins
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.security.officers import Standing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=("list", "pin", "remove", "unblock", "phrase"), default="list")
    parser.add_argument("officer", nargs="?", default="", help="id, or the name")
    parser.add_argument("--pin-env", default="KIOSK_NEW_PIN", metavar="VAR", help="the variable that holds the new PIN or phrase")


def run(args: argparse.Namespace) -> int:
    """list: who, role, whether a PIN is set. pin: sets one. remove: takes it away. unblock: lifts a wait. phrase: makes four words."""
    if args.action == "phrase":
        return _phrase(args.json)
    if args.action == "list":
        for one in compose.standing(args.home, compose.look(args.home)):
            _show(one, args.json)
        return 0
    if not args.officer:
        output.say(f"kiosk officers {args.action} OFFICER")
        return 2
    pin = os.environ.get(args.pin_env, "")
    if args.action == "pin" and not pin:
        output.say(_("Đặt mã mới vào biến {name} rồi chạy lại.").format(name=args.pin_env))
        return 2
    with opened.enrolled(args.home, first_pin=args.action == "pin") as parts:
        try:
            if args.action == "pin":
                parts.officers.set_pin(args.officer, pin)
            elif args.action == "remove":
                parts.officers.drop(args.officer)
            else:
                parts.officers.clear_wait(args.officer)
        finally:  # a refusal too
            parts.station.tell()
        parts.mirror.step()
        changed = parts.officers.find(args.officer).id
        _show(next(one for one in parts.officers.list() if one.id == changed), args.json)
    return 0


def _phrase(as_json: bool) -> int:
    phrase = pins.new_phrase()
    if not pins.is_phrase(phrase):
        raise KioskError(Code.INTERNAL, what="phrase")
    if as_json:
        output.emit({"phrase": phrase, "bits": round(pins.WORDS * (len(pins.words()).bit_length() - 1))})
    else:
        print(phrase)
    return 0


def _show(one: Standing, as_json: bool) -> None:
    if as_json:
        output.emit(one)
    else:
        print(f"{one.id:12} {words.label(words.ROLES, one.role):24} {one.pin:6} {one.name}" + (f"  {one.wait_s} s" if one.wait_s else ""))
