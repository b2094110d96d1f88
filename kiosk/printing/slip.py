"""The voter's slip and the ticket of "vào trước, khai sau", on A6 or on an 80 mm roll.

The slip carries the voter's own pass (HU1): exit and the next station need no new declaration. No name, no number, no health answer.
"""

from pathlib import Path

import msgspec
from reportlab.lib.pagesizes import A6
from reportlab.lib.units import mm

from kiosk.printing import fonts
from kiosk.printing.frame import Paper
from kiosk.printing.sheet import SOFT, Sheet, moment, stamp, words
from kiosk.words.faults import HOTLINE
from kiosk.words.labels import GENDERS

FACE = fonts.SANS_SEMI  # one face for all of it: a second costs as long as the code
MASK = 3  # a voter waits for the slip; a signed pass is as random as a mask could make it
ROLL = (80 * mm, 150 * mm)
SIZES: dict[str, tuple[float, float]] = {"a6": A6, "80": ROLL}
EDGE = {"a6": 8 * mm, "80": 5 * mm}  # a roll printer prints 72 mm of the 80
CODE = {"a6": 68 * mm, "80": 66 * mm}  # side of the code with its quiet zone: 49 units, 1.3 mm a module


class Slip(msgspec.Struct, frozen=True):
    """`pass_text`: the HU1 code; `initials`, `gender` (M, F, X), `birth_year`: what the pass itself says; times in ms UTC; `number`: of the
    arrival as papers say it ("K1-000123"), or ""; `again`: how often it was printed before."""

    pass_text: str
    station: str
    station_code: str
    initials: str
    gender: str
    birth_year: str
    declared_at: int
    valid_until: int
    printed_at: int
    number: str = ""
    again: int = 0


class Ticket(msgspec.Struct, frozen=True):
    """`number`: of the ticket, as called out; `code`: what is scanned at the exit; `at`: ms UTC of going in."""

    number: int
    code: str
    station: str
    station_code: str
    label: str
    at: int
    again: int = 0


def render(slip: Slip, file: Path, size: str = "a6") -> int:
    """Writes the slip and returns its pages (1). `size`: a6 or 80. Raises KioskError(PRINT_FAILED)."""
    wide, high = SIZES[size]
    edge = EDGE[size]
    inner, middle = wide - 2 * edge, wide / 2
    sheet = Sheet(wide, high, Paper(f"Phiếu khai báo y tế {slip.number or slip.initials}", slip.station, slip.printed_at), FACE)
    stamp(sheet, slip.again)
    y = sheet.line(middle, (9 if slip.again else 6) * mm, "PHIẾU KHAI BÁO Y TẾ", 15, FACE, align="centre", wide=inner)
    y = sheet.line(middle, y, slip.station, 10, FACE, align="centre", wide=inner)
    y = sheet.code((wide - CODE[size]) / 2, y + 1 * mm, slip.pass_text, CODE[size], mask=MASK)
    who = " · ".join(part for part in (slip.initials, GENDERS.get(slip.gender, ""), slip.birth_year) if part)
    y = sheet.line(middle, y + 1 * mm, who, 14, FACE, align="centre", wide=inner)
    y = sheet.line(middle, y, f"Khai lúc {moment(slip.declared_at)}", 9.5, FACE, align="centre", wide=inner)
    y = sheet.line(middle, y, f"Dùng được đến {moment(slip.valid_until)}", 9.5, FACE, align="centre", wide=inner)
    for told in ("Giữ phiếu: đưa mã khi ra và ở nơi khác,", "khỏi khai lại."):
        y = sheet.line(middle, y + 0.5 * mm, told, 10, FACE, align="centre", wide=inner)
    small = f"Không ghi tên, số giấy tờ, sức khỏe. Trục trặc hệ thống: {HOTLINE}"
    y = sheet.line(middle, y + 1 * mm, small, 7.5, FACE, align="centre", wide=inner, colour=SOFT)
    foot = " · ".join(part for part in (slip.number, slip.station_code, f"in {moment(slip.printed_at)}") if part)
    sheet.line(middle, y + 0.5 * mm, foot, 7, FACE, align="centre", wide=inner, colour=SOFT)
    return sheet.save(file)


def render_ticket(ticket: Ticket, file: Path, size: str = "a6") -> int:
    """Writes the ticket and returns its pages (1). Raises KioskError(PRINT_FAILED)."""
    wide, high = SIZES[size]
    edge = EDGE[size]
    inner, middle = wide - 2 * edge, wide / 2
    sheet = Sheet(wide, high, Paper(f"Phiếu vào trước {ticket.number}", ticket.station, ticket.at), FACE)
    stamp(sheet, ticket.again)
    y = sheet.line(middle, (9 if ticket.again else 6) * mm, "VÀO TRƯỚC, KHAI SAU", 15, FACE, align="centre", wide=inner)
    y = sheet.line(middle, y, ticket.station, 10, FACE, align="centre", wide=inner)
    y = sheet.line(middle, y + 2 * mm, f"PHIẾU {ticket.number}", 38, FACE, align="centre", wide=inner)
    side = 46 * mm
    y = sheet.code((wide - side) / 2, y, ticket.code, side)
    y = sheet.line(middle, y + 1 * mm, f"Vào lúc {moment(ticket.at)}", 10.5, FACE, align="centre", wide=inner)
    told = "Khi ra, ghé bàn khai báo y tế và đưa phiếu này. Cán bộ sẽ khai giúp, mất một phút."
    y = sheet.block(edge, y + 1.5 * mm, inner, told, words(11, FACE, centred=True))
    foot = f"{ticket.label} · {ticket.station_code} · Trục trặc hệ thống: {HOTLINE}"
    sheet.line(middle, y + 1.5 * mm, foot, 7.5, FACE, align="centre", wide=inner, colour=SOFT)
    return sheet.save(file)
