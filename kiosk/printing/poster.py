"""The QR board of a place (letter 63/CV-BCĐ, annex 1): A4, A3 and the narrow column stand, to be put up before an entrance.

The code is a short address of the province: place id and an 80-bit MAC. Error level Q and version 4 at most, so that a phone reads it at
two metres; the code itself is at least 15 x 15 cm on every format.
"""

from pathlib import Path

import msgspec
from reportlab.lib.pagesizes import A3, A4
from reportlab.lib.units import mm

from kiosk.domain import vntime
from kiosk.errors import Code, KioskError
from kiosk.printing import fonts
from kiosk.printing.figures import QUIET, runs
from kiosk.printing.frame import Paper
from kiosk.printing.pictures import picture
from kiosk.printing.sheet import ACCENT, GROUND, SOFT, Sheet, words
from kiosk.words.faults import HOTLINE

COLUMN = (240 * mm, 580 * mm)
SIZES: dict[str, tuple[float, float]] = {"a4": A4, "a3": A3, "column": COLUMN}
CODES = {"a4": 151 * mm, "a3": 210 * mm, "column": 180 * mm}  # the dark square itself, without its quiet zone
SMALLEST = 150 * mm
LEVEL, MOST_MODULES = "Q", 33  # version 4
AGENCY = "BAN CHỈ ĐẠO PHÒNG, CHỐNG DỊCH COVID-19 TỈNH THỪA THIÊN HUẾ"
KINDS = {"entrance": ("Lối vào", "Entrance"), "exit": ("Lối ra", "Exit"), "waiting": ("Khu vực chờ", "Waiting area")}
STEPS = (
    ("app", "Mở Hue-S", "Open Hue-S"),
    ("scan", "Quét mã này", "Scan this code"),
    ("done", "Thấy tên địa điểm là xong", "The place's name appears: done"),
)


class Poster(msgspec.Struct, frozen=True):
    """`url`: what the code says, in the alphanumeric set; `id`: the place's, as people read it; `name`, `kind` (entrance, exit, waiting);
    `retention_days`: how long arrivals are kept; `printed_at`: ms UTC."""

    url: str
    id: str
    name: str
    kind: str
    station: str
    ward: str
    printed_at: int
    retention_days: int = 21
    spot: str = ""

    @property
    def told(self) -> str:
        """Purpose and retention, one sentence each."""
        return f"Mục đích: chỉ để truy vết khi có ca bệnh. Lượt quét được xóa sau {self.retention_days} ngày."

    @property
    def told_english(self) -> str:
        return f"Only for contact tracing. Scans are deleted after {self.retention_days} days."


def render(poster: Poster, file: Path, size: str = "a4") -> int:
    """Writes the board and returns its pages (1). `size`: a4, a3, column.

    Raises KioskError(PRINT_FAILED), and BAD_INPUT for an address that does not fit a code which can be read at two metres.
    """
    count, _ = runs(poster.url, LEVEL)
    if count > MOST_MODULES or not poster.url.isascii() or poster.url.upper() != poster.url:
        raise KioskError(Code.BAD_INPUT, value="poster", allowed="version 4", why=f"{len(poster.url)} letters")
    wide, high = SIZES[size]
    moment = vntime.local(poster.printed_at)
    sheet = Sheet(wide, high, Paper(f"Bảng QR {poster.name} – {poster.station}", poster.station, poster.printed_at))
    scale = {"a4": 1.0, "a3": A3[0] / A4[0], "column": 240 / 210}[size]
    edge = (7 if size == "a4" else 12) * mm
    y = _head(sheet, poster, edge, scale)
    unit = CODES[size] / count
    side = CODES[size] + 2 * QUIET * unit
    y = sheet.code((wide - side) / 2, y, poster.url, side, LEVEL)
    vi, en = KINDS.get(poster.kind, (poster.kind, poster.kind))
    named = f"{poster.id} · {vi} · {en}"
    y = sheet.line(wide / 2, y - 0.8 * unit, named, 15 * scale, fonts.SANS_BOLD, align="centre", wide=wide - 2 * edge)
    if size == "column":
        _steps_down(sheet, y + 8 * mm, edge, scale)
    else:
        _steps_across(sheet, y + (0.5 if size == "a4" else 5) * mm, edge, scale)
    _foot(sheet, poster, edge, 1.45 if size == "column" else scale, f"In ngày {moment:%d/%m}/{moment.year:04d}")
    return sheet.save(file)


