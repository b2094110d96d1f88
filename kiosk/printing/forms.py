"""The declaration on paper: one that was made, to be signed; and the fall-back folder for a morning without the laptop.

The folder: blank forms with numbers of their own (G001…), a register, and the card of the three exposures and the six symptoms to point at.
Questions, labels and their order are data/form.yaml's, as on the screen.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.platypus import PageBreak, Spacer, Table

from kiosk.domain.form import Field, form
from kiosk.domain.lists import Option
from kiosk.printing import fonts, frame
from kiosk.printing.figures import tick_box
from kiosk.printing.frame import WIDTH, Flowables, Paper
from kiosk.printing.plain import paragraph
from kiosk.printing.sheet import ACCENT, GROUND, SOFT, Sheet, moment, words
from kiosk.words.faults import HOTLINE
from kiosk.words.labels import MODES

LINES_A_SHEET = 20
LABEL = frame.style(size=12, leading=14.5)
VALUE = frame.style(fonts.SERIF_BOLD, 12, leading=14.5)
SMALL_BODY = frame.style(fonts.SERIF_ITALIC, 10, leading=12.5)
HEAD = frame.style(fonts.SERIF_BOLD, 12, alignment=1, leading=14.5)
MIDDLE = frame.style(size=12, alignment=1, leading=13.5)
REGISTER = (
    ("Số", 0.07),
    ("Giờ vào", 0.09),
    ("Họ và tên", 0.27),
    ("Năm sinh", 0.08),
    ("Giấy tờ hoặc điện thoại", 0.19),
    ("Cách khai", 0.16),
    ("Giờ ra", 0.07),
    ("Đã nhập", 0.07),
)
ROOMY = [("TOPPADDING", (0, 0), (-1, -1), 2.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 5)]
BLANK = ("full_name", "birth_date", "gender", "id_number", "phone", "current", "travel_14d")


class PaperDeclaration(msgspec.Struct, frozen=True):
    """`number`: "K1-000123", or "G017" of a blank form; `fields`: form.yaml's keys with the answers ({} for a blank one); `declared_at`:
    ms UTC or None; `officer`: who declared for the voter; `again`: how often it was printed before."""

    number: str
    station: str
    station_code: str
    ward: str
    fields: Mapping[str, Any] = msgspec.field(default_factory=dict)
    mode: str = "proxy"
    declared_at: int | None = None
    officer: str = ""
    printed_at: int = 0
    again: int = 0

    @property
    def blank(self) -> bool:
        return not self.fields


def shown(one: Field, value: Any) -> str:
    """A field's value as paper says it: choices by their label, an address in one line, a date as dd/mm/yyyy."""
    if isinstance(value, Mapping):
        return ", ".join(str(value[level]) for level in ("hamlet", "ward", "district", "province") if value.get(level))
    if one.options:
        return next((option.vi for option in one.options if option.value == value), str(value))
    if one.type == "date_or_year":
        return "/".join(reversed(str(value).split("-")))
    return str(value)


def render(declaration: PaperDeclaration, file: Path) -> int:
    """Writes one declaration on A4 and returns its pages. Raises KioskError(PRINT_FAILED)."""
    title = f"Tờ khai y tế {declaration.number} – {declaration.station}"
    return frame.build(page(declaration), Paper(title, declaration.station, declaration.printed_at, _foot(declaration)), file)


def render_blank(numbers: Sequence[str], station: str, station_code: str, ward: str, printed_at: int, file: Path) -> int:
    """Writes blank forms, one a page, and returns the pages. Raises KioskError(PRINT_FAILED)."""
    story: Flowables = []
    for number in numbers:
        story += [*page(PaperDeclaration(number, station, station_code, ward)), PageBreak()]
    title = f"Tờ khai giấy dự phòng {numbers[0]}–{numbers[-1]} – {station}"
    foot = f"{station_code} · tờ khai giấy dự phòng · nhập lại vào máy bằng kiosk paper G… khi máy chạy"
    return frame.build(story[:-1], Paper(title, station, printed_at, foot), file)


def _foot(one: PaperDeclaration) -> str:
    again = f" · BẢN IN LẠI {one.again}" if one.again else ""
    return f"{one.station_code} · tờ khai {one.number}{again} · {form().texts['consent'].vi}"


