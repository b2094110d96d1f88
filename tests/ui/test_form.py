"""Khai hộ by keyboard alone: unanswered at first, a draft that stays, a declaration and a visit at the end."""

import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from kiosk.domain import form as forms
from kiosk.shipped import data_dir
from kiosk.ui.form_draft import unpack
from kiosk.words import COLOURS, Role
from tests import builders
from tests.ui.conftest import Front


def fill_person(front: Front) -> None:
    """Name, year, sex, ID number, no phone, hamlet and reason: Enter after a text, one key for the rest."""
    front.press(Qt.Key.Key_F2)
    type_person(front)


def type_person(front: Front) -> None:
    for text in ("Nguyễn Văn Thử", "1950"):
        front.type(text)
        front.press(Qt.Key.Key_Return)
    front.type("1")
    front.type("191234567")
    front.press(Qt.Key.Key_Return)
    for key in "k21":
        front.type(key)


def answer(front: Front, exposures: str, symptoms: str) -> None:
    """The notice was read; then one key a question."""
    for key in "1" + exposures + symptoms:
        front.type(key)
    front.press(Qt.Key.Key_Return)


def telex(text: str) -> int:
    """Keys for a Vietnamese text in Telex: a letter, one more for its hat or hook, one more for its tone."""
    marks = unicodedata.normalize("NFD", text)
    return len(marks) + sum(c in "đĐ" for c in text)


class Counted:
    """Counts every key an officer presses."""

    def __init__(self, front: Front) -> None:
        self.front, self.keys = front, 0

    def press(self, *keys: Qt.Key) -> None:
        for key in keys:
            self.front.press(key)
        self.keys += len(keys)

    def type(self, text: str) -> None:
        self.front.type(text)
        self.keys += telex(text)

    def each(self, text: str) -> None:
        """Keys that may move the focus, one by one."""
        for key in text:
            self.type(key)


def test_with_a_card_and_a_phone_of_ten_digits_a_declaration_takes_at_most_25_keys(front: Front) -> None:
    front.paste(builders.CARD.decode())
    front.wait(lambda: front.title == "ĐÃ ĐỌC THẺ")
    officer = Counted(front)
    officer.press(Qt.Key.Key_F2)
    officer.type("0905123456")
    officer.press(Qt.Key.Key_Return)
    officer.each("1" + "2" + "1")  # the voter's own phone, the second hamlet, no smartphone
    front.wait_to_read("Khai hộ · 2/2")
    officer.each("1" + "222" + "0")  # notice read, three times no, none of the six
    officer.press(Qt.Key.Key_Return)
    front.wait(lambda: front.title == "MỜI VÀO")
    assert officer.keys <= 25, officer.keys
    fields = declared(front)
    assert (fields["phone"], fields["phone_of"], fields["proxy_reason"]) == ("+84905123456", "self", "no_phone")
    assert (fields["current"]["hamlet"], fields["notice"], fields["id_number"]) == ("Tổ dân phố 2", "read", "046183000123")


def test_without_a_card_a_declaration_takes_at_most_60_keys(front: Front) -> None:
    officer = Counted(front)
    officer.press(Qt.Key.Key_F2)
    officer.type("nguyễn thị thanh hương")  # capitals are the machine's work
    officer.press(Qt.Key.Key_Return)
    officer.type("1950")
    officer.press(Qt.Key.Key_Return)
    officer.each("2")
    officer.type("191234567")
    officer.press(Qt.Key.Key_Return)
    officer.each("k" + "1" + "1" + "1" + "222" + "0")
    officer.press(Qt.Key.Key_Return)
    front.wait(lambda: front.title == "MỜI VÀO")
    assert officer.keys <= 60, officer.keys
    fields = declared(front)
    assert (fields["full_name"], fields["birth_date"], fields["phone"]) == ("Nguyễn Thị Thanh Hương", "1950", "không có")


def declared(front: Front) -> dict[str, Any]:
    """The fields of the newest declaration, from the journal's register."""
    found = front.station.declaration(front.station.lines(1)[0].declaration)
    assert found is not None
    return found.fields


def test_a_voter_without_a_phone_is_declared_by_keyboard_alone(front: Front) -> None:
    fill_person(front)
    front.wait_to_read("Khai hộ · 2/2")
    assert not front.reads("Nguyễn Văn Thử")  # the screen may be turned to the voter
    answer(front, "222", "222222")
    front.wait(lambda: front.title == "MỜI VÀO")
    assert front.reads("N. V. Thử · nam · 1950")
    today = front.station.today()
    assert (today.visits, today.declared) == (1, 1)
    front.wait_to_read("Vào 1 · Khai hộ 1")


