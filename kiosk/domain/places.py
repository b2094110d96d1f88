"""QR places of a station (letter 63/CV-BCĐ, annex 1): ids, what is a good row, and what a set of changes comes to.

Kiosk and province use the same rules. A place is a set of changes; each names the change that its author had before him (`base`).
The last by (at, key) stands; one that was made without having seen the one before it is a conflict, shown until somebody who has
seen both decides. Pure: no clock, no I/O; random bytes and keys come from outside.
"""

import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from kiosk.domain import poster
from kiosk.domain.events import Body, Key
from kiosk.domain.feed import PlaceRow, Rival
from kiosk.domain.text import BadText, clean_or_empty, squeeze

KINDS = ("entrance", "exit", "waiting")  # before and around the polling station; never inside the voting room
SET, WITHDRAWN = "set", "withdrawn"
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U to confuse with 1, 0, V
LIMITS = {"name": 60, "street": 120, "keeper": 60, "phone": 20, "spot": 80}
REASONS = frozenset({"place_ours", "place_withdrawn", "place_elsewhere", "place_forged", "place_new"})


class Change(NamedTuple):
    """One event on a place. `base`: `at` of the change its author had seen, 0 for none; `row`: as it then was; times ms UTC."""

    key: Key
    at: int
    what: str
    base: int
    row: PlaceRow

    @property
    def rank(self) -> tuple[int, Key]:
        return self.at, self.key


class BadPlace(ValueError):
    """Fields that are refused. `errors`: field -> reason."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(", ".join(sorted(errors)))
        self.errors = dict(errors)


def mint(station: str, random: bytes) -> str:
    """A new place's id as people read it: ward's code, polling area's number, four letters: "1975001K7Q2". Longer than those that the
    province gives out, so that a kiosk without a network takes nobody's. `random`: at least 4 bytes."""
    stem = "".join(c for c in "".join(station.split("-")[2:]) if c in LETTERS)[:8]
    return stem + "".join(LETTERS[byte % 32] for byte in random[:4])


def genuine(one: str, other: str) -> bool:
    """Compared in constant time."""
    return bool(one) and hmac.compare_digest(one.encode(), other.encode())


def check(fields: Mapping[str, Any], station: str) -> PlaceRow:
    """A place's row from what was typed: name, kind, street, keeper, phone, spot, address. Raises BadPlace."""
    errors: dict[str, str] = {}
    values: dict[str, str] = {}
    for key, limit in LIMITS.items():
        try:
            values[key] = squeeze(clean_or_empty(str(fields.get(key) or ""), limit))
        except BadText as bad:
            errors[key] = bad.reason
    if not values.get("name") and "name" not in errors:
        errors["name"] = "required"
    if fields.get("kind") not in KINDS:
        errors["kind"] = "bad_choice"
    if values.get("phone") and not re.fullmatch(r"\+?[0-9 .]{8,20}", values["phone"]):
        errors["phone"] = "bad_phone"
    given = fields.get("address") or {}
    if not isinstance(given, Mapping) or len(given) > 5 or not all(isinstance(part, str) and len(part) <= 80 for part in given.values()):
        errors["address"] = "bad_shape"
    if errors:
        raise BadPlace(errors)
    where = {str(key)[:20]: str(part) for key, part in given.items()}
    return PlaceRow(
        id="",
        station=station,
        name=values["name"],
        kind=str(fields["kind"]),
        street=values["street"],
        address=where,
        keeper=values["keeper"],
        phone=values["phone"],
        spot=values["spot"],
    )


def change_of(key: Key, at: int, body: Body, station: str) -> Change | None:
    """The change in an event's body, or None for a shape nobody wrote."""
    said, what, base = body.fields.get("place"), body.fields.get("what"), body.fields.get("base", 0)
    place = body.fields.get("id")
    if not isinstance(place, str) or not poster.ID.fullmatch(place) or what not in (SET, WITHDRAWN) or not isinstance(base, int):
        return None
    try:
        row = msgspec.convert(said, PlaceRow)
    except msgspec.ValidationError:
        return None
    clean = msgspec.structs.replace(row, id=place, station=station, at=at, withdrawn=what == WITHDRAWN, mac="", web="", rivals=())
    return Change(key, at, what, base, clean)


def settle(changes: Iterable[Change]) -> PlaceRow | None:
    """What stands, with those it stands against; None for no change at all."""
    current: Change | None = None
    rivals: list[Rival] = []
    for change in sorted(changes, key=lambda one: one.rank):
        if current is not None:
            if change.base >= current.at:  # made by somebody who saw what stood: it decides, also between rivals
                rivals = []
            else:
                by = f"kiosk:{current.key.kiosk}" if current.key.kiosk else ""
                rivals.append(Rival(by, current.at, current.row.name, current.row.kind, current.row.withdrawn))
        current = change
    return None if current is None else msgspec.structs.replace(current.row, rivals=tuple(rivals[-5:]))
