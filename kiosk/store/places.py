"""QR places as this kiosk knows them: the province's rows from the feed, and its own changes that have not come back yet."""

from typing import Any

import msgspec
from sqlalchemy import Connection, select

from kiosk.domain.events import Key
from kiosk.domain.feed import FeedKind, PlaceRow
from kiosk.domain.places import Change, genuine, settle
from kiosk.store import feed
from kiosk.store.projections import PLACE


class Known(msgspec.Struct, frozen=True):
    """`row`: what stands here, with the province's MAC as far as it has come; `sent`: the province has answered this version."""

    row: PlaceRow
    sent: bool


def _own(conn: Connection, kiosk: str, place: str = "") -> dict[str, list[Change]]:
    """Place id -> this kiosk's changes."""
    asked = select(PLACE).where(PLACE.c.place == place) if place else select(PLACE)
    found: dict[str, list[Change]] = {}
    for row in conn.execute(asked):
        decoded = msgspec.json.decode(row.row, type=PlaceRow)
        found.setdefault(row.place, []).append(Change(Key(kiosk, row.epoch, row.seq), row.at, row.what, row.base, decoded))
    return found


def _joined(kiosk: str, station: str, told: PlaceRow | None, own: list[Change]) -> Known | None:
    """The province's row is one more change; an own one that is newer stands before it, with the province's MAC."""
    newer = [change for change in own if told is None or change.at > told.at]
    if told is not None and not newer:
        return Known(told, True)
    changes: list[Change] = list(newer)
    if told is not None:
        changes.append(Change(Key("", "0" * 16, 0), told.at, "", told.at, told))
    row = settle(changes)
    if row is None:
        return None
    rivals = row.rivals or (told.rivals if told is not None and newer[-1].base < told.at else ())
    mac, web = (told.mac, told.web) if told else ("", "")
    return Known(msgspec.structs.replace(row, station=station, mac=mac, web=web, rivals=rivals), False)


def all_of(conn: Connection, kiosk: str, station: str) -> list[Known]:
    """Every place of the station, withdrawn ones too, in order of their names."""
    told, own = feed.rows(conn, FeedKind.PLACE, PlaceRow), _own(conn, kiosk)
    found = [_joined(kiosk, station, told.get(place), own.get(place, [])) for place in {*told, *own}]
    return sorted((known for known in found if known is not None), key=lambda known: (known.row.withdrawn, known.row.name, known.row.id))


def reason(known: Known | None, code: str) -> str:
    """What a scanned poster is to this station (words of domain/places.py). `code`: the MAC it bears."""
    if known is None:
        return "place_elsewhere"
    if not known.row.mac:
        return "place_withdrawn" if known.row.withdrawn else "place_new"
    if not genuine(known.row.mac, code):
        return "place_forged"
    return "place_withdrawn" if known.row.withdrawn else "place_ours"


def get(conn: Connection, kiosk: str, station: str, place: str) -> Known | None:
    told: Any = feed.get(conn, FeedKind.PLACE, place, PlaceRow)
    return _joined(kiosk, station, told, _own(conn, kiosk, place).get(place, []))
