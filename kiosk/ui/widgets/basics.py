"""Labels that never read tags, buttons that are large enough, and boxes in steps of eight."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from kiosk.ui import theme

W = QFont.Weight


class PlainLabel(QLabel):
    """A label in plain text always: AutoText would render the tags of a hostile name."""

    def __init__(
        self,
        text: str = "",
        points: float = theme.BASE_PT,
        weight: QFont.Weight = W.Normal,
        *,
        soft: bool = False,
        wrap: bool = False,
        figures: bool = False,
    ) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.font(points, weight, figures=figures))
        self.setProperty("soft", soft)
        self.setWordWrap(wrap)
        self.setText(text)


def button(text: str, action: Callable[[], object], *, primary: bool = False, focus: bool = True) -> QPushButton:
    """A push button of at least 48 px. `focus` False: it never takes the keyboard from the page."""
    made = QPushButton(text)
    made.setProperty("primary", primary)
    made.setFont(theme.font(theme.BASE_PT, W.DemiBold if primary else W.Medium))
    made.setAutoDefault(False)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus if focus else Qt.FocusPolicy.NoFocus)
    made.clicked.connect(lambda _=False: action())
    return made


def _fill(layout: QBoxLayout, items: tuple[QWidget | QBoxLayout | int | None, ...], gap: int, margin: int) -> None:
    layout.setSpacing(gap)
    layout.setContentsMargins(margin, margin, margin, margin)
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, int):
            layout.addSpacing(item)
        elif isinstance(item, QWidget):
            layout.addWidget(item)
        else:
            layout.addLayout(item)


def column(*items: QWidget | QBoxLayout | int | None, gap: int = theme.STEP, margin: int = 0) -> QVBoxLayout:
    """A column: widgets, layouts, a number for a gap in px, None for a stretch."""
    layout = QVBoxLayout()
    _fill(layout, items, gap, margin)
    return layout


def row(*items: QWidget | QBoxLayout | int | None, gap: int = theme.STEP, margin: int = 0) -> QHBoxLayout:
    """A row, as `column`."""
    layout = QHBoxLayout()
    _fill(layout, items, gap, margin)
    return layout


def clear(layout: QBoxLayout) -> None:
    """Takes every widget out of a row or column and lets it go."""
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.hide()  # not setParent(None): a window of its own would take the focus
            widget.deleteLater()


def panel(layout: QBoxLayout) -> QFrame:
    """A raised area around a layout."""
    frame = QFrame()
    frame.setObjectName("panel")
    frame.setLayout(layout)
    return frame


def rule() -> QFrame:
    line = QFrame()
    line.setObjectName("rule")
    line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return line


def restyle(widget: QWidget, name: str, value: object) -> None:
    """Sets a property the style sheet looks at, and lets it look again."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class Stack(QStackedWidget):
    """Pages of which one is seen. It takes the room it is given and asks no page how much it would like: otherwise one word that
    changes makes Qt measure every page that is not even on screen."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(640, 400)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)

    def hasHeightForWidth(self) -> bool:
        return False
