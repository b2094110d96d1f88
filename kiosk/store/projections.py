"""Keeps the computed tables in step with the journal, by the shared rules of domain/projection.py.

An ordinary event costs its own row: its deed and key are new, so nothing can be waiting for it. An amendment settles its root
again from the events themselves. Old events that come back (restore, carried tails) go through `rebuild`.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select

from kiosk.domain import projection, text
from kiosk.domain.events import Key, Kind
from kiosk.domain.projection import Declaration, Fact, Row, Visit
from kiosk.store.engine import Prepared
from kiosk.store.tables import PROJECTIONS, DeclarationRow, Link, SightingRow, Subject, VisitRow

VISIT: Any = VisitRow.__table__  # type: ignore[attr-defined]
DECLARATION: Any = DeclarationRow.__table__  # type: ignore[attr-defined]
SIGHTING: Any = SightingRow.__table__  # type: ignore[attr-defined]
SUBJECT: Any = Subject.__table__  # type: ignore[attr-defined]
LINK: Any = Link.__table__  # type: ignore[attr-defined]

INSERT_VISIT, INSERT_DECLARATION, INSERT_SIGHTING, INSERT_SUBJECT = (
    Prepared(insert(table)) for table in (VISIT, DECLARATION, SIGHTING, SUBJECT)
)

Opener = Callable[[Connection, Key], Fact | None]


def subject_hash(station_key: bytes, subject: str) -> bytes:
    """16 bytes by which a person is found; the hash holds only while the kiosk is locked (docs/privacy.md)."""
    return hmac.digest(station_key, subject.encode(), sha256)[:16]


def apply(conn: Connection, fact: Fact, event_day: str, station_key: bytes, opened: Opener) -> None:
    """Brings the tables in step with one more event."""
    kind = fact.body.kind
    if kind in projection.AMENDMENTS:
        target = projection.target_of(fact.body)
        conn.execute(insert(LINK), {"epoch": fact.key.epoch, "seq": fact.key.seq, "target": str(target or "")})
        root = opened(conn, target) if target else None
        if root is not None and root.body.kind in projection.ROOTS:
            _settle(conn, root, event_day, station_key, opened)
    elif kind in projection.ROOTS:
        _store(conn, projection.settle([fact], []), event_day, station_key)
    elif kind == Kind.SIGHTING:
        row = {k: str(fact.body.fields.get(k, "")) for k in ("verdict", "code", "reason")}
        INSERT_SIGHTING.run(conn, {"epoch": fact.key.epoch, "seq": fact.key.seq, "event_day": event_day, "at": fact.at, **row})


def _settle(conn: Connection, root: Fact, event_day: str, station_key: bytes, opened: Opener) -> None:
    """The slow way: all events of this deed and all their amendments, from the journal."""
    roots = _same_deed(conn, root, opened)
    targets = [str(r.key) for r in roots]
    links = conn.execute(select(LINK.c.epoch, LINK.c.seq).where(LINK.c.target.in_(targets))).all()
    amendments = [f for f in (opened(conn, Key(root.key.kiosk, link.epoch, link.seq)) for link in links) if f is not None]
    for fact in roots:
        _forget(conn, fact.key)
    _store(conn, projection.settle(roots, amendments), event_day, station_key)


def _same_deed(conn: Connection, root: Fact, opened: Opener) -> list[Fact]:
    table = VISIT if root.body.kind == Kind.VISIT else DECLARATION
    rows = conn.execute(select(table.c.epoch, table.c.seq).where(table.c.deed == root.body.deed)).all()
    others = [opened(conn, Key(root.key.kiosk, r.epoch, r.seq)) for r in rows if (r.epoch, r.seq) != root.key[1:]]
    return [root, *(f for f in others if f is not None)]


def _forget(conn: Connection, key: Key) -> None:
    for table in (VISIT, DECLARATION, SUBJECT):
        conn.execute(delete(table).where(table.c.epoch == key.epoch, table.c.seq == key.seq))


def _store(conn: Connection, row: Row, event_day: str, station_key: bytes) -> None:
    common: dict[str, Any] = {"epoch": row.key.epoch, "seq": row.key.seq, "event_day": event_day, "at": row.at, "deed": row.deed}
    common |= {"voided": int(row.voided), "amended": row.amended}
    if isinstance(row, Visit):
        own = {"number": row.number, "source": row.source, "verdict": row.verdict, "since": row.since, "left_at": row.left_at}
        INSERT_VISIT.run(conn, common | own)
    else:
        INSERT_DECLARATION.run(conn, common | _declaration(row))
    _subjects(conn, row.key, row.subjects, station_key)


def _declaration(row: Declaration) -> dict[str, Any]:
    fields = msgspec.json.encode(row.fields).decode()
    name = text.fold(str(row.fields.get("full_name", "")))
    return {"mode": row.mode, "desk": int(row.desk), "name_folded": name, "fields": fields}


def _subjects(conn: Connection, key: Key, subjects: Sequence[str], station_key: bytes) -> None:
    for subject in dict.fromkeys(subjects):
        INSERT_SUBJECT.run(conn, {"hash": subject_hash(station_key, subject), "epoch": key.epoch, "seq": key.seq})


def rebuild(conn: Connection, facts: Sequence[Fact], days: Mapping[str, str], station_key: bytes) -> int:
    """Empties and computes everything again, at once and by the pure rule. `days`: epoch -> event_day. Returns the number of rows."""
    for model in PROJECTIONS:
        conn.execute(delete(model.__table__))  # type: ignore[attr-defined]
    shown = projection.project(facts).rows
    for key, row in shown.items():
        _store(conn, row, days[key.epoch], station_key)
    for fact in facts:
        if fact.body.kind not in projection.ROOTS:
            apply(conn, fact, days[fact.key.epoch], station_key, lambda _conn, _key: None)
    return len(shown)
