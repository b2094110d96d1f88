"""The conflict list: one person or one code counted or shown twice. Both events are kept; the lead sees both and decides about neither.

Computed from what the journal and the feed hold: codes shown again here, and arrivals that another kiosk counted too.
"""

from typing import Any

import msgspec
from sqlalchemy import Connection, select

from kiosk.domain.events import Key
from kiosk.store import feed, register
from kiosk.store.projections import SIGHTING, SUBJECT, VISIT

AGAIN, ELSEWHERE, BOTH = "entered", "entered_elsewhere", "counted_twice"


class Conflict(msgspec.Struct, frozen=True):
    """`reason`: entered (the same code or person again, here), entered_elsewhere (shown here, counted at another place), counted_twice
    (counted at both). `at`, `event`: here; `other`, `other_at`, `station`: the other one, as far as it is known. ms UTC."""

    reason: str
    at: int
    event: str
    other: str
    other_at: int | None = None
    station: str = ""


def listed(conn: Connection, kiosk: str, event_day: str) -> list[Conflict]:
    """Of one day, newest first."""
    elsewhere = {row.event: row for _, row in feed.all_entered(conn)}
    s = SIGHTING.c
    shown = conn.execute(select(SIGHTING).where(s.event_day == event_day, s.other != "").order_by(s.at.desc())).all()
    found = [_shown(conn, kiosk, row, elsewhere) for row in shown]
    return sorted([*found, *_counted(conn, kiosk, event_day)], key=lambda one: (-one.at, one.event, one.other))


def _shown(conn: Connection, kiosk: str, row: Any, elsewhere: dict[str, Any]) -> Conflict:
    event = str(Key(kiosk, row.epoch, row.seq))
    other = elsewhere.get(row.other)
    if other is not None:
        return Conflict(row.reason, row.at, event, row.other, other.at, other.station)
    return Conflict(row.reason, row.at, event, row.other, _at(conn, row.other))


def _at(conn: Connection, event: str) -> int | None:
    try:
        key = Key.parse(event)
    except ValueError:
        return None
    return conn.execute(select(VISIT.c.at).where(VISIT.c.epoch == key.epoch, VISIT.c.seq == key.seq)).scalar()


def _counted(conn: Connection, kiosk: str, event_day: str) -> list[Conflict]:
    """Arrivals here of people whom another kiosk counted the same day: the feed came after both."""
    first, last = register.day_of(event_day)
    found: dict[tuple[str, str], Conflict] = {}
    for digest, row in feed.all_entered(conn):
        if not first <= row.at < last or row.event.startswith(f"{kiosk}:"):
            continue
        joined = VISIT.join(SUBJECT, (SUBJECT.c.epoch == VISIT.c.epoch) & (SUBJECT.c.seq == VISIT.c.seq))
        here = select(VISIT.c.epoch, VISIT.c.seq, VISIT.c.at).select_from(joined)
        for visit in conn.execute(here.where(SUBJECT.c.hash == digest, VISIT.c.event_day == event_day, VISIT.c.voided == 0)):
            event = str(Key(kiosk, visit.epoch, visit.seq))
            found[event, row.event] = Conflict(BOTH, visit.at, event, row.event, row.at, row.station)
    return list(found.values())
