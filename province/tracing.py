"""Contact tracing (letter 63/CV-BCĐ, annex 1: what the codes are for). From one person to everybody who was there at the same time.

Two steps, both bounded by days and a few statements each, however many days there are: where was the case, then who was at those
stations in those minutes. For the opener alone: hashes of people need the days' keys. Pure but for its reading of rows.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, or_, select, union_all

from kiosk.domain.events import Key
from province import question, tables, tables_known, webrecords
from province.reader import NoKey, Reader

VISIT, LEAVE, STAY, EPOCH = (tables.table(m) for m in (tables.Visit, tables.Leave, tables.Stay, tables.Epoch))
KNOWN = tables.table(tables_known.Known)
MINUTE = 60_000
NEVER = 1 << 62  # a time beyond all times, ms
LONGEST_STAY = 24 * 60 * MINUTE  # somebody who never signed out is taken to have left after a day at most
ROUNDS, MOST_NAMES = 5, 200
ARMS = 40  # stretches of time asked for in one statement
NAMED = 400  # exits by name that a statement may list; beyond, the whole day's visits are looked through


Who = tuple[str, str]


class Spell(NamedTuple):
    """A stretch of time of somebody at a station. Times ms UTC; `left` is the policy's stay after `entered` where no exit was recorded.
    `who`: (day, hash of a person) or, of a visit that names nobody, its key; officers: ("officer", id)."""

    station: str
    day: str
    place: str
    entered: int
    left: int
    exact: bool
    who: Who
    source: str
    person: str
    key: Key = Key("", "", 0)


@dataclass(frozen=True)
class Question:
    """`subjects`: "id:…", "phone:…" or "hu1:…", one person each; `days`: ISO, the window; `margin_ms`: how far apart two may have been in
    time and still count; `stay_ms`: the policy's stay where nobody recorded an exit; `left_out`: who is known already (the ring before)."""

    subjects: tuple[str, ...]
    days: tuple[str, ...]
    margin_ms: int
    stay_ms: int
    left_out: tuple[str, ...] = ()


@dataclass
class Contact:
    """Somebody who was there. `together_ms`: time in the same place, spells of one person united; `first`, `last`: of the meeting;
    `met`: which of the question's subjects, by their place in it; `pieces`: (from, to) of each time together."""

    who: Who
    person: str
    together_ms: int = 0
    first: int = 0
    last: int = 0
    spells: list[Spell] = field(default_factory=list)
    met: set[int] = field(default_factory=set)
    pieces: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Found:
    """`names`, `spells`: of each subject, every look-up name that was found and where they were; `contacts`: longest together first."""

    names: list[tuple[str, ...]]
    spells: list[list[Spell]]
    contacts: list[Contact]


class _Arm(NamedTuple):
    """A stretch of time at a station: who was there then? `days`: working days whose visits may reach into it."""

    station: str
    days: tuple[str, ...]
    first: int
    last: int


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


def hashes_of(reader: Reader, names: Iterable[str], days: Iterable[str]) -> dict[str, list[bytes]]:
    """Day -> a person's hashes of that day, under each name. A day without its key has none."""
    names, out = tuple(names), dict[str, list[bytes]]()
    for day in days:
        try:
            out[day] = [h for h in (reader.subject_hash(day, (name,)) for name in names) if h is not None]
        except NoKey:
            continue
    return {day: found for day, found in out.items() if found}


def spells_of(conn: Connection, reader: Reader, names: Sequence[str], asked: Question) -> list[Spell]:
    """Where a person was, in the order of time."""
    c = VISIT.c
    hashes = hashes_of(reader, names, asked.days)
    # one statement, a branch a day: each looks into its own day's partitions only, which an OR over the days does not
    mine = [select(VISIT).where(c.event_day == day, c.subject_hash.in_(found), ~c.voided) for day, found in hashes.items()]
    rows = conn.execute(union_all(*mine)).all() if mine else []
    open_ended = [row for row in rows if row.left_at is None]
    at = {(row.station_id, row.event_day) for row in open_ended}
    exits = _exits(conn, [_Arm(station, (day,), -NEVER, NEVER) for station, day in sorted(at)], open_ended)
    return sorted((_spell(row, exits, asked.stay_ms) for row in rows), key=lambda spell: (spell.entered, spell.station, spell.key))


Exits = dict[tuple[str, str, bytes | int], list[int]]