def test_a_symptom_leads_to_the_health_desk_in_the_colour_of_declare_now(front: Front) -> None:
    fill_person(front)
    answer(front, "222", "122222")
    front.wait(lambda: front.title == "MỜI QUA BÀN Y TẾ")
    assert front.window.scan.card.shown.ground == COLOURS[Role.DECLARE]


def test_nothing_is_answered_at_first_and_nothing_unanswered_is_saved(front: Front) -> None:
    fill_person(front)
    questions = front.window.load_pages().form.questions
    assert len(questions.questions) == len(forms.form().exposures) + len(forms.form().symptoms) == 9
    assert all(question.answer is None for question in questions.questions.values())
    front.type("0")  # "none of the six", before anything was asked
    assert all(question.answer is None for question in questions.questions.values())
    front.press(Qt.Key.Key_Return)
    assert front.reads("chưa hỏi") and front.reads("chưa đọc")
    assert sum(question.missed for question in questions.questions.values()) == 9
    assert front.station.today().declared == 0


def test_one_key_says_none_of_the_six_after_the_exposures_and_spares_an_answered_one(front: Front) -> None:
    fill_person(front)
    for key in "1" + "222" + "21":  # fever no, cough yes
        front.type(key)
    front.type("0")
    answers = front.window.load_pages().form.questions.answers()
    assert answers["symptoms"] == {
        "fever": False,
        "cough": True,
        "dyspnoea": False,
        "pneumonia": False,
        "sore_throat": False,
        "fatigue": False,
    }


def test_esc_keeps_the_draft_and_f2_comes_back_to_it(front: Front) -> None:
    fill_person(front)
    front.type("1")
    front.type("2")
    front.press(Qt.Key.Key_Escape)
    assert front.window.scan.isVisible()
    front.press(Qt.Key.Key_F2)
    form = front.window.load_pages().form
    front.wait(lambda: form.isVisible())
    assert form.questions.answers()["exposures"] == {"contact_case": False}
    assert form.particulars.fields["full_name"].value == "Nguyễn Văn Thử"


def test_a_scanned_card_fills_the_form_and_never_the_health_answers(front: Front) -> None:
    front.paste(builders.CARD.decode())
    front.wait(lambda: front.title == "ĐÃ ĐỌC THẺ")
    front.press(Qt.Key.Key_F2)
    fields = front.window.load_pages().form.particulars.fields
    assert [fields[key].value for key in ("full_name", "id_number", "birth_date", "gender")] == [
        "Trần Thị Mẫu",
        "046183000123",
        "25/07/1983",
        "F",
    ]
    assert front.window.load_pages().form.questions.answers() == {"exposures": {}, "symptoms": {}}


def test_another_card_never_lands_in_somebody_elses_draft(front: Front) -> None:
    fill_person(front)
    front.press(Qt.Key.Key_Escape)
    front.paste(builders.CARD.decode())
    front.wait(lambda: front.title == "ĐÃ ĐỌC THẺ")
    front.press(Qt.Key.Key_F2)
    fields = front.window.load_pages().form.particulars.fields
    assert (fields["full_name"].value, fields["current.hamlet"].value) == ("Trần Thị Mẫu", "")


@pytest.mark.parametrize(("key", "name"), [("1", ""), ("2", "Nguyễn Văn Thử")])
def test_whoever_was_shown_since_does_not_get_the_draft_of_the_one_before_unasked(front: Front, key: str, name: str) -> None:
    fill_person(front)
    front.press(Qt.Key.Key_Escape)
    front.paste("https://tokhaiyte.vn/?page=x")
    front.wait_for_title("XEM TRÊN MÁY CỬ TRI")
    front.press(Qt.Key.Key_F2)
    form = front.window.load_pages().form
    assert front.reads("Còn tờ đang khai dở") and front.reads("NVT") and not form.isVisible()
    front.type(key)
    front.wait(form.isVisible)
    assert form.particulars.fields["full_name"].value == name
    assert front.reads("Tờ đang làm dở của NVT") == bool(name)
    if name:
        front.click(form.fresh)
        assert form.particulars.fields["full_name"].value == "" and not front.reads("NVT")