def page(one: PaperDeclaration) -> Flowables:
    """The page's content: who, the two tables of the letter, what the declarant signs."""
    where = f"{one.station} · {one.ward}" if one.ward else one.station
    number = paragraph(f"Số {one.number}", frame.style(fonts.SERIF_BOLD, 15, alignment=2))
    again = [paragraph(f"BẢN IN LẠI {one.again}", frame.style(fonts.SERIF_BOLD, 11, alignment=2))] if one.again else []
    head = Table([[paragraph(where, LABEL), [number, *again]]], [0.62 * WIDTH, 0.38 * WIDTH], style=frame.BARE)
    mode = MODES.get(one.mode, one.mode)
    subtitle = (
        f"{mode} · lúc {moment(one.declared_at)}" if one.declared_at is not None else "Khai trên giấy · lúc …… giờ …… phút, ngày ……/……/………"
    )
    gap = 12 if one.blank else 6
    return [
        head,
        Spacer(0, gap),
        paragraph("TỜ KHAI Y TẾ", frame.TITLE),
        paragraph(subtitle, frame.style(fonts.SERIF_ITALIC, 12, alignment=1)),
        Spacer(0, gap),
        _particulars(one),
        Spacer(0, gap),
        _questions("Trong 14 ngày qua có:", form().exposures, one.fields.get("exposures")),
        Spacer(0, gap),
        _symptoms(form().symptoms, one.fields.get("symptoms")),
        Spacer(0, 3),
        paragraph(form().texts["penalty"].vi, SMALL_BODY),
        Spacer(0, gap),
        frame.signatures("Người khai", "Cán bộ ghi tờ khai"),
        *([paragraph(f"Cán bộ: {one.officer}", MIDDLE)] if one.officer and one.officer != "-" else []),
    ]


def _particulars(one: PaperDeclaration) -> Table:
    rows: list[list[Any]] = []
    written: list[Any] = []
    for asked in form().fields:
        if asked.type == "table" or asked.auto:
            continue
        value = one.fields.get(asked.key)
        if one.blank and asked.key in BLANK:
            if asked.key != "gender":
                written.append(("LINEBELOW", (1, len(rows)), (1, len(rows)), 0.5, "black"))
            rows.append([paragraph(f"{asked.vi}:", LABEL), _ticks() if asked.key == "gender" else ""])
        elif value not in (None, "", {}) and not (asked.key == "country" and value == "VN"):
            rows.append([paragraph(f"{asked.vi}:", LABEL), paragraph(shown(asked, value), VALUE)])
    spaced = [("TOPPADDING", (0, 0), (-1, -1), 9 if one.blank else 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 2)]
    return Table(rows, [0.32 * WIDTH, 0.68 * WIDTH], style=[*frame.BARE, *spaced, *written])


def _ticks() -> Table:
    cells: list[Any] = []
    for label in ("Nam", "Nữ", "Khác"):
        cells += [tick_box(False), paragraph(label, LABEL)]
    return Table([cells], [6 * mm, 20 * mm] * 3, style=frame.BARE)


def _cells(question: Option, answers: Any) -> list[Any]:
    """The question, a box for Có and one for Không. `answers`: question -> bool; what was not answered stays open."""
    answer = answers.get(question.value) if isinstance(answers, Mapping) else None
    return [paragraph(question.vi, LABEL), tick_box(answer is True), tick_box(answer is False)]


def _questions(title: str, questions: Sequence[Option], answers: Any) -> Table:
    rows = [[paragraph(title, HEAD), paragraph("Có", HEAD), paragraph("Không", HEAD)], *(_cells(q, answers) for q in questions)]
    centred = ("ALIGN", (1, 1), (2, -1), "CENTER")
    return Table(rows, [share * WIDTH for share in (0.76, 0.09, 0.15)], style=[*frame.GRID, *ROOMY, centred])


def _symptoms(questions: Sequence[Option], answers: Any) -> Table:
    """The six, in two halves side by side."""
    half = (len(questions) + 1) // 2
    rows = [[*_cells(left, answers), *_cells(right, answers)] for left, right in zip(questions[:half], questions[half:], strict=True)]
    heads = [paragraph(text, HEAD) for text in ("Biểu hiện", "Có", "Không")]
    table = [[paragraph("Trong 14 ngày qua có thấy:", HEAD), "", "", "", "", ""], [*heads, *heads], *rows]
    style = [("SPAN", (0, 0), (-1, 0)), ("ALIGN", (1, 2), (2, -1), "CENTER"), ("ALIGN", (4, 2), (5, -1), "CENTER")]
    return Table(table, [share * WIDTH for share in (0.26, 0.09, 0.15) * 2], style=[*frame.GRID, *ROOMY, *style])