def _head(sheet: Sheet, poster: Poster, edge: float, scale: float) -> float:
    """Agency, what to do, which place; returns the y below."""
    inner, middle = sheet.wide - 2 * edge, sheet.wide / 2
    y = sheet.line(middle, edge, AGENCY, 10.5 * scale, fonts.SANS_BOLD, align="centre", wide=inner, colour=SOFT)
    y = sheet.line(
        middle, y, f"{poster.station} · {poster.ward}" if poster.ward else poster.station, 12 * scale, align="centre", wide=inner
    )
    tall = 18.5 * mm * scale
    sheet.box(edge, y + 1 * mm, inner, tall, fill=ACCENT, line=None, round_=3 * mm)
    below = sheet.line(
        middle, y + 1.8 * mm * scale, "QUÉT MÃ KHI ĐẾN", 31 * scale, fonts.SANS_BOLD, align="centre", wide=inner - 8 * mm, colour=GROUND
    )
    sheet.line(middle, below - 2 * mm * scale, "Scan on arrival", 11 * scale, align="centre", wide=inner, colour=GROUND)
    return sheet.line(middle, y + tall + 2.2 * mm * scale, poster.name, 25 * scale, fonts.SANS_BOLD, align="centre", wide=inner)


def _steps_across(sheet: Sheet, y: float, edge: float, scale: float) -> float:
    """Three steps side by side: picture left, words right."""
    third = (sheet.wide - 2 * edge) / 3
    side = 19 * mm * scale
    for n, (name, vi, en) in enumerate(STEPS):
        x = edge + n * third
        sheet.draw(x, y, picture(name, side))
        below = sheet.block(
            x + side, y + 2 * mm * scale, third - side - 1 * mm, f"{n + 1}. {vi}", words(13.5 * scale, fonts.SANS_BOLD, leading=1.15)
        )
        sheet.block(x + side, below, third - side - 1 * mm, en, words(8.5 * scale, colour=SOFT))
    return float(y + side)


def _steps_down(sheet: Sheet, y: float, edge: float, scale: float) -> float:
    """Three steps one below the other, large, for the column."""
    side = 56 * mm
    for n, (name, vi, en) in enumerate(STEPS):
        sheet.draw(edge, y, picture(name, side))
        x, room = edge + side + 8 * mm, sheet.wide - 2 * edge - side - 8 * mm
        below = sheet.block(x, y + 12 * mm, room, f"{n + 1}. {vi}", words(30 * scale, fonts.SANS_BOLD, leading=1.15))
        sheet.block(x, below + 1 * mm, room, en, words(15 * scale, colour=SOFT))
        y += side + 6 * mm
    return y


def _foot(sheet: Sheet, poster: Poster, edge: float, scale: float, printed: str) -> None:
    """Help, purpose and retention, date of printing; at the lower edge."""
    inner = sheet.wide - 2 * edge
    y = sheet.high - edge - 19.5 * mm * scale
    sheet.rule(edge, y, inner, 1.2)
    help_ = f"Cần giúp về hệ thống: {HOTLINE}"
    y = sheet.line(edge, y + 1.5 * mm, help_, 15 * scale, fonts.SANS_BOLD, wide=0.72 * inner)
    sheet.line(edge + inner, y - 15 * scale, "Help with the system", 8.5 * scale, align="right", colour=SOFT)
    y = sheet.line(edge, y, poster.told, 10 * scale, wide=inner)
    y = sheet.line(edge, y, poster.told_english, 8 * scale, wide=inner, colour=SOFT)
    where = f"{poster.spot} · {printed}" if poster.spot else printed
    sheet.line(edge, y, f"Đặt trước lối vào, không đặt trong phòng bỏ phiếu · {where}", 8 * scale, wide=inner, colour=SOFT)
