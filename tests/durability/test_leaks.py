"""Nothing personal outside the sealed journal: log, crash reports, support bundle, temporary files, modes. `make soak` flies longer."""

import json
import os
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from kiosk import cli, compose, crash, log, support
from kiosk.domain import verdict
from kiosk.domain.declaration import example, from_json
from kiosk.ports import Sighting
from tests import builders
from tests.durability import canary, running


@pytest.mark.slow
def test_a_canary_is_found_nowhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seed = running.seed_of(None)
    out = canary.fly(tmp_path, 25, 250, seed)
    with capfd.disabled():
        print(f"\n{canary.line(out, seed)}")
    assert out.findings == [] and out.found == []
    assert out.records >= 25 and out.kills and out.faults and out.files > 15
    assert canary.line(out, seed).endswith("ok")


def test_the_search_finds_what_lies_open_in_any_spelling(tmp_path: Path) -> None:
    out = canary.Outcome()
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x", canary.NAME * 3)
    (tmp_path / "b").write_text(json.dumps({"n": canary.NAME}))
    (tmp_path / "c").write_bytes(canary.NAME.upper().encode("utf-16-le"))
    (tmp_path / "d").write_text("thach ngoc buu cham")
    (tmp_path / f"{canary.NUMBERS}000001.pdf").write_bytes(b"")
    canary.search([tmp_path], [f"{canary.NUMBERS}000001"], out)
    assert len(out.found) == 5, out.found
    assert canary.line(out, 1).endswith("FAILED") and canary.line(canary.Outcome(), 1).endswith("FAILED")


def test_a_fault_is_told_in_words_and_kept_without_a_value(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    builders.enrolled_home(home, builders.province_for_today())

    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError(f"{canary.NAME} {canary.PHONE}")

    monkeypatch.setattr(verdict, "judge", broken)
    assert cli.main(["scan", "--home", str(home), "046183000123"]) == 1
    said = capsys.readouterr().err
    assert "KS-900" in said and "19001075" in said and "Traceback" not in said and canary.NAME not in said
    (report,) = (home / crash.FOLDER).glob("*.json")
    kept = json.loads(report.read_text())
    assert kept["errors"][0]["class"] == "builtins.RuntimeError"
    assert any("test_leaks.py" in frame for frame in kept["errors"][0]["stack"]) and kept["version"]
    lines = [json.loads(line) for line in (home / log.FILE).read_text().splitlines()]
    assert [line["event"] for line in lines] == ["program.started", "fault", "crash", "program.stopped"]
    assert canary.NAME not in report.read_text() + (home / log.FILE).read_text()


def test_ten_crash_reports_are_kept_and_none_makes_a_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(12):
        assert crash.report(home, ValueError("x"), "test")
    assert len(list((home / crash.FOLDER).iterdir())) == crash.KEPT
    assert crash.report(home / "nowhere", ValueError("x"), "test") == "" and not (home / "nowhere").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask; the user's profile folder is private there")
def test_what_the_program_writes_is_this_users_alone(home: Path) -> None:
    before = os.umask(0o022)
    try:
        builders.enrolled_home(home, builders.province_for_today())
        for words in (
            ["scan", "046183000123"],
            ["print", "report"],
            ["doctor", "--bundle", str(home / "b.zip")],
            ["correct", "x", "--reason", "y"],
        ):
            running.here(home, *words)
    finally:
        os.umask(before)
    open_to_others = [path for path in home.rglob("*") if stat.S_IMODE(path.lstat().st_mode) & 0o077]
    assert (home / "b.zip").exists() and (home / "papers").is_dir() and (home / log.FILE).exists()
    assert [str(path.relative_to(home)) for path in open_to_others] == []


def test_the_support_bundle_has_the_machine_and_nobody(home: Path, tmp_path: Path) -> None:
    builders.enrolled_home(home, builders.province_for_today())
    said = example() | {"full_name": canary.NAME, "phone": canary.PHONE, "id_number": "046190000001"}
    with compose.open_parts(home) as parts:
        parts.station.declare(from_json(said))
        parts.station.scan(Sighting(os.urandom(8), b"046190000002", "typed"))
    bundle = tmp_path / "support.zip"
    running.here(home, "doctor", "--bundle", str(bundle))
    with zipfile.ZipFile(bundle) as packed:
        members = {name: packed.read(name).decode() for name in packed.namelist()}
    assert {"README.txt", "doctor.json", "status.json", "verify.json", "files.json", "settings.json", "samples.json"} <= members.keys()
    everything = "\n".join(members.values())
    for secret in (
        canary.NAME,
        canary.PHONE,
        "046190",
        str(home),
        "Chăm",
        (home / "device.secret").read_text(),
        *os.listdir(home / "keyring"),
    ):
        assert secret not in everything
    samples = json.loads(members["samples.json"])
    declared = next(s["f"] for s in samples if s["kind"] == "declaration")
    assert declared["full_name"] == "Aaaaa Aaaa Aaa Aaaa" and declared["id_number"] == "999999999999"
    assert declared["symptoms"] == declared["exposures"] == "left out" and declared["mode"] == "proxy"
    assert json.loads(members["verify.json"])["events"] == 5
    assert [kind for _key, kind, _at in json.loads(members["journal.json"])] == ["audit", "sighting", "visit", "declaration", "day"]


def test_a_bundle_of_a_home_that_does_not_open_says_why(home: Path, tmp_path: Path) -> None:
    builders.enrolled_home(home)
    (home / "vault.json").write_text("{}")
    assert "status.json" in support.write(home, tmp_path / "b.zip", [])
    with zipfile.ZipFile(tmp_path / "b.zip") as packed:
        assert json.loads(packed.read("status.json")) == {"not opened": "KS-205"}


def test_ids_in_the_log_are_cut_to_their_beginning(home: Path) -> None:
    assert log.masked("0a1b2c3d4e5f6071:12") == "0a1b…:12"
    log.note("act.unsaved", code="KS-110", ref=log.masked(bytes(range(8)).hex()))
    with pytest.raises(log.LogSlip):
        log.note("act.unsaved", code="KS-110", ref="0a1b2c3d4e5f6071")
