"""The door for outside text, and Vietnamese folding and order."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain import text
from kiosk.domain.text import BadText, clean, fold, name_key, sort_key


def refusal(raw: bytes | str, limit: int = 100) -> str:
    with pytest.raises(BadText) as caught:
        clean(raw, limit)
    return caught.value.reason


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("Trần Thị M\x00ẫu", "control_chars"),
        ("Trần \x1b[2JThị", "control_chars"),
        ("Trần\tThị", "control_chars"),
        ("Trần \ue000 Thị", "control_chars"),
        ("a" + "\u0301" * 9, "control_chars"),
        ("Trần\n2021-05-23,fake", "line_break"),
        ("Trần\u2028Thị", "line_break"),
        ("Trần\x85Thị", "line_break"),
        ("Trần \u202eịhT", "bidi"),
        ("\u2066Trần", "bidi"),
        (b"Tr\xc3", "bad_utf8"),
        (b"\xff\xfe", "bad_utf8"),
        (b"\xc0\xaf", "bad_utf8"),
        ("Tr\udca7n", "bad_utf8"),
        ("", "empty"),
        (" \t\r\n", "empty"),
        ("\u200b\ufeff", "empty"),
        ("\u00a0", "empty"),
        ("a" * 101, "too_large"),
        (b"a" * 5000, "too_large"),
    ],
)
def test_hostile_text_is_refused_with_its_reason(raw: bytes | str, reason: str) -> None:
    assert refusal(raw) == reason
    assert reason in text.REASONS


def test_text_comes_through_in_one_normal_form() -> None:
    decomposed = unicodedata.normalize("NFD", "Trần Thị Mẫu")
    assert clean(decomposed.encode(), 20) == "Trần Thị Mẫu"
    assert clean("\ufeffTrần\u00a0Thị\u200b Mẫu\r\n", 20) == "Trần Thị Mẫu"


@given(st.one_of(st.text(), st.binary()), st.integers(1, 60))
def test_whatever_comes_through_is_short_normal_and_comes_through_again(raw: bytes | str, limit: int) -> None:
    try:
        out = clean(raw, limit)
    except BadText as refused:
        assert refused.reason in text.REASONS
        return
    assert 0 < len(out) <= limit
    assert unicodedata.is_normalized("NFC", out)
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") for c in out)
    assert clean(out, limit) == out


def test_folding_forgets_marks_case_and_double_spaces() -> None:
    assert fold("  Đặng  Thị Ẩn ") == "dang thi an"
    assert fold(unicodedata.normalize("NFD", "NGUYỄN VĂN ĐƯỜNG")) == "nguyen van duong"


@given(st.text())
def test_folding_twice_changes_nothing(raw: str) -> None:
    assert fold(fold(raw)) == fold(raw)


def test_vietnamese_order_of_letters_and_tones() -> None:
    assert sorted(["Ân", "Ăn", "Ạn", "Án", "Ãn", "Ản", "Àn", "An"], key=sort_key) == ["An", "Àn", "Ản", "Ãn", "Án", "Ạn", "Ăn", "Ân"]
    assert sorted(["Đặng", "Dương", "Em", "Cao", "Êm"], key=sort_key) == ["Cao", "Dương", "Đặng", "Em", "Êm"]
    assert sort_key("Dương") < sort_key("Đặng")


def test_order_goes_syllable_by_syllable_and_ignores_normal_form_and_case() -> None:
    assert sorted(["Án Anh", "An Bình", "An"], key=sort_key) == ["An", "An Bình", "Án Anh"]
    assert sort_key(unicodedata.normalize("NFD", "Ạn"))[0] == sort_key("ạn")[0]


def test_people_are_listed_by_given_name() -> None:
    people = ["Trần Thị Bình", "Đặng Văn An", "Dương Văn An", "Lê Ân"]
    assert sorted(people, key=name_key) == ["Dương Văn An", "Đặng Văn An", "Lê Ân", "Trần Thị Bình"]


@given(st.lists(st.text(), max_size=6))
def test_any_texts_can_be_sorted(texts: list[str]) -> None:
    assert sorted(sorted(texts, key=sort_key), key=sort_key) == sorted(texts, key=sort_key)
