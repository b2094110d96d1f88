"""The journal: events appended inside the caller's transaction, chained, sealed, opened again and compared before COMMIT.

seq, head and epoch are read inside every write transaction and never cached: two processes may write to one journal.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, select

from kiosk.crypto import chain, seal
from kiosk.domain import events, protocol
from kiosk.domain.events import Body, ClockReading, Key, Kind, Place
from kiosk.domain.policy import Campaign
from kiosk.domain.projection import Fact
from kiosk.errors import Code, KioskError
from kiosk.ports import Now
from kiosk.security.keyring import Keyring
from kiosk.store import projections
from kiosk.store.engine import Database, Prepared
from kiosk.store.tables import Epoch, Event

EPOCH: Any = Epoch.__table__  # type: ignore[attr-defined]
EVENT: Any = Event.__table__  # type: ignore[attr-defined]
BODY_FORMAT = 1
DICTIONARY = 2  # of new epochs; older ones are opened with theirs

NEWEST_EPOCH = Prepared(
    select(EPOCH.c.epoch, EPOCH.c.head, EPOCH.c.boot, EPOCH.c.machine, EPOCH.c.event_day, EPOCH.c.ordinal)
    .order_by(EPOCH.c.ordinal.desc())
    .limit(1)
)
LAST_EVENT = Prepared(select(EVENT.c.seq, EVENT.c.head).where(EVENT.c.epoch == bindparam("epoch")).order_by(EVENT.c.seq.desc()).limit(1))
INSERT_EVENT = Prepared(insert(EVENT))


class Identity(msgspec.Struct):
    """Who writes. `seed`: the kiosk's Ed25519 seed; `station_key`: HMAC of known people; `campaigns`: root-signed, already verified,
    and alone replaced when the feed brings newer ones (store/directory.py)."""

    kiosk: str
    label: str
    station: str
    seed: bytes
    station_key: bytes
    campaigns: tuple[Campaign, ...]
    enrolled_at: int
    app: str

    def campaign(self, event_day: str) -> Campaign | None:
        return next((c for c in self.campaigns if event_day in c.days), None)


class Draft(msgspec.Struct, frozen=True):
    """One event to be written. `deed`: 8 bytes."""

    kind: Kind
    fields: dict[str, Any]
    deed: bytes


class Written(msgspec.Struct, frozen=True):
    key: Key
    at: int
    head: bytes


class Tip(msgspec.Struct, frozen=True):
    """Where an epoch stands: its day, last seq and head."""

    epoch: str
    event_day: str
    dictionary: int
    seq: int
    head: bytes


class Journal:
    """Appends to the epoch of (boot, machine, working day), minting one where there is none."""

    def __init__(self, identity: Identity, keyring: Keyring, machine: str, dictionaries: dict[int, bytes]) -> None:
        self.identity, self._keyring, self._machine, self._dictionaries = identity, keyring, machine, dictionaries
        self._place = {}  # type: dict[str, tuple[Place, int]]

    def append(
        self, conn: Connection, event_day: str, drafts: list[Draft], now: Now, officer: str, policy: int, skew: int = 0
    ) -> list[Written]:
        """Writes drafts in order and their projections. Raises KioskError; the caller's transaction then rolls back whole."""
        tip = self.tip(conn, event_day, now)
        written: list[Written] = []
        for draft in drafts:
            clock = ClockReading(now.wall, now.mono, "" if tip.seq else now.boot, skew)
            body = Body(int(draft.kind), events.KNOWN_VERSIONS[draft.kind], draft.deed.hex(), officer, clock, draft.fields, 1, policy)
            tip, fact, sealed = self._one(tip, body, now.wall)
            row = {"epoch": tip.epoch, "seq": tip.seq, "kind": body.kind, "at": now.wall, "deed": draft.deed}
            INSERT_EVENT.run(conn, {**row, "sealed": sealed, "head": tip.head})
            projections.apply(conn, fact, event_day, self.identity.station_key, self.opened)
            written.append(Written(fact.key, now.wall, tip.head))
        return written

    def write(self, conn: Connection, tip: Tip, body: Body, at: int) -> Tip:
        """One event whose body is given whole, without its projections: the caller rebuilds them. Returns the new tip."""
        tip, _, sealed = self._one(tip, body, at)
        row = {"epoch": tip.epoch, "seq": tip.seq, "kind": body.kind, "at": at, "deed": bytes.fromhex(body.deed)}
        INSERT_EVENT.run(conn, {**row, "sealed": sealed, "head": tip.head})
        return tip

    def _one(self, tip: Tip, body: Body, at: int) -> tuple[Tip, Fact, bytes]:
        seq, place = tip.seq + 1, Place(self.identity.kiosk, self.identity.station, tip.event_day, tip.epoch)
        key, dictionary = self._keyring.get(tip.epoch), self._dictionaries[tip.dictionary]
        sealed = events.seal_body(body, seq, at, place, key, dictionary)
        if events.open_body(sealed, place, key, dictionary) != body:  # what cannot be read back must not be promised
            raise KioskError(Code.INTERNAL, what="seal")
        head = chain.link(self.identity.kiosk, tip.epoch, tip.head, sealed)
        return Tip(tip.epoch, tip.event_day, tip.dictionary, seq, head), Fact(Key(self.identity.kiosk, tip.epoch, seq), at, body), sealed

    def tip(self, conn: Connection, event_day: str, now: Now) -> Tip:
        """The epoch to write to, minted now if there is none for this boot, machine and day."""
        newest = NEWEST_EPOCH.first(conn)
        if newest is None or newest[2:5] != (now.boot, self._machine, event_day):
            return self.mint(conn, event_day, now, "boot")
        if not self._keyring.usable(newest[0]):  # nothing more can be sealed under a key that is gone
            return self.mint(conn, event_day, now, "key lost")
        seq, head = LAST_EVENT.first(conn, epoch=newest[0]) or (0, newest[1])
        return Tip(newest[0], event_day, DICTIONARY, seq, head)

    def mint(self, conn: Connection, event_day: str, now: Now, reason: str) -> Tip:
        """A new epoch, its opening signed and its content key sealed to the day and kept in the keyring (fsynced first)."""
        me = self.identity
        campaign = me.campaign(event_day)
        if campaign is None:
            raise KioskError(Code.DAY_UNKNOWN, day=event_day)
        epoch, content_key = os.urandom(8).hex(), os.urandom(32)
        parent, ordinal = self._newest(conn)
        aad = protocol.key_aad(me.kiosk, me.station, event_day, epoch)
        sealed_key = seal.seal_key(bytes.fromhex(campaign.days[event_day]), content_key, aad)
        opening = protocol.Opening(
            me.kiosk, me.station, event_day, epoch, parent, DICTIONARY, BODY_FORMAT, me.app, campaign.id, me.label, sealed_key, now.wall
        )
        signed = protocol.sign_opening(me.seed, opening)
        self._keyring.add(epoch, content_key)
        head = chain.link(me.kiosk, epoch, chain.ZERO, signed.opening)
        row = {"epoch": epoch, "ordinal": ordinal + 1, "event_day": event_day, "boot": now.boot, "machine": self._machine, "reason": reason}
        conn.execute(insert(EPOCH), {**row, "opening": signed.opening, "signature": signed.signature, "head": head, "at": now.wall})
        return Tip(epoch, event_day, DICTIONARY, 0, head)

    @staticmethod
    def _newest(conn: Connection) -> tuple[tuple[str, int, bytes] | None, int]:
        """The tip of the epoch minted last, as a parent, and its ordinal."""
        newest = NEWEST_EPOCH.first(conn)
        if newest is None:
            return None, 0
        seq, head = LAST_EVENT.first(conn, epoch=newest[0]) or (0, newest[1])
        return (newest[0], seq, head), newest[5]

    def opened(self, conn: Connection, key: Key) -> Fact | None:
        """The opened event, or None if this journal does not hold it. Raises KioskError(JOURNAL_BROKEN) if it does not open."""
        if key.kiosk != self.identity.kiosk:
            return None
        row = conn.execute(select(EVENT.c.at, EVENT.c.sealed).where(EVENT.c.epoch == key.epoch, EVENT.c.seq == key.seq)).first()
        return None if row is None else Fact(key, row.at, self.open(conn, key.epoch, row.sealed))

    def open(self, conn: Connection, epoch: str, sealed: bytes) -> Body:
        """Raises KioskError(JOURNAL_BROKEN | KEYS_UNREADABLE)."""
        place, dictionary = self.place(conn, epoch)
        try:
            return events.open_body(sealed, place, self._keyring.get(epoch), self._dictionaries[dictionary])
        except seal.Unopenable as error:
            raise KioskError(Code.JOURNAL_BROKEN, epoch=epoch, why=str(error)) from error

    def place(self, conn: Connection, epoch: str) -> tuple[Place, int]:
        """What the events of an epoch are bound to, and the dictionary they use; an epoch's row never changes, so it is kept."""
        if epoch not in self._place:
            opening = conn.execute(select(EPOCH.c.opening).where(EPOCH.c.epoch == epoch)).scalar_one()
            said = msgspec.msgpack.decode(opening, type=protocol.Opening)
            self._place[epoch] = (Place(said.kiosk, said.station, said.event_day, epoch), said.dictionary)
        return self._place[epoch]

    def by_deed(self, conn: Connection, deed: bytes) -> list[Written]:
        """Every event that wrote this deed, oldest first: the answer after an unknown COMMIT. Reads the whole table (it is rare)."""
        rows = conn.execute(select(EVENT).where(EVENT.c.deed == deed).order_by(EVENT.c.at, EVENT.c.seq))
        return [Written(Key(self.identity.kiosk, r.epoch, r.seq), r.at, r.head) for r in rows]

    def rebuild(self, database: Database) -> tuple[int, int]:
        """Computes the projections again from every event that opens; returns (events, rows). The caller holds `home` exclusively."""
        with database.write() as conn:
            days = {row.epoch: row.event_day for row in conn.execute(select(EPOCH.c.epoch, EPOCH.c.event_day))}
            facts = list(self.facts(conn))
            count = projections.rebuild(conn, facts, days, self.identity.station_key)
        return len(facts), count

    def facts(self, conn: Connection) -> Iterator[Fact]:
        """Every event that opens, in the order of epochs. One whose key is lost is passed over (the province can still open it)."""
        for row in conn.execute(select(EVENT.c.epoch, EVENT.c.seq, EVENT.c.at, EVENT.c.sealed).order_by(EVENT.c.epoch, EVENT.c.seq)):
            with contextlib.suppress(KioskError):
                yield Fact(Key(self.identity.kiosk, row.epoch, row.seq), row.at, self.open(conn, row.epoch, row.sealed))

    def lost_keys(self, database: Database) -> list[str]:
        """Epochs whose content key cannot be read from its file: their events stay, and the province can still open them."""
        with database.read() as conn:
            epochs = [str(row.epoch) for row in conn.execute(select(EPOCH.c.epoch))]
        return [epoch for epoch in epochs if not self._keyring.holds(epoch)]

    def where(self, database: Database) -> tuple[str, int, str]:
        """(epoch, seq, head as hex) of the epoch minted last; ("", 0, "") before the first event."""
        with database.read() as conn:
            parent, _ = self._newest(conn)
        return (parent[0], parent[1], parent[2].hex()) if parent else ("", 0, "")
