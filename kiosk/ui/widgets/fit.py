"""A title as large as its place allows: 96 pt where it fits, not under 64 pt in two lines unless the screen is small."""

from functools import lru_cache

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPixmap
from PySide6.QtWidgets import QSizePolicy

from kiosk.ui import theme
from kiosk.ui.widgets import icons
from kiosk.ui.widgets.basics import PlainLabel

LARGEST, LEAST = 96, 20
ENOUGH = (76, 60, 60)  # points at which one, two, three lines are large enough to stop looking
SIGN = (64, 200)  # px, the sign's least and largest size
LEADING = 1.24  # of the pixel size: a dot below (Ự) and a stacked mark under it (Ấ) must not touch


def _split(words: list[str], metrics: QFontMetricsF, lines: int) -> list[str]:
    """`words` in at most `lines` lines, the widest as narrow as can be."""
    if lines == 1 or len(words) < 2:
        return [" ".join(words)]
    options = [[" ".join(words[:i]), *_split(words[i:], metrics, lines - 1)] for i in range(1, len(words))]
    return min(options, key=lambda option: max(metrics.horizontalAdvance(line) for line in option))


@lru_cache(maxsize=128)
def fitted(text: str, width: int, height: int) -> tuple[float, tuple[str, ...]]:
    """(points, lines) for `text` in a box of px: one line if it can be large, else two, else three, else as large as it can be."""
    found = [_largest(text, width, height, count) for count in (1, 2, 3)]
    for enough, option in zip(ENOUGH, found, strict=True):
        if option[0] >= enough:
            return option
    return max(found, key=lambda option: option[0])


def _largest(text: str, width: int, height: int, count: int) -> tuple[float, tuple[str, ...]]:
    """The largest size at which `text` fits in `count` lines; LEAST if none does."""
    for points in range(LARGEST, LEAST, -2):
        if count * points * 96 / 72 * LEADING > height:
            continue
        metrics = QFontMetricsF(theme.font(points, QFont.Weight.Bold))
        lines = _split(text.split(), metrics, count)
        if all(metrics.horizontalAdvance(line) <= width for line in lines):
            return points, tuple(lines)
    return float(LEAST), (text,)


class Headline(PlainLabel):
    """Sign and title: the title as large as it fits, the sign above it as large as is left."""

    def __init__(self) -> None:
        super().__init__("", LEAST, QFont.Weight.Bold)
        self.icon, self.colour = "", "#FFFFFF"
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(SIGN[0] + 96)

    def show_headline(self, title: str, icon: str, colour: str) -> None:
        if (title, icon, colour) != (self.text(), self.icon, self.colour):
            self.icon, self.colour = icon, colour
            self.setText(title)
            self.update()

    def fitted(self) -> tuple[float, tuple[str, ...]]:
        """(points, lines) as painted now."""
        return fitted(self.text(), self.width(), self.height() - SIGN[0] - theme.STEP)

    def paintEvent(self, _event: object) -> None:
        ratio = self.devicePixelRatioF()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, _picture(self.text(), self.icon, self.colour, self.width(), self.height(), ratio))
        painter.end()


@lru_cache(maxsize=24)
def _picture(text: str, icon: str, colour: str, width: int, height: int, ratio: float) -> QPixmap:
    """The headline painted once: letters of this size are paths, and the same few titles come all day."""
    points, lines = fitted(text, width, height - SIGN[0] - theme.STEP)
    picture = QPixmap(round(width * ratio), round(height * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(QColor(0, 0, 0, 0))
    painter = QPainter(picture)
    leading = points * 96 / 72 * LEADING
    top = height - leading * len(lines)
    size = max(SIGN[0], min(SIGN[1], top - 3 * theme.STEP))
    place = QRectF(-size / 24, max(0.0, (top - theme.STEP - size) / 2), size, size)
    icons.draw(painter, icon, place, QColor(colour), max(1.7, 2.8 - size / 160))
    painter.setPen(QColor(colour))
    painter.setFont(theme.font(points, QFont.Weight.Bold))
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine | Qt.TextFlag.TextDontClip
    for n, line in enumerate(lines):
        painter.drawText(QRectF(0, top + n * leading, width + 40, leading), int(flags), line)
    painter.end()
    return picture
