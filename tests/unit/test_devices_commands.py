"""`kiosk decode` and `kiosk doctor` as a script sees them."""

import base64
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pypdf import PdfReader

from kiosk import cli, machine
from kiosk.checks import Finding
from kiosk.devices import replay
from kiosk.devices.decoder import ZXING
from kiosk.devices.drawing import qr_image, qr_modules
from kiosk.domain import testcard
from tests import builders, webcam

CARD = "046183000123||Trần Thị Mẫu|25071983|Nữ|An Cựu, Thành phố Huế|01052021".encode()


def write_code(path: Path, payload: bytes) -> None:
    path.write_bytes(cv2.imencode(".png", qr_image(qr_modules(payload), 4))[1].tobytes())


def answers(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, list[dict[str, Any]], str]:
    code = cli.main(list(args))
    out, err = capsys.readouterr()
    return code, [json.loads(line) for line in out.splitlines()], err


def test_decode_answers_a_line_for_each_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_code(tmp_path / "1.png", CARD)
    write_code(tmp_path / "2.png", b"\xff\x00\xfe")
    (tmp_path / "3.png").write_bytes(cv2.imencode(".png", np.zeros((99, 99), np.uint8))[1].tobytes())
    code, lines, err = answers(capsys, "decode", "--json", str(tmp_path))
    assert code == 0 and err == ""
    assert [Path(line["file"]).name for line in lines] == ["1.png", "2.png", "3.png"]
    first = lines[0]["codes"][0]
    assert base64.b64decode(first["raw_b64"]) == CARD and first["text"] == CARD.decode() and first["engine"] == "zxing-cpp"
    assert len(first["box"]) == 4 and lines[0]["ms"] > 0
    assert lines[1]["codes"][0]["text"] is None and lines[2]["codes"] == []


def test_decode_reads_a_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "hall.avi"
    frame = qr_image(qr_modules(CARD), 6)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, frame.shape[1::-1])
    for image in (np.zeros_like(frame), frame, frame):
        writer.write(image)
    writer.release()
    code, [line], _ = answers(capsys, "decode", "--json", str(path))
    assert code == 0 and [c["text"] for c in line["codes"]] == [CARD.decode()]
    assert (line["frames"], line["read"]) == (3, 2)


def test_decode_refuses_what_it_cannot_read_and_answers_the_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_code(tmp_path / "good.png", CARD)
    (tmp_path / "torn.png").write_bytes((tmp_path / "good.png").read_bytes()[:40])
    (tmp_path / "letter.txt").write_text("Kính gửi")
    paths = [str(tmp_path / name) for name in ("none.png", "torn.png", "letter.txt", "good.png")]
    code, lines, err = answers(capsys, "decode", "--json", *paths)
    assert code == 1
    assert [line.get("error", "") for line in lines] == ["KS-502", "KS-502", "KS-502", ""]
    assert all(path in err for path in paths[:3]) and "Traceback" not in err
    code, lines, err = answers(capsys, "decode", "--json", str(tmp_path))
    assert (code, [line.get("error", "") for line in lines]) == (1, ["", "KS-502"]) and str(tmp_path / "torn.png") in err


def test_decode_writes_no_control_characters_to_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_code(tmp_path / "1.png", b"\x1b[2J\x07" + "\u202e".encode())
    assert cli.main(["decode", str(tmp_path / "1.png")]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\x07" not in out and "\u202e" not in out


def test_doctor_needs_no_enrolment_and_leaves_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = answers(capsys, "doctor", "--json", "--home", str(tmp_path / "home"))
    assert code == 0
    items = {"system", "data", "library", "form", "engine", "camera", "keys", "printer", "sound", "display", "battery"}
    assert {line["item"] for line in lines} == items
    assert all(line["cure"] for line in lines if line["state"] != "ok")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(("gone", "code", "state"), [(["pyzbar"], 0, "limited"), (["pyzbar", "zxingcpp"], 1, "missing")])
def test_doctor_names_the_engine_that_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, gone: list[str], code: int, state: str
) -> None:
    for module in gone:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "kiosk.devices.zbar", raising=False)
    result, lines, _ = answers(capsys, "doctor", "--json", "--home", str(tmp_path))
    engines = {line["detail"].split(":")[0]: line["state"] for line in lines if line["item"] == "engine"}
    assert result == code and engines["pyzbar"] == state


