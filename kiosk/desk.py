"""What the officer's acts at the table write: declarations, tickets, exits - as drafts, and the verdict on them.

The station runs each of these inside its one transaction. No clock, no COMMIT and no window here; nothing is decided about who may
vote: a voter who cannot or will not answer goes in first, with a ticket that carries no health data.
"""

import contextlib
import re
from typing import Any

from msgspec.structs import replace

from kiosk.corrections import PERSONS, REASONS, Bench, Corrections, allowed
from kiosk.domain import declaration as form
from kiosk.domain import ticketcode, verdict
from kiosk.domain.declaration import Declaration
from kiosk.domain.events import Key, Kind
from kiosk.domain.passes import hu1
from kiosk.domain.passes.model import Kind as Code_
from kiosk.domain.projection import VOTER
from kiosk.domain.ticketcode import TicketCode
from kiosk.domain.verdict import Act, Known, Person, Verdict
from kiosk.errors import Code, KioskError
from kiosk.store import projections, register
from kiosk.store.engine import Connection
from kiosk.store.journal import Draft, Journal
from kiosk.store.register import Declared

LANE = "lane"  # sent to the other table with a number, not in yet
LEFT_AGAIN_MS = 600_000  # at an exit post, which sees no arrival: until then the same code is the same exit
MISTAKEN = {"event": "not_an_event", "ticket": "not_a_ticket"}  # what was meant -> why the verdict does not take it
PARTED = re.compile(r"[0-9A-Za-z._-]{1,64}:[0-9A-Za-z]{1,64}:[0-9A-Za-z]{1,20}")  # kiosk:epoch:seq, whatever was mistyped in it
RUN_TOGETHER = re.compile(r"[0-9a-f]{8,16}[:;,. /-]?[0-9a-f]{14,18}([:;,. /-]?[0-9]{1,15})?", re.IGNORECASE)  # one of the colons is gone
TICKET_WORDS = re.compile(r"(phiếu|phieu|ticket|số|so|no|n°|#)?[ .:#]*[0-9]{1,6}", re.IGNORECASE)
RUNNING = re.compile(r"([0-9A-Za-z]{1,20})-([0-9]{1,9})")  # K1-000123, as papers have it
Done = tuple[list[Draft], Verdict]


def names_event(text: str) -> bool:
    """True for what is written as an event: its key, or a running number as papers have it. Whether there is one is another question."""
    try:
        return bool(Key.parse(text.strip()))
    except ValueError:
        return RUNNING.fullmatch(text.strip()) is not None and not text.strip()[0].isdigit()


def mistaken(raw: bytes, kiosk: str) -> str:
    """What somebody meant who typed this as a code: "event" for an event's key that is none, "ticket" for a ticket's number or a
    ticket's code that does not read; "" for a code. `kiosk`: this one's id, by which its own keys are known in any shape."""
    if len(raw) > 200:
        return ""
    text = raw.decode("utf-8", "replace").strip(" \t\r\n\"'")
    if ticketcode.meant(text.encode()):
        return "" if ticketcode.read(text.encode()) else "ticket"
    if TICKET_WORDS.fullmatch(text):
        return "ticket"
    own = bool(kiosk) and text.lower().startswith(kiosk) and len(text) > len(kiosk)
    return "event" if own or PARTED.fullmatch(text) or (":" in text and RUN_TOGETHER.fullmatch(text)) else ""


def series(label: str) -> int:
    """Which thousand this kiosk's tickets are in: "K1" -> 0, "K3" -> 3. So a number alone names a ticket of the station."""
    digits = re.sub(r"[^0-9]", "", label)[:4]
    number = int(digits or 1)
    return number if number > 1 else 0


def own_number(label: str, ticket: int) -> bool:
    """Would this kiosk have given that number? See register.next_ticket."""
    own = series(label)
    return ticket // 1000 == own if ticket < 100_000 else ticket // 100_000 == (own or 1)


