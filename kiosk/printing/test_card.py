"""The test card for the start of the day: codes in three sizes, fine lines for focus, steps of grey for the light, on one A4 page."""

from math import cos, pi, sin
from pathlib import Path

from reportlab.graphics.shapes import Drawing, Polygon, Rect
from reportlab.lib.colors import Color, black, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm

from kiosk.domain.testcard import TEXT
from kiosk.printing import fonts
from kiosk.printing.frame import Paper
from kiosk.printing.sheet import ACCENT, SOFT, Sheet, words

LARGE, MIDDLE, SMALL = 110 * mm, 48 * mm, 26 * mm  # with their quiet zones: at arm's length, and as small as a phone's
LEVEL = "M"
TOLD = (
    "Đầu ngày: giơ thẻ này trước camera như cử tri giơ điện thoại (cách 25 - 35 cm), giữ yên 6 giây. "
    "Sau đó dùng máy quét USB quét mã lớn."
)
GREYS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
LINES = (0.3, 0.5, 0.8, 1.2)  # mm: pairs that blur one after the other


def render(file: Path, made_at: int, title: str = "THẺ THỬ CAMERA") -> int:
    """Writes the card, returns its pages (1). The same `made_at` (ms UTC) gives the same bytes. Raises KioskError(PRINT_FAILED)."""
    sheet = Sheet(A4[0], A4[1], Paper(title, "", made_at))
    edge, middle = 15 * mm, A4[0] / 2
    y = sheet.line(middle, edge, title, 24, fonts.SANS_BOLD, align="centre")
    y = sheet.line(middle, y, "Test card: hold it in front of the camera", 11, align="centre", colour=SOFT)
    y = sheet.block(edge, y + 2 * mm, A4[0] - 2 * edge, TOLD, words(13, centred=True))
    top = y + 3 * mm
    sheet.box(middle - LARGE / 2 - 3 * mm, top, LARGE + 6 * mm, LARGE + 6 * mm, line=ACCENT, round_=3 * mm)
    y = sheet.code(middle - LARGE / 2, top + 3 * mm, TEXT, LARGE, LEVEL) + 8 * mm
    sheet.code(edge, y, TEXT, MIDDLE, LEVEL)
    sheet.code(edge + MIDDLE + 4 * mm, y + (MIDDLE - SMALL) / 2, TEXT, SMALL, LEVEL)
    sheet.draw(edge + MIDDLE + SMALL + 12 * mm, y, _lines(44 * mm, MIDDLE))
    sheet.draw(A4[0] - edge - 40 * mm, y + 4 * mm, _star(40 * mm))
    y += MIDDLE + 5 * mm
    y = sheet.draw(edge, y, _greys(A4[0] - 2 * edge, 16 * mm)) + 3 * mm
    sheet.line(middle, y, "Mã trên thẻ không phải của ai, quét không tính lượt. Giữ thẻ phẳng, sạch.", 10.5, align="centre", colour=SOFT)
    return sheet.save(file)


def _lines(wide: float, high: float) -> Drawing:
    """Pairs of black and white lines, thinner from the bottom up."""
    drawing = Drawing(wide, high)
    band = high / len(LINES)
    for n, thick in enumerate(reversed(LINES)):
        x = 0.0
        while x < wide:
            drawing.add(Rect(x, n * band + 1.5 * mm, thick * mm, band - 3 * mm, fillColor=black, strokeColor=None))
            x += 2 * thick * mm
    return drawing


def _star(side: float) -> Drawing:
    """A Siemens star: the grey in its middle is as large as the focus is bad."""
    drawing, r, spokes = Drawing(side, side), side / 2, 24
    for n in range(spokes):
        a, b = 2 * pi * n / spokes, 2 * pi * (n + 0.5) / spokes
        points = [r, r, r + r * cos(a), r + r * sin(a), r + r * cos(b), r + r * sin(b)]
        drawing.add(Polygon(points, fillColor=black, strokeColor=None))
    return drawing


def _greys(wide: float, high: float) -> Drawing:
    drawing, step = Drawing(wide, high), wide / len(GREYS)
    for n, grey in enumerate(GREYS):
        fill = white if grey == 1.0 else Color(grey, grey, grey)
        drawing.add(Rect(n * step, 0, step, high, fillColor=fill, strokeColor=black, strokeWidth=0.4))
    return drawing
