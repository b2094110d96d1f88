"""Head, key bar, condition line and strip: the four lines around the pages."""

from collections.abc import Callable

import msgspec
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from kiosk.i18n import _
from kiosk.ui import theme
from kiosk.ui.widgets import icons
from kiosk.ui.widgets.basics import PlainLabel, button, restyle, row


class Head(QWidget):
    """Whose station, which lane, who is on duty, what time; the shift page and the lock are one click away."""

    def __init__(self, shift: Callable[[], object] = lambda: None, lock: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.shift = button(_("Ca trực F1"), shift, focus=False)
        self.lock = button(_("Khóa F12"), lock, focus=False)
        for made in (self.shift, self.lock):
            made.setProperty("head", True)
            made.setEnabled(False)
        self.place = PlainLabel("", 18, QFont.Weight.DemiBold)
        self.lane = PlainLabel("", 15, soft=True)
        self.clock = PlainLabel("", 24, QFont.Weight.DemiBold, figures=True)
        self.place.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        layout = row(self.place, self.lane, self.shift, 8, self.clock, 8, self.lock, gap=16)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self.setFixedHeight(48)


    def show_officer(self, name: str) -> None:
        """`name`: of who is signed in, "" for nobody."""
        self.shift.setText(_("{name} · F1").format(name=name if len(name) <= 28 else name[:27] + "…") if name else _("Ca trực F1"))
        for made in (self.shift, self.lock):
            made.setEnabled(True)


class Key(msgspec.Struct, frozen=True):
    """A function key with its click target. `number`: of the F-key, and of its twin Ctrl+digit."""

    number: int
    text: str
    action: Callable[[], object]


class KeyButton(QPushButton):
    """The key's name in a box, then what it does, in the letter size that the bar gives all its keys."""

    SIZES = (15, 14, 13, 12, 11)  # points
    BESIDE = 55  # px that the words do not have: the key's name, and the space around both

    def __init__(self, key: Key) -> None:
        super().__init__()
        self.key, self.marked, self.points = key, False, self.SIZES[0]
        self.resized: Callable[[], object] = lambda: None
        self.setText(key.text)
        self.setAccessibleName(f"F{key.number} {key.text}")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setObjectName("key")
        self.act: Callable[[], object] = key.action  # the front desk puts its lock before it
        self.clicked.connect(lambda _=False: self.act())

    def mark(self, marked: bool) -> None:
        """Underlines the key whose page is open."""
        if marked != self.marked:
            self.marked = marked
            self.update()

    def room(self) -> float:
        """px for the words, between the key's name and the edge that they must not touch."""
        return self.width() - self.BESIDE

    def wanted(self) -> int:
        """px at which the words fit in the largest size."""
        return self.BESIDE + round(QFontMetricsF(self.letters(self.SIZES[0])).horizontalAdvance(self.text()))

    def largest(self) -> int:
        """The largest of SIZES at which the words fit."""
        fits = (p for p in self.SIZES if QFontMetricsF(self.letters(p)).horizontalAdvance(self.text()) <= self.room())
        return next(fits, self.SIZES[-1])

    @staticmethod
    def letters(points: int) -> QFont:
        return theme.font(points, QFont.Weight.Medium)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized()

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        there = self.isEnabled()
        ground = look.line if self.isDown() else look.card if there else look.page
        painter.setPen(QColor(look.accent if self.underMouse() or self.marked else look.line))
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        cap = QRectF(6, (self.height() - 28) / 2, 36, 28)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.accent if self.marked else look.ink if there else look.line))
        painter.drawRoundedRect(cap, 5, 5)
        painter.setPen(QColor(look.on_accent if self.marked else look.card if there else look.soft))
        painter.setFont(theme.font(13, QFont.Weight.Bold))
        painter.drawText(cap, int(Qt.AlignmentFlag.AlignCenter), f"F{self.key.number}")
        painter.setPen(QColor(look.ink if there else look.soft))
        area = QRectF(47, 0, self.room(), self.height())
        painter.setFont(self.letters(self.points))
        painter.drawText(area, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), self.text())
        painter.end()


