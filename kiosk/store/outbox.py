"""What waits for the province, and its answers. No state column: waiting, acknowledged, refused are computed from receipts.

Only a genuine receipt whose digest is our own chain head at that seq counts. No event is ever removed here.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from kiosk.domain import events
from kiosk.domain.protocol import Batch, BatchAnswer, Manifest, Receipt, Refusal, SignedOpening, Span
from kiosk.errors import KioskError
from kiosk.store.engine import Database
from kiosk.store.journal import EPOCH, EVENT
from kiosk.store.register import RECEIPT
from kiosk.store.tables import LogHead, ParkedRow, RefusalRow

REFUSAL: Any = RefusalRow.__table__  # type: ignore[attr-defined]
PARKED: Any = ParkedRow.__table__  # type: ignore[attr-defined]


LOG: Any = LogHead.__table__  # type: ignore[attr-defined]
QUARANTINED = ("conflict", "no_campaign", "revoked", "shape")
CARRIED = "carried:"  # an epoch's reason: it repeats the tail of the epoch that is named
Run = tuple[int, int]  # from_seq .. to_seq, both included


class Counts(msgspec.Struct, frozen=True):
    """Events in the journal by what the province said of them: `events` = acknowledged + aside + waiting. `aside`: in quarantine there,
    or carried into another epoch; `apart`: those of `aside` that no other epoch has carried on; `refused`: quarantined or unreadable;
    `parked`: waiting, and passed over for a while; `last_receipt_at`: ms UTC or None."""

    events: int
    waiting: int
    acknowledged: int
    opened: int
    refused: int
    last_receipt_at: int | None
    parked: int = 0
    aside: int = 0
    apart: int = 0


class Saved(msgspec.Struct, frozen=True):
    """`acknowledged`: events newly held; `forked`: our epochs of which the province holds another history, or more than we have;
    `rejected`: receipts that were not genuine or not about our bytes."""

    acknowledged: int
    refused: int
    forked: tuple[str, ...]
    rejected: int


class Standing(msgspec.Struct, frozen=True):
    """One epoch: last seq; `have`, `opened`: how far receipts prove that the province holds and has opened *our* history; `beyond`: what
    it holds after a gap; `aside`: what it put into quarantine, or what another epoch has carried on; `parked`: passed over for now."""

    epoch: str
    event_day: str
    last: int
    have: int
    opened: int
    beyond: tuple[Run, ...] = ()
    aside: tuple[Run, ...] = ()
    parked: tuple[int, ...] = ()

    @property
    def held(self) -> int:
        return self.have + sum(b - a + 1 for a, b in self.beyond)

    @property
    def set_aside(self) -> int:
        return sum(b - a + 1 for a, b in self.aside)

    def gaps(self, parked: bool = False) -> Iterator[Run]:
        """What is to be offered, in order; with `parked` also what is passed over."""
        passed = () if parked else tuple((seq, seq) for seq in self.parked)
        seq = self.have + 1
        for first, last in sorted((*self.beyond, *self.aside, *passed)):
            if first > seq:
                yield seq, first - 1
            seq = max(seq, last + 1)
        if seq <= self.last:
            yield seq, self.last


def standings(conn: Connection, now: int = 0) -> list[Standing]:
    """Every epoch, oldest first. `now`: ms UTC, for what is parked.

    A receipt's digest is the chain's head at `to_seq`, so it proves all events up to there and none after: what it says of `have` and
    `opened` beyond `to_seq` may be about somebody else's copy of this journal.
    """
    # a lookup per epoch: GROUP BY would read the whole index of a long day
    last = select(func.max(EVENT.c.seq)).where(EVENT.c.epoch == EPOCH.c.epoch).scalar_subquery()
    proven, opened = func.min(RECEIPT.c.have, RECEIPT.c.to_seq), func.min(RECEIPT.c.opened, RECEIPT.c.to_seq)  # of two: the smaller
    highest = select(RECEIPT.c.epoch, func.max(proven).label("have"), func.max(opened).label("opened")).group_by(RECEIPT.c.epoch)
    held = {row.epoch: (row.have, row.opened) for row in conn.execute(highest)}
    rows = conn.execute(select(EPOCH.c.epoch, EPOCH.c.event_day, EPOCH.c.reason, last.label("last")).order_by(EPOCH.c.ordinal)).all()
    carried = {r.reason.removeprefix(CARRIED) for r in rows if r.reason.startswith(CARRIED)}
    beyond, refused, parked = _beyond(conn), _refused(conn), _parked(conn, now)
    out: list[Standing] = []
    for r in rows:
        have, done = held.get(r.epoch, (0, 0))
        end = r.last or 0
        runs = _merged((max(a, have + 1), b) for a, b in beyond.get(r.epoch, ()) if b > have)
        whole = [(have + 1, end)] if r.epoch in carried and end > have else [(seq, seq) for seq in refused.get(r.epoch, ()) if seq > have]
        aside = tuple(_without(_merged(whole), runs))
        out.append(Standing(r.epoch, r.event_day, end, have, done, runs, aside, tuple(parked.get(r.epoch, ()))))
    return out


def carried(conn: Connection) -> dict[str, str]:
    """Epochs whose tail another one has carried on -> that other one."""
    rows = conn.execute(select(EPOCH.c.epoch, EPOCH.c.reason).where(EPOCH.c.reason.startswith(CARRIED, autoescape=True)))
    return {row.reason.removeprefix(CARRIED): row.epoch for row in rows}


class Reach(NamedTuple):
    """How far an epoch's events are held and opened, there or where they were carried on; `into`: that epoch, or ""."""

    have: int
    opened: int
    into: str


