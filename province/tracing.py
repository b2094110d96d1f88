"""Contact tracing (letter 63/CV-BCĐ, annex 1: what the codes are for). From one person to everybody who was there at the same time.

Two steps, both bounded by days: where was the case, then who was at those stations in those minutes. A one-statement self-join of the
same took a hundred times as long. For the opener alone: hashes of people need the days' keys. Pure but for its reading of rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from kiosk.domain.events import Key
from province import question, tables, tables_known, webrecords
from province.reader import NoKey, Reader

VISIT, LEAVE, STAY, EPOCH = (tables.table(m) for m in (tables.Visit, tables.Leave, tables.Stay, tables.Epoch))
KNOWN = tables.table(tables_known.Known)
MINUTE = 60_000
LONGEST_STAY = 24 * 60 * MINUTE  # somebody who never signed out is taken to have left after a day at most
ROUNDS, MOST_NAMES = 5, 200


class Spell(NamedTuple):
    """A stretch of time of somebody at a station. Times ms UTC; `left` is the policy's stay after `entered` where no exit was recorded.
    `who`: (day, hash of a person) or, of a visit that names nobody, its key; officers: ("officer", id)."""

    station: str
    day: str
    place: str
    entered: int
    left: int
    exact: bool
    who: tuple[str, str]
    source: str
    person: str
    key: Key = Key("", "", 0)


@dataclass(frozen=True)
class Question:
    """`subjects`: "id:…", "phone:…" or "hu1:…"; `days`: ISO, the window; `margin_ms`: how far apart two may have been in time and still
    count; `stay_ms`: the policy's stay where nobody recorded an exit."""

    subjects: tuple[str, ...]
    days: tuple[str, ...]
    margin_ms: int
    stay_ms: int


@dataclass
class Contact:
    """Somebody who was there. `together_ms`: time in the same place, spells of one person united; `first`, `last`: of the meeting."""

    who: tuple[str, str]
    person: str
    together_ms: int = 0
    first: int = 0
    last: int = 0
    spells: list[Spell] = field(default_factory=list)


@dataclass
class Found:
    """`names`: every look-up name of the case that was found; `spells`: where the case was; `contacts`: longest together first."""

    names: tuple[str, ...]
    spells: list[Spell]
    contacts: list[Contact]


def names_of(conn: Connection, reader: Reader, subjects: Iterable[str]) -> tuple[str, ...]:
    """All names of a person, from any one: declarations known under a name are opened and name more (number, own phone, pass).

    A relative's phone never leads on: declaration.subjects leaves it out.
    """
    names = dict.fromkeys(subjects)
    fresh = list(names)
    for _ in range(ROUNDS):
        hashes = [question.hashed(reader.known_key, name) for name in fresh]
        fresh = []
        for row in conn.execute(select(KNOWN).where(KNOWN.c.subject.in_(hashes))).all() if hashes else ():
            for name in subjects_of(conn, reader, row.station_id, Key(row.kiosk_id, row.epoch, row.seq), row.event_day):
                if name not in names and len(names) < MOST_NAMES:
                    names[name] = None
                    fresh += [] if name.startswith("phone:") else [name]  # one that a family shares must not lead to the others
    return tuple(names)


def subjects_of(conn: Connection, reader: Reader, station: str, key: Key, day: str) -> tuple[str, ...]:
    """The names in a declaration's body; () if it cannot be opened now."""
    return tuple(str(name) for name in fields_of(conn, reader, station, key, day).get("subjects", ()))


def fields_of(conn: Connection, reader: Reader, station: str, key: Key, day: str) -> dict[str, Any]:
    """The fields of a declaration or a visit, opened for this request; {} if it cannot be opened."""
    try:
        if key.kiosk == webrecords.WEB:
            fact = webrecords.fetch(conn, reader, station, day, key.epoch)
        else:
            found = reader.fetch(conn, station, key)
            fact = found[0] if found else None
    except NoKey:
        return {}
    return {} if fact is None else dict(fact.body.fields)


def spells_of(conn: Connection, reader: Reader, names: Sequence[str], asked: Question) -> list[Spell]:
    """Where a person was, day by day."""
    out: list[Spell] = []
    for day in asked.days:
        try:
            hashes = [h for h in (reader.subject_hash(day, (name,)) for name in names) if h is not None]
        except NoKey:
            continue
        c = VISIT.c
        rows = conn.execute(select(VISIT).where(c.subject_hash.in_(hashes), c.event_day == day, ~c.voided)).all()
        for station in sorted({row.station_id for row in rows}):
            here = [row for row in rows if row.station_id == station]
            out += _spells(conn, station, day, here, asked.stay_ms)
    return sorted(out, key=lambda spell: (spell.entered, spell.station))


def _spells(conn: Connection, station: str, day: str, rows: Sequence[Any], stay_ms: int) -> list[Spell]:
    exits = _exits(conn, station, day)
    return [_spell(row, exits, stay_ms) for row in rows]