class KeyBar(QWidget):
    """Only keys that do something now."""

    def __init__(self, keys: list[Key]) -> None:
        super().__init__()
        self.buttons = {key.number: KeyButton(key) for key in keys}
        layout = row(*self.buttons.values(), gap=theme.STEP)
        for place, made in enumerate(self.buttons.values()):
            layout.setStretch(place, made.wanted())  # a long word gets a wide key, so that all can be written large
            made.resized = self._fit
        self.setLayout(layout)

    def _fit(self) -> None:
        """One letter size for all: that of the longest word."""
        points = min(made.largest() for made in self.buttons.values())
        for made in self.buttons.values():
            if made.points != points:
                made.points = points
                made.update()

    def mark(self, *numbers: int) -> None:
        """The keys whose page or mode is open."""
        for n, made in self.buttons.items():
            made.mark(n in numbers)


class Sentence(PlainLabel):
    """One line if it fits, else two, in smaller letters where it must be: what to do stands at the end and is never cut off."""

    SIZES, HIGH = (15.0, 13.5, 12.0, 11.0, 10.0), 50  # points; px

    def __init__(self) -> None:
        super().__init__("", self.SIZES[0], QFont.Weight.Medium, wrap=True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)

    def setText(self, text: str) -> None:
        super().setText(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room, flags = QRect(0, 0, self.width(), 4000), int(Qt.TextFlag.TextWordWrap)
        for points in self.SIZES:
            font = theme.font(points, QFont.Weight.Medium)
            if QFontMetrics(font).boundingRect(room, flags, self.text()).height() <= self.HIGH:
                break
        if font != self.font():
            self.setFont(font)


class ConditionLine(QWidget):
    """The worst standing trouble in a line or two, with the one button that helps. Hidden while there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.text = Sentence()
        self.help = button("", self._helped, focus=False)
        self._action: Callable[[], object] | None = None
        self._quiet = False
        layout = row(40, self.text, self.help, gap=16)
        layout.setContentsMargins(16, 4, 8, 4)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.setFixedHeight(56)
        self.hide()

    def _helped(self) -> None:
        if self._action is not None:
            self._action()

    def show_condition(self, text: str, label: str = "", action: Callable[[], object] | None = None) -> None:
        self._action, self._quiet = action, False
        self.text.setText(text)
        self.help.setText(label)
        self.help.setVisible(bool(label) and action is not None)
        self.setVisible(bool(text))
        self.update()

    def show_notice(self, text: str, label: str = "", action: Callable[[], object] | None = None) -> None:
        """What just went right, in the place of a trouble, without its colour."""
        self.show_condition(text, label, action)
        self._quiet = True

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(look.accent if self._quiet else look.trouble)
        painter.setPen(colour)
        painter.setBrush(QColor(look.card if self._quiet else look.trouble_ground))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        icons.draw(painter, "➜" if self._quiet else "⚠", QRectF(16, (self.height() - 28) / 2, 28, 28), colour, 2.2)
        painter.end()


class Strip(QWidget):
    """Counts on the left, what waits in the middle, how it stands with the province on the right. A click anywhere says more (`opened`)."""

    def __init__(self, opened: Callable[[], object]) -> None:
        super().__init__()
        self._opened = opened
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(_("Gửi về tỉnh (Ctrl+S)"))
        self.counts = PlainLabel("", 15, QFont.Weight.Medium, figures=True)
        self.waiting = PlainLabel("", 15, figures=True)
        self.state = PlainLabel("", 15, soft=True)
        self.setLayout(row(self.counts, None, self.waiting, None, self.state, gap=16))
        self.setFixedHeight(32)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._opened()

    def show_counts(self, visits: int, declared: int, left: int = 0) -> None:
        text = _("Vào {visits} · Khai hộ {declared} · Ra {left}") if left else _("Vào {visits} · Khai hộ {declared}")
        self.counts.setText(text.format(visits=visits, declared=declared, left=left))

    def show_sync(self, waiting: int, received: str, words: str, amber: bool = False) -> None:
        """`amber`: what the province said last is more than a day old."""
        text = _("Chờ gửi {waiting} · Tỉnh đã nhận lúc {time}") if received else _("Chờ gửi {waiting} · Tỉnh chưa nhận gì hôm nay")
        self.waiting.setText(text.format(waiting=waiting, time=received))
        self.state.setText(words)
        restyle(self.state, "amber", amber)
