"""Opened events -> the province's rows: visits, declarations, links, the day's counts; the shared projection code decides.

Every write here can be done again with the same result, so a step that was killed is simply repeated. No keys of its own.
"""

from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select

from kiosk.domain.events import Key, Kind, kind_word
from kiosk.domain.projection import OF_A_VISIT, ROOTS, Declaration, Defer, Fact, Visit, amends, fits, settle, target_of
from kiosk.domain.projection import Row as Settled
from province import places as places_of
from province import question, tables
from province.db import insert_ignore
from province.known import People
from province.reader import Reader

EPOCH, VISIT, DECLARATION = tables.table(tables.Epoch), tables.table(tables.Visit), tables.table(tables.Declaration)
DEFER, LEAVE, STAY = tables.table(tables.Defer), tables.table(tables.Leave), tables.table(tables.Stay)
TABLES: dict[int, Table] = {Kind.VISIT: VISIT, Kind.DECLARATION: DECLARATION, Kind.DEFER: DEFER, Kind.LEAVE: LEAVE}
LINK, DEED, ROLLUP = tables.table(tables.Link), tables.table(tables.Deed), tables.table(tables.Rollup)
UNKNOWN_DAY = ""
Deed = tuple[int, str]  # kind, name


class Projector:
    """Projects a run of one epoch's facts within one transaction. `day`: the event day of that epoch."""

    def __init__(self, conn: Connection, reader: Reader, station: str, day: str, now: int) -> None:
        self.conn, self.reader, self.station, self.day, self.now = conn, reader, station, day, now
        self.facts: dict[Key, Fact] = {}
        self.days = sorted(set(conn.execute(select(EPOCH.c.event_day).where(EPOCH.c.station_id == station)).scalars()))
        self.touched: set[str] = set()
        self.people = People(conn, reader)

    def run(self, facts: Sequence[Fact]) -> None:
        """An ordinary arrival costs its own row; an amended or repeated one is settled again from all its events."""
        self.facts = {fact.key: fact for fact in facts}
        roots = [fact for fact in facts if fact.body.kind in ROOTS]
        place = {"station_id": self.station, "event_day": self.day}
        insert_ignore(self.conn, DEED, [{**place, "deed": _name(f), **_own(f.key), "kind": int(f.body.kind)} for f in roots])
        again = self._amended([fact for fact in facts if amends(fact.body)])
        places, linked = self._places({_name(f) for f in roots}), self._linked(roots)
        plain: list[Fact] = []
        for fact in roots:
            deed = (int(fact.body.kind), _name(fact))
            if fact.key in linked or len(places[deed]) > 1:
                again |= {deed} | self._upper(fact)
            elif deed not in again:
                plain.append(fact)
        self._store([settle([fact], []) for fact in plain], self.day)
        places |= self._places({name for _, name in again})
        for deed in sorted(again):
            self._again(places[deed])
        self._stays(facts)
        for day in sorted(self.touched):
            self._count(day)
        self.people.publish(self.now)
        if any(fact.body.kind == Kind.PLACE for fact in facts):
            places_of.project(self.conn, self.reader.place_key, self.station, facts, self.now)

    def standing(self, facts: Sequence[Fact]) -> list[Settled]:
        """The rows of roots that were projected before, as they stand now with all that amends them; writes nothing. The facts are of one
        epoch and in its order."""
        self.facts = {fact.key: fact for fact in facts}
        linked, places = self._linked(facts), self._places({_name(f) for f in facts})
        out: list[Settled] = []
        for fact in facts:
            written = places[int(fact.body.kind), _name(fact)]
            alone = fact.key not in linked and len(written) < 2
            row = settle([fact], []) if alone else self._settled(written or {fact.key: self.day})
            if row is not None:
                out.append(row)
        return out

    def _stays(self, facts: Sequence[Fact]) -> None:
        """When officers came to this entrance and left it; a deed counts once however often it was written."""
        stays = {_name(fact): fact for fact in facts if fact.body.kind == Kind.STAY}
        if not stays:
            return
        here = (STAY.c.station_id == self.station, STAY.c.event_day == self.day)
        held = set(self.conn.execute(select(STAY.c.deed).where(*here, STAY.c.deed.in_(sorted(stays)))).scalars())
        rows: list[dict[str, Any]] = []
        for deed, fact in stays.items():
            said = {"officer": _spot(fact.body.officer)[:64], "what": _word(str(fact.body.fields.get("what", ""))), "at": fact.at}
            if deed not in held:
                rows.append({"station_id": self.station, "event_day": self.day, **_own(fact.key), "deed": deed, **said})
        insert_ignore(self.conn, STAY, rows)

    def _amended(self, amendments: Sequence[Fact]) -> set[Deed]:
        """Files links; returns the deeds of those targets that are here. A target that has not come yet waits."""
        rows: list[dict[str, Any]] = []
        deeds: set[Deed] = set()
        for fact in amendments:
            target = target_of(fact.body)
            if target is None or not 1 <= target.seq < 1 << 32 or len(target.kiosk) > 64 or not target.kiosk.isprintable():
                continue
            found = self._fetch(target)
            where = {"station_id": self.station, "event_day": found[1] if found else UNKNOWN_DAY}
            named = {"target_kiosk": target.kiosk, "target_epoch": target.epoch, "target_seq": target.seq}
            rows.append({**where, **named, **_own(fact.key), "relation": kind_word(fact.body.kind)})
            if found and fits(fact.body, found[0].body):
                deeds.add((int(found[0].body.kind), _name(found[0])))
                deeds |= self._upper(found[0])
        insert_ignore(self.conn, LINK, rows)
        return deeds

    def _upper(self, root: Fact) -> set[Deed]:
        """The deed of the visit that a corrected exit or late declaration speaks of."""
        target = target_of(root.body)
        found = self._fetch(target) if target else None
        return {(int(found[0].body.kind), _name(found[0]))} if found and fits(root.body, found[0].body) else set()

    def _places(self, names: set[str]) -> dict[Deed, dict[Key, str]]:
        """Deed -> every root event that wrote it, with its day."""
        out: dict[Deed, dict[Key, str]] = defaultdict(dict)
        c = DEED.c
        where = (c.station_id == self.station, c.event_day.in_(self.days), c.deed.in_(sorted(names)))
        for p in self.conn.execute(select(DEED).where(*where)) if names else ():
            out[p.kind, p.deed][Key(p.kiosk_id, p.epoch, p.seq)] = p.event_day
        return out

    def _linked(self, roots: Sequence[Fact]) -> set[Key]:
        """Those of this epoch's roots that some amendment names."""
        if not roots:
            return set()
        c, first, last = LINK.c, roots[0].key, roots[-1].key
        where = (c.target_kiosk == first.kiosk, c.target_epoch == first.epoch, c.target_seq.between(first.seq, last.seq))
        here = (c.station_id == self.station, c.event_day.in_((self.day, UNKNOWN_DAY)))
        return {Key(first.kiosk, first.epoch, seq) for seq in self.conn.execute(select(c.target_seq).where(*here, *where)).scalars()}

    def _fetch(self, key: Key) -> tuple[Fact, str] | None:
        return (self.facts[key], self.day) if key in self.facts else self.reader.fetch(self.conn, self.station, key)

    def _again(self, places: dict[Key, str]) -> None:
        """The one row of a deed, from every root that wrote it and every amendment that names one of them."""
        row = self._settled(places)
        if row is None:  # its own epoch has not been opened so far; it will find the link
            return
        table = _table(row)
        for key, day in places.items():
            c = table.c
            own = (c.kiosk_id == key.kiosk, c.epoch == key.epoch, c.seq == key.seq)
            self.conn.execute(delete(table).where(c.station_id == self.station, c.event_day == day, *own))
            self.touched.add(day)
        self._store([row], places[row.key])

    def _settled(self, places: dict[Key, str]) -> Settled | None:
        """A deed's row, or None if none of the roots that wrote it is here."""
        roots = [found[0] for key in sorted(places) if (found := self._fetch(key)) is not None]
        return settle(roots, [a for root in roots for a in self._naming(root, places[root.key])]) if roots else None

    def _naming(self, root: Fact, day: str) -> list[Fact]:
        """All that name a root, and the corrections of those."""
        first = [a for a in self._amendments(root.key, day) if fits(a.body, root.body)]
        more = [a for a in first if a.body.kind in OF_A_VISIT]
        return first + [b for a in more for b in self._amendments(a.key, (self._fetch(a.key) or (a, day))[1])]

    def _amendments(self, root: Key, day: str) -> list[Fact]:
        c = LINK.c
        where = (c.target_kiosk == root.kiosk, c.target_epoch == root.epoch, c.target_seq == root.seq)
        links = self.conn.execute(select(LINK).where(c.station_id == self.station, c.event_day.in_((day, UNKNOWN_DAY)), *where)).all()
        found = (self._fetch(key) for key in sorted({Key(link.kiosk_id, link.epoch, link.seq) for link in links}))
        return [each[0] for each in found if each is not None]

    def _store(self, rows: Sequence[Settled], day: str) -> None:
        by_table: dict[Table, list[dict[str, Any]]] = {table: [] for table in TABLES.values()}
        for row in rows:
            place = {"station_id": self.station, "event_day": day, **_own(row.key), "voided": row.voided}
            columns = place | _columns(row) | {"subject_hash": self.reader.subject_hash(day, row.subjects)}
            by_table[_table(row)].append(columns)
            if isinstance(row, Declaration):
                self.people.add(self.station, row)
            if isinstance(row, Visit):
                self.people.add_visit(self.station, row)
            self.touched.add(day)
        for table, found in by_table.items():
            insert_ignore(self.conn, table, found)
        if self.reader.known_key:
            declared = [row for row in rows if isinstance(row, Declaration)]
            question.remember(self.conn, self.reader.known_key, self.station, day, declared)

    def _count(self, day: str) -> None:
        """The day's counts, made again from the rows: nothing to drift. One ticket is one arrival, whichever kiosks named it."""

        def number(table: Table, what: Any, *more: Any) -> int:
            where = (table.c.station_id == self.station, table.c.event_day == day, ~table.c.voided, *more)
            return int(self.conn.execute(select(what).select_from(table).where(*where)).scalar_one())

        self.conn.execute(delete(ROLLUP).where(ROLLUP.c.station_id == self.station, ROLLUP.c.event_day == day))
        ticket, every = VISIT.c.ticket, func.count()
        visits = number(VISIT, every, ticket == 0) + number(VISIT, func.count(ticket.distinct()), ticket > 0)
        counts = {"declarations": number(DECLARATION, every), "desk": number(DECLARATION, every, DECLARATION.c.desk)}
        self.conn.execute(
            ROLLUP.insert(), {"station_id": self.station, "event_day": day, "updated_at": self.now, "visits": visits, **counts}
        )


