"""Arrivals by phone (letter 63/CV-BCĐ, annex 1, voters): somebody in front of a poster confirms where they are.

One arrival a person, place and day. It is sealed like every record; the station's kiosks learn of it at once through the feed, as hashes
under the station key, so that nobody is counted twice.
"""

import hmac
from collections.abc import Callable, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import select

from kiosk.domain.events import Kind
from kiosk.domain.feed import ArrivalRow, FeedKind, PlaceRow, station_scope
from kiosk.domain.policy import Campaign
from province import feed, places, tables, webrecords
from province.authority import Authority
from province.db import Database
from province.recent import Recent
from province.together import Together

STATION = tables.table(tables.Station)
FRESH_S = 2.0
COLOURS = (
    # word, English, background: white text on each is at least 4.5:1
    ("XANH LÁ", "green", "#0b7a3b"),
    ("TÍM", "purple", "#6d28d9"),
    ("XANH DƯƠNG", "blue", "#1d4ed8"),
    ("NÂU", "brown", "#7c4a12"),
    ("XÁM", "grey", "#475569"),
    ("XANH LƠ", "teal", "#0f766e"),
)


def colour(campaign: str, day: str) -> tuple[str, str, str]:
    """The colour of the day: (word, English, background). The same on every phone and for every officer, another one tomorrow; a picture
    of yesterday's screen shows."""
    return COLOURS[(sha256(campaign.encode()).digest()[0] + date.fromisoformat(day).toordinal()) % len(COLOURS)]


class _Arrival(NamedTuple):
    """An arrival on its way: the record under seal, and what the station's kiosks hear of it."""

    sealed: dict[str, Any]
    row: ArrivalRow


class Arrivals:
    """Files arrivals. Campaign and place are read again every few seconds, a station's key once: two hundred people a second may come."""

    def __init__(self, db: Database, authority: Authority, clock: Callable[[], int]) -> None:
        self.db, self.authority, self.clock = db, authority, clock
        self._name_key = authority.derived(b"arrival")
        self._campaign: Recent[tuple[Campaign, str]] = Recent(FRESH_S)
        self._places: Recent[PlaceRow | None] = Recent(FRESH_S)
        self._keys: Recent[bytes] = Recent(86_400)
        self._together: Together[_Arrival, bool] = Together(self._file)

    def campaign(self) -> tuple[Campaign, str]:
        """(campaign, day) of now. Raises webrecords.NoCampaign."""
        return self._campaign.get("", lambda: webrecords.current(self.db, self.authority, self.clock()))

    def place(self, place: str, letters: str) -> PlaceRow | None:
        """The place of a poster of ours, or None."""

        def read() -> PlaceRow | None:
            found = places.by_code(self.db, self.authority, place, letters)
            return None if found is None else found.row

        return self._places.get((place, letters), read)

    def _record(self, who: str, place: str, day: str) -> str:
        return webrecords.name_of(self._name_key, who.encode(), place.encode(), day.encode())

    def known(self, station: str, place: str, who: str) -> int | None:
        """When this person confirmed this place today, ms UTC, or None."""
        _, day = self.campaign()
        return webrecords.at_of(self.db, station, day, self._record(who, place, day))

    def confirm(self, station: str, place: str, who: str, subjects: tuple[str, ...]) -> bool:
        """Files the arrival, together with those who confirm at this moment; False if it was confirmed before. `who`: phone or pass;
        `subjects`: look-up names, that one among them. Raises webrecords.NoCampaign."""
        (campaign, day), now = self.campaign(), self.clock()
        record = self._record(who, place, day)
        fields = {"no": 0, "source": "poster", "verdict": "came_by_poster", "since": None, "subjects": list(subjects), "place": place}
        key = self._keys.get(station, lambda: self._key(station))
        hashes = tuple(hmac.digest(key, subject.encode(), sha256)[:16].hex() for subject in subjects)
        sealed = webrecords.sealed(campaign, day, station, record, Kind.VISIT, fields, now)
        return self._together.do(_Arrival(sealed, ArrivalRow(record, place, now, hashes, record[:4].upper())))

    def _file(self, arrivals: Sequence[_Arrival]) -> list[bool]:
        """One transaction; True for those that are new, once each."""
        once = {one.sealed["record"]: one for one in reversed(arrivals)}
        with self.db.write() as conn:
            new = webrecords.file_all(conn, [one.sealed for one in once.values()])
            stations = sorted({once[record].sealed["station_id"] for record in new})
            for station in stations:  # in alphabetical order, as feed.publish_all asks
                rows = [once[record].row for record in sorted(new) if once[record].sealed["station_id"] == station]
                entries = [feed.Entry(FeedKind.ARRIVAL, row.id, row) for row in rows]
                feed.publish_all(conn, station_scope(station), entries, self.clock())
        return [one is once[one.sealed["record"]] and one.sealed["record"] in new for one in arrivals]

    def _key(self, station: str) -> bytes:
        with self.db.read() as conn:
            sealed = conn.execute(select(STATION.c.key).where(STATION.c.station_id == station)).scalar_one()
        return self.authority.open_station_key(station, sealed)
