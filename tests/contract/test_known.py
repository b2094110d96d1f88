"""Over the socket: the online question, and people and trust lists that come down to another kiosk of the station."""

import json
import os
from pathlib import Path

from kiosk.compose import Parts
from kiosk.domain import declaration
from kiosk.domain.passes import Reading
from kiosk.domain.verdict import Act
from kiosk.errors import Code, KioskError
from kiosk.ports import Sighting
from tests import builders
from tests.contract.served import Province, enrolled, kiosk, lines, run

SUBJECT = ("id:046183000123",)


def settle(parts: Parts) -> None:
    parts.uploader.hurry()
    state = parts.uploader.drain(lambda _: None, lambda: False)
    assert state.state == "ok", state


def declare(parts: Parts) -> str:
    return parts.station.declare(declaration.check(declaration.example()).declaration()).event


def test_another_kiosk_asks_hears_and_is_told_who_is_in_already(province: Province, tmp_path: Path) -> None:
    first, second = enrolled(province, tmp_path / "first"), enrolled(province, tmp_path / "second")
    with kiosk(first) as here, kiosk(second) as there:
        said = there.lookups.ask_province(SUBJECT)
        assert (said.known, said.step) == (False, "declare_now")
        event = declare(here)
        settle(here)
        said = there.lookups.ask_province(SUBJECT)
        assert said.known and said.step == "come_in" and said.declared_at is not None
        assert there.lookups.find("046183000123").told == said

        settle(there)
        shown = there.station.scan(Sighting(os.urandom(8), builders.CARD, "typed"))
        assert (shown.act, shown.reason, shown.other) == (Act.ALREADY_IN, "entered_elsewhere", event)
        declare(there)  # somebody else with that number, says the officer: both are kept
        settle(there)
        assert {one.reason for one in there.lookups.conflicts()} == {"entered_elsewhere", "counted_twice"}
        day = there.station.day()
    (pair,) = lines("province", "conflicts", "--home", str(province.home), "--day", str(day))
    assert len(pair["visits"]) == 2 and event in str(pair)  # type: ignore[arg-type]
    late = "46-474-19750-02"
    lines("province", "station", "add", "--home", str(province.home), "--code", late, "--name", "Khu vực 2", "--commune", "19750")
    with kiosk(enrolled(province, tmp_path / "late", code=province.code(station=late))) as new:
        for _ in range(100):  # its news come when the opener has gone through what is there
            settle(new)
            shown = new.station.scan(Sighting(os.urandom(8), builders.CARD, "typed"))
            if shown.reason == "entered_elsewhere":
                break
        assert (shown.act, shown.reason) == (Act.ALREADY_IN, "entered_elsewhere")
    asked = lines("province", "asked", "--home", str(province.home))
    assert sum(int(str(row["questions"])) for row in asked) == 2


def test_a_trust_list_is_read_before_it_is_sent_and_verifies_at_the_kiosk(province: Province, tmp_path: Path) -> None:
    issuers = builders.certificate_issuers()
    file = tmp_path / "trust.json"
    home = enrolled(province, tmp_path / "kiosk")
    file.write_text(issuers.listed(), "utf-8")
    lines("province", "trust", "set", "--home", str(province.home), str(file))
    file.write_text(issuers.listed().replace('"ES256"', '"none"'), "utf-8")
    refused = run("province", "trust", "set", "--home", str(province.home), str(file))
    assert refused.returncode == 1 and "dòng/line 6" in refused.stderr and "Traceback" not in refused.stderr
    with kiosk(home) as parts:
        settle(parts)
        assert parts.station.read(issuers.dcc()).reading is Reading.VERIFIED
    file.write_text(json.dumps([]), "utf-8")
    assert run("province", "trust", "set", "--home", str(province.home), str(file)).returncode == 1


def test_a_pulled_cable_is_answered_in_time_and_what_was_said_stays(province: Province, tmp_path: Path) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    with kiosk(home) as parts:
        kept = parts.lookups.ask_province(("id:191500042",))
        province.stop()
        try:
            parts.lookups.ask_province(("id:191500042",))
            raise AssertionError("nobody is there")
        except KioskError as error:
            assert error.code is Code.OFFLINE
        assert parts.lookups.find("191500042").told == kept
