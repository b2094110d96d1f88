"""What a station added late has to hear: who declared or came in before there was a key to hash them under. For the opener alone.

Known people go down as hashes under each station's own key, so nobody but the opener can make a newcomer's. It goes through the rows that
stand, a piece at a time beside its other work, and notes how far it is in the transaction that publishes: killed anywhere it goes on there.
"""

import contextlib
import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Table, delete, select, tuple_, update

from kiosk.crypto import seal
from kiosk.domain.projection import Declaration, Fact, Visit
from province import campaigns, tables, tables_known, webrecords
from province.db import Database
from province.known import People
from province.projector import Projector
from province.reader import Reader

STATION, EPOCH, EVENT = tables.table(tables.Station), tables.table(tables.Epoch), tables.table(tables.Event)
NEWCOMER = tables.table(tables_known.Newcomer)
STAGES: dict[str, Table] = {"declaration": tables.table(tables.Declaration), "visit": tables.table(tables.Visit)}
AFTER = {"declaration": "visit", "visit": ""}
KEY = ("station_id", "event_day", "kiosk_id", "epoch", "seq")
CHUNK = 200  # rows in one transaction


def step(db: Database, reader: Reader, now: int) -> bool:
    """One piece for one newcomer; True if there is more to do. Raises NoKey.

    Rows that the opener writes from now on find the station there and are published to it anyway: to hear twice is to hear once.
    """
    with db.read() as conn:
        new = conn.execute(select(NEWCOMER).order_by(NEWCOMER.c.added_at, NEWCOMER.c.station_id).limit(1)).first()
        if new is None:
            return False
        oldest = campaigns.oldest_known(db, now) or 0
        commune = conn.execute(select(STATION.c.commune).where(STATION.c.station_id == new.station_id)).scalar_one()
        keys = _next(conn, new, commune, oldest)
        found = {run: _facts(conn, reader, run, seqs) for run, seqs in _runs(keys)}
    with db.write() as conn:
        mine = (NEWCOMER.c.station_id == new.station_id, NEWCOMER.c.stage == new.stage, NEWCOMER.c.after == new.after)
        after = json.dumps(keys[-1]) if keys else ""
        stage = new.stage if keys else AFTER[new.stage]
        if stage:
            moved = conn.execute(update(NEWCOMER).where(*mine).values(stage=stage, after=after).returning(NEWCOMER.c.stage)).first()
        else:
            moved = conn.execute(delete(NEWCOMER).where(*mine).returning(NEWCOMER.c.stage)).first()
        if moved is not None:  # else another opener was here
            _tell(conn, reader, new.station_id, found, now)
    return True


def _next(conn: Connection, new: Any, commune: str, oldest: int) -> list[tuple[Any, ...]]:
    """The next keys of rows that stand: declarations of the whole province, since the address is inside; visits of the commune."""
    table = STAGES[new.stage]
    c, key = table.c, [table.c[name] for name in KEY]
    where: list[Any] = [~c.voided, c.subject_hash.is_not(None)]
    if new.stage == "declaration":
        where.append(c.declared_at >= oldest)
    else:
        neighbours = select(STATION.c.station_id).where(STATION.c.commune == commune, STATION.c.station_id != new.station_id)
        where += [c.entered_at >= oldest, c.station_id.in_(neighbours)]
    if new.after:
        where.append(tuple_(*key) > tuple_(*json.loads(new.after)))
    return [tuple(row) for row in conn.execute(select(*key).where(*where).order_by(*key).limit(CHUNK))]


def _runs(keys: Sequence[tuple[Any, ...]]) -> list[tuple[tuple[str, str, str, str], list[int]]]:
    """(station, day, kiosk, epoch) -> seqs."""
    return [(run, [key[4] for key in group]) for run, group in groupby(keys, key=lambda key: key[:4])]


def _facts(conn: Connection, reader: Reader, run: tuple[str, str, str, str], seqs: Sequence[int]) -> list[Fact]:
    station, day, kiosk, epoch = run
    if kiosk == webrecords.WEB:
        fact = webrecords.fetch(conn, reader, station, day, epoch)
        return [] if fact is None else [fact]
    c, e = EPOCH.c, EVENT.c
    opening = conn.execute(select(c.opening).where(c.station_id == station, c.kiosk_id == kiosk, c.epoch == epoch)).scalar_one()
    where = (e.station_id == station, e.event_day == day, e.kiosk_id == kiosk, e.epoch == epoch, e.seq.in_(seqs))
    out: list[Fact] = []
    for row in conn.execute(select(e.seq, e.sealed).where(*where).order_by(e.seq)):
        with contextlib.suppress(seal.Unopenable):  # it was opened when its row was written; a damaged file is not ours to judge here
            out.append(reader.open(reader.room(kiosk, epoch, opening), row.seq, row.sealed))
    return out


def _tell(conn: Connection, reader: Reader, newcomer: str, found: dict[tuple[str, str, str, str], list[Fact]], now: int) -> None:
    people = People(conn, reader, only=newcomer)
    for (station, day, *_), facts in found.items():
        for row in Projector(conn, reader, station, day, now).standing(facts) if facts else ():
            if row.voided:
                continue
            if isinstance(row, Declaration):
                people.add(station, row)
            elif isinstance(row, Visit):
                people.add_visit(station, row)
    people.publish(now)