def test_doctor_on_an_enrolled_machine_keeps_the_check_with_the_day_and_prints_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = builders.enrolled_home(tmp_path / "home", builders.province_for_today())
    card, sheet = tmp_path / "card.png", tmp_path / "check.pdf"
    image = webcam.draw(testcard.TEXT.encode(), webcam.Look(6.0, focus=0.4), np.random.default_rng(1))
    card.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    options = ("--camera", str(card), "--seconds", "0.6", "--typed", testcard.TEXT, "--out", str(sheet))
    _code, lines, _ = answers(capsys, "doctor", "--json", "--home", str(home), *options)
    states = {line["item"]: line["state"] for line in lines}
    assert states["decode"] == states["light"] == states["focus"] == states["usb-scanner"] == states["database"] == "ok"
    assert sheet.read_bytes().startswith(b"%PDF") and len(list((home / "checks").glob("*.json"))) == 1


def test_doctor_without_an_enrolment_writes_its_page_and_refuses_a_trial_without_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_engines", lambda home: iter([Finding("engine", "ok", ZXING)]))
    home, sheet = tmp_path / "home", tmp_path / "check.pdf"
    assert answers(capsys, "doctor", "--json", "--home", str(home), "--out", str(sheet))[0] == 0
    assert "chưa ghi danh" in PdfReader(sheet).pages[0].extract_text()
    code, _, told = answers(capsys, "doctor", "--home", str(home), "--out", str(tmp_path / "none" / "check.pdf"))
    assert code == 1 and "KS-504" in told and not home.exists()
    for seconds in ("inf", "nan", "-1", "0", "51", "soon"):
        with pytest.raises(SystemExit) as ended:
            cli.main(["doctor", "--home", str(home), "--trial", f"--seconds={seconds}"])
        assert ended.value.code == 2 and seconds in capsys.readouterr().err


def test_a_test_card_is_printed_on_a_machine_that_is_not_enrolled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    code, [printed], _ = answers(capsys, "print", "test-card", "--json", "--home", str(home), "--printer", "pdf")
    assert code == 0 and Path(printed["file"]).read_bytes().startswith(b"%PDF") and printed["printer"] == "pdf"
    code, _, told = answers(capsys, "print", "test-card", "--home", str(home), "--out", str(tmp_path))
    assert code == 1 and "KS-504" in told and "thư mục" in told


@pytest.mark.parametrize("deep", ["", "sub/home"])
def test_a_home_that_is_a_file_is_named_by_every_command(deep: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "home").write_text("x")
    home = str(tmp_path / "home" / deep)
    for command in (["status"], ["scan", "x"], ["cameras"], ["print", "report"], ["seen", "--kind", "moh"]):
        code, _, told = answers(capsys, *command, "--home", home)
        assert code == 1 and "KS-122" in told and "tệp, không phải thư mục" in told and "KS-900" not in told
    for empty in ("", " "):
        with pytest.raises(SystemExit) as ended:
            cli.main(["status", "--home", empty])
        assert ended.value.code == 2
    code, _, told = answers(capsys, "status", "--home", str(tmp_path / ("a" * 300)))
    assert code == 1 and "KS-122" in told and "tên quá dài" in told
    code, lines, told = answers(capsys, "doctor", "--json", "--home", home)
    (found,) = [line for line in lines if line["item"] == "data"]
    assert (code, found["state"]) == (1, "missing") and "tệp, không phải thư mục" in found["detail"] and found["cure"]
    assert "database" not in {line["item"] for line in lines} and "KS-" not in told


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_why_a_picture_is_not_read_is_said_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "large.png").touch()
    os.truncate(tmp_path / "large.png", replay.LARGEST + 1)
    (tmp_path / "none.png").write_bytes(b"<html>")
    told_of = {"pipe.png": "không phải tệp thường", "large.png": "tệp quá lớn", "none.png": "không có hình nào", "no.png": "không có tệp"}
    for name, word in told_of.items():
        code, _, told = answers(capsys, "decode", str(tmp_path / name))
        assert code == 1 and "KS-502" in told and word in told
    write_code(tmp_path / "good.png", CARD)
    assert cli.main(["decode", str(tmp_path / "good.png")]) == 0
    assert "good.png: 1 mã, " in capsys.readouterr().out


