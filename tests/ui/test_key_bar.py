"""The officer's other keys, by keyboard alone: F11, F6, F5, F4, the two lanes, supplements, drafts that outlive the program."""

import errno
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt

from kiosk.domain import ticketcode
from kiosk.domain.events import Key
from kiosk.domain.policy import Area, Policy, Slot
from kiosk.errors import Code
from kiosk.security import files
from kiosk.ui.form_draft import Start
from kiosk.words import hour_minute
from tests import builders
from tests.ui.conftest import Front
from tests.ui.test_form import answer, declared, fill_person

SHIFT = Qt.KeyboardModifier.ShiftModifier


def defer(front: Front, reason: str = "2") -> None:
    front.press(Qt.Key.Key_F11)
    front.type(reason)


def number(front: Front, digits: str) -> None:
    """A ticket's number, typed as slowly as people do."""
    for digit in digits:
        front.type(digit)
    front.wait_to_read(f"Phiếu số {digits} · Enter")
    front.press(Qt.Key.Key_Return)


# -- F11 ------------------------------------------------------------------------------------------------------------------


def test_f11_and_a_number_let_a_voter_in_with_a_ticket(front: Front) -> None:
    defer(front, "1")
    front.wait_for_title("VÀO TRƯỚC, KHAI SAU · phiếu 1")
    assert front.reads("Đưa phiếu số 1; khai khi ra.") and front.reads("Đã lưu · số K1-000001")
    assert [t.reason for t in front.station.today().tickets] == ["refused"]
    front.press(Qt.Key.Key_F7)
    front.wait_to_read("Phiếu chưa khai: 1.")


def test_a_ticket_before_the_camera_opens_its_declaration_and_gone_once_is_said_at_the_exit(front: Front) -> None:
    defer(front)
    front.wait_for_title("VÀO TRƯỚC, KHAI SAU · phiếu 1")
    assert front.window.last is not None
    code = ticketcode.make(Key.parse(front.window.last.event), 1)
    front.paste(code)
    front.wait_for_title("CẦN KHAI BÁO")
    front.press(Qt.Key.Key_F2)
    front.wait_to_read("Phiếu 1.")
    front.press(Qt.Key.Key_Escape)
    front.press(Qt.Key.Key_F6)
    front.wait_for_title("LỐI RA")
    for title in ("ĐÃ GHI LƯỢT RA", f"ĐÃ RA LÚC {hour_minute(front.clock.wall)}"):
        front.paste(code)
        front.wait_for_title(title)
        assert front.reads("Phiếu 1 chưa khai: mời khai ngay, bấm F2.")
    front.paste("phieu 17")
    front.wait_for_title("CHƯA XÁC NHẬN ĐƯỢC MÃ")
    assert front.station.today().left == 1


def test_ctrl_minus_is_f11_where_the_laptop_keeps_it(front: Front) -> None:
    front.press(Qt.Key.Key_Minus, Qt.KeyboardModifier.ControlModifier)
    front.wait_to_read("Vào trước, khai sau: vì sao?")


def test_the_card_on_the_screen_goes_with_the_ticket_and_a_stepped_back_one_does_not(open_front: Callable[..., Front]) -> None:
    front = open_front(dim_seconds=1.0)
    front.paste(builders.CARD.decode())
    front.wait_for_title("ĐÃ ĐỌC THẺ")
    front.press(Qt.Key.Key_F11)
    assert front.reads("T. T. Mẫu · nữ · 1983")
    front.press(Qt.Key.Key_Escape)
    front.wait_for_title("SẴN SÀNG")
    defer(front)
    front.wait_for_title("VÀO TRƯỚC, KHAI SAU · phiếu 1")
    front.paste(builders.CARD.decode())
    front.wait_for_title("ĐÃ ĐỌC THẺ")
    defer(front)
    front.wait_for_title("VÀO TRƯỚC, KHAI SAU · phiếu 2")
    front.paste(builders.CARD.decode())
    front.wait(lambda: front.title.startswith("ĐÃ VÀO LÚC"))
    assert front.reads("Phiếu 2 chưa khai: mời khai ngay, bấm F2.")


def test_in_the_last_minutes_enter_after_f11_is_enough(open_front: Callable[..., Front]) -> None:
    front = open_front(builders.Clock(wall=builders.at("18:45")))
    front.wait_for_title("SẮP HẾT GIỜ")
    front.paste(builders.CARD.decode())
    front.wait_to_read("Sắp hết giờ: bấm F11 rồi Enter, mời vào trước, khai khi ra.")
    front.press(Qt.Key.Key_F11)
    front.press(Qt.Key.Key_Return)
    front.wait_for_title("VÀO TRƯỚC, KHAI SAU · phiếu 1")
    assert [t.reason for t in front.station.today().tickets] == ["closing"]