def _exits(conn: Connection, station: str, day: str) -> dict[bytes | int, list[int]]:
    """Exits that another kiosk recorded by name or ticket: name's hash or ticket -> times."""
    out: dict[bytes | int, list[int]] = defaultdict(list)
    c = LEAVE.c
    for row in conn.execute(select(LEAVE).where(c.station_id == station, c.event_day == day, ~c.voided, ~c.known)):
        for name in (row.subject_hash, row.ticket):
            if name:
                out[name].append(row.at)
    return out


def _spell(r: Any, exits: dict[bytes | int, list[int]], stay_ms: int) -> Spell:
    left = r.left_at
    if left is None:
        later = [at for name in (r.subject_hash, r.ticket) if name for at in exits.get(name, ()) if at >= r.entered_at]
        left = min(later, default=None)
    exact = left is not None
    end = min(left, r.entered_at + LONGEST_STAY) if left is not None else r.entered_at + stay_ms
    key = Key(r.kiosk_id, r.epoch, r.seq)
    who = (r.event_day, r.subject_hash.hex()) if r.subject_hash else (r.kiosk_id, f"{r.epoch}:{r.seq}")
    return Spell(r.station_id, r.event_day, r.place, r.entered_at, max(end, r.entered_at), exact, who, r.source, r.person, key)


def meets(a: Spell, b: Spell, margin_ms: int) -> bool:
    """True if the gap between two spells is at most the margin: exactly the margin still meets."""
    return min(a.left, b.left) - max(a.entered, b.entered) >= -margin_ms


def around(conn: Connection, case: Sequence[Spell], asked: Question) -> list[Contact]:
    """Everybody whose spells meet one of the case's, ranked by time together, officers too."""
    own = {spell.who for spell in case}
    met: dict[tuple[str, str], Contact] = {}
    pieces: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for station, day in sorted({(spell.station, near) for spell in case for near in _near(spell.day)}):
        mine = [spell for spell in case if spell.station == station]
        first, last = min(s.entered for s in mine) - asked.margin_ms - LONGEST_STAY, max(s.left for s in mine) + asked.margin_ms
        c = VISIT.c
        bounded = (c.station_id == station, c.event_day == day, c.entered_at.between(first, last), ~c.voided)
        there = _spells(conn, station, day, conn.execute(select(VISIT).where(*bounded)).all(), asked.stay_ms)
        for spell in [*there, *_officers(conn, station, day, last)]:
            if spell.who in own:
                continue
            for piece in [_overlap(spell, m) for m in mine if meets(spell, m, asked.margin_ms)]:
                contact = met.setdefault(spell.who, Contact(spell.who, spell.person))
                if spell not in contact.spells:
                    contact.spells.append(spell)
                pieces[spell.who].append(piece)
    for who, contact in met.items():
        contact.together_ms = _united(pieces[who])
        contact.first, contact.last = min(a for a, _ in pieces[who]), max(b for _, b in pieces[who])
    return sorted(met.values(), key=lambda contact: (-contact.together_ms, contact.first, contact.who))


def _near(day: str) -> tuple[str, ...]:
    """A working day and its neighbours: a spell may go past midnight."""
    here = date.fromisoformat(day)
    return tuple((here + timedelta(days=n)).isoformat() for n in (-1, 0, 1))


def _overlap(a: Spell, b: Spell) -> tuple[int, int]:
    """The time together; of two who missed each other within the margin, the moment between them, no longer than nothing."""
    start, end = max(a.entered, b.entered), min(a.left, b.left)
    return (start, end) if end >= start else (end, end)


def _united(pieces: Iterable[tuple[int, int]]) -> int:
    total, until = 0, -(1 << 62)
    for start, end in sorted(pieces):
        total += max(0, end - max(start, until))
        until = max(until, end)
    return total


def _officers(conn: Connection, station: str, day: str, last: int) -> list[Spell]:
    """Officers' stays: begin and end by kiosk and officer; one that was not ended goes on until the last moment that matters."""
    c = STAY.c
    rows = conn.execute(select(STAY).where(c.station_id == station, c.event_day == day).order_by(c.at, c.seq)).all()
    begun: dict[tuple[str, str], int] = {}
    out: list[Spell] = []

    def add(officer: str, since: int, until: int, exact: bool) -> None:
        out.append(Spell(station, day, "", since, until, exact, ("officer", officer), "stay", "officer"))

    for row in rows:
        at = (row.kiosk_id, row.officer)
        if row.what == "begin":
            begun.setdefault(at, row.at)
        elif at in begun:
            add(row.officer, begun.pop(at), row.at, True)
    for (_, officer), since in begun.items():
        add(officer, since, max(since, min(last, since + LONGEST_STAY)), False)
    return out


def trace(conn: Connection, reader: Reader, asked: Question) -> Found:
    """The whole question. Raises nothing: a day without its key has no answer and no rows."""
    names = names_of(conn, reader, asked.subjects)
    case = spells_of(conn, reader, names, asked)
    return Found(names, case, around(conn, case, asked) if case else [])
