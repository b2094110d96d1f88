"""What officers type to find somebody, taken apart."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.people import crowd, telex, vni
from kiosk.domain import query
from kiosk.domain.text import REASONS, BadText, fold


def words(typed: str) -> list[str]:
    return [word.spellings[0] for word in query.parse(typed).words]


@pytest.mark.parametrize(
    ("typed", "subject"),
    [
        ("046183000123", "id:046183000123"),
        ("191 500 001", "id:191500001"),
        ("0905.123.456", "phone:+84905123456"),
        ("+84905123456", "phone:+84905123456"),
    ],
)
def test_a_whole_number_is_one_person(typed: str, subject: str) -> None:
    asked = query.parse(typed)
    assert asked.by_number and asked.subjects == (subject,)


@pytest.mark.parametrize(
    ("typed", "names", "year", "tails"),
    [
        ("Trần Thị Mẫu 1983", ["tran", "thi", "mau"], 1983, ()),
        ("mẫu 25/07/1983", ["mau"], 1983, ()),
        ("Mẫu 0123", ["mau"], None, ("0123",)),
        ("Mẫu 1983 2001", ["mau"], 1983, ("2001",)),
        ("TranThiMau1983", ["tran", "thi", "mau"], 1983, ()),
        ("TRẦN THỊ MẪU", ["tran", "thi", "mau"], None, ()),
        ("Tra6n2 Thi5 Ma6u4", ["tran", "thi", "mau"], None, ()),
        ("trần-thị,mẫu;", ["tran", "thi", "mau"], None, ()),
        ("1983", [], None, ("1983",)),
    ],
)
def test_names_years_and_ends_of_numbers_are_told_apart(typed: str, names: list[str], year: int | None, tails: tuple[str, ...]) -> None:
    asked = query.parse(typed)
    assert ([word.spellings[0] for word in asked.words], asked.year, asked.tails) == (names, year, tails)
    assert not asked.by_number


def test_two_numbers_that_may_each_be_the_year_are_read_both_ways() -> None:
    both = query.parse("Kiên 2000 1935").readings
    assert {(one.year, one.tails) for one in both} == {(2000, ("1935",)), (1935, ("2000",))}


def test_every_syllable_typed_with_telex_or_vni_and_never_turned_is_found_again() -> None:
    for one in crowd(3000, seed=11):
        for undone in (telex(one.name), vni(one.name)):
            spelt = [set(word.spellings) for word in query.parse(undone).words]
            assert all(own in said for own, said in zip(fold(one.name).split(), spelt, strict=True)), undone


@pytest.mark.parametrize(
    ("typed", "plain"),
    [pair.split(":") for pair in "ddawngj:dang DDoox:do tranaf:tran hwowng:huong nguwowif:nguoi xuaan:xuan quyrs:quy sown:son".split()],
)
def test_telex_keys_become_the_letters_they_stand_for(typed: str, plain: str) -> None:
    assert plain in query.word(typed).spellings


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_anything_typed_is_a_question_or_a_refusal_with_a_reason(typed: str) -> None:
    try:
        asked = query.parse(typed)
    except BadText as bad:
        assert bad.reason in REASONS
    else:
        assert not asked.empty and len(asked.words) <= query.MOST_WORDS
        assert all(word.spellings and all(s.isascii() for s in word.spellings) for word in asked.words)
