"""F3 with the keyboard alone, on a real home: two screens, masked until asked, a reason before a name or particulars."""


import pytest
from PySide6.QtCore import Qt

from kiosk.domain import declaration
from kiosk.errors import Code, KioskError
from kiosk.store.told import Told
from tests import builders
from tests.ui.conftest import Front

YES = declaration.example()["symptoms"] | {"fatigue": True}


def declare(front: Front, **changed: object) -> None:
    front.station.declare(declaration.check(declaration.example() | changed).declaration())


def cells(front: Front) -> list[list[str]]:
    table = front.window.load_pages().lookup.table
    return [[table.item(n, c).text() for c in range(table.columnCount())] for n in range(table.rowCount())]


def audited(front: Front) -> list[tuple[str, str]]:
    assert front.program.parts is not None
    with front.program.parts.database.read() as conn:
        facts = [f.body.fields for f in front.program.parts.journal.facts(conn) if f.body.kind == 7]
    return [(str(f["what"]), str(f["reason"])) for f in facts if f.get("what") in ("name_search", "details_opened")]


def look_up(front: Front, typed: str) -> None:
    front.press(Qt.Key.Key_F3)
    front.wait_to_read("Tra cứu")
    front.type(typed)
    front.press(Qt.Key.Key_Return)


def test_a_number_at_the_door_is_free_and_masked(front: Front) -> None:
    declare(front)
    look_up(front, "046183000123")
    front.wait_to_read("Tìm thấy 1 người.")
    assert cells(front)[0][:3] == ["T. T. Mẫu · nữ", "1983", "••••0123"]
    assert not front.reads("Trần Thị Mẫu") and not front.reads("046183000123") and audited(front) == []


def test_a_name_asks_why_first_and_details_ask_again(front: Front) -> None:
    declare(front)
    look_up(front, "tran thi mau 1983")
    front.wait_to_read("Vì sao tìm theo tên?")
    assert cells(front) == []
    front.press(Qt.Key.Key_2)
    front.wait_to_read("1 người rất giống")
    assert cells(front)[0][0] == "Trần Thị Mẫu · nữ"
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Vì sao xem chi tiết?")
    front.press(Qt.Key.Key_4)
    front.wait_to_read("Không có biểu hiện y tế")
    assert front.reads("046183000123") and front.reads("Tổ dân phố 3, Phường An Cựu, Thành phố Huế, Tỉnh Thừa Thiên Huế")
    assert not front.reads("Sốt")  # by number: the answers only where something was answered Có
    assert audited(front) == [("name_search", "paper_differs"), ("details_opened", "health_desk")]


def test_by_number_the_answers_are_shown_where_something_was_answered_yes(front: Front) -> None:
    declare(front, symptoms=YES)
    look_up(front, "046183000123")
    front.wait_to_read("Tìm thấy 1 người.")
    front.press(Qt.Key.Key_Return)
    front.press(Qt.Key.Key_1)
    front.wait_to_read("Có câu trả lời Có")
    assert front.reads("Mệt mỏi") and front.reads("Có")


def test_by_code_right_after_a_scan_shows_the_person_and_no_address(front: Front) -> None:
    declare(front)
    front.paste(builders.CARD.decode())
    front.wait_for_title("ĐÃ VÀO LÚC 08:00")
    front.press(Qt.Key.Key_F3)
    front.wait_to_read("Tìm thấy 1 người.")
    front.press(Qt.Key.Key_Return)
    front.press(Qt.Key.Key_1)
    front.wait_to_read("Biểu hiện")
    for text in ("Trần Thị Mẫu", "25/07/1983", "Sốt", "Khó thở"):
        assert front.reads(text), text
    assert not front.reads("Tổ dân phố 3") and not front.reads("046183000123")


def test_a_code_typed_into_the_line_is_read_as_a_code(front: Front) -> None:
    declare(front)
    look_up(front, builders.CARD.decode())
    front.wait_to_read("Tìm thấy 1 người.")
    assert front.window.load_pages().lookup.by_code and audited(front) == []


