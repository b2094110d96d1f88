"""Fields of a form: label above, editor, what is wrong under it in words. And choices as buttons, answered by number keys."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent, QFont, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QPushButton, QSizePolicy, QWidget

from kiosk.i18n import _
from kiosk.ui import theme
from kiosk.ui.widgets.basics import PlainLabel, column, restyle, row


class Choices(QWidget):
    """One of several large buttons; nothing is chosen at first. The widget has the focus, keys 1-9 choose, Backspace empties."""

    def __init__(self, options: list[tuple[str, str]], wide: bool = False) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.changed: Callable[[], object] = lambda: None
        self.picked: Callable[[], object] = lambda: None  # a person chose, where nothing was chosen before
        self.keyed: Callable[[QKeyEvent], bool] = lambda _event: False  # takes a key before the widget does
        self.entered: Callable[[], object] = lambda: None  # the focus came
        self._value = ""
        self.buttons: dict[str, QPushButton] = {}
        for number, (value, text) in enumerate(options, 1):
            made = QPushButton(_("{number} {text}").format(number=number, text=text))
            made.setProperty("answer", True)
            made.setCheckable(True)
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            made.setSizePolicy(QSizePolicy.Policy.Expanding if wide else QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            made.clicked.connect(lambda _=False, value=value: self._clicked(value))
            self.buttons[value] = made
        self.setLayout(row(*self.buttons.values(), gap=theme.STEP, margin=1))

    def _clicked(self, value: str) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._pick(value)

    def _pick(self, value: str) -> None:
        first = not self._value
        self.choose(value)
        if first:
            self.picked()

    @property
    def value(self) -> str:
        """The chosen option's value, "" before."""
        return self._value

    def choose(self, value: str) -> None:
        self._value = value if value in self.buttons else ""
        for one, made in self.buttons.items():
            made.setChecked(one == self._value)
        self.changed()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.keyed(event):
            return
        values, digit = list(self.buttons), event.text()
        if digit.isascii() and digit.isdigit() and 1 <= int(digit) <= len(values):
            self._pick(values[int(digit) - 1])
        elif event.key() == Qt.Key.Key_Backspace:
            self.choose("")
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and values:
            step = 1 if event.key() == Qt.Key.Key_Right else -1
            place = values.index(self._value) + step if self._value else 0
            self.choose(values[place % len(values)])
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: object) -> None:
        self._ring(True)
        self.entered()

    def focusOutEvent(self, event: object) -> None:
        self._ring(False)

    def _ring(self, on: bool) -> None:
        for made in self.buttons.values():
            restyle(made, "ring", on)


class Line(QLineEdit):
    """A line edit with the two hooks of Choices. Not by an event filter: that is asked in Python for every event the line has."""

    def __init__(self) -> None:
        super().__init__()
        self.keyed: Callable[[QKeyEvent], bool] = lambda _event: False
        self.entered: Callable[[], object] = lambda: None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.keyed(event):
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.entered()


class Field(QWidget):
    """`key`: of the form; `editor`: a line edit or Choices. `required`: marked with * and said in words by a screen reader."""

    def __init__(self, key: str, label: str, editor: Line | Choices, required: bool = False, beside: QWidget | None = None) -> None:
        super().__init__()
        self.key, self.editor = key, editor
        self.label = PlainLabel(_("{label} *").format(label=label) if required else label, 14, QFont.Weight.DemiBold)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # a long label must not widen its column
        self.label.setToolTip(label)
        self.error = PlainLabel("", 13, QFont.Weight.Medium, wrap=True)
        self.error.hide()
        self.label.setBuddy(editor)
        editor.setAccessibleName(_("{label}, bắt buộc").format(label=label) if required else label)
        inside = row(editor, beside, gap=theme.STEP) if beside is not None else row(editor)
        self.setLayout(column(self.label, inside, self.error, None, gap=4))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)

    @property
    def value(self) -> str:
        return self.editor.value if isinstance(self.editor, Choices) else self.editor.text()

    def put(self, value: str) -> None:
        if isinstance(self.editor, Choices):
            self.editor.choose(value)
        else:
            self.editor.setText(value)
            self.editor.setCursorPosition(0)

    def say(self, text: str, wrong: bool = True) -> None:
        """A sentence under the field, "" for none. `wrong` False: only odd, it can be saved."""
        self.error.setText(text)
        self.error.setVisible(bool(text))
        if text:
            restyle(self.error, "trouble", wrong)
        restyle(self.editor, "wrong", bool(text) and wrong)


def line_edit(limit: int, hint: str = "") -> Line:
    """A single line of at most `limit` characters."""
    made = Line()
    made.setMaxLength(limit)
    made.setPlaceholderText(hint)
    return made
