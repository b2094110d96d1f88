"""Where a kiosk stands: who it is, what is held of it, when it last called. Receipts come back unsigned."""

from typing import NamedTuple

from sqlalchemy import Connection, select, update

from kiosk.domain.protocol import BatchAnswer, HaveCall, Receipt, Refusal
from province import tables
from province.db import Database, insert_ignore

EPOCH, REFUSAL, CONTACT, KIOSK = (tables.table(model) for model in (tables.Epoch, tables.Refusal, tables.Contact, tables.Kiosk))


class Sender(NamedTuple):
    """The enrolled kiosk that signed the envelope."""

    kiosk: str
    station: str
    public: bytes
    revoked: bool
    app: str
    stick: bool = False  # the call came in a file: it says nothing of the clock or the last contact


def sender(db: Database, kiosk: str) -> Sender | None:
    """The enrolled kiosk of this id."""
    with db.look() as conn:
        row = conn.execute(select(KIOSK).where(KIOSK.c.kiosk_id == kiosk)).first()
    return None if row is None else Sender(row.kiosk_id, row.station_id, row.public, row.revoked_at is not None, row.app)


def have(db: Database, sender: Sender, call: HaveCall, now: int) -> BatchAnswer:
    """What is held of these epochs (or of all of this kiosk's), for a kiosk that lost its receipts."""
    where = [EPOCH.c.station_id == sender.station, EPOCH.c.kiosk_id == sender.kiosk]
    if call.epochs:
        where.append(EPOCH.c.epoch.in_(call.epochs[:1000]))
    with db.read() as conn:
        rows = conn.execute(select(EPOCH).where(*where).order_by(EPOCH.c.received_at)).all()
        receipts = [Receipt(sender.kiosk, r.epoch, 1, r.have_seq, r.have_head, r.have_seq, r.opened_seq, now) for r in rows]
        refusals = [refusal for r in rows if r.unreadable for refusal in unreadable(conn, sender, r.event_day, r.epoch)]
    return BatchAnswer(receipts, refusals, [r.epoch for r in rows if r.state == "forked"])


def unreadable(conn: Connection, sender: Sender, day: str, epoch: str) -> list[Refusal]:
    """Events of an epoch that the opener could not read."""
    c = REFUSAL.c
    place = (c.station_id == sender.station, c.event_day == day, c.kiosk_id == sender.kiosk, c.epoch == epoch)
    return [Refusal(epoch, row.seq, row.reason) for row in conn.execute(select(c.seq, c.reason).where(*place).order_by(c.seq))]


def contact(conn: Connection, sender: Sender, at: int, now: int, app: str = "") -> None:
    """The kiosk's last sign of life and how far its clock is off (its envelope's time minus ours)."""
    if sender.stick:
        return
    here = (CONTACT.c.station_id == sender.station, CONTACT.c.kiosk_id == sender.kiosk)
    known = update(CONTACT).where(*here).values(at=now, skew_ms=at - now, app=app or CONTACT.c.app).returning(CONTACT.c.at)
    if conn.execute(known).first() is None:
        row = {"station_id": sender.station, "kiosk_id": sender.kiosk, "at": now, "skew_ms": at - now, "app": app or sender.app}
        insert_ignore(conn, CONTACT, [row])
