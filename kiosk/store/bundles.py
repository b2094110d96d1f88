"""The calls that went out on a stick, so that only answers to them are believed when they come home."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import insert, select

from kiosk.store.engine import Database
from kiosk.store.tables import BundleCall

CALL: Any = BundleCall.__table__  # type: ignore[attr-defined]


class Asked(NamedTuple):
    """`kind` of the call; `asked`: for the feed, MessagePack of the cursors it named."""

    kind: str
    asked: bytes


class Bundles:
    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, calls: Sequence[tuple[bytes, str, bytes]], now: int) -> None:
        """(nonce, kind, asked) of every call of a file that was written. `now`: ms UTC."""
        with self._database.write() as conn:
            conn.execute(insert(CALL), [{"nonce": nonce, "kind": kind, "asked": asked, "at": now} for nonce, kind, asked in calls])

    def asked(self, nonce: bytes) -> Asked | None:
        with self._database.read() as conn:
            found = conn.execute(select(CALL.c.kind, CALL.c.asked).where(CALL.c.nonce == nonce)).first()
        return None if found is None else Asked(found.kind, found.asked)