class Desk:
    """The acts of one kiosk. `issuer`: 3 bytes of its own pass issuer, b"" where there is none."""

    def __init__(self, journal: Journal, issuer: bytes) -> None:
        self._me, self._issuer = journal.identity, issuer
        self.corrections = Corrections(journal)

    # -- arrivals -------------------------------------------------------------------------------------------------

    def visit(
        self, bench: Bench, judged: Verdict, source: str, since: int | None, subjects: tuple[str, ...], person: str = VOTER, ticket: int = 0
    ) -> tuple[Draft, Verdict]:
        """The draft of a counted arrival, and the verdict with its running number."""
        number = register.next_number(bench.conn, bench.day)
        fields = {"no": number, "source": source, "verdict": judged.act.value, "since": since, "subjects": list(subjects)}
        fields |= ({"person": person} if person != VOTER else {}) | ({"ticket": ticket} if ticket else {})
        fields |= {"place": bench.place} if bench.place else {}
        return Draft(Kind.VISIT, fields, bench.deed), replace(judged, number=number)

    def declare(self, bench: Bench, said: Declaration, known: Known, ticket: int, completes: str, paper: bool = False) -> Done:
        """A declaration and, unless the person is in already, the arrival.

        `known`: what is known by the person's cards (a phone may be the family's: it finds, it never says "already in").
        `ticket`: the number the voter brought, 0 for none; `completes`: key of the declaration that a supplement completes.
        Word for word what the person, who is in, declared today: nothing is written, and the verdict says when it was; but a `paper`
        form is kept under its number.
        """
        desk = form.outcome(said, bench.policy.rules)
        if not paper and (same := self._same(bench, said, known, ticket, completes)) is not None:
            judged = Verdict(Act.HEALTH_DESK if desk else Act.ALREADY_DECLARED, Code_.OTHER, "declared_same", at=bench.at, ticket=ticket)
            return [], replace(judged, person=person_of(said.fields), since=same.at, event=same.event)
        slip = (hu1.subject(self._issuer, bench.deed),) if self._issuer else ()  # the pass on the voter's slip is this person
        subjects = (*form.subjects(said.fields), *slip)
        fields = {**said.fields, "mode": said.mode, "subjects": list(subjects), "desk": desk}
        fields |= ({"ticket": ticket} if ticket else {}) | ({"completes": completes} if completes else {})
        person = person_of(said.fields)
        first = register.arrival_of_ticket(bench.conn, bench.day, ticket) if ticket else None
        if first is not None:  # in first, declared later: the arrival gets its person
            fields["arrival"] = str(Key(self._me.kiosk, first.epoch, first.seq))
        declared = Draft(Kind.DECLARATION, fields, bench.deed)
        entered = first.at if first is not None else known.entered_at
        if entered is not None:
            plain = Act.DECLARED if first is not None or completes else Act.ALREADY_IN
            act = Act.HEALTH_DESK if desk else plain
            return [declared], Verdict(act, Code_.OTHER, "declared", person=person, since=entered, at=bench.at, ticket=ticket)
        if known.by_poster_at is not None:  # counted at the poster: only the declaration is new
            act = Act.HEALTH_DESK if desk else Act.BY_POSTER
            return [declared], Verdict(act, Code_.OTHER, "declared", person=person, since=known.by_poster_at, at=bench.at, ticket=ticket)
        judged = Verdict(Act.HEALTH_DESK if desk else Act.COME_IN, Code_.OTHER, "declared", True, person, bench.at, at=bench.at)
        kind = str(said.fields.get("person") or VOTER)
        visit, judged = self.visit(bench, judged, "proxy", bench.at, subjects, kind, ticket)
        return [declared, visit], replace(judged, ticket=ticket)

    def _same(self, bench: Bench, said: Declaration, known: Known, ticket: int, completes: str) -> Declared | None:
        """The declaration of today that this one repeats to the letter; None where a ticket or an older declaration waits for it."""
        if not known.declaration or known.elsewhere or known.entered_at is None:
            return None
        key = Key.parse(known.declaration)
        before = register.declaration(bench.conn, key)
        if before is None or (before.mode, before.fields) != (said.mode, said.fields) or before.event == completes:
            return None
        waiting = ticket and not register.declared_ticket(bench.conn, bench.day, ticket)
        return None if waiting or register.day_of_declaration(bench.conn, key) != bench.day else before

    # -- tickets --------------------------------------------------------------------------------------------------

    def defer(self, bench: Bench, reason: str, known: Known, subjects: tuple[str, ...], person: str) -> Done:
        """F11: a numbered ticket, and the arrival; `lane`: the ticket alone, the person is counted at the other table.

        `subjects`: of the card just shown; left out for somebody who refused. No health data. Raises KioskError(BAD_INPUT).
        """
        allowed(reason, (*REASONS, LANE))
        allowed(person, PERSONS)
        if known.entered_at is not None:
            fields = {"verdict": Act.ALREADY_IN.value, "code": Code_.OTHER.value, "reason": "entered"}
            return [Draft(Kind.SIGHTING, fields, bench.deed)], Verdict(
                Act.ALREADY_IN, Code_.OTHER, "entered", since=known.entered_at, at=bench.at
            )
        ticket = register.next_ticket(bench.conn, bench.day, series(self._me.label))
        draft = Draft(Kind.DEFER, {"ticket": ticket, "reason": reason}, bench.deed)
        if reason == LANE:
            return [draft], Verdict(Act.TO_TABLE, Code_.OTHER, "defer_lane", at=bench.at, ticket=ticket)
        judged = Verdict(Act.DEFERRED, Code_.OTHER, f"defer_{reason}", True, at=bench.at, ticket=ticket)
        named = () if reason == "refused" else subjects
        visit, judged = self.visit(bench, judged, "defer", None, named, person, ticket)
        return [draft, visit], judged

    def ticket_shown(self, bench: Bench, shown: TicketCode | None) -> Done:
        """A ticket before the entrance's camera: its declaration, if that still waits. The number names it, whichever laptop gave it.
        None: a code that wants to be a ticket's and does not read."""
        row = register.visit_row(bench.conn, shown.target) if shown is not None and shown.target.kiosk == self._me.kiosk else None
        number = 0 if shown is None else shown.number or (row.ticket if row is not None else 0)
        since, other = (row.at, str(Key(self._me.kiosk, row.epoch, row.seq))) if row is not None else (None, "")
        if not number:
            judged = Verdict(Act.NOT_CONFIRMED, Code_.OTHER, MISTAKEN["ticket"], at=bench.at)
        elif register.declared_ticket(bench.conn, bench.day, number):
            judged = Verdict(Act.ALREADY_IN, Code_.OTHER, "ticket_done", since=since, at=bench.at, other=other)
        else:
            judged = Verdict(Act.DECLARE, Code_.OTHER, "ticket_open", since=since, at=bench.at, ticket=number, other=other)
        fields = {"verdict": judged.act.value, "code": Code_.OTHER.value, "reason": judged.reason} | ({"other": other} if other else {})
        return [Draft(Kind.SIGHTING, fields, bench.deed)], judged

    # -- exits ----------------------------------------------------------------------------------------------------

    def leave(self, bench: Bench, subjects: tuple[str, ...] = (), ticket: int = 0, target: Key | None = None) -> Done:
        """An exit. It names the visit where this kiosk knows it, else the ticket or the person: the province joins them.
        With none of these, somebody went out whose arrival no code can tell (F5 by the door). The same exit again writes nothing, unless
        the person was seen at the entrance meanwhile, or where this kiosk sees no entrance and some time has passed."""
        row = self._visit_for(bench, subjects, ticket, target)
        fields: dict[str, Any] = ({"ticket": ticket} if ticket else {}) | ({"place": bench.place} if bench.place else {})
        if row is None:
            fields |= {"target": str(target)} if target else {"subjects": list(subjects)} if subjects and not ticket else {}
            before = register.left(bench.conn, bench.day, self._me.station_key, subjects, ticket, target)
            if before is not None and bench.at - before < LEFT_AGAIN_MS:
                return [], _already_left(bench, before, ticket)
            reason = "left_nameless" if not (subjects or ticket or target) else "left_unknown" if before is None else "left_again"
            return [Draft(Kind.LEAVE, fields, bench.deed)], Verdict(Act.LEFT, Code_.OTHER, reason, at=bench.at, ticket=ticket)
        key = Key(self._me.kiosk, row.epoch, row.seq)
        waiting = row.source == "defer" and not register.declared_ticket(bench.conn, bench.day, row.ticket)
        if row.left_at is not None and not register.came_back(bench.conn, bench.day, key, row.left_at):
            again = _already_left(bench, row.left_at, row.ticket if waiting else ticket)
            return [], replace(again, reason="ticket_open") if waiting else again
        fields["target"] = str(key)
        known = register.find(bench.conn, subjects, bench.day, self._me.station_key)
        person = Person(verdict.short_name(known.name), known.gender, known.birth_year)
        reason = "ticket_open" if waiting else "left"
        return [Draft(Kind.LEAVE, fields, bench.deed)], Verdict(
            Act.LEFT, Code_.OTHER, reason, person=person, since=row.at, at=bench.at, ticket=row.ticket if waiting else ticket
        )

    def arrival(self, conn: Connection, day: str, event: str) -> Key:
        """The arrival that counts, by its event, its running number on `day`, or another event of the same act.

        Raises KioskError(EVENT_UNKNOWN | ALREADY_VOIDED)."""
        key = self._key_of(conn, day, event)
        deed = projections.deed_of(conn, key) if key is not None and key.kiosk == self._me.kiosk else ""
        if key is None or not deed:
            raise KioskError(Code.EVENT_UNKNOWN, event=event[:60])
        if register.visit_row(conn, key) is not None:
            return key
        others = projections.of_deed(conn, key, deed, (Kind.VISIT,))
        if not others:
            self.corrections.not_voided(conn, key)
            raise KioskError(Code.EVENT_UNKNOWN, event=event[:60], kind="leave" if register.is_exit(conn, key) else "declaration")
        return others[0]

    def named(self, conn: Connection, day: str, event: str) -> Key:
        """The event that is written as its key, or as an arrival's running number ("K1-000123"). Raises KioskError(EVENT_UNKNOWN)."""
        key = self._key_of(conn, day, event)
        if key is None:
            raise KioskError(Code.EVENT_UNKNOWN, event=event[:60])
        return key

    def _key_of(self, conn: Connection, day: str, event: str) -> Key | None:
        with contextlib.suppress(ValueError):
            return Key.parse(event)
        running = RUNNING.fullmatch(event.strip())
        if running is None or running[1].lower() != self._me.label.lower():
            return None
        row = register.arrival_numbered(conn, day, int(running[2]))
        return None if row is None else Key(self._me.kiosk, row.epoch, row.seq)

    def _visit_for(self, bench: Bench, subjects: tuple[str, ...], ticket: int, target: Key | None) -> Any:
        if target is not None:
            return register.visit_row(bench.conn, target) if target.kiosk == self._me.kiosk else None
        if ticket:
            return register.arrival_of_ticket(bench.conn, bench.day, ticket)
        return register.arrival(bench.conn, subjects, bench.day, self._me.station_key)


def _already_left(bench: Bench, left_at: int, ticket: int) -> Verdict:
    return Verdict(Act.ALREADY_LEFT, Code_.OTHER, "already_left", since=left_at, at=bench.at, ticket=ticket)


def person_of(fields: dict[str, Any]) -> Person:
    """The little that a card may show of a declaration."""
    name, gender, born = (str(fields.get(k) or "") for k in ("full_name", "gender", "birth_date"))
    return Person(verdict.short_name(name), gender, born[:4])
