"""What the officer's acts at the table write: declarations, tickets, exits, corrections - as drafts, and the verdict on them.

The station runs each of these inside its one transaction. No clock, no COMMIT and no window here; nothing is decided about who may
vote: a voter who cannot or will not answer goes in first, with a ticket that carries no health data.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from kiosk.domain import declaration as form
from kiosk.domain import verdict
from kiosk.domain.declaration import Declaration
from kiosk.domain.events import Key, Kind
from kiosk.domain.passes import hu1
from kiosk.domain.passes.model import Kind as Code_
from kiosk.domain.policy import Policy
from kiosk.domain.projection import ROOTS, VOTER
from kiosk.domain.verdict import Act, Known, Person, Verdict
from kiosk.errors import Code, KioskError
from kiosk.store import projections, register
from kiosk.store.engine import Connection
from kiosk.store.journal import Draft, Journal

REASONS = ("refused", "not_yet", "closing")  # why somebody goes in first and declares later
LANE = "lane"  # sent to the other table with a number, not in yet
TICKET_CODE = b"HUT1:"
PERSONS = (VOTER, "team", "service", "companion")
Done = tuple[list[Draft], Verdict]


@dataclass(frozen=True, slots=True)
class Bench:
    """One act's surroundings. `at`: ms UTC; `deed`: 8 bytes; `place`: the lane's place id, or ""."""

    conn: Connection
    day: str
    at: int
    deed: bytes
    policy: Policy
    place: str = ""


def ticket_target(raw: bytes) -> Key | None:
    """The arrival that a ticket's code stands for ("HUT1:KIOSK:EPOCH:SEQ", any case), or None for any other code."""
    if raw[:5].upper() != TICKET_CODE or len(raw) > 200 or not raw.isascii():
        return None
    try:
        return Key.parse(raw[5:].decode().strip().lower())
    except ValueError:
        return None


def series(label: str) -> int:
    """Which thousand this kiosk's tickets are in: "K1" -> 0, "K3" -> 3. So a number alone names a ticket of the station."""
    digits = re.sub(r"[^0-9]", "", label)[:4]
    number = int(digits or 1)
    return number if number > 1 else 0


