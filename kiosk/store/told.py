"""What the province answered when it was asked about somebody, kept with the time of the answer. Under a person's hash, no name."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from kiosk.store.projections import subject_hash
from kiosk.store.tables import ToldRow

TOLD: Any = ToldRow.__table__  # type: ignore[attr-defined]
STEPS = ("come_in", "out_of_date", "health_desk", "declare_now")


class Told(msgspec.Struct, frozen=True):
    """`known`: có / chưa có; `declared_at`: ms UTC, None when not known; `step`: a verdict's word; `at`: ms UTC of the answer here."""

    known: bool
    declared_at: int | None
    step: str
    at: int

    def age_s(self, now: int) -> int:
        return max(0, now - self.at) // 1000


def keep(conn: Connection, station_key: bytes, subject: str, said: Told) -> None:
    """The newest answer replaces the one before."""
    digest = subject_hash(station_key, subject)
    conn.execute(delete(TOLD).where(TOLD.c.hash == digest))
    conn.execute(insert(TOLD).values(hash=digest, known=int(said.known), declared_at=said.declared_at, step=said.step, at=said.at))


def find(conn: Connection, station_key: bytes, subjects: Sequence[str]) -> Told | None:
    """The newest kept answer to any of these names of a person, or None."""
    hashes = [subject_hash(station_key, subject) for subject in subjects]
    row = conn.execute(select(TOLD).where(TOLD.c.hash.in_(hashes)).order_by(TOLD.c.at.desc()).limit(1)).first()
    return None if row is None else Told(bool(row.known), row.declared_at, row.step, row.at)
