"""QR places at the province (letter 63/CV-BCĐ, annex 1, units): kept by stations' leads on kiosks and by units on the web, the same rows.

Every change is kept. The newest by its own time stands; one that was made without knowing the one before it is shown as a conflict, and
nothing is lost. Kiosks of the station learn of every change through the feed.
"""

import contextlib
import string
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, update

from kiosk.domain import lists, poster, text
from kiosk.domain import places as changes
from kiosk.domain.events import Kind
from kiosk.domain.feed import FeedKind, PlaceRow, Rival, station_scope
from kiosk.domain.projection import Fact
from kiosk.domain.text import BadText, clean
from province import feed, settings, tables
from province.authority import Authority
from province.db import Database, insert_ignore
from province.settings import STATION_CODE, Refused

PLACE, CHANGE = tables.table(tables.Place), tables.table(tables.PlaceChange)
META, STATION = tables.table(tables.Meta), tables.table(tables.Station)
KINDS = ("entrance", "exit", "waiting")
RIVALS = 5  # shown; all are kept
LIMITS = {"name": 120, "street": 120, "keeper": 80, "phone": 30, "spot": 120}


@dataclass(frozen=True, slots=True)
class Shown:
    """A place as lists show it. `conflict`: somebody changed it without knowing the change before."""

    row: PlaceRow
    conflict: bool


def key(authority: Authority) -> bytes:
    """The posters' MAC key, derived: no key of its own to keep (docs/decisions/0019)."""
    return authority.derived(b"place")


def base(db: Database) -> str:
    """The address that posters lead to."""
    with db.read() as conn:
        return _base(conn)


def _base(conn: Connection) -> str:
    return str(conn.execute(select(META.c.value).where(META.c.name == "poster_base")).scalar() or poster.BASE)


def set_base(db: Database, address: str) -> None:
    """Raises Refused: posters that are printed keep the address that they have."""
    if not address.startswith(("https://", "http://")) or len(address) > 40 or "/" in address.partition("://")[2]:
        raise Refused("Địa chỉ phải như https://qr.huecity.vn, dài nhất 40 ký tự.\nAn address like https://qr.huecity.vn, 40 characters.")
    with db.write() as conn:
        if not insert_ignore(conn, META, [{"name": "poster_base", "value": address}]):
            conn.execute(update(META).where(META.c.name == "poster_base").values(value=address))


def checked(row: PlaceRow) -> PlaceRow:
    """The row with its texts cleaned. Raises Refused: a place needs a name, and is never inside the voting room."""
    if row.kind not in KINDS or not poster.ID.fullmatch(row.id) or STATION_CODE.fullmatch(row.station) is None:
        raise Refused("Loại địa điểm hoặc mã địa điểm chưa đúng.\nThe kind of place or its id is not right.")
    try:
        texts = {name: clean(value, LIMITS[name]) if (value := getattr(row, name)) else "" for name in LIMITS}
        address = {level: clean(value, 120) for level, value in row.address.items() if value}
    except BadText as error:
        raise Refused(f"Nội dung không dùng được ({error.reason}).\nThe text cannot be used ({error.reason}).") from error
    if not texts["name"]:
        raise Refused("Cần tên địa điểm.\nA place needs a name.")
    return msgspec.structs.replace(row, **texts, address=address)


def levels(station: str) -> dict[str, str]:
    """Province, district and ward of a station, by its code."""
    unit = next((u for u in lists.units() if u.code == station.split("-")[2]), None)
    return {"province": unit.province, "district": unit.district, "ward": unit.ward} if unit else {}


def new_id(conn: Connection, station: str) -> str:
    """A free id that people can read: commune, number of the polling area, a letter: 1975001A."""
    _, _, commune, number = station.split("-")
    stem = commune + number
    taken = set(conn.execute(select(PLACE.c.place_id).where(PLACE.c.place_id.startswith(stem))).scalars())
    free = (stem + letter for letter in (*string.ascii_uppercase, *(a + b for a in string.ascii_uppercase for b in string.ascii_uppercase)))
    return str(next(each for each in free if each not in taken))


def change(conn: Connection, mac_key: bytes, row: PlaceRow, base_at: int, by: str, now: int) -> bool:
    """One change, from wherever it came, in the caller's transaction; False if it was known already. `row.at`: when it was made, ms UTC;
    `base_at`: the `at` of the version that its maker saw (0: a new place); `by`: "kiosk:…" or "account:…".

    The station of an id is for ever."""
    row = msgspec.structs.replace(row, mac=poster.mac(mac_key, row.id), web=_base(conn), rivals=())
    body = msgspec.msgpack.encode(row)
    if not insert_ignore(conn, CHANGE, [{"place_id": row.id, "at": row.at, "by": by, "base_at": base_at, "body": body, "taken_at": now}]):
        return False
    first = {"place_id": row.id, "station_id": row.station, "at": row.at, "body": body, "conflict": False, "folded": _folded(row)}
    if not insert_ignore(conn, PLACE, [first]):
        old = conn.execute(select(PLACE).where(PLACE.c.place_id == row.id).with_for_update()).one()
        clash = old.station_id != row.station or base_at != old.at
        newer = old.station_id == row.station and (row.at, row.name) > (old.at, _decoded(old).name)
        stands, other = (row, _decoded(old)) if newer else (_decoded(old), row)
        if clash:  # else its maker saw what stood: that decides, also between rivals
            lost = Rival(by if other is row else "", other.at, other.name, other.kind, other.withdrawn)
            stands = msgspec.structs.replace(stands, rivals=(*_decoded(old).rivals, lost)[-RIVALS:])
        row, values = stands, {"conflict": clash, "at": stands.at, "body": msgspec.msgpack.encode(stands), "folded": _folded(stands)}
        conn.execute(update(PLACE).where(PLACE.c.place_id == row.id).values(values))
    feed.publish(conn, station_scope(row.station), FeedKind.PLACE, row.id, row, now)
    return True


