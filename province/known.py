"""Known declarations as hashes: what a station's kiosks may know of people who declared elsewhere (decision 0020). For the opener alone.

A person's row is keyed by an HMAC under each station's key and says when, and whether the rules led to the health desk; nothing else.
"""

import hmac
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, or_, select

from kiosk.domain.feed import ArrivalRow, EnteredRow, FeedKind, PersonRow, station_scope
from kiosk.domain.projection import Declaration, Visit
from province import feed, tables, tables_web
from province.feed import CHUNK, Entry
from province.reader import Reader

STATION, EPOCH, DECLARATION = tables.table(tables.Station), tables.table(tables.Epoch), tables.table(tables.Declaration)
RECORD = tables.table(tables_web.WebRecord)
ROW = feed.ROW


class _Said(NamedTuple):
    subjects: tuple[str, ...]
    row: PersonRow
    void: bool


class _Entered(NamedTuple):
    subjects: tuple[str, ...]
    row: EnteredRow
    void: bool


class People:
    """Gathers the declarations of one transaction, then publishes them scope by scope. `only`: to this one station."""

    def __init__(self, conn: Connection, reader: Reader, only: str = "") -> None:
        self._conn, self._reader, self._only = conn, reader, only
        self._by_station: dict[str, list[_Said]] = defaultdict(list)
        self._by_commune: dict[str, list[_Said]] = defaultdict(list)
        self._entered: dict[str, list[_Entered]] = defaultdict(list)

    def add(self, station: str, row: Declaration) -> None:
        """A declaration made at `station`; it is also known at the stations of the commune where the person lives now."""
        said = _Said(row.subjects, PersonRow(row.at, row.desk), row.voided)
        if not said.subjects:
            return
        self._by_station[station].append(said)
        home = row.fields.get("current") or row.fields.get("permanent")
        commune = home.get("ward_code") if isinstance(home, dict) else None
        if isinstance(commune, str) and commune:
            self._by_commune[commune].append(said)

    def add_visit(self, station: str, row: Visit) -> None:
        """An arrival counted at `station`: every station of its commune hears of it, to know a person who comes twice."""
        if row.subjects:
            self._entered[station].append(_Entered(row.subjects, EnteredRow(row.at, station, str(row.key)), row.voided))

    def publish(self, now: int) -> int:
        """Writes what is news; returns how many rows. Scopes in alphabetical order, so that two writers never wait for each other."""
        if not (self._by_station or self._entered):
            return 0
        c = STATION.c
        communes = dict(self._conn.execute(select(c.station_id, c.commune).where(c.station_id.in_(list(self._entered)))).all())
        wanted = or_(c.station_id.in_(list(self._by_station)), c.commune.in_([*self._by_commune, *communes.values()]))
        wanted = wanted if not self._only else wanted & (c.station_id == self._only)
        written = 0
        for station in self._conn.execute(select(STATION).where(wanted).order_by(c.station_id)).all():
            key = self._reader.station_key(station.station_id, station.key)
            if key is None:
                continue
            told = [*self._by_station.get(station.station_id, ()), *self._by_commune.get(station.commune, ())]
            scope = station_scope(station.station_id)
            entries = list(_news(self._conn, scope, _hashed(key, told)))
            came = [one for at, every in self._entered.items() if communes.get(at) == station.commune for one in every]
            entries += _arrivals(key, came)
            if entries:
                feed.publish_all(self._conn, scope, entries, now)
                written += len(entries)
        return written


def _arrivals(key: bytes, came: list[_Entered]) -> list[Entry]:
    """One row a person, station and kiosk; a voided arrival is taken back."""
    out: dict[str, Entry] = {}
    for one in came:
        kiosk = one.row.event.partition(":")[0]
        for subject in one.subjects:
            name = f"{hmac.digest(key, subject.encode(), sha256)[:16].hex()}:{one.row.station}:{kiosk}"
            out[name] = Entry(FeedKind.ENTERED, name, None if one.void else one.row)
    return list(out.values())


def _hashed(key: bytes, told: list[_Said]) -> dict[str, tuple[PersonRow, bool]]:
    """Hash -> (the newest declaration under it, was it voided)."""
    out: dict[str, tuple[PersonRow, bool]] = {}
    for said in told:
        for subject in said.subjects:
            digest = hmac.digest(key, subject.encode(), sha256)[:16].hex()
            if digest not in out or said.row.declared_at >= out[digest][0].declared_at:
                out[digest] = (said.row, said.void)
    return out


def _news(conn: Connection, scope: str, said: Mapping[str, tuple[PersonRow, bool]]) -> Iterator[Entry]:
    """What differs from the rows that stand: a newer declaration, a corrected one, or one that was voided."""
    held: dict[str, PersonRow] = {}
    keys = list(said)
    for i in range(0, len(keys), CHUNK):
        here = (ROW.c.scope == scope, ROW.c.kind == FeedKind.PERSON.value, ROW.c.key.in_(keys[i : i + CHUNK]))
        found = conn.execute(select(ROW.c.key, ROW.c.body).where(*here))
        held |= {row.key: msgspec.msgpack.decode(row.body, type=PersonRow) for row in found if row.body}
    for key, (row, void) in said.items():
        old = held.get(key)
        if void:
            if old is not None and old.declared_at == row.declared_at:
                yield Entry(FeedKind.PERSON, key, None)
        elif old is None or row.declared_at > old.declared_at or (row.declared_at == old.declared_at and row != old):
            yield Entry(FeedKind.PERSON, key, row)


def expire(conn: Connection, before: int, now: int) -> int:
    """Withdraws people's rows and arrivals from before `before` (ms UTC); returns how many. Retention and the opener call it."""
    return _withdraw(conn, lambda body: (body.declared_at if isinstance(body, PersonRow) else body.at) < before, now)


def withdraw_day(conn: Connection, day: str, now: int) -> int:
    """Withdraws what a day's own declarations, visits and posters told, whenever that was; returns how many. To be called while the day's
    rows are there."""
    declared = set(conn.execute(select(DECLARATION.c.declared_at).where(DECLARATION.c.event_day == day)).scalars())
    records = set(conn.execute(select(RECORD.c.record).where(RECORD.c.event_day == day)).scalars())
    epochs = records | set(conn.execute(select(EPOCH.c.epoch).where(EPOCH.c.event_day == day)).scalars())

    def of_the_day(body: PersonRow | ArrivalRow | EnteredRow) -> bool:
        if isinstance(body, PersonRow):  # says no day; one of another day and the same millisecond goes too, which asks somebody again
            return body.declared_at in declared
        return body.id in records if isinstance(body, ArrivalRow) else body.event.split(":")[1] in epochs

    return _withdraw(conn, of_the_day, now)


def _withdraw(conn: Connection, goes: Callable[[Any], bool], now: int) -> int:
    gone: dict[str, list[Entry]] = defaultdict(list)
    kinds: dict[str, Any] = {
        FeedKind.PERSON.value: PersonRow,
        FeedKind.ARRIVAL.value: ArrivalRow,
        FeedKind.ENTERED.value: EnteredRow,
    }
    for row in conn.execute(select(ROW).where(ROW.c.kind.in_(list(kinds)), ROW.c.body != b"")).all():
        body = msgspec.msgpack.decode(row.body, type=kinds[row.kind])
        if goes(body):
            gone[row.scope].append(Entry(FeedKind(row.kind), row.key, None))
    for scope in sorted(gone):
        feed.publish_all(conn, scope, gone[scope], now)
    return sum(map(len, gone.values()))
