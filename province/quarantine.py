"""What was set aside and may come in after all: a campaign day that was added late, a revocation that an operator looked at, a kiosk that
is known again. The uploads were kept whole; they go through the same intake as everything else, so they count once.

What conflicts with held events stays in quarantine for good. Killed anywhere: an upload that was taken twice is taken once.
"""

import contextlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.exc import DataError

from kiosk.crypto import sign
from kiosk.domain import protocol
from kiosk.domain.protocol import Batch, BatchAnswer, Envelope, Untrusted
from province import intake, standing, tables
from province.db import Database
from province.standing import Sender

EPOCH, EVENT, KIOSK = tables.table(tables.Epoch), tables.table(tables.Event), tables.table(tables.Kiosk)
QUARANTINE, ASIDE, STRAY = tables.table(tables.Quarantine), tables.table(tables.Aside), tables.table(tables.Stray)
DAY = tables.table(tables.CampaignDay)
AT_ONCE = 20  # uploads that the opener takes in one step


@dataclass(frozen=True, slots=True)
class Group:
    """Events of one epoch that lie in quarantine for one reason. `since`: ms UTC when the first came."""

    station: str
    event_day: str
    kiosk: str
    epoch: str
    reason: str
    first: int
    last: int
    events: int
    since: int


@dataclass(slots=True)
class Released:
    """`uploads` that were given to intake again; `events` that left quarantine; `left`: those that stay, by their reason now."""

    uploads: int = 0
    events: int = 0
    left: dict[str, int] = field(default_factory=dict)

    def add(self, events: int) -> None:
        self.uploads, self.events = self.uploads + 1, self.events + events


def listed(db: Database, station: str = "") -> list[Group]:
    """What lies in quarantine, oldest first; openings are not counted."""
    c = QUARANTINE.c
    key = (c.station_id, c.event_day, c.kiosk_id, c.epoch, c.reason)
    numbers = (func.min(c.seq), func.max(c.seq), func.count(), func.min(c.received_at))
    where = [c.seq > 0] + ([c.station_id == station] if station else [])
    with db.read() as conn:
        rows = conn.execute(select(*key, *numbers).where(*where).group_by(*key).order_by(numbers[3], *key)).all()
    return [Group(*row) for row in rows]


def step(db: Database, now: int) -> None:
    """The opener's part: takes what needs nobody's word, some uploads at a time."""
    release(db, now, most=AT_ONCE)
    release_strays(db, now, most=AT_ONCE)


def release(db: Database, now: int, vouched: str = "", most: int = 1 << 30) -> Released:
    """Gives intake again what was kept of days that are campaign days now; `vouched`: a revoked kiosk whose records an operator lets in."""
    out = Released()
    c = ASIDE.c
    with db.read() as conn:
        open_days = select(DAY.c.event_day)
        good = select(KIOSK.c.kiosk_id).where(KIOSK.c.revoked_at.is_(None))
        who = c.kiosk_id == vouched if vouched else c.kiosk_id.in_(good)
        where = (c.event_day.in_(open_days), who)
        keys = conn.execute(select(c.station_id, c.event_day, c.kiosk_id, c.digest).where(*where).order_by(c.received_at).limit(most)).all()
    for key in keys:
        mine = (c.station_id == key.station_id, c.event_day == key.event_day, c.kiosk_id == key.kiosk_id, c.digest == key.digest)
        with db.read() as conn:
            body = conn.execute(select(c.body).where(*mine)).scalar()
        sender = standing.sender(db, key.kiosk_id)
        if body is None or sender is None:  # another process took it
            continue
        call = protocol.envelope(body)
        try:
            answer = intake.take(db, sender._replace(stick=True, revoked=False), call, now)
        except intake.Raced:  # its kiosk is sending at this moment; next time
            continue
        with db.write() as conn:
            out.add(_settle(conn, sender, protocol.decode(call.body, Batch), answer))
            conn.execute(delete(ASIDE).where(*mine))
    if most > AT_ONCE:
        for group in listed(db):
            out.left[group.reason] = out.left.get(group.reason, 0) + group.events
    return out


