"""Tra cứu: who is this, what was declared, what does the province know. By number at the door it is free; by name it is recorded.

Numbers and names come back masked; the particulars of a declaration are opened one at a time, with a reason, into the journal. What the
province answered is kept with its age. No Qt; the network is behind a port, never on the scan path.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from kiosk.domain import identity, query, verdict
from kiosk.domain.events import Key
from kiosk.domain.passes.model import Kind, Pass, Reading
from kiosk.domain.query import Query
from kiosk.domain.text import BadText
from kiosk.domain.verdict import Act, Known
from kiosk.errors import Code, KioskError
from kiosk.ports import Clock
from kiosk.station import Station
from kiosk.store import conflicts, register, search, told
from kiosk.store.conflicts import Conflict
from kiosk.store.engine import Connection, Database
from kiosk.store.journal import Identity
from kiosk.store.search import Found
from kiosk.store.told import Told

__all__ = ["REASONS", "Answer", "Conflict", "Details", "Earlier", "Hit", "LookUps", "Province"]

REASONS = ("at_the_door", "paper_differs", "correction", "health_desk", "other")  # why somebody is looked up; stable words
NO_PERSON = verdict.Person()


class Province(Protocol):
    """The online question. Raises KioskError(OFFLINE | TLS | PORTAL | SERVER_*) within about three seconds."""

    def ask(self, subject: str) -> Told: ...


class Hit(msgspec.Struct, frozen=True):
    """One person. `event`: the declaration's key; `verdict`: what a scan would say now; `name` is whole: the list masks it unless a name
    was searched for. Times in ms UTC."""

    event: str
    name: str
    id_masked: str
    phone_masked: str
    gender: str
    birth_year: str
    ward: str
    declared_at: int
    verdict: Act
    score: float
    like: bool

    @property
    def short_name(self) -> str:
        return verdict.short_name(self.name)


class Answer(msgspec.Struct, frozen=True):
    """`told`: what the province said earlier of the same number; `subjects`: what may be asked of it."""

    by_number: bool
    hits: tuple[Hit, ...] = ()
    told: Told | None = None
    subjects: tuple[str, ...] = ()
    person: verdict.Person = NO_PERSON


class Earlier(msgspec.Struct, frozen=True):
    """An earlier declaration of the same person."""

    event: str
    at: int
    mode: str
    desk: bool


class Details(msgspec.Struct, frozen=True):
    """A declaration as it stands: form.yaml's keys. Personal: shown once, never logged."""

    event: str
    declared_at: int
    mode: str
    desk: bool
    fields: Mapping[str, Any]
    earlier: tuple[Earlier, ...] = ()

    def __repr__(self) -> str:
        return f"Details({self.event!r})"

    @property
    def symptoms(self) -> bool:
        """True if any question was answered Có."""
        return any(answer for key in ("exposures", "symptoms") for answer in (self.fields.get(key) or {}).values())


