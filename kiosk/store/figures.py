"""Figures of one day for paper: events by kind, epochs with their heads and the province's word, events put aside."""

import msgspec
from sqlalchemy import func, select

from kiosk.domain.events import kind_word
from kiosk.store.engine import Database
from kiosk.store.journal import EVENT
from kiosk.store.outbox import carried, head_at, reached, refusals, standings


class EpochFigures(msgspec.Struct, frozen=True):
    """`head`: 32 bytes after `last`; `have`, `opened`: as receipts prove, there or where its tail was carried on; `into`: that epoch."""

    epoch: str
    last: int
    head: bytes
    have: int
    opened: int
    into: str = ""


class DayFigures(msgspec.Struct, frozen=True):
    """`kinds`: events by the header's kind; `refusals`: (epoch, seq, reason)."""

    events: int
    kinds: dict[int, int]
    epochs: tuple[EpochFigures, ...]
    refusals: tuple[tuple[str, int, str], ...]

    @property
    def kind_words(self) -> dict[str, int]:
        """`kinds` by their words."""
        return {kind_word(kind): count for kind, count in self.kinds.items()}


def of_day(database: Database, event_day: str) -> DayFigures:
    """In one snapshot. Raises KioskError when the database cannot be read."""
    with database.read() as conn:
        all_ = standings(conn)
        far, mine = reached(all_, carried(conn)), [s for s in all_ if s.event_day == event_day]
        names = [s.epoch for s in mine]
        kinds = {k: n for k, n in conn.execute(select(EVENT.c.kind, func.count()).where(EVENT.c.epoch.in_(names)).group_by(EVENT.c.kind))}
        refused = tuple(refusals(conn, mine))
        epochs = tuple(EpochFigures(s.epoch, s.last, head_at(conn, s.epoch, s.last) or b"", *far[s.epoch]) for s in mine)
    return DayFigures(sum(kinds.values()), kinds, epochs, refused)