def _decoded(row: Any) -> PlaceRow:
    return msgspec.msgpack.decode(row.body, type=PlaceRow)


def project(conn: Connection, mac_key: bytes, station: str, facts: Sequence[Fact], now: int) -> None:
    """The changes among opened events. One that no lead can have made is not taken; its event stays in the journal."""
    for fact in facts:
        said = changes.change_of(fact.key, fact.at, fact.body, station) if fact.body.kind == Kind.PLACE else None
        with contextlib.suppress(Refused):
            if said is not None:
                change(conn, mac_key, checked(said.row), said.base, f"kiosk:{fact.key.kiosk}", now)


def _folded(row: PlaceRow) -> str:
    return text.fold(" ".join((row.id, row.name, row.street, *row.address.values(), row.keeper)))


def get(db: Database, place: str) -> Shown | None:
    with db.read() as conn:
        row = conn.execute(select(PLACE).where(PLACE.c.place_id == place)).first()
    return None if row is None else _shown(row)


def _shown(row: Any) -> Shown:
    return Shown(msgspec.msgpack.decode(row.body, type=PlaceRow), bool(row.conflict))


def by_code(db: Database, authority: Authority, place: str, letters: str) -> Shown | None:
    """The place of a poster, its MAC checked; None for a code that is not ours."""
    read = poster.read(f"https://x/D/{place}/{letters}")
    if read is None or read[1] != poster.mac(key(authority), read[0]):
        return None
    return get(db, read[0])


def listed(db: Database, sees: Callable[[str], bool], query: str = "", limit: int = 500) -> list[Shown]:
    """Places whose station `sees` lets through, by id; `query` is folded and looked for in id, name, address and keeper."""
    statement = select(PLACE).order_by(PLACE.c.place_id)
    for word in text.fold(query).split()[:6]:
        statement = statement.where(PLACE.c.folded.contains(word, autoescape=True))
    with db.read() as conn:
        rows = conn.execute(statement).all()
    found = [_shown(row) for row in rows if sees(row.station_id)]
    return [each for each in found if not each.row.withdrawn][:limit]


def names(conn: Connection, ids: Collection[str]) -> dict[str, str]:
    """Names of places, of those that are known here."""
    wanted, out = sorted(ids), dict[str, str]()
    for start in range(0, len(wanted), 500):
        for row in conn.execute(select(PLACE.c.place_id, PLACE.c.body).where(PLACE.c.place_id.in_(wanted[start : start + 500]))):
            out[row.place_id] = msgspec.msgpack.decode(row.body, type=PlaceRow).name
    return out


def history(db: Database, place: str) -> Sequence[tuple[int, str, PlaceRow]]:
    """(at, by, row) of every change, oldest first."""
    with db.read() as conn:
        rows = conn.execute(select(CHANGE).where(CHANGE.c.place_id == place).order_by(CHANGE.c.at, CHANGE.c.by)).all()
    return [(row.at, row.by, msgspec.msgpack.decode(row.body, type=PlaceRow)) for row in rows]


def settle(db: Database, place: str) -> None:
    """Somebody looked at both sides of a conflict; what stands, stands."""
    with db.write() as conn:
        old = conn.execute(select(PLACE).where(PLACE.c.place_id == place).with_for_update()).first()
        if old is not None:
            row = msgspec.structs.replace(_decoded(old), rivals=())
            conn.execute(update(PLACE).where(PLACE.c.place_id == place).values(conflict=False, body=msgspec.msgpack.encode(row)))
            feed.publish(conn, station_scope(row.station), FeedKind.PLACE, row.id, row, settings.now())


def stations_seen(db: Database, sees: Callable[[str], bool]) -> list[tuple[str, str]]:
    """(code, name) of the stations in a scope."""
    with db.read() as conn:
        rows = conn.execute(select(STATION.c.station_id, STATION.c.name).order_by(STATION.c.station_id)).all()
    return [(row.station_id, row.name) for row in rows if sees(row.station_id)]


def count(db: Database) -> int:
    with db.read() as conn:
        return int(conn.execute(select(func.count()).select_from(PLACE)).scalar_one())
