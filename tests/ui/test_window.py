"""The window as an officer works it: scanned, typed and pasted codes, F-keys, conditions, the end."""

import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from kiosk import app
from kiosk.app import Program
from kiosk.errors import Code, KioskError
from kiosk.store import locks
from kiosk.ui.window import ShownVerdict
from tests import builders
from tests.ui.conftest import Front, HandCamera, settings


def test_a_pass_before_the_camera_becomes_a_painted_verdict_and_a_counted_visit(front: Front) -> None:
    shown: list[ShownVerdict] = []
    front.window.verdict_shown.connect(shown.append)
    front.camera.hold(front.voter_pass())
    front.wait(lambda: bool(shown))
    assert front.title == "MỜI VÀO"
    assert front.reads("T. T. M.") or front.reads("1983")
    assert front.reads("Đã lưu · số K1-000001")
    assert front.station.today().visits == 1
    assert 0 < shown[0].frame_at < shown[0].painted_at <= time.monotonic()
    front.wait_to_read("Vào 1 · Khai hộ 0")


def test_the_same_pass_later_says_when_it_came_in_and_counts_nobody(front: Front) -> None:
    code = front.voter_pass().decode()
    front.paste(code)
    front.wait(lambda: front.title == "MỜI VÀO")
    front.paste(code)
    front.wait(lambda: front.title == "ĐÃ VÀO LÚC 08:00")
    assert front.station.today().visits == 1


def test_a_scanner_that_types_feeds_the_same_path(front: Front) -> None:
    front.type(front.voter_pass().decode())
    front.press(Qt.Key.Key_Return)
    front.wait(lambda: front.title == "MỜI VÀO")
    assert front.station.today().visits == 1


def test_a_scanner_that_types_digits_does_not_answer_the_question_on_screen(front: Front) -> None:
    front.press(Qt.Key.Key_F5)
    assert front.reads("Đã xem gì trên máy cử tri?")
    front.type("123456789012")
    front.press(Qt.Key.Key_Return)
    front.wait(lambda: front.title == "CẦN KHAI BÁO")
    assert front.station.today().visits == 0


@pytest.mark.parametrize("control", [False, True], ids=["F5", "Ctrl+5"])
def test_f5_and_its_twin_count_a_declaration_seen_on_the_phone(front: Front, control: bool) -> None:
    if control:
        front.press(Qt.Key.Key_5, Qt.KeyboardModifier.ControlModifier)
    else:
        front.press(Qt.Key.Key_F5)
    front.wait_to_read("Đã xem gì trên máy cử tri?")
    front.type("1")
    front.wait(lambda: front.title == "MỜI VÀO")
    assert front.station.today().by_source == {"moh": 1}


def test_a_key_of_the_bar_can_be_clicked(front: Front) -> None:
    front.click(front.window.keys.buttons[5])
    front.click(front.window.scan.panel.buttons[2])
    front.wait(lambda: front.title == "MỜI VÀO")
    assert front.station.today().by_source == {"hues": 1}


def test_f4_voids_the_last_arrival_with_a_reason(front: Front) -> None:
    front.paste(front.voter_pass().decode())
    front.wait(lambda: front.title == "MỜI VÀO")
    front.press(Qt.Key.Key_F4)
    assert front.reads("K1-000001")
    front.type("1")
    front.wait_to_read("Đã hủy: Lượt K1-000001.")
    today = front.station.today()
    assert (today.visits, today.voided) == (0, 1)
    front.press(Qt.Key.Key_F4)
    front.wait_to_read("Chưa có lượt nào để sửa.")


def test_esc_leaves_the_question_and_changes_nothing(front: Front) -> None:
    front.press(Qt.Key.Key_F5)
    front.wait_to_read("Đã xem gì trên máy cử tri?")
    front.press(Qt.Key.Key_Escape)
    front.wait(lambda: front.title == "SẴN SÀNG")
    assert front.station.today().visits == 0


def test_a_new_code_replaces_the_question_at_once(front: Front) -> None:
    front.press(Qt.Key.Key_F5)
    front.wait_to_read("Đã xem gì trên máy cử tri?")
    front.camera.hold(front.voter_pass())
    front.wait(lambda: front.title == "MỜI VÀO")


