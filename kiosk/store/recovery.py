"""At start: does the second copy agree with the database? Behind is normal, torn is cut, ahead means the database lost commits.

Nothing is thrown away: lost events come back from the copy, a copy that contradicts is set aside, and a new epoch begins.
`build` makes a whole database from a copy, for `kiosk restore` and for looking at a home whose database is damaged.
"""

import contextlib
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, insert, select, update

from kiosk.crypto import chain, sign
from kiosk.domain import events, protocol
from kiosk.domain.events import Kind
from kiosk.domain.projection import Fact
from kiosk.errors import Code, KioskError
from kiosk.ports import Now
from kiosk.store import mirror, projections
from kiosk.store.engine import Database
from kiosk.store.journal import EPOCH, EVENT, Identity, Journal
from kiosk.store.mirror import EVENT_HEAD, MAGIC, frames
from kiosk.store.outbox import head_at
from kiosk.store.register import RECEIPT
from kiosk.store.tables import RefusalRow, WorkingDay

DAY: Any = WorkingDay.__table__  # type: ignore[attr-defined]
REFUSAL: Any = RefusalRow.__table__  # type: ignore[attr-defined]


class Outcome(msgspec.Struct, frozen=True):
    """`restored`: events the database had lost; `code`: what to announce, or None; `noted`: it stands in `damage.log`."""

    restored: int = 0
    code: Code | None = None
    noted: bool = False


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


def cut(database: Database, journal: Journal, now: Now) -> None:
    """The end of the WAL was damaged: what followed it is gone from the database. A number is never given twice: a new epoch."""
    _new_epoch(database, journal, now, "wal cut")


def build(database: Database, path: Path, journal: Journal, now: Now, old: Database | None = None) -> tuple[int, int]:
    """Fills an empty, migrated database from a copy and, as far as it can still be read, from the damaged `old` one.

    Returns (events, rows of the projections). The chain of every epoch must hold. Raises KioskError.
    """
    with database.write() as conn:
        _restore(conn, path, journal, now.wall)
        if old is not None:
            _salvage(conn, old, journal, now.wall)
        days = {row.epoch: row.event_day for row in conn.execute(select(EPOCH.c.epoch, EPOCH.c.event_day))}
        facts = list(journal.facts(conn))
        rows = projections.rebuild(conn, facts, days, journal.identity.station_key)
        _working_days(conn, facts, days)
        return int(conn.execute(select(func.count()).select_from(EVENT)).scalar() or 0), rows


def restore(database: Database, path: Path, journal: Journal, now: Now) -> tuple[int, int]:
    """Adds what a copy has and this readable database lacks; then a new epoch. Returns (events that came, rows). Raises KioskError."""
    with database.write() as conn:
        came = _restore(conn, path, journal, now.wall)
        days = {row.epoch: row.event_day for row in conn.execute(select(EPOCH.c.epoch, EPOCH.c.event_day))}
        rows = projections.rebuild(conn, list(journal.facts(conn)), days, journal.identity.station_key)
    return came, rows


def begin_again(database: Database, journal: Journal, now: Now) -> None:
    """A new epoch after a restore: the lost end of the old one may be at the province under the same numbers."""
    _new_epoch(database, journal, now, "restored")


def _working_days(conn: Connection, facts: list[Fact], days: dict[str, str]) -> None:
    """Which days were opened and closed, from their events; a day that has events and no opening event was opened by the first."""
    for fact in sorted(facts, key=lambda f: f.at):
        day, what = days[fact.key.epoch], fact.body.fields.get("what")
        known = conn.execute(select(DAY.c.event_day).where(DAY.c.event_day == day)).first()
        if known is None:
            conn.execute(insert(DAY), {"event_day": day, "opened_at": fact.at, "closed_at": None})
        if fact.body.kind == Kind.DAY and what == "closed":
            conn.execute(update(DAY).where(DAY.c.event_day == day).values(closed_at=fact.at))
        elif fact.body.kind == Kind.DAY:  # opening one closes the others, as register.begin_day does
            conn.execute(update(DAY).where(DAY.c.event_day != day, DAY.c.closed_at.is_(None)).values(closed_at=fact.at))
            conn.execute(update(DAY).where(DAY.c.event_day == day).values(closed_at=None))


def _salvage(conn: Connection, old: Database, journal: Journal, at: int) -> None:
    """From a damaged database what the copy lacks: the tail of events, then receipts that fit. What cannot be read is passed over;
    the feed comes again from the province."""
    for row in _rows(old, select(EPOCH).order_by(EPOCH.c.ordinal)):
        if _last(conn, row.epoch) < 0:
            signed = protocol.SignedOpening(row.opening, row.signature)
            with contextlib.suppress(protocol.Untrusted):
                signed.read(sign.public(journal.identity.seed))
                _put_opening(conn, row.epoch, signed, journal.identity.kiosk, at)
    for epoch in [row.epoch for row in conn.execute(select(EPOCH.c.epoch)).all()]:
        after = select(EVENT.c.seq, EVENT.c.sealed, EVENT.c.head).where(EVENT.c.epoch == epoch, EVENT.c.seq > _last(conn, epoch))
        for row in _rows(old, after.order_by(EVENT.c.seq)):
            linked = chain.link(journal.identity.kiosk, epoch, head_at(conn, epoch, row.seq - 1) or b"", row.sealed)
            if linked != row.head or not _event(conn, journal, epoch, row.seq, row.sealed):
                break
    for row in _rows(old, select(RECEIPT)):
        if row.have <= _last(conn, row.epoch) and head_at(conn, row.epoch, row.to_seq) == row.digest:
            conn.execute(insert(RECEIPT), dict(row._mapping))
    for row in _rows(old, select(REFUSAL)):
        conn.execute(insert(REFUSAL), dict(row._mapping))


def _rows(old: Database, query: Select[Any]) -> list[Any]:
    """As many rows as come before the damage."""
    out: list[Any] = []
    try:
        with old.read() as conn:
            for row in conn.execute(query):
                out.append(row)
    except KioskError:
        old.close()  # a connection that has met a broken page reads nothing any more, not even whole ones
    return out


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
                _opening(conn, found, journal.identity, at)
            elif found.type == b"E":
                raw, seq = EVENT_HEAD.unpack_from(found.payload)
                restored += _event(conn, journal, raw.hex(), seq, found.payload[EVENT_HEAD.size :])
    return restored


def _opening(conn: Connection, found: mirror.Frame, me: Identity, at: int) -> None:
    """Only an opening that this kiosk has signed; the events of any other have no epoch to come back to."""
    epoch, signed = mirror.opening_of(found)
    with contextlib.suppress(protocol.Untrusted):
        said = signed.read(sign.public(me.seed))
        if _last(conn, epoch) < 0 and (said.kiosk, said.epoch) == (me.kiosk, epoch):
            _put_opening(conn, epoch, signed, me.kiosk, at)


def _put_opening(conn: Connection, epoch: str, signed: protocol.SignedOpening, kiosk: str, at: int) -> None:
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
