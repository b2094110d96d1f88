"""A declaration as the letter's two screens show it: by number (2.6: date, two addresses, result line) and by code (2.5B: the person,
exposures, symptoms, earlier declarations). Plain text; nothing of it outlives the page."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QWidget

from kiosk.i18n import _
from kiosk.ui.widgets.basics import PlainLabel, column, row, rule

Pairs = Sequence[tuple[str, str]]


class Lines(QWidget):
    """Labels on the left, values on the right; as many as there are. `answers`: values are Có or Không, and Có stands out by weight,
    never by colour."""

    def __init__(self, label_width: int, answers: bool = False) -> None:
        super().__init__()
        self._answers = answers
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(4 if answers else 8)
        self._grid.setHorizontalSpacing(16)
        self._grid.setColumnMinimumWidth(0, label_width)
        self._grid.setColumnStretch(0 if answers else 1, 1)
        self.setLayout(self._grid)

    def show_pairs(self, pairs: Pairs) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        for n, (name, value) in enumerate(pairs):
            yes = self._answers and value == _("Có")
            text = PlainLabel(value, 16, QFont.Weight.Bold if yes else QFont.Weight.Medium, wrap=not self._answers)
            label = PlainLabel(name, 15, soft=not yes, wrap=True)
            label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            text.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(label, n, 0)
            self._grid.addWidget(text, n, 1)
        self.setVisible(bool(pairs))


class Summary(QWidget):
    """What may be seen without a reason: who, what to do now, a few masked lines."""

    def __init__(self) -> None:
        super().__init__()
        self.head = PlainLabel("", 24, QFont.Weight.Bold, wrap=True)
        self.result = PlainLabel("", 18, QFont.Weight.DemiBold, wrap=True)
        self.line, self.lines = rule(), Lines(150)
        self.setLayout(column(self.head, self.result, self.line, self.lines, None, gap=8))

    def show_person(self, head: str, result: str, pairs: Pairs) -> None:
        self.head.setText(head)
        self.result.setText(result)
        self.line.setVisible(bool(head))
        self.lines.show_pairs(pairs)


class Record(QWidget):
    """One whole declaration: the person on the left, what was asked on the right."""

    def __init__(self) -> None:
        super().__init__()
        self.kind = PlainLabel("", 16, QFont.Weight.DemiBold, soft=True)
        self.head = PlainLabel("", 28, QFont.Weight.Bold)
        self.result = PlainLabel("", 20, QFont.Weight.DemiBold)
        self.person, self.earlier = Lines(190), Lines(190)
        self.exposures, self.symptoms = Lines(400, answers=True), Lines(400, answers=True)
        self.asked = PlainLabel(_("Tiếp xúc"), 15, QFont.Weight.DemiBold)
        self.signs = PlainLabel(_("Biểu hiện"), 15, QFont.Weight.DemiBold)
        self.before = PlainLabel(_("Các lần khai trước ở đây"), 15, QFont.Weight.DemiBold)
        left = column(self.person, 4, self.before, self.earlier, None, gap=8)
        right = column(self.asked, self.exposures, 4, self.signs, self.symptoms, None, gap=8)
        body = row(left, right, gap=40)
        body.setStretch(0, 1)
        body.setStretch(1, 1)
        titles = row(self.head, None, column(self.kind, self.result, gap=0), gap=24)
        self.setLayout(column(titles, rule(), body, None, gap=8))

    def show_record(
        self, kind: str, head: str, result: str, person: Pairs, exposures: Pairs = (), symptoms: Pairs = (), earlier: Pairs = ()
    ) -> None:
        """`kind`: which of the two screens this is."""
        for label, text in ((self.kind, kind), (self.head, head), (self.result, result)):
            label.setText(text)
        self.person.show_pairs(person)
        for title, lines, pairs in (
            (self.asked, self.exposures, exposures),
            (self.signs, self.symptoms, symptoms),
            (self.before, self.earlier, earlier),
        ):
            lines.show_pairs(pairs)
            title.setVisible(bool(pairs))

    def clear(self) -> None:
        """Personal text leaves the screen."""
        self.show_record("", "", "", ())