def _exits(conn: Connection, arms: Sequence[_Arm], of: Sequence[Any] | None = None) -> Exits:
    """Exits that another kiosk recorded by name or ticket: (station, day, name's hash or ticket) -> times. `of`: of these visits alone."""
    out: Exits = defaultdict(list)
    c = LEAVE.c
    for chunk in _chunks(arms):
        where = [or_(*(and_(c.station_id == a.station, c.event_day.in_(a.days), c.at >= a.first) for a in chunk)), ~c.voided, ~c.known]
        if of is not None:
            tickets = {row.ticket for row in of if row.ticket}
            where.append(or_(c.subject_hash.in_([row.subject_hash for row in of if row.subject_hash]), c.ticket.in_(tickets)))
        for row in conn.execute(select(LEAVE).where(*where)):
            for name in (row.subject_hash, row.ticket):
                if name:
                    out[row.station_id, row.event_day, name].append(row.at)
    return out


def _chunks(arms: Sequence[_Arm]) -> Iterator[Sequence[_Arm]]:
    return (arms[start : start + ARMS] for start in range(0, len(arms), ARMS))


def _spell(r: Any, exits: Exits, stay_ms: int) -> Spell:
    left = r.left_at
    if left is None:
        named = [exits.get((r.station_id, r.event_day, name), ()) for name in (r.subject_hash, r.ticket) if name]
        later = [at for times in named for at in times if at >= r.entered_at]
        left = min(later, default=None)
    exact = left is not None
    end = min(left, r.entered_at + LONGEST_STAY) if left is not None else r.entered_at + stay_ms
    key = Key(r.kiosk_id, r.epoch, r.seq)
    who = (r.event_day, r.subject_hash.hex()) if r.subject_hash else (r.kiosk_id, f"{r.epoch}:{r.seq}")
    return Spell(r.station_id, r.event_day, r.place, r.entered_at, max(end, r.entered_at), exact, who, r.source, r.person, key)


def meets(a: Spell, b: Spell, margin_ms: int) -> bool:
    """True if the gap between two spells is at most the margin: exactly the margin still meets."""
    return min(a.left, b.left) - max(a.entered, b.entered) >= -margin_ms


def around(conn: Connection, cases: Sequence[Sequence[Spell]], asked: Question, left_out: Collection[Who] = ()) -> list[Contact]:
    """Everybody whose spells meet one of the cases', ranked by time together, officers too. `cases`: each subject's spells."""
    own = {spell.who for spells in cases for spell in spells} | set(left_out)
    mine: dict[str, list[tuple[int, Spell]]] = defaultdict(list)
    for n, spells in enumerate(cases):
        for spell in spells:
            mine[spell.station].append((n, spell))
    met: dict[Who, Contact] = {}
    for spell in _there(conn, _arms([spell for spells in cases for spell in spells], asked.margin_ms), asked):
        if spell.who in own:
            continue
        found = [(n, _overlap(spell, m)) for n, m in mine[spell.station] if meets(spell, m, asked.margin_ms)]
        if found:
            contact = met.setdefault(spell.who, Contact(spell.who, spell.person))
            contact.spells.append(spell)
            contact.met.update(n for n, _ in found)
            contact.pieces += [piece for _, piece in found]
    return ranked(met.values())


def ranked(contacts: Iterable[Contact]) -> list[Contact]:
    """Longest together first; the times of each are made from its pieces."""
    out = list(contacts)
    for contact in out:
        contact.together_ms = _united(contact.pieces)
        contact.first, contact.last = min(a for a, _ in contact.pieces), max(b for _, b in contact.pieces)
        contact.spells.sort(key=lambda spell: (spell.entered, spell.station))
    return sorted(out, key=lambda contact: (-contact.together_ms, contact.first, contact.who))


def merged(parts: Sequence[Contact]) -> Contact:
    """Several contacts that turned out to be one person."""
    out = Contact(parts[0].who, parts[0].person)
    for part in parts:
        out.spells += part.spells
        out.met |= part.met
        out.pieces += part.pieces
    return out


def _arms(case: Iterable[Spell], margin_ms: int) -> list[_Arm]:
    """One stretch for each of the case's spells, those that touch united."""
    out: list[_Arm] = []
    for spell in sorted(case, key=lambda spell: (spell.station, spell.day, spell.entered)):
        arm = _Arm(spell.station, _near(spell.day), spell.entered - margin_ms, spell.left + margin_ms)
        before = out[-1] if out else None
        if before is not None and before[:2] == arm[:2] and arm.first <= before.last:
            out[-1] = before._replace(last=max(before.last, arm.last))
        else:
            out.append(arm)
    return out


