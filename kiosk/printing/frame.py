"""The page of a Vietnamese administrative paper (Decree 30/2020/NĐ-CP, annex I), and the file it ends in.

A4 upright; margins top and bottom 20 mm, left 30 mm, right 20 mm; serif 13-14 pt; issuing body top left, national name and motto
top right, place and date below it; page numbers from the second page on, centred above the text.
"""

import datetime as dt
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Spacer, Table

from kiosk.domain import vntime
from kiosk.errors import Code, KioskError
from kiosk.printing import fonts
from kiosk.printing.figures import rule
from kiosk.printing.plain import paragraph, plain

TOP, BOTTOM, LEFT, RIGHT = 20 * mm, 20 * mm, 30 * mm, 20 * mm
WIDTH = A4[0] - LEFT - RIGHT
LONGEST_NAME = 90  # characters of a body or subject in the head
NATION, MOTTO = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"
Flowables = list[Any]  # reportlab ships no types


def style(face: str = fonts.SERIF, size: float = 13, **more: Any) -> ParagraphStyle:
    """A paragraph style; `more`: alignment, spaceBefore, leftIndent … in points. Words are never cut but at spaces."""
    return ParagraphStyle(f"{face}-{size}", fontName=face, fontSize=size, leading=more.pop("leading", size * 1.3), **more)


BODY = style(alignment=TA_JUSTIFY, spaceBefore=3, spaceAfter=3)
BODY_ITALIC = style(fonts.SERIF_ITALIC)
SECTION = style(fonts.SERIF_BOLD, spaceBefore=9, spaceAfter=4, keepWithNext=1)
TITLE = style(fonts.SERIF_BOLD, 14, alignment=TA_CENTER)
CENTRED = style(alignment=TA_CENTER)
CENTRED_BOLD = style(fonts.SERIF_BOLD, alignment=TA_CENTER)
CENTRED_ITALIC = style(fonts.SERIF_ITALIC, alignment=TA_CENTER)
CENTRED_BOLD_ITALIC = style(fonts.SERIF_BOLD_ITALIC, alignment=TA_CENTER)
RIGHT_ITALIC = style(fonts.SERIF_ITALIC, alignment=TA_RIGHT)
CELL = style(size=12, leading=14.5)
CELL_BOLD = style(fonts.SERIF_BOLD, 12, leading=14.5)
CELL_CENTRED = style(size=12, alignment=TA_CENTER, leading=14.5)
CELL_HEAD = style(fonts.SERIF_BOLD, 12, alignment=TA_CENTER, leading=14.5)
CELL_NUMBER = style(size=12, alignment=TA_RIGHT, leading=14.5)
CELL_NUMBER_BOLD = style(fonts.SERIF_BOLD, 12, alignment=TA_RIGHT, leading=14.5)
SMALL = style(fonts.SANS, 8.5)

FACE = ("FONTNAME", (0, 0), (-1, -1), fonts.SERIF)  # even a cell without text names a font in the file
GRID = [
    FACE,
    ("GRID", (0, 0), (-1, -1), 0.5, "black"),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("TOPPADDING", (0, 0), (-1, -1), 0.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
]
DENSE = [*GRID, ("BOTTOMPADDING", (0, 0), (-1, -1), 2)]  # rows of one line
BARE = [
    FACE,
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 0),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
]


class Paper(msgspec.Struct, frozen=True):
    """What the file says of itself. `made_at`: ms UTC, the only time in the file; `footer`: one small line on every page."""

    title: str
    author: str
    made_at: int
    footer: str = ""


def date_line(place: str, day: dt.date) -> str:
    """ "Tây Lộc, ngày 23 tháng 5 năm 2021": days below 10 and the months 1 and 2 get a zero, so that nobody can add a digit."""
    month = f"{day.month:02d}" if day.month <= 2 else str(day.month)
    return f"{place}, ngày {day.day:02d} tháng {month} năm {day.year}"


def head(superior: str, body: str, place: str, day: dt.date) -> Flowables:
    """The letterhead: `superior` and the issuing `body` on the left, the nation on the right, place and date below it."""
    left, right = 0.4 * WIDTH, 0.6 * WIDTH
    nation = [
        paragraph(NATION, style(fonts.SERIF_BOLD, _fitting(NATION, fonts.SERIF_BOLD, 13, right), alignment=TA_CENTER)),
        paragraph(MOTTO, CENTRED_BOLD),
        rule(fonts.width(MOTTO, fonts.SERIF_BOLD, 13), right),
        Spacer(0, 7),
        paragraph(date_line(plain(place, limit=40), day), CENTRED_ITALIC),
    ]
    issuing: Flowables = [
        paragraph(superior.upper(), style(size=12, alignment=TA_CENTER), LONGEST_NAME),
        paragraph(body.upper(), style(fonts.SERIF_BOLD, 12.5, alignment=TA_CENTER), LONGEST_NAME),
    ]
    issuing += [rule(0.35 * left, left), Spacer(0, 7), paragraph("Số: ……… /BC", CENTRED)]
    return [_bare([[issuing, nation]], [left, right]), Spacer(0, 14)]


