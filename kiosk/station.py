"""The use cases of the entrance: scan, declare, see, defer, leave, correct. One synchronous call each, one transaction, no Qt, no network.

Green means written: a verdict leaves here only after COMMIT. When saving fails the officer is sent to paper, never the voter home.
"""

import contextlib
import os
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import msgspec
from msgspec.structs import replace

from kiosk import desk, log
from kiosk.corrections import PERSONS, REASONS, Bench, allowed
from kiosk.desk import Desk, Done
from kiosk.domain import declaration as form
from kiosk.domain import papernumber, passes, text, ticketcode, verdict
from kiosk.domain.declaration import Declaration
from kiosk.domain.events import AUDITED, Key, Kind
from kiosk.domain.passes.model import Kind as Code_
from kiosk.domain.passes.model import Pass
from kiosk.domain.policy import SWITCHES, Campaign, Policy, closing
from kiosk.domain.policy import Station as PollingArea
from kiosk.domain.projection import VOTER
from kiosk.domain.verdict import Act, Known, Verdict
from kiosk.domain.vntime import local
from kiosk.errors import Code, KioskError
from kiosk.ports import Clock, Now, Sighting
from kiosk.security.session import Officer, Session
from kiosk.store import audit as audits
from kiosk.store import places, projections, register
from kiosk.store.directory import Directory
from kiosk.store.engine import Connection, Database
from kiosk.store.journal import Draft, Identity, Journal, Written
from kiosk.store.register import Declared, Line, Today
from kiosk.store.unsure import Unsure
from kiosk.writing import Writer

SEEN = ("moh", "arrival", "hues")
LOOKS, LOOKS_FREE, LOOKS_MS = ("details_opened", "name_search"), 30, 600_000
CLOCK_BACK_MS = 300_000  # small steps are the time service at work


class StationInfo(msgspec.Struct, frozen=True):
    """What the window's head shows. `lane`: this entrance's name; `officer`: the name of who is signed in, "" for nobody."""

    kiosk: str
    label: str
    station: PollingArea
    event_day: str
    lane: str
    officer: str


class Setting(msgspec.Struct, frozen=True):
    """What a station is made of; compose.py fills it. `issuer`: 3 bytes of this kiosk's own pass issuer."""

    database: Database
    journal: Journal
    clock: Clock
    directory: Directory
    unsure: Unsure
    lane: str
    session: Session
    place: str = ""
    issuer: bytes = b""  # this kiosk's own id as a pass issuer, 3 bytes


