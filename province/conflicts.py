"""Records that contradict each other: one person at two stations at once, one person let in twice by two kiosks of a station that could
not hear each other, cloned and forked kiosks, one that asks too much. Both sides are shown and kept; a note settles it, nothing is
overwritten.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby, pairwise
from typing import Any

from sqlalchemy import Connection, func, select

from province import accounts, actlog, officials, tables, tables_official
from province.db import Database, insert_ignore
from province.settings import Refused

VISIT, ALERT, STATION, DAY = (tables.table(m) for m in (tables.Visit, tables.Alert, tables.Station, tables.CampaignDay))
NOTE = tables.table(tables_official.ConflictNote)
NEAR_MS = 30 * 60_000  # nobody is at two stations within half an hour
KINDS = {
    "two_places": ("Một người ở hai nơi cùng lúc", "one person at two places at once"),
    "twice": ("Một mã ở hai tay", "one pass in two hands"),
    "clone": ("Máy bị chép", "a kiosk was copied"),
    "fork": ("Nhật ký rẽ nhánh", "a journal forked"),
    "asks": ("Máy hỏi tra cứu quá nhiều", "a kiosk asks about people too often"),
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two records. `at`: ms UTC; `event`: "kiosk:epoch:seq"."""

    station: str
    name: str
    at: int
    event: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """`id`: of these very sides, whenever it is computed; `note`, `by`: how it was settled, "" while it is open."""

    id: str
    kind: str
    day: str
    sides: tuple[Side, ...]
    note: str = ""
    by: str = ""


def listed(db: Database, settled: bool = False) -> list[Conflict]:
    """Open ones, or all; by day, then time."""
    with db.read() as conn:
        notes = {row.conflict: row for row in conn.execute(select(NOTE).order_by(NOTE.c.at))}
        names = {row.station_id: row.name for row in conn.execute(select(STATION.c.station_id, STATION.c.name))}
        found = [*_people(conn, names), *_kiosks(conn, names)]
    out = []
    for each in found:
        note = notes.get(each.id)
        if note is None:
            out.append(each)
        elif settled:
            out.append(Conflict(each.id, each.kind, each.day, each.sides, note.note, note.account))
    return sorted(out, key=lambda c: (c.day, c.sides[0].at, c.id))


def counted_twice(db: Database, day: str) -> list[tuple[tuple[Side, ...], list[Conflict]]]:
    """Everybody who was counted at more than one station or kiosk on a day: all their arrivals, and which of them contradict each other
    (somebody may go home and come to another entrance: that is none)."""
    with db.read() as conn:
        names = {row.station_id: row.name for row in conn.execute(select(STATION.c.station_id, STATION.c.name))}
        found = [rows for rows in _several(conn, day) if len({(row.station_id, row.kiosk_id) for row in rows}) > 1]
    return [(tuple(_side(row, names) for row in rows), list(_pairs(day, rows, names))) for rows in found]


def _people(conn: Connection, names: dict[str, str]) -> Iterator[Conflict]:
    for day in conn.execute(select(DAY.c.event_day)).scalars().all():
        for rows in _several(conn, day):
            yield from _pairs(day, rows, names)


def _several(conn: Connection, day: str) -> Iterator[list[Any]]:
    """The visits that count of each person who has more than one on a day, in the order of time. Hashes first, then their visits; both
    bounded by the day."""
    c = VISIT.c
    counted = (c.event_day == day, ~c.voided, c.subject_hash.is_not(None))
    often = conn.execute(select(c.subject_hash).where(*counted).group_by(c.subject_hash).having(func.count() > 1)).scalars().all()
    for start in range(0, len(often), 300):
        chunk = select(VISIT).where(c.subject_hash.in_(often[start : start + 300]), *counted).order_by(c.subject_hash, c.entered_at)
        for _, rows in groupby(conn.execute(chunk), key=lambda row: bytes(row.subject_hash)):
            yield list(rows)


def _pairs(day: str, rows: list[Any], names: dict[str, str]) -> Iterator[Conflict]:
    for one, other in pairwise(rows):
        apart = one.station_id != other.station_id
        if apart and other.entered_at - (one.left_at or one.entered_at) <= NEAR_MS:
            yield _made("two_places", day, _side(one, names), _side(other, names))
        elif not apart and one.kiosk_id != other.kiosk_id and one.left_at is None:
            yield _made("twice", day, _side(one, names), _side(other, names))


def _side(row: Any, names: dict[str, str]) -> Side:
    event = f"{row.kiosk_id}:{row.epoch}:{row.seq}"
    return Side(row.station_id, names.get(row.station_id, ""), row.entered_at, event, row.source)


def _kiosks(conn: Connection, names: dict[str, str]) -> Iterator[Conflict]:
    for row in conn.execute(select(ALERT)):
        if row.kind in KINDS:
            event = f"{row.kiosk_id}:{row.epoch}" if row.epoch else row.kiosk_id
            yield _made(row.kind, row.event_day, Side(row.station_id, names.get(row.station_id, ""), row.at, event))


def _made(kind: str, day: str, *sides: Side) -> Conflict:
    name = sha256("|".join((kind, day, *(side.event for side in sides))).encode()).hexdigest()[:16]
    return Conflict(name, kind, day, sides)


def settle(db: Database, by: str, conflict: str, note: str, now: int) -> None:
    """Writes the note. Raises Refused for a conflict that is not there, or settled, or without a note."""
    if not note.strip():
        raise Refused("Cần ghi chú.\nA note is needed.")
    if conflict not in {each.id for each in listed(db)}:
        raise Refused("Không có chỗ trái nhau nào như vậy đang chờ.\nNo such open conflict.")
    with db.write() as conn:
        if insert_ignore(conn, NOTE, [{"conflict": conflict, "account": by, "note": note.strip()[:300], "at": now}]):
            actlog.write(conn, by, "conflict_settled", now, conflict, note.strip())


def settle_as(db: Database, by: str, conflict: str, note: str, now: int) -> None:
    """The same for a command, which has no session: `by` must be an account that may. Raises Refused."""
    account = accounts.live(db, by, now)
    if account is None or not officials.may(account, "desk"):
        raise Refused("Cần --by là tài khoản có quyền bàn trực.\n--by must be an account with the right desk.")
    settle(db, by, conflict, note, now)
