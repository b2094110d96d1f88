"""One question as a large row with two big buttons, unanswered until touched."""

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from kiosk.i18n import _
from kiosk.ui import theme
from kiosk.ui.widgets.basics import PlainLabel, column, row
from kiosk.ui.widgets.fields import Choices

YES, NO = "yes", "no"


class Question(QWidget):
    """`key`: "symptoms.fever". `answer`: True for Có, False for Không, None before it was asked."""

    def __init__(self, key: str, text: str, answered: Callable[["Question"], object]) -> None:
        super().__init__()
        self.key, self.missed = key, False
        self.text = PlainLabel(text, 18, QFont.Weight.Medium, wrap=True)
        self.note = PlainLabel("", 13, QFont.Weight.DemiBold)
        self.note.setProperty("trouble", True)
        self.note.hide()
        self.choices = Choices([(YES, _("Có")), (NO, _("Không"))])
        for made in self.choices.buttons.values():
            made.setFixedWidth(136)
        self.choices.changed = self._changed
        self._answered = answered
        self.choices.setAccessibleName(text)
        self.setFocusProxy(self.choices)
        layout = row(column(self.text, self.note, gap=0), self.choices, gap=16)
        layout.setContentsMargins(16, 0, 8, 0)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self.setMinimumHeight(48)

    @property
    def answer(self) -> bool | None:
        return {YES: True, NO: False}.get(self.choices.value)

    def put(self, answer: bool | None) -> None:
        self.choices.choose({True: YES, False: NO, None: ""}[answer])

    def miss(self, missed: bool) -> None:
        """Marks it as still to be asked, in words and by a line at its side."""
        self.missed = missed
        self.note.setText(_("chưa hỏi") if missed else "")
        self.note.setVisible(missed)
        self.update()

    def _changed(self) -> None:
        if self.answer is not None and self.missed:
            self.miss(False)
        self._answered(self)

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.choices.hasFocus():
            painter.setPen(QPen(QColor(look.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)
            painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.trouble if self.missed else look.line))
        if self.missed:
            painter.drawRoundedRect(QRectF(2, 8, 5, self.height() - 16), 2, 2)
        painter.end()
