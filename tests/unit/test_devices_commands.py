"""`kiosk decode` and `kiosk doctor` as a script sees them."""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from kiosk import cli
from kiosk.devices.drawing import qr_image, qr_modules

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


def test_decode_writes_no_control_characters_to_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_code(tmp_path / "1.png", b"\x1b[2J\x07" + "\u202e".encode())
    assert cli.main(["decode", str(tmp_path / "1.png")]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\x07" not in out and "\u202e" not in out


def test_doctor_needs_no_enrolment_and_leaves_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = answers(capsys, "doctor", "--json", "--home", str(tmp_path / "home"))
    assert code == 0
    items = {"system", "data", "library", "engine", "camera", "keys", "printer", "sound", "display", "battery"}
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
