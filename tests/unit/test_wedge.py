"""Scanners that type, by the time between keys alone."""

from kiosk.ui.wedge import Wedge


def typed(text: str, gap: float) -> bytes | None:
    wedge, at = Wedge(), 100.0
    for letter in text:
        wedge.key(letter, at)
        at += gap
    return wedge.enter(at)


def test_a_burst_that_ends_in_enter_is_a_code_to_the_byte() -> None:
    text = "HU1:6BF N0 %$*+-./: |Đặng\x1d"
    assert typed(text, 0.005) == text.encode()


def test_spaces_at_the_ends_stay_because_they_are_letters_of_base45() -> None:
    assert typed("  HC1:ABC  ", 0.005) == b"  HC1:ABC  "


def test_a_persons_typing_is_no_code() -> None:
    assert typed("191234567", 0.15) is None


def test_a_slow_scanner_is_known_by_the_beginning_of_its_code() -> None:
    assert typed("HU1:ABCDEF", 0.15) == b"HU1:ABCDEF"


def test_a_few_keys_and_enter_are_no_code() -> None:
    assert typed("12345", 0.001) is None


def test_keys_left_over_do_not_get_into_the_next_code() -> None:
    wedge = Wedge()
    wedge.key("x", 100.0)
    for n, letter in enumerate("123456789"):
        wedge.key(letter, 101.0 + n / 100)
    assert wedge.enter(101.1) == b"123456789"
