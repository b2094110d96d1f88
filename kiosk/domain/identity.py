"""Who a text says somebody is: ID numbers, dates, phones, names - validated, put in one form, masked.

A number's own digits (province, century and sex, year) are compared with what was typed as warnings, never as a block: registers
have errors, and nobody is turned away for one. Digits are [0-9] only; str.isdigit() takes Arabic and full-width ones too.
"""

import datetime as dt
import re
from collections.abc import Callable
from enum import StrEnum

import msgspec
import phonenumbers

from kiosk.domain import lists
from kiosk.domain.text import BadText, clean, fold, squeeze

REASONS = frozenset({"bad_digits", "bad_length", "bad_date", "bad_phone", "bad_name", "bad_gender"})
WARNINGS = frozenset({"year_mismatch", "gender_mismatch", "province_unknown", "odd_phone", "odd_name"})

Check = Callable[[str], str]

NO_PHONE = "không có"
NAME_LIMIT, ADDRESS_LIMIT = 100, 300
ELECTION_DAY = "2021-05-23"  # a clock that says less is wrong, not the paper
FIRST_YEAR, LAST_YEAR = 1900, 2099
GENDERS = {"nam": "M", "nu": "F", "khac": "X", "m": "M", "f": "F", "x": "X", "male": "M", "female": "F", "other": "X"}

_ASCII_NUMBER = re.compile(r"[0-9]+")
_PASSPORT = re.compile(r"(?=[A-Z0-9]*[A-Z])(?=[A-Z0-9]*[0-9])[A-Z0-9]{6,12}")
_DATE = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})|([0-9]{2})([0-9]{2})([0-9]{4})|([0-9]{4})-([0-9]{2})-([0-9]{2})")
_NAME_SIGNS = frozenset(" .'’-")


class IdKind(StrEnum):
    CCCD = "cccd"
    CMND = "cmnd"
    PASSPORT = "passport"


class IdNumber(msgspec.Struct, frozen=True):
    """A number of an identity paper. `number`: 12 digits (CCCD), 9 (CMND), or letters and digits (passport)."""

    kind: IdKind
    number: str

    @property
    def subject(self) -> str:
        return f"id:{self.number}"


def check_id(text: str) -> IdNumber:
    """An ID number without its spaces, dots and dashes. Raises BadText: bad_length (digits, but not 9 or 12), bad_digits."""
    number = re.sub(r"[ .-]", "", clean(text, 40)).upper()
    if _ASCII_NUMBER.fullmatch(number):
        if len(number) not in (9, 12):
            raise BadText("bad_length")
        return IdNumber(IdKind.CCCD if len(number) == 12 else IdKind.CMND, number)
    if _PASSPORT.fullmatch(number):
        return IdNumber(IdKind.PASSPORT, number)
    raise BadText("bad_digits")


def id_warnings(number: str, birth: str = "", gender: str = "") -> tuple[str, ...]:
    """What a CCCD's digits say against the typed `birth` (YYYY or YYYY-MM-DD) and `gender` (M, F): province of birth registration 3,
    century and sex 1, year 2 (Decree 137/2015, Circular 07/2016/TT-BCA). Other numbers say nothing."""
    if len(number) != 12 or not _ASCII_NUMBER.fullmatch(number):
        return ()
    century, sex = divmod(int(number[3]), 2)
    year = FIRST_YEAR + 100 * century + int(number[4:6])
    found = []
    if birth and birth[:4] != str(year):
        found.append("year_mismatch")
    if gender in ("M", "F") and gender != "MF"[sex]:
        found.append("gender_mismatch")
    if number[:3] not in lists.card_provinces():
        found.append("province_unknown")
    return tuple(found)


def check_date(text: str) -> str:
    """dd/mm/yyyy (also with . or -, or ddmmyyyy), yyyy-mm-dd or a year -> YYYY-MM-DD or YYYY. Day and month 00: only the year is known,
    as many older people's papers have it. Raises BadText("bad_date")."""
    text = clean(text, 40)
    if re.fullmatch(r"[0-9]{4}", text):
        day = month = 0
        year = int(text)
    else:
        match = _DATE.fullmatch(text)
        if match is None:
            raise BadText("bad_date")
        d1, _, m1, y1, d2, m2, y2, y3, m3, d3 = match.groups()
        day, month, year = int(d1 or d2 or d3), int(m1 or m2 or m3), int(y1 or y2 or y3)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadText("bad_date")
    if day == month == 0:
        return f"{year:04}"
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError as error:
        raise BadText("bad_date") from error


def check_gender(text: str) -> str:
    """"Nam", "NỮ", "nu", "M" … -> M, F or X. Raises BadText("bad_gender")."""
    gender = GENDERS.get(fold(clean(text, 40)), "")
    if not gender:
        raise BadText("bad_gender")
    return gender


def check_name(text: str) -> str:
    """A name in one field, surname first, single spaces. Raises BadText: bad_name (no letter in it), and those of `clean`."""
    name = squeeze(clean(text, NAME_LIMIT))
    if not any(c.isalpha() for c in name):
        raise BadText("bad_name")
    return name


def name_warnings(name: str) -> tuple[str, ...]:
    """("odd_name",) for signs that no name on a paper has: harmless to us, worth a second look."""
    return () if all(c.isalpha() or c in _NAME_SIGNS for c in name) else ("odd_name",)


def initials(name: str) -> str:
    """Up to four A-Z letters, first letters of the last four words: "Trần Thị Mẫu" -> "TTM", Đ = D."""
    letters = [word[0].upper() for word in fold(name).split() if "a" <= word[0] <= "z"]
    return "".join(letters[-4:])


def check_phone(text: str) -> tuple[str, tuple[str, ...]]:
    """A phone number as +84… (E.164) or NO_PHONE, with warnings: ("odd_phone",) for digits that no network of Vietnam gives out.
    Raises BadText("bad_phone") for what is no number at all."""
    typed = clean(text, 40)
    if fold(typed) in ("khong co", "khong", "none"):
        return NO_PHONE, ()
    if not re.fullmatch(r"\+?[0-9][0-9 ().-]{5,24}", typed):
        raise BadText("bad_phone")
    try:
        parsed = phonenumbers.parse(typed, "VN")
    except phonenumbers.NumberParseException as error:
        raise BadText("bad_phone") from error
    if not phonenumbers.is_valid_number(parsed):
        return re.sub(r"[^0-9+]", "", typed), ("odd_phone",)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164), ()


def _mask(text: str, shown: int) -> str:
    return "•" * max(len(text) - shown, 0) + text[-shown:] if len(text) > shown else "•" * len(text)


def mask_id(number: str) -> str:
    """"046183000123" -> "••••••••0123": enough to compare with a paper, not to use."""
    return _mask(number, 4)


def mask_phone(phone: str) -> str:
    """"+84900000001" -> "•••••••••001"; NO_PHONE stays."""
    return phone if phone in ("", NO_PHONE) else _mask(phone, 3)