def reached(all_: Sequence[Standing], again: Mapping[str, str]) -> dict[str, Reach]:
    """By epoch. `all_`: oldest first; `again`: as `carried` says. The tail after `have` is what the other epoch begins with."""
    found: dict[str, Reach] = {}
    for s in reversed(all_):
        into = again.get(s.epoch, "")
        have, opened = s.have, s.opened
        if into in found:
            tail = s.last - s.have
            have += min(found[into].have, tail)
            opened += min(found[into].opened, tail) if s.opened == s.have else 0
        found[s.epoch] = Reach(have, opened, into)
    return found


def _beyond(conn: Connection) -> dict[str, list[Run]]:
    """Runs that receipts prove to be held after a gap."""
    out: dict[str, list[Run]] = {}
    for r in conn.execute(select(RECEIPT).where(RECEIPT.c.to_seq > RECEIPT.c.have)):
        out.setdefault(r.epoch, []).append((r.from_seq, r.to_seq))
    return out


def _refused(conn: Connection) -> dict[str, list[int]]:
    out: dict[str, list[int]] = {}
    for r in conn.execute(select(REFUSAL.c.epoch, REFUSAL.c.seq).where(REFUSAL.c.reason.in_(QUARANTINED)).order_by(REFUSAL.c.seq)):
        out.setdefault(r.epoch, []).append(r.seq)
    return out


def _parked(conn: Connection, now: int) -> dict[str, list[int]]:
    out: dict[str, list[int]] = {}
    for r in conn.execute(select(PARKED).where(PARKED.c.until > now).order_by(PARKED.c.seq)):
        out.setdefault(r.epoch, []).append(r.seq)
    return out


def _merged(runs: Iterable[Run]) -> tuple[Run, ...]:
    out: list[Run] = []
    for first, last in sorted(runs):
        if out and first <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return tuple(out)


def _without(runs: Iterable[Run], taken: Sequence[Run]) -> Iterator[Run]:
    """`runs` less `taken`, both merged."""
    for first, last in runs:
        for a, b in taken:
            if b < first or a > last:
                continue
            if a > first:
                yield first, a - 1
            first = b + 1
        if first <= last:
            yield first, last