def _there(conn: Connection, arms: Sequence[_Arm], asked: Question) -> Iterator[Spell]:
    """Every spell, once, that may reach into one of the stretches."""
    seen: set[Key] = set()
    exits = _exits(conn, [arm._replace(first=arm.first - asked.stay_ms) for arm in arms])
    for chunk in _chunks(arms):
        for row in conn.execute(select(VISIT).where(or_(*(_during(arm, exits, asked) for arm in chunk)), ~VISIT.c.voided)):
            spell = _spell(row, exits, asked.stay_ms)
            if spell.key not in seen:
                seen.add(spell.key)
                yield spell
    yield from _officers(conn, arms)


def _during(arm: _Arm, exits: Exits, asked: Question) -> Any:
    """A visit's row that may reach into a stretch: by its own exit, by the policy's stay, or by an exit that another kiosk recorded."""
    c = VISIT.c
    until = func.coalesce(c.left_at, c.entered_at + asked.stay_ms)
    here = ((day, name, max(times)) for (station, day, name), times in exits.items() if station == arm.station)
    named = [name for day, name, at in here if day in arm.days and at >= arm.first]
    there: Any = until >= arm.first
    if len(named) > NAMED:
        there = or_(there, c.left_at.is_(None))
    elif named:
        hashes, tickets = [n for n in named if isinstance(n, bytes)], [n for n in named if isinstance(n, int)]
        there = or_(there, and_(c.left_at.is_(None), or_(c.subject_hash.in_(hashes), c.ticket.in_(tickets))))
    return and_(c.station_id == arm.station, c.event_day.in_(arm.days), c.entered_at.between(arm.first - LONGEST_STAY, arm.last), there)


def _near(day: str) -> tuple[str, ...]:
    """A working day and its neighbours: a spell may go past midnight."""
    here = date.fromisoformat(day)
    return tuple((here + timedelta(days=n)).isoformat() for n in (-1, 0, 1))


def _overlap(a: Spell, b: Spell) -> tuple[int, int]:
    """The time together; of two who missed each other within the margin, the moment between them, no longer than nothing."""
    start, end = max(a.entered, b.entered), min(a.left, b.left)
    return (start, end) if end >= start else (end, end)


def _united(pieces: Iterable[tuple[int, int]]) -> int:
    total, until = 0, -NEVER
    for start, end in sorted(pieces):
        total += max(0, end - max(start, until))
        until = max(until, end)
    return total


def _officers(conn: Connection, arms: Sequence[_Arm]) -> Iterator[Spell]:
    """Officers' stays: begin and end by kiosk and officer; one that was not ended goes on until the last moment that matters."""
    last: dict[tuple[str, str], int] = {}
    for arm in arms:
        for day in arm.days:
            last[arm.station, day] = max(arm.last, last.get((arm.station, day), 0))
    days: dict[str, list[str]] = defaultdict(list)
    for station, day in last:
        days[station].append(day)
    c, begun = STAY.c, dict[tuple[str, str, str, str], int]()
    for chunk in _chunks([_Arm(station, tuple(here), 0, 0) for station, here in days.items()]):
        where = or_(*(and_(c.station_id == arm.station, c.event_day.in_(arm.days)) for arm in chunk))
        for row in conn.execute(select(STAY).where(where).order_by(c.at, c.seq)):
            at = (row.station_id, row.event_day, row.kiosk_id, row.officer)
            if row.what == "begin":
                begun.setdefault(at, row.at)
            elif at in begun:
                yield _stay(at, begun.pop(at), row.at, True)
    for at, since in begun.items():
        yield _stay(at, since, max(since, min(last[at[:2]], since + LONGEST_STAY)), False)


def _stay(at: tuple[str, str, str, str], since: int, until: int, exact: bool) -> Spell:
    return Spell(at[0], at[1], "", since, until, exact, ("officer", at[3]), "stay", "officer", Key(at[2], "", since))


def trace(conn: Connection, reader: Reader, asked: Question) -> Found:
    """The whole question. Raises nothing: a day without its key has no answer and no rows."""
    names = [names_of(conn, reader, (subject,)) for subject in asked.subjects]
    cases = [spells_of(conn, reader, each, asked) for each in names]
    known = hashes_of(reader, names_of(conn, reader, asked.left_out), asked.days) if asked.left_out else {}
    left_out = {(day, h.hex()) for day, hashes in known.items() for h in hashes}
    return Found(names, cases, around(conn, cases, asked, left_out) if any(cases) else [])
