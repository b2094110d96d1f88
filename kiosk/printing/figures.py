"""Figures drawn as paths, so that they need no font and no picture: bars by the hour, QR codes, tick boxes, rules."""

import re
from collections.abc import Mapping

import segno
from reportlab.graphics.shapes import Drawing, Line, Path, PolyLine, Rect, Shape, String
from reportlab.lib.colors import HexColor, black, white
from reportlab.lib.units import mm

from kiosk.printing import fonts

QUIET = 4  # modules of white around a code, of the standard
DARK = re.compile(rb"\x01+")
BAR = HexColor("#3F4A5A")


def runs(text: str | bytes, error: str = "M", mask: int | None = None) -> tuple[int, list[tuple[int, int, int]]]:
    """The code's side in modules, and its dark runs (row, column, length) from the top left. Never a Micro QR.

    `mask`: 0-7, or None to weigh all eight, which is four fifths of making a code; readers take any.
    """
    matrix = segno.make(text, error=error, mask=mask, micro=False, boost_error=False).matrix
    found = [(row, run.start(), run.end() - run.start()) for row, cells in enumerate(matrix) for run in DARK.finditer(bytes(cells))]
    return len(matrix), found


def qr_path(text: str | bytes, x: float, top: float, side: float, error: str = "M", mask: int | None = None) -> str:
    """The code as PDF drawing operators, its upper left corner (quiet zone included) at (x, top): several times as fast as a Drawing.

    In whole modules under one scale, so that neighbours meet exactly.
    """
    count, found = runs(text, error, mask)
    unit = side / (count + 2 * QUIET)
    boxes = " ".join([f"{column} {-row - 1} {length} 1 re" for row, column, length in found])
    return f"q 0 g {unit:.5f} 0 0 {unit:.5f} {x + QUIET * unit:.4f} {top - QUIET * unit:.4f} cm {boxes} f Q"


def qr(text: str, side: float, error: str = "M") -> Drawing:
    """A QR code with its quiet zone, `side` points wide. `text`: best in the alphanumeric set (0-9 A-Z $%*+-./: space)."""
    count, found = runs(text, error)
    unit = side / (count + 2 * QUIET)
    path = Path(fillColor=black, strokeColor=None, strokeWidth=0)
    for row, column, length in found:
        _box(path, (QUIET + column) * unit, side - (QUIET + row + 1) * unit, length * unit, unit)
    return _drawing(side, side, Rect(0, 0, side, side, fillColor=white, strokeColor=None), path)


def _box(path: Path, x: float, y: float, wide: float, high: float) -> None:
    path.moveTo(x, y)
    path.lineTo(x + wide, y)
    path.lineTo(x + wide, y + high)
    path.lineTo(x, y + high)
    path.closePath()


def tick_box(ticked: bool, side: float = 3.6 * mm) -> Drawing:
    """An empty or a ticked box."""
    box = Rect(0.4, 0.4, side - 0.8, side - 0.8, fillColor=None, strokeColor=black, strokeWidth=0.8)
    if not ticked:
        return _drawing(side, side, box)
    points = [0.2 * side, 0.52 * side, 0.42 * side, 0.26 * side, 0.82 * side, 0.78 * side]
    return _drawing(side, side, box, PolyLine(points, strokeColor=black, strokeWidth=1.2))


def rule(length: float, wide: float, weight: float = 0.8) -> Drawing:
    """A horizontal line of `length` points in the middle of `wide` points."""
    start, y = (wide - length) / 2, 1.0
    return _drawing(wide, 5.0, Line(start, y, start + length, y, strokeColor=black, strokeWidth=weight))


def bars(values: Mapping[int, int], wide: float, high: float) -> Drawing:
    """A bar for each hour of `values`, in order, its number above it and the hour below. Sizes in points."""
    fonts.register()
    hours = sorted(values)
    floor, top = 16.0, high - 12.0
    scale = (top - floor) / max(1, *values.values()) if values else 0.0
    step = wide / max(1, len(hours))
    size = 8.5 if step >= 24 else 6.5
    drawing = _drawing(wide, high)
    for place, hour in enumerate(hours):
        x, tall = place * step, values[hour] * scale
        if tall:
            drawing.add(Rect(x + 0.19 * step, floor, 0.62 * step, tall, fillColor=BAR, strokeColor=None))
        _centred(drawing, x + step / 2, floor + tall + 3, str(values[hour]), fonts.SANS_BOLD if tall else fonts.SANS, size)
        _centred(drawing, x + step / 2, 3, f"{hour:02d}h", fonts.SANS, size)
    drawing.add(Line(0, floor, wide, floor, strokeColor=black, strokeWidth=0.8))
    return drawing


def _drawing(wide: float, high: float, *shapes: Shape) -> Drawing:
    drawing = Drawing(wide, high, *shapes)
    drawing.initialFontName = fonts.SERIF  # else every drawing names reportlab's own font in the file
    return drawing


def _centred(drawing: Drawing, x: float, y: float, text: str, face: str, size: float) -> None:
    drawing.add(String(x, y, text, fontName=face, fontSize=size, textAnchor="middle", fillColor=black))
