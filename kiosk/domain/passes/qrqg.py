"""The national personal QR of September 2021 (Decision 1405/QĐ-BTTTT): `SoGiayTo|HoTen|NgaySinh|LoaiDinhDanh|QID|EXT`.

EXT is split by `<` (sex second, phone fourth). Type 0: the person's own, 1: by proxy. Most apps show it masked with `*`: what is
masked is left out. Unsigned: read, never verified.
"""

import re

from kiosk.domain import identity
from kiosk.domain.passes.model import Kind, Pass, Reading, refused
from kiosk.domain.text import BadText, squeeze

REASONS = frozenset(
    {"truncated", "bad_qid", "bad_type", "bad_digits", "bad_length", "bad_date", "bad_gender", "bad_name", "too_large"}
    | {"masked", "by_proxy", "year_mismatch", "gender_mismatch", "province_unknown"}
)

FIELDS = 6
GENDERS = {"": "", "0": "", "1": "M", "2": "F", "3": "X"}
BIRTH = re.compile(r"[0-9*]{4}-[0-9*]{2}-[0-9*]{2}")


def looks_like(parts: list[str]) -> bool:
    return len(parts) >= 3 and bool(BIRTH.fullmatch(parts[2]) or (len(parts) == FIELDS and "<" in parts[5]))


def read(text: str, now: int | None) -> Pass | None:
    """The personal QR in a cleaned line of text, or None when it is another kind."""
    parts = [squeeze(part) for part in text.split("|")]
    if not looks_like(parts):
        return None
    try:
        return _person(parts)
    except BadText as bad:
        return refused(Kind.QRQG, bad.reason)


def _person(parts: list[str]) -> Pass:
    if len(parts) < FIELDS:
        raise BadText("truncated")
    number, name, born, kind, qid, ext = parts[:FIELDS]
    if not re.fullmatch(r"[0-9]{6,32}", qid):
        raise BadText("bad_qid")
    if kind not in ("0", "1"):
        raise BadText("bad_type")
    extra = [*ext.split("<"), "", "", "", ""]
    if extra[1] not in GENDERS:
        raise BadText("bad_gender")
    masked = "*" in number + name + born + ext
    fields = {
        "full_name": "" if "*" in name else identity.check_name(name),
        "id_number": "" if "*" in number or not number else identity.check_id(number).number,
        "birth_date": _birth(born),
        "gender": GENDERS[extra[1]],
        "phone": _phone(extra[3]),
    }
    doubts = identity.id_warnings(fields["id_number"], fields["birth_date"], fields["gender"])
    subjects = [identity.IdNumber(identity.IdKind.CCCD, fields["id_number"]).subject] if fields["id_number"] else []
    return Pass(
        Kind.QRQG,
        Reading.WARN if doubts else Reading.READ_UNSIGNED,
        doubts[0] if doubts else "masked" if masked else "by_proxy" if kind == "1" else "",
        fields={key: value for key, value in fields.items() if value},
        subjects=(*subjects, f"qid:{qid}"),
        warnings=doubts + identity.name_warnings(fields["full_name"]),
    )


def _birth(text: str) -> str:
    """The date, the year of a masked one, or "" when the year itself is masked. Raises BadText("bad_date")."""
    if "*" not in text:
        return identity.check_date(text)
    return "" if "*" in text[:4] else identity.check_date(text[:4])


def _phone(text: str) -> str:
    """A phone is a help, not what the code is read for: an odd one is left out."""
    try:
        return identity.check_phone(text)[0] if text else ""
    except BadText:
        return ""
