"""Codes whose layout the province may tell us: Hue-S's and VNeID's own are not public, so a layout is data of the policy, not code.

A layout is a line of text with named places: `HUES1|{id_number}|{full_name}|{birth_date}|{gender}|{*}`. A place takes everything up to the
next fixed text; `{*}` is passed over. Fixed text, not a regular expression: one pass over the code, whatever it holds.
What such a code says is unsigned: read, never verified.
"""

import contextlib
import re
from collections.abc import Callable
from functools import lru_cache

import msgspec

from kiosk.domain import identity
from kiosk.domain.passes.model import Kind, Pass, Reading, refused
from kiosk.domain.text import BadText, clean, squeeze

REASONS = frozenset({"bad_digits", "bad_length", "bad_date", "bad_gender", "bad_name", "bad_phone", "too_large", "open_on_phone"})

LONGEST = 300
_PLACE = re.compile(r"\{([a-z_*]+)\}")
CHECKS: dict[str, Callable[[str], str]] = {
    "full_name": identity.check_name,
    "id_number": lambda text: identity.check_id(text).number,
    "birth_date": identity.check_date,
    "gender": identity.check_gender,
    "phone": lambda text: identity.check_phone(text)[0],
    "permanent": lambda text: squeeze(clean(text, identity.ADDRESS_LIMIT)),
    "current": lambda text: squeeze(clean(text, identity.ADDRESS_LIMIT)),
}


class Layout(msgspec.Struct, frozen=True):
    """`head`: the fixed text a code of this kind begins with; `places`: (field or "*", the fixed text after it), in order."""

    head: str
    places: tuple[tuple[str, str], ...]


def compiled(text: str) -> Layout:
    """Raises BadText: empty (no fixed text in front: it would take every code), bad_layout."""
    if len(text) > LONGEST:
        raise BadText("too_large")
    pieces = _PLACE.split(clean(text, LONGEST))
    head, names, after = pieces[0], pieces[1::2], pieces[2::2]
    if len(head.strip()) < 3:
        raise BadText("empty")
    known = [name for name in names if name != "*"]
    braces = any("{" in piece or "}" in piece for piece in pieces[::2])
    if braces or not set(known) <= CHECKS.keys() or len(set(known)) != len(known):
        raise BadText("bad_layout")
    if not all(after[:-1]):  # two places side by side: nobody could say where one ends
        raise BadText("bad_layout")
    return Layout(head, tuple(zip(names, after, strict=True)))


@lru_cache(maxsize=4)
def all_of(texts: tuple[str, ...]) -> tuple[Layout, ...]:
    """The policy's layouts; one that makes no sense here is passed over (the province refuses it before it is signed)."""
    found = []
    for text in texts:
        with contextlib.suppress(BadText):
            found.append(compiled(text))
    return tuple(found)


def read(text: str, layouts: tuple[Layout, ...]) -> Pass | None:
    """The pass in a cleaned line of text, or None when no layout begins like it."""
    for layout in layouts:
        if text.startswith(layout.head):
            try:
                return _person(text, layout)
            except BadText as bad:
                return refused(Kind.HUES, bad.reason)
    return None


def _person(text: str, layout: Layout) -> Pass:
    at, fields = len(layout.head), {}
    for name, fixed in layout.places:
        end = text.find(fixed, at) if fixed else len(text)
        if end < 0:
            raise BadText("truncated")
        said = text[at:end].strip()
        if name != "*" and said:
            fields[name] = CHECKS[name](said)
        at = end + len(fixed)
    if not fields:  # it names nobody: the officer looks at the phone
        return Pass(Kind.HUES, Reading.SEEN, "open_on_phone")
    number, phone = fields.get("id_number", ""), fields.get("phone", "")
    doubts = identity.id_warnings(number, fields.get("birth_date", ""), fields.get("gender", ""))
    subjects = [f"id:{number}"] * bool(number) + [f"phone:{phone}"] * phone.startswith("+")
    reading = Reading.WARN if doubts else Reading.READ_UNSIGNED
    return Pass(Kind.HUES, reading, doubts[0] if doubts else "", fields, tuple(subjects), warnings=doubts)
