"""The verdict card: icon, title, person, when declared, what was saved, one next step. White on the verdict's colour.

No full name and no number of a person ever stands here. The card paints its ground itself: a style sheet per verdict would cost
more than the rest of the paint.
"""

import time
from collections.abc import Callable

import msgspec
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from kiosk import words
from kiosk.ui import theme
from kiosk.ui.widgets.basics import PlainLabel, column
from kiosk.ui.widgets.fit import Headline

RADIUS = 16.0
BORDER = 10.0
CORNER = QPainterPath()  # what a rounded corner leaves free, at the top left
CORNER.lineTo(RADIUS, 0)
CORNER.arcTo(0, 0, 2 * RADIUS, 2 * RADIUS, 90, 90)
CORNER.closeSubpath()


class CardText(msgspec.Struct, frozen=True):
    """What the card says. `ground`, `ink`, `border`: hex colours; `border` "" for none."""

    title: str
    icon: str
    ground: str
    ink: str = "#FFFFFF"
    border: str = ""
    person: str = ""
    detail: str = ""
    saved: str = ""
    next_step: str = ""
    caution: str = ""


class PaintMark(QWidget):
    """One transparent pixel above everything on the card: painted last, so its paint is the end of the card's paint."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(1, 1)
        self.painted: Callable[[float], object] | None = None

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.painted is not None:
            call, self.painted = self.painted, None
            call(time.monotonic())


class VerdictCard(QWidget):
    """Shows one CardText. `show_card(text, painted)` paints at once and then calls `painted(monotonic seconds)`."""

    def __init__(self) -> None:
        super().__init__()
        self.title = Headline()
        self.person = PlainLabel("", 28, QFont.Weight.DemiBold)
        self.detail = PlainLabel("", 18, wrap=True)
        self.saved = PlainLabel("", 18, QFont.Weight.DemiBold, figures=True)
        self.caution = PlainLabel("", 18, QFont.Weight.DemiBold, wrap=True)
        self._amber(self.caution)
        self.next_step = PlainLabel("", 20, QFont.Weight.Medium, wrap=True)
        self.rule = QWidget()
        self.rule.setFixedHeight(2)
        self.rule.setAutoFillBackground(False)
        self._shown, self._ink = CardText("", "▢", "#475569"), ""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # nothing behind it has to be painted first
        lines = column(self.person, self.detail, self.caution, self.saved, gap=4)
        self._column = column(self.title, lines, 8, self.rule, 8, self.next_step, gap=8, margin=32)
        self._column.setStretch(0, 1)
        self.setLayout(self._column)
        self._mark = PaintMark(self)

    @property
    def shown(self) -> CardText:
        return self._shown

    def show_card(self, text: CardText, painted: Callable[[float], object] | None = None) -> None:
        """Puts the text on and paints at once: the officer waits for this and for nothing else. A card that keeps its colours is painted
        where its words changed."""
        whole = (text.ground, text.border, text.ink) != (self._shown.ground, self._shown.border, self._shown.ink)
        self._shown = text
        self.title.show_headline(text.title, text.icon, text.ink)
        labels = (self.person, self.detail, self.saved, self.next_step)
        for label, content in zip(labels, (text.person, text.detail, text.saved, text.next_step), strict=True):
            if label.text() != content:
                label.setText(content)
            if label.isHidden() is bool(content):
                label.setVisible(bool(content))
            if self._ink != text.ink:
                pen = label.palette()
                pen.setColor(label.foregroundRole(), QColor(text.ink))
                label.setPalette(pen)
        self._ink = text.ink
        if self.caution.text() != text.caution:
            self.caution.setText(text.caution)
        if self.caution.isHidden() is bool(text.caution):
            self.caution.setVisible(bool(text.caution))
        self.setAccessibleName(text.title)
        self._column.activate()
        self._mark.painted = painted
        (self if whole else self._mark).repaint()  # with all that waits to be painted

    @staticmethod
    def _amber(label: PlainLabel) -> None:
        pen = label.palette()
        pen.setColor(label.foregroundRole(), QColor(words.CAUTION))
        label.setPalette(pen)
        label.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(self._shown.ground))
        self._round(painter)
        if self._shown.border:
            painter.setPen(QPen(QColor(self._shown.border), BORDER))
            inner = QRectF(self.rect()).adjusted(BORDER / 2, BORDER / 2, -BORDER / 2, -BORDER / 2)
            painter.drawRoundedRect(inner, RADIUS - BORDER / 2, RADIUS - BORDER / 2)
        line = QColor(self._shown.ink)
        line.setAlpha(90)
        top = self.rule.geometry()
        painter.fillRect(top, line)
        painter.end()

    def _round(self, painter: QPainter) -> None:
        """The page's colour in the four corners."""
        for corner, x, y in ((0, 0, 0), (1, self.width(), 0), (2, self.width(), self.height()), (3, 0, self.height())):
            painter.save()
            painter.translate(x, y)
            painter.rotate(90 * corner)
            painter.fillPath(CORNER, QColor(theme.current().page))
            painter.restore()