def test_how_long_before_closing_is_a_setting(open_front: Callable[..., Front]) -> None:
    front = open_front(builders.Clock(wall=builders.at("18:45")), closing_minutes=5.0)
    front.wait(lambda: front.window.status is not None)
    assert front.title == "SẴN SÀNG"
    front.press(Qt.Key.Key_F11)
    front.press(Qt.Key.Key_Return)
    assert front.reads("Vào trước, khai sau: vì sao?"), "before that, nothing is offered first"


def test_the_number_of_a_ticket_opens_its_declaration_which_counts_nobody_twice(front: Front) -> None:
    defer(front)
    front.wait_for_title("VÀO TRƯỚC, KHAI SAU · phiếu 1")
    number(front, "1")
    front.wait_to_read("Phiếu 1.")
    for text in ("Nguyễn Văn Thử", "1950"):
        front.type(text)
        front.press(Qt.Key.Key_Return)
    front.type("1")
    front.type("191234567")
    front.press(Qt.Key.Key_Return)
    for key in "k11":
        front.type(key)
    answer(front, "222", "222222")
    front.wait_for_title("ĐÃ NHẬN TỜ KHAI")
    today = front.station.today()
    assert (today.visits, today.declared, today.waiting_tickets) == (1, 1, ())


# -- F6 -------------------------------------------------------------------------------------------------------------------


def test_f6_has_its_own_frame_and_word_and_closes_visits(front: Front) -> None:
    code = front.voter_pass()
    front.paste(code.decode())
    front.wait_for_title("MỜI VÀO")
    defer(front)
    front.wait_for_title("VÀO TRƯỚC, KHAI SAU · phiếu 1")
    front.press(Qt.Key.Key_F6)
    front.wait_for_title("LỐI RA")
    assert front.window.lanes.banner.isVisible()
    assert front.window.grab().toImage().pixelColor(2, 300).name() == "#334155"
    front.camera.hold(code)
    front.wait_for_title("ĐÃ GHI LƯỢT RA")
    front.camera.hold(None)
    assert front.reads("Vào lúc 08:00")
    number(front, "1")
    front.wait_to_read("Phiếu 1 chưa khai: mời khai ngay, bấm F2.")
    front.press(Qt.Key.Key_F5)
    front.wait(lambda: front.station.today().left == 3)
    front.press(Qt.Key.Key_F6)
    front.wait_for_title("SẴN SÀNG")
    assert not front.window.lanes.banner.isVisible()
    front.wait_to_read("Vào 2 · Khai hộ 0 · Ra 3")


def test_f2_after_an_open_ticket_left_declares_for_it(front: Front) -> None:
    defer(front)
    front.wait_for_title("VÀO TRƯỚC, KHAI SAU · phiếu 1")
    front.press(Qt.Key.Key_F6)
    number(front, "1")
    front.wait_for_title("ĐÃ GHI LƯỢT RA")
    front.press(Qt.Key.Key_F2)
    front.wait_to_read("Phiếu 1.")


def test_the_exit_ends_by_itself_and_an_exit_post_does_not(open_front: Callable[..., Front]) -> None:
    front = open_front(exit_seconds=5.0)
    lanes = front.window.lanes
    front.press(Qt.Key.Key_F6)
    assert lanes.exiting and lanes._idle.isActive() and lanes._idle.interval() == 5000
    lanes._idle.timeout.emit()  # five seconds without a voter
    assert not lanes.exiting and front.title == "SẴN SÀNG"
    lanes.use("exit")
    assert lanes.exiting and not lanes._idle.isActive()
    front.press(Qt.Key.Key_F6)
    assert lanes.exiting, "F6 leads nowhere from an exit post"


def test_a_code_that_names_nobody_is_told_from_an_exit_and_f5_counts_it(open_front: Callable[..., Front]) -> None:
    front = open_front(post="exit")
    front.paste("https://tokhaiyte.vn/?page=x")
    front.wait_to_read("Mã này không nối được với lượt vào: bấm F5 để ghi lượt ra.")
    front.press(Qt.Key.Key_F5)
    front.wait_for_title("ĐÃ GHI LƯỢT RA")
    assert (front.station.today().left, front.station.today().visits) == (1, 0)


def test_an_exit_post_starts_in_exit_mode(open_front: Callable[..., Front]) -> None:
    front = open_front(post="exit")
    front.wait_for_title("LỐI RA")
    front.paste(front.voter_pass().decode())
    front.wait_for_title("ĐÃ GHI LƯỢT RA")
    assert front.station.today().visits == 0


