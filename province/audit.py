"""The audit run: everything that the province shows of a day is made again from what kiosks and people sent, and compared row by row.

Whoever can write to the database can change a row, but not the sealed event that it came from: a visit that was edited, removed or
invented is found here, and so is a changed event (its chain, its seal), a changed opening (the kiosk's signature) and an edited log.
Needs the days' keys, so it runs where the opener does; it works on a copy in a folder of its own and writes nothing.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update

from kiosk.crypto import chain, sign
from province import actlog, retention, storage, tables, tables_known, tables_web
from province.db import Database, insert_ignore
from province.opener import Opener
from province.projector import UNKNOWN_DAY
from province.settings import Home

EPOCH, EVENT, KIOSK = tables.table(tables.Epoch), tables.table(tables.Event), tables.table(tables.Kiosk)
RECORD, WAITING, DAY = tables.table(tables_web.WebRecord), tables.table(tables_web.WebWaiting), tables.table(tables.CampaignDay)
KEY = ("station_id", "event_day", "kiosk_id", "epoch", "seq")
# what is shown -> the columns that the events alone decide
MADE: dict[Table, tuple[str, ...]] = {
    tables.table(model): tuple(c.name for c in tables.table(model).columns if c.name not in but)
    for model, but in (
        (tables.Visit, ()), (tables.Declaration, ()), (tables.Defer, ()), (tables.Leave, ()), (tables.Refusal, ("at",)),
        (tables_known.Known, ()), (tables.Rollup, ("updated_at",)), (tables.Stay, ("kiosk_id", "epoch", "seq")),
    )
}  # fmt: skip
BESIDE = (tables.table(tables.Deed), tables.table(tables.Link))  # made again as well; which row of several came first is no fault


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind`: changed, missing, invented, chain, opening, log, left (of a day that was dropped); `where`: a row's key or an epoch; never a
    person."""

    kind: str
    where: str
    detail: str


def run(db: Database, home: Home, day: str = "", known: tuple[int, bytes] | None = None) -> tuple[int, list[Finding]]:
    """(how many events were gone through, what was found). `day`: what is shown of that one alone; `known`: a head of the log that a
    kiosk kept."""
    found = [Finding("log", "log", fault) for fault in actlog.verify(db, known)]
    with tempfile.TemporaryDirectory(dir=home.path, prefix=".audit-") as folder:
        copy = Database(f"sqlite:///{Path(folder) / 'copy.db'}")
        try:
            storage.copy(db.read, copy)
            days = [each for each in _days(copy) if home.day_key(each).exists()]
            asked = [each for each in days if day in ("", each)]
            with copy.read() as conn:
                before = {table: _rows(conn, table, asked) for table in MADE}
                found += [fault for each in asked for fault in _chains(conn, each)]
                found += [fault for each in retention.dropped(home) if day in ("", each) for fault in _left(conn, each)]
            events = _make_again(copy, home, days)  # all of them: a correction of one day may name an arrival of another
            with copy.read() as conn:
                for table, rows in before.items():
                    found += _compared(table, rows, _rows(conn, table, asked))
        finally:
            copy.close()
    return events, found


def _left(conn: Connection, day: str) -> Iterator[Finding]:
    """Rows of a dropped day: `province retention --drop` removes them."""
    for name, count in retention.left(conn, day).items():
        yield Finding("left", f"{name} {day}", f"{count} rows of a day that was dropped")


def _days(db: Database) -> list[str]:
    with db.read() as conn:
        return sorted(conn.execute(select(DAY.c.event_day)).scalars())


