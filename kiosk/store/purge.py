"""What a purge asks of the store: may a day's readable rows go, and a database without them, compared with the old one row by row.

Events stay as they are, sealed: once the local key of their epochs is gone, the province alone opens them. Tables are named one by one:
a table that nobody has thought about stops the purge.
"""

import contextlib
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, false, func, insert, not_, or_, select

from kiosk.domain.events import Key
from kiosk.domain.vntime import iso_day
from kiosk.errors import Code, KioskError
from kiosk.store import register, tables
from kiosk.store.engine import Database
from kiosk.store.journal import EPOCH, EVENT, Journal
from kiosk.store.outbox import carried, reached, refusals, standings
from kiosk.store.projections import LINK
from kiosk.store.register import DAY
from kiosk.store.tables import METADATA

WHOLE = frozenset(
    {
        "epoch", "event", "receipt", "refusal", "parked", "bundle_call", "log_head", "feed", "feed_cursor", "feed_hash", "anchor",
        "place_change", "working_day",
    }
)  # fmt: skip  # no voter in them, or the province's own word, which comes and goes with its feed
OF_A_DAY = frozenset({"visit", "declaration", "defer", "leave", "sighting"})
OF_AN_EPOCH = frozenset({"subject", "link", "search_part"})
COMPUTED = frozenset({"migration", "search_word"})
CHUNK = 1000


def unopened(conn: Connection, day: str | None) -> dict[str, int]:
    """Why the province cannot do without this journal's readable rows of `day` (None: of any): reason -> how many. Empty: it can.

    What was refused, set aside or not readable there counts as not opened. Where it holds another history, it has to open the tail that
    was carried on in place of the events it put aside.
    """
    all_, again = standings(conn), carried(conn)
    far, mine = reached(all_, again), [s for s in all_ if day in (None, s.event_day)]
    ends = {s.epoch: s.have if s.epoch in again else s.last for s in mine}
    refused = sum(seq <= ends[epoch] for epoch, seq, _ in refusals(conn, mine))
    waiting = sum(max(0, s.last - far[s.epoch].opened) for s in mine)
    aside = sum(s.set_aside for s in mine if s.epoch not in again)
    return {why: n for why, n in (("not_opened", waiting), ("refused", max(refused, aside))) if n}


def ties(conn: Connection, day: str, purged: frozenset[str]) -> int:
    """Corrections written on `day` to another day's record that stays: without the day's keys they would be forgotten."""
    names = epochs(conn, day)
    found = 0
    for row in conn.execute(select(LINK.c.target).where(LINK.c.epoch.in_(names), LINK.c.target != "")):
        with contextlib.suppress(ValueError):
            target = Key.parse(row.target).epoch
            found += target not in names and target not in purged
    return found


def epochs(conn: Connection, day: str) -> list[str]:
    return list(conn.execute(select(EPOCH.c.epoch).where(EPOCH.c.event_day == day).order_by(EPOCH.c.ordinal)).scalars())


def closed(conn: Connection, day: str) -> bool:
    return register.is_closed(conn, day)


def days(conn: Connection) -> list[str]:
    """Every day that was begun here, oldest first."""
    return list(conn.execute(select(EPOCH.c.event_day).distinct().order_by(EPOCH.c.event_day)).scalars())


def open_days(conn: Connection) -> list[str]:
    return list(conn.execute(select(DAY.c.event_day).where(DAY.c.closed_at.is_(None))).scalars())


def _goes(table: Any, day: str, names: list[str], personal: frozenset[str]) -> tuple[ColumnElement[bool], Callable[[Any], bool]]:
    """Which rows of a table do not come along: by SQL, and by looking. Raises KioskError(INTERNAL) for a table nobody has thought about."""
    if table.name in WHOLE:
        return false(), _never
    if table.name in OF_A_DAY:
        return or_(table.c.event_day == day, table.c.epoch.in_(names)), _never
    if table.name in OF_AN_EPOCH:
        return table.c.epoch.in_(names), _never
    if table.name == "told":
        return false(), lambda row: iso_day(row.at) == day
    if table.name == "print_job":
        return false(), lambda row: row.paper in personal and (iso_day(row.at) == day or any(name in row.target for name in names))
    raise KioskError(Code.INTERNAL, what="purge", table=table.name)


def _never(row: Any) -> bool:
    return False


def copy(old: Database, new: Database, day: str, personal: frozenset[str]) -> dict[str, int]:
    """Fills a migrated, empty database with all but the day's rows. Returns table -> rows that did not come along. Raises KioskError."""
    gone: dict[str, int] = {}
    with old.read() as source, new.write() as target:
        names = epochs(source, day)
        for table in METADATA.sorted_tables:
            if table.name in COMPUTED:
                continue
            by_sql, by_look = _goes(table, day, names, personal)
            kept = 0
            for chunk in source.execute(select(table).where(not_(by_sql))).partitions(CHUNK):
                rows = [dict(row._mapping) for row in chunk if not by_look(row)]
                kept += len(rows)
                if rows:
                    target.execute(insert(table), rows)
            if lost := int(source.execute(select(func.count()).select_from(table)).scalar_one()) - kept:
                gone[table.name] = lost
        _words(target)
        register.mark_purged(target, [day])
    return gone


def _words(conn: Connection) -> None:
    part: Any = tables.SearchPart.__table__  # type: ignore[attr-defined]
    word: Any = tables.SearchWord.__table__  # type: ignore[attr-defined]
    counted = select(part.c.word, func.count()).group_by(part.c.word)
    conn.execute(insert(word).from_select(["word", "n"], counted))


def same_journal(old: Database, new: Database) -> bool:
    """Are the epochs, events and receipts of both the same, byte for byte?"""
    return _digest(old) == _digest(new)


def _digest(database: Database) -> bytes:
    said = sha256()
    with database.read() as conn:
        receipt = register.RECEIPT
        for table, order in ((EPOCH, (EPOCH.c.ordinal,)), (EVENT, (EVENT.c.epoch, EVENT.c.seq)), (receipt, (receipt.c.number,))):
            for row in conn.execute(select(table).order_by(*order)):
                said.update(repr(tuple(row)).encode())
    return said.digest()


def left(database: Database, day: str) -> int:
    """Readable rows of the day that are in a database."""
    count = 0
    with database.read() as conn:
        names = epochs(conn, day)
        for table in METADATA.sorted_tables:
            if table.name in OF_A_DAY:
                where: ColumnElement[bool] = or_(table.c.event_day == day, table.c.epoch.in_(names))
            elif table.name in OF_AN_EPOCH:
                where = table.c.epoch.in_(names)
            else:
                continue
            count += int(conn.execute(select(func.count()).select_from(table).where(where)).scalar_one())
    return count


def readable(journal: Journal, database: Database, names: frozenset[str]) -> int:
    """Events of these epochs that open here; none must after a purge."""
    with database.read() as conn:
        return sum(fact.key.epoch in names for fact in journal.facts(conn))
