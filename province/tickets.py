"""Tickets of one station and day, from every kiosk that gave, declared or closed one: the shared rule joins them by number alone.

Counts and numbers only. Who a ticket's holder was is in no row of this.
"""

from typing import Any

from sqlalchemy import Connection, Table, select

from kiosk.domain import projection
from kiosk.domain.events import Key
from kiosk.domain.projection import Row, Ticket
from province import tables
from province.db import Database

VISIT, DECLARATION = tables.table(tables.Visit), tables.table(tables.Declaration)
DEFER, LEAVE = tables.table(tables.Defer), tables.table(tables.Leave)


def of_day(db: Database, station: str, day: str) -> list[Ticket]:
    """What became of each ticket, in the order in which they were given."""
    with db.read() as conn:
        return projection.tickets(_rows(conn, station, day))


def _rows(conn: Connection, station: str, day: str) -> list[Row]:
    def found(table: Table) -> list[Any]:
        where = (table.c.station_id == station, table.c.event_day == day, table.c.ticket > 0)
        return list(conn.execute(select(table).where(*where)))

    def key(row: Any) -> Key:
        return Key(row.kiosk_id, row.epoch, row.seq)

    rows: list[Row] = [projection.Defer(key(r), r.deed, r.at, r.ticket, r.reason, r.voided) for r in found(DEFER)]
    for r in found(VISIT):
        rows.append(
            projection.Visit(
                key(r), r.deed, r.entered_at, r.number, r.source, r.verdict, None, (), r.left_at, r.voided, 0, r.person, r.ticket, r.place
            )
        )
    for r in found(DECLARATION):
        rows.append(projection.Declaration(key(r), "", r.declared_at, r.mode, r.desk, (), voided=r.voided, ticket=r.ticket))
    for r in found(LEAVE):
        rows.append(projection.Leave(key(r), "", r.at, "known" if r.known else "", r.ticket, voided=r.voided))
    return rows