def _own(key: Key) -> dict[str, Any]:
    return {"kiosk_id": key.kiosk, "epoch": key.epoch, "seq": key.seq}


def _name(fact: Fact) -> str:
    """The deed's name, as 16 hex digits where it is what it should be, else a hash of whatever it is."""
    deed = fact.body.deed
    return deed if len(deed) == 16 and deed.isascii() and deed.isalnum() else sha256(deed.encode()).hexdigest()


def _table(row: Settled) -> Table:
    if isinstance(row, Visit):
        return VISIT
    return DECLARATION if isinstance(row, Declaration) else DEFER if isinstance(row, Defer) else LEAVE


def _columns(row: Settled) -> dict[str, Any]:
    """The minimum the province keeps of a row."""
    ticket = row.ticket if 0 <= row.ticket < 1 << 31 else 0
    if isinstance(row, Declaration):
        return {"declared_at": row.at, "mode": _word(row.mode), "desk": row.desk, "ticket": ticket}
    if isinstance(row, Defer):
        return {"at": row.at, "reason": _word(row.reason), "ticket": ticket, "deed": _word(row.deed)}
    if not isinstance(row, Visit):
        return {"at": row.at, "known": bool(row.target), "ticket": ticket}
    since = row.since if isinstance(row.since, int) and abs(row.since) < 1 << 62 else None
    number = row.number if 0 <= row.number < 1 << 31 else 0
    words = {"source": _word(row.source), "verdict": _word(row.verdict), "person": _word(row.person), "place": _spot(row.place)}
    times = {"entered_at": row.at, "left_at": row.left_at, "declared_at": since}
    return {**times, "number": number, "ticket": ticket, "deed": _word(row.deed), **words}


def _word(text: str) -> str:
    """A stable word of ours; anything else is not copied into the open."""
    return text if len(text) <= 32 and text.isascii() and text.replace("_", "").isalnum() else ""


def _spot(text: str) -> str:
    """A place's id, "TL1-A"."""
    return text if _word(text.replace("-", "_")) else ""
