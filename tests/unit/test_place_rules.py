"""Places: what a set of changes comes to, whoever made them and in whatever order they come; ids and rows."""

import itertools

import pytest

from kiosk.domain import passes, places, poster
from kiosk.domain.events import Key
from kiosk.domain.feed import PlaceRow
from kiosk.domain.passes.model import Kind
from kiosk.domain.places import Change

STATION = "46-474-19750-01"
ID = "1975001K7Q2"


def change(at: int, name: str, base: int = 0, kiosk: str = "k1", what: str = places.SET) -> Change:
    row = PlaceRow(ID, STATION, name, "entrance", at=at, withdrawn=what == places.WITHDRAWN)
    return Change(Key(kiosk, "0" * 16, at), at, what, base, row)


def test_an_id_names_ward_and_area_and_no_letter_is_taken_for_another() -> None:
    made = places.mint(STATION, bytes(range(40, 44)))
    assert made.startswith("1975001") and len(made) == 11 and poster.ID.fullmatch(made)
    assert not set(made[7:]) & set("ILOU")


def test_the_result_is_a_function_of_the_set() -> None:
    changes = [change(10, "Cổng chính"), change(20, "Cổng bên", 10, "k2"), change(30, "Cổng sau", 10)]
    first, *others = [places.settle(order) for order in itertools.permutations(changes)]
    assert others == [first] * 5
    row = first
    assert row is not None and row.name == "Cổng sau"
    assert [(rival.by, rival.name) for rival in row.rivals] == [("kiosk:k2", "Cổng bên")]


def test_who_has_seen_both_decides() -> None:
    clash = [change(10, "Cổng chính"), change(20, "Cổng bên", 10, "k2"), change(30, "Cổng sau", 10)]
    settled = places.settle([*clash, change(40, "Cổng bên", 30)])
    assert settled is not None and settled.name == "Cổng bên" and settled.rivals == ()
    gone = places.settle([*clash, change(40, "Cổng sau", 30, what=places.WITHDRAWN)])
    assert gone is not None and gone.withdrawn and gone.rivals == ()
    assert places.settle([]) is None


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "entrance"}, {"name": "required"}),
        ({"name": "Cổng", "kind": "booth"}, {"kind": "bad_choice"}),
        ({"name": "Cổng\u202ea", "kind": "exit"}, {"name": "bidi"}),
        ({"name": "C" * 200, "kind": "exit"}, {"name": "too_large"}),
        ({"name": "Cổng", "kind": "exit", "phone": "gọi cô Ánh"}, {"phone": "bad_phone"}),
        ({"name": "Cổng", "kind": "exit", "address": {"ward": 5}}, {"address": "bad_shape"}),
    ],
)
def test_a_bad_row_is_refused_field_by_field(fields: dict[str, object], wrong: dict[str, str]) -> None:
    with pytest.raises(places.BadPlace) as caught:
        places.check(fields, STATION)
    assert caught.value.errors == wrong


def test_a_poster_is_a_place_and_nobody() -> None:
    code = poster.url("https://qr.huecity.vn", ID, poster.mac(bytes(32), ID))
    shown = passes.read(code.encode())
    assert shown.kind is Kind.LOCATION and shown.fields == {"place": ID, "mac": poster.mac(bytes(32), ID)} and shown.subjects == ()