def refusals(conn: Connection, all_: Sequence[Standing]) -> Iterator[tuple[str, int, str]]:
    """(epoch, seq, reason) of what the province refuses still. What it put aside and took in later (a campaign day that was added) is
    proven by a later receipt, and no refusal any more."""
    names = {s.epoch for s in all_}
    rows = conn.execute(select(REFUSAL).where(REFUSAL.c.epoch.in_(names)).order_by(REFUSAL.c.epoch, REFUSAL.c.seq)).all()
    proven: dict[str, list[Any]] = {}
    for r in conn.execute(select(RECEIPT).where(RECEIPT.c.epoch.in_({row.epoch for row in rows}))) if rows else ():
        proven.setdefault(r.epoch, []).append(r)
    for row in rows:
        later = (r for r in proven.get(row.epoch, ()) if 0 < row.at < r.at and row.reason in QUARANTINED)
        if not any(row.seq <= min(r.have, r.to_seq) or r.from_seq <= row.seq <= r.to_seq for r in later):
            yield row.epoch, row.seq, row.reason


class Outbox:
    """`service_public`: the province's receipt key; `wall`: ms UTC, for what is parked."""

    def __init__(self, database: Database, kiosk: str, service_public: bytes, wall: Callable[[], int] = lambda: 0) -> None:
        self._database, self._kiosk, self._service, self._wall = database, kiosk, service_public, wall
        self._unkept: dict[tuple[str, int, int], Receipt] = {}  # true receipts that the disk would not take

    def next(self, max_events: int, max_bytes: int) -> Batch | None:
        """The oldest events not yet held, with the openings of their epochs; at least one event however large. None: nothing waits."""
        spans: list[Span] = []
        openings: dict[str, SignedOpening] = {}
        with self._database.read() as conn:
            for epoch, run in ((s.epoch, run) for s in standings(conn, self._wall()) for run in _without(s.gaps(), self._told(s.epoch))):
                if max_events <= 0 or max_bytes <= 0:
                    break
                span = self._span(conn, epoch, run, max_events, max_bytes, force=not spans)
                if span is None:
                    break
                if epoch not in openings:
                    openings[epoch] = _opening(conn, epoch)
                    max_bytes -= len(openings[epoch].opening)
                spans.append(span)
                max_events -= len(span.events)
                max_bytes -= sum(map(len, span.events))
        return Batch(list(openings.values()), spans) if spans else None

    @staticmethod
    def _span(conn: Connection, epoch: str, run: Run, max_events: int, max_bytes: int, force: bool) -> Span | None:
        first, last = run
        query = select(EVENT.c.seq, EVENT.c.sealed, EVENT.c.head).where(EVENT.c.epoch == epoch, EVENT.c.seq.between(first, last))
        taken: list[bytes] = []
        size, head = 0, b""
        for row in conn.execute(query.order_by(EVENT.c.seq).limit(max_events)):
            if size + len(row.sealed) > max_bytes and (taken or not force):
                break
            taken.append(row.sealed)
            size, head = size + len(row.sealed), row.head
        if not taken:
            return None
        return Span(epoch, first, first + len(taken) - 1, head_at(conn, epoch, first - 1) or b"", head, taken)

    def batches(self, max_events: int, max_bytes: int, everything: bool = False) -> Iterator[Batch]:
        """All that waits, parked or not, in batches for a file; with `everything` also what the province holds. As of the first one."""
        with self._database.read() as conn:
            todo = [(s.epoch, run) for s in standings(conn) for run in ([(1, s.last)] if everything and s.last else s.gaps(parked=True))]
        for epoch, (first, last) in todo:
            while first <= last:
                with self._database.read() as conn:
                    span = self._span(conn, epoch, (first, last), max_events, max_bytes, force=True)
                    opening = _opening(conn, epoch)
                if span is None:
                    break
                yield Batch([opening], [span])
                first = span.to_seq + 1

    def park(self, epoch: str, seq: int, until: int) -> None:
        """Passes over one event until then (ms UTC): it alone does not get through, and the others must not wait for it."""
        with self._database.write() as conn:
            values = {"epoch": epoch, "seq": seq, "until": until}
            conn.execute(upsert(PARKED).values(**values).on_conflict_do_update(index_elements=["epoch", "seq"], set_={"until": until}))

    def conflicted(self) -> list[str]:
        """Epochs whose tail the province put aside because it holds another history, and that no other epoch has carried on."""
        with self._database.read() as conn:
            where = (REFUSAL.c.epoch, REFUSAL.c.seq)
            clashes = {r.epoch: r.seq for r in conn.execute(select(*where).where(REFUSAL.c.reason == "conflict").order_by(REFUSAL.c.seq))}
            done = {r.removeprefix(CARRIED) for r in conn.execute(select(EPOCH.c.reason)).scalars() if r.startswith(CARRIED)}
            return [s.epoch for s in standings(conn) if clashes.get(s.epoch, 0) > s.have and s.epoch not in done]

    def unsettled(self) -> list[str]:
        """Epochs with events the province has not opened."""
        with self._database.read() as conn:
            return [s.epoch for s in standings(conn) if s.opened + s.set_aside < s.last]

    def again(self, epochs: Collection[str]) -> Batch | None:
        """The last proven event of each of `epochs` that is held and not known to be opened. `have` is answered with the head of the
        other copy, which proves nothing here; a duplicate's receipt has our own head, and says what was opened."""
        with self._database.read() as conn:
            mine = [s for s in standings(conn) if s.epoch in epochs and s.opened < s.have]
            spans = [span for s in mine if (span := self._span(conn, s.epoch, (s.have, s.have), 1, 0, force=True)) is not None]
            openings = [_opening(conn, span.epoch) for span in spans]
        return Batch(openings, spans) if spans else None

    def save(self, answer: BatchAnswer) -> Saved:
        """Stores the receipts that are true of our bytes and the refusals, in one transaction.

        Raises KioskError: nothing is stored. True receipts are remembered then, so that next() goes on to what follows; they
        acknowledge nothing until they are stored, with the next answer that can be."""
        try:
            saved = self._store(answer)
        except KioskError:
            with self._database.read() as conn:
                self._unkept |= {(r.epoch, r.from_seq, r.to_seq): r for r in answer.receipts if self._true(conn, r)}
            raise
        self._unkept.clear()
        return saved

    def _told(self, epoch: str) -> tuple[Run, ...]:
        return _merged((first, last) for name, first, last in self._unkept if name == epoch)

    def _store(self, answer: BatchAnswer) -> Saved:
        with self._database.write() as conn:
            before = {s.epoch: s for s in standings(conn)}
            good = [r for r in answer.receipts if self._true(conn, r)]
            rejected = len(answer.receipts) - len(good)
            good += [r for r in self._unkept.values() if self._true(conn, r)]
            news = _worth_keeping(good, before)
            if news:
                number = int(conn.execute(select(func.max(RECEIPT.c.number))).scalar() or 0)
                conn.execute(insert(RECEIPT), [_row(r, number + i) for i, r in enumerate(news, 1)])
            refused = self._refuse(conn, [r for r in answer.refusals if r.epoch in before], answer.now)
            _remember_log(conn, answer)
            after = standings(conn) if news else ()
        held = sum(s.held - before[s.epoch].held for s in after)
        mine = (r for r in answer.receipts if r.epoch in before and self._ours(r))
        copied = {r.epoch for r in mine if r.have > before[r.epoch].last}  # another copy of this home has gone on
        forked = tuple(e for e in before if e in answer.forked or e in copied)
        return Saved(max(0, held), refused, forked, rejected)

    def _true(self, conn: Connection, receipt: Receipt) -> bool:
        """Genuine, ours, and about our bytes up to `to_seq`; standings() believes nothing beyond that."""
        if not self._ours(receipt):
            return False
        return 0 <= receipt.opened <= receipt.have and head_at(conn, receipt.epoch, receipt.to_seq) == receipt.digest

    def _ours(self, receipt: Receipt) -> bool:
        return receipt.kiosk == self._kiosk and receipt.genuine(self._service)

    @staticmethod
    def _refuse(conn: Connection, refusals: Sequence[Refusal], now: int) -> int:
        new = 0
        for refusal in refusals:
            known = conn.execute(select(REFUSAL.c.seq).where(REFUSAL.c.epoch == refusal.epoch, REFUSAL.c.seq == refusal.seq)).first()
            if known is None:
                conn.execute(insert(REFUSAL).values(epoch=refusal.epoch, seq=refusal.seq, reason=refusal.reason[:40], at=now))
                new += 1
        return new

    def log_head(self) -> tuple[int, bytes]:
        """(number, head) of the newest line of the province's log that this kiosk was told of; (0, b"") before the first."""
        with self._database.read() as conn:
            row = conn.execute(select(LOG).order_by(LOG.c.number.desc()).limit(1)).first()
        return (0, b"") if row is None else (row.number, row.head)

    def counts(self) -> Counts:
        with self._database.read() as conn:
            all_ = standings(conn, self._wall())
            refused = sum(1 for _ in refusals(conn, all_))
            last = conn.execute(select(func.max(RECEIPT.c.at))).scalar()
            again = carried(conn) if any(s.set_aside for s in all_) else {}
        total, held, aside = (sum(n) for n in zip(*((s.last, s.held, s.set_aside) for s in all_), strict=True)) if all_ else (0, 0, 0)
        parked, apart = sum(len(s.parked) for s in all_), sum(s.set_aside for s in all_ if s.epoch not in again)
        return Counts(total, total - held - aside, held, sum(s.opened for s in all_), refused, last, parked, aside, apart)

    def headers(self, kiosk: str) -> list[dict[str, object]]:
        """Every event's clear header, oldest first, with `state`: waiting, acknowledged, refused, carried."""
        out: list[dict[str, object]] = []
        with self._database.read() as conn:
            all_ = standings(conn)
            refused = {(epoch, seq) for epoch, seq, _ in refusals(conn, all_)}
            for epoch in all_:
                for row in conn.execute(select(EVENT).where(EVENT.c.epoch == epoch.epoch).order_by(EVENT.c.seq)):
                    state = "refused" if (row.epoch, row.seq) in refused else _state(epoch, row.seq)
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


