"""A machine that belongs to nobody: enrolment or training, nothing else."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from kiosk import app
from kiosk.app import Program
from kiosk.crypto import kdf, sign
from kiosk.domain import enrolfile, protocol
from kiosk.domain.policy import Station
from kiosk.security import activate
from tests import builders
from tests.builders import LEAD, PINS
from tests.ui.conftest import Front, HandCamera, settings

OTHER = Station("46-474-19750-02", "Khu vực bỏ phiếu số 2", "19750")


def file_for(folder: Path, *stations: Station) -> Path:
    """An enrolment file as the province writes it, each station's part for the same lead."""
    made, salt = builders.province(), bytes(16)
    key = kdf.stretch(PINS[LEAD.id], salt, builders.CHEAP)
    first = protocol.FirstPin(LEAD.id, salt, key, builders.CHEAP.memory_kib, builders.CHEAP.passes, builders.CHEAP.lanes)
    issued = []
    for number, station in enumerate(stations, 1):
        campaigns, officers = [made.signed_campaign()], [LEAD.row()]
        said = protocol.Enrolment(
            f"{number:012x}", "K1", station, bytes(32), bytes(3), made.trust(), campaigns, [], officers, builders.at("05:00"), [first]
        )
        issued.append(enrolfile.Issued(sign.generate(), sign.generate(), said, ""))
    file = folder / "tep.ghidanh"
    file.write_bytes(enrolfile.make(builders.at("23:59"), issued, {s.code: [(LEAD.name, first)] for s in stations}))
    return file


@pytest.fixture
def new(home: Path, qtbot: QtBot) -> Iterator[Callable[[], Front]]:
    """The window on an empty home."""
    opened: list[Front] = []

    def make() -> Front:
        chosen = settings()
        app.application(chosen)
        clock, camera = builders.Clock(), HandCamera()
        program = Program(home, chosen, camera, clock=clock)
        program.power = builders.Power()
        front = Front(program, camera, clock, qtbot)
        front.window.resize(1366, 768)
        front.window.show()
        front.window.activateWindow()
        program.start()
        front.wait_to_read("Ghi danh máy này")
        opened.append(front)
        return front

    yield make
    for front in opened:
        front.window.close()
        front.window.deleteLater()


def test_nothing_else_is_offered(new: Callable[[], Front]) -> None:
    front = new()
    page = front.window.load_pages().enrol
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_F2, Qt.Key.Key_F7, Qt.Key.Key_F1, Qt.Key.Key_F12):
        front.press(key)
        assert page.isVisible()
    assert not any(made.isVisible() for made in (front.window.keys, front.window.head.shift, front.window.head.lock)), "of no use yet"
    enabled = {made.text() for made in front.window.findChildren(QPushButton) if made.isVisible() and made.isEnabled()}
    assert enabled == {"Ghi danh máy này", "Ghi danh bằng tệp…", "Tập huấn"}


def test_a_code_s_qr_fills_both_fields(new: Callable[[], Front]) -> None:
    front = new()
    page = front.window.load_pages().enrol
    code = protocol.enrol_code(bytes(16), bytes(32))
    front.type(protocol.enrol_qr(code, "https://tinh.example:8443"))
    assert (page.server.text(), page.code.text()) == ("https://tinh.example:8443", code)


def test_a_code_s_qr_held_before_the_camera_fills_both_and_enter_alone_spends_it(new: Callable[[], Front]) -> None:
    front = new()
    page = front.window.load_pages().enrol
    asked: list[tuple[str, str]] = []
    page.submit = lambda server, code: asked.append((server, code))
    front.wait(page.preview.isVisible)
    front.camera.hold(b"WIFI:S:tinh;;")
    front.wait_to_read("Mã vừa giơ không phải mã ghi danh.")
    code = protocol.enrol_code(bytes(range(16)), bytes(32))
    front.camera.hold(protocol.enrol_qr(code, "https://tinh.example:8443").encode())
    front.wait(lambda: page.code.text() == code)
    assert page.server.text() == "https://tinh.example:8443" and not page.error.isVisible() and asked == []
    front.press(Qt.Key.Key_Return)
    assert asked == [("https://tinh.example:8443", code)]
    front.camera.hold(protocol.enrol_qr(protocol.enrol_code(bytes(16), bytes(32)), "https://khac.example").encode())
    front.click(page.practise)
    front.wait(lambda: front.window.scanner is not None and front.title == "SẴN SÀNG")
    assert page.code.text() == code, "while the province is asked the fields stay"
    front.camera.hold(builders.CARD)  # the same camera is the scan page's now
    front.wait(lambda: front.title not in ("SẴN SÀNG", ""))


def test_training_opens_on_a_home_of_its_own_and_touches_nothing_else(new: Callable[[], Front], home: Path) -> None:
    front = new()
    front.click(front.window.load_pages().enrol.practise)
    front.wait(lambda: front.window.scanner is not None and front.title == "SẴN SÀNG")
    assert front.window.keys.isVisible() and front.window.head.lock.isVisible()
    assert front.reads("TẬP HUẤN") and not (home / "vault.json").exists() and not (home / "journal.db").exists()
    front.press(Qt.Key.Key_F5)
    front.type("1")
    front.wait(lambda: front.title == "MỜI VÀO")


def test_a_file_of_one_station_is_activated_by_the_leads_pin(new: Callable[[], Front], home: Path, tmp_path: Path) -> None:
    front, file = new(), file_for(tmp_path, builders.AREA)
    assert front.window.enrolling is not None
    front.window.enrolling.open_file(file)
    front.wait_to_read("Kích hoạt bằng tệp")
    front.type("000111")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Mã PIN hoặc cụm từ không đúng.")
    front.type(PINS[LEAD.id])
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Chưa đăng nhập thì máy không đọc được dữ liệu")  # enrolled, and locked by the lead's first PIN
    front.type(PINS[LEAD.id])
    front.press(Qt.Key.Key_Return)
    front.wait_to_read(f"Đặt mã cho {LEAD.name}")  # a first PIN is to be replaced; without a key store it may not wait
    front.press(Qt.Key.Key_Escape)
    assert front.reads(f"Đặt mã cho {LEAD.name}") and not front.window.scan.isVisible()


def test_a_spare_chooses_its_station_at_the_start(new: Callable[[], Front], home: Path, tmp_path: Path) -> None:
    activate.keep_spare(home, file_for(tmp_path, builders.AREA, OTHER))
    front = new()
    front.wait_to_read("Máy dự phòng này thuộc khu vực nào?")
    choice = next(made for made in front.window.findChildren(QPushButton) if made.isVisible() and OTHER.code in made.text())
    front.click(choice)
    front.wait_to_read("Kích hoạt bằng tệp")
    front.type(PINS[LEAD.id])
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Đăng nhập")
    front.wait(lambda: (home / "vault.json").exists())
    assert activate.spare(home) is None and front.reads(OTHER.name)