# -- F5, F4 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scanned", [True, False], ids=["after a scan", "without one"])
def test_f5_counts_one_of_three_and_f4_undoes_it(front: Front, scanned: bool) -> None:
    if scanned:
        front.paste("https://tokhaiyte.vn/?page=x")
        front.wait_for_title("XEM TRÊN MÁY CỬ TRI")
    front.press(Qt.Key.Key_F5)
    front.type("3")
    front.wait_for_title("MỜI VÀO")
    assert front.station.today().by_source == {"hues": 1}
    front.press(Qt.Key.Key_F4)
    front.type("1")
    front.wait_to_read("Đã hủy: Lượt K1-000001.")
    assert front.station.today().visits == 0


def test_who_is_no_voter_is_counted_as_what_they_are_and_the_next_one_is_a_voter_again(front: Front) -> None:
    front.press(Qt.Key.Key_F5)
    front.type("4")
    front.wait_to_read("Là ai?")
    front.type("2")
    front.wait_to_read("Tổ bầu cử: Đã xem gì trên máy cử tri?")
    front.type("1")
    front.wait_for_title("MỜI VÀO")
    front.press(Qt.Key.Key_F5)
    front.type("1")
    front.wait(lambda: front.station.today().by_person == {"team": 1, "voter": 1})


def test_any_deed_of_the_day_is_found_with_the_arrows_and_struck_through(front: Front) -> None:
    for spoken in ("Đã lưu · số K1-000001", "Đã lưu · số K1-000002"):
        front.paste(front.voter_pass().decode())
        front.wait_to_read(spoken)
        front.clock.forward(60)
    front.press(Qt.Key.Key_F4)
    front.type("5")
    front.wait_to_read("Cả ngày: 2 lượt.")
    front.press(Qt.Key.Key_Down)
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Lượt K1-000001, ghi lúc 08:00.")
    front.type("3")
    front.wait_to_read("Đã hủy: Lượt K1-000001.")
    front.press(Qt.Key.Key_F7)
    page = front.window.load_pages().today
    front.wait(lambda: page.visits.number.text() == "1")
    old = page.table.item(1, 2)
    assert old is not None and old.font().strikeOut() and old.text().startswith("Đã hủy")


def test_f4_voids_a_khai_ho_with_its_declaration(front: Front) -> None:
    fill_person(front)
    answer(front, "222", "222222")
    front.wait_for_title("MỜI VÀO")
    front.press(Qt.Key.Key_F4)
    front.type("3")
    front.wait_to_read("Đã hủy: Lượt K1-000001.")
    today = front.station.today()
    assert (today.visits, today.declared) == (0, 0)


def test_a_declaration_is_corrected_on_the_form_it_came_from(front: Front) -> None:
    fill_person(front)
    answer(front, "222", "222222")
    front.wait_for_title("MỜI VÀO")
    front.wait(lambda: front.window.status is not None and bool(front.window.status.today.last))
    front.press(Qt.Key.Key_F4)
    front.wait_to_read("Sửa tờ khai")
    front.type("6")
    front.wait_to_read("Sửa tờ khai · 2/2")
    form = front.window.load_pages().form
    assert form.questions.answers()["symptoms"]["fever"] is False, "a correction shows what was answered"
    form.questions.questions["symptoms.fever"].choices.setFocus()
    front.type("1")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Đã lưu bản sửa.")
    assert declared(front)["symptoms"]["fever"] is True
    assert front.station.today().declared == 1


# -- khai bổ sung ---------------------------------------------------------------------------------------------------------


def test_an_old_declaration_asks_the_nine_again_and_nothing_else(front: Front) -> None:
    fill_person(front)
    answer(front, "222", "222222")
    front.wait_for_title("MỜI VÀO")
    first = front.station.lines(1)[0]
    front.station.correct(first.event, "thử", void=True)
    front.clock.forward(73 * 3600)
    front.paste("191234567")
    front.wait_for_title("CẦN CẬP NHẬT TỜ KHAI")
    front.press(Qt.Key.Key_F2)
    front.wait_to_read("Khai bổ sung · 2/2 Câu hỏi")
    form = front.window.load_pages().form
    assert form.questions.answers() == {"exposures": {}, "symptoms": {}}, "nothing is answered at first"
    for key in "12220":
        front.type(key)
    front.press(Qt.Key.Key_Return)
    front.wait_for_title("MỜI VÀO")
    found = front.station.declaration(front.station.lines(1)[0].declaration)
    assert found is not None and found.mode == "supplement" and found.fields["full_name"] == "Nguyễn Văn Thử"


