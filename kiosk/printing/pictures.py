"""Small pictures drawn as paths: what a voter does with a phone, step by step. Each in a square of `side` points."""

from reportlab.graphics.shapes import Circle, Drawing, Group, Line, PolyLine, Rect, Shape
from reportlab.lib.colors import HexColor, white

from kiosk.printing import fonts

DARK, LIGHT, GREEN = HexColor("#0B3F8C"), HexColor("#D9E4F5"), HexColor("#0B7A3B")


def _phone(x: float, y: float, wide: float, high: float) -> list[Shape]:
    """A phone's outline, its lower left corner at (x, y), with an empty screen."""
    edge = 0.09 * wide
    body = Rect(x, y, wide, high, rx=0.14 * wide, ry=0.14 * wide, fillColor=DARK, strokeColor=None)
    screen = Rect(x + edge, y + 1.8 * edge, wide - 2 * edge, high - 3.6 * edge, fillColor=white, strokeColor=None)
    button = Circle(x + wide / 2, y + 0.9 * edge, 0.5 * edge, fillColor=white, strokeColor=None)
    return [body, screen, button]


def _finder(x: float, y: float, side: float, colour: HexColor = DARK) -> list[Shape]:
    """A picture of a QR code: three finders and some modules. No reader takes it for one."""
    unit = side / 9
    shapes: list[Shape] = []
    for col, row in ((0, 6), (6, 6), (0, 0)):
        shapes.append(Rect(x + col * unit, y + row * unit, 3 * unit, 3 * unit, fillColor=colour, strokeColor=None))
        shapes.append(Rect(x + (col + 0.8) * unit, y + (row + 0.8) * unit, 1.4 * unit, 1.4 * unit, fillColor=white, strokeColor=None))
    for col, row in ((4, 7), (4, 5), (5, 3), (4, 1), (7, 4), (6, 2), (8, 1), (2, 4), (0, 4), (7, 0)):
        shapes.append(Rect(x + col * unit, y + row * unit, unit, unit, fillColor=colour, strokeColor=None))
    return shapes


def _app(s: float) -> list[Shape]:
    """1: the phone with the app's tile and a finger's dot."""
    tile = Rect(0.40 * s, 0.46 * s, 0.20 * s, 0.20 * s, rx=0.04 * s, ry=0.04 * s, fillColor=GREEN, strokeColor=None)
    plus = [Rect(0.485 * s, 0.49 * s, 0.03 * s, 0.14 * s, fillColor=white, strokeColor=None)]
    plus.append(Rect(0.43 * s, 0.545 * s, 0.14 * s, 0.03 * s, fillColor=white, strokeColor=None))
    return [*_phone(0.27 * s, 0.04 * s, 0.46 * s, 0.92 * s), tile, *plus]


def _scan(s: float) -> list[Shape]:
    """2: the phone held before the board."""
    board = Rect(0.02 * s, 0.30 * s, 0.44 * s, 0.60 * s, rx=0.03 * s, ry=0.03 * s, fillColor=LIGHT, strokeColor=DARK, strokeWidth=0.02 * s)
    rays = [
        Line(0.60 * s, 0.42 * s, 0.42 * s, 0.76 * s, strokeColor=GREEN, strokeWidth=0.018 * s),
        Line(0.60 * s, 0.36 * s, 0.42 * s, 0.40 * s, strokeColor=GREEN, strokeWidth=0.018 * s),
    ]
    return [board, *_finder(0.09 * s, 0.44 * s, 0.30 * s), *rays, *_phone(0.60 * s, 0.04 * s, 0.34 * s, 0.66 * s)]


def _done(s: float) -> list[Shape]:
    """3: the phone with the place's name and a tick."""
    lines = [Rect(0.36 * s, y * s, w * s, 0.035 * s, fillColor=DARK, strokeColor=None) for y, w in ((0.74, 0.28), (0.67, 0.20))]
    disc = Circle(0.5 * s, 0.40 * s, 0.15 * s, fillColor=GREEN, strokeColor=None)
    tick = PolyLine([0.42 * s, 0.40 * s, 0.48 * s, 0.34 * s, 0.59 * s, 0.47 * s], strokeColor=white, strokeWidth=0.035 * s)
    return [*_phone(0.27 * s, 0.04 * s, 0.46 * s, 0.92 * s), *lines, disc, tick]


def _form(s: float) -> list[Shape]:
    """The phone with a form: two lines and two ticked boxes."""
    rows: list[Shape] = []
    for y in (0.68, 0.52, 0.36):
        rows.append(Rect(0.35 * s, y * s, 0.09 * s, 0.09 * s, fillColor=GREEN, strokeColor=None))
        rows.append(Rect(0.48 * s, (y + 0.03) * s, 0.17 * s, 0.03 * s, fillColor=DARK, strokeColor=None))
    return [*_phone(0.27 * s, 0.04 * s, 0.46 * s, 0.92 * s), *rows]


def _papers(s: float) -> list[Shape]:
    """A phone and an identity card, brought along."""
    card = Rect(0.40 * s, 0.10 * s, 0.56 * s, 0.36 * s, rx=0.03 * s, ry=0.03 * s, fillColor=LIGHT, strokeColor=DARK, strokeWidth=0.02 * s)
    face = [Circle(0.53 * s, 0.31 * s, 0.055 * s, fillColor=DARK, strokeColor=None)]
    face.append(Rect(0.46 * s, 0.16 * s, 0.14 * s, 0.08 * s, rx=0.03 * s, ry=0.03 * s, fillColor=DARK, strokeColor=None))
    lines = [
        Rect(0.66 * s, y * s, w * s, 0.03 * s, fillColor=DARK, strokeColor=None) for y, w in ((0.34, 0.24), (0.26, 0.20), (0.18, 0.14))
    ]
    return [*_phone(0.08 * s, 0.22 * s, 0.38 * s, 0.74 * s), card, *face, *lines]


PICTURES = {"app": _app, "scan": _scan, "done": _done, "form": _form, "papers": _papers}


def picture(name: str, side: float) -> Drawing:
    """One of PICTURES as a drawing of `side` points."""
    drawing = Drawing(side, side, Group(*PICTURES[name](side)))
    drawing.initialFontName = fonts.SANS
    return drawing