class Desk:
    """The acts of one kiosk. `issuer`: 3 bytes of its own pass issuer, b"" where there is none."""

    def __init__(self, journal: Journal, issuer: bytes) -> None:
        self._journal, self._me, self._issuer = journal, journal.identity, issuer

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

    def declare(self, bench: Bench, said: Declaration, known: Known, ticket: int, completes: str) -> Done:
        """A declaration and, unless the person is in already, the arrival.

        `known`: what is known by the person's cards (a phone may be the family's: it finds, it never says "already in").
        `ticket`: the number the voter brought, 0 for none; `completes`: key of the declaration that a supplement completes.
        """
        desk = form.outcome(said, bench.policy.rules)
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

    # -- exits ----------------------------------------------------------------------------------------------------

    def leave(self, bench: Bench, subjects: tuple[str, ...] = (), ticket: int = 0, target: Key | None = None) -> Done:
        """An exit. It names the visit where this kiosk knows it, else the ticket or the person: the province joins them.
        With none of these, somebody went out whose arrival no code can tell (F5 by the door)."""
        row = self._visit_for(bench, subjects, ticket, target)
        fields: dict[str, Any] = ({"ticket": ticket} if ticket else {}) | ({"place": bench.place} if bench.place else {})
        if row is None:
            fields |= {"target": str(target)} if target else {"subjects": list(subjects)} if subjects and not ticket else {}
            reason = "left_unknown" if subjects or ticket or target else "left_nameless"
            return [Draft(Kind.LEAVE, fields, bench.deed)], Verdict(Act.LEFT, Code_.OTHER, reason, at=bench.at, ticket=ticket)
        fields["target"] = str(Key(self._me.kiosk, row.epoch, row.seq))
        waiting = row.source == "defer" and not register.declared_ticket(bench.conn, bench.day, row.ticket)
        known = register.find(bench.conn, subjects, bench.day, self._me.station_key)
        person = Person(verdict.short_name(known.name), known.gender, known.birth_year)
        reason = "ticket_open" if waiting else "left"
        return [Draft(Kind.LEAVE, fields, bench.deed)], Verdict(
            Act.LEFT, Code_.OTHER, reason, person=person, since=row.at, at=bench.at, ticket=row.ticket if waiting else ticket
        )

    def _visit_for(self, bench: Bench, subjects: tuple[str, ...], ticket: int, target: Key | None) -> Any:
        if target is not None:
            return register.visit_row(bench.conn, target) if target.kiosk == self._me.kiosk else None
        if ticket:
            return register.arrival_of_ticket(bench.conn, bench.day, ticket)
        return register.arrival(bench.conn, subjects, bench.day, self._me.station_key)

    # -- corrections ----------------------------------------------------------------------------------------------

    def correct(
        self, bench: Bench, target: Key, reason: str, role: str, void: bool, changes: dict[str, Any] | None, whole: bool
    ) -> list[Draft]:
        """Corrections of a root event, the named one first. `whole`: and of all that the same deed wrote (declaration and arrival).
        `changes`: field -> new value, None takes it out. Raises KioskError(EVENT_UNKNOWN | BAD_INPUT | FORM_INCOMPLETE)."""
        root = self._journal.opened(bench.conn, target)
        if root is None or root.body.kind not in ROOTS:
            raise KioskError(Code.EVENT_UNKNOWN, event=str(target)[:60])
        common = {"reason": reason, "role": role}
        if void or not changes:
            keys = [target, *(projections.of_deed(bench.conn, target, root.body.deed) if whole else ())]
            return [Draft(Kind.CORRECTION, {"target": str(k), "void": void, **common, "changes": {}}, bench.deed) for k in keys]
        if root.body.kind == Kind.DECLARATION:
            return self._declaration_anew(bench, target, root.body.fields, changes, common)
        editable = {Kind.VISIT: "person", Kind.DEFER: "reason"}.get(Kind(root.body.kind), "")
        if set(changes) != {editable}:
            raise KioskError(Code.BAD_INPUT, value=", ".join(sorted(changes))[:40], allowed=editable or "--void")
        allowed(str(changes[editable]), PERSONS if editable == "person" else REASONS)
        return [Draft(Kind.CORRECTION, {"target": str(target), "void": False, **common, "changes": changes}, bench.deed)]

    def _declaration_anew(
        self, bench: Bench, target: Key, root: dict[str, Any], changes: dict[str, Any], common: dict[str, str]
    ) -> list[Draft]:
        """The declaration with other answers: checked as a new one is, the rules asked again, and the arrival's person follows."""
        now = register.declaration(bench.conn, target)
        if now is None:
            raise KioskError(Code.EVENT_UNKNOWN, event=str(target)[:60])
        said = form.check({**now.fields, **{k: v for k, v in changes.items() if k != "mode"}, "mode": now.mode})
        if said.errors:
            raise KioskError(Code.FORM_INCOMPLETE, fields=", ".join(sorted(said.errors)))
        made = said.declaration()
        subjects = [s for s in root.get("subjects", ()) if str(s).startswith("hu1:")]
        subjects = [*form.subjects(made.fields), *subjects]
        new = {**made.fields, "subjects": subjects, "desk": form.outcome(made, bench.policy.rules)}
        kept = {"mode", "ticket", "arrival", "completes"}
        changed = {k: new.get(k) for k in sorted(new.keys() | root.keys() - kept) if new.get(k) != root.get(k)}
        first = Draft(Kind.CORRECTION, {"target": str(target), "void": False, **common, "changes": changed}, bench.deed)
        if new["subjects"] == list(root.get("subjects", ())):
            return [first]
        visits = projections.of_deed(bench.conn, target, projections.deed_of(bench.conn, target), (Kind.VISIT,))
        follow = {"void": False, **common, "changes": {"subjects": new["subjects"]}}
        return [first, *(Draft(Kind.CORRECTION, {"target": str(key), **follow}, bench.deed) for key in visits)]


def person_of(fields: dict[str, Any]) -> Person:
    """The little that a card may show of a declaration."""
    name, gender, born = (str(fields.get(k) or "") for k in ("full_name", "gender", "birth_date"))
    return Person(verdict.short_name(name), gender, born[:4])


def allowed(value: str, values: tuple[str, ...]) -> None:
    """Raises KioskError(BAD_INPUT)."""
    if value not in values:
        raise KioskError(Code.BAD_INPUT, value=value[:20], allowed=", ".join(values))
