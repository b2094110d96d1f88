"""Officers of a station: names and roles go down to its kiosks. A first PIN, told out of band, is kept stretched and sealed, not as typed.

Kiosks that are enrolled already learn of an officer by the feed; the PIN is then set on the kiosk with a lead signed in.
"""

import os
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, select

from kiosk.crypto.kdf import Costs, stretch
from kiosk.domain import pin as pins
from kiosk.domain import text
from kiosk.domain.feed import FeedKind, station_scope
from kiosk.domain.protocol import FirstPin, OfficerRow
from province import feed, tables
from province.authority import Authority
from province.db import Database
from province.settings import Refused

ROLES = ("officer", "lead", "technician")
FIRST = Costs()
OFFICER, STATION = tables.table(tables.Officer), tables.table(tables.Station)


@dataclass(frozen=True, slots=True)
class Listed:
    id: str
    station: str
    name: str
    role: str
    first_pin: bool


def add(db: Database, authority: Authority, station: str, name: str, role: str, pin: str, now: int) -> str:
    """Returns the officer's id. `pin`: "" for none. Raises Refused."""
    try:
        named = text.clean(name, 80)
    except text.BadText as bad:
        raise Refused(f"Tên cán bộ không dùng được ({bad.reason}).\nThis name cannot be used ({bad.reason}).") from bad
    if role not in ROLES:
        raise Refused(f"Vai trò là một trong: {', '.join(ROLES)}.\nA role is one of: {', '.join(ROLES)}.")
    if pin and pins.problem(pin, phrase_needed=False):  # it opens the laptop until the officer sets another: no weaker than theirs
        raise Refused(
            f"Mã PIN đầu tiên gồm {pins.LEAST}-{pins.MOST} chữ số, không phải dãy dễ đoán, hoặc là cụm bốn từ.\n"
            f"A first PIN has {pins.LEAST} to {pins.MOST} digits, none that anybody tries, or is a phrase of four words."
        )
    officer = f"cb-{secrets.token_hex(3)}"
    salt = os.urandom(16) if pin else None
    key = authority.seal_first_pin(officer, stretch(pins.canonical(pin), salt, FIRST)) if salt else None
    with db.write() as conn:
        if conn.execute(select(STATION.c.station_id).where(STATION.c.station_id == station)).first() is None:
            raise Refused(f"Không có điểm {station}.\nNo station {station}.")
        row = {"id": officer, "station_id": station, "name": named, "role": role, "created_at": now}
        conn.execute(OFFICER.insert(), row | {"first_salt": salt, "first_key": key})
        feed.publish(conn, station_scope(station), FeedKind.OFFICER, officer, OfficerRow(officer, named, role), now)  # type: ignore[arg-type]
    return officer


def remove(db: Database, officer: str, now: int) -> None:
    """The feed withdraws the officer; kiosks then drop the PIN, but for their last lead's. Raises Refused."""
    with db.write() as conn:
        row = conn.execute(select(OFFICER).where(OFFICER.c.id == officer)).first()
        if row is None:
            raise Refused(f"Không có cán bộ {officer}.\nNo officer {officer}.")
        conn.execute(OFFICER.delete().where(OFFICER.c.id == officer))
        feed.publish(conn, station_scope(row.station_id), FeedKind.OFFICER, officer, None, now)


def listed(db: Database, station: str) -> list[Listed]:
    """`station`: "" for all."""
    wanted = select(OFFICER).order_by(OFFICER.c.station_id, OFFICER.c.created_at, OFFICER.c.id)
    with db.read() as conn:
        rows = conn.execute(wanted.where(OFFICER.c.station_id == station) if station else wanted).all()
    return [Listed(row.id, row.station_id, row.name, row.role, row.first_key is not None) for row in rows]


def of_station(conn: Connection, authority: Authority, station: str) -> tuple[list[OfficerRow], list[FirstPin]]:
    """What an enrolment carries."""
    found = conn.execute(select(OFFICER).where(OFFICER.c.station_id == station).order_by(OFFICER.c.created_at, OFFICER.c.id)).all()
    firsts = [
        FirstPin(row.id, row.first_salt, authority.open_first_pin(row.id, row.first_key), FIRST.memory_kib, FIRST.passes, FIRST.lanes)
        for row in found
        if row.first_key is not None
    ]
    return [OfficerRow(row.id, row.name, row.role) for row in found], firsts