def _make_again(copy: Database, home: Home, days: list[str]) -> int:
    """Takes out of the copy what events made, and lets the opener's own code make it again from those it had been through."""
    with copy.write() as conn:
        for table in (*MADE, *BESIDE):
            conn.execute(delete(table).where(table.c.event_day.in_([*days, UNKNOWN_DAY])))
        here = EPOCH.c.event_day.in_(days)
        conn.execute(update(EPOCH).where(~here).values(have_seq=EPOCH.c.opened_seq))
        conn.execute(update(EPOCH).where(here).values(have_seq=EPOCH.c.opened_seq, opened_seq=0, unreadable=0))
        open_still = set(conn.execute(select(WAITING.c.record)).scalars())
        conn.execute(delete(WAITING))
        records = conn.execute(select(RECORD.c.record, RECORD.c.station_id, RECORD.c.event_day).where(RECORD.c.event_day.in_(days))).all()
        insert_ignore(conn, WAITING, [{**row._mapping, "tried_at": 0} for row in records if row.record not in open_still])
    opener, total = Opener(copy, home), 0
    while done := opener.project()[0]:
        total += done
    return total


def _rows(conn: Connection, table: Table, days: list[str]) -> Counter[tuple[Any, ...]]:
    columns = [table.c[name] for name in MADE[table]]
    return Counter(tuple(row) for row in conn.execute(select(*columns).where(table.c.event_day.in_(days))))


def _compared(table: Table, held: Counter[tuple[Any, ...]], made: Counter[tuple[Any, ...]]) -> Iterator[Finding]:
    """Rows that differ, by their keys: in both with other content, only made again, only held."""
    names = MADE[table]
    keys = [i for i, name in enumerate(names) if name in {c.name for c in table.primary_key.columns}]

    def by_key(rows: Counter[tuple[Any, ...]]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        return {tuple(row[i] for i in keys): row for row in rows}

    extra, absent = by_key(held - made), by_key(made - held)
    for key in sorted(extra.keys() | absent.keys(), key=repr):
        where = f"{table.name} " + ":".join(part.hex()[:8] if isinstance(part, bytes) else str(part) for part in key)
        if key in extra and key in absent:
            changed = [name for name, a, b in zip(names, extra[key], absent[key], strict=True) if a != b]
            yield Finding("changed", where, ", ".join(changed))
        elif key in extra:
            yield Finding("invented", where, "no event says so")
        else:
            yield Finding("missing", where, "an event says so, the row is gone")


def _chains(conn: Connection, day: str) -> Iterator[Finding]:
    """Openings against the kiosks' signatures, and each epoch's events against the head that the province signed receipts for."""
    publics = {row.kiosk_id: bytes(row.public) for row in conn.execute(select(KIOSK.c.kiosk_id, KIOSK.c.public))}
    for epoch in conn.execute(select(EPOCH).where(EPOCH.c.event_day == day).order_by(EPOCH.c.kiosk_id, EPOCH.c.epoch)).all():
        where = f"{epoch.kiosk_id}:{epoch.epoch}"
        public = publics.get(epoch.kiosk_id)
        if public is None or not sign.verify(public, epoch.signature, b"kiosk-opening-v1" + epoch.opening):
            yield Finding("opening", where, "not signed by its kiosk")
        c = EVENT.c
        mine = (c.station_id == epoch.station_id, c.event_day == day, c.kiosk_id == epoch.kiosk_id, c.epoch == epoch.epoch)
        head, seq = chain.link(epoch.kiosk_id, epoch.epoch, chain.ZERO, epoch.opening), 0
        rows = conn.execute(select(c.seq, c.sealed, c.sha256).where(*mine, c.seq <= epoch.have_seq).order_by(c.seq))
        for seq, row in enumerate(rows, 1):
            if row.seq != seq or sha256(row.sealed).digest() != row.sha256:
                yield Finding("chain", f"{where}:{seq}", "an event is missing or was changed")
                break
            head = chain.link(epoch.kiosk_id, epoch.epoch, head, row.sealed)
        else:
            if seq != epoch.have_seq or head != epoch.have_head:
                yield Finding("chain", f"{where}:{epoch.have_seq}", "not the head that was signed for")
