"""The log holds events and places, never people."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk import log, logfile


@pytest.fixture(autouse=True)
def closed_afterwards() -> Iterator[None]:
    yield
    log.close_log()


def lines(home: Path) -> list[dict[str, object]]:
    file = home / log.FILE
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def test_a_known_event_is_one_json_line_with_its_time(tmp_path: Path) -> None:
    logfile.open_log(tmp_path)
    log.note("sync.state", state="offline", waiting=12)
    (line,) = lines(tmp_path)
    assert line.pop("at")
    assert line == {"event": "sync.state", "state": "offline", "waiting": 12}


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("voter.came", {}),
        ("sync.state", {"name": "Trần Thị Mẫu"}),
        ("sync.state", {"state": "Trần Thị Mẫu"}),
        ("sync.state", {"state": "046083000123"}),
        ("fault", {"where": "desk", "stack": ["Trần Thị Mẫu:12"]}),
        ("condition", {"where": "camera", "code": "0905123456"}),
    ],
)
def test_what_the_catalogue_does_not_know_is_a_slip_in_tests_and_dropped_at_a_station(
    tmp_path: Path, event: str, fields: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    logfile.open_log(tmp_path)
    with pytest.raises(log.LogSlip):
        log.note(event, **fields)
    monkeypatch.setattr(log, "strict", False)
    log.note(event, **fields)
    log.note("day.opened", day="2021-05-23")
    assert [line["event"] for line in lines(tmp_path)] == ["day.opened"]


def test_a_fault_tells_its_class_and_place_but_not_its_message(tmp_path: Path) -> None:
    logfile.open_log(tmp_path)
    try:
        raise ValueError("Trần Thị Mẫu, 046083000123")
    except ValueError as error:
        log.fault("desk", error)
        logging.getLogger("kiosk.ui.threads").exception("could not take %s", "Trần Thị Mẫu")
    logging.getLogger("uvicorn").warning("Trần Thị Mẫu")
    first, second, third = lines(tmp_path)
    assert first["error"] == second["error"] == "ValueError"
    assert str(first["stack"]).startswith("['test_log.py:")
    assert (second["where"], third["where"]) == ("kiosk.ui.threads", "uvicorn")
    text = (tmp_path / log.FILE).read_text("utf-8")
    assert "Mẫu" not in text and "046083" not in text and "\\u" not in text


def test_five_files_are_kept_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "BYTES", 400)
    logfile.open_log(tmp_path)
    for waiting in range(200):
        log.note("sync.state", state="offline", waiting=waiting)
    files = sorted((tmp_path / "log").iterdir())
    assert len(files) == log.FILES
    assert all(file.stat().st_size <= 400 for file in files)
    assert lines(tmp_path)[-1]["waiting"] == 199


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").write_text("a file where the folder should be")
    logfile.open_log(tmp_path)
    log.note("day.opened", day="2021-05-23")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "log").mkdir()
    (tmp_path / "other" / log.FILE).mkdir()  # cannot be opened for writing, whoever asks
    logfile.open_log(tmp_path / "other")
    log.note("day.opened", day="2021-05-23")
    assert capfd.readouterr().err == ""


def test_every_field_of_the_catalogue_has_a_shape() -> None:
    assert set().union(*log.CATALOGUE.values()) <= log.FIELDS.keys()
