"""`kiosk purge`: a closed day leaves this laptop once the province has opened all of it; needs the home for itself, and a lead's PIN.

`--due` asks no lead: it purges the days whose time here is over by the policy, and nothing else.
"""

import argparse
from collections.abc import Sequence
from functools import partial

from kiosk import compose, purging, words
from kiosk.cli import opened, output
from kiosk.errors import Code, KioskError
from kiosk.ports import Order
from kiosk.security.officers import Credentials
from kiosk.security.session import NOBODY
from kiosk.settings import load
from kiosk.store.certificates import Said


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--day", metavar="DAY", help="YYYY-MM-DD; else the oldest closed day that is still here")
    parser.add_argument("--look", action="store_true", help="says whether the day may go, and changes nothing")
    parser.add_argument("--due", action="store_true", help="the days whose time here is over by the policy; no lead is asked")
    parser.add_argument("--printer", help='for the certificate; "pdf" keeps the file alone')


def run(args: argparse.Namespace) -> int:
    if args.look:
        return _look(args)
    given = compose.environment(load(args.home))
    if not args.due:
        _tell(args, _by_a_lead(args, given))
        return 0
    with opened.enrolled(args.home) as parts:
        parts.mirror.step()
        late, held = due(parts), parts.held
    purge_due(args, late, held)
    if not late:
        output.say(words.nothing_due())
    return 0


def _by_a_lead(args: argparse.Namespace, given: Credentials | None) -> purging.Done:
    """The lead's word and what stands against it, before the home is taken for the purge alone. Raises as purging.run."""
    with compose.open_parts(args.home, given=given) as parts:
        parts.mirror.step()
        lead = parts.station.require("lead", "purge")
        found = purging.look(parts, args.day)
        if why := opened.against(parts, partial(_why, parts, found.day)):
            raise KioskError(Code.PURGE_REFUSED, day=found.day, **why)
        held = parts.held
    return purging.run(args.home, found.day, given, held=held, by=lead.id if lead else NOBODY)


def due(parts: compose.Parts) -> list[str]:
    """Closed days whose time here is over by the policy and that may go, oldest first."""
    return [day for day in parts.overdue() if not opened.against(parts, partial(_why, parts, day))]


def _why(parts: compose.Parts, day: str) -> dict[str, int]:
    return purging.look(parts, day).why


def purge_due(args: argparse.Namespace, late: Sequence[str], held: compose.Held) -> None:
    """Days whose time here is over by the policy, one after the other; each is told in a line of its own."""
    for day in late:
        done = purging.run(args.home, day, held=held, by=purging.POLICY)
        held = done.held
        _tell(args, done)


def _tell(args: argparse.Namespace, done: purging.Done) -> None:
    said = done.said
    with compose.open_parts(args.home, held=done.held) as parts:
        opened.tell(parts)
        purging.tell(parts, said)
        file = certificate(parts, said, args.printer)
    if args.json:
        output.emit({"event_day": said.day, "events": said.events, "rows": said.rows, "by": said.by, "certificate": file})
        return
    print(f"{said.day}: đã xóa / purged · {said.events} sự kiện còn mã hóa / events stay sealed")
    if file:
        print(file)


def certificate(parts: compose.Parts, said: Said, printer: str | None) -> str:
    """Prints it; its file, or "" when it could not be: what was done is done, and it can be printed again from `purged/`."""
    try:
        return str(parts.papers.print(Order("certificate", said.day), printer=printer).file)
    except KioskError as error:
        output.complain(error)
        return ""


def _look(args: argparse.Namespace) -> int:
    with opened.enrolled(args.home) as parts:
        parts.mirror.step()
        day = purging.look(parts, args.day).day
        why = opened.against(parts, partial(_why, parts, day))
    if args.json:
        output.emit({"event_day": day, "may_go": not why, "why": why})
    else:
        print(day, *(words.why_not(why) if why else ["có thể xóa / may go"]), sep="\n  ")
    return 1 if why else 0
