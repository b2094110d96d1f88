"""ID numbers, dates, phones and names; and addresses in the list of communes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain import identity as who
from kiosk.domain import lists
from kiosk.domain.text import BadText


def refusal(check: object, text: str) -> str:
    with pytest.raises(BadText) as caught:
        check(text)  # type: ignore[operator]
    return caught.value.reason


def test_numbers_of_three_papers_are_told_apart() -> None:
    assert who.check_id("046 183 000 123") == who.IdNumber(who.IdKind.CCCD, "046183000123")
    assert who.check_id("191500001").kind is who.IdKind.CMND
    assert who.check_id("b1234567") == who.IdNumber(who.IdKind.PASSPORT, "B1234567")


@pytest.mark.parametrize("text", ["٠٤٦١٨٣٠٠٠١٢٣", "０４６１８３０００１２３", "04618300012³", "HELLO WORLD", "04618300012O3!", "⑨⑨⑨⑨⑨⑨⑨⑨⑨"])
def test_only_ascii_digits_are_digits(text: str) -> None:
    assert refusal(who.check_id, text) == "bad_digits"


@pytest.mark.parametrize("text", ["04618300012", "0461830001234", "12345678", "1"])
def test_a_number_of_another_length_is_a_slip(text: str) -> None:
    assert refusal(who.check_id, text) == "bad_length"


def test_a_cards_digits_are_compared_but_never_block() -> None:
    assert who.id_warnings("046183000123", "1983-07-25", "F") == ()
    assert who.id_warnings("046303000456", "2003", "F") == ()
    assert who.id_warnings("046183000123", "1990-07-25", "M") == ("year_mismatch", "gender_mismatch")
    assert who.id_warnings("999183000123", "1983", "F") == ("province_unknown",)
    assert who.id_warnings("046083000123", "2083", "M") == ("year_mismatch",)
    assert who.id_warnings("191500001", "1990", "M") == ()


@pytest.mark.parametrize(
    ("text", "iso"),
    [("25/07/1983", "1983-07-25"), ("25071983", "1983-07-25"), ("5/7/1983", "1983-07-05"), ("1983-07-25", "1983-07-25"),
     ("25.07.1983", "1983-07-25"), ("1950", "1950"), ("00/00/1950", "1950"), ("00001950", "1950"), ("29/02/2000", "2000-02-29")],
)  # fmt: skip
def test_dates_as_papers_write_them(text: str, iso: str) -> None:
    assert who.check_date(text) == iso


@pytest.mark.parametrize("text", ["31/02/1983", "29/02/1900", "25/13/1983", "00/05/1983", "25/07/83", "25/07-1983", "1883", "٢٥/٠٧/١٩٨٣"])
def test_impossible_dates_are_refused(text: str) -> None:
    assert refusal(who.check_date, text) == "bad_date"


def test_phones_have_one_form_and_may_be_missing() -> None:
    assert who.check_phone("0905 123 456") == ("+84905123456", ())
    assert who.check_phone("+84 905 123 456") == ("+84905123456", ())
    assert who.check_phone("Không có") == (who.NO_PHONE, ())
    assert who.check_phone("01234567890") == ("01234567890", ("odd_phone",))
    for text in ("gọi cho con", "٠٩٠٥١٢٣٤٥٦", "12", "0905123456<script>"):
        assert refusal(who.check_phone, text) == "bad_phone"


def test_sex_is_read_in_any_case_and_spelling() -> None:
    assert [who.check_gender(t) for t in ("Nam", "NỮ", "nu", "Khác", "M", "f")] == ["M", "F", "F", "X", "M", "F"]
    assert refusal(who.check_gender, "7") == "bad_gender"


def test_names_are_kept_whole_and_odd_ones_are_marked() -> None:
    assert who.check_name("  Trần   Thị Mẫu ") == "Trần Thị Mẫu"
    assert refusal(who.check_name, "12345") == "bad_name"
    assert refusal(who.check_name, "a" * 101) == "too_large"
    assert who.name_warnings("Tôn Nữ H'Linh-Đa") == ()
    assert who.name_warnings("<img src=x>") == ("odd_name",)


def test_initials_are_four_latin_letters() -> None:
    assert who.initials("Trần Thị Mẫu") == "TTM"
    assert who.initials("Công Tằng Tôn Nữ Thị Đào") == "TNTD"
    assert who.initials("王 Ẩn") == "A"


def test_masks_leave_the_end_only() -> None:
    assert who.mask_id("046183000123") == "••••••••0123"
    assert who.mask_id("0123") == "••••"
    assert who.mask_phone("+84905123456") == "•••••••••456"
    assert who.mask_phone(who.NO_PHONE) == who.NO_PHONE


@given(st.text(max_size=60))
def test_any_text_is_checked_or_refused(text: str) -> None:
    for check in (who.check_id, who.check_date, who.check_phone, who.check_gender, who.check_name):
        try:
            check(text)
        except BadText as refused:
            assert refused.reason


def test_an_address_is_split_as_far_as_the_communes_are_known() -> None:
    assert lists.split_address("Tổ dân phố 3, An Cựu, Thành phố Huế, Thừa Thiên Huế") == {
        "province": "Tỉnh Thừa Thiên Huế", "district": "Thành phố Huế", "ward": "Phường An Cựu", "hamlet": "Tổ dân phố 3",
    }  # fmt: skip
    assert lists.split_address("Thôn 1, xã Thuỷ Thanh, TX Hương Thuỷ, tỉnh Thừa Thiên Huế")["ward"] == "Xã Thủy Thanh"
    assert lists.split_address("Huế, Thừa Thiên Huế") == {"province": "Tỉnh Thừa Thiên Huế", "district": "Thành phố Huế"}
    assert lists.split_address("12 Hàng Bạc, Hoàn Kiếm, Hà Nội") == {"hamlet": "12 Hàng Bạc, Hoàn Kiếm, Hà Nội"}
    assert lists.split_address("") == {}


def test_a_ward_name_of_two_districts_needs_its_district() -> None:
    names = [lists.bare(u.ward) for u in lists.units()]
    assert len({n for n in names if names.count(n) > 1}) == 4
    name = "Xã Hương Phong"
    assert names.count(lists.bare(name)) == 2
    assert "ward" not in lists.split_address(f"Thôn 1, {name}, Thừa Thiên Huế")
    assert lists.split_address(f"{name}, {next(u.district for u in lists.units() if u.ward == name)}")["ward"] == name


def test_the_shipped_lists_are_whole() -> None:
    assert len(lists.units()) == 145
    assert len(lists.card_provinces()) == 63
    assert len(lists.options("ethnic_groups")) == 56
    assert lists.find_units("an cuu")[0].ward == "Phường An Cựu"