def _settle(conn: Connection, sender: Sender, batch: Batch, answer: BatchAnswer) -> int:
    """Takes out of quarantine what is held now, byte for byte, and renames the reason of what is not; returns how many events left."""
    reasons = {(refusal.epoch, refusal.seq): refusal.reason for refusal in answer.refusals if refusal.reason != "unreadable"}
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for signed in batch.openings:
        with contextlib.suppress(Untrusted):  # intake passed over it too
            spans[signed.read(sender.public).epoch].append((0, 0))
    for span in batch.spans:
        spans[span.epoch].append((span.from_seq, span.to_seq))
    left = 0
    for epoch, runs in spans.items():
        c = EPOCH.c
        mine = (c.station_id == sender.station, c.kiosk_id == sender.kiosk, c.epoch == epoch)
        held = conn.execute(select(c.event_day, c.opening).where(*mine)).first()
        if held is not None:
            left += sum(_settle_run(conn, sender, (epoch, held.event_day, held.opening), run, reasons) for run in runs)
    return left


def _settle_run(
    conn: Connection, sender: Sender, place: tuple[str, str, bytes], run: tuple[int, int], reasons: dict[tuple[str, int], str]
) -> int:
    epoch, day, opening = place
    e, q = EVENT.c, QUARANTINE.c
    of = (e.station_id == sender.station, e.event_day == day, e.kiosk_id == sender.kiosk, e.epoch == epoch)
    held: dict[int, Any] = {r.seq: r.sha256 for r in conn.execute(select(e.seq, e.sha256).where(*of, e.seq.between(*run)))}
    aside = (q.station_id == sender.station, q.event_day == day, q.kiosk_id == sender.kiosk, q.epoch == epoch, q.reason != "conflict")
    gone = 0
    for row in conn.execute(select(q.seq, q.sha256, q.sealed).where(*aside, (q.seq == 0) | q.seq.between(*run))).all():
        this = (*aside, q.seq == row.seq, q.sha256 == row.sha256)
        if held.get(row.seq) == row.sha256 or (row.seq == 0 and bytes(row.sealed) == bytes(opening)):
            conn.execute(delete(QUARANTINE).where(*this))
            gone += row.seq > 0
        elif (epoch, row.seq) in reasons:
            conn.execute(update(QUARANTINE).where(*this).values(reason=reasons[epoch, row.seq]))
    return gone


def strays(db: Database) -> list[dict[str, Any]]:
    """Uploads of kiosks that were not known when they came: headers, oldest first. `known`: the kiosk is known now."""
    with db.read() as conn:
        rows = conn.execute(select(STRAY).order_by(STRAY.c.received_at, STRAY.c.digest)).all()
        known = set(conn.execute(select(KIOSK.c.kiosk_id)).scalars())
    return [
        {
            "kiosk": row.sender,
            "received_at": row.received_at,
            "bytes": len(row.body),
            "sha256": row.digest.hex(),
            "known": row.sender in known,
            "trouble": row.trouble,
        }
        for row in rows
    ]


def release_strays(db: Database, now: int, again: bool = False, most: int = 1 << 30) -> Released:
    """Takes the uploads whose kiosk is known now; `again`: also those that were tried in vain. `left`: uploads that stay, and why."""
    out = Released()
    c = STRAY.c
    with db.read() as conn:
        where = [c.sender.in_(select(KIOSK.c.kiosk_id))] + ([] if again else [c.trouble == ""])
        digests = list(conn.execute(select(c.digest).where(*where).order_by(c.received_at).limit(most)).scalars())
    for digest in digests:
        with db.read() as conn:
            row = conn.execute(select(STRAY).where(c.digest == digest)).first()
        sender = None if row is None else standing.sender(db, row.sender)
        if row is None or sender is None:
            continue
        try:
            trouble, events = _take_stray(db, sender, bytes(row.body), now)
        except intake.Raced:
            continue
        with db.write() as conn:
            mine = c.digest == digest
            conn.execute(update(STRAY).where(mine).values(trouble=trouble) if trouble else delete(STRAY).where(mine))
        if not trouble:
            out.add(events)
    with db.read() as conn:
        counted = conn.execute(select(c.trouble, func.count()).group_by(c.trouble)) if most > AT_ONCE else ()
        for trouble, number in counted:
            out.left[trouble or "unknown_kiosk"] = number
    return out


def _take_stray(db: Database, sender: Sender, data: bytes, now: int) -> tuple[str, int]:
    """(what is wrong with it or "", events held now)."""
    try:
        call: Envelope = protocol.envelope(data)
        if not sign.verify(sender.public, call.signature, call.signed()):
            return "signature", 0
        answer = intake.take(db, sender._replace(stick=True), call, now)
    except (Untrusted, DataError):  # text that PostgreSQL cannot hold is nobody's
        return "shape", 0
    events = sum(len(span.events) for span in protocol.decode(call.body, Batch).spans)
    return "", events - sum(1 for refusal in answer.refusals if refusal.reason != "unreadable")
