"""`kiosk enrol --server URL --code CODE`: makes this data directory a kiosk of one station."""

import argparse
import os
from pathlib import Path

from kiosk import compose
from kiosk.cli import output
from kiosk.devices import keystore
from kiosk.devices.clock import SystemClock
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.sync import enrol


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--server", required=True, help="https://host[:port]")
    parser.add_argument("--code", default=os.environ.get("KIOSK_ENROL_CODE", ""), help="the one-time code (or KIOSK_ENROL_CODE)")


def run(args: argparse.Namespace) -> int:
    if not args.code:
        output.say("kiosk enrol: --code CODE (KIOSK_ENROL_CODE)")
        return 2
    told = enrol.enrol(args.home, args.server, args.code, keystore.best(args.home), SystemClock())
    epoch = _epoch(args.home)
    if args.json:
        output.emit({"station": told.station.code, "kiosk": told.kiosk, "epoch": epoch, "label": told.label, "name": told.station.name})
    else:
        print(_("Đã ghi danh {label} cho {name} ({station}).").format(label=told.label, name=told.station.name, station=told.station.code))
    return 0


def _epoch(home: Path) -> str:
    """Opens what was saved: a kiosk that cannot start is found here. "" before the first event, and where a first PIN has locked it."""
    try:
        with compose.enrolled(home) as parts:
            if Code.NO_LEAD in parts.conditions():
                output.complain(KioskError(Code.NO_LEAD))
            return parts.journal.where(parts.database)[0]
    except KioskError as error:
        if error.code is not Code.LOCKED:
            raise
        output.complain(error)
        return ""