# -- two lanes ------------------------------------------------------------------------------------------------------------


def test_on_one_laptop_the_number_goes_from_the_scan_lane_to_the_declaring_table(front: Front) -> None:
    front.press(Qt.Key.Key_F2, SHIFT)
    front.wait_to_read("Máy này làm gì?")
    front.type("2")
    front.wait_to_read("Lối vào 1 · Làn quét mã")
    front.press(Qt.Key.Key_F2)
    front.press(Qt.Key.Key_Return)
    front.wait_for_title("MỜI SANG BÀN KHAI HỘ · số 1")
    assert front.station.today().visits == 0
    front.press(Qt.Key.Key_F2, SHIFT)
    front.type("3")
    front.wait_for_title("BÀN KHAI HỘ")
    number(front, "1")
    front.wait_to_read("Phiếu 1.")


def test_a_code_that_a_scanner_types_is_never_a_ticket_number(front: Front) -> None:
    front.type("191234567")
    front.press(Qt.Key.Key_Return)
    front.wait_for_title("CẦN KHAI BÁO")
    assert front.window.scan.typed == ""


# -- hamlets, areas, households -------------------------------------------------------------------------------------------


def test_the_hour_suggests_the_hamlet_and_enter_takes_it(front: Front) -> None:
    form = front.window.load_pages().form
    area = msgspec.structs.replace(builders.AREA, slots=(Slot("Tổ dân phố 2", "08:00", "09:00"),))
    front.press(Qt.Key.Key_F2)
    form.show_hamlets(area.hamlets, "Tổ dân phố 2")
    assert front.reads("2 Tổ 2 · Enter")
    form.particulars.fields["current.hamlet"].editor.setFocus()
    front.press(Qt.Key.Key_Return)
    assert form.particulars.fields["current.hamlet"].value == "Tổ dân phố 2"


def test_more_than_nine_hamlets_turn_their_page_with_0(front: Front) -> None:
    form = front.window.load_pages().form
    front.press(Qt.Key.Key_F2)
    form.show_hamlets([f"Thôn {n}" for n in range(1, 13)], "")
    form.particulars.fields["current.hamlet"].editor.setFocus()
    front.type("0")
    front.type("3")
    assert form.particulars.fields["current.hamlet"].value == "Thôn 12"


def test_the_dated_list_of_epidemic_areas_stands_beside_the_second_question(open_front: Callable[..., Front]) -> None:
    front = open_front(policy=Policy(areas=(Area("Bắc Ninh", "2021-05-05"), Area("Đà Nẵng", "2021-05-10"))))
    front.wait(lambda: front.window.status is not None)
    fill_person(front)
    front.wait_to_read("Vùng có dịch: Đà Nẵng (từ 10/05); Bắc Ninh (từ 05/05).")


def test_a_form_opened_before_the_first_status_learns_the_policy_when_it_comes(open_front: Callable[..., Front]) -> None:
    front = open_front(policy=Policy(areas=(Area("Bắc Ninh", "2021-05-05"),)))
    front.wait(lambda: front.window.status is not None)
    form = front.window.load_pages().form
    front.window.status = form.policy = None  # as in the first moments of a slow laptop
    fill_person(front)
    front.wait_to_read("Vùng có dịch: Bắc Ninh (từ 05/05).")


def test_f2_on_the_form_keeps_what_a_household_shares_and_nobodys_answers(front: Front) -> None:
    fill_person(front)
    answer(front, "222", "222222")
    front.wait_for_title("MỜI VÀO")
    front.press(Qt.Key.Key_F2)
    front.wait_to_read("F2 · Cùng nhà với người vừa khai")
    front.press(Qt.Key.Key_F2)
    form = front.window.load_pages().form
    fields = form.particulars.fields
    assert (fields["current.hamlet"].value, fields["phone"].value, fields["proxy_reason"].value) == ("Tổ dân phố 2", "không có", "no_phone")
    assert (fields["full_name"].value, form.questions.answers()) == ("", {"exposures": {}, "symptoms": {}})
    for text in ("Nguyễn Thị Thử", "1955"):
        front.type(text)
        front.press(Qt.Key.Key_Return)
    front.type("2")
    front.type("191234568")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Khai hộ · 2/2")  # nothing else was to be asked