def test_the_card_steps_back_and_takes_the_person_with_it(open_front: Callable[..., Front]) -> None:
    front = open_front(dim_seconds=1.0)
    front.paste(builders.CARD.decode())
    front.wait_to_read("T. T. Mẫu · nữ · 1983")
    front.wait(lambda: front.title == "SẴN SÀNG")
    assert not front.reads("Mẫu")
    assert front.reads("ĐÃ ĐỌC THẺ")  # as a chip, without the person


def test_the_last_three_verdicts_stay_as_chips_newest_first(front: Front) -> None:
    for code, title in (
        (front.voter_pass().decode(), "MỜI VÀO"),
        (builders.CARD.decode(), "ĐÃ ĐỌC THẺ"),
        ("WIFI:S:x;;", "KHÔNG PHẢI MÃ KHAI BÁO"),
    ):
        front.paste(code)
        front.wait_for_title(title)
    assert [chip.title.text() for chip in front.window.scan.chips.chips] == ["KHÔNG PHẢI MÃ KHAI BÁO", "ĐÃ ĐỌC THẺ", "MỜI VÀO"]


def test_a_hostile_code_is_shown_and_counted_by_nobody(front: Front) -> None:
    front.paste("<img src=x onerror=alert(1)>\u202e" + "A" * 5000)
    front.wait(lambda: front.title not in ("", "SẴN SÀNG"))
    assert front.station.today().visits == 0


def test_every_label_shows_plain_text(front: Front) -> None:
    formats = {label.textFormat() for label in front.window.findChildren(QLabel)}
    assert formats == {Qt.TextFormat.PlainText}


def test_without_a_day_nothing_is_green_until_the_lead_begins_one(open_front: Callable[..., Front]) -> None:
    three_days_before = builders.at("08:00", "2021-05-20")
    front = open_front(builders.Clock(wall=three_days_before), enrolled_at=three_days_before)
    front.paste("046183000123")
    front.wait(lambda: front.title == "CHƯA LƯU ĐƯỢC VÀO MÁY")
    assert front.window.scan.card.shown.border == "#B91C1C"
    front.wait(lambda: front.window.teller.line.help.isVisible() and front.reads("Bắt đầu ngày"))
    front.click(front.window.teller.line.help)
    front.wait_to_read("23/05/2021")
    front.type("1")
    front.wait(lambda: front.station.day() == builders.ELECTION_DAY)
    front.wait_to_read("Chú ý: ngày vừa mở là 23/05/2021, không phải hôm nay (20/05/2021).")
    front.wait(lambda: not front.reads("Bắt đầu ngày"))
    front.paste("046183000123")
    front.wait(lambda: front.title == "CẦN KHAI BÁO")


def test_today_shows_counts_hours_and_acts_without_names(front: Front) -> None:
    front.paste(front.voter_pass().decode())
    front.wait(lambda: front.title == "MỜI VÀO")
    front.press(Qt.Key.Key_F7)
    page = front.window.load_pages().today
    front.wait(lambda: page.isVisible() and page.visits.number.text() == "1")
    assert page.chart.counts == {8: 1}
    items = [page.table.item(0, n) for n in range(3)]
    assert [item.text() for item in items if item is not None] == ["08:00", "K1-000001", "Mã khai báo của tỉnh"]
    front.press(Qt.Key.Key_Escape)
    assert front.window.scan.isVisible()


def test_f8_then_3_leaves_the_day_report(front: Front, home: Path) -> None:
    front.paste(front.voter_pass().decode())
    front.wait(lambda: front.title == "MỜI VÀO")
    front.press(Qt.Key.Key_F8)
    front.wait_to_read("Báo cáo ngày")
    front.press(Qt.Key.Key_3)
    front.wait(lambda: any(p.read_bytes().startswith(b"%PDF") for p in (home / "papers").glob("bao-cao-*.pdf")))
    front.wait_to_read("Báo cáo ngày: đã lưu thành tệp PDF")


def test_f9_names_engines_and_where_the_key_lies(front: Front) -> None:
    front.press(Qt.Key.Key_F9)
    page = front.window.load_pages().devices
    front.wait(lambda: "zxing" in page.engines.content.text())
    assert front.reads("Trong một tệp") and front.reads("Ctrl+V")
    assert page.camera.currentText() == front.camera.name, "the camera that runs, though no system lists it"


def test_codes_are_not_taken_while_a_form_is_open(front: Front) -> None:
    front.press(Qt.Key.Key_F2)
    front.camera.hold(front.voter_pass())
    preview = front.window.scan.preview
    assert front.program.scanner is not None
    front.wait(lambda: front.program.scanner is not None and bool(front.program.scanner.boxes))
    assert front.station.today().visits == 0
    front.camera.hold(None)
    assert not preview.isVisible()


