"""Signing in, locking, handing over and a lead's word, by keys and by what can be read."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QTableWidget, QTextEdit, QWidget
from pytestqt.qtbot import QtBot

from kiosk import app
from kiosk.app import Program
from kiosk.domain import pin as pins
from kiosk.domain.events import Kind
from kiosk.ui.guard import HIDE_S, STOP_S, State
from tests import builders
from tests.builders import LEAD, OFFICER, OTHER
from tests.ui.conftest import Front, HandCamera, settings

VOTER = ("Trần", "Mẫu", "046183000123", "191500001", "25071983", "25/07/1983")  # builders.CARD


@pytest.fixture
def signed(home: Path, qtbot: QtBot) -> Iterator[Callable[..., Front]]:
    """The window on a home whose three officers have PINs; nobody is signed in yet."""
    opened: list[Front] = []

    def make(made_by: builders.Province | None = None, **changes: object) -> Front:
        builders.enrolled_home(home, made_by, officers=(LEAD, OFFICER, OTHER), pins=builders.PINS)
        clock, camera, chosen = builders.Clock(), HandCamera(), settings(**changes)
        app.application(chosen)
        program = Program(home, chosen, camera, clock=clock)
        program.power = builders.Power()
        front = Front(program, camera, clock, qtbot)
        front.window.resize(1366, 768)
        front.window.show()
        front.window.activateWindow()
        program.start()
        opened.append(front)
        return front

    yield make
    for front in opened:
        front.window.close()
        front.window.deleteLater()


def sign_in(front: Front, officer: builders.Staff) -> None:
    page = front.window.load_pages().signin
    front.wait(lambda: page.isVisible() and officer.id in page.buttons and page.go.isEnabled())
    front.click(page.buttons[officer.id])
    front.type(builders.PINS[officer.id])
    front.press(Qt.Key.Key_Return)


def signed_in(front: Front, officer: builders.Staff) -> None:
    sign_in(front, officer)
    front.wait(lambda: front.window.scanner is not None and front.title == "SẴN SÀNG")


def told(front: Front) -> list[tuple[str, str]]:
    """(officer, what) of the audit, oldest first, read from the journal itself."""
    assert front.program.parts is not None
    journal = front.program.parts.journal
    with front.program.parts.database.read() as conn:
        facts = sorted(journal.facts(conn), key=lambda fact: fact.key.seq)
    return [(f.body.officer, str(f.body.fields["what"])) for f in facts if f.body.kind in (Kind.AUDIT, Kind.STAY)]


def personal(window: QWidget) -> list[str]:
    """Every text that any widget of the window holds, seen or not."""
    found: list[str] = [window.windowTitle()]
    for widget in window.findChildren(QWidget):
        found += [widget.toolTip(), widget.accessibleName(), widget.accessibleDescription(), widget.windowTitle()]
        if isinstance(widget, QLabel | QPushButton | QLineEdit):
            found.append(widget.text())
        if isinstance(widget, QPlainTextEdit | QTextEdit):
            found.append(widget.toPlainText())
        if isinstance(widget, QComboBox):
            found += [widget.itemText(n) for n in range(widget.count())] + [widget.currentText()]
        if isinstance(widget, QTableWidget):
            found += [i.text() for r in range(widget.rowCount()) for c in range(widget.columnCount()) if (i := widget.item(r, c))]
    return [text for text in found if any(part in text for part in VOTER)]


def test_before_somebody_signs_in_no_camera_runs_and_none_of_its_pictures_stays(signed: Callable[..., Front]) -> None:
    front = signed()
    front.wait(lambda: front.window.load_pages().signin.isVisible() and front.program.scanner is not None and front.camera.closed == 1)
    assert front.window.scan.preview.number == -1
    signed_in(front, OFFICER)
    front.camera.hold(builders.CARD)
    front.wait_for_title("ĐÃ ĐỌC THẺ")


def test_nothing_opens_before_somebody_signs_in_and_the_right_pin_does(signed: Callable[..., Front]) -> None:
    front = signed()
    front.wait_to_read("Đăng nhập")
    assert front.program.parts is None and not front.window.keys.isEnabled()
    page = front.window.load_pages().signin
    front.click(page.buttons[OFFICER.id])
    front.type("000111")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Mã PIN hoặc cụm từ không đúng.")
    assert front.program.parts is None
    signed_in(front, OFFICER)
    assert front.reads(OFFICER.name) and front.station.session.id == OFFICER.id
    assert told(front) == [("-", "sign_in_refused"), (OFFICER.id, "sign_in"), (OFFICER.id, "begin")]


def test_five_wrong_ones_and_the_page_counts_the_wait_down(signed: Callable[..., Front]) -> None:
    front = signed()
    front.wait_to_read("Đăng nhập")
    page = front.window.load_pages().signin
    for _turn in range(5):
        front.wait(page.go.isEnabled)
        front.click(page.buttons[OFFICER.id])
        front.type("000111")
        front.press(Qt.Key.Key_Return)
        front.wait_to_read("Đang kiểm tra…")
        front.wait(lambda: not front.reads("Đang kiểm tra…"))
    front.click(page.buttons[OFFICER.id])
    front.type("000111")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("thử lại sau 15 giây")
    assert not page.pin.isEnabled()
    front.click(page.buttons[LEAD.id])
    assert page.pin.isEnabled()


def test_f12_stops_scanning_and_only_a_pin_goes_on(signed: Callable[..., Front]) -> None:
    front = signed()
    signed_in(front, OFFICER)
    front.press(Qt.Key.Key_F12)
    front.wait_to_read("MÁY ĐANG KHÓA")
    assert front.window.scanner is not None and front.window.scanner.paused
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_F2, Qt.Key.Key_F7, Qt.Key.Key_F1):
        front.press(key)
        assert front.reads("MÁY ĐANG KHÓA")
    sign_in(front, OFFICER)
    front.wait(lambda: front.title == "SẴN SÀNG")
    assert not front.window.scanner.paused
    assert told(front)[-2:] == [(OFFICER.id, "locked"), (OFFICER.id, "unlocked")]


def test_locked_is_not_closed(signed: Callable[..., Front]) -> None:
    front = signed()
    signed_in(front, OFFICER)
    front.window.duty.guard.stop("lid")
    front.wait_to_read("MÁY ĐANG KHÓA")
    assert front.program.parts is not None
    copy = front.program.parts.mirror.path
    front.wait(copy.exists)
    before = copy.stat().st_size
    front.station.seen("moh")
    front.wait(lambda: copy.stat().st_size > before)
    front.wait(lambda: all(loop.alive for loop in front.program.loops))


def test_who_is_taken_off_the_provinces_list_is_off_duty_when_it_comes(signed: Callable[..., Front]) -> None:
    front = signed()
    signed_in(front, OTHER)
    assert front.program.parts is not None
    front.program.parts.officers.learn([LEAD.row(), OFFICER.row()])  # as the status thread does with the feed's list
    front.wait_to_read("MÁY ĐANG KHÓA")
    front.wait_to_read(OTHER.name)
    page = front.window.load_pages().signin
    assert OTHER.id not in page.buttons
    signed_in(front, OFFICER)


def test_after_three_minutes_names_are_gone_from_every_widget_and_scanning_goes_on_without_them(signed: Callable[..., Front]) -> None:
    front = signed(dim_seconds=600.0)
    signed_in(front, OFFICER)
    front.paste(builders.CARD.decode())
    front.wait_to_read("T. T. Mẫu · nữ · 1983")
    front.press(Qt.Key.Key_F2)
    form = front.window.load_pages().form
    front.wait(form.isVisible)
    assert personal(front.window), "the walk sees what is there"
    guard = front.window.duty.guard
    later = guard.mono() + HIDE_S
    guard.mono = lambda: later
    front.wait(lambda: guard.state is State.HIDDEN)
    assert personal(front.window) == [] and not QApplication.clipboard().text()
    front.camera.hold(builders.CARD)
    front.wait(lambda: front.title == "ĐÃ ĐỌC THẺ")
    assert personal(front.window) == [] and not front.reads("1983")
    front.press(Qt.Key.Key_F2)
    front.wait_to_read("Tên đang ẩn")
    sign_in(front, OFFICER)
    front.wait(lambda: guard.state is State.OPEN)
    assert form.particulars.fields["full_name"].value == "Trần Thị Mẫu"  # the draft waited


def test_a_key_the_mouse_and_an_input_methods_word_are_signs_of_life(signed: Callable[..., Front]) -> None:
    front = signed()
    signed_in(front, OFFICER)
    front.press(Qt.Key.Key_F3)
    search = front.focus()
    assert isinstance(search, QLineEdit)
    guard, system = front.window.duty.guard, front.window.windowHandle()
    word = QInputMethodEvent()
    word.setCommitString("Hồ")
    nearly = [guard.mono() + HIDE_S - 1]
    guard.mono = lambda: nearly[0]

    def lives(sign: Callable[[], object]) -> bool:
        sign()
        nearly[0] += HIDE_S - 1
        guard.step()
        return guard.state is State.OPEN

    assert lives(lambda: QTest.keyClick(system, Qt.Key.Key_A))
    assert lives(lambda: QTest.mouseMove(system, QPoint(40, 40)))
    assert lives(lambda: QApplication.sendEvent(search, word))
    assert search.text() == "aHồ"
    for _ in range(2):  # the second time nothing moves but the key
        assert lives(lambda: QTest.keyClick(system, Qt.Key.Key_F7))
    nearly[0] += 1
    guard.step()
    assert guard.state is State.HIDDEN


def test_while_names_are_hidden_a_ticket_can_be_given_and_no_form_opens_by_a_side_door(signed: Callable[..., Front]) -> None:
    front = signed(dim_seconds=600.0)
    signed_in(front, OFFICER)
    guard = front.window.duty.guard
    later = guard.mono() + HIDE_S
    guard.mono = lambda: later
    front.wait(lambda: guard.state is State.HIDDEN)
    front.press(Qt.Key.Key_F11)
    front.type("2")
    front.wait_for_title("VÀO TRƯỚC, KHAI SAU · phiếu 1")
    front.type("1")
    front.wait_to_read("Phiếu số 1 · Enter")
    front.press(Qt.Key.Key_Return)  # the ticket's declaration: as locked as F2
    front.wait_to_read("Tên đang ẩn")
    assert not front.window.load_pages().form.isVisible()
    front.press(Qt.Key.Key_Escape)
    front.press(Qt.Key.Key_F7)
    today = front.window.load_pages().today
    front.wait(lambda: today.isVisible() and today.table.rowCount() == 1)
    front.press(Qt.Key.Key_Down)
    front.press(Qt.Key.Key_Return)  # as locked as F4
    front.wait_to_read("Tên đang ẩn")


def test_after_thirty_minutes_it_stops(signed: Callable[..., Front]) -> None:
    front = signed()
    signed_in(front, OFFICER)
    guard = front.window.duty.guard
    later = guard.mono() + STOP_S
    guard.mono = lambda: later
    front.wait_to_read("MÁY ĐANG KHÓA")
    assert guard.state is State.STOPPED


@pytest.mark.parametrize("why", ["lid", "session", "sleep", "lock"])
def test_what_the_machine_tells_locks_the_window(signed: Callable[..., Front], why: str) -> None:
    front = signed()
    signed_in(front, OFFICER)
    power = front.program.power
    assert isinstance(power, builders.Power)
    power.say(why)
    front.wait_to_read("MÁY ĐANG KHÓA")


def test_a_shift_is_handed_over_in_two_steps_and_tracing_sees_both_stays(signed: Callable[..., Front]) -> None:
    front = signed()
    signed_in(front, OFFICER)
    front.press(Qt.Key.Key_F1)
    front.wait_to_read("Bàn giao ca")
    front.click(front.window.load_pages().shift.hand)
    front.wait_to_read("Nhận ca")
    assert front.station.session.officer is None
    sign_in(front, OTHER)
    front.wait(lambda: front.title == "SẴN SÀNG")
    assert front.reads(OTHER.name)
    assert [(who, what) for who, what in told(front) if what in ("begin", "end")] == [
        (OFFICER.id, "begin"),
        (OFFICER.id, "end"),
        (OTHER.id, "begin"),
    ]
    front.paste(front.voter_pass().decode())
    front.wait(lambda: front.title == "MỜI VÀO")
    assert front.program.parts is not None
    with front.program.parts.database.read() as conn:
        visit = next(f for f in front.program.parts.journal.facts(conn) if f.body.kind == Kind.VISIT)
    assert visit.body.officer == OTHER.id


def test_sign_out_closes_the_journal_and_the_next_one_opens_it(signed: Callable[..., Front]) -> None:
    front = signed()
    signed_in(front, OFFICER)
    front.press(Qt.Key.Key_F1)
    front.wait_to_read("Kết thúc, đăng xuất")
    front.click(front.window.load_pages().shift.out)
    front.wait(lambda: front.program.parts is None)
    front.wait_to_read("Chọn tên, gõ mã của mình.")
    signed_in(front, LEAD)
    assert [what for _who, what in told(front)][-4:] == ["end", "sign_out", "sign_in", "begin"]


def test_voiding_anothers_visit_asks_for_the_lead(signed: Callable[..., Front]) -> None:
    front = signed()
    signed_in(front, OTHER)
    front.paste(front.voter_pass().decode())
    front.wait(lambda: front.title == "MỜI VÀO")
    front.window.duty.lock()
    front.wait_to_read("MÁY ĐANG KHÓA")
    sign_in(front, OFFICER)
    front.wait(lambda: front.title == "SẴN SÀNG")
    front.wait(lambda: bool(front.window.status and front.window.status.today.last))
    front.press(Qt.Key.Key_F4)
    front.type("1")
    front.wait_to_read("Mời người phụ trách")
    assert list(front.window.load_pages().signin.buttons) == [LEAD.id]
    sign_in(front, LEAD)
    front.wait(lambda: front.station.today().voided == 1)
    assert front.station.session.id == OFFICER.id


def test_the_lead_sets_a_phrase_for_an_officer_who_then_signs_in_with_it(signed: Callable[..., Front]) -> None:
    front = signed()
    signed_in(front, LEAD)
    front.press(Qt.Key.Key_F1)
    shift = front.window.load_pages().shift
    front.wait_to_read(OTHER.name)
    line = next(made for made in shift.findChildren(QPushButton) if made.text() == "Mã mới" and OTHER.name in beside(made))
    front.click(line)
    pin = front.window.load_pages().pin
    front.wait(pin.isVisible)
    phrase = pin.phrase.text()
    assert pins.is_phrase(phrase) and front.reads("không có kho khóa")
    front.type("ba con ga")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Gõ lại đúng bốn từ ở trên.")
    pin.first.clear()
    front.type(pins.canonical(phrase))
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Đã lưu mã mới.")
    assert phrase not in [label.text() for label in front.window.findChildren(QLabel)]
    front.press(Qt.Key.Key_F12)
    page = front.window.load_pages().signin
    front.wait(lambda: page.isVisible() and OTHER.id in page.buttons)
    front.click(page.buttons[OTHER.id])
    assert front.reads("Cụm bốn từ")
    front.type(phrase)
    front.press(Qt.Key.Key_Return)
    front.wait_to_read(OTHER.name)
    front.wait(lambda: front.station.session.id == OTHER.id)


def beside(made: QPushButton) -> str:
    line = made.parentWidget()
    assert line is not None
    return " ".join(label.text() for label in line.findChildren(QLabel))


def test_two_officers_of_one_name_are_told_apart_by_their_ids(signed: Callable[..., Front]) -> None:
    front = signed()
    signed_in(front, LEAD)
    assert front.program.parts is not None
    front.program.parts.officers.learn([LEAD.row(), OFFICER.row(), builders.Staff(OTHER.id, OFFICER.name, "officer").row()])
    front.press(Qt.Key.Key_F1)
    for one in (OFFICER, OTHER):
        front.wait_to_read(f"{OFFICER.name} ({one.id})")
    assert front.reads(LEAD.name) and not front.reads(f"{LEAD.name} (")


def test_the_audit_is_the_leads_and_names_no_voter(signed: Callable[..., Front]) -> None:
    front = signed()
    signed_in(front, OFFICER)
    front.paste(builders.CARD.decode())
    front.wait(lambda: front.title == "ĐÃ ĐỌC THẺ")
    front.press(Qt.Key.Key_F1)
    front.click(front.window.load_pages().shift.audit)
    front.wait_to_read("Mời người phụ trách")
    sign_in(front, LEAD)
    page = front.window.load_pages().audit
    front.wait(page.isVisible)
    cells = [item.text() for n in range(page.table.rowCount()) for c in range(4) if (item := page.table.item(n, c))]
    assert "Đăng nhập" in cells and "Bắt đầu ca trực" in cells and OFFICER.name in cells
    assert not any(part in cell for cell in cells for part in VOTER)


def test_a_station_with_a_lead_and_no_pin_asks_for_the_first_and_nothing_else(home: Path, qtbot: QtBot) -> None:
    builders.enrolled_home(home, officers=(LEAD, OFFICER))
    chosen = settings()
    app.application(chosen)
    program = Program(home, chosen, HandCamera(), clock=builders.Clock())
    program.power = builders.Power()
    front = Front(program, HandCamera(), builders.Clock(), qtbot)
    front.window.show()
    front.window.activateWindow()
    program.start()
    pin = front.window.load_pages().pin
    front.wait(pin.isVisible)
    assert front.reads(f"Đặt mã cho {LEAD.name}") and not pin.back.isVisible()
    front.press(Qt.Key.Key_Escape)
    front.press(Qt.Key.Key_F2)
    assert pin.isVisible()
    front.type(pin.phrase.text())
    front.press(Qt.Key.Key_Return)
    front.wait(lambda: front.title == "SẴN SÀNG")
    assert front.reads(LEAD.name) and front.station.session.secured
    front.window.close()
    front.window.deleteLater()


def test_without_any_pin_f12_hides_and_enter_opens_again(front: Front) -> None:
    front.press(Qt.Key.Key_F12)
    front.wait_to_read("Chưa ai đặt mã PIN ở máy này")
    front.press(Qt.Key.Key_Return)
    front.wait(lambda: front.title == "SẴN SÀNG")
