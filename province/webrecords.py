"""What people send over the web, sealed at arrival to the day's key, like a kiosk's events. The web process cannot read it back.

Each record has a content key of its own, sealed to the day it belongs to: web processes are many and stateless, so there is no chain.
"""

import os
from collections.abc import Sequence
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
CAMPAIGN, DAY = tables.table(tables.Campaign), tables.table(tables.CampaignDay)
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
    """(the campaign, the day that a record of `now` belongs to): today, else the next campaign day, else the last; none that was dropped.
    Raises NoCampaign."""
    with db.read() as conn:
        held = set(conn.execute(select(DAY.c.event_day)).scalars())
        rows = conn.execute(select(CAMPAIGN).order_by(CAMPAIGN.c.created_at.desc())).all()
    campaigns = [SignedCampaign(row.body, row.signature).read(authority.trust.root) for row in rows]
    days = sorted((day, -order, campaign) for order, campaign in enumerate(campaigns) for day in campaign.days if day in held)
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


def file_all(conn: Connection, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Files sealed records, each named once; the names of those that were not there already."""
    new = {str(key[-1]) for key in insert_ignore(conn, RECORD, rows)}
    places = [{"tried_at": 0} | {name: row[name] for name in ("record", "station_id", "event_day")} for row in rows if row["record"] in new]
    insert_ignore(conn, WAITING, places)
    return new


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
    """The opener's step over the web's records; how many it went past. A record that does not open stays, is tried again and is counted.

    Records of a station and day are one transaction: hundreds may have come since the last step.
    """
    w, r = WAITING.c, RECORD.c
    same = (r.station_id == w.station_id) & (r.event_day == w.event_day) & (r.record == w.record)
    with db.read() as conn:
        ours = select(w.record, w.station_id, w.event_day, r.at, r.sealed_key, r.sealed).outerjoin(RECORD, same)
        rows = conn.execute(ours.where(w.tried_at < now - AGAIN_MS).limit(CHUNK)).all()
    facts: dict[tuple[str, str], list[Fact]] = {}
    unread: list[str] = []
    for row in rows:
        try:
            fact = None if row.sealed is None else _open(reader, row)
        except NoKey:
            continue
        if fact is None:
            unread.append(row.record)
        else:
            facts.setdefault((row.station_id, row.event_day), []).append(fact)
    if unread:
        with db.write() as conn:
            conn.execute(update(WAITING).where(w.record.in_(unread)).values(tried_at=now))
    return sum(_project(db, reader, place, found, now) for place, found in facts.items())


def _project(db: Database, reader: Reader, place: tuple[str, str], facts: list[Fact], now: int) -> int:
    """Rows of one station's facts, those that another opener has not been over; how many."""
    w, names = WAITING.c, [fact.key.epoch for fact in facts]
    with db.write() as conn:
        gone = delete(WAITING).where(w.record.in_(names), w.station_id == place[0], w.event_day == place[1]).returning(w.record)
        mine = set(conn.execute(gone).scalars())
        if mine:
            Projector(conn, reader, *place, now).run([fact for fact in facts if fact.key.epoch in mine])
    return len(mine)


def fetch(conn: Connection, reader: Reader, station: str, day: str, record: str) -> Fact | None:
    """A record's fact, or None if it is not there or does not open. Raises NoKey."""
    c = RECORD.c
    row = conn.execute(select(RECORD).where(c.station_id == station, c.event_day == day, c.record == record)).first()
    return None if row is None else _open(reader, row)


def _open(reader: Reader, row: Any) -> Fact | None:
    """None for a record that does not open. Raises NoKey."""
    place = Place(WEB, row.station_id, row.event_day, row.record)
    try:
        key = seal.open_key(reader.day(row.event_day), row.sealed_key, key_aad(*place))
        fact = Fact(Key(WEB, row.record, 1), row.at, events.open_body(row.sealed, place, key, _dictionary()))
    except seal.Unopenable:
        return None
    return fact if events.readable(fact.body) and projectable(fact) else None


def waiting(db: Database) -> int:
    """How many records the opener has not gone past."""
    with db.read() as conn:
        return len(conn.execute(select(WAITING.c.record)).all())
