"""What waits for the province, and its answers. No state column: waiting, acknowledged, refused are computed from receipts.

Only a genuine receipt whose digest is our own chain head at that seq counts. No event is ever removed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, func, insert, select

from kiosk.domain import events
from kiosk.domain.protocol import Batch, BatchAnswer, Manifest, Receipt, Refusal, SignedOpening, Span
from kiosk.store.engine import Database
from kiosk.store.journal import EPOCH, EVENT
from kiosk.store.register import RECEIPT
from kiosk.store.tables import RefusalRow

REFUSAL: Any = RefusalRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Counts:
    """Events in the journal by what the province said of them; `last_receipt_at`: ms UTC or None."""

    events: int
    waiting: int
    acknowledged: int
    opened: int
    refused: int
    last_receipt_at: int | None


@dataclass(frozen=True, slots=True)
class Saved:
    """`acknowledged`: events newly held; `rejected`: receipts that were not genuine or not about our bytes."""

    acknowledged: int
    refused: int
    forked: tuple[str, ...]
    rejected: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One epoch: last seq, and how far the province holds and has opened it."""

    epoch: str
    event_day: str
    last: int
    have: int
    opened: int


def standings(conn: Connection) -> list[Standing]:
    """Every epoch, oldest first."""
    # a lookup per epoch: GROUP BY would read the whole index of a long day
    last = select(func.max(EVENT.c.seq)).where(EVENT.c.epoch == EPOCH.c.epoch).scalar_subquery()
    held = {
        row.epoch: (row.have, row.opened)
        for row in conn.execute(
            select(RECEIPT.c.epoch, func.max(RECEIPT.c.have).label("have"), func.max(RECEIPT.c.opened).label("opened")).group_by(
                RECEIPT.c.epoch
            )
        )
    }
    rows = conn.execute(select(EPOCH.c.epoch, EPOCH.c.event_day, last.label("last")).order_by(EPOCH.c.ordinal)).all()
    return [Standing(r.epoch, r.event_day, r.last or 0, *held.get(r.epoch, (0, 0))) for r in rows]


