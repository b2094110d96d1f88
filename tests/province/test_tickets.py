"""Two laptops of one station meet in a ticket's number: one gives it, the other declares it, a third sees its holder leave."""

import json

import pytest

from kiosk.domain.events import Kind
from kiosk.domain.policy import Slot
from province import stations, tickets
from province.cli import main
from tests.province.conftest import Office
from tests.wire import DAY, NOW, STATION, declaration, visit


def test_the_number_alone_links_what_three_laptops_say(office: Office) -> None:
    scanning, declaring, leaving = office.kiosk(), office.kiosk(), office.kiosk()
    one, two, three = scanning.epoch(), declaring.epoch(), leaving.epoch()
    scanning.add(one, Kind.DEFER, {"ticket": 5, "reason": "not_yet"}, "aa" * 8, at=NOW)
    scanning.add(one, Kind.VISIT, {**visit(1), "source": "defer", "subjects": [], "ticket": 5}, "aa" * 8, at=NOW)
    scanning.add(one, Kind.DEFER, {"ticket": 6, "reason": "closing"}, "bb" * 8, at=NOW + 1)
    scanning.add(one, Kind.VISIT, {**visit(2), "source": "defer", "subjects": [], "ticket": 6}, "bb" * 8, at=NOW + 1)
    scanning.add(one, Kind.DEFER, {"ticket": 7, "reason": "lane"}, "cc" * 8, at=NOW + 2)
    declaring.add(two, Kind.DECLARATION, {**declaration(), "ticket": 5}, "dd" * 8, at=NOW + 9)
    declaring.add(two, Kind.VISIT, {**visit(1), "source": "proxy", "ticket": 5}, "dd" * 8, at=NOW + 9)
    declaring.add(two, Kind.DECLARATION, {**declaration(), "ticket": 7}, "ee" * 8, at=NOW + 20)
    declaring.add(two, Kind.VISIT, {**visit(2), "source": "proxy", "ticket": 7}, "ee" * 8, at=NOW + 20)
    gone = leaving.add(three, Kind.LEAVE, {"ticket": 6}, "ff" * 8, at=NOW + 30)
    for kiosk, epoch in ((leaving, three), (declaring, two), (scanning, one)):  # the last to come wrote first
        kiosk.send(epoch.span(), openings=[epoch])
        office.open_all()
    found = tickets.of_day(office.db, STATION, DAY)
    assert [(t.number, t.reason, t.state) for t in found] == [(5, "not_yet", "declared"), (6, "closing", "left"), (7, "lane", "declared")]
    assert office.station().visits == 3, "ticket 5 came in once, whichever laptops wrote it down"
    leaving.add(three, Kind.CORRECTION, {"target": str(gone), "void": True, "reason": "r"}, "ab" * 8, at=NOW + 40)
    leaving.send(three.span(), openings=[three])
    office.open_all()
    assert [t.state for t in tickets.of_day(office.db, STATION, DAY)] == ["declared", "open", "declared"]


def test_an_exit_or_a_late_declaration_may_come_before_the_arrival_it_speaks_of(office: Office) -> None:
    kiosk = office.kiosk()
    first, second = kiosk.epoch(), kiosk.epoch()
    arrived = kiosk.add(first, Kind.VISIT, {**visit(1), "source": "defer", "subjects": [], "ticket": 1}, "aa" * 8, at=NOW)
    told = kiosk.add(second, Kind.DECLARATION, {**declaration(), "ticket": 1, "arrival": str(arrived)}, "bb" * 8, at=NOW + 5)
    kiosk.add(second, Kind.LEAVE, {"target": str(arrived)}, "cc" * 8, at=NOW + 6)
    kiosk.add(second, Kind.CORRECTION, {"target": str(told), "void": True, "reason": "r"}, "dd" * 8, at=NOW + 7)
    kiosk.send(second.span(), openings=[second])
    office.open_all()
    kiosk.send(first.span(), openings=[first])
    office.open_all()
    (row,) = office.rows("visit")
    assert (row[6], row[12]) == (NOW + 6, None), "gone, and without the person of the voided declaration"


def test_the_command_says_what_became_of_each(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    kiosk = office.kiosk()
    epoch = kiosk.epoch()
    kiosk.add(epoch, Kind.DEFER, {"ticket": 1, "reason": "refused"}, "aa" * 8, at=NOW)
    kiosk.send(epoch.span(), openings=[epoch])
    office.open_all()
    capsys.readouterr()
    assert main(["tickets", "--home", str(office.home.path), "--station", STATION, "--day", DAY, "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert {k: json.loads(line)[k] for k in ("ticket", "reason", "state", "visit")} == {
        "ticket": 1,
        "reason": "refused",
        "state": "open",
        "visit": None,
    }


def test_a_hamlet_may_have_its_announced_hour() -> None:
    names, slots = stations.hours(["Tổ dân phố 1=07:00-08:30", "Thôn Hạ", "Tổ 2 = 08:30 - 10:00", "a=b"])
    assert names == ("Tổ dân phố 1", "Thôn Hạ", "Tổ 2", "a=b")
    assert slots == (Slot("Tổ dân phố 1", "07:00", "08:30"), Slot("Tổ 2", "08:30", "10:00"))
