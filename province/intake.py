"""Intake: one upload of one kiosk becomes rows, in one transaction. The network and the stick come through here alike.

Nothing is opened, nothing is dropped: what cannot be filed with the rest is kept in quarantine with its reason, and one bad
event never holds up the others. Receipts come back unsigned; they are signed after COMMIT.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, func, select, update

from kiosk.crypto import chain
from kiosk.domain.protocol import Batch, BatchAnswer, Envelope, Opening, Receipt, Refusal, SignedOpening, Span, Untrusted, decode
from province import actlog, tables
from province.bulk import Present, append
from province.chains import MAX_SEQ, Checked, Held, advance, check, first_conflict, header, is_epoch
from province.db import Database, insert_ignore
from province.settings import PLAIN, event_day
from province.standing import Sender, contact, unreadable

EPOCH, EVENT, SPAN = tables.table(tables.Epoch), tables.table(tables.Event), tables.table(tables.Span)
QUARANTINE, ALERT, DAY = tables.table(tables.Quarantine), tables.table(tables.Alert), tables.table(tables.CampaignDay)
STRAY, ASIDE = tables.table(tables.Stray), tables.table(tables.Aside)
PASSES = ("no_campaign", "revoked")  # reasons that may pass: the upload is kept whole, to be taken then
STRAYS = 500  # uploads of unknown senders that the network may leave here
NO_DAY = ""  # of quarantined events whose opening never came
TRIES = 3


class Raced(Exception):
    """Another upload of the same events won in between; the whole transaction is done again on what is there now."""


_New = tuple[int, int, bytes, bytes]  # kind, at, sealed, sha256


class _Opened(NamedTuple):
    signed: SignedOpening
    said: Opening


def take(db: Database, sender: Sender, call: Envelope, now: int) -> BatchAnswer:
    """Files one batch. Raises Untrusted when the body is no batch at all (nothing is stored then)."""
    batch = decode(call.body, Batch)
    try:
        spans = [check(sender.kiosk, span) for span in batch.spans]
    except ValueError as error:
        raise Untrusted(str(error)) from error
    openings = [_Opened(signed, said) for signed in batch.openings if (said := _read(signed, sender)) is not None]
    for attempt in range(TRIES):
        try:
            with db.write() as conn:
                return _Upload(conn, sender, call, now).run(openings, spans)
        except Raced:
            if attempt == TRIES - 1:
                raise
    raise AssertionError


def keep_stray(db: Database, call: Envelope, data: bytes, now: int, capped: bool) -> None:
    """Keeps an upload whose sender is not known here (a province restored from an old backup): whole, since nobody can check it.
    `capped`: from the network, where anybody may send."""
    row = {"digest": sha256(data).digest(), "sender": call.sender, "body": data, "received_at": now, "trouble": ""}
    with db.write() as conn:
        full = capped and (conn.execute(select(func.count()).select_from(STRAY)).scalar_one() >= STRAYS)
        if not full:
            insert_ignore(conn, STRAY, [row])


def _read(signed: SignedOpening, sender: Sender) -> Opening | None:
    """The opening, if this kiosk signed it for this station; its events are set aside otherwise."""
    try:
        said = signed.read(sender.public)
        event_day(said.event_day)
    except (Untrusted, ValueError):
        return None
    ours = said.kiosk == sender.kiosk and said.station == sender.station and is_epoch(said.epoch)
    parent = said.parent is None or (is_epoch(said.parent[0]) and 0 <= said.parent[1] <= MAX_SEQ)
    return said if ours and parent and abs(said.at) < 1 << 62 and PLAIN.fullmatch(said.app) else None


class _Upload:
    """One batch within its transaction: gathers rows, writes each table with one statement at the end."""

    def __init__(self, conn: Connection, sender: Sender, call: Envelope, now: int) -> None:
        self.conn, self.sender, self.call, self.now = conn, sender, call, now
        self.place = {"station_id": sender.station, "kiosk_id": sender.kiosk}
        self.digest = sha256(call.body).digest()
        self.held: dict[str, Held] = {}
        self.before: dict[str, tuple[int, int, str]] = {}
        self.set_aside: dict[str, tuple[str, str]] = {}  # epoch -> (day, reason)
        self.openings: dict[str, bytes] = {}  # of the epochs held
        self.events: dict[str, dict[int, _New]] = {}  # epoch -> seq -> what is new
        self.spans: list[dict[str, Any]] = []
        self.quarantine: dict[tuple[str, int, bytes], dict[str, Any]] = {}
        self.receipts: list[tuple[Checked, int]] = []
        self.days = set(conn.execute(select(DAY.c.event_day)).scalars())
        self.past: dict[str, None] = {}  # epochs of those that were named
        self.gone: set[str] = set()  # days that were dropped: of them nothing is stored any more
        self.refusals: list[Refusal] = []
        self.duplicates = 0

    def run(self, openings: Sequence[_Opened], spans: Sequence[Checked]) -> BatchAnswer:
        usable = self._usable(openings)
        self._hold(sorted({o.said.epoch for o in openings} | {s.span.epoch for s in spans}))
        new = [opened for opened in usable if opened.said.epoch not in self.held]
        if new:
            self._open(new)
            self._hold(sorted({opened.said.epoch for opened in new}))
        self._compare(openings)
        for checked in spans:
            self._take(checked)
        self._write()
        for held in self.held.values():
            self._join(held)
        self._close(openings)
        return self._answer(openings)

    def _usable(self, openings: Sequence[_Opened]) -> list[_Opened]:
        """Those of a revoked kiosk or of no campaign day are set aside with their events."""
        self._dropped(opened.said.event_day for opened in openings)
        out: list[_Opened] = []
        for opened in openings:
            signed, said = opened
            reason = "revoked" if self.sender.revoked else "no_campaign" if said.event_day not in self.days else ""
            if reason:
                self.set_aside[said.epoch] = (said.event_day, reason)
                self._keep(said.epoch, said.event_day, 0, signed.opening, sha256(signed.opening).digest(), reason)
            else:
                out.append(opened)
        return out

    def _open(self, openings: Sequence[_Opened]) -> None:
        """Epoch rows for new openings; another upload may have brought them in between."""
        rows: dict[str, dict[str, Any]] = {}
        row: dict[str, Any]
        for signed, said in openings:
            head = chain.link(said.kiosk, said.epoch, chain.ZERO, signed.opening)
            parent = said.parent or (None, None)
            row = {"epoch": said.epoch, "event_day": said.event_day, "opening": signed.opening, "signature": signed.signature}
            row |= {"parent_epoch": parent[0], "parent_seq": parent[1], "have_seq": 0, "have_head": head, "max_seq": 0}
            rows[said.epoch] = {**self.place, **row, "opened_seq": 0, "unreadable": 0, "state": "open", "received_at": self.now}
        for _, _, epoch in insert_ignore(self.conn, EPOCH, list(rows.values())):
            self._clone(rows[epoch])

    def _clone(self, row: dict[str, Any]) -> None:
        """Two epochs that continue one parent: this kiosk's data was copied. Both are accepted, people are told."""
        same = EPOCH.c.parent_epoch.is_(None) if row["parent_epoch"] is None else EPOCH.c.parent_epoch == row["parent_epoch"]
        mine = (EPOCH.c.station_id == self.sender.station, EPOCH.c.kiosk_id == self.sender.kiosk, EPOCH.c.epoch != row["epoch"])
        if self.conn.execute(select(EPOCH.c.epoch).where(*mine, same).limit(1)).first() is not None:
            self._alert(row["event_day"], row["epoch"], "clone")

    def _alert(self, day: str, epoch: str, kind: str) -> None:
        insert_ignore(self.conn, ALERT, [{**self.place, "event_day": day, "epoch": epoch, "kind": kind, "at": self.now}])

    def _hold(self, epochs: Sequence[str]) -> None:
        """Locks and reads the epochs' rows: until COMMIT nobody else adds an event to them."""
        mine = (EPOCH.c.station_id == self.sender.station, EPOCH.c.kiosk_id == self.sender.kiosk, EPOCH.c.epoch.in_(epochs))
        for row in self.conn.execute(select(EPOCH).where(*mine).order_by(EPOCH.c.epoch).with_for_update()):
            self.openings[row.epoch] = row.opening
            numbers = (row.have_seq, row.have_head, row.max_seq, row.opened_seq, row.unreadable, row.state)
            self.held[row.epoch] = Held(row.epoch, row.event_day, *numbers)
            self.before[row.epoch] = (row.have_seq, row.max_seq, row.state)
        self._dropped(held.event_day for held in self.held.values())

    def _dropped(self, named: Iterable[str]) -> None:
        """Those of the days that the officials' log says were dropped (retention). One that is only missing is kept aside."""
        if missing := set(named) - self.days - self.gone:
            self.gone |= missing & actlog.dropped(self.conn)

    def _compare(self, openings: Sequence[_Opened]) -> None:
        """An opening that differs from the one held is another history of the same epoch."""
        for signed, said in openings:
            if self.openings.get(said.epoch, signed.opening) != signed.opening:
                self._fork(self.held[said.epoch])
                self._keep(said.epoch, said.event_day, 0, signed.opening, sha256(signed.opening).digest(), "conflict")

    def _take(self, checked: Checked) -> None:
        span, held = checked.span, self.held.get(checked.span.epoch)
        if self.sender.revoked or held is None or not checked.sound:
            otherwise = (held.event_day if held else NO_DAY, "revoked" if self.sender.revoked else "shape")
            day, reason = self.set_aside.get(span.epoch, otherwise)
            self._quarantine(checked, day, span.from_seq, reason)
            return
        if held.event_day in self.gone:
            self._of_dropped(span, held)
            return
        known = self._known(held, checked)
        cut = first_conflict(held, checked, known)
        upto = span.to_seq if cut is None else cut - 1
        if cut is not None:
            self._fork(held)
            self._quarantine(checked, held.event_day, cut, "conflict", known)
        if upto < span.from_seq:
            return
        place = {**self.place, "event_day": held.event_day, "epoch": span.epoch}
        new = self.events.setdefault(span.epoch, {})
        for seq, data, digest in zip(range(span.from_seq, upto + 1), span.events, checked.hashes, strict=False):
            if seq in known:
                self.duplicates += 1
            else:
                said = header(data, seq)
                new[seq] = (said.kind, said.at, data, digest)
        envelope = {"nonce": self.call.nonce, "at": self.call.at, "digest": self.digest, "signature": self.call.signature}
        row = {"from_seq": span.from_seq, "to_seq": upto, "prev_head": span.prev_head, "head": checked.head_at(upto)}
        self.spans.append({**place, **row, **envelope})
        advance(held, checked, upto)
        held.max_seq = max(held.max_seq, upto)
        self.receipts.append((checked, upto))

    def _of_dropped(self, span: Span, held: Held) -> None:
        """What came before the day was dropped is acknowledged by what is still known of it, its number and head; the rest is refused."""
        self.duplicates += max(0, min(span.to_seq, held.have_seq) - span.from_seq + 1)
        late = range(max(span.from_seq, held.have_seq + 1), span.to_seq + 1)
        self.refusals += [Refusal(span.epoch, seq, "no_campaign") for seq in late]
        self.past[span.epoch] = None

    def _known(self, held: Held, checked: Checked) -> dict[int, bytes]:
        """seq -> sha256 of the span's places that are filled, in the tables or by an earlier span of this batch."""
        span = checked.span
        if span.from_seq > held.max_seq:
            return {}  # max_seq counts the earlier spans of this batch too
        where = (*self._of(EVENT, held), EVENT.c.seq.between(span.from_seq, span.to_seq))
        known = {row.seq: row.sha256 for row in self.conn.execute(select(EVENT.c.seq, EVENT.c.sha256).where(*where))}
        new = self.events.get(span.epoch, {})
        return known | {seq: new[seq][3] for seq in range(span.from_seq, span.to_seq + 1) if seq in new}

    def _of(self, table: Any, held: Held) -> tuple[Any, ...]:
        c = table.c
        return c.station_id == self.sender.station, c.event_day == held.event_day, c.kiosk_id == self.sender.kiosk, c.epoch == held.epoch

    def _row(self, data: bytes, seq: int, digest: bytes) -> dict[str, Any]:
        said = header(data, seq)
        return {"seq": seq, "kind": said.kind, "at": said.at, "sealed": data, "sha256": digest, "received_at": self.now}

    def _keep(self, epoch: str, day: str, seq: int, data: bytes, digest: bytes, reason: str) -> None:
        if day in self.gone:
            return  # sealed to a key that is destroyed: nobody will ever read it
        row = {**self.place, "event_day": day, "epoch": epoch, "reason": reason, **self._row(data, seq, digest)}
        self.quarantine[epoch, seq, digest] = row if seq else row | {"kind": 0, "at": self.now}

    def _quarantine(self, checked: Checked, day: str, first: int, reason: str, known: dict[int, bytes] | None = None) -> None:
        """Sets aside the span's events from `first` on, but for those that are held as they are."""
        span = checked.span
        for i, (data, digest) in enumerate(zip(span.events, checked.hashes, strict=True)):
            seq = span.from_seq + i
            if seq < first or (known and known.get(seq) == digest):
                continue
            self._keep(span.epoch, day, seq, data, digest, reason)
            self.refusals.append(Refusal(span.epoch, seq, reason))

    def _fork(self, held: Held) -> None:
        held.state = "forked"
        self._alert(held.event_day, held.epoch, "fork")

    def _write(self) -> None:
        for epoch, new in self.events.items():
            if new:
                kinds, ats, sealed, hashes = zip(*new.values(), strict=True)
                same = {**self.place, "event_day": self.held[epoch].event_day, "epoch": epoch, "received_at": self.now}
                columns = {"seq": list(new), "kind": kinds, "at": ats, "sealed": sealed, "sha256": hashes}
                try:
                    append(self.conn, EVENT, same, columns)
                except Present as error:  # somebody wrote past the epoch's lock
                    raise Raced from error
        insert_ignore(self.conn, SPAN, self.spans)
        insert_ignore(self.conn, QUARANTINE, list(self.quarantine.values()))
        days = sorted({str(row["event_day"]) for row in self.quarantine.values() if row["reason"] in PASSES})
        upload = {**self.place, "digest": self.digest, "body": msgspec.msgpack.encode(self.call), "received_at": self.now} if days else {}
        insert_ignore(self.conn, ASIDE, [{**upload, "event_day": day} for day in days])

    def _join(self, held: Held) -> None:
        """Spans that came early: `have` moves on over those that continue what is held."""
        while held.max_seq > held.have_seq:
            where = (*self._of(SPAN, held), SPAN.c.to_seq > held.have_seq, SPAN.c.from_seq <= held.have_seq + 1)
            early = self.conn.execute(select(SPAN).where(*where).order_by(SPAN.c.to_seq.desc())).all()
            if not any(self._joined(held, span) for span in early):
                return

    def _joined(self, held: Held, span: Any) -> bool:
        where = (*self._of(EVENT, held), EVENT.c.seq.between(held.have_seq + 1, span.to_seq))
        sealed = list(self.conn.execute(select(EVENT.c.sealed).where(*where).order_by(EVENT.c.seq)).scalars())
        heads = chain.heads(self.sender.kiosk, held.epoch, held.have_head, sealed)
        if len(heads) != span.to_seq - held.have_seq or heads[-1] != span.head:
            self._fork(held)  # it continues another history
            return False
        held.have_seq, held.have_head = span.to_seq, span.head
        return True

    def _close(self, openings: Sequence[_Opened]) -> None:
        for epoch, held in self.held.items():
            if self.before[epoch] != (held.have_seq, held.max_seq, held.state):
                where = (EPOCH.c.station_id == self.sender.station, EPOCH.c.kiosk_id == self.sender.kiosk, EPOCH.c.epoch == epoch)
                numbers = {"have_seq": held.have_seq, "have_head": held.have_head, "max_seq": held.max_seq, "state": held.state}
                self.conn.execute(update(EPOCH).where(*where).values(**numbers))
        contact(self.conn, self.sender, self.call.at, self.now, max((o.said.at, o.said.app) for o in openings)[1] if openings else "")

    def _answer(self, openings: Sequence[_Opened]) -> BatchAnswer:
        """One receipt a span, and one for each epoch that was named without any, so that a kiosk learns what was opened since."""
        kiosk, out = self.sender.kiosk, []
        for checked, upto in self.receipts:
            held, first, digest = self.held[checked.span.epoch], checked.span.from_seq, checked.head_at(upto)
            out.append(Receipt(kiosk, held.epoch, first, upto, digest, held.have_seq, held.opened_seq, self.now))
        named = {receipt.epoch for receipt in out}
        for epoch in dict.fromkeys(o.said.epoch for o in openings) | self.past:
            if epoch in self.held and epoch not in named:
                held = self.held[epoch]
                out.append(Receipt(kiosk, epoch, 1, held.have_seq, held.have_head, held.have_seq, held.opened_seq, self.now))
        for held in self.held.values():
            if held.unreadable:
                self.refusals += unreadable(self.conn, self.sender, held.event_day, held.epoch)
        forked = [epoch for epoch, held in self.held.items() if held.state == "forked"]
        return BatchAnswer(out, self.refusals, forked, self.duplicates)
