"""The chip ID card of 2021: `CCCD|CMND|Họ tên|DDMMYYYY|Nam/Nữ|Địa chỉ|DDMMYYYY` in UTF-8 without ECI; the CMND may be empty or missing.

The card of 2024 adds fields after the seventh: read seven, ignore the rest. Other people's readers write dates with slashes.
Nothing on it is signed: it is read, never verified.
"""

import re

from kiosk.domain import identity
from kiosk.domain.passes.model import Kind, Pass, Reading, refused
from kiosk.domain.text import BadText, clean_or_empty, squeeze
from kiosk.domain.vntime import iso_day

REASONS = frozenset(
    {"truncated", "bad_digits", "bad_date", "bad_name", "bad_gender", "too_large", "year_mismatch", "gender_mismatch", "province_unknown"}
    | {"issued_in_future", "extra_fields_ignored", "date_with_slashes"}
)

FIELDS = 7


def looks_like(parts: list[str]) -> bool:
    """Fields that can only come from a card: a number in front (in whatever digits), or a sex where the card has it."""
    first = re.sub(r"\s", "", parts[0])
    if len(parts) < 2:
        return False
    numeric = len(first) >= 9 and sum(c.isdigit() for c in first) >= len(first) - 2
    return numeric or (len(parts) >= 5 and any(_is_gender(p) for p in parts[3:5]))


def _is_gender(text: str) -> bool:
    try:
        return bool(identity.check_gender(text))
    except BadText:
        return False


def read(text: str, now: int | None) -> Pass | None:
    """The card in a cleaned line of text, or None when it is another kind."""
    parts = [squeeze(part) for part in text.split("|")]
    if not looks_like(parts):
        return None
    try:
        return _card(parts, now)
    except BadText as bad:
        return refused(Kind.CCCD, "bad_digits" if bad.reason == "bad_length" else bad.reason)


def _card(parts: list[str], now: int | None) -> Pass:
    if not re.fullmatch(r"[0-9]{12}", parts[0]):
        raise BadText("bad_digits")
    if len(parts) >= FIELDS - 1 and re.search(r"[^\W\d]", parts[1]):
        parts = [parts[0], "", *parts[1:]]  # the variant without a place for the CMND
    if len(parts) < FIELDS or not parts[6] or re.fullmatch(r"[0-9]{1,7}", parts[6]):
        raise BadText("truncated")
    number, old, name, born, gender, address, issued = parts[:FIELDS]
    if old and not re.fullmatch(r"[0-9]{9}|[0-9]{12}", old):
        raise BadText("bad_digits")
    fields = {
        "full_name": _filled(name, "bad_name", identity.check_name),
        "id_number": number,
        "old_id": old,
        "birth_date": _filled(born, "bad_date", identity.check_date),
        "gender": _filled(gender, "bad_gender", identity.check_gender),
        "permanent": clean_or_empty(address, identity.ADDRESS_LIMIT),
    }
    issue_day, latest = identity.check_date(issued), max(iso_day(now), identity.ELECTION_DAY) if now is not None else ""
    if fields["birth_date"] > issue_day or (latest and fields["birth_date"] > latest):
        raise BadText("bad_date")
    doubts = identity.id_warnings(number, fields["birth_date"], fields["gender"])
    if latest and issue_day > latest:
        doubts += ("issued_in_future",)
    remark = "extra_fields_ignored" if len(parts) > FIELDS else "date_with_slashes" if "/" in born else ""
    return Pass(
        Kind.CCCD,
        Reading.WARN if doubts else Reading.READ_UNSIGNED,
        doubts[0] if doubts else remark,
        fields={key: value for key, value in fields.items() if value},
        subjects=tuple(f"id:{n}" for n in (number, old) if n),
        warnings=doubts + identity.name_warnings(fields["full_name"]),
    )


def _filled(text: str, reason: str, check: "identity.Check") -> str:
    """The checked field; an empty one is refused with the field's own reason."""
    if not text:
        raise BadText(reason)
    return check(text)
