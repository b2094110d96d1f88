"""Keeps the computed tables in step with the journal, by the shared rules of domain/projection.py.

An ordinary event costs its own row: its deed and key are new, so nothing can be waiting for it. What names a root (a correction, an
exit, a declaration after the arrival) settles that root again from the events themselves. Old events that come back (restore,
carried tails) go through `rebuild`.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select

from kiosk.domain import places, projection, text
from kiosk.domain.events import Key, Kind
from kiosk.domain.projection import Declaration, Defer, Fact, Row, Visit
from kiosk.store import nameindex
from kiosk.store.engine import Prepared
from kiosk.store.tables import PROJECTIONS, DeclarationRow, DeferRow, LeaveRow, Link, PlaceChangeRow, SightingRow, Subject, VisitRow

VISIT: Any = VisitRow.__table__  # type: ignore[attr-defined]
DECLARATION: Any = DeclarationRow.__table__  # type: ignore[attr-defined]
DEFER: Any = DeferRow.__table__  # type: ignore[attr-defined]
LEAVE: Any = LeaveRow.__table__  # type: ignore[attr-defined]
SIGHTING: Any = SightingRow.__table__  # type: ignore[attr-defined]
SUBJECT: Any = Subject.__table__  # type: ignore[attr-defined]
LINK: Any = Link.__table__  # type: ignore[attr-defined]
PLACE: Any = PlaceChangeRow.__table__  # type: ignore[attr-defined]
TABLES: dict[int, Any] = {Kind.VISIT: VISIT, Kind.DECLARATION: DECLARATION, Kind.DEFER: DEFER, Kind.LEAVE: LEAVE}

INSERT_VISIT, INSERT_DECLARATION, INSERT_DEFER, INSERT_LEAVE, INSERT_SIGHTING, INSERT_SUBJECT = (
    Prepared(insert(table)) for table in (VISIT, DECLARATION, DEFER, LEAVE, SIGHTING, SUBJECT)
)

FIELDS_OF = Prepared(
    select(DECLARATION.c.fields).where(DECLARATION.c.epoch == bindparam("epoch"), DECLARATION.c.seq == bindparam("seq"))
)

Opener = Callable[[Connection, Key], Fact | None]


def subject_hash(station_key: bytes, subject: str) -> bytes:
    """16 bytes by which a person is found; the hash holds only while the kiosk is locked (docs/privacy.md)."""
    return hmac.digest(station_key, subject.encode(), sha256)[:16]


def apply(conn: Connection, fact: Fact, event_day: str, station_key: bytes, opened: Opener) -> None:
    """Brings the tables in step with one more event."""
    kind = fact.body.kind
    if kind in projection.ROOTS:
        _store(conn, projection.settle([fact], []), event_day, station_key)
    elif kind == Kind.PLACE:
        _place(conn, fact)
    elif kind == Kind.SIGHTING:
        _sighting(conn, fact, event_day)
    if kind != Kind.VISIT and projection.amends(fact.body):
        target = _link(conn, fact)
        root = opened(conn, target) if target else None
        if root is not None and projection.fits(fact.body, root.body):
            _settle(conn, root, event_day, station_key, opened)
            upper = projection.target_of(root.body)  # the visit that the corrected exit or declaration speaks of
            visit = opened(conn, upper) if upper else None
            if visit is not None and projection.fits(root.body, visit.body):
                _settle(conn, visit, event_day, station_key, opened)


def deed_of(conn: Connection, key: Key) -> str:
    """The deed that a root event wrote, "" for one that is not here."""
    found = (conn.execute(select(t.c.deed).where(t.c.epoch == key.epoch, t.c.seq == key.seq)).scalar() for t in TABLES.values())
    return next((str(deed) for deed in found if deed), "")


def of_deed(conn: Connection, key: Key, deed: str, kinds: Sequence[int] = tuple(TABLES)) -> list[Key]:
    """The other roots of a deed that count: the arrival of a declaration, the ticket of an arrival."""
    found: list[Key] = []
    for kind in kinds:
        table = TABLES[kind]
        rows = conn.execute(select(table.c.epoch, table.c.seq).where(table.c.deed == deed, table.c.voided == 0)).all()
        found += [Key(key.kiosk, row.epoch, row.seq) for row in rows if (row.epoch, row.seq) != key[1:]]
    return found if deed else []


def corrections(conn: Connection, root: Fact, opened: Opener) -> list[Fact]:
    """Every correction and void of a deed's root, oldest first."""
    found = (fact for fact in _naming(conn, _same_deed(conn, root, opened), opened) if fact.body.kind == Kind.CORRECTION)
    return sorted(found, key=lambda fact: fact.rank)


def _sighting(conn: Connection, fact: Fact, event_day: str) -> None:
    if "carried" in fact.body.fields:
        return  # its first writing is here too
    row = {k: str(fact.body.fields.get(k, "")) for k in ("verdict", "code", "reason", "other")}
    INSERT_SIGHTING.run(conn, {"epoch": fact.key.epoch, "seq": fact.key.seq, "event_day": event_day, "at": fact.at, **row})


