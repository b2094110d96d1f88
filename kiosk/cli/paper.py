"""`kiosk print PAPER`: paper to a file or to a printer. Slip, declaration and ticket name an event (without one: the day's newest)."""

import argparse
import time
from pathlib import Path

from kiosk import compose, desk, words
from kiosk.cli import opened, output
from kiosk.domain import papernumber
from kiosk.errors import Code, KioskError
from kiosk.ports import Order, PrintJob
from kiosk.printing import test_card
from kiosk.words.papers import JOB_STATES, PAPERS

OF_AN_EVENT = frozenset({"slip", "declaration", "ticket"})
FOLDER = ("form", "register", "card")  # the fall-back folder
SIZES = ("a6", "80", "a4", "a3", "column")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paper", choices=(*PAPERS, "queue"), help="queue: what waits for a printer"
    )
    about = "EVENT (kiosk:epoch:seq, K1-000123), a ticket's number, a place's id, or the first number of forms (G001)"
    parser.add_argument("target", nargs="?", default="", help=about)
    parser.add_argument("--size", choices=SIZES, default="", help="slip, ticket: a6 or 80 (mm roll); poster: a4, a3, column")
    parser.add_argument("--count", type=int, default=None, help="how many blank forms")
    parser.add_argument("--out", type=Path, help="writes the PDF here and prints nothing")
    parser.add_argument("--printer", help='a printer\'s name, or "pdf" for the papers folder')
    parser.add_argument("--retry", action="store_true", help="queue: try everything that waits now")
    parser.add_argument("--drop", type=int, help="queue: this one is not wanted any more")


def run(args: argparse.Namespace) -> int:
    if args.out is not None:
        if args.paper == "folder":
            output.say("kiosk print folder  (--out: form, register, card)")
            return 2
        output.usable(args.out)
    if args.paper == "test-card":  # needs no enrolment: a machine is tried before it is given to anybody
        _show(compose.print_loose(args.home, "the-thu", _test_card, args.out, args.printer), args.json)
        return 0
    with opened.enrolled(args.home) as parts:
        if args.paper == "queue":
            return _queue(parts, args)
        for paper in (args.paper,) if args.paper != "folder" else FOLDER:
            if paper in OF_AN_EVENT and desk.names_event(args.target):
                args.target = parts.station.named(args.target)
            _show(parts.papers.print(_order(paper, args), args.out, args.printer), args.json)
        parts.mirror.step()
    return 0


def _test_card(file: Path) -> int:
    return test_card.render(file, int(time.time() * 1000))


def _show(job: PrintJob, as_json: bool) -> None:
    if as_json:
        output.emit({"file": str(job.file), "pages": job.pages, "printer": job.printer, "job": job.job})
    else:
        print(job.file if job.printer in ("", "pdf") else f"{job.printer} {job.job}")


def _order(paper: str, args: argparse.Namespace) -> Order:
    """Raises KioskError(BAD_INPUT)."""
    detail: dict[str, object] = {} if args.count is None else {"count": args.count}
    if paper not in ("form", "register"):
        return Order(paper, args.target, args.size, detail)
    first = papernumber.read(args.target or "G001", papernumber.LAST_PRINTED)
    if first is None:
        raise KioskError(Code.BAD_INPUT, value=args.target[:20], allowed="G001-G999")
    return Order(paper, "", args.size, detail | {"first": first})


def _queue(parts: compose.Parts, args: argparse.Namespace) -> int:
    papers = parts.papers
    if args.drop is not None:
        papers.drop(args.drop)
    if args.retry:
        papers.retry(args.printer or "")
        while papers.step():
            pass
    for job in papers.jobs():
        line = {"number": job.number, "at": job.at, "paper": job.paper, "target": job.target, "printer": job.printer, "state": job.state}
        if args.json:
            output.emit(line | {"again": job.again, "tries": job.tries, "why": job.why, "job": job.job})
        else:
            told = (words.hour_minute(job.at), words.label(PAPERS, job.paper), words.label(JOB_STATES, job.state), job.why)
            print(job.number, *(part for part in told if part), sep="  ")
    return int(papers.stuck() > 0)