def _opening(conn: Connection, epoch: str) -> SignedOpening:
    row = conn.execute(select(EPOCH.c.opening, EPOCH.c.signature).where(EPOCH.c.epoch == epoch)).one()
    return SignedOpening(row.opening, row.signature)


def _state(epoch: Standing, seq: int) -> str:
    if seq <= epoch.have or any(a <= seq <= b for a, b in epoch.beyond):
        return "acknowledged"
    return "carried" if any(a <= seq <= b for a, b in epoch.aside) else "waiting"


def _worth_keeping(receipts: Sequence[Receipt], before: Mapping[str, Standing]) -> list[Receipt]:
    """Of each epoch the one that proves most, if it proves more than is known, and those of runs after a gap; the table would grow with
    every question."""
    out: list[Receipt] = []
    for epoch in dict.fromkeys(r.epoch for r in receipts):
        mine, known = [r for r in receipts if r.epoch == epoch], before[epoch]
        best = max(mine, key=lambda r: (min(r.have, r.to_seq), min(r.opened, r.to_seq)))
        if min(best.have, best.to_seq) > known.have or min(best.opened, best.to_seq) > known.opened:
            out.append(best)
        held = max(known.have, min(best.have, best.to_seq))
        islands = [r for r in mine if r.to_seq > max(r.have, held)]
        out += [r for r in islands if r not in out and not any(a <= r.from_seq and r.to_seq <= b for a, b in known.beyond)]
    return out


def head_at(conn: Connection, epoch: str, seq: int) -> bytes | None:
    """The chain's head at `seq` (0: after the opening), or None if there is no such event."""
    if seq == 0:
        return conn.execute(select(EPOCH.c.head).where(EPOCH.c.epoch == epoch)).scalar()
    return conn.execute(select(EVENT.c.head).where(EVENT.c.epoch == epoch, EVENT.c.seq == seq)).scalar()


def _row(r: Receipt, number: int) -> dict[str, Any]:
    row = {k: getattr(r, k) for k in ("epoch", "from_seq", "to_seq", "digest", "have", "opened", "at", "signature")}
    return {"number": number, **row}


def _remember_log(conn: Connection, answer: BatchAnswer) -> None:
    """The first head that was told of a line stays, whatever is said of that line later."""
    number, head = answer.log
    if 0 < number < 1 << 62 and len(head) == 32:
        conn.execute(upsert(LOG).values(number=number, head=head, at=answer.now).on_conflict_do_nothing())
