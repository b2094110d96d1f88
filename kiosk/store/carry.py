"""A forked epoch carried on: its tail, which the province put aside because it holds another history, is written again in a new epoch.

Same deeds, so that everything counts once; the old events stay where they are. One transaction: killed in it, nothing has happened.
"""

import os
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from kiosk.domain import events
from kiosk.domain.events import Body, ClockReading, Key, Kind
from kiosk.ports import Now
from kiosk.store import projections
from kiosk.store.engine import Database
from kiosk.store.journal import EPOCH, EVENT, Journal
from kiosk.store.outbox import CARRIED, standings


def carry(database: Database, journal: Journal, epoch: str, officer: str, now: Now) -> int:
    """Writes what the province does not hold of `epoch` into a new one; returns how many events (0: that was done before).

    Raises KioskError; nothing is written then.
    """
    with database.write() as conn:
        reasons = set(conn.execute(select(EPOCH.c.reason)).scalars())
        standing = next((s for s in standings(conn) if s.epoch == epoch), None)
        if standing is None or CARRIED + epoch in reasons:
            return 0
        count = _tail(conn, journal, epoch, standing.have, officer, now)
        days = {row.epoch: row.event_day for row in conn.execute(select(EPOCH.c.epoch, EPOCH.c.event_day))}
        projections.rebuild(conn, list(journal.facts(conn)), days, journal.identity.station_key)
        return count


def _tail(conn: Connection, journal: Journal, epoch: str, have: int, officer: str, now: Now) -> int:
    old_epoch = conn.execute(select(EPOCH.c.event_day, EPOCH.c.boot).where(EPOCH.c.epoch == epoch)).one()
    tip = journal.mint(conn, old_epoch.event_day, now, CARRIED + epoch)
    kiosk, renamed = journal.identity.kiosk, dict[str, str]()
    rows = conn.execute(select(EVENT).where(EVENT.c.epoch == epoch, EVENT.c.seq > have).order_by(EVENT.c.seq)).all()
    for row in rows:
        old = str(Key(kiosk, epoch, row.seq))
        body = journal.open(conn, epoch, row.sealed)
        fields = {name: renamed.get(value, value) if isinstance(value, str) else value for name, value in body.fields.items()}
        clock = msgspec.structs.replace(body.clock, boot=body.clock.boot or old_epoch.boot)
        tip = journal.write(conn, tip, msgspec.structs.replace(body, fields={**fields, "carried": old}, clock=clock), row.at)
        renamed[old] = str(Key(kiosk, tip.epoch, tip.seq))
    facts: dict[str, Any] = {"what": "carried", "count": len(rows), "from": epoch}
    here = ClockReading(now.wall, now.mono, now.boot)
    audit = Body(int(Kind.AUDIT), events.KNOWN_VERSIONS[Kind.AUDIT], os.urandom(8).hex(), officer, here, facts)
    journal.write(conn, tip, audit, now.wall)
    return len(rows)