class LookUps:
    """Safe for threads: reads are snapshots, the records go through the station."""

    def __init__(self, database: Database, me: Identity, station: Station, clock: Clock, province: Callable[[], Province]) -> None:
        self._database, self._me, self._station, self._clock, self._province = database, me, station, clock, province

    def find(self, typed: str, reason: str = REASONS[0]) -> Answer:
        """People known here: by number, or by name (which is recorded with its reason before anything is shown).

        Raises KioskError: BAD_INPUT for what is no question; NO_DAY when a name search cannot be recorded.
        """
        _allowed(reason)
        try:
            asked = query.parse(typed)
        except BadText as bad:
            raise KioskError(Code.BAD_INPUT, value="look-up", allowed="name, number, phone", why=bad.reason) from bad
        if asked.by_number:
            return self._of_subjects(asked.subjects)
        return self._of_name(asked, reason)

    def of_code(self, raw: bytes) -> Answer:
        """Kiểm tra by code (letter, annex 2.5B): the declarations of whoever a code names. Raises KioskError(BAD_INPUT)."""
        said = self._station.read(raw)
        if not said.subjects or said.reading in (Reading.REJECT, Reading.BAD_SIGNATURE):
            raise KioskError(Code.BAD_INPUT, value="code", allowed="hu1, cccd, bhyt …", why=said.reason or said.kind.value)
        return self._of_subjects(said.subjects, verdict.person_of(said, verdict.NOBODY))

    def of(self, subjects: tuple[str, ...]) -> Answer:
        """The declarations of whoever a code that was just scanned named. Raises KioskError."""
        return self._of_subjects(subjects)

    def details(self, event: str, reason: str) -> Details:
        """The whole declaration, with its reason in the journal first. Raises KioskError: EVENT_UNKNOWN, BAD_INPUT, the store's own."""
        _allowed(reason)
        key = _key(event)
        with self._database.read() as conn:
            row = search.declaration(conn, key.epoch, key.seq) if key.kiosk == self._me.kiosk else None
            earlier = self._earlier(conn, row) if row is not None else ()
        if row is None:
            raise KioskError(Code.EVENT_UNKNOWN, event=event[:60])
        self._station.audit("details_opened", reason=reason, target=str(key))
        return Details(str(key), row.declared_at, row.mode, row.desk, msgspec.json.decode(row.fields), earlier)

    def similar(self, fields: Mapping[str, Any]) -> tuple[Hit, ...]:
        """Who may be the person of a form that is being filled in: to be shown before "a new person". Raises KioskError."""
        try:
            with self._database.read() as conn:
                day, now = register.open_day(conn) or "", self._clock.now().wall
                return tuple(self._hit(conn, one, day, now) for one in search.similar(conn, fields))
        except BadText:
            return ()

    def conflicts(self) -> list[Conflict]:
        """The same person or code twice on the open day: both events. Raises KioskError."""
        with self._database.read() as conn:
            day = register.open_day(conn)
            return conflicts.listed(conn, self._me.kiosk, day) if day else []

    def ask_province(self, subjects: tuple[str, ...]) -> Told:
        """Có / chưa có, when, and the next step, from the province; kept here with its time. On the slow lane only. Raises KioskError."""
        if not subjects:
            raise KioskError(Code.BAD_INPUT, value="look-up", allowed="number")
        self._station.allow("ask_province")
        said = self._province().ask(subjects[0])
        with self._database.write() as conn:
            told.keep(conn, self._me.station_key, subjects[0], said)
        return said

    # -- how ------------------------------------------------------------------------------------------------------

    def _of_subjects(self, subjects: tuple[str, ...], person: verdict.Person = NO_PERSON) -> Answer:
        with self._database.read() as conn:
            day, now = register.open_day(conn) or "", self._clock.now().wall
            found = search.by_subject(conn, self._me.station_key, subjects)
            hits = tuple(self._hit(conn, one, day, now) for one in found)
            earlier = told.find(conn, self._me.station_key, subjects)
        return Answer(True, hits, earlier, subjects, person)

    def _of_name(self, asked: Query, reason: str) -> Answer:
        self._station.allow("name_search")
        with self._database.read() as conn:
            day, now = register.open_day(conn) or "", self._clock.now().wall
            hits = tuple(self._hit(conn, one, day, now) for one in search.by_name(conn, asked))
        self._station.audit("name_search", reason=reason, count=len(hits))
        return Answer(False, hits)

    def _hit(self, conn: Connection, one: Found, day: str, now: int) -> Hit:
        p, fields = one.person, search.declaration(conn, *one.place)
        home = msgspec.json.decode(fields.fields).get("current") if fields is not None else None
        return Hit(
            str(Key(self._me.kiosk, *one.place)),
            p.full_name,
            identity.mask_id(p.id_number or p.old_id),
            identity.mask_phone(p.phone),
            p.gender,
            p.birth_date[:4],
            str(home.get("ward", "")) if isinstance(home, dict) else "",
            one.declared_at,
            self._verdict(conn, one, day, now),
            round(one.score, 3),
            one.like,
        )

    def _verdict(self, conn: Connection, one: Found, day: str, now: int) -> Act:
        """What a scan of this person's card would say now."""
        p = one.person
        subjects = tuple(f"id:{number}" for number in (p.id_number, p.old_id) if number)
        known = register.find(conn, subjects, day, self._me.station_key) if day and subjects else Known()
        if known.declared_at is None and known.entered_at is None:
            known = Known(declared_at=one.declared_at, health_desk=one.desk)
        shown = Pass(Kind.BARE_ID, Reading.READ_UNSIGNED)
        return verdict.judge(shown, known, self._station.policy, now).act

    def _earlier(self, conn: Connection, row: search.Declared) -> tuple[Earlier, ...]:
        p = msgspec.json.decode(row.fields, type=search.Particulars)
        subjects = tuple(f"id:{number}" for number in (p.id_number, p.old_id) if number)
        others = search.all_of(conn, self._me.station_key, subjects)
        return tuple(
            Earlier(str(Key(self._me.kiosk, *one.place)), one.declared_at, one.mode, one.desk) for one in others if one.place != row.place
        )


def _allowed(reason: str) -> None:
    if reason not in REASONS:
        raise KioskError(Code.BAD_INPUT, value=reason[:40], allowed=", ".join(REASONS))


def _key(event: str) -> Key:
    try:
        return Key.parse(event)
    except ValueError:
        raise KioskError(Code.EVENT_UNKNOWN, event=event[:60]) from None
