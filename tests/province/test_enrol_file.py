"""Enrolment where there is no network: a file and a lead's PIN, a spare that chooses its station; and the code as a QR."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
import zxingcpp

from kiosk import cli as kiosk_cli
from kiosk import compose
from kiosk.domain import pin as pins
from kiosk.domain import protocol
from kiosk.errors import Code, KioskError
from kiosk.security import activate
from kiosk.security.officers import Credentials
from province import cli, officers, settings
from province.settings import Home
from tests import builders
from tests.province.conftest import make_home
from tests.wire import STATION

SECOND = "46-474-19750-09"
PIN = "482915"


@pytest.fixture
def office_home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "province")


Run = Callable[..., list[dict[str, object]]]


@pytest.fixture
def run(office_home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """`province ARGS --json` in this process; what it printed."""
    monkeypatch.setenv("FIRST_PIN", PIN)
    monkeypatch.setattr(officers, "FIRST", builders.CHEAP)

    def call(*argv: str, expect: int = 0) -> list[dict[str, object]]:
        capsys.readouterr()
        assert cli.main([*argv, "--home", str(office_home.path), "--json"]) == expect
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return call


def lead(run: Run, station: str = STATION, name: str = "Lê Thị Phụ Trách") -> str:
    return str(run("officer", "add", "--station", station, "--name", name, "--role", "lead", "--pin-env", "FIRST_PIN")[0]["officer"])


@pytest.fixture
def election(monkeypatch: pytest.MonkeyPatch) -> builders.Clock:
    """The morning of the election, for the province and for the kiosk."""
    clock = builders.Clock(wall=builders.at("05:00"))
    monkeypatch.setattr(settings, "now", lambda: clock.wall)
    monkeypatch.setattr(compose, "SystemClock", lambda: clock)
    monkeypatch.setattr("kiosk.cli.enrol.SystemClock", lambda: clock)
    return clock


def kiosk(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, list[dict[str, object]], str]:
    capsys.readouterr()
    done = kiosk_cli.main([*argv, "--json"])
    said = capsys.readouterr()
    return done, [json.loads(line) for line in said.out.splitlines()], said.err


def test_a_file_makes_a_kiosk_with_the_leads_pin_and_no_network(
    run: Run, tmp_path: Path, home: Path, election: builders.Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, file = lead(run), tmp_path / "stick.enrolment"
    made = run("enrol-code", "--station", STATION, "--file", str(file), "--server", "https://localhost:1")
    assert made[0]["expires_at"] == builders.at("00:00", "2021-05-25")
    assert file.stat().st_mode & 0o077 == 0 and PIN.encode() not in file.read_bytes()
    assert kiosk(capsys, "enrol", "--home", str(home), "--file", str(file))[0] == 2  # nobody activates it
    monkeypatch.setenv("KIOSK_OFFICER", officer)
    monkeypatch.setenv("KIOSK_PIN", "000000")
    code, _, told = kiosk(capsys, "enrol", "--home", str(home), "--file", str(file))
    assert code == 1 and "KS-211" in told and not (home / "vault.json").exists()
    monkeypatch.setenv("KIOSK_PIN", PIN)
    code, said, _ = kiosk(capsys, "enrol", "--home", str(home), "--file", str(file))
    assert code == 0 and said[0]["station"] == STATION
    code, said, told = kiosk(capsys, "seen", "--home", str(home), "--kind", "moh")
    assert (code, said) == (1, []) and "KS-227" in told, "no key store here: what the province gave out opens nothing but this"
    monkeypatch.setenv("KIOSK_NEW_PIN", phrase := pins.new_phrase())
    assert kiosk(capsys, "officers", "pin", officer, "--pin-env", "KIOSK_NEW_PIN", "--home", str(home))[0] == 0
    assert kiosk(capsys, "seen", "--home", str(home), "--kind", "moh")[0] == 1, "and is worth nothing now"
    monkeypatch.setenv("KIOSK_PIN", phrase)
    code, said, _ = kiosk(capsys, "seen", "--home", str(home), "--kind", "moh")
    assert code == 0 and said[0]["verdict"] == "come_in"
    monkeypatch.delenv("KIOSK_PIN")
    code, said, _ = kiosk(capsys, "status", "--home", str(home))
    assert code == 0 and said[0]["state"] == "locked" and said[0]["station"] == STATION and said[0]["seq"] is None


def test_after_the_last_campaign_day_a_file_is_worth_nothing(run: Run, tmp_path: Path, home: Path, election: builders.Clock) -> None:
    officer, file = lead(run), tmp_path / "stick.enrolment"
    run("enrol-code", "--station", STATION, "--file", str(file))
    election.wall = builders.at("00:00", "2021-05-25")
    with pytest.raises(KioskError) as error:
        activate.activate(home, file, "", officer, PIN, builders.FileKeyStore(home / "device.secret"), election)
    assert error.value.code is Code.ENROL_REFUSED and error.value.facts["why"] == "expired_file"


def test_a_spare_is_enrolled_in_advance_and_chooses_its_station_at_the_start(
    run: Run, tmp_path: Path, home: Path, election: builders.Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("station", "add", "--code", SECOND, "--name", "Khu vực bỏ phiếu số 9", "--commune", "19750")
    first, second, file = lead(run), lead(run, SECOND, "Võ Văn Chín"), tmp_path / "spare.enrolment"
    run("enrol-code", "--station", STATION, "--station", SECOND, "--file", str(file))
    code, said, _ = kiosk(capsys, "enrol", "--home", str(home), "--file", str(file))
    assert code == 0 and [one["station"] for one in said] == [STATION, SECOND] and not (home / "vault.json").exists()
    file.unlink()
    monkeypatch.setenv("KIOSK_PIN", PIN)
    monkeypatch.setenv("KIOSK_OFFICER", first)
    assert kiosk(capsys, "enrol", "--home", str(home), "--station", SECOND)[0] == 1  # another station's lead
    monkeypatch.setenv("KIOSK_OFFICER", second)
    code, said, _ = kiosk(capsys, "enrol", "--home", str(home), "--station", SECOND)
    assert code == 0 and said[0]["station"] == SECOND
    assert activate.spare(home) is None and not (home / activate.SPARE).exists()


Damage = Callable[[bytes], bytes]
DAMAGES: list[Damage] = [lambda b: b[:-1], lambda b: b[:-60] + bytes([b[-60] ^ 1]) + b[-59:], lambda b: b"", lambda b: b"HUE" + b]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_in_words_and_nothing_is_written(
    run: Run, tmp_path: Path, home: Path, election: builders.Clock, damage: Damage
) -> None:
    officer, file = lead(run), tmp_path / "stick.enrolment"
    run("enrol-code", "--station", STATION, "--file", str(file))
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(KioskError) as error:
        activate.activate(home, file, "", officer, PIN, builders.FileKeyStore(home / "device.secret"), election)
    assert error.value.code in (Code.BAD_FILE, Code.PIN_WRONG, Code.OFFICER_UNKNOWN)
    assert not (home / "vault.json").exists()


def test_no_file_without_a_lead_who_can_activate_it(run: Run, tmp_path: Path, election: builders.Clock) -> None:
    run("officer", "add", "--station", STATION, "--name", "Trần B", "--role", "officer", "--pin-env", "FIRST_PIN")
    run("enrol-code", "--station", STATION, "--file", str(tmp_path / "x"), expect=1)
    assert not (tmp_path / "x").exists()


def test_the_code_as_a_qr_says_address_and_code(run: Run, tmp_path: Path) -> None:
    run("enrol-code", "--station", STATION, "--qr", str(tmp_path / "code.svg"))
    picture = tmp_path / "code.png"
    told = run("enrol-code", "--station", STATION, "--qr", str(picture), "--server", "https://tinh.example:8443")
    (found,) = zxingcpp.read_barcodes(cv2.imread(str(picture)))
    assert protocol.read_qr(found.text) == ("https://tinh.example:8443", told[0]["code"])
    assert protocol.read_qr(str(told[0]["code"])) == ("", told[0]["code"])
    run("enrol-code", "--station", STATION, "--qr", str(tmp_path / "code.bmp"), expect=1)


def test_training_needs_nobody_and_belongs_to_nobody(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = kiosk(capsys, "enrol", "--home", str(home), "--training")
    assert code == 0 and said[0]["name"] == "TẬP HUẤN"
    code, said, _ = kiosk(capsys, "seen", "--home", str(home), "--kind", "hues")
    assert code == 0 and said[0]["verdict"] == "come_in"
    assert kiosk(capsys, "sync", "--home", str(home), "--once")[0] == 1


def test_a_first_pin_travels_stretched_and_the_kiosk_keeps_no_key_of_it(
    run: Run, tmp_path: Path, home: Path, election: builders.Clock
) -> None:
    officer, file = lead(run), tmp_path / "stick.enrolment"
    run("enrol-code", "--station", STATION, "--file", str(file))
    told = activate.activate(home, file, "", officer, PIN, builders.FileKeyStore(home / "device.secret"), election)
    assert told.first_pins == []
    with compose.open_parts(home, clock=election, given=Credentials(officer, PIN)) as parts:
        assert parts.vault.secrets.enrolment.first_pins == []
        assert next(one for one in parts.officers.list()).pin == "first"
