"""The verdicts' icons, drawn as strokes: the typeface has none of them, and a fallback font's eye may be a coloured picture."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

Lines = tuple[tuple[tuple[float, float], ...], ...]

# Polylines on a square of 24, and circles as (x, y, radius).
STROKES: dict[str, Lines] = {
    "✔": (((4, 13), (9.5, 18.5), (20, 6)),),
    "✎": (((4, 20), (5, 15), (16, 4), (20, 8), (9, 19), (4, 20)), ((13.5, 6.5), (17.5, 10.5))),
    "⌛": (
        *(((6, 3), (18, 3)), ((6, 21), (18, 21))),
        *(((7.5, 3), (7.5, 7), (16.5, 17), (16.5, 21)), ((16.5, 3), (16.5, 7), (7.5, 17), (7.5, 21))),
    ),
    "➜": (((3, 12), (20, 12)), ((13, 5), (20, 12), (13, 19))),
    "↦": (((3, 12), (15, 12)), ((9.5, 6.5), (15, 12), (9.5, 17.5)), ((20, 4), (20, 20))),
    "↺": (((4, 4), (4, 9.5), (9.5, 9.5)),),
    "?": (((12, 18.9), (12, 19.1)),),
    "✖": (((6, 6), (18, 18)), ((18, 6), (6, 18))),
    "⚠": (((12, 3.5), (22, 20.5), (2, 20.5), (12, 3.5)), ((12, 10), (12, 14.5)), ((12, 17.4), (12, 17.6))),
    "▤": (((3, 5), (21, 5), (21, 19), (3, 19), (3, 5)), ((13, 10), (18, 10)), ((13, 14), (18, 14)), ((6, 15.5), (10, 15.5))),
    "👁": (),
    "▢": (((3, 8), (3, 3), (8, 3)), ((16, 3), (21, 3), (21, 8)), ((21, 16), (21, 21), (16, 21)), ((8, 21), (3, 21), (3, 16))),
}


def path_of(icon: str) -> QPainterPath:
    """The icon on a square of 24; the question mark for one that is not drawn here."""
    path = QPainterPath()
    for line in STROKES.get(icon, STROKES["?"]):
        path.moveTo(*line[0])
        for x, y in line[1:]:
            path.lineTo(x, y)
    if icon == "↺":
        path.moveTo(4.6, 9.2)
        path.arcTo(QRectF(3.5, 3.5, 17, 17), 160, -310)
    elif icon == "👁":
        path.moveTo(2, 12)
        path.cubicTo(6, 4, 18, 4, 22, 12)
        path.cubicTo(18, 20, 6, 20, 2, 12)
        path.addEllipse(QPointF(12, 12), 3.2, 3.2)
    elif icon == "▤":
        path.addEllipse(QPointF(8, 11), 1.6, 1.6)
    elif icon == "?" or icon not in STROKES:
        path.moveTo(7.5, 8.5)
        path.cubicTo(7.5, 2.5, 16.5, 2.5, 16.5, 8.5)
        path.cubicTo(16.5, 12, 12, 11.5, 12, 15)
    return path


def draw(painter: QPainter, icon: str, where: QRectF, colour: QColor, width: float = 2.4) -> None:
    """Strokes the icon into `where`. `width`: of the line, on the square of 24."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(where.topLeft())
    painter.scale(where.width() / 24, where.height() / 24)
    painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path_of(icon))
    painter.restore()
