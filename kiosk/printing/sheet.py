"""A page of fixed layout: slips, posters, notices, cards. Sizes in points, y from the top edge down.

Text goes through `plain` and `paragraph` as on every other paper; a line that is too long becomes smaller, then is cut.
"""

import io
from pathlib import Path

from reportlab.graphics import renderPDF
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import Color, HexColor, black, white
from reportlab.lib.enums import TA_CENTER, TA_LEFT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm

from kiosk.domain import vntime
from kiosk.printing import fonts
from kiosk.printing.figures import qr_path
from kiosk.printing.frame import Paper, dated_canvas, write
from kiosk.printing.plain import paragraph, plain

INK, SOFT, GROUND, ACCENT = black, HexColor("#475467"), HexColor("#EEF1F5"), HexColor("#0B3F8C")
LEAST = 0.55  # of its size, to which a line may shrink before it is cut


def words(size: float, face: str = fonts.SANS, centred: bool = False, colour: Color = INK, leading: float = 1.28) -> ParagraphStyle:
    """A paragraph style of a sheet; `leading` as a share of `size`."""
    align = TA_CENTER if centred else TA_LEFT
    return ParagraphStyle(f"{face}-{size}-{align}", fontName=face, fontSize=size, leading=size * leading, alignment=align, textColor=colour)


def moment(at: int) -> str:
    """ "08:41 ngày 23/05/2021" """
    local = vntime.local(at)
    return f"{local:%H:%M} ngày {local:%d/%m}/{local.year:04d}"


class Sheet:
    """Pages of one size. `wide`, `high` in points; `face`: the first, named in the file; `save` writes them whole or not at all."""

    def __init__(self, wide: float, high: float, paper: Paper, face: str = fonts.SANS) -> None:
        fonts.register()
        self.wide, self.high, self.pages = wide, high, 1
        self._out = io.BytesIO()
        self._canvas = dated_canvas(paper.made_at, self._out, face, pagesize=(wide, high), invariant=1, lang="vi-VN")
        self._canvas.setTitle(plain(paper.title))
        self._canvas.setSubject(plain(paper.title))
        self._canvas.setAuthor(plain(paper.author))
        self._canvas.setCreator("hue-kiosk")

    def line(
        self, x: float, y: float, text: object, size: float, face: str = fonts.SANS, *,
        wide: float | None = None, align: str = "left", colour: Color = INK, limit: int = 120,
    ) -> float:  # fmt: skip
        """One line whose top is at `y`, at most `wide` points long; returns the y below it. `align`: left, centre, right of `x`."""
        shown = plain(text, face, limit)
        fitted = size
        if wide is not None:
            length = fonts.width(shown, face, size)
            fitted = max(LEAST * size, min(size, size * wide / length)) if length else size
            while shown and fonts.width(shown, face, fitted) > wide + 0.1:
                shown = shown[:-2].rstrip() + "…" if len(shown) > 2 else ""
        self._canvas.setFont(face, fitted)
        self._canvas.setFillColor(colour)
        draw = {"left": self._canvas.drawString, "centre": self._canvas.drawCentredString, "right": self._canvas.drawRightString}[align]
        draw(x, self.high - y - size, shown)
        return y + size * 1.28

    def block(self, x: float, y: float, wide: float, text: object, style: ParagraphStyle, limit: int = 400, high: float = 1e9) -> float:
        """Lines broken at spaces, at most `high` points tall; returns the y below them."""
        made = paragraph(text, style, limit)
        _, tall = made.wrap(wide, high)
        if tall > high:
            made = (made.split(wide, high) or [paragraph("…", style)])[0]
            _, tall = made.wrap(wide, high)
        made.drawOn(self._canvas, x, self.high - y - tall)
        return y + float(tall)

    def draw(self, x: float, y: float, drawing: Drawing) -> float:
        """A figure whose top left corner is (x, y); returns the y below it."""
        renderPDF.draw(drawing, self._canvas, x, self.high - y - drawing.height)
        return y + float(drawing.height)

    def code(self, x: float, y: float, text: str | bytes, side: float, error: str = "M", mask: int | None = None) -> float:
        """A QR code with its quiet zone, on white, `side` wide; returns the y below it."""
        self.box(x, y, side, side, fill=white, line=None)
        self._canvas.addLiteral(qr_path(text, x, self.high - y, side, error, mask))
        return y + side

    def box(
        self, x: float, y: float, wide: float, high: float, *, fill: Color | None = None, line: Color | None = INK, round_: float = 0
    ) -> None:
        """A rectangle; `round_`: radius of its corners."""
        if fill is not None:
            self._canvas.setFillColor(fill)
        if line is not None:
            self._canvas.setStrokeColor(line)
            self._canvas.setLineWidth(0.8)
        self._canvas.roundRect(x, self.high - y - high, wide, high, round_, stroke=int(line is not None), fill=int(fill is not None))

    def rule(self, x: float, y: float, wide: float, weight: float = 0.8, dashed: bool = False) -> float:
        """A horizontal line; returns the y below it. `dashed`: to cut or to write on."""
        self._canvas.saveState()
        self._canvas.setStrokeColor(INK)
        self._canvas.setLineWidth(weight)
        if dashed:
            self._canvas.setDash(1, 2)
        self._canvas.line(x, self.high - y, x + wide, self.high - y)
        self._canvas.restoreState()
        return y + weight

    def next_page(self) -> None:
        self._canvas.showPage()
        self.pages += 1

    def save(self, file: Path) -> int:
        """Writes the pages and returns how many there are. Raises KioskError(PRINT_FAILED)."""
        self._canvas.save()
        write(file, self._out.getvalue())
        return self.pages


def stamp(sheet: Sheet, again: int) -> None:
    """ "BẢN IN LẠI" in the upper right corner of a paper that was printed before. `again`: how often, 0 for the first."""
    if again:
        text = f"BẢN IN LẠI {again}"
        wide = fonts.width(text, fonts.SANS_SEMI, 9) + 3 * mm
        sheet.box(sheet.wide - wide - 4 * mm, 3 * mm, wide, 5 * mm, fill=white)
        sheet.line(sheet.wide - 4 * mm - wide / 2, 3.9 * mm, text, 9, fonts.SANS_SEMI, align="centre")
