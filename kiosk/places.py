"""The lead's acts on the station's QR places: add, edit, withdraw, print. Each change is an event; the province answers through the feed.

A place may be set up days before the election and without a network; its board is printed once the feed has brought the province's MAC.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from kiosk.domain import places as rules
from kiosk.domain import poster as address
from kiosk.domain.events import Kind
from kiosk.domain.feed import PlaceRow
from kiosk.domain.places import BadPlace
from kiosk.errors import Code, KioskError
from kiosk.ports import Clock, Order
from kiosk.printing import poster
from kiosk.station import Station
from kiosk.store import places as store
from kiosk.store.engine import Database
from kiosk.store.places import Known

TYPED = ("name", "kind", "street", "keeper", "phone", "spot", "address")  # what people type; the rest is the province's
__all__ = ["BadPlace", "Known", "Places"]


class Places:
    """`keep(id)`: writes the lane's place to the settings."""

    def __init__(self, station: Station, database: Database, clock: Clock, keep: Callable[[str], None]) -> None:
        self.station, self.database, self.clock, self._keep = station, database, clock, keep

    @property
    def here(self) -> str:
        """The place at which this lane stands, "" for none."""
        return self.station.place

    def all(self) -> list[Known]:
        """Every place of the station, withdrawn ones last."""
        info = self.station.info
        with self.database.read() as conn:
            return store.all_of(conn, info.kiosk, info.station.code)

    def get(self, place: str) -> Known:
        """Raises KioskError(PLACE_UNKNOWN)."""
        info = self.station.info
        with self.database.read() as conn:
            found = store.get(conn, info.kiosk, info.station.code, place.strip().upper())
        if found is None:
            raise KioskError(Code.PLACE_UNKNOWN, place=place[:20])
        return found

    def add(self, fields: Mapping[str, Any]) -> PlaceRow:
        """Raises BadPlace, KioskError(LEAD_NEEDED …)."""
        row = rules.check(fields, self.station.info.station.code)
        taken = {known.row.id for known in self.all()}
        place = rules.mint(self.station.info.station.code, os.urandom(4))
        while place in taken:
            place = rules.mint(self.station.info.station.code, os.urandom(4))
        return self._write(msgspec.structs.replace(row, id=place), rules.SET, 0)

    def edit(self, place: str, fields: Mapping[str, Any]) -> PlaceRow:
        """What is not named stays. Also the lead's decision where two kiosks disagree. Raises BadPlace, KioskError(PLACE_UNKNOWN)."""
        now = self.get(place).row
        stands = {key: getattr(now, key) for key in TYPED}
        row = rules.check({**stands, **fields}, now.station)
        return self._write(msgspec.structs.replace(row, id=now.id), rules.SET, now.at)

    def withdraw(self, place: str) -> PlaceRow:
        """Its code is recognised from now on and said to be withdrawn. Raises KioskError(PLACE_UNKNOWN), also for one that is
        withdrawn and in no conflict."""
        now = self.get(place).row
        if now.withdrawn and not now.rivals:
            raise KioskError(Code.PLACE_UNKNOWN, place=now.id, why="withdrawn")
        return self._write(msgspec.structs.replace(now, withdrawn=True), rules.WITHDRAWN, now.at)

    def _write(self, row: PlaceRow, what: str, base: int) -> PlaceRow:
        """The lead's, and later than what its author saw, whatever this machine's clock says."""
        self.station.require("lead", "place")
        body = {key: getattr(row, key) for key in ("id", "station", *TYPED)}
        self.station.record(Kind.PLACE, {"id": row.id, "what": what, "base": base, "place": body}, after=base)
        if row.withdrawn and self.station.place == row.id:
            self._use("")
        return self.get(row.id).row

    def use(self, place: str) -> None:
        """This lane stands at that place ("": at none): every visit names it. Raises KioskError(PLACE_UNKNOWN)."""
        self.station.require("lead", "place")
        self._use(place)

    def _use(self, place: str) -> None:
        row = self.get(place).row if place else None
        if row is not None and row.withdrawn:
            raise KioskError(Code.PLACE_UNKNOWN, place=place[:20], why="withdrawn")
        self._keep(row.id if row else "")
        self.station.place = row.id if row else ""

    def board_of(self, order: Order) -> PlaceRow:
        """The place whose board is asked for; the station's only one when none is named. Raises KioskError as `make_poster`."""
        standing = [known.row.id for known in self.all() if not known.row.withdrawn]
        if not order.target and len(standing) != 1:
            raise KioskError(Code.PLACE_NEEDED, places=" ".join(standing))
        row = self.get(order.target or standing[0]).row
        if row.withdrawn:
            raise KioskError(Code.PLACE_UNKNOWN, place=row.id, why="withdrawn")
        if not row.mac:
            raise KioskError(Code.PLACE_UNSIGNED, place=row.id)
        return row

    def make_poster(self, order: Order, file: Path, again: int) -> int:
        """The board as a paper (papers.Maker); `target`: the place. Raises KioskError(PLACE_* | BAD_INPUT)."""
        row = self.board_of(order)
        policy, area = self.station.campaign.policy, self.station.info.station
        made = poster.Poster(
            url=address.url(row.web or address.BASE, row.id, row.mac),
            id=row.id,
            name=row.name,
            kind=row.kind,
            station=area.name,
            ward=area.ward,
            printed_at=self.clock.now().wall,
            retention_days=policy.retention_days,
            spot=row.spot,
        )
        return poster.render(made, file, order.size or "a4")
