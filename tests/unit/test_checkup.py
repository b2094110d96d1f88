"""The start-of-day check: each measurement has its colour and cure, a scanner's typing is judged, the result is kept with the day."""

from pathlib import Path

import numpy as np
import pytest
from numpy.random import default_rng

from kiosk import checks, checkup
from kiosk.checks import Finding
from kiosk.devices.camera import open_camera
from kiosk.devices.capture import blurred, save
from kiosk.devices.captures import LIFE_S, expire
from kiosk.devices.decoder import Cascade, QrDecoder
from kiosk.devices.trial import Measured, Trial
from kiosk.domain import testcard
from kiosk.errors import KioskError
from kiosk.ports import Frame
from kiosk.printing import start_check, test_card
from tests import webcam
from tests.webcam import Look


def tried(look: Look, frames: int = 6) -> dict[str, Finding]:
    """The findings when the card is held up as `look` says, thirty frames a second."""
    now = [0.0]
    trial = Trial(Cascade(), testcard.is_card, lambda: now[0])
    for n in range(frames):
        trial.take(Frame(webcam.draw(testcard.TEXT.encode(), look, default_rng(n)), now[0], n))
        now[0] += 1 / 30
    return {finding.item: finding for finding in checkup.judge(trial.measured())}


def test_a_card_in_good_light_is_green_all_through() -> None:
    assert {finding.state for finding in tried(Look(6.0, focus=0.4)).values()} == {"ok"}


@pytest.mark.parametrize(
    ("look", "item"),
    [(Look(6.0, gain=0.25), "light"), (Look(6.0, focus=2.6), "focus")],
    ids=["lights off", "out of focus"],
)
def test_what_is_wrong_is_amber_by_its_name_and_has_a_cure(look: Look, item: str) -> None:
    found = tried(look)
    assert found[item].state == "limited" and found[item].cure
    assert found["frames"].state == "ok"


def test_a_card_that_is_not_there_is_asked_for() -> None:
    seen = Measured(90, 3.0, 0, 0, 0, 0, 0)
    assert [(finding.item, finding.state) for finding in checkup.judge(seen)] == [("frames", "ok"), ("decode", "limited")]


@pytest.mark.parametrize(("frames", "state"), [(90, "ok"), (36, "limited"), (9, "missing")])
def test_a_camera_that_is_slow_is_told_so(frames: int, state: str) -> None:
    found = next(checkup.judge(Measured(frames, 3.0, 0, 0, 0, 0, 0)))
    assert found.state == state and bool(found.cure) == (state != "ok")


@pytest.mark.parametrize(
    ("typed", "how"),
    [
        (testcard.TEXT, testcard.GOOD),
        ("HUE-TÉT-1: đăw âf ôs ựj êx ỷ ow A1 D9 o6 u7; z/y @#|?", testcard.TELEX),
        (testcard.TEXT.swapcase(), testcard.CAPS),
        (testcard.TEXT.replace("y", "§").replace("z", "y").replace("§", "z"), testcard.LAYOUT),
        (testcard.TEXT[:20], testcard.CUT),
        (testcard.TEXT.replace("-", "/").replace("@", '"'), testcard.LAYOUT),
    ],
    ids=["as printed", "Telex", "Caps Lock", "QWERTZ", "cut", "another layout"],
)
def test_what_a_scanner_typed_is_judged(typed: str, how: str) -> None:
    assert testcard.judge(typed) == how
    finding = checkup.typed_finding(typed)
    assert (finding.state == "ok") == (how == testcard.GOOD) and bool(finding.cure) == (how != testcard.GOOD)


def test_f_keys_that_the_laptop_keeps_are_named() -> None:
    assert checkup.keys_finding([2, 3, 9], [2, 3, 9]).state == "ok"
    lost = checkup.keys_finding([3], [2, 3, 9])
    assert lost.state == "limited" and "F2, F9" in lost.detail and "Ctrl" in lost.cure


def test_the_card_and_the_page_are_one_sheet_each_and_the_card_reads_as_itself(tmp_path: Path) -> None:
    import pypdfium2

    assert test_card.render(tmp_path / "card.pdf", 0) == 1
    page = pypdfium2.PdfDocument(tmp_path / "card.pdf")[0].render(scale=2).to_numpy()
    assert {code.raw for code in QrDecoder().decode(np.ascontiguousarray(page))} == {testcard.TEXT.encode()}
    rows = [(f"Mục {n}", "ok", "Thấy như thế nào, dài chừng này", "") for n in range(12)]
    rows += [(f"Hỏng {n}", "missing", "Thấy như thế nào", "Cách xử lý, một hai câu là đủ rồi.") for n in range(8)]
    check = start_check.StartCheck("Khu vực bỏ phiếu số 3", "Phường Phú Hội", "K1", "2021-05-23", 0, 0, rows, 41.0)
    assert start_check.render(check, tmp_path / "check.pdf") == 1


def test_the_trial_runs_on_a_replay_camera(tmp_path: Path) -> None:
    """From the printed file to the verdict, through the camera class of a folder of pictures."""
    import pypdfium2

    test_card.render(tmp_path / "card.pdf", 0)
    pypdfium2.PdfDocument(tmp_path / "card.pdf")[0].render(scale=1.2).to_pil().save(tmp_path / "card.png")
    found = list(checkup.camera_findings(str(tmp_path / "card.png"), 0.5, lambda spec: open_camera(spec, paced=False)))
    assert {finding.item: finding.state for finding in found}["decode"] == "ok"


def test_a_camera_that_is_not_there_is_red_with_a_cure() -> None:
    found = list(checkup.camera_findings("no such camera", 0.5))
    assert [(finding.item, finding.state) for finding in found] == [("camera", "missing")] and found[0].cure


def test_the_newest_check_is_kept_with_its_day(home: Path) -> None:
    found = [Finding("disk", "ok", "40 GiB"), Finding("light", "limited", "60", "thêm đèn")]
    checks.keep(home, "2021-05-23", found[:1], 1, 3.0)
    checks.keep(home, "2021-05-23", found, 2, 41.0)
    assert checks.kept(home, "2021-05-23") == (found, 2, 41.0)
    assert checks.kept(home, "2021-05-24") is None
    (home / checks.FOLDER / "2021-05-23.json").write_text('{"findings": [1]')
    assert checks.kept(home, "2021-05-23") is None


def test_a_capture_shows_no_code_and_expires(tmp_path: Path) -> None:
    image = webcam.draw(b"046183000123||" + b"x" * 40, Look(4.0), default_rng(1))
    frame = Frame(image, 0.0, 1)
    assert QrDecoder().decode(image)
    assert QrDecoder().decode(blurred(frame)) == []
    file = save(frame, tmp_path / "captures")
    assert file.stat().st_mode & 0o077 == 0
    at = file.stat().st_mtime
    assert expire(tmp_path / "captures", lambda: at + LIFE_S - 1) == 0 and file.exists()
    assert expire(tmp_path / "captures", lambda: at + LIFE_S) == 1 and not file.exists()


def test_a_capture_whose_code_resists_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.devices.capture._mosaic", lambda image, box: None)
    with pytest.raises(KioskError):
        save(Frame(webcam.draw(b"HU1:" + b"A" * 40, Look(4.0), default_rng(1)), 0.0, 1), tmp_path / "captures")
    assert not (tmp_path / "captures").exists()
