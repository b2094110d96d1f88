"""F8 and the lead's places, by keys and painted text: what is asked for is printed, what cannot be is said, nothing is lost."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from kiosk.domain import declaration
from kiosk.errors import Code, KioskError
from tests import builders
from tests.fakes import MemoryPrinter
from tests.ui.conftest import Front
from tests.ui.test_form import answer, type_person


def with_printer(front: Front) -> MemoryPrinter:
    printer = MemoryPrinter()
    assert front.program.parts is not None
    front.program.parts.papers.open_printer = lambda _name: printer
    front.program.papers()
    return printer


def declare(front: Front) -> None:
    front.station.declare(declaration.check(declaration.example()).declaration())


def test_a_slip_by_two_keys(front: Front) -> None:
    printer = with_printer(front)
    declare(front)
    front.press(Qt.Key.Key_F8)
    front.press(Qt.Key.Key_1)
    front.wait(lambda: len(printer.history) == 1)
    front.wait_to_read("Phiếu cho cử tri: đã gửi tới máy in memory.")
    front.wait_to_read("đã in")


def test_without_paper_it_waits_says_so_and_t_prints_it(front: Front) -> None:
    printer = with_printer(front)
    printer.why = "out_of_paper"
    declare(front)
    front.press(Qt.Key.Key_F8)
    front.press(Qt.Key.Key_2)
    front.wait_to_read("Tờ khai y tế: đã lưu, chưa in (hết giấy). Máy tự thử lại.")
    printer.connect()
    front.press(Qt.Key.Key_T)
    front.wait(lambda: len(printer.history) == 1)


def test_nobody_declared_yet_is_said_in_words(front: Front) -> None:
    with_printer(front)
    front.press(Qt.Key.Key_F8)
    front.press(Qt.Key.Key_1)
    front.wait_to_read("Lượt này không có gì để in phiếu.")


def test_the_lead_makes_a_place_prints_its_board_and_stands_there(front: Front, home: Path) -> None:
    printer = with_printer(front)
    front.press(Qt.Key.Key_F8)
    front.press(Qt.Key.Key_P)
    page = front.window.load_pages().places
    front.wait(page.isVisible)
    front.press(Qt.Key.Key_N)
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Cần điền mục này.")
    front.type("Cổng chính")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Đã lưu địa điểm; sẽ gửi về tỉnh.")
    front.wait(lambda: len(page.known) == 1)
    front.click(page.boards[0])
    front.wait_to_read("Địa điểm đã lưu, nhưng tỉnh chưa cấp mã cho bảng QR.")
    assert printer.history == []

    parts = front.program.parts
    assert parts is not None
    (known,) = parts.places.all()
    row = builders.place_told(parts, known.row)
    front.click(page.boards[0])
    front.wait_to_read("Bảng QR của địa điểm: đã gửi tới máy in memory.")
    assert len(printer.history) == 1
    front.click(page.use_it)
    front.wait_to_read("Từ giờ mỗi lượt vào ở lối này ghi kèm địa điểm này.")
    assert front.station.place == row.id
    front.click(page.withdraw_it)
    front.wait_to_read("Đã thu hồi địa điểm; nhớ gỡ bảng xuống.")
    front.wait(lambda: front.station.place == "")


def test_f10_closes_the_day_prints_and_locks_and_opens_again_with_a_reason(front: Front) -> None:
    printer = with_printer(front)
    front.station.seen("moh")
    front.station.defer("closing")
    front.press(Qt.Key.Key_F10)
    page = front.window.load_pages().close
    front.wait_to_read("2 · Phiếu vào trước chưa khai: 1")
    front.wait(lambda: len(page.rows) == 1)
    front.click(page.rows[0].counted)
    page.rows[0].counted.setFocus()
    front.type("3")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("chưa khớp")
    page.other.setFocus()
    front.type(f"BCYT1/{builders.AREA.code}/K2/{builders.ELECTION_DAY}/V41/P")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Cộng: 2 lượt ở máy này · 43 cả khu vực")
    front.click(page.close_it)
    front.wait(lambda: front.station.day() is None)
    front.wait(lambda: len(printer.history) == 1)
    assert front.station.last_day() == builders.ELECTION_DAY
    lock = front.window.load_pages().lock
    front.wait(lock.isVisible)
    front.press(Qt.Key.Key_Return)  # nobody has a PIN here: one key opens it
    front.wait(lambda: not lock.isVisible())
    front.press(Qt.Key.Key_F10)
    front.wait_to_read("Đã chốt ngày 23/05/2021")
    front.click(page.again)
    front.wait_to_read("Ghi lý do mở lại ngày.")
    page.reason.setFocus()
    front.type("có người đến muộn")
    front.press(Qt.Key.Key_Return)
    front.wait(lambda: front.station.day() == builders.ELECTION_DAY)


def test_a_paper_form_is_keyed_in_under_its_number_and_time(front: Front) -> None:
    with_printer(front)
    front.station.seen("moh")  # the day is open
    front.window.services.look()
    front.wait(lambda: front.window.status is not None and front.window.status.today.event_day == builders.ELECTION_DAY)
    front.press(Qt.Key.Key_F8)
    page = front.window.load_pages().print
    page.number.setFocus()
    front.type("G17")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Cần số ở góc phải tờ giấy")
    page.clock.setFocus()
    front.type("07:12")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Đang nhập tờ khai giấy G017, giờ trên giấy 07:12.")
    form = front.window.load_pages().form
    front.wait(form.isVisible)
    assert front.window.declaring.paper == (17, builders.at("07:12"))
    front.press(Qt.Key.Key_Escape)
    assert front.window.declaring.paper is None, "the next voter's form is no paper form"


def key_in(front: Front, number: str, clock: str) -> None:
    front.press(Qt.Key.Key_F8)
    page = front.window.load_pages().print
    page.number.setFocus()
    page.number.clear()
    front.type(number)
    page.clock.setFocus()
    page.clock.clear()
    front.type(clock)
    front.press(Qt.Key.Key_Return)
    front.wait(front.window.load_pages().form.isVisible)
    type_person(front)
    front.wait_to_read("Khai hộ · 2/2")
    answer(front, "222", "0")


def test_a_paper_form_is_saved_by_keys_once_and_its_number_alone_stops_it(front: Front) -> None:
    with_printer(front)
    front.station.seen("moh")
    front.window.services.look()
    front.wait(lambda: front.window.status is not None and front.window.status.today.event_day == builders.ELECTION_DAY)
    key_in(front, "G5", "07:12")
    front.wait(lambda: front.title == "MỜI VÀO")
    front.wait_to_read("Đã nhập tờ giấy G005, giờ trên giấy 07:12.")
    parts = front.program.parts
    assert parts is not None
    with parts.database.read() as conn:
        asked = "SELECT source, at, number FROM visit ORDER BY number"
        assert conn.exec_driver_sql(asked).all()[1:] == [("paper", builders.at("07:12"), 2)]
    key_in(front, "g005", "0715")
    front.wait_to_read("(KS-220)")
    assert front.window.declaring.paper == (5, builders.at("07:15")), "number and time stay, to be put right"
    assert front.station.today().visits == 2


def test_a_paper_form_that_could_not_be_saved_is_nobody_s_draft(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    with_printer(front)
    front.station.seen("moh")
    front.window.services.look()
    front.wait(lambda: front.window.status is not None and front.window.status.today.event_day == builders.ELECTION_DAY)
    parts = front.program.parts
    assert parts is not None

    def full() -> object:
        raise KioskError(Code.DISK_FULL)

    with monkeypatch.context() as patched:
        patched.setattr(parts.database, "write", full)
        key_in(front, "G6", "07:20")
        front.wait_for_title("CHƯA LƯU ĐƯỢC VÀO MÁY")
        front.wait_to_read("Tờ giấy G006 chưa nhập được. Giữ tờ giấy")
    front.press(Qt.Key.Key_F2)
    form = front.window.load_pages().form
    front.wait(form.isVisible)
    assert form.particulars.fields["full_name"].value == "" and front.window.declaring.paper is None
    front.press(Qt.Key.Key_Escape)
    key_in(front, "G6", "07:20")
    front.wait_to_read("Đã nhập tờ giấy G006, giờ trên giấy 07:20.")
