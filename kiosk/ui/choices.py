"""Numbered choices in place of the verdict card: press the number or the row. F4 and F5 ask with it."""

from collections.abc import Callable
from functools import partial

import msgspec
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QPushButton, QWidget

from kiosk.i18n import _
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, row

SMALL = 4  # more choices than this stand closer together


class Choice(msgspec.Struct, frozen=True):
    text: str
    action: Callable[[], object]


class ChoicePanel(QWidget):
    """A question, up to nine answers, and a way back."""

    def __init__(self, leave: Callable[[], object]) -> None:
        super().__init__()
        self._leave = leave
        self.title = PlainLabel("", 28, QFont.Weight.Bold, wrap=True)
        self.note = PlainLabel("", 18, soft=True, wrap=True)
        self._rows = column(gap=12)
        self.buttons: list[QPushButton] = []
        self._choices: list[Choice] = []
        self._default = 0
        self.back = button(_("Esc · Quay lại"), leave, focus=False)
        inside = column(self.title, self.note, 8, self._rows, None, row(self.back, None), gap=8, margin=32)
        self.setLayout(column(panel(inside)))

    def ask(self, title: str, note: str, choices: list[Choice], default: int = 0) -> None:
        """`default`: the choice that Enter takes, from 1; 0: none."""
        self.title.setText(title)
        self.note.setText(note)
        self.note.setVisible(bool(note))
        while self.buttons:
            old = self.buttons.pop()
            self._rows.removeWidget(old)
            old.deleteLater()
        self._choices, self._default = choices, default
        self._rows.setSpacing(12 if len(choices) <= SMALL else 6)
        for number, choice in enumerate(choices, 1):
            made = button(_("{number}   {text}").format(number=number, text=choice.text), partial(self._take, choice), focus=False)
            made.setProperty("quiet", True)
            if number == default:
                made.setText(_("{number}   {text}   · Enter").format(number=number, text=choice.text))
                made.setProperty("ring", True)
            if len(choices) > SMALL:
                made.setProperty("tight", True)
            font = made.font()
            font.setPointSizeF(20 if len(choices) <= SMALL else 17)
            made.setFont(font)
            self._rows.addWidget(made)
            self.buttons.append(made)

    def _take(self, choice: Choice) -> None:
        self._leave()
        choice.action()

    def enter(self) -> None:
        """Enter: the choice that is offered first, if there is one."""
        if self._default:
            self._take(self._choices[self._default - 1])

    def press(self, digit: str) -> None:
        """The key 1-9; any other does nothing."""
        if digit.isascii() and digit.isdigit() and 1 <= int(digit) <= len(self._choices):
            self._take(self._choices[int(digit) - 1])