def _link(conn: Connection, fact: Fact) -> Key | None:
    target = projection.target_of(fact.body)
    conn.execute(insert(LINK), {"epoch": fact.key.epoch, "seq": fact.key.seq, "target": str(target or "")})
    return target


def _place(conn: Connection, fact: Fact) -> None:
    """A change of a place; one of a shape nobody wrote is left to `kiosk verify`."""
    change = places.change_of(fact.key, fact.at, fact.body, "")
    if change is not None:
        values = {"place": change.row.id, "at": change.at, "what": change.what, "base": change.base}
        row = msgspec.json.encode(change.row).decode()
        conn.execute(insert(PLACE), {"epoch": fact.key.epoch, "seq": fact.key.seq, **values, "row": row})


def _settle(conn: Connection, root: Fact, event_day: str, station_key: bytes, opened: Opener) -> None:
    """The slow way: all events of this deed and all that names them, from the journal. The row keeps its own day."""
    roots = _same_deed(conn, root, opened)
    amendments = _naming(conn, roots, opened)
    amendments += _naming(conn, [a for a in amendments if a.body.kind in projection.OF_A_VISIT], opened)
    table, days = TABLES[root.body.kind], dict[Key, str]()
    for fact in roots:
        own = (table.c.epoch == fact.key.epoch, table.c.seq == fact.key.seq)
        days[fact.key] = str(conn.execute(select(table.c.event_day).where(*own)).scalar() or "")
        if table is DECLARATION:
            _unname(conn, fact.key)
        conn.execute(delete(table).where(*own))
        conn.execute(delete(SUBJECT).where(SUBJECT.c.epoch == fact.key.epoch, SUBJECT.c.seq == fact.key.seq))
    row = projection.settle(roots, amendments)
    _store(conn, row, days[row.key] or next((day for day in days.values() if day), event_day), station_key)


def _naming(conn: Connection, roots: Sequence[Fact], opened: Opener) -> list[Fact]:
    """The amendments that name any of `roots`."""
    if not roots:
        return []
    links = conn.execute(select(LINK.c.epoch, LINK.c.seq).where(LINK.c.target.in_([str(r.key) for r in roots]))).all()
    found = (opened(conn, Key(roots[0].key.kiosk, link.epoch, link.seq)) for link in links)
    kinds = roots[0].body
    return [fact for fact in found if fact is not None and projection.fits(fact.body, kinds)]


def _same_deed(conn: Connection, root: Fact, opened: Opener) -> list[Fact]:
    table = TABLES[root.body.kind]
    rows = conn.execute(select(table.c.epoch, table.c.seq).where(table.c.deed == root.body.deed)).all()
    others = [opened(conn, Key(root.key.kiosk, r.epoch, r.seq)) for r in rows if (r.epoch, r.seq) != root.key[1:]]
    return [root, *(f for f in others if f is not None)]


def _unname(conn: Connection, key: Key) -> None:
    """A declaration that is about to be settled again leaves the look-up."""
    declared = FIELDS_OF.first(conn, epoch=key.epoch, seq=key.seq)
    if declared is not None:
        nameindex.remove(conn, key.epoch, key.seq, msgspec.json.decode(declared[0]))


def _store(conn: Connection, row: Row, event_day: str, station_key: bytes) -> None:
    common: dict[str, Any] = {"epoch": row.key.epoch, "seq": row.key.seq, "event_day": event_day, "at": row.at, "deed": row.deed}
    common |= {"voided": int(row.voided), "amended": row.amended, "ticket": row.ticket}
    if isinstance(row, Visit):
        own = {"number": row.number, "source": row.source, "verdict": row.verdict, "since": row.since, "left_at": row.left_at}
        INSERT_VISIT.run(conn, common | own | {"person": row.person, "place": row.place})
    elif isinstance(row, Declaration):
        INSERT_DECLARATION.run(conn, common | _declaration(row))
        if not row.voided:
            nameindex.add(conn, row.key.epoch, row.key.seq, row.fields)
    elif isinstance(row, Defer):
        INSERT_DEFER.run(conn, common | {"reason": row.reason})
    else:
        INSERT_LEAVE.run(conn, common | {"target": row.target})
        if row.target:
            return  # whoever goes out is found by the arrival
    _subjects(conn, row.key, row.subjects, station_key)


def _declaration(row: Declaration) -> dict[str, Any]:
    fields = msgspec.json.encode(row.fields).decode()
    name = text.fold(str(row.fields.get("full_name", "")))
    return {"mode": row.mode, "desk": int(row.desk), "name_folded": name, "fields": fields, "completes": row.completes}


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
        if projection.amends(fact.body):
            _link(conn, fact)
        elif fact.body.kind == Kind.SIGHTING:
            _sighting(conn, fact, days[fact.key.epoch])
        elif fact.body.kind == Kind.PLACE:
            _place(conn, fact)
    return len(shown)
