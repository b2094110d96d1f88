"""`kiosk enrol`: makes this data directory a kiosk of one station: by a one-time code, by a file and a lead's PIN, or for practice."""

import argparse
import os
from pathlib import Path

from kiosk import compose
from kiosk.cli import output
from kiosk.devices import keystore
from kiosk.devices.clock import SystemClock
from kiosk.domain import protocol
from kiosk.domain.protocol import Enrolment
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.ports import KeyStore
from kiosk.security import activate
from kiosk.sync import enrol


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--server", default="", help="https://host[:port]; may stand in the QR's text")
    parser.add_argument("--code", default=os.environ.get("KIOSK_ENROL_CODE", ""), help="one-time code, or its QR's text (KIOSK_ENROL_CODE)")
    parser.add_argument("--file", type=Path, help="an enrolment file; a lead activates it (KIOSK_OFFICER, KIOSK_PIN)")
    parser.add_argument("--station", default="", metavar="CODE", help="which station of a spare's file")
    parser.add_argument("--training", action="store_true", help="a kiosk of nobody's, for practice; nothing is ever sent")


def run(args: argparse.Namespace) -> int:
    compose.settle(args.home)  # a laptop that was being cleaned is cleaned before it is anybody's again
    store, clock = keystore.best(args.home), SystemClock()
    if args.training:
        return _told(args, activate.train(args.home, store, clock))
    if args.file is not None or (not args.code and activate.spare(args.home)):
        return _by_file(args, store, clock)
    server, code = protocol.read_qr(args.code)
    if not code or not (args.server or server):
        output.say("kiosk enrol: --server URL --code CODE (KIOSK_ENROL_CODE), --file FILE, --training")
        return 2
    return _told(args, enrol.enrol(args.home, args.server or server, code, store, clock))


def _by_file(args: argparse.Namespace, store: KeyStore, clock: SystemClock) -> int:
    """A file of one station is activated at once; a spare's is kept until its station is chosen."""
    file: Path = args.file or args.home / activate.SPARE
    officer, pin = os.environ.get("KIOSK_OFFICER", ""), os.environ.get("KIOSK_PIN", "")
    offered = activate.choices(activate.load(file))
    if args.station or len(offered) == 1:
        if not officer or not pin:
            output.say(_("Người phụ trách kích hoạt tệp bằng mã của mình: đặt KIOSK_OFFICER và KIOSK_PIN."))
            output.say("\n".join(f"  {lead}  {name}" for choice in offered for lead, name in choice.leads))
            return 2
        return _told(args, activate.activate(args.home, file, args.station, officer, pin, store, clock))
    if args.file is not None:
        activate.keep_spare(args.home, args.file)
    output.say(_("Máy dự phòng: chọn khu vực khi bắt đầu (kiosk enrol --station MÃ, hoặc mở cửa sổ)."))
    for choice in offered:
        if args.json:
            output.emit({"station": choice.station, "name": choice.name})
        else:
            print(f"{choice.station}  {choice.name}")
    return 0


def _told(args: argparse.Namespace, told: Enrolment) -> int:
    epoch = _epoch(args.home)
    if args.json:
        output.emit({"station": told.station.code, "kiosk": told.kiosk, "epoch": epoch, "label": told.label, "name": told.station.name})
    else:
        print(_("Đã ghi danh {label} cho {name} ({station}).").format(label=told.label, name=told.station.name, station=told.station.code))
    return 0


def _epoch(home: Path) -> str:
    """Opens what was saved: a kiosk that cannot start is found here. "" before the first event, and where a PIN has locked it: who may
    open it is another question than whether it is enrolled."""
    try:
        with compose.enrolled(home, first_pin=True) as parts:
            if Code.NO_LEAD in parts.conditions():
                output.complain(KioskError(Code.NO_LEAD))
            return parts.journal.where(parts.database)[0]
    except KioskError as error:
        if error.code not in (Code.LOCKED, Code.OFFICER_UNKNOWN, Code.PIN_WRONG, Code.PIN_WAIT):
            raise
        output.complain(error)
        return ""
