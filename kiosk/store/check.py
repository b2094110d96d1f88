"""`kiosk verify`: reads everything again and says what it found. Changes nothing."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from kiosk.crypto import chain, seal, sign
from kiosk.domain import events, projection
from kiosk.domain.events import Key
from kiosk.domain.projection import Fact
from kiosk.domain.protocol import Receipt, SignedOpening, Untrusted
from kiosk.errors import Code, KioskError
from kiosk.store import migrations, mirror
from kiosk.store.engine import Database
from kiosk.store.journal import EPOCH, EVENT, Journal
from kiosk.store.outbox import head_at
from kiosk.store.projections import TABLES, VISIT
from kiosk.store.register import RECEIPT

GUARD = "trigger"  # that kept a table append-only is gone, or says something else


class Finding(msgspec.Struct, frozen=True):
    """`kind`: chain, opening, event, key, database, trigger, mirror, receipt, number, projection; `seq` 0 where none applies."""

    kind: str
    seq: int
    detail: str


class Report(msgspec.Struct):
    ok: bool = True
    events: int = 0
    head: str = ""
    findings: list[Finding] = msgspec.field(default_factory=list)


def verify(
    path: Path, database: Database, journal: Journal, service_public: bytes, purged: frozenset[str] = frozenset()
) -> Report:  # fmt: skip
    """The whole check. `purged`: epochs whose events open here no more, as certified.

    Raises KioskError only when the database cannot be read at all."""
    report = Report()
    report.findings += _pages(database)
    try:
        lost = frozenset(journal.lost_keys(database)) - purged
        _read_all(path, database, journal, service_public, (purged, lost), report)
    except KioskError as error:
        if error.code is not Code.DATABASE_UNREADABLE or not report.findings:
            raise  # else: said already, and there is no more to be read
    report.ok = not report.findings
    return report


def _read_all(
    path: Path, database: Database, journal: Journal, service_public: bytes, shut: tuple[frozenset[str], frozenset[str]], report: Report
) -> None:  # fmt: skip
    """`shut`: the epochs whose events do not open, by purge and by a lost key."""
    public, facts, (purged, lost) = sign.public(journal.identity.seed), list[tuple[Fact, str]](), shut
    with database.read() as conn:
        if (said := conn.exec_driver_sql("PRAGMA quick_check(1)").scalar()) != "ok":
            report.findings.append(Finding("database", 0, str(said)[:200]))
        report.findings += [Finding(GUARD, 0, name) for name in migrations.unguarded(conn)]
        for row in conn.execute(select(EPOCH).order_by(EPOCH.c.ordinal)).all():
            report.findings += _epoch(conn, row, journal, public, report, facts, row.epoch in purged | lost)
            report.findings += [_lost_key(conn, row.epoch)] * (row.epoch in lost)
        report.findings += _mirror(conn, path, journal.identity.kiosk, public)
        report.findings += _receipts(conn, journal.identity.kiosk, service_public)
        report.findings += _numbers(conn)
        report.findings += _projection(conn, facts, lost)


def _pages(database: Database) -> Iterator[Finding]:
    """The file itself: not the copy that a view-only program shows in its place."""
    if database.viewing is Code.DATABASE_UNREADABLE:
        yield Finding("database", 0, f"{database.path.name}: damaged ({database.cause or 'unreadable'}); its second copy is shown")
        return
    try:
        if database.damage():
            database.checkpoint()  # the WAL may hold a newer copy of the page
        found = database.damage()
    except KioskError as error:
        if error.code is not Code.DATABASE_UNREADABLE:
            raise
        found = str(error.facts.get("cause", "")) or "unreadable"
    if found:
        yield Finding("database", 0, f"{database.path.name}: damaged ({found})")


def _lost_key(conn: Connection, epoch: str) -> Finding:
    """One line for all events of an epoch whose content key is gone: they are chained and sealed as ever, and the province opens them."""
    held = select(func.min(EVENT.c.seq), func.max(EVENT.c.seq), func.count()).where(EVENT.c.epoch == epoch)
    first, last, count = conn.execute(held).one()
    return Finding("key", first or 0, f"{epoch}: keyring/{epoch} is lost; {count} events ({first or 0}-{last or 0}) do not open here")


def _epoch(
    conn: Connection, row: Any, journal: Journal, public: bytes, report: Report, facts: list[tuple[Fact, str]], shut: bool
) -> Iterator[Finding]:  # fmt: skip
    """`shut`: its events do not open here; chain and signature are looked at all the same."""
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
        if shut:
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


def _projection(conn: Connection, facts: list[tuple[Fact, str]], lost: frozenset[str]) -> Iterator[Finding]:
    """The rows on screen against rows computed afresh from the events: a line an epoch. Those of `lost` epochs cannot be computed."""
    fresh = projection.project(fact for fact, _ in facts).rows
    shown = {(r.epoch, r.seq): (r.deed, r.voided, r.amended) for t in TABLES.values() for r in conn.execute(select(t)).all()}
    expected = {key[1:]: (row.deed, int(row.voided), row.amended) for key, row in fresh.items()}
    differs = shown.keys() ^ expected.keys() | {k for k in shown.keys() & expected.keys() if shown[k] != expected[k]}
    for epoch, group in itertools.groupby(sorted(differs), key=lambda key: key[0]):
        seqs = [seq for _, seq in group]
        if epoch not in lost:
            yield Finding("projection", seqs[0], epoch if len(seqs) == 1 else f"{epoch}: {len(seqs)} rows ({seqs[0]}-{seqs[-1]})")