def test_nobody_here_is_asked_of_the_province_and_said_with_its_age(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    class Office:
        said: Told | KioskError = Told(True, builders.at("07:12"), "come_in", builders.at("08:00"))

        def ask(self, subject: str) -> Told:
            if isinstance(self.said, KioskError):
                raise self.said
            return self.said

    office = Office()
    assert front.program.parts is not None
    monkeypatch.setattr(front.program.parts.lookups, "_province", lambda: office)
    look_up(front, "191500077")
    front.wait_to_read("Tỉnh: có, khai lúc 07:12 ngày 23/05; tờ khai còn hạn, mời vào (vừa hỏi).")
    front.clock.forward(600)
    office.said = KioskError(Code.OFFLINE, why="timeout")
    front.press(Qt.Key.Key_Escape)
    look_up(front, "191500077")
    front.wait_to_read("hỏi 10 phút trước")
    front.press(Qt.Key.Key_H, Qt.KeyboardModifier.AltModifier)
    front.wait(lambda: not front.reads("Tỉnh: có") and not front.reads("Đang hỏi tỉnh"))
    assert front.window.load_pages().lookup.ask.isEnabled()


def test_the_days_conflicts_are_listed_with_both_times_and_no_name(front: Front) -> None:
    declare(front)
    front.clock.forward(300)
    front.paste(builders.CARD.decode())
    front.wait_for_title("ĐÃ VÀO LÚC 08:00")
    front.press(Qt.Key.Key_F3)
    front.wait_to_read("Tìm thấy 1 người.")
    front.press(Qt.Key.Key_T, Qt.KeyboardModifier.AltModifier)
    front.wait_to_read("1 lần trùng hôm nay. Cả hai lượt đều được giữ.")
    assert cells(front) == [["Hôm nay đã vào một lần.", "08:05", "08:00", "ở đây"]]


def test_esc_leaves_the_question_then_the_page_and_nothing_personal_stays(front: Front) -> None:
    declare(front)
    look_up(front, "mau")
    front.wait_to_read("Vì sao tìm theo tên?")
    front.press(Qt.Key.Key_Escape)
    assert not front.reads("Vì sao tìm theo tên?") and front.reads("Tra cứu")
    front.press(Qt.Key.Key_Escape)
    front.wait_for_title("SẴN SÀNG")
    page = front.window.load_pages().lookup
    assert page.entry.text() == "" and page.table.rowCount() == 0 and page.answer is None and audited(front) == []


def test_a_new_person_takes_what_was_typed_into_the_form(front: Front) -> None:
    look_up(front, "Lê Văn Bảy 1970")
    front.wait_to_read("Vì sao tìm theo tên?")
    front.press(Qt.Key.Key_1)
    front.wait_to_read("Máy này chưa biết ai như vậy.")
    front.click(front.window.load_pages().lookup.new)
    front.wait(lambda: front.window.load_pages().form.isVisible())
    assert "Lê Văn Bảy" in front.window.load_pages().form.particulars.fields["full_name"].value


@pytest.mark.parametrize("typed", ["'); DROP TABLE declaration;--", "<b>x</b>", "=1+1", "x" * 1200, "\u202eabc", "１２３"])
def test_whatever_is_typed_is_answered_in_words(front: Front, typed: str) -> None:
    declare(front)
    page = front.window.load_pages().lookup
    front.press(Qt.Key.Key_F3)
    page.entry.setText(typed)
    front.press(Qt.Key.Key_Return)
    if page.asking:
        front.press(Qt.Key.Key_1)
    front.wait(lambda: page.note.text() != "Theo số: miễn ghi. Theo tên: ghi lại lý do. Mũi tên để chọn, Enter để xem.")
    assert "Traceback" not in page.note.text() and page.isVisible()




def fill_person(front: Front, number: str) -> None:
    front.press(Qt.Key.Key_F2)
    for text in ("Nguyễn Văn Thử", "1950"):
        front.type(text)
        front.press(Qt.Key.Key_Return)
    front.type("1")
    front.type(number)
    front.press(Qt.Key.Key_Return)
    for key in "k21":
        front.type(key)


def test_who_is_very_like_somebody_here_is_said_before_the_questions_without_a_name(front: Front) -> None:
    declare(front, full_name="Nguyễn Văn Thứ", birth_date="1950", gender="M", id_number="191000001")
    fill_person(front, "191234567")
    front.wait_to_read("Ở đây đã có 1 người rất giống. Bấm F3 xem lại trước khi lưu người mới.")
    assert not front.reads("Thứ")
    front.press(Qt.Key.Key_F3)
    front.wait(lambda: front.window.load_pages().lookup.isVisible())
    assert front.window.load_pages().lookup.entry.text() == "Nguyễn Văn Thử 1950"
