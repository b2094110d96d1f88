"""The number at a paper form's corner, as it is typed."""

import pytest

from kiosk.domain import papernumber


@pytest.mark.parametrize(
    ("text", "number"),
    [("G017", 17), ("g17", 17), (" 017 ", 17), ("G9999", 9999), ("G0", None), ("G10000", None), ("G١٧", None), ("17a", None), ("", None)],
)
def test_a_number_is_read_as_it_stands_on_the_paper(text: str, number: int | None) -> None:
    assert papernumber.read(text) == number


def test_a_printed_form_ends_at_999() -> None:
    assert (papernumber.read("G999", papernumber.LAST_PRINTED), papernumber.read("G1000", papernumber.LAST_PRINTED)) == (999, None)
