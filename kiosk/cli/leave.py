"""`kiosk leave`: an exit, by the code that was shown, by the arrival's event, by ticket number, or nameless."""

import argparse
import base64
import binascii
import os

from kiosk import desk
from kiosk.cli import opened, output
from kiosk.cli.scan import show
from kiosk.domain.verdict import Act
from kiosk.errors import Code, KioskError
from kiosk.ports import Sighting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    about = "the code shown at the exit, or the arrival: kiosk:epoch:seq, K1-000123"
    parser.add_argument("what", nargs="?", metavar="PAYLOAD|EVENT", help=about)
    parser.add_argument("--base64", action="store_true", help="the payload is base64")
    parser.add_argument("--ticket", type=int, default=0, metavar="N", help="the ticket brought back")
    parser.add_argument("--nameless", action="store_true", help="somebody whose code cannot be told")


def run(args: argparse.Namespace) -> int:
    if args.what is not None and not args.what.strip():
        args.what = None
    if sum((args.what is not None, args.ticket != 0, args.nameless)) != 1:
        output.say("kiosk leave PAYLOAD|EVENT, --ticket N, --nameless: chọn một / choose one")
        return 2
    raw = _payload(args.what, args.base64) if args.what is not None else b""
    with opened.enrolled(args.home) as parts:
        if args.what is None:
            verdict = parts.station.leave_by(ticket=args.ticket)
        elif not args.base64 and desk.names_event(args.what):
            verdict = parts.station.leave_by(event=args.what)
        else:
            verdict = parts.station.leave(Sighting(os.urandom(8), raw, "typed"))
        parts.mirror.step()
    if verdict.reason == desk.MISTAKEN["event"]:
        raise KioskError(Code.EVENT_UNKNOWN, event=args.what[:60])
    if verdict.reason == desk.MISTAKEN["ticket"]:
        raise KioskError(Code.BAD_INPUT, value=args.what[:40], allowed="--ticket N")
    show(verdict, args.json)
    return int(verdict.act is Act.NOT_SAVED)


def _payload(text: str, encoded: bool) -> bytes:
    """Raises KioskError(BAD_INPUT)."""
    try:
        return base64.b64decode(text, validate=True) if encoded else text.encode(errors="surrogateescape")
    except (binascii.Error, ValueError) as error:
        raise KioskError(Code.BAD_INPUT, value="base64", allowed="base64 (RFC 4648)") from error
