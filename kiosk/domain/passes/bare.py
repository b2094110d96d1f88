"""A number alone, typed or scanned: 9 or 12 digits name a person to look up; so does a phone number. Anything may have printed it."""

import re

from kiosk.domain import identity
from kiosk.domain.passes.model import Kind, Pass, Reading, refused
from kiosk.domain.text import BadText

REASONS = frozenset({"bad_digits", "bad_length", "province_unknown"})

SLIP = range(7, 15)  # so many digits are a mistyped number; fewer or more may be another app's opaque code


def read(text: str, now: int | None) -> Pass | None:
    """The number in a cleaned line of text, or None when it is another kind."""
    number = re.sub(r"[ .-]", "", text)
    if not number.removeprefix("+").isdigit():
        return None
    if not number.isascii():
        return refused(Kind.BARE_ID, "bad_digits")
    if len(number) in (9, 12) and number[0] != "+":
        doubts = identity.id_warnings(number)
        reading = Reading.WARN if doubts else Reading.READ_UNSIGNED
        return Pass(Kind.BARE_ID, reading, "".join(doubts), {"id_number": number}, (f"id:{number}",), warnings=doubts)
    phone = _phone(text)
    if phone:
        return Pass(Kind.BARE_ID, Reading.READ_UNSIGNED, fields={"phone": phone}, subjects=(f"phone:{phone}",))
    return refused(Kind.BARE_ID, "bad_length") if len(number) in SLIP else None


def _phone(text: str) -> str:
    try:
        phone, doubts = identity.check_phone(text)
    except BadText:
        return ""
    return "" if doubts or text[0] not in "0+" else phone
