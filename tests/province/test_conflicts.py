"""Records that contradict each other are shown with both sides, settled by a note, and never overwritten."""

import json
from typing import Any

import pytest

from province import accounts, conflicts, tables
from province.cli import main
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


def test_the_command_and_the_page_ask_one_query(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    fill(office)
    where = ["--home", str(office.home.path), "--json", *(["--database-url", office.home.database_url] if office.home.database_url else [])]
    capsys.readouterr()

    def told(*more: str) -> list[dict[str, Any]]:
        assert main(["conflicts", *where, *more]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    listed = conflicts.listed(office.db)
    assert [one["conflict"] for one in told()] == [one.id for one in listed]
    counted = told("--day", DAY)
    assert [len(one["visits"]) for one in counted] == [2, 2, 2]  # who came to another entrance two hours later is counted twice as well
    assert sorted(c for one in counted for c in one["conflicts"]) == sorted(c.id for c in listed if c.kind != "clone")
    accounts.add(office.db, "truc-ban", "mat-khau-dai-1", "operator", NOON)
    assert main(["conflicts", *where, "--settle", listed[0].id, "--note", "đã gọi", "--by", "truc-ban"]) == 1  # without the right
    accounts.change(office.db, "truc-ban", rights=("desk",))
    assert main(["conflicts", *where, "--settle", listed[0].id, "--note", "đã gọi", "--by", "truc-ban"]) == 0
    capsys.readouterr()
    assert len(told()) == len(listed) - 1 and [one["note"] for one in told("--all") if one["conflict"] == listed[0].id] == ["đã gọi"]
