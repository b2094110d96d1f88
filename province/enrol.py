"""One-time codes and what they buy: a kiosk id, for one station, for ever.

Of a code only a hash is stored. It works once; the same kiosk key asking again gets the same answer, since answers get lost.
"""

import json
import os
import secrets
from hashlib import sha256

from sqlalchemy import Connection, Row, func, select, update

from kiosk.domain.feed import ALL, FeedKind, KioskRow, station_scope
from kiosk.domain.policy import Station
from kiosk.domain.protocol import EnrolCall, Enrolment, IssuerRow, SignedCampaign, enrol_code
from province import feed, officers, stations, tables
from province.authority import Authority
from province.db import Database
from province.settings import PLAIN, WEB_ISSUER

MINUTES = 10
CODE, KIOSK, STATION = tables.table(tables.EnrolCode), tables.table(tables.Kiosk), tables.table(tables.Station)
CAMPAIGN = tables.table(tables.Campaign)


class NotEnrolled(Exception):
    """`code`: bad_code, used_code, expired_code, shape."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def hash_of(secret: bytes) -> bytes:
    return sha256(b"hue-enrol-code-v1" + secret).digest()


def new_code(db: Database, authority: Authority, station: str, now: int, minutes: int = MINUTES) -> tuple[str, int]:
    """(code as people type it, expires at in ms UTC). Raises Refused for an unknown station."""
    secret, expires = secrets.token_bytes(16), now + minutes * 60_000
    with db.write() as conn:
        stations.require(conn, station)
        conn.execute(CODE.insert(), {"code_hash": hash_of(secret), "station_id": station, "expires_at": expires, "used_by": None})
    return enrol_code(secret, authority.trust.root), expires


def enrol(db: Database, authority: Authority, call: EnrolCall, now: int) -> Enrolment:
    """Spends the code. Raises NotEnrolled. The caller has verified that `call.kiosk_public` signed the envelope."""
    if len(call.issuer_public) != 32 or not PLAIN.fullmatch(call.app) or not PLAIN.fullmatch(call.machine):
        raise NotEnrolled("shape")
    with db.write() as conn:
        code = conn.execute(select(CODE).where(CODE.c.code_hash == hash_of(call.code)).with_for_update()).first()
        if code is None:
            raise NotEnrolled("bad_code")
        known = conn.execute(select(KIOSK).where(KIOSK.c.public == call.kiosk_public)).first()
        if code.used_by is not None and (known is None or known.kiosk_id != code.used_by):
            raise NotEnrolled("used_code")
        if now >= code.expires_at:
            raise NotEnrolled("expired_code")
        if code.used_by is None:
            if known is not None:  # a key belongs to one kiosk for ever
                raise NotEnrolled("shape")
            known = _new_kiosk(conn, code.station_id, call, now)
            conn.execute(update(CODE).where(CODE.c.code_hash == code.code_hash).values(used_by=known.kiosk_id))
        assert known is not None
        return _enrolment(conn, authority, known, now)


def made_for(conn: Connection, authority: Authority, station: str, call: EnrolCall, now: int) -> Enrolment:
    """A kiosk without a code, for a file (province/enrolfile.py); the station is known."""
    return _enrolment(conn, authority, _new_kiosk(conn, station, call, now), now)


def _new_kiosk(conn: Connection, station: str, call: EnrolCall, now: int) -> Row[tuple[object, ...]]:
    taken = {WEB_ISSUER, *conn.execute(select(KIOSK.c.issuer_id)).scalars()}
    issuer = next(i for i in iter(lambda: os.urandom(3), b"") if i not in taken)
    count = conn.execute(select(func.count()).select_from(KIOSK).where(KIOSK.c.station_id == station)).scalar_one()
    row = {
        "kiosk_id": secrets.token_hex(6),
        "station_id": station,
        "label": f"K{count + 1}",
        "public": call.kiosk_public,
        "issuer_id": issuer,
        "issuer_public": call.issuer_public,
        "app": call.app,
        "machine": call.machine,
        "enrolled_at": now,
    }
    conn.execute(KIOSK.insert(), row)
    feed.publish(conn, ALL, FeedKind.ISSUER, issuer.hex(), IssuerRow(issuer, call.issuer_public), now)
    public = KioskRow(str(row["kiosk_id"]), str(row["label"]), call.kiosk_public)
    feed.publish(conn, station_scope(station), FeedKind.KIOSK, public.kiosk, public, now)
    return conn.execute(select(KIOSK).where(KIOSK.c.kiosk_id == row["kiosk_id"])).one()


def _enrolment(conn: Connection, authority: Authority, kiosk: Row[tuple[object, ...]], now: int) -> Enrolment:
    station = conn.execute(select(STATION).where(STATION.c.station_id == kiosk.station_id)).one()
    named = stations.hours(json.loads(station.hamlets))
    people, firsts = officers.of_station(conn, authority, kiosk.station_id)
    return Enrolment(
        kiosk=kiosk.kiosk_id,
        label=kiosk.label,
        station=Station(station.station_id, station.name, station.commune, station.ward, station.district, *named),
        station_key=authority.open_station_key(station.station_id, station.key),
        issuer_id=kiosk.issuer_id,
        trust=authority.trust,
        campaigns=[SignedCampaign(row.body, row.signature) for row in conn.execute(select(CAMPAIGN).order_by(CAMPAIGN.c.created_at))],
        issuers=[authority.issuer, *(IssuerRow(row.issuer_id, row.issuer_public, row.revoked_at) for row in conn.execute(select(KIOSK)))],
        officers=people,
        at=now,
        first_pins=firsts,
    )
