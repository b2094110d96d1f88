"""`kiosk verify`: reads everything again and says what it found. Changes nothing."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from kiosk.crypto import chain, seal, sign
from kiosk.domain import events, projection
from kiosk.domain.events import Key
from kiosk.domain.projection import Fact
from kiosk.domain.protocol import Receipt, SignedOpening, Untrusted
from kiosk.errors import KioskError
from kiosk.store import mirror
from kiosk.store.engine import Database
from kiosk.store.journal import EPOCH, EVENT, Journal
from kiosk.store.outbox import head_at
from kiosk.store.projections import TABLES, VISIT
from kiosk.store.register import RECEIPT


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind`: chain, opening, event, database, mirror, receipt, number, projection; `seq` 0 where none applies."""

    kind: str
    seq: int
    detail: str


@dataclass(slots=True)
class Report:
    ok: bool = True
    events: int = 0
    head: str = ""
    findings: list[Finding] = field(default_factory=list)


def verify(
    path: Path, database: Database, journal: Journal, service_public: bytes, purged: frozenset[str] = frozenset()
) -> Report:  # fmt: skip
    """The whole check. `purged`: epochs whose events open here no more, as certified.

    Raises KioskError only when the database cannot be read at all."""
    report, facts = Report(), list[tuple[Fact, str]]()
    public = sign.public(journal.identity.seed)
    with database.read() as conn:
        if (said := conn.exec_driver_sql("PRAGMA quick_check(1)").scalar()) != "ok":
            report.findings.append(Finding("database", 0, str(said)[:200]))
        for row in conn.execute(select(EPOCH).order_by(EPOCH.c.ordinal)).all():
            report.findings += _epoch(conn, row, journal, public, report, facts, row.epoch in purged)
        report.findings += _mirror(conn, path, journal.identity.kiosk, public)
        report.findings += _receipts(conn, journal.identity.kiosk, service_public)
        report.findings += _numbers(conn)
        report.findings += _projection(conn, facts)
    report.ok = not report.findings
    return report


def _epoch(
    conn: Connection, row: Any, journal: Journal, public: bytes, report: Report, facts: list[tuple[Fact, str]], purged: bool
) -> Iterator[Finding]:  # fmt: skip
    kiosk = journal.identity.kiosk
    try:
        said = SignedOpening(row.opening, row.signature).read(public)
        if (said.epoch, said.event_day, said.kiosk) != (row.epoch, row.event_day, kiosk):
            yield Finding("opening", 0, row.epoch)
    except Untrusted:
        yield Finding("opening", 0, row.epoch)
    head = chain.link(kiosk, row.epoch, chain.ZERO, row.opening)
    if head != row.head:
        yield Finding("chain", 0, row.epoch)
    rows = conn.execute(select(EVENT).where(EVENT.c.epoch == row.epoch).order_by(EVENT.c.seq))
    for expected, event in enumerate(rows, 1):
        if event.seq != expected:
            yield Finding("chain", event.seq, f"{row.epoch}: gap before {event.seq}")
            return
        head = chain.link(kiosk, row.epoch, head, event.sealed)
        if head != event.head:
            yield Finding("chain", event.seq, row.epoch)
            return
        report.events += 1
        if purged:  # chained and sealed as ever; its key is gone
            continue
        try:
            header = events.header_of(event.sealed)
            body = journal.open(conn, row.epoch, event.sealed)
        except (KioskError, seal.Unopenable) as error:
            yield Finding("event", event.seq, f"{row.epoch}: {error}")
            continue
        if (header.seq, header.kind, header.at) != (event.seq, event.kind, event.at) or bytes.fromhex(body.deed) != event.deed:
            yield Finding("event", event.seq, f"{row.epoch}: header")
        facts.append((Fact(Key(kiosk, row.epoch, event.seq), event.at, body), row.event_day))
    report.head = head.hex()


def _mirror(conn: Connection, path: Path, kiosk: str, public: bytes) -> Iterator[Finding]:
    scan = mirror.read(path, kiosk, public)
    if scan.broken:
        yield Finding("mirror", 0, scan.broken)
    if scan.torn:
        yield Finding("mirror", 0, f"torn: {scan.torn} bytes")
    for row in conn.execute(select(EPOCH.c.epoch).order_by(EPOCH.c.ordinal)).all():
        seq = scan.seqs.get(row.epoch, -1)
        if seq < 0 or head_at(conn, row.epoch, seq + 1) is not None:
            yield Finding("mirror", max(seq, 0), f"{row.epoch}: behind")
        elif head_at(conn, row.epoch, seq) != scan.heads[row.epoch]:
            yield Finding("mirror", seq, f"{row.epoch}: differs")


def _receipts(conn: Connection, kiosk: str, service_public: bytes) -> Iterator[Finding]:
    for r in conn.execute(select(RECEIPT)).all():
        receipt = Receipt(kiosk, r.epoch, r.from_seq, r.to_seq, r.digest, r.have, r.opened, r.at, r.signature)
        if not receipt.genuine(service_public):
            yield Finding("receipt", r.to_seq, f"{r.epoch}: signature")
        elif head_at(conn, r.epoch, r.to_seq) != r.digest:
            yield Finding("receipt", r.to_seq, f"{r.epoch}: digest")


def _numbers(conn: Connection) -> Iterator[Finding]:
    rows = conn.execute(select(VISIT.c.event_day, VISIT.c.number).order_by(VISIT.c.event_day, VISIT.c.number)).all()
    for day, group in itertools.groupby(rows, key=lambda r: r.event_day):
        for expected, row in enumerate(group, 1):
            if row.number != expected:
                yield Finding("number", row.number, f"{day}: expected {expected}")
                break


def _projection(conn: Connection, facts: list[tuple[Fact, str]]) -> Iterator[Finding]:
    """The rows on screen against rows computed afresh from the events."""
    fresh = projection.project(fact for fact, _ in facts).rows
    shown = {(r.epoch, r.seq): (r.deed, r.voided, r.amended) for t in TABLES.values() for r in conn.execute(select(t)).all()}
    expected = {key[1:]: (row.deed, int(row.voided), row.amended) for key, row in fresh.items()}
    for epoch, seq in sorted(shown.keys() ^ expected.keys() | {k for k in shown.keys() & expected.keys() if shown[k] != expected[k]}):
        yield Finding("projection", seq, epoch)