def test_a_scan_of_a_picture_is_recorded_and_one_without_a_code_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = builders.enrolled_home(tmp_path / "home", builders.province_for_today())
    write_code(tmp_path / "a.png", CARD)
    (tmp_path / "b.png").write_bytes(cv2.imencode(".png", np.zeros((64, 64), np.uint8))[1].tobytes())
    code, lines, _ = answers(capsys, "scan", "--json", "--home", str(home), "--picture", str(tmp_path / "a.png"))
    assert code == 0 and lines[0]["kind"] == "cccd" and lines[0]["event"]
    code, _, told = answers(capsys, "scan", "--home", str(home), "--picture", str(tmp_path / "b.png"))
    assert code == 1 and "KS-502" in told


def test_cameras_are_chosen_by_name_and_shown_as_in_a_mirror(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for node, name in (("video0", "Integrated Camera"), ("video2", "USB Cam")):
        (tmp_path / "v4l" / node).mkdir(parents=True)
        (tmp_path / "v4l" / node / "index").write_text("0")
        (tmp_path / "v4l" / node / "name").write_text(name)
    monkeypatch.setattr("kiosk.devices.camera.V4L", tmp_path / "v4l")
    home = str(tmp_path / "home")
    _, lines, _ = answers(capsys, "cameras", "--json", "--home", home)
    listed = [(line["name"], line["used"], line["built_in"]) for line in lines]
    assert listed == [("Integrated Camera", False, True), ("USB Cam", True, False)] and not Path(home).exists()
    _, lines, _ = answers(capsys, "cameras", "--json", "--home", home, "--use", "0", "--mirror", "Integrated Camera", "on")
    assert [(line["used"], line["mirror"]) for line in lines] == [(True, True), (False, False)]
    assert answers(capsys, "cameras", "--home", home, "--set", "USB Cam", "focus", "3")[0] == 1
    for wrong in (("--use", "NOSUCH"), ("--use", "7"), ("--mirror", "ghost", "on"), ("--use", "x" * 400)):
        code, _, told = answers(capsys, "cameras", "--home", home, *wrong)
        assert code == 1 and "KS-101" in told and "0: Integrated Camera | 2: USB Cam" in told
    assert answers(capsys, "cameras", "--home", home, "--use", "http://[")[0] == 1
    shutil.rmtree(tmp_path / "v4l" / "video2")
    _, lines, _ = answers(capsys, "cameras", "--json", "--home", home, "--use", "USB Cam")
    assert [(line["name"], line["used"]) for line in lines] == [("Integrated Camera", False), ("USB Cam", True)], "it was here once"
    address = ("--use", "rtsp://officer:secret@phone:8554/", "--mirror", "phone", "on")
    _, lines, _ = answers(capsys, "cameras", "--json", "--home", home, *address)
    assert [(line["name"], line["mirror"]) for line in lines if line["used"]] == [("phone", True)]
    _, lines, _ = answers(capsys, "cameras", "--json", "--home", home, "--use", "")
    assert [(line["name"], line["used"]) for line in lines] == [("Integrated Camera", True)]