def test_what_is_odd_is_said_and_never_blocks(front: Front) -> None:
    front.press(Qt.Key.Key_F2)
    for text in ("Nguyễn Văn Thử", "1950"):
        front.type(text)
        front.press(Qt.Key.Key_Return)
    front.type("1")
    front.type("046183000123")  # says 1983, and a woman
    front.press(Qt.Key.Key_Return)
    field = front.window.load_pages().form.particulars.fields["id_number"]
    assert field.error.isVisible() and field.error.property("trouble") is False
    for key in "k11":
        front.type(key)
    front.wait_to_read("Xem lại: Năm sinh không khớp")
    answer(front, "222", "222222")
    front.wait_for_title("MỜI VÀO")


def test_an_answer_the_province_wants_asked_again_is_asked_once_more(front: Front) -> None:
    fill_person(front)
    front.wait(lambda: front.window.load_pages().form.policy is not None)
    answer(front, "222", "222221")
    front.wait_to_read("hỏi lại cho chắc")
    assert front.station.today().declared == 0
    front.press(Qt.Key.Key_Return)
    front.wait_for_title("MỜI VÀO")


# -- drafts ---------------------------------------------------------------------------------------------------------------


def test_a_draft_survives_a_crash_sealed_and_is_gone_once_it_is_saved(open_front: Callable[..., Front], home: Path) -> None:
    front = open_front()
    fill_person(front)
    front.type("1")
    front.type("2")
    file = home / "draft.sealed"
    front.wait(lambda: file.exists() and not front.window.load_pages().form._keeping.isActive())
    front.wait(lambda: front.program.parts.drafts.kept()[1] != b"" and b'"notice":"read"' in front.program.parts.drafts.kept()[1])
    assert "Thử".encode() not in file.read_bytes() and b"191234567" not in file.read_bytes()
    form = front.window.load_pages().form
    form._empty()  # the program is gone, and its memory with it
    assert form.restore(front.program.parts.drafts.kept()[1])
    front.press(Qt.Key.Key_Escape)
    front.press(Qt.Key.Key_F2)
    assert form.questions.answers()["exposures"] == {"contact_case": False}
    assert form.particulars.fields["full_name"].value == "Nguyễn Văn Thử"
    for key in "22" + "222222":
        front.type(key)
    front.press(Qt.Key.Key_Return)
    front.wait_for_title("MỜI VÀO")
    front.wait(lambda: not file.exists())


def test_a_draft_whose_declaration_was_saved_just_before_the_crash_is_not_offered_again(front: Front) -> None:
    fill_person(front)
    form = front.window.load_pages().form
    draft = form.draft()
    answer(front, "222", "222222")
    front.wait_for_title("MỜI VÀO")
    assert front.program.parts is not None
    front.wait(lambda: front.program.parts.drafts.kept()[1] == b"")
    front.program.parts.drafts.keep(draft)
    assert front.program._draft(front.program.parts) == b""
    assert front.program.parts.drafts.kept() == (b"", b"")


def test_a_damaged_draft_is_no_draft(front: Front, home: Path) -> None:
    (home / "draft.sealed").write_bytes(b"x" * 100)
    assert front.program.parts is not None
    assert front.program.parts.drafts.kept() == (b"", b"")
    assert not front.window.load_pages().form.restore(b"12345678{}")


def test_a_lock_takes_the_voter_off_the_page_and_the_draft_comes_back(front: Front) -> None:
    fill_person(front)
    form = front.window.load_pages().form
    form.hide_personal()
    assert "Thử" not in "".join(field.value for field in form.particulars.fields.values())
    form.show_personal()
    assert form.particulars.fields["full_name"].value == "Nguyễn Văn Thử"


def test_another_ticket_never_lands_in_somebody_elses_draft(front: Front) -> None:
    fill_person(front)
    front.press(Qt.Key.Key_Escape)
    number(front, "7")
    front.wait_to_read("Máy này hôm nay chưa đưa phiếu nào mang số này.")
    number(front, "2007")  # the other laptop's
    form = front.window.load_pages().form
    front.wait(lambda: form.isVisible())
    assert form.particulars.fields["full_name"].value == "" and form.start == Start(ticket=2007)


def test_a_disk_that_keeps_no_draft_is_said_once_and_typing_goes_on(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Code] = []
    front.paste(front.voter_pass().decode())  # the day and its keys are there
    front.wait_for_title("MỜI VÀO")
    monkeypatch.setattr(front.window.teller, "fault", lambda error: told.append(error.code))
    monkeypatch.setattr(files, "write", full)
    fill_person(front)
    form = front.window.load_pages().form
    for _again in range(3):
        form.keep_now()
    answer(front, "222", "222222")
    front.wait_to_read("N. V. Thử · nam · 1950")
    assert told == [Code.DISK_FULL]


def full(_path: Path, _data: bytes) -> None:
    raise OSError(errno.ENOSPC, "no room")