def heading(title: str, *subjects: str) -> Flowables:
    """The title in capitals, its subject lines below, and a rule."""
    lines = [paragraph(title.upper(), TITLE), *(paragraph(subject, CENTRED_BOLD, LONGEST_NAME) for subject in subjects)]
    return [*lines, rule(0.25 * WIDTH, WIDTH), Spacer(0, 8)]


def signatures(*offices: str, wide: float = WIDTH) -> Table:
    """A place to sign for each office, side by side, the highest on the right."""
    cells = [
        [paragraph(office.upper(), CENTRED_BOLD), paragraph("(Ký, ghi rõ họ tên)", CENTRED_ITALIC), Spacer(0, 18 * mm)]
        for office in offices
    ]
    return _bare([cells], [wide / len(offices)] * len(offices))


def facts(rows: Sequence[tuple[str, str]], wide: float = WIDTH) -> Table:
    """Label and value, line by line, without borders."""
    return _bare([[paragraph(label, CELL), paragraph(value, CELL)] for label, value in rows], [0.36 * wide, 0.64 * wide])


def table(header: Sequence[str], rows: Sequence[Sequence[object]], widths: Sequence[float], last_bold: bool = False) -> Table:
    """A ruled table: its first column is running numbers, its second text, the rest numbers. `widths`: shares of the text's width."""
    cells = [[paragraph(text, CELL_HEAD) for text in header]]
    for place, row in enumerate(rows):
        bold = last_bold and place == len(rows) - 1
        styles = [CELL_CENTRED, CELL_BOLD if bold else CELL] + [CELL_NUMBER_BOLD if bold else CELL_NUMBER] * len(row)
        cells.append([paragraph(value, styles[column]) for column, value in enumerate(row)])
    return Table(cells, [share * WIDTH for share in widths], repeatRows=1, style=DENSE)


def build(story: Flowables, paper: Paper, file: Path) -> int:
    """Writes the pages to `file` whole or not at all, and returns how many there are. The same story gives the same bytes.

    Raises KioskError(PRINT_FAILED) when the file cannot be written.
    """
    fonts.register()
    out = io.BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=A4,
        title=plain(paper.title),
        author=plain(paper.author),
        subject=plain(paper.title),
        creator="hue-kiosk",
        lang="vi-VN",
        invariant=1,
    )
    area = Frame(LEFT, BOTTOM, WIDTH, A4[1] - TOP - BOTTOM, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    document.addPageTemplates(PageTemplate("page", [area], onPage=lambda canvas, _: _mark(canvas, paper)))
    document.build(story, canvasmaker=lambda out, **kwargs: dated_canvas(paper.made_at, out, **kwargs))
    write(file, out.getvalue())
    return int(document.page)


def dated_canvas(made_at: int, out: Any, face: str = fonts.SERIF, **kwargs: Any) -> Canvas:
    """A canvas that starts in a face of ours (else reportlab names its own font in the file) and is dated `made_at`."""
    canvas = Canvas(out, **{**kwargs, "initialFontName": face})
    moment = vntime.local(made_at)
    stamp = canvas._doc._timeStamp  # reportlab dates a reproducible file in 2000 and offers no other way
    stamp.t, stamp.lt, stamp.tzname = moment.timestamp(), moment.timetuple(), "+07"
    stamp.YMDhms, stamp.dhh, stamp.dmm = tuple(moment.timetuple())[:6], 7, 0
    return canvas


def _mark(canvas: Canvas, paper: Paper) -> None:
    """Page number (not on the first page) and the small line at the foot."""
    canvas.saveState()
    if canvas.getPageNumber() > 1:
        canvas.setFont(fonts.SERIF, 13)
        canvas.drawCentredString(A4[0] / 2, A4[1] - 13 * mm, str(canvas.getPageNumber()))
    canvas.setFont(fonts.SANS, 7.5)
    canvas.drawString(LEFT, 11 * mm, plain(paper.footer, fonts.SANS, 110))
    canvas.restoreState()


def write(file: Path, data: bytes) -> None:
    """tmp, rename: a reader never meets half a page. No fsync: what it says is in the journal, and it is printed again from there.

    Raises KioskError(PRINT_FAILED) when the file cannot be written.
    """
    try:
        _write(file, data)
    except OSError as error:
        raise KioskError(Code.PRINT_FAILED, file=file.name, why=error.strerror or type(error).__name__) from error


def _write(file: Path, data: bytes) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def _fitting(text: str, face: str, size: float, wide: float) -> float:
    """The largest size up to `size` at which `text` stays on one line."""
    return min(size, size * (wide - 10) / fonts.width(text, face, size))


def _bare(cells: Sequence[Sequence[Any]], widths: Sequence[float]) -> Table:
    return Table(cells, widths, style=BARE)
