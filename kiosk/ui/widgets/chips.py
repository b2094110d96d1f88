"""The last three verdicts, small: time, sign, title, number. Never a name."""

import msgspec
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui import theme
from kiosk.ui.widgets import icons
from kiosk.ui.widgets.basics import PlainLabel, column, row

KEPT = 3


class ChipText(msgspec.Struct, frozen=True):
    """One past verdict."""

    title: str
    icon: str
    ground: str
    time: str
    number: str = ""


class Badge(QWidget):
    """The sign on its colour, 40 px."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(40, 40)
        self.icon, self.ground = "", ""

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.ground))
        painter.drawRoundedRect(QRectF(self.rect()), 8, 8)
        icons.draw(painter, self.icon, QRectF(8, 8, 24, 24), QColor("#FFFFFF"), 2.8)
        painter.end()


class Chip(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.badge = Badge()
        self.title = PlainLabel("", 14, QFont.Weight.DemiBold)
        self.note = PlainLabel("", 13, soft=True, figures=True)
        for label in (self.title, self.note):  # as wide as there is room: a verdict must not wait for a new layout
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        layout = row(self.badge, column(self.title, self.note, gap=0), gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.setFixedHeight(48)

    def show_chip(self, text: ChipText) -> None:
        self.badge.icon, self.badge.ground = text.icon, text.ground
        self.badge.update()
        self.title.setText(text.title)
        self.note.setText(" · ".join(part for part in (text.time, text.number) if part))


class Chips(QWidget):
    """Newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[ChipText] = []
        self.chips = [Chip() for _ in range(KEPT)]
        self.setLayout(column(*self.chips, gap=theme.STEP))
        for chip in self.chips:
            chip.hide()

    def push(self, text: ChipText) -> None:
        self.texts = [text, *self.texts][:KEPT]
        for chip, content in zip(self.chips, self.texts, strict=False):
            chip.show_chip(content)
            chip.show()
