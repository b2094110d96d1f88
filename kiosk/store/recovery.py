"""At start: does the second copy agree with the database? Behind is normal, torn is cut, ahead means the database lost commits.

Nothing is thrown away: lost events come back from the copy, a copy that contradicts is set aside, and a new epoch begins.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from kiosk.crypto import chain
from kiosk.domain import events, protocol
from kiosk.errors import Code, KioskError
from kiosk.ports import Now
from kiosk.store import mirror, projections
from kiosk.store.engine import Database
from kiosk.store.journal import EPOCH, EVENT, Journal
from kiosk.store.mirror import EVENT_HEAD, MAGIC, frames
from kiosk.store.outbox import head_at


@dataclass(frozen=True, slots=True)
class Outcome:
    """`restored`: events the database had lost; `code`: what to announce, or None."""

    restored: int = 0
    code: Code | None = None


def reconcile(path: Path, database: Database, journal: Journal, now: Now) -> Outcome:
    """Compares and mends, in one transaction. Raises KioskError."""
    kiosk = journal.identity.kiosk
    scan = mirror.read(path, kiosk, None)
    with database.read() as conn:
        ahead = [e for e, seq in scan.seqs.items() if seq > _last(conn, e)]
        differs = [e for e, seq in scan.seqs.items() if e not in ahead and head_at(conn, e, seq) != scan.heads[e]]
    if differs:
        path.rename(path.with_name(f"{path.name}.{sum(1 for _ in path.parent.glob(path.name + '.*')) + 1}"))
        _new_epoch(database, journal, now, "second copy differs")
        return Outcome(0, Code.MIRROR_BROKEN)
    if not ahead:
        return Outcome(0, Code.MIRROR_BROKEN if scan.broken else None)
    with database.write() as conn:
        restored = _restore(conn, path, journal, now.wall)
        days = {row.epoch: row.event_day for row in conn.execute(select(EPOCH.c.epoch, EPOCH.c.event_day))}
        projections.rebuild(conn, list(journal.facts(conn)), days, journal.identity.station_key)
        day = _newest_day(conn)
        if day:
            journal.mint(conn, day, now, "restored")
    return Outcome(restored, Code.MIRROR_AHEAD)


def _newest_day(conn: Connection) -> str | None:
    return conn.execute(select(EPOCH.c.event_day).order_by(EPOCH.c.ordinal.desc()).limit(1)).scalar()


def _new_epoch(database: Database, journal: Journal, now: Now, reason: str) -> None:
    with database.write() as conn:
        day = _newest_day(conn)
        if day:
            journal.mint(conn, day, now, reason)


def _last(conn: Connection, epoch: str) -> int:
    """Last seq of an epoch; -1 if its opening is unknown too."""
    if conn.execute(select(EPOCH.c.epoch).where(EPOCH.c.epoch == epoch)).first() is None:
        return -1
    return int(conn.execute(select(func.max(EVENT.c.seq)).where(EVENT.c.epoch == epoch)).scalar() or 0)


def _restore(conn: Connection, path: Path, journal: Journal, at: int) -> int:
    """Puts back every opening and event of the copy that the database lacks; the chain must hold from our own head on."""
    restored = 0
    with path.open("rb") as file:
        for found in frames(file, len(MAGIC)):
            if found.type == b"O":
                _opening(conn, found, journal.identity.kiosk, at)
            elif found.type == b"E":
                raw, seq = EVENT_HEAD.unpack_from(found.payload)
                restored += _event(conn, journal, raw.hex(), seq, found.payload[EVENT_HEAD.size :])
    return restored


def _opening(conn: Connection, found: mirror.Frame, kiosk: str, at: int) -> None:
    epoch, signed = mirror.opening_of(found)
    if _last(conn, epoch) >= 0:
        return
    said = protocol.decode(signed.opening, protocol.Opening)
    ordinal = int(conn.execute(select(func.max(EPOCH.c.ordinal))).scalar() or 0) + 1
    row: dict[str, Any] = {"epoch": epoch, "ordinal": ordinal, "event_day": said.event_day, "boot": "", "machine": "", "reason": "restored"}
    head = chain.link(kiosk, epoch, chain.ZERO, signed.opening)
    conn.execute(insert(EPOCH), {**row, "opening": signed.opening, "signature": signed.signature, "head": head, "at": at})


def _event(conn: Connection, journal: Journal, epoch: str, seq: int, sealed: bytes) -> int:
    if seq != _last(conn, epoch) + 1:
        return 0
    header = events.header_of(sealed)
    head = chain.link(journal.identity.kiosk, epoch, head_at(conn, epoch, seq - 1) or b"", sealed)
    row = {"epoch": epoch, "seq": seq, "kind": header.kind, "at": header.at, "sealed": sealed, "head": head}
    try:
        deed = bytes.fromhex(journal.open(conn, epoch, sealed).deed)
    except KioskError:  # its key is lost: the province can still open it, so it stays
        deed = bytes(8)
    conn.execute(insert(EVENT), {**row, "deed": deed})
    return 1

