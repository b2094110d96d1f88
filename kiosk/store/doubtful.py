"""Deeds that are on paper and count here all the same, because a COMMIT whose outcome was unknown had happened after all (decision 0012).

A lead keeps each one (a correction without changes) or voids it; until then the person may count twice, and the day is not closed.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from kiosk.domain.events import Key
from kiosk.store.projections import TABLES
from kiosk.store.unsure import Entry


class Doubtful(msgspec.Struct, frozen=True):
    """`event`: "kiosk:epoch:seq" of what counts; `day`: its working day; `paper`: the form's number (1 is G001); `number`: the arrival's
    running number, 0 for none; `at`: ms UTC."""

    event: str
    day: str
    paper: int
    number: int
    at: int


def doubtful(conn: Connection, entries: Sequence[Entry], kiosk: str, day: str | None = None) -> list[Doubtful]:
    """The deeds of `entries` that nobody has decided about, of `day` alone if one is named."""
    found: list[Doubtful] = []
    for entry in entries:
        rows = [row for table in TABLES.values() for row in conn.execute(select(table).where(table.c.deed == entry.deed))]
        counted = [row for row in rows if not row.voided]
        if counted and not any(row.amended for row in rows) and day in (None, counted[0].event_day):
            found.append(_said(counted[0], entry, kiosk))
    return found


def _said(row: Any, entry: Entry, kiosk: str) -> Doubtful:
    return Doubtful(str(Key(kiosk, row.epoch, row.seq)), row.event_day, entry.paper, getattr(row, "number", 0), row.at)