def test_what_is_missing_is_said_under_its_field_in_words(front: Front) -> None:
    front.press(Qt.Key.Key_F2)
    front.press(Qt.Key.Key_Return)
    field = front.window.load_pages().form.particulars.fields["full_name"]
    assert field.error.isVisible() and field.error.text() == "Cần điền mục này."
    assert field.label.text().endswith("*")


def test_no_phone_is_an_answer_of_its_own(front: Front) -> None:
    front.press(Qt.Key.Key_F2)
    phone = front.window.load_pages().form.particulars.fields["phone"]
    button = next(b for b in phone.findChildren(QPushButton) if b.text() == "K Không có")
    front.click(button)
    assert phone.value == "không có"


def test_tab_reaches_every_field_in_reading_order(front: Front) -> None:
    front.press(Qt.Key.Key_F2)
    for field in front.window.load_pages().form.particulars.order:
        front.tab_to(field.editor)


def test_saved_drafts_leave_the_screen(front: Front) -> None:
    fill_person(front)
    answer(front, "222", "222222")
    front.wait(lambda: front.title == "MỜI VÀO")
    front.press(Qt.Key.Key_F2)
    assert front.window.load_pages().form.particulars.fields["full_name"].value == ""


def test_a_new_field_is_one_entry_in_the_form_file_and_enabled_false_takes_it_away(
    open_front: Callable[..., Front], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (data_dir() / "form.yaml").read_text("utf-8")
    entry = '  - {key: bed_number, vi: "Số giường", en: "Bed", type: text, source: [kiosk]}\n'
    email = '{key: email, vi: "Email", en: "Email", type: email, '
    assert email in text
    text = text.replace("  - {key: email", entry + "  - {key: email").replace(email, email + "enabled: false, ")
    shutil.copytree(data_dir(), tmp_path / "data")
    (tmp_path / "data" / "form.yaml").write_text(text, "utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(forms, "data_dir", lambda: tmp_path / "data")
        forms.form.cache_clear()
        front = open_front()
        front.press(Qt.Key.Key_F2)
        fields = front.window.load_pages().form.particulars.fields
        assert "email" not in fields and fields["bed_number"].label.text() == "Số giường"
        front.press(Qt.Key.Key_Escape)
        fill_person(front)
        fields["bed_number"].put("12A")
        answer(front, "222", "222222")
        front.wait_for_title("MỜI VÀO")
        assert declared(front)["bed_number"] == "12A"
        front.wait(lambda: fields["bed_number"].value == "")  # the form is emptied a moment later, and must still know the field
    forms.form.cache_clear()


HOSTILE = [
    "A" * 10_000,
    "a\x00b\x1b[31mc",
    "<img src=x onerror=alert(1)><b>Mẫu</b>",
    "=HYPERLINK(\"http://x\",\"y\")",
    "'); DROP TABLE declaration;--",
    "😀😀😀",
    "\u202eMẫu\u202c",
    unicodedata.normalize("NFD", "Nguyễn Thị Mẫu"),
    "１２３４５６７８９",
    "{0}%s%n",
]


@pytest.mark.parametrize("field", ["full_name", "id_number", "birth_date", "phone", "current.hamlet", "email", "travel_14d"])
def test_hostile_text_in_any_field_is_refused_in_words_or_kept_as_plain_text(front: Front, field: str) -> None:
    front.press(Qt.Key.Key_F2)
    particulars = front.window.load_pages().form.particulars
    for text in HOSTILE:
        editor = particulars.fields[field]
        editor.put(text)
        particulars.confirm(editor)
        said = editor.error.text()
        assert len(editor.value) <= 300 and "{" not in said and "Traceback" not in said
    assert front.station.today().declared == 0
    assert front.window.load_pages().form.draft(), "and the draft can be kept"


@pytest.mark.parametrize("year", ["1890", "2021-12-31", "31/02/1990", "00/00/0000", "2099", "25/7/83"])
def test_an_impossible_or_future_birth_is_said_under_the_field(front: Front, year: str) -> None:
    front.press(Qt.Key.Key_F2)
    front.type("Mau")
    front.press(Qt.Key.Key_Return)
    front.type(year)
    front.press(Qt.Key.Key_Return)
    field = front.window.load_pages().form.particulars.fields["birth_date"]
    assert field.error.isVisible() and field.error.property("trouble") is True and front.focus() is field.editor


@given(st.binary(max_size=200))
def test_any_bytes_are_a_draft_or_none(content: bytes) -> None:
    unpack(content)
    unpack(b"12345678" + content)
