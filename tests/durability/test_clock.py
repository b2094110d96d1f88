"""Clocks that are wrong: set back a day, a year ahead, a laptop that boots in 2010. The floor clock judges and the work goes on."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk import compose
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain.declaration import example, from_json
from kiosk.domain.verdict import Act, Verdict
from kiosk.errors import Code
from kiosk.ports import Sighting
from kiosk.settings import Settings
from tests import builders
from tests.durability import oracle

DAY, HOUR = 24 * 3_600_000, 3_600_000
IN_2010 = builders.at("00:03", "2010-01-01")


class Kiosk:
    """One laptop and its clock; `open()` is a new start of the program."""

    def __init__(self, home: Path) -> None:
        self.home, self.clock = home, builders.Clock(wall=builders.at("09:00"))
        builders.enrolled_home(home, enrolled_at=builders.at("18:00", "2021-05-22"))
        self.open()

    def open(self) -> None:
        self.parts = compose.open_parts(self.home, Settings(), self.clock, FileKeyStore(self.home / "device.secret"))

    def boot(self, wall: int) -> None:
        self.parts.close()
        self.clock.wall, self.clock.mono, self.clock.boot = wall, 1_000, os.urandom(4).hex()
        self.open()

    def show(self, declared_at: int, valid_hours: int = 48) -> Verdict:
        """A voter whose pass says truly when it was made."""
        raw = builders.voter_pass(self.parts.vault.secrets, declared_at, 0, valid_hours)
        return self.parts.station.scan(Sighting(os.urandom(8), raw, "zxing-cpp"))

    def epochs(self) -> list[str]:
        return list(dict.fromkeys(row.epoch for row in oracle.ledger(self.home).rows))


@pytest.fixture
def kiosk(home: Path) -> Iterator[Kiosk]:
    out = Kiosk(home)
    yield out
    out.parts.mirror.step()
    report = out.parts.verify()
    out.parts.close()
    assert report.ok, report.findings


def test_a_clock_set_back_a_day_while_we_work(kiosk: Kiosk) -> None:
    assert kiosk.show(builders.at("08:30")).act is Act.COME_IN
    kiosk.clock.wall -= DAY
    assert kiosk.show(builders.at("08:40")).act is Act.COME_IN, "not from the future: the floor clock knows better"
    assert kiosk.show(builders.at("08:59", "2021-05-18"), valid_hours=24).act is Act.OUT_OF_DATE
    assert kiosk.show(builders.at("08:59", "2021-05-22"), valid_hours=24).act is Act.OUT_OF_DATE, "expired a minute ago by the floor clock"
    assert kiosk.parts.station.day() == builders.ELECTION_DAY
    assert Code.CLOCK_BACK in kiosk.parts.conditions()
    assert len(kiosk.epochs()) == 1, "the same boot, the same run of the journal"
    kiosk.clock.wall += DAY
    assert Code.CLOCK_BACK not in kiosk.parts.conditions(), "it clears itself"
    assert kiosk.parts.station.today().visits == 2


def test_a_clock_set_back_a_day_before_the_start(kiosk: Kiosk) -> None:
    kiosk.show(builders.at("08:30"))
    kiosk.boot(builders.at("09:10", "2021-05-22"))
    assert Code.CLOCK_BACK in kiosk.parts.conditions()
    assert kiosk.show(builders.at("09:05")).act is Act.COME_IN
    assert kiosk.parts.station.day() == builders.ELECTION_DAY
    assert len(kiosk.epochs()) == 2, "a new boot is a new epoch"


def test_a_laptop_that_boots_in_2010(kiosk: Kiosk) -> None:
    first = kiosk.show(builders.at("08:30"))
    kiosk.boot(IN_2010)
    assert kiosk.parts.station.day() == builders.ELECTION_DAY
    assert Code.CLOCK_BACK in kiosk.parts.conditions()
    second = kiosk.show(builders.at("10:00"))
    assert (second.act, second.number) == (Act.COME_IN, first.number + 1)
    assert kiosk.show(builders.at("08:00", "2021-05-18"), valid_hours=24).act is Act.OUT_OF_DATE
    assert kiosk.parts.station.declare(from_json(example())).act is Act.COME_IN


def test_a_program_started_twice_in_2010_still_knows_what_time_has_passed(kiosk: Kiosk) -> None:
    kiosk.show(builders.at("08:30"))
    kiosk.boot(IN_2010)
    kiosk.show(builders.at("08:45"))
    kiosk.parts.close()
    kiosk.open()
    assert kiosk.show(builders.at("08:20", "2021-05-22"), valid_hours=24).act is Act.OUT_OF_DATE, "09:00 has certainly passed"
    assert Code.CLOCK_BACK in kiosk.parts.conditions()


def test_a_clock_that_was_a_year_ahead_and_is_put_right(kiosk: Kiosk) -> None:
    kiosk.show(builders.at("08:30"))
    kiosk.clock.wall += 365 * DAY
    assert kiosk.show(builders.at("08:40")).act is Act.OUT_OF_DATE, "by this clock"
    kiosk.clock.wall -= 365 * DAY
    assert kiosk.show(builders.at("08:50")).act is Act.COME_IN
    assert kiosk.parts.conditions() == []
    kiosk.boot(builders.at("09:30"))
    assert kiosk.show(builders.at("08:55")).act is Act.COME_IN, "and after a new start"


def test_a_first_start_in_2010_opens_the_day_that_the_enrolment_suggests(home: Path) -> None:
    builders.enrolled_home(home, enrolled_at=builders.at("06:00"))
    clock = builders.Clock(wall=IN_2010)
    with compose.open_parts(home, Settings(), clock, FileKeyStore(home / "device.secret")) as parts:
        raw = builders.voter_pass(parts.vault.secrets, builders.at("05:00"), 0)
        assert parts.station.scan(Sighting(os.urandom(8), raw, "typed")).act is Act.COME_IN
        assert parts.station.day() == builders.ELECTION_DAY


def test_a_declaration_made_in_2010_counts_for_a_pass_of_today(kiosk: Kiosk) -> None:
    """Declared, entered by mistake and voided: the card then says "declared here", whatever the clock said."""
    kiosk.show(builders.at("08:30"))
    kiosk.boot(IN_2010)
    said = example() | {"id_number": "046183000123"}
    entered = kiosk.parts.station.declare(from_json(said))
    kiosk.parts.station.correct(entered.event, "nhầm người", void=True)
    kiosk.clock.forward(60)
    shown = kiosk.parts.station.scan(Sighting(os.urandom(8), builders.CARD, "zxing-cpp"))
    assert (shown.act, shown.reason) == (Act.COME_IN, "declared_here")
