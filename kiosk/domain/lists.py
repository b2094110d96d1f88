"""The shipped lists of data/: communes of election day, ID-card provinces, choices of the form. Read once, never written.

Communes are keyed by code: spellings differ (Thuỷ/Thủy) and four ward names occur in two districts.
"""

import csv
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import msgspec

from kiosk.domain.text import fold, squeeze
from kiosk.shipped import data_dir

KIND_OF_UNIT: Final = re.compile(r"(?:thi tran|thi xa|thanh pho|phuong|huyen|tinh|quan|xa|tp|tx)\.? +|(?:tp|tx|tt|[pxhqt])\. *")
OWN_PROVINCE: Final = frozenset({"thua thien hue", "tt hue", "thua thien - hue", "tt-hue", "thua thien-hue"})


class Unit(msgspec.Struct, frozen=True):
    """A commune of 23 May 2021, with its General Statistics Office codes (ward 5 digits, district 3, province 2)."""

    code: str
    ward: str
    district_code: str
    district: str
    province_code: str
    province: str


class Option(msgspec.Struct, frozen=True):
    """One choice. `value` is stored; labels are shown."""

    value: str
    vi: str
    en: str


def _rows(name: str) -> list[dict[str, str]]:
    with (data_dir() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def units() -> tuple[Unit, ...]:
    return tuple(Unit(**row) for row in _rows("units.csv"))


@cache
def card_provinces() -> Mapping[str, str]:
    """Three digits of an ID card -> province of birth registration (Circular 07/2016/TT-BCA, annex 1)."""
    return MappingProxyType({row["code"]: row["province"] for row in _rows("cccd_provinces.csv")})


@cache
def options(name: str) -> tuple[Option, ...]:
    """The choices of one list: ethnic_groups, religions, education, occupations, marital_status. The Vietnamese label is the value."""
    return tuple(Option(row["vi"], row["vi"], row["en"] or row["vi"]) for row in _rows("lists.csv") if row["list"] == name)


def bare(name: str) -> str:
    """A unit's name as people abbreviate it, folded: "Phường An Cựu", "P. An Cựu" -> "an cuu"."""
    folded = fold(name).strip(" .")
    kind = KIND_OF_UNIT.match(folded)
    return folded[kind.end() :] if kind else folded


@cache
def _by_name() -> tuple[dict[str, str], dict[str, list[Unit]]]:
    """Bare district name -> district code; bare ward name -> its units."""
    districts: dict[str, str] = {}
    wards: dict[str, list[Unit]] = {}
    for unit in units():
        districts[bare(unit.district)] = unit.district_code
        wards.setdefault(bare(unit.ward), []).append(unit)
    return districts, wards


def find_unit(ward: str, district: str = "") -> Unit | None:
    """The commune of that name, however spelt or abbreviated; None when there is none, or two and no district to tell them apart."""
    districts, wards = _by_name()
    code = districts.get(bare(district), "-") if district else ""
    found = [u for u in wards.get(bare(ward), []) if code in ("", u.district_code)]
    return found[0] if len(found) == 1 else None


def split_address(text: str) -> dict[str, str]:
    """A card's free text in the form's levels (province, district, ward, hamlet), as far as the list of communes knows them.

    "Tổ dân phố 3, An Cựu, Thành phố Huế, Thừa Thiên Huế" -> all four. Anything unknown stays in `hamlet`; other provinces' addresses
    are given back in `hamlet` whole, for the officer to sort.
    """
    parts = [squeeze(part) for part in text.split(",") if part.strip()]
    districts, _ = _by_name()
    out: dict[str, str] = {}
    if parts and fold(parts[-1]).removeprefix("tinh ") in OWN_PROVINCE:
        out["province"] = units()[0].province
        parts.pop()
    elif not (parts and bare(parts[-1]) in districts):
        return {"hamlet": ", ".join(parts)} if parts else {}
    district = districts.get(bare(parts[-1]), "") if parts else ""
    if district:
        unit = next(u for u in units() if u.district_code == district)
        out |= {"province": unit.province, "district": unit.district}
        parts.pop()
    commune = find_unit(parts[-1], out.get("district", "")) if parts else None
    if commune:
        out |= {"district": commune.district, "ward": commune.ward}
        parts.pop()
    return out | ({"hamlet": ", ".join(parts)} if parts else {})


def find_units(text: str, limit: int = 8) -> list[Unit]:
    """Communes whose folded name has `text` in it, those that begin with it first."""
    wanted = bare(text)
    hits = [(not bare(u.ward).startswith(wanted), n, u) for n, u in enumerate(units()) if wanted in bare(u.ward)]
    return [u for *_, u in sorted(hits, key=lambda hit: hit[:2])[:limit]]
