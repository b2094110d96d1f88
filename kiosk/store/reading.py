"""Reads the newest events for people who look after the machine: headers, and bodies where their key opens them."""

import contextlib

from sqlalchemy import select

from kiosk.domain.events import Body, Key
from kiosk.errors import KioskError
from kiosk.store.engine import Database
from kiosk.store.journal import EPOCH, EVENT, Journal


def newest(database: Database, journal: Journal, headers: int, bodies: int) -> tuple[list[tuple[Key, int, int]], list[Body]]:
    """((key, kind, at) of the last `headers` events, the bodies of the last `bodies` that open), newest first. Raises KioskError."""
    query = select(EVENT.c.epoch, EVENT.c.seq, EVENT.c.kind, EVENT.c.at, EVENT.c.sealed).join(EPOCH, EPOCH.c.epoch == EVENT.c.epoch)
    found: list[Body] = []
    with database.read() as conn:
        rows = conn.execute(query.order_by(EPOCH.c.ordinal.desc(), EVENT.c.seq.desc()).limit(headers)).all()
        for row in rows[:bodies]:
            with contextlib.suppress(KioskError):
                found.append(journal.open(conn, row.epoch, row.sealed))
    return [(Key(journal.identity.kiosk, row.epoch, row.seq), row.kind, row.at) for row in rows], found