class Outbox:
    """`service_public`: the province's receipt key."""

    def __init__(self, database: Database, kiosk: str, service_public: bytes) -> None:
        self._database, self._kiosk, self._service = database, kiosk, service_public

    def next(self, max_events: int, max_bytes: int) -> Batch | None:
        """The oldest events not yet held, with the openings of their epochs; at least one event however large. None: nothing waits."""
        spans: list[Span] = []
        openings: list[SignedOpening] = []
        with self._database.read() as conn:
            for epoch in (s for s in standings(conn) if s.have < s.last):
                if max_events <= 0 or max_bytes <= 0:
                    break
                span = self._span(conn, epoch, max_events, max_bytes, force=not spans)
                if span is None:
                    break
                row = conn.execute(select(EPOCH.c.opening, EPOCH.c.signature).where(EPOCH.c.epoch == epoch.epoch)).one()
                openings.append(SignedOpening(row.opening, row.signature))
                spans.append(span)
                max_events -= len(span.events)
                max_bytes -= sum(map(len, span.events)) + len(row.opening)
        return Batch(openings, spans) if spans else None

    @staticmethod
    def _span(conn: Connection, epoch: Standing, max_events: int, max_bytes: int, force: bool) -> Span | None:
        query = select(EVENT.c.seq, EVENT.c.sealed, EVENT.c.head).where(EVENT.c.epoch == epoch.epoch, EVENT.c.seq > epoch.have)
        taken: list[bytes] = []
        size, head = 0, b""
        for row in conn.execute(query.order_by(EVENT.c.seq).limit(max_events)):
            if size + len(row.sealed) > max_bytes and (taken or not force):
                break
            taken.append(row.sealed)
            size, head = size + len(row.sealed), row.head
        if not taken:
            return None
        return Span(epoch.epoch, epoch.have + 1, epoch.have + len(taken), head_at(conn, epoch.epoch, epoch.have) or b"", head, taken)

    def unsettled(self) -> list[str]:
        """Epochs with events the province has not opened."""
        with self._database.read() as conn:
            return [s.epoch for s in standings(conn) if s.opened < s.last]

    def save(self, answer: BatchAnswer) -> Saved:
        """Stores the receipts that are true of our bytes and the refusals, in one transaction."""
        with self._database.write() as conn:
            before = {s.epoch: s for s in standings(conn)}
            good = [r for r in answer.receipts if self._true(conn, r)]
            best = {r.epoch: max((x for x in good if x.epoch == r.epoch), key=lambda x: (x.have, x.opened)) for r in good}
            news = [r for r in good if self._news(r, before[r.epoch], best[r.epoch])]
            if news:
                number = int(conn.execute(select(func.max(RECEIPT.c.number))).scalar() or 0)
                conn.execute(insert(RECEIPT), [_row(r, number + i) for i, r in enumerate(news, 1)])
            refused = self._refuse(conn, [r for r in answer.refusals if r.epoch in before], answer.now)
        held = sum(best[e].have - before[e].have for e in best if best[e].have > before[e].have)
        forked = tuple(e for e in answer.forked if e in before)
        return Saved(held, refused, forked, len(answer.receipts) - len(good))

    @staticmethod
    def _news(receipt: Receipt, before: Standing, best: Receipt) -> bool:
        """A receipt that says nothing new is not kept; the table would grow with every question."""
        return receipt is best and (receipt.have > before.have or receipt.opened > before.opened)

    def _true(self, conn: Connection, receipt: Receipt) -> bool:
        """Genuine, ours, about our bytes, and not claiming more than we have."""
        if receipt.kiosk != self._kiosk or not receipt.genuine(self._service):
            return False
        last = conn.execute(select(func.max(EVENT.c.seq)).where(EVENT.c.epoch == receipt.epoch)).scalar() or 0
        return 0 <= receipt.opened <= receipt.have <= last and head_at(conn, receipt.epoch, receipt.to_seq) == receipt.digest

    @staticmethod
    def _refuse(conn: Connection, refusals: Sequence[Refusal], now: int) -> int:
        new = 0
        for refusal in refusals:
            known = conn.execute(select(REFUSAL.c.seq).where(REFUSAL.c.epoch == refusal.epoch, REFUSAL.c.seq == refusal.seq)).first()
            if known is None:
                conn.execute(insert(REFUSAL).values(epoch=refusal.epoch, seq=refusal.seq, reason=refusal.reason[:40], at=now))
                new += 1
        return new

    def counts(self) -> Counts:
        with self._database.read() as conn:
            all_ = standings(conn)
            refused = int(conn.execute(select(func.count()).select_from(REFUSAL)).scalar_one())
            last = conn.execute(select(func.max(RECEIPT.c.at))).scalar()
        total, have = sum(s.last for s in all_), sum(s.have for s in all_)
        return Counts(total, total - have, have, sum(s.opened for s in all_), refused, last)

    def headers(self, kiosk: str) -> list[dict[str, object]]:
        """Every event's clear header, oldest first, with `state`: waiting, acknowledged, refused."""
        out: list[dict[str, object]] = []
        with self._database.read() as conn:
            refused = {(r.epoch, r.seq) for r in conn.execute(select(REFUSAL.c.epoch, REFUSAL.c.seq))}
            for epoch in standings(conn):
                for row in conn.execute(select(EVENT).where(EVENT.c.epoch == epoch.epoch).order_by(EVENT.c.seq)):
                    state = "refused" if (row.epoch, row.seq) in refused else "acknowledged" if row.seq <= epoch.have else "waiting"
                    head = {"kiosk": kiosk, "epoch": row.epoch, "seq": row.seq, "kind": events.kind_word(row.kind), "at": row.at}
                    out.append({**head, "sha256": sha256(row.sealed).hexdigest(), "state": state})
        return out

    def manifest(self, event_day: str) -> Manifest:
        """Close of day: what there is, before all of it has arrived."""
        with self._database.read() as conn:
            mine = [s for s in standings(conn) if s.event_day == event_day]
            tips = [(s.epoch, s.last, head_at(conn, s.epoch, s.last) or b"") for s in mine]
            rows = conn.execute(
                select(EVENT.c.kind, func.count()).where(EVENT.c.epoch.in_([s.epoch for s in mine])).group_by(EVENT.c.kind)
            ).all()
        return Manifest(event_day, tips, {events.kind_word(kind): count for kind, count in rows})


def head_at(conn: Connection, epoch: str, seq: int) -> bytes | None:
    """The chain's head at `seq` (0: after the opening), or None if there is no such event."""
    if seq == 0:
        return conn.execute(select(EPOCH.c.head).where(EPOCH.c.epoch == epoch)).scalar()
    return conn.execute(select(EVENT.c.head).where(EVENT.c.epoch == epoch, EVENT.c.seq == seq)).scalar()


def _row(r: Receipt, number: int) -> dict[str, Any]:
    row = {k: getattr(r, k) for k in ("epoch", "from_seq", "to_seq", "digest", "have", "opened", "at", "signature")}
    return {"number": number, **row}
