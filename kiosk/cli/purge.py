"""`kiosk purge`: a closed day leaves this laptop once the province has opened all of it; needs the home for itself, and a lead's PIN."""

import argparse

from kiosk import compose, purging, words
from kiosk.cli import output
from kiosk.errors import KioskError
from kiosk.ports import Order
from kiosk.settings import load


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--day", metavar="DAY", help="YYYY-MM-DD; else the oldest closed day that is still here")
    parser.add_argument("--look", action="store_true", help="says whether the day may go, and changes nothing")
    parser.add_argument("--printer", help='for the certificate; "pdf" keeps the file alone')


def run(args: argparse.Namespace) -> int:
    if args.look:
        return _look(args)
    said = purging.run(args.home, args.day, compose.environment(load(args.home)))
    with compose.enrolled(args.home) as parts:
        purging.tell(parts, said)
        file = ""
        try:
            file = str(parts.papers.print(Order("certificate", said.day), printer=args.printer).file)
        except KioskError as error:  # what was done is done; the certificate lies in purged/ and can be printed again
            output.complain(error)
    if args.json:
        output.emit({"event_day": said.day, "events": said.events, "rows": said.rows, "pins": said.pins, "certificate": file})
        return 0
    print(f"{said.day}: đã xóa / purged · {said.events} sự kiện còn mã hóa / events stay sealed")
    if said.pins:
        print("Cần đặt lại mã PIN / set a new PIN for:", *said.pins)
    if file:
        print(file)
    return 0


def _look(args: argparse.Namespace) -> int:
    with compose.enrolled(args.home) as parts:
        parts.mirror.step()
        found = purging.look(parts, args.day)
    if args.json:
        output.emit({"event_day": found.day, "may_go": not found.why, "why": found.why})
    else:
        print(found.day, "có thể xóa / may go" if not found.why else "chưa được / not yet:", *words.purge_why(found.why), sep="\n  ")
    return 1 if found.why else 0
