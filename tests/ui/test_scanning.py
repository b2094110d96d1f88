"""The scan page while somebody tries: words that help, other ways after a while, two codes and a pick, pictures dropped on it."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from kiosk import checks
from kiosk.devices.decoder import QrDecoder
from kiosk.domain import testcard
from kiosk.ports import Frame
from tests import builders, webcam
from tests.ui.conftest import Front

Image = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


class Wall:
    """A camera that shows the pictures it was given, one after the other, with a sensor's noise."""

    name = "wall"

    def __init__(self) -> None:
        self.images: list[Image] = [webcam.empty(0)]
        self._number = 0
        self._tick = threading.Event()

    def show(self, *images: Image) -> None:
        self.images = list(images)

    def read(self) -> Frame | None:
        self._tick.wait(0.03)
        self._number += 1
        image = self.images[self._number % len(self.images)].copy()
        image[0, self._number % 1280] ^= 1  # no two frames are the same
        return Frame(image, time.monotonic(), self._number)

    def close(self) -> None:
        self._tick.set()


@pytest.fixture
def wall(front: Front) -> Iterator[Wall]:
    wall = Wall()
    assert front.program.scanner is not None
    front.program.scanner.use(lambda: wall)
    front.wait(lambda: front.program.scanner is not None and front.program.scanner.name == "wall")
    yield wall


def side_by_side(left: bytes, right: bytes) -> Image:
    looks = [webcam.Look(3.6, x=x) for x in (-300, 300)]
    first, second = (webcam.draw(raw, look, np.random.default_rng(1)) for raw, look in zip((left, right), looks, strict=True))
    return np.hstack([first[:, :640], second[:, 640:]])


def visits(front: Front) -> int:
    return front.station.today().visits


def test_two_voters_codes_are_shown_as_two_and_the_number_that_is_pressed_is_recorded(front: Front, wall: Wall) -> None:
    mine, other = front.voter_pass(), front.voter_pass()
    wall.show(side_by_side(mine, other))
    front.wait_to_read("Có hai mã trong khung: ghi mã nào?")
    assert front.reads("Mã bên trái") and front.reads("Mã bên phải") and visits(front) == 0
    front.press(Qt.Key.Key_1)
    front.wait_for_title("MỜI VÀO")
    assert visits(front) == 1
    wall.show(webcam.draw(mine, webcam.Look(3.6, x=-300), np.random.default_rng(2)))
    front.qtbot.wait(300)
    assert visits(front) == 1, "the one that was picked is not taken again"


def test_the_question_goes_when_one_of_the_two_does(front: Front, wall: Wall) -> None:
    mine = front.voter_pass()
    wall.show(side_by_side(mine, front.voter_pass()))
    front.wait_to_read("Có hai mã trong khung: ghi mã nào?")
    wall.show(webcam.draw(mine, webcam.Look(3.6, x=-300), np.random.default_rng(2)))
    front.wait_for_title("MỜI VÀO")
    assert visits(front) == 1 and not front.reads("Có hai mã trong khung: ghi mã nào?")


def test_a_poster_beside_a_voter_is_not_asked_about(front: Front, wall: Wall) -> None:
    wall.show(side_by_side(b"HUP1:46-474-19750-01", front.voter_pass()))
    front.wait_for_title("MỜI VÀO")
    assert visits(front) == 1


def test_who_tries_in_vain_is_helped_and_after_a_while_offered_other_ways(open_front: Callable[..., Front]) -> None:
    front = open_front(offer_seconds=2.0)
    wall = Wall()
    assert front.program.scanner is not None
    front.program.scanner.use(lambda: wall)
    raw, rng = builders.CARD, np.random.default_rng(4)
    wall.show(*(webcam.draw(raw, webcam.Look(1.6, focus=1.8, x=40 * n, y=20 * n), rng) for n in range(3)))
    front.wait(lambda: front.reads("Đưa mã lại gần camera hơn") or front.reads("Giữ yên"))
    front.wait_to_read("Chưa đọc được mã. Có thể:")
    assert front.reads("máy quét USB") and front.reads("F2 · Khai hộ")
    button = next(b for b in front.window.scan.offers.buttons if "F2" in b.text())
    wall.show(webcam.empty(0), webcam.empty(3))
    front.wait(lambda: not front.reads("Chưa đọc được mã. Có thể:"))
    assert front.reads("Xin tự cầm điện thoại, đưa mã vào khung")
    button.click()
    front.wait(lambda: not front.window.scan.isVisible())


