"""Stations: adding them, and the overview that shows where help is needed. Counts only, no personal data."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from kiosk.domain import lists
from kiosk.domain.events import kind_word
from kiosk.domain.feed import FeedKind, commune_scope
from kiosk.domain.policy import Slot, Station
from kiosk.domain.protocol import Manifest
from kiosk.domain.text import BadText, clean
from province import feed, tables, tables_known
from province.authority import Authority
from province.db import Database
from province.settings import STATION_CODE, VIETNAM, Refused

STATION, KIOSK, EPOCH, CONTACT = (tables.table(m) for m in (tables.Station, tables.Kiosk, tables.Epoch, tables.Contact))
EVENT, QUARANTINE, REFUSAL = (tables.table(m) for m in (tables.Event, tables.Quarantine, tables.Refusal))
ALERT, ROLLUP, MANIFEST, WORKER = (tables.table(m) for m in (tables.Alert, tables.Rollup, tables.Manifest, tables.Worker))
STRAY, NEWCOMER = tables.table(tables.Stray), tables.table(tables_known.Newcomer)
LEAST_ROOM = 64 << 20  # bytes: at 10 KB an event, some minutes of everybody's uploads
STALE_S = 30  # without a sign of life for so long the opener counts as stopped


@dataclass(slots=True)
class KioskRow:
    """Numbers of events. `missing`: announced or implied and not held without a gap; `refused`: quarantined or unreadable."""

    kiosk: str
    label: str
    version: str
    last_contact: int | None = None
    skew_s: float | None = None
    held: int = 0
    opened: int = 0
    missing: int = 0
    refused: int = 0
    revoked: bool = False
    alerts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class StationRow:
    """`visits`, `declarations`: over all days, without the voided ones. How many were shown to the health desk is not for an open page."""

    station: str
    name: str
    ward: str
    district: str
    visits: int = 0
    declarations: int = 0
    kiosks: list[KioskRow] = field(default_factory=list)


HOURS = re.compile(r"(.*\S) *= *([0-2][0-9]:[0-5][0-9]) *- *([0-2][0-9]:[0-5][0-9])")


def hours(texts: Iterable[str]) -> tuple[tuple[str, ...], tuple[Slot, ...]]:
    """Hamlets as they were entered, "Tổ dân phố 1" or "Tổ dân phố 1=07:00-08:30" -> their names, and the announced hours."""
    names: list[str] = []
    slots: list[Slot] = []
    for text in texts:
        timed = HOURS.fullmatch(text)
        names.append(timed[1] if timed else text)
        if timed:
            slots.append(Slot(*timed.groups()))
    return tuple(names), tuple(slots)


def add(db: Database, authority: Authority, code: str, name: str, commune: str, hamlets: Sequence[str], now: int) -> None:
    """A new station with its own key. Raises Refused."""
    shape = STATION_CODE.fullmatch(code)
    if shape is None or shape[1] != commune:
        raise Refused(f"Mã điểm {code!r} phải như 46-474-{commune}-01.\nA station's code is province-district-commune-number.")
    unit = next((u for u in lists.units() if u.code == commune), None)
    if unit is None:
        raise Refused(f"Không có xã, phường {commune} trong danh mục 2021.\nNo such commune in the list of 2021.")
    try:
        texts = [clean(text, 200) for text in (name, *hamlets)]
    except BadText as error:
        raise Refused(f"Tên không dùng được ({error.reason}).\nThe name cannot be used ({error.reason}).") from error
    row = {"station_id": code, "name": texts[0], "commune": commune, "ward": unit.ward, "district": unit.district, "created_at": now}
    with db.write() as conn:
        if conn.execute(select(STATION.c.station_id).where(STATION.c.station_id == code)).first() is not None:
            raise Refused(f"Điểm {code} đã có.\nStation {code} is there already.")
        key = authority.seal_station_key(code, os.urandom(32))
        conn.execute(STATION.insert(), row | {"hamlets": json.dumps(texts[1:], ensure_ascii=False), "key": key})
        shown = Station(code, texts[0], commune, unit.ward, unit.district, *hours(texts[1:]))
        conn.execute(NEWCOMER.insert(), {"station_id": code, "stage": "declaration", "after": "", "added_at": now})
        feed.publish(conn, commune_scope(commune), FeedKind.STATION, code, shown, now)


def overview(db: Database) -> list[StationRow]:
    """Every station with its kiosks, by code; a handful of queries, whatever their number."""
    with db.read() as conn:
        found = conn.execute(select(STATION).order_by(STATION.c.station_id))
        stations = {r.station_id: StationRow(r.station_id, r.name, r.ward, r.district) for r in found}
        kiosks = _kiosks(conn, stations)
        _numbers(conn, kiosks)
        for r in conn.execute(select(ALERT.c.kiosk_id, ALERT.c.kind).distinct()):
            if r.kiosk_id in kiosks:
                kiosks[r.kiosk_id].alerts.append(r.kind)
        for r in conn.execute(select(ROLLUP)):
            if (row := stations.get(r.station_id)) is None:
                continue  # declarations over the web belong to no station
            row.visits, row.declarations = row.visits + r.visits, row.declarations + r.declarations
    return list(stations.values())


def _kiosks(conn: Connection, stations: dict[str, StationRow]) -> dict[str, KioskRow]:
    """Kiosks by id, and under their stations in the order of their labels."""
    contacts = {r.kiosk_id: r for r in conn.execute(select(CONTACT))}
    out: dict[str, KioskRow] = {}
    for r in conn.execute(select(KIOSK).order_by(KIOSK.c.enrolled_at, KIOSK.c.label)):
        row = out[r.kiosk_id] = KioskRow(r.kiosk_id, r.label, r.app, revoked=r.revoked_at is not None)
        if (last := contacts.get(r.kiosk_id)) is not None:
            row.version, row.last_contact, row.skew_s = last.app, last.at, last.skew_ms / 1000
        stations[r.station_id].kiosks.append(row)
    return out


def _numbers(conn: Connection, kiosks: dict[str, KioskRow]) -> None:
    announced: dict[str, dict[str, int]] = defaultdict(dict)
    for kiosk, body in conn.execute(select(MANIFEST.c.kiosk_id, MANIFEST.c.body).order_by(MANIFEST.c.received_at)):
        announced[kiosk] |= {epoch: seq for epoch, seq, _ in msgspec.msgpack.decode(body, type=Manifest).epochs}
    c = EPOCH.c
    for r in conn.execute(select(c.kiosk_id, c.epoch, c.have_seq, c.max_seq, c.opened_seq, c.unreadable)):
        row = kiosks[r.kiosk_id]
        row.held, row.opened, row.refused = row.held + r.have_seq, row.opened + r.opened_seq - r.unreadable, row.refused + r.unreadable
        row.missing += max(0, max(r.max_seq, announced[r.kiosk_id].pop(r.epoch, 0)) - r.have_seq)
    for kiosk, rest in announced.items():  # epochs of which nothing has come
        kiosks[kiosk].missing += sum(rest.values())
    aside = select(QUARANTINE.c.kiosk_id, func.count()).where(QUARANTINE.c.seq > 0).group_by(QUARANTINE.c.kiosk_id)
    for kiosk, number in conn.execute(aside):
        kiosks[kiosk].refused += number


def require(conn: Connection, station: str) -> None:
    """Raises Refused for a station that nobody has added."""
    if conn.execute(select(STATION.c.station_id).where(STATION.c.station_id == station)).first() is None:
        raise Refused(
            f"Không có điểm {station}: hãy thêm bằng `province station add`.\nNo station {station}: add it with `province station add`."
        )


def events(db: Database, station: str) -> Iterator[dict[str, Any]]:
    """Headers of everything that arrived, quarantined rows last. `state`: held, unreadable, or the quarantine's reason.

    Raises Refused for an unknown station."""
    at = ("kiosk_id", "epoch", "seq")
    with db.read() as conn:
        require(conn, station)
        opened = {(r.kiosk_id, r.epoch): r.opened_seq for r in conn.execute(select(EPOCH).where(EPOCH.c.station_id == station))}
        bad = {tuple(r) for r in conn.execute(select(*(REFUSAL.c[n] for n in at)).where(REFUSAL.c.station_id == station))}
        columns = [EVENT.c[n] for n in (*at, "kind", "sha256", "received_at")]
        order = (EVENT.c.received_at, *(EVENT.c[n] for n in at))
        for r in conn.execute(select(*columns).where(EVENT.c.station_id == station).order_by(*order)):
            unreadable = (r.kiosk_id, r.epoch, r.seq) in bad
            done = r.seq <= opened.get((r.kiosk_id, r.epoch), 0) and not unreadable
            yield _header(r, done, "unreadable" if unreadable else "held")
        columns = [QUARANTINE.c[n] for n in (*at, "kind", "sha256", "received_at", "reason")]
        aside = select(*columns).where(QUARANTINE.c.station_id == station, QUARANTINE.c.seq > 0)
        for r in conn.execute(aside.order_by(QUARANTINE.c.received_at, QUARANTINE.c.seq)):
            yield _header(r, False, r.reason)


def _header(row: Any, opened: bool, state: str) -> dict[str, Any]:
    return {
        "kiosk": row.kiosk_id,
        "epoch": row.epoch,
        "seq": row.seq,
        "kind": kind_word(row.kind),
        "sha256": row.sha256.hex(),
        "received_at": row.received_at,
        "opened": opened,
        "state": state,
    }


def health(db: Database, now: int) -> dict[str, Any]:
    """`ok`: database and opener both work; `waiting`: events held and not yet opened; `strays`: uploads of unknown kiosks, kept whole;
    `free_mb`: on the disk of an embedded database, which is `disk_full` before it takes nothing more.

    Raises OperationalError.
    """
    with db.read() as conn:
        row = conn.execute(select(WORKER).where(WORKER.c.name == "opener")).first()
        sums = (func.coalesce(func.sum(column), 0) for column in (EPOCH.c.have_seq, EPOCH.c.opened_seq))
        held, done = conn.execute(select(*sums)).one()
        strays = int(conn.execute(select(func.count()).select_from(STRAY)).scalar_one())
    age = None if row is None else max(0.0, (now - row.at) / 1000)
    opener = None if row is None else {"pid": row.pid, "age_s": age, "keys_missing": json.loads(row.detail or "[]")}
    numbers = {"held": int(held), "waiting": int(held - done), "strays": strays}
    room = db.room()
    state = "ok" if room is None or room >= LEAST_ROOM else "disk_full"
    alive = age is not None and age < STALE_S
    free = {} if room is None else {"free_mb": room >> 20}
    return {"ok": alive and state == "ok", "database": state, "opener": opener, **numbers, **free}


def clock_text(at: int | None) -> str:
    """A time as people read it here: 08:39 23/05/2021."""
    return "—" if at is None else datetime.fromtimestamp(at / 1000, VIETNAM).strftime("%H:%M %d/%m/%Y")


def skew_text(seconds: float | None) -> str:
    """How far a kiosk's clock is off, in words."""
    if seconds is None:
        return "—"
    off, units = abs(seconds), ((86_400, "ngày"), (3_600, "giờ"), (60, "phút"))
    if off < 2:
        return "đúng giờ"
    size = next((f"{off / unit:.0f} {word}" for unit, word in units if off >= unit), f"{off:.0f} giây")
    return f"{'nhanh' if seconds > 0 else 'chậm'} {size}"