class Station:
    """All of an officer's acts. Safe to call from several threads: the write door lets one in at a time."""

    def __init__(self, setting: Setting) -> None:
        self._s = setting
        self._me = setting.journal.identity
        self._desk = Desk(setting.journal, setting.issuer)
        self.writer = Writer(setting.database, setting.journal, setting.clock, setting.session, setting.unsure)
        self.place = setting.place  # the QR place of this lane; every visit names it
        self._many_at: int | None = None

    # -- what is so -----------------------------------------------------------------------------------------------

    @property
    def info(self) -> StationInfo:
        return StationInfo(self._me.kiosk, self._me.label, self._s.directory.area, self.day() or "", self._s.lane, self._officer_name())

    @property
    def session(self) -> Session:
        """Who is signed in; sign-in and hand-over change it."""
        return self._s.session

    def require(self, role: str, task: str = "") -> Officer | None:
        """Who answers for a task of `role` ("lead"): see Session.require. Not inside a write: a refusal is told in the journal.
        Raises KioskError(LEAD_NEEDED | LOCKED)."""
        try:
            return self._s.session.require(role, self._s.clock.now().mono, task)
        except KioskError:
            self.writer.tell()
            raise

    def _officer_name(self) -> str:
        return self._s.session.officer.name if self._s.session.officer else ""

    @property
    def policy(self) -> Policy:
        return self.writer.campaign(self.day()).policy

    @property
    def off(self) -> tuple[str, ...]:
        """Features that the province switched off (policy.SWITCHES)."""
        return tuple(word for word in self.policy.switched_off if word in SWITCHES) if self._me.campaigns else ()

    def allow(self, feature: str) -> None:
        """Raises KioskError(SWITCHED_OFF) for a feature that the province switched off."""
        if feature in self.off:
            raise KioskError(Code.SWITCHED_OFF, feature=feature)

    @property
    def identity(self) -> Identity:
        """Who this kiosk is."""
        return self._me

    @property
    def issuer(self) -> bytes:
        """This kiosk's own id as a pass issuer, 3 bytes."""
        return self._s.issuer

    @property
    def campaign(self) -> Campaign:
        """The open day's, else the newest known. Raises KioskError(NO_DAY) on a kiosk that was told of none."""
        return self.writer.campaign(self.day())

    def day(self) -> str | None:
        """The open working day, or None."""
        with self._s.database.read() as conn:
            return register.open_day(conn)

    def lines(self, limit: int) -> tuple[Line, ...]:
        """The newest deeds of the open day, for F7 and F4."""
        with self._s.database.read() as conn:
            return register.lines(conn, self._me.kiosk, register.open_day(conn) or "", limit)

    def declaration(self, event: str) -> Declared | None:
        """A declaration of this kiosk as it stands, to complete or to correct it; None if there is none that counts."""
        key = _key(event)
        with self._s.database.read() as conn:
            return register.declaration(conn, key) if key.kiosk == self._me.kiosk else None

    def named(self, event: str) -> str:
        """The key of an event that is written as papers have it, "K1-000123": today's arrival with that number. Raises
        KioskError(EVENT_UNKNOWN)."""
        with self._s.database.read() as conn:
            return str(self._desk.named(conn, register.open_day(conn) or "", event))

    def wrote(self, deed: bytes) -> bool:
        """True if this deed is in the journal: a draft that outlived its own saving is not offered again."""
        with self._s.database.read() as conn:
            return bool(self._s.journal.by_deed(conn, deed))

    def closing(self, minutes: float) -> bool:
        """True in the last `minutes` before closing and after it, on the open day or the one that is about to be."""
        day = self.day() or self.likely_day()
        return day is not None and closing(self.writer.campaign(day), day, self._s.clock.now().wall, minutes)

    def last_day(self) -> str | None:
        """The open day, else the one that was closed last."""
        with self._s.database.read() as conn:
            return register.last_day(conn)

    def today(self) -> Today:
        with self._s.database.read() as conn:
            return register.today(conn, self._me, register.open_day(conn) or "")

    def read(self, raw: bytes, now: Now | None = None) -> Pass:
        """What a code says, by the keys, lists and layouts that this station trusts. Nothing is recorded."""
        wall = max((now or self._s.clock.now()).wall, self.writer.floor)
        return passes.read(raw, self._s.directory.issuers, wall, self._s.directory.lists, self._s.directory.layouts)

    # -- acts -----------------------------------------------------------------------------------------------------

    def scan(self, sighting: Sighting) -> Verdict:
        """Reads the code, judges, writes, answers. Never raises for a failing disk: the answer is then NOT_SAVED."""
        now = self._s.clock.now()
        if ticketcode.meant(sighting.raw):
            return self._act(lambda bench: self._desk.ticket_shown(bench, ticketcode.read(sighting.raw)), sighting.deed)
        shown = self._placed(self.read(sighting.raw, now))
        moment = self._moment(now, shown)
        said: list[Verdict] = []

        def act(conn: Connection, day: str) -> list[Draft]:
            known = self._known(conn, shown.subjects, day)
            bench = self._bench(conn, day, now, sighting.deed)
            judged = verdict.judge(shown, known, bench.policy, moment)
            draft, judged = self._draft(bench, shown, judged)
            said[:] = [replace(judged, subjects=shown.subjects)]
            return [draft]

        return self.writer.write(act, said, sighting.deed, now, shown.kind)

    def declare(self, said_by_voter: Declaration, deed: bytes | None = None, ticket: int = 0, completes: str = "") -> Verdict:
        """A declaration and, unless the person is in already, the arrival: one transaction.

        `ticket`: the number the voter brought (F11, or from the other table); `completes`: event of the declaration that this one
        completes. Raises KioskError(EVENT_UNKNOWN | TICKET_UNKNOWN | BAD_INPUT).
        """
        _key(completes) if completes else None
        self.ticket_given(ticket)

        def act(bench: Bench) -> Done:
            cards = tuple(s for s in form.subjects(said_by_voter.fields) if s.startswith("id:"))
            return self._desk.declare(bench, said_by_voter, self._known(bench.conn, cards, bench.day), ticket, completes)

        return self._act(act, deed)

    def seen(self, kind: str, deed: bytes | None = None, person: str = VOTER) -> Verdict:
        """F5: a declaration was seen on the voter's own phone: one counted event, no personal data (letter, 2b).

        Raises KioskError(BAD_INPUT).
        """
        allowed(kind, SEEN)
        allowed(person, PERSONS)

        def act(bench: Bench) -> Done:
            judged = Verdict(Act.COME_IN, Code_.MOH if kind == "moh" else Code_.OTHER, f"seen_{kind}", True, at=bench.at)
            draft, judged = self._desk.visit(bench, judged, kind, None, (), person)
            return [draft], judged

        return self._act(act, deed)

    def defer(self, reason: str, deed: bytes | None = None, subjects: tuple[str, ...] = (), person: str = VOTER) -> Verdict:
        """F11: in first, declare later, with a numbered ticket (`refused`, `not_yet`, `closing`); or a number for the other table
        (`lane`). `subjects`: of the card just shown. Raises KioskError(BAD_INPUT)."""
        allowed(reason, (*REASONS, desk.LANE))
        allowed(person, PERSONS)
        return self._act(lambda b: self._desk.defer(b, reason, self._known(b.conn, subjects, b.day), subjects, person), deed)

    def leave(self, sighting: Sighting) -> Verdict:
        """F6: a code or ticket shown at the exit closes the visit of the person it names. What was meant for an event's key or a ticket
        and is none is not recorded: NOT_CONFIRMED with `desk.MISTAKEN`'s reason, without an event."""
        now, ticket = self._s.clock.now(), ticketcode.read(sighting.raw)
        if ticket is not None:
            return self._act(lambda bench: self._desk.leave(bench, (), ticket.number, ticket.target), sighting.deed)
        shown = self.read(sighting.raw, now)
        meant = desk.mistaken(sighting.raw, self._me.kiosk) if shown.kind is Code_.UNKNOWN else ""
        if meant:
            return Verdict(Act.NOT_CONFIRMED, shown.kind, desk.MISTAKEN[meant], at=now.wall)

        def act(bench: Bench) -> Done:
            if shown.subjects:
                return self._desk.leave(bench, shown.subjects)
            judged = verdict.judge(shown, verdict.NOBODY, bench.policy, self._moment(now, shown))
            draft, judged = self._draft(bench, shown, replace(judged, arrival=False))
            return [draft], judged

        return self._act(act, sighting.deed, shown.kind)

    def leave_by(self, ticket: int = 0, event: str = "", deed: bytes | None = None) -> Verdict:
        """An exit by ticket number, by the arrival's event or running number ("K1-000123"), or by neither: somebody whose code cannot be
        told. An event that the arrival was written with (declaration, ticket) stands for it.

        Raises KioskError(EVENT_UNKNOWN | TICKET_UNKNOWN | ALREADY_VOIDED | BAD_INPUT)."""
        self.ticket_given(ticket)
        target: Key | None = None
        if event:
            with self._s.database.read() as conn:
                target = self._desk.arrival(conn, register.open_day(conn) or "", event)
        return self._act(lambda bench: self._desk.leave(bench, (), ticket, target), deed)

    def ticket_given(self, number: int) -> int:
        """`number`, unless it is of this kiosk's own series and was not handed out today: then it was mistyped. Another laptop's cannot be
        known here; 0 is none. Raises KioskError(TICKET_UNKNOWN | BAD_INPUT)."""
        _ticket(number)
        if number and desk.own_number(self._me.label, number):
            with self._s.database.read() as conn:
                if not register.ticket_given(conn, register.open_day(conn) or "", number):
                    raise KioskError(Code.TICKET_UNKNOWN, ticket=number)
        return number

    def correct(
        self, event: str, reason: str, void: bool = False, changes: dict[str, Any] | None = None, whole: bool = False, led: bool = False
    ) -> str:
        """A new event that names the root it corrects; the old one stays. Returns its key.

        `whole`: and all that the same act wrote (declaration and arrival); `changes`: field -> new value, None takes it out;
        `led`: a lead's word even for one's own.
        Raises KioskError(EVENT_UNKNOWN | ALREADY_VOIDED | NOTHING_CHANGED | BAD_INPUT | FORM_INCOMPLETE | store's own).
        """
        target = _key(event)
        try:
            why = text.clean(reason, 200)
        except text.BadText as bad:
            raise KioskError(Code.BAD_INPUT, value="reason", allowed="1-200", why=bad.reason) from bad
        now, deed = self._s.clock.now(), os.urandom(8)
        try:
            with self.writer.writing() as conn:
                day, role = self.writer.day(conn, now), self._corrector(conn, target, void, led)
                drafts = self._desk.corrections.correct(self._bench(conn, day, now, deed), target, why, role, void, changes, whole)
                written = self.writer.append(conn, day, drafts, now)
        except KioskError as error:
            if error.code is Code.LEAD_NEEDED:
                self.writer.tell()
            raise
        self.writer.committed()
        return str(written[0].key)

    def _corrector(self, conn: Connection, target: Key, void: bool, led: bool) -> str:
        """The role that corrects: another's event is a lead's, and what is `led` too."""
        root, session = self._s.journal.opened(conn, target), self._s.session
        if root is None:
            raise KioskError(Code.EVENT_UNKNOWN, event=str(target)[:60])
        if root.body.officer == session.id and not led:
            return session.role
        lead = session.require("lead", self._s.clock.now().mono, "void" if void else "correct")
        return lead.role if lead else session.role

    def audit(self, what: str, **facts: str | int | bool) -> str:
        """An act that tracing of misuse must see (events.AUDITED), in the same chain. `facts`: never a name, a number or a code.

        Returns the event's key. Raises ValueError for a word that is not in the list, KioskError when it could not be written.
        """
        if what not in AUDITED:
            raise ValueError(what)
        now = self._s.clock.now()
        with self.writer.writing() as conn:
            drafts = [Draft(Kind.AUDIT, {"what": what, **facts}, os.urandom(8)), *self._many(conn, what, now)]
            written = self.writer.append(conn, self.writer.day(conn, now, told=True), drafts, now)
        self.writer.committed()
        return str(written[0].key)

    def _many(self, conn: Connection, what: str, now: Now) -> list[Draft]:
        """Over 30 looks at persons in ten minutes: the lead is told, once; nothing is blocked. Numbers looked up at the door are free."""
        since = now.wall - LOOKS_MS
        if what not in LOOKS or (seen := audits.count(conn, self._s.journal, LOOKS, since) + 1) <= LOOKS_FREE:
            return []
        self._many_at = now.mono
        if audits.count(conn, self._s.journal, ("lookups_many",), since):
            return []
        return [Draft(Kind.AUDIT, {"what": "lookups_many", "count": seen}, os.urandom(8))]

    @property
    def many_looks(self) -> bool:
        """For ten minutes after too many looks at persons."""
        return self._many_at is not None and self._s.clock.now().mono - self._many_at < LOOKS_MS

    def audited(self, limit: int = 500) -> tuple[audits.Entry, ...]:
        """The audit, newest first; for the lead. Raises KioskError(LEAD_NEEDED | LOCKED)."""
        self.require("lead", "audit")
        with self._s.database.read() as conn:
            return audits.entries(conn, self._s.journal, limit)

    def record(self, kind: Kind, fields: dict[str, Any], after: int = 0) -> Written:
        """One event that is nobody's visit or declaration (a place, a stay). It may come before any day is open: then it goes into the
        nearest campaign day, which stays closed. `after`: ms UTC that its time must follow. Raises KioskError."""
        now = self._s.clock.now()
        if now.wall <= after:
            now = replace(now, wall=after + 1)
        with self.writer.writing() as conn:
            day = register.open_day(conn) or register.nearest_day(self._me, max(now.wall, self.writer.floor))
            written = self.writer.append(conn, day, [Draft(kind, fields, os.urandom(8))], now)
        self.writer.committed()
        return written[-1]

    def tell(self) -> bool:
        """Writes what sign-in, hand-over and lock have to tell. False: it could not be written now and goes with the next event."""
        return self.writer.tell()

    def begin_day(self, event_day: str, reason: str = "") -> str:
        """Opens a working day; the lead, unless it is the one the clocks agree on. A closed day opens again for the lead with a `reason`.
        Returns today by the clocks where another day was opened ("2021-05-22"), else "".

        Raises KioskError(NOT_A_DATE | DAY_UNKNOWN | DAY_CLOSED | DAY_PURGED | LEAD_NEEDED).
        """
        now = self._s.clock.now()
        _date(event_day)
        with self._s.database.read() as conn:
            again = register.is_closed(conn, event_day)
            if register.is_purged(conn, event_day):
                raise KioskError(Code.DAY_PURGED, day=event_day[:20])
        if again and not reason.strip():
            raise KioskError(Code.DAY_CLOSED, day=event_day[:20])
        if again or event_day != self.likely_day():
            self.require("lead", "day")
        said = {"what": "reopened", "reason": text.clean_or_empty(reason, 200)} if again else {"what": "opened"}
        with self.writer.writing() as conn:
            register.begin_day(conn, self._me, event_day, now.wall)
            self.writer.append(conn, event_day, [Draft(Kind.DAY, said, os.urandom(8))], now)
        log.note("day.opened", day=event_day)
        self.writer.committed()
        return self._another_day(event_day)

    def close_day(self, event_day: str, said: Mapping[str, Any]) -> str:
        """The lead closes the open day. `said`: the totals as signed, kept in the event. Returns its key.

        Raises KioskError(NO_DAY | LEAD_NEEDED).
        """
        now = self._s.clock.now()
        lead = self.require("lead", "close")
        with self.writer.writing() as conn:
            if register.open_day(conn) != event_day:
                raise KioskError(Code.NO_DAY, day=event_day[:20])
            fields = {"what": "closed", "by": lead.id if lead else "-", **said}
            written = self.writer.append(conn, event_day, [Draft(Kind.DAY, fields, os.urandom(8))], now)
            register.close_day(conn, event_day, now.wall)
        self.writer.committed()
        return str(written[-1].key)

    def _another_day(self, event_day: str) -> str:
        today = self.likely_day() or local(max(self.writer.floor, self._s.clock.now().wall)).date().isoformat()
        return "" if today == event_day else today

    def left_open(self) -> bool:
        """True while a day is open that is certainly over: the floor clock stands on a later campaign day, or on a later date."""
        day = self.day()
        latest = max(self.writer.floor, min(self._s.clock.now().wall, register.ceiling(self._me)))
        return day is not None and day < local(latest).date().isoformat()

    def paper(self, number: int, at: int, said: Declaration) -> Verdict:
        """A paper form keyed in: its number (G017) and the time on it. Once only, whoever keys it: the deed is made of number and day.

        Raises KioskError(BAD_INPUT | PAPER_ONCE | NO_DAY).
        """
        now = self._s.clock.now()
        day = self.day() or self.likely_day()
        if day is None:
            raise KioskError(Code.NO_DAY)
        if not 1 <= number <= papernumber.LAST or local(at).date().isoformat() != day or at > now.wall + CLOCK_BACK_MS:
            raise KioskError(Code.BAD_INPUT, value=f"G{number:03d} {local(at):%H:%M}", allowed="G001-G9999, 00:00-now")
        deed = projections.subject_hash(self._me.station_key, f"paper:{day}:{number}")[:8]
        with self._s.database.read() as conn:
            if self._s.journal.by_deed(conn, deed):
                raise KioskError(Code.PAPER_ONCE, paper=f"G{number:03d}")

        def act(bench: Bench) -> Done:
            known = self._known(bench.conn, tuple(s for s in form.subjects(said.fields) if s.startswith("id:")), bench.day)
            drafts, judged = self._desk.declare(replace(bench, at=at), said, known, 0, "", paper=True)
            drafts = [replace(d, fields={**d.fields, "paper": f"G{number:03d}", "paper_at": at}) for d in drafts]
            drafts = [replace(d, fields={**d.fields, "source": "paper"}) if d.kind is Kind.VISIT else d for d in drafts]
            return drafts, judged

        return self._act(act, deed)

    def likely_day(self) -> str | None:
        with self._s.database.read() as conn:
            return register.likely_day(conn, self._me, self._s.clock.now().wall)

    def clock_is_back(self) -> bool:
        """True while the machine's clock shows a time that has certainly passed (set back a day, booted in 2010)."""
        return self._s.clock.now().wall < self.writer.floor - CLOCK_BACK_MS

    # -- how ------------------------------------------------------------------------------------------------------

    def _moment(self, now: Now, shown: Pass) -> int:
        """The time to judge at. A clock behind the floor is wrong: then a signed pass's own time is better evidence than it."""
        return now.wall if now.wall >= self.writer.floor else max(self.writer.floor, shown.declared_at or 0)

    def _placed(self, shown: Pass) -> Pass:
        """A poster of ours: whose, and whether it still stands. Only a reason to show; nobody waits for a database that is away."""
        if "mac" not in shown.fields:
            return shown
        with contextlib.suppress(KioskError), self._s.database.read() as conn:
            known = places.get(conn, self._me.kiosk, self._me.station, shown.fields["place"])
            return replace(shown, reason=places.reason(known, shown.fields["mac"]))
        return shown

    def _known(self, conn: Connection, subjects: tuple[str, ...], day: str) -> Known:
        """Who this is. Nothing was declared here before the enrolment: a clock that said so (2010) does not make it out of date."""
        known = register.find(conn, subjects, day, self._me.station_key)
        if known.entered_event:
            known = replace(known, entered_event=f"{self._me.kiosk}:{known.entered_event}")
        if known.declared_at is None or known.elsewhere:
            return known
        at, own = known.declared_at, f"{self._me.kiosk}:{known.declaration}"
        if at < self._me.enrolled_at and local(at).date().isoformat() != day:  # of this very day: a paper form that was keyed in later
            at = self._me.enrolled_at
        return replace(known, declared_at=at, declaration=own)

    def _draft(self, bench: Bench, shown: Pass, judged: Verdict) -> tuple[Draft, Verdict]:
        if judged.arrival:
            return self._desk.visit(bench, judged, shown.kind.value, judged.since, shown.subjects)
        fields = {"verdict": judged.act.value, "code": shown.kind.value, "reason": judged.reason}
        fields |= {"other": judged.other} if judged.other else {}
        return Draft(Kind.SIGHTING, fields, bench.deed), judged

    def _bench(self, conn: Connection, day: str, now: Now, deed: bytes) -> Bench:
        return Bench(conn, day, now.wall, deed, self.writer.campaign(day).policy, self.place)

    def _act(self, work: Callable[[Bench], Done], deed: bytes | None, kind: Code_ = Code_.OTHER) -> Verdict:
        """One act of the table in one transaction."""
        now, name = self._s.clock.now(), deed or os.urandom(8)
        said: list[Verdict] = []

        def act(conn: Connection, day: str) -> list[Draft]:
            drafts, judged = work(self._bench(conn, day, now, name))
            said[:] = [judged]
            return drafts

        return self.writer.write(act, said, name, now, kind)

def _key(event: str) -> Key:
    """Raises KioskError(EVENT_UNKNOWN)."""
    try:
        return Key.parse(event)
    except ValueError:
        raise KioskError(Code.EVENT_UNKNOWN, event=event[:60]) from None


def _date(day: str) -> None:
    """Raises KioskError(NOT_A_DATE)."""
    try:
        fits = date.fromisoformat(day).isoformat() == day
    except ValueError:
        fits = False
    if not fits:
        raise KioskError(Code.NOT_A_DATE, value=day[:20])


def _ticket(number: int) -> None:
    """Raises KioskError(BAD_INPUT)."""
    if not 0 <= number < 1_000_000_000:
        raise KioskError(Code.BAD_INPUT, value=str(number)[:20], allowed="1-999999999")
