"""Arrivals by phone (letter 63/CV-BCĐ, annex 1, voters): somebody in front of a poster confirms where they are.

One arrival a person, place and day. It is sealed like every record; the station's kiosks learn of it at once through the feed, as hashes
under the station key, so that nobody is counted twice.
"""

import hmac
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from sqlalchemy import select

from kiosk.domain.events import Kind
from kiosk.domain.feed import ArrivalRow, FeedKind, station_scope
from province import feed, tables, webrecords
from province.authority import Authority
from province.db import Database

STATION = tables.table(tables.Station)
COLOURS = (
    # word, English, background: white text on each is at least 4.5:1
    ("XANH LÁ", "green", "#0b7a3b"),
    ("TÍM", "purple", "#6d28d9"),
    ("XANH DƯƠNG", "blue", "#1d4ed8"),
    ("NÂU", "brown", "#7c4a12"),
    ("XÁM", "grey", "#475569"),
    ("XANH LƠ", "teal", "#0f766e"),
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the done screen shows. `at`: ms UTC; `again`: it was confirmed before, and this is the first time."""

    record: str
    at: int
    again: bool


def colour(campaign: str, day: str) -> tuple[str, str, str]:
    """The colour of the day: (word, English, background). The same on every phone and for every officer, another one tomorrow; a picture
    of yesterday's screen shows."""
    return COLOURS[(sha256(campaign.encode()).digest()[0] + date.fromisoformat(day).toordinal()) % len(COLOURS)]


def confirm(db: Database, authority: Authority, station: str, place: str, phone: str, subjects: tuple[str, ...], now: int) -> Arrival:
    """Files the arrival once. `subjects`: look-up names of this person, the phone among them. Raises webrecords.NoCampaign."""
    campaign, day = webrecords.current(db, authority, now)
    record = webrecords.name_of(authority.derived(b"arrival"), phone.encode(), place.encode(), day.encode())
    known = webrecords.at_of(db, station, day, record)
    if known is not None:
        return Arrival(record, known, True)
    fields = {"no": 0, "source": "poster", "verdict": "came_by_poster", "since": None, "subjects": list(subjects), "place": place}
    with db.read() as conn:
        sealed_key = conn.execute(select(STATION.c.key).where(STATION.c.station_id == station)).scalar_one()
    key = authority.open_station_key(station, sealed_key)
    hashes = tuple(hmac.digest(key, subject.encode(), sha256)[:16].hex() for subject in subjects)
    with db.write() as conn:
        new = webrecords.file(conn, campaign, day, station, record, Kind.VISIT, fields, now)
        if new:
            row = ArrivalRow(record, place, now, hashes, record[:4].upper())
            feed.publish(conn, station_scope(station), FeedKind.ARRIVAL, record, row, now)
    if new:
        return Arrival(record, now, False)
    return Arrival(record, webrecords.at_of(db, station, day, record) or now, True)