def render_register(station: str, station_code: str, ward: str, printed_at: int, file: Path, sheets: int = 3, first: int = 1) -> int:
    """Writes the paper register, A4 on its side, its lines with the numbers of the forms, and returns its pages.

    Raises KioskError(PRINT_FAILED).
    """
    wide, high = landscape(A4)
    edge = 14 * mm
    inner = wide - 2 * edge
    sheet = Sheet(wide, high, Paper(f"Sổ ghi lượt vào dự phòng – {station}", station, printed_at))
    columns = REGISTER
    for n in range(sheets):
        if n:
            sheet.next_page()
        y = sheet.line(edge, 9 * mm, "SỔ GHI LƯỢT VÀO (KHI MÁY KHÔNG LÀM VIỆC)", 15, fonts.SANS_BOLD, wide=0.7 * inner)
        sheet.line(edge + inner, 10 * mm, f"Tờ {n + 1} · {station_code}", 10, align="right", colour=SOFT)
        y = sheet.line(
            edge,
            y,
            f"{station} · {ward} · Số G… là số tờ khai giấy. Mỗi người một dòng.",
            10,
            wide=inner,
        )
        row = (high - y - 14 * mm) / (LINES_A_SHEET + 1)
        x = edge
        for title, share in columns:
            sheet.box(x, y + 2 * mm, share * inner, row, fill=GROUND)
            sheet.line(x + share * inner / 2, y + 2 * mm + 0.25 * row, title, 9, fonts.SANS_BOLD, align="centre", wide=share * inner - 4)
            x += share * inner
        for line in range(LINES_A_SHEET):
            top = y + 2 * mm + (line + 1) * row
            x = edge
            for place, (_, share) in enumerate(columns):
                sheet.box(x, top, share * inner, row)
                if place == 0:
                    number = f"G{first + n * LINES_A_SHEET + line:03d}"
                    sheet.line(x + share * inner / 2, top + 0.25 * row, number, 10, fonts.SANS_BOLD, align="centre")
                x += share * inner
    return sheet.save(file)


def render_card(station: str, printed_at: int, file: Path) -> int:
    """The card to laminate and to point at: the three exposures and the six symptoms, no name on it; returns its pages (1)."""
    wide, high = landscape(A4)
    edge = 12 * mm
    inner = wide - 2 * edge
    sheet = Sheet(wide, high, Paper("Thẻ hỏi: ba tiếp xúc, sáu biểu hiện", station, printed_at))
    y = sheet.line(edge, 9 * mm, "TRONG 14 NGÀY QUA, ÔNG/BÀ CÓ…", 24, fonts.SANS_BOLD, wide=inner, colour=ACCENT)
    row = 21 * mm
    y += 1 * mm
    for n, question in enumerate(form().exposures, 1):
        sheet.box(edge, y, inner, row - 2 * mm, fill=GROUND, line=None, round_=2 * mm)
        sheet.line(edge + 5 * mm, y + 3.2 * mm, str(n), 26, fonts.SANS_BOLD, colour=ACCENT)
        sheet.line(edge + 18 * mm, y + 4.4 * mm, question.vi, 20, fonts.SANS_BOLD, wide=inner - 22 * mm)
        y += row
    y = sheet.line(edge, y + 2 * mm, "…CÓ THẤY BIỂU HIỆN NÀO KHÔNG?", 24, fonts.SANS_BOLD, wide=inner, colour=ACCENT) + 1 * mm
    third, tall = inner / 3, 38 * mm
    for n, symptom in enumerate(form().symptoms):
        x, top = edge + n % 3 * third, y + n // 3 * tall
        sheet.box(x + 1 * mm, top, third - 2 * mm, tall - 3 * mm, fill=GROUND, line=None, round_=2 * mm)
        sheet.line(x + third / 2, top + 5 * mm, symptom.vi, 34, fonts.SANS_BOLD, align="centre", wide=third - 8 * mm)
        sheet.line(x + third / 2, top + 22 * mm, symptom.en, 14, align="centre", colour=SOFT)
    y += 2 * tall + 1 * mm
    told = f"Chỉ vào từng ô; mỗi ô trả lời Có hoặc Không. {form().texts['penalty'].vi} Trục trặc hệ thống: {HOTLINE}."
    sheet.block(edge, y, inner, told, words(11, colour=SOFT))
    return sheet.save(file)
