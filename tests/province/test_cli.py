"""The commands an administrator types; each refusal says what to do and leaves everything as it was."""

import json
import os
import socket
import stat
from asyncio import base_events
from pathlib import Path
from typing import Any

import pytest

from province.cli import main
from province.db import Database
from province.serve import listen
from province.settings import Home
from tests.province.conftest import Office
from tests.wire import STATION


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_init_prints_the_ca_and_the_password_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "p")
    assert main(["init", "--home", str(home.path), "--json", "--host", "province.example", "--host", "10.0.0.7"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["ca"] == str(home.ca) and home.ca.exists()
    password = err.splitlines()[1].split()[-1]
    assert len(password) >= 16 and password not in out
    with Database(home.url).read() as conn:
        (stored,) = conn.exec_driver_sql("SELECT password FROM account").scalars()
    assert stored.startswith("$argon2id$")


def test_help_names_the_rights(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["accounts", "grant", "--help"])
    text = capsys.readouterr().out
    assert "[RIGHT ...]" in text and "release" in text and "[]" not in text


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_every_file_of_a_home_is_for_its_owner_alone(office: Office) -> None:
    files = [path for path in office.home.path.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_init_never_overwrites(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: path.read_bytes() for path in office.home.path.glob("*.*") if path.suffix != ".db-shm"}
    assert main(["init", "--home", str(office.home.path)]) == 1
    assert "not empty" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in office.home.path.glob("*.*") if path.suffix != ".db-shm"} == before


@pytest.mark.parametrize("more", [["--day", "23/05/2021"], ["--day", "2021-02-30"], ["--host", "máy chủ"]])
def test_init_with_a_wrong_word_makes_nothing_that_counts(tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--home", str(tmp_path / "p"), *more]) == 1
    assert main(["init", "--home", str(tmp_path / "p")]) == 0


@pytest.mark.parametrize(
    "code,commune,name",
    [
        ("46-474-19750", "19750", "Một"),
        ("46-474-19750-01", "19753", "Một"),
        ("46-474-99999-01", "99999", "Một"),
        ("46-474-19750-02", "19750", " "),
        ("46-474-19750-02", "19750", "a\u202eb"),
        (STATION, "19750", "Một"),
    ],
)
def test_a_station_that_cannot_be_is_refused(office: Office, code: str, commune: str, name: str) -> None:
    assert main(["station", "add", "--home", str(office.home.path), "--code", code, "--commune", commune, "--name", name]) == 1
    assert len(office.rows("station")) == 1


def test_commands_without_a_province_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("stations", f"events --station {STATION}", f"enrol-code --station {STATION}", "serve --port 0", "opener --once"):
        assert main([*command.split(), "--home", str(tmp_path)]) == 1
        assert "province init" in capsys.readouterr().err


def test_a_code_for_an_unknown_station_is_refused(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["enrol-code", "--home", str(office.home.path), "--station", "46-474-19750-09"]) == 1
    assert "station add" in capsys.readouterr().err


def test_the_events_of_an_unknown_station_are_refused(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["events", "--home", str(office.home.path), "--station", "nope", "--json"]) == 1
    out = capsys.readouterr()
    assert out.out == "" and "nope" in out.err and "station add" in out.err


def test_stations_are_rows_for_people(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    kiosk = office.kiosk()
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 2)
    kiosk.send(epoch.span(), openings=[epoch])
    capsys.readouterr()
    assert main(["stations", "--home", str(office.home.path)]) == 0
    station, line = capsys.readouterr().out.splitlines()
    assert station.startswith(f"{STATION}  ") and "held 2  opened 0  missing 0  refused 0" in line
    assert not set("[{") & set(station + line)


def test_events_lists_headers_of_all_that_arrived(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    kiosk = office.kiosk()
    epoch, other = kiosk.epoch(), kiosk.epoch(day="1999-01-01")
    kiosk.visits(epoch, 1)
    kiosk.put(epoch, bytes(50))
    kiosk.visits(other, 1)
    kiosk.send(epoch.span(), other.span(), openings=[epoch, other])
    office.open_all()
    capsys.readouterr()
    assert main(["events", "--home", str(office.home.path), "--station", STATION, "--json"]) == 0
    rows = said(capsys)
    assert set(rows[0]) == {"kiosk", "epoch", "seq", "kind", "sha256", "received_at", "opened", "state"}
    assert [(r["seq"], r["kind"], r["opened"], r["state"]) for r in rows] == [
        (1, "visit", True, "held"),
        (2, "kind-0", False, "unreadable"),
        (1, "visit", False, "no_campaign"),
    ]


def test_opener_once_opens_what_waits(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    kiosk = office.kiosk()
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 2)
    kiosk.send(epoch.span(), openings=[epoch])
    capsys.readouterr()
    for expected in (2, 0):
        assert main(["opener", "--once", "--home", str(office.home.path), "--json"]) == 0
        assert said(capsys) == [{"opened": expected}]
    assert main(["stations", "--home", str(office.home.path), "--json"]) == 0
    assert said(capsys)[0]["visits"] == 2


def test_an_answer_in_two_writes_waits_for_no_acknowledgement() -> None:
    """asyncio sets TCP_NODELAY where the accepted socket says that it is TCP, and nowhere else."""
    with listen("127.0.0.1", 0) as listening:
        listening.listen()
        with socket.create_connection(listening.getsockname()) as _, listening.accept()[0] as accepted:
            base_events._set_nodelay(accepted)  # type: ignore[attr-defined]  # what its transport does
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_database_of_a_newer_program_is_refused(office: Office) -> None:
    with office.db.write() as conn:
        conn.exec_driver_sql("UPDATE meta SET value = '999' WHERE name = 'schema'")
    assert main(["serve", "--port", "0", "--home", str(office.home.path)]) == 1
