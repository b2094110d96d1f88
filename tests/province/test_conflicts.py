"""Records that contradict each other are shown with both sides, settled by a note, and never overwritten."""

from typing import Any

import pytest

from province import conflicts, tables
from province.reader import Reader
from province.settings import Refused
from tests.province.conftest import Office
from tests.wire import DAY, STATION

NOON = 1_621_746_000_000
MINUTE = 60_000
OTHER = "46-474-19750-02"


def visit(reader: Reader, seq: int, who: str, station: str, minute: int, kiosk: str = "k1", **more: Any) -> dict[str, Any]:
    key = {"station_id": station, "event_day": DAY, "kiosk_id": kiosk, "epoch": "00" * 8, "seq": seq}
    words = {"source": "hu1", "verdict": "come_in", "person": "voter", "place": "", "deed": f"{seq:016x}", "number": seq, "ticket": 0}
    times = {"entered_at": NOON + minute * MINUTE, "left_at": None, "declared_at": None, "voided": False}
    return {**key, **words, **times, "subject_hash": reader.subject_hash(DAY, (who,)), **more}


def fill(office: Office) -> None:
    r = Reader(office.home)
    rows = [
        visit(r, 1, "id:1", STATION, 0),
        visit(r, 2, "id:1", OTHER, 10, "k2"),  # at two places within half an hour
        visit(r, 3, "hu1:a", STATION, 0),
        visit(r, 4, "hu1:a", STATION, 5, "k3"),  # the same pass at two kiosks of one station
        visit(r, 5, "id:2", STATION, 0, left_at=NOON + MINUTE),
        visit(r, 6, "id:2", OTHER, 90, "k2"),  # went home and came to another place: no conflict
        visit(r, 7, "id:3", STATION, 0),
        visit(r, 8, "id:3", OTHER, 1, "k2", voided=True),  # a voided one contradicts nothing
    ]
    alert = {"station_id": STATION, "event_day": DAY, "kiosk_id": "k9", "epoch": "11" * 8, "kind": "clone", "at": NOON}
    with office.db.write() as conn:
        conn.execute(tables.table(tables.Visit).insert(), rows)
        conn.execute(tables.table(tables.Alert).insert(), [alert])


def test_conflicts_are_shown_with_both_sides_and_no_others(office: Office) -> None:
    fill(office)
    found = {c.kind: [side.event.split(":")[0] for side in c.sides] for c in conflicts.listed(office.db)}
    assert found == {"two_places": ["k1", "k2"], "twice": ["k1", "k3"], "clone": ["k9"]}


def test_a_note_settles_a_conflict_and_overwrites_nothing(office: Office) -> None:
    fill(office)
    before = office.rows("visit")
    one = conflicts.listed(office.db)[0]
    with pytest.raises(Refused):
        conflicts.settle(office.db, "truc-ban", one.id, " ", NOON)
    conflicts.settle(office.db, "truc-ban", one.id, "đã gọi hai điểm", NOON)
    assert one.id not in {c.id for c in conflicts.listed(office.db)}
    kept = next(c for c in conflicts.listed(office.db, settled=True) if c.id == one.id)
    assert (kept.by, kept.note) == ("truc-ban", "đã gọi hai điểm")
    assert office.rows("visit") == before
    with pytest.raises(Refused):
        conflicts.settle(office.db, "truc-ban", one.id, "lần nữa", NOON)
