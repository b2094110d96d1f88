"""The health-insurance card: `10 digits|name as hex of UTF-8|dd/mm/yyyy|1 or 2|address as hex or -|hospital|from|to|…|$`; the card
before 2021 starts with a 15-character code. Unsigned: read, never verified. Its number is no ID number of the form."""

import re

from kiosk.domain import identity
from kiosk.domain.passes.model import Kind, Pass, Reading, refused
from kiosk.domain.text import BadText, clean, squeeze

REASONS = frozenset({"truncated", "bad_hex", "bad_utf8", "bad_digits", "bad_date", "bad_gender", "bad_name", "too_large"})
REASONS |= {"control_chars", "line_break", "bidi"}  # inside the hex

CODE = re.compile(r"[0-9]{10}|[A-Z]{2}[0-9][0-9A-Z]{12}")
GENDERS = {"1": "M", "2": "F"}
SHORTEST = 8


def looks_like(parts: list[str]) -> bool:
    first = parts[0]
    if len(parts) < 2:
        return False
    return bool(CODE.fullmatch(first)) or (len(first) == 10 and first.isdigit()) or (parts[-1] == "$" and len(parts) >= SHORTEST)


def read(text: str, now: int | None) -> Pass | None:
    """The card in a cleaned line of text, or None when it is another kind."""
    parts = [squeeze(part) for part in text.split("|")]
    if not looks_like(parts):
        return None
    try:
        return _card(parts)
    except BadText as bad:
        return refused(Kind.BHYT, bad.reason)


def _card(parts: list[str]) -> Pass:
    if not CODE.fullmatch(parts[0]):
        raise BadText("bad_digits")
    if len(parts) < SHORTEST or parts[-1] != "$":
        raise BadText("truncated")
    number, name, born, gender, address = parts[:5]
    if gender not in GENDERS:
        raise BadText("bad_gender")
    fields = {
        "full_name": identity.check_name(_unhex(name, identity.NAME_LIMIT)),
        "birth_date": identity.check_date(born),
        "gender": GENDERS[gender],
        "permanent": _unhex(address, identity.ADDRESS_LIMIT) if address not in ("", "-") else "",
    }
    return Pass(
        Kind.BHYT,
        Reading.READ_UNSIGNED,
        fields={key: value for key, value in fields.items() if value},
        subjects=(f"bhyt:{number}",),
        warnings=identity.name_warnings(fields["full_name"]),
    )


def _unhex(text: str, limit: int) -> str:
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", text):
        raise BadText("bad_hex")
    return clean(bytes.fromhex(text), limit)