def test_the_cameras_first_picture_stands_there_while_the_journal_opens(home: Path, qtbot: QtBot) -> None:
    builders.enrolled_home(home)
    chosen, camera, let = settings(), HandCamera(), threading.Event()
    app.application(chosen)
    program = Program(home, chosen, camera, clock=builders.Clock())
    opens = program.open

    def late(*given: Any) -> Any:
        let.wait(60)
        return opens(*given)

    program.open = late  # type: ignore[method-assign]
    front = Front(program, camera, builders.Clock(), qtbot)
    try:
        front.window.show()
        program.start()
        front.wait(lambda: front.window.scan.preview.number >= 0)
        assert front.window.services is None and front.window.scanner is None
        let.set()
        camera.hold(builders.CARD)
        front.wait_for_title("ĐÃ ĐỌC THẺ")
    finally:
        let.set()
        front.window.close()


def test_a_window_that_closes_while_the_journal_opens_lets_the_camera_go(home: Path, qtbot: QtBot) -> None:
    builders.enrolled_home(home)
    chosen, camera, let = settings(), HandCamera(), threading.Event()
    program = Program(home, chosen, camera, clock=builders.Clock())
    closes = camera.close

    def late(*_given: Any) -> Any:
        let.wait(10)
        raise KioskError(Code.HOME_UNUSABLE)

    def close() -> None:
        closes()
        let.set()

    program.open, camera.close = late, close  # type: ignore[method-assign]
    front = Front(program, camera, builders.Clock(), qtbot)
    front.window.show()
    program.start()
    front.wait(lambda: front.window.scan.preview.number >= 0)
    front.window.close()
    assert camera.closed == 1


def test_a_journal_that_does_not_open_leaves_no_picture_and_no_camera(home: Path, qtbot: QtBot) -> None:
    builders.enrolled_home(home)
    chosen, camera = settings(), HandCamera()
    program = Program(home, chosen, camera, clock=builders.Clock())

    def refused(*_given: Any) -> Any:
        raise KioskError(Code.HOME_UNUSABLE)

    program.open = refused  # type: ignore[method-assign]
    front = Front(program, camera, builders.Clock(), qtbot)
    try:
        front.window.show()
        program.start()
        front.wait_for_title("KHÔNG MỞ ĐƯỢC SỔ")
        front.wait(lambda: camera.closed == 1)
        assert front.window.scan.preview.number == -1
    finally:
        front.window.close()


def test_an_unplugged_camera_is_a_line_with_a_button_and_goes_away(front: Front, tmp_path: Path) -> None:
    assert front.program.scanner is not None

    def gone() -> HandCamera:
        raise KioskError(Code.CAMERA_MISSING, camera="0")

    front.clock.forward(25 * 3600)
    front.program._look()
    front.wait_to_read("Tin từ tỉnh đã quá một ngày")
    front.program.scanner.use(gone)
    front.wait(lambda: "Không thấy camera" in front.window.teller.line.text.text())  # before the news, which can wait
    assert front.window.teller.line.help.isVisible()
    front.program.scanner.use(HandCamera)
    front.wait(lambda: not front.reads("Không thấy camera"))


def test_a_second_window_on_the_same_home_is_refused_by_name(home: Path, qtbot: QtBot) -> None:
    with locks.hold(home, "window"), pytest.raises(KioskError) as refused:
        app.run(home, settings())
    assert refused.value.code is Code.WINDOW_BUSY
    assert refused.value.facts["holder"] and gc.isenabled()


def test_a_machine_that_is_not_enrolled_is_offered_enrolment(home: Path, qtbot: QtBot) -> None:
    app.application(settings())
    program = app.Program(home, settings(), HandCamera())
    front = Front(program, HandCamera(), builders.Clock(), qtbot)
    front.window.show()
    program.start()
    front.wait_to_read("Ghi danh máy này")
    front.type("https://localhost:1")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Cần cả địa chỉ và mã ghi danh.")
    front.type("KHONG-PHAI-MA")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("KS-202")
    front.window.close()


def test_a_camera_that_hangs_does_not_keep_the_window_from_closing(front: Front) -> None:
    started = time.monotonic()
    front.camera.read = lambda: time.sleep(30)  # type: ignore[method-assign]  # a driver that never comes back
    front.window.close()
    assert time.monotonic() - started < 10
