"""A station's day kiosk by kiosk, as opened here: what a lead adds when a laptop died before it could print its own report.

A deed that two kiosks wrote (one paper form keyed in twice) counts once, and is told. One ticket is one arrival. No person in it.
"""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select

from kiosk.domain.events import Kind
from province import tables
from province.db import Database
from province.settings import Refused

KIOSK, DEED, VISIT, ROLLUP = (tables.table(m) for m in (tables.Kiosk, tables.Deed, tables.Visit, tables.Rollup))


@dataclass(frozen=True, slots=True)
class KioskTotal:
    """`visits`: arrivals that count and that this kiosk wrote; `twice`: of these, written by another kiosk too; `code`: what the close page
    of another kiosk takes, its own deeds left out."""

    kiosk: str
    label: str
    visits: int
    twice: int
    code: str


@dataclass(frozen=True, slots=True)
class DayTotal:
    """`visits`: of the station, each deed once. `kiosks`: by label."""

    station: str
    event_day: str
    visits: int
    kiosks: tuple[KioskTotal, ...]


def of_day(db: Database, station: str, day: str, reader: str = "") -> DayTotal:
    """`reader`: label of the kiosk that will add the others' codes to its own count: what it wrote too is left out of theirs.

    Raises Refused for a label that this station does not have.
    """
    with db.read() as conn:
        labels = {r.kiosk_id: r.label for r in conn.execute(select(KIOSK.c.kiosk_id, KIOSK.c.label).where(KIOSK.c.station_id == station))}
        mine = next((kiosk for kiosk, label in labels.items() if label.casefold() == reader.casefold()), "") if reader else ""
        if reader and not mine:
            raise Refused(f"Khu vực {station} không có máy {reader!r}.\nStation {station} has no kiosk {reader!r}.")
        here = (VISIT.c.station_id == station, VISIT.c.event_day == day, ~VISIT.c.voided)
        rows = conn.execute(select(VISIT.c.deed, VISIT.c.ticket, VISIT.c.kiosk_id).where(*here).order_by(VISIT.c.entered_at)).all()
        where = (DEED.c.station_id == station, DEED.c.event_day == day, DEED.c.kind == int(Kind.VISIT))
        wrote: dict[str, set[str]] = defaultdict(set)
        for written in conn.execute(select(DEED.c.deed, DEED.c.kiosk_id).where(*where)):
            wrote[written.deed].add(written.kiosk_id)
        whole = conn.execute(select(ROLLUP.c.visits).where(ROLLUP.c.station_id == station, ROLLUP.c.event_day == day)).scalar()
    counted: dict[str, list[set[str]]] = defaultdict(list)  # kiosk -> who wrote each of its arrivals
    seen: set[int] = set()
    for row in rows:
        if row.ticket and row.ticket in seen:  # the same holder, declared at another laptop
            continue
        seen.add(row.ticket)
        writers = wrote.get(row.deed) or {row.kiosk_id}
        for kiosk in writers:
            counted[kiosk].append(writers)
    found = [_total(station, day, kiosk, label, counted[kiosk], mine) for kiosk, label in labels.items()]
    return DayTotal(station, day, int(whole or 0), tuple(sorted(found, key=lambda one: one.label)))


def _total(station: str, day: str, kiosk: str, label: str, arrivals: list[set[str]], mine: str) -> KioskTotal:
    alone = sum(mine not in writers for writers in arrivals) if mine else len(arrivals)
    twice = sum(len(writers) > 1 for writers in arrivals)
    return KioskTotal(kiosk, label, len(arrivals), twice, f"BCYT1/{station}/{label}/{day}/V{alone}/P".upper())