def drop(front: Front, *paths: Path) -> None:
    """As a file manager does it: enter, then drop."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    page, left, none = front.window.scan, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, data, left, none)
    QApplication.sendEvent(page, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(page, QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, left, none))


def test_a_picture_dropped_on_the_page_is_scanned(front: Front, tmp_path: Path) -> None:
    image = webcam.draw(front.voter_pass(), webcam.Look(4.0), np.random.default_rng(1))
    (tmp_path / "ảnh chụp.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    drop(front, tmp_path / "ảnh chụp.png")
    front.wait_for_title("MỜI VÀO")
    assert front.station.today().by_source == {"hu1": 1}


def test_a_dropped_file_that_is_no_picture_is_refused_in_words(front: Front, tmp_path: Path) -> None:
    (tmp_path / "bảng.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(80))
    drop(front, tmp_path / "bảng.png")
    front.wait_to_read("Tệp này không đọc được hoặc không đúng khuôn dạng (trong tệp không có hình nào máy đọc được).")
    (tmp_path / "trống.png").write_bytes(cv2.imencode(".png", webcam.empty(1))[1].tobytes())
    drop(front, tmp_path / "trống.png")
    front.wait_to_read("Không thấy mã QR nào trong ảnh này.")
    assert visits(front) == 0


def test_the_start_of_day_check_goes_from_the_devices_page_to_one_sheet(front: Front, wall: Wall, home: Path) -> None:
    """The card before the camera, F-keys, the card typed by a scanner; what was found is kept with the day and printed."""
    front.paste(front.voter_pass().decode())  # a day is open
    front.wait_for_title("MỜI VÀO")
    wall.show(*(webcam.draw(testcard.TEXT.encode(), webcam.Look(6.0, focus=0.4), np.random.default_rng(n)) for n in range(3)))
    front.press(Qt.Key.Key_F9)
    devices, check = front.window.load_pages().devices, front.window.load_pages().check
    front.click(devices.check)
    front.wait(check.isVisible)
    for key in (Qt.Key.Key_F2, Qt.Key.Key_F3, Qt.Key.Key_F5):
        front.press(key)
    assert check.isVisible(), "the keys are looked at, not obeyed"
    assert "F4" in check.f_keys.result.text() or "Fn" in check.f_keys.result.text()
    front.type("HUE-TÉT-1: đăw")
    front.press(Qt.Key.Key_Return)
    assert check.scanner.lamp.state == "missing" and "Unikey" in check.scanner.result.text()
    front.type(testcard.TEXT)
    front.press(Qt.Key.Key_Return)
    assert check.scanner.lamp.state == "ok"
    front.click(check.heard)
    front.wait(lambda: check.camera.lamp.state in ("ok", "limited") and "Đang kiểm tra" not in check.verdict.text())
    front.click(check.print)
    front.wait(lambda: bool(list((home / "papers").glob("kiem-tra-dau-ngay*.pdf"))))
    front.click(check.done)
    front.wait(lambda: bool(list((home / checks.FOLDER).glob("*.json"))))
    found, _at, _seconds = checks.kept(home, builders.ELECTION_DAY) or ([], 0, 0.0)
    items = {finding.item: finding.state for finding in found}
    assert items["usb-scanner"] == items["decode"] == items["database"] == "ok" and items["f-keys"] == "limited"


def test_a_picture_for_the_hotline_needs_a_yes_and_shows_no_code(front: Front, wall: Wall, home: Path) -> None:
    raw = builders.CARD
    front.press(Qt.Key.Key_F9)
    wall.show(webcam.draw(raw, webcam.Look(3.6), np.random.default_rng(1)))
    front.wait(lambda: front.program.scanner is not None and bool(front.program.scanner.boxes))
    front.click(front.window.load_pages().devices.capture)
    front.wait_to_read("Chụp một ảnh camera?")
    assert not list(home.glob("captures/*"))
    front.window.scan.panel.buttons[0].click()
    front.wait(lambda: bool(list(home.glob("captures/*.jpg"))))
    front.wait_to_read("tự xóa sau 24 giờ")
    kept = cv2.imread(str(next(home.glob("captures/*.jpg"))))
    assert kept.shape == (720, 1280, 3) and QrDecoder().decode(np.asarray(kept, np.uint8)) == []


def test_no_frame_is_ever_on_the_disk(front: Front, wall: Wall, home: Path) -> None:
    """After a morning of reading: no file of this home holds a picture, by its first bytes."""
    for _ in range(3):
        wall.show(webcam.draw(front.voter_pass(), webcam.Look(3.6), np.random.default_rng(1)))
        before = visits(front)
        front.wait(lambda before=before: visits(front) > before)  # type: ignore[misc]
    heads = (b"\xff\xd8\xff", b"\x89PNG", b"BM", b"RIFF", b"II*\x00", b"MM\x00*")
    for file in home.rglob("*"):
        assert not file.is_file() or not file.read_bytes()[:4].startswith(heads), file
