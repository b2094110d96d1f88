"""What people send over the web, sealed at arrival to the day's key, like a kiosk's events. The web process cannot read it back.

Each record has a content key of its own, sealed to the day it belongs to: web processes are many and stateless, so there is no chain.
"""

import os
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, delete, select, update

from kiosk.crypto import seal
from kiosk.domain import events
from kiosk.domain.events import Body, ClockReading, Key, Kind, Place
from kiosk.domain.policy import Campaign
from kiosk.domain.projection import Fact
from kiosk.domain.protocol import SignedCampaign, key_aad
from kiosk.domain.vntime import iso_day
from kiosk.shipped import data_dir
from province import tables, tables_web
from province.authority import Authority
from province.db import Database, insert_ignore
from province.projector import Projector
from province.reader import NoKey, Reader, projectable

RECORD, WAITING = tables.table(tables_web.WebRecord), tables.table(tables_web.WebWaiting)
CAMPAIGN = tables.table(tables.Campaign)
WEB = "web"  # stands for the kiosk in the keys of rows, and for the station of a declaration
DICTIONARY = 1
CHUNK = 200
AGAIN_MS = 60_000


class NoCampaign(Exception):
    """There is no campaign: nothing can be sealed, so nothing is taken."""


@cache
def _dictionary() -> bytes:
    return (data_dir() / "dict" / str(DICTIONARY)).read_bytes()


def current(db: Database, authority: Authority, now: int) -> tuple[Campaign, str]:
    """(the campaign, the day that a record of `now` belongs to): today, else the next campaign day, else the last. Raises NoCampaign."""
    with db.read() as conn:
        rows = conn.execute(select(CAMPAIGN).order_by(CAMPAIGN.c.created_at.desc())).all()
    campaigns = [SignedCampaign(row.body, row.signature).read(authority.trust.root) for row in rows]
    days = sorted((day, -order, campaign) for order, campaign in enumerate(campaigns) for day in campaign.days) if campaigns else []
    if not days:
        raise NoCampaign
    day, _, campaign = next((each for each in days if each[0] >= iso_day(now)), days[-1])
    return campaign, day


def sealed(campaign: Campaign, day: str, station: str, record: str, kind: Kind, fields: dict[str, Any], now: int) -> dict[str, Any]:
    """A record's row, sealed outside every transaction. `record`: 16 hex digits."""
    content_key, place = os.urandom(32), Place(WEB, station, day, record)
    body = Body(int(kind), 1, record, "-", ClockReading(now, 0, WEB), fields, campaign.form_version, campaign.policy.version)
    content = events.seal_body(body, 1, now, place, content_key, _dictionary())
    key = seal.seal_key(bytes.fromhex(campaign.days[day]), content_key, key_aad(WEB, station, day, record))
    row = {"station_id": station, "event_day": day, "record": record, "kind": int(kind), "at": now, "received_at": now}
    return row | {"sealed_key": key, "sealed": content}


def file(conn: Connection, row: dict[str, Any]) -> bool:
    """Files a sealed record; False if one of that name is there already."""
    if not insert_ignore(conn, RECORD, [row]):
        return False
    where = {name: row[name] for name in ("record", "station_id", "event_day")}
    insert_ignore(conn, WAITING, [where | {"tried_at": 0}])
    return True


def at_of(db: Database, station: str, day: str, record: str) -> int | None:
    """When a record came, ms UTC, or None: all that the web process can say of it."""
    c = RECORD.c
    with db.read() as conn:
        found = conn.execute(select(c.at).where(c.station_id == station, c.event_day == day, c.record == record)).scalar()
    return None if found is None else int(found)


def name_of(*parts: bytes) -> str:
    """A record's name from what must give one record only."""
    return sha256(b"hue-web-record-v1" + b"\0".join(parts)).hexdigest()[:16]


def open_waiting(db: Database, reader: Reader, now: int) -> int:
    """The opener's step over the web's records; how many it went past. A record that does not open stays, is tried again and is counted."""
    w = WAITING.c
    with db.read() as conn:
        waiting = conn.execute(select(WAITING).where(w.tried_at < now - AGAIN_MS).limit(CHUNK)).all()
    done = 0
    for item in waiting:
        try:
            fact = _read(db, reader, item)
        except NoKey:
            continue
        with db.write() as conn:
            if fact is None:
                conn.execute(update(WAITING).where(w.record == item.record).values(tried_at=now))
            elif conn.execute(delete(WAITING).where(w.record == item.record).returning(w.record)).first() is not None:
                Projector(conn, reader, item.station_id, item.event_day, now).run([fact])
                done += 1
    return done


def _read(db: Database, reader: Reader, item: Any) -> Fact | None:
    """The opened record, or None if it cannot be read. Raises NoKey."""
    with db.read() as conn:
        return fetch(conn, reader, item.station_id, item.event_day, item.record)


def fetch(conn: Connection, reader: Reader, station: str, day: str, record: str) -> Fact | None:
    """A record's fact, or None if it is not there or does not open. Raises NoKey."""
    c = RECORD.c
    row = conn.execute(select(RECORD).where(c.station_id == station, c.event_day == day, c.record == record)).first()
    if row is None:
        return None
    place = Place(WEB, row.station_id, row.event_day, row.record)
    try:
        key = seal.open_key(reader.day(day), row.sealed_key, key_aad(*place))
        fact = Fact(Key(WEB, row.record, 1), row.at, events.open_body(row.sealed, place, key, _dictionary()))
    except seal.Unopenable:
        return None
    return fact if events.readable(fact.body) and projectable(fact) else None


def waiting(db: Database) -> int:
    """How many records the opener has not gone past."""
    with db.read() as conn:
        return len(conn.execute(select(WAITING.c.record)).all())
