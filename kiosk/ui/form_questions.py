"""Step two: three exposures and six symptoms, unanswered at first. The voter's name does not stand here: the screen may be turned."""

import itertools
from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QWidget

from kiosk.domain import form as forms
from kiosk.i18n import _
from kiosk.ui.form_particulars import label_of
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, row
from kiosk.ui.widgets.question import Question

TABLES = ("exposures", "symptoms")


class Questions(QWidget):
    """`finished`: Enter. A key 1 or 2 answers and moves to the next question; 0 says "none of the six", once the
    officer has come to them."""

    def __init__(self, finished: Callable[[], object]) -> None:
        super().__init__()
        self.finished = finished
        self.questions: dict[str, Question] = {}
        self.none = button(_("0 Không có biểu hiện nào"), self.no_symptoms, focus=False)
        self.none.setToolTip(_("Chỉ bấm sau khi đã đọc đủ sáu biểu hiện."))
        left, right = self._table(TABLES[0]), self._table(TABLES[1])
        hint = PlainLabel(_("Đọc cho cử tri nghe, hoặc quay màn hình. Phím 1 Có, 2 Không."), 14, soft=True, wrap=True)
        one = panel(column(*left, None, hint, margin=16, gap=4))
        two = panel(column(*right, None, margin=16, gap=4))
        layout = row(one, two, gap=16)
        layout.setStretch(0, 55)
        layout.setStretch(1, 45)
        self.setLayout(layout)
        order = list(self.questions.values())
        for before, after in itertools.pairwise(order):
            QWidget.setTabOrder(before.choices, after.choices)

    def _table(self, table: str) -> list[QWidget]:
        rows: list[QWidget] = [PlainLabel(label_of(forms.form().field(table)), 16, QFont.Weight.Bold)]
        for option in forms.form().table(table):
            question = Question(f"{table}.{option.value}", label_of(option), self._answered)
            if table == TABLES[0]:
                question.setMinimumHeight(80)
            self.questions[question.key] = question
            rows.append(question)
        return rows

    @property
    def asked_exposures(self) -> bool:
        return all(q.answer is not None for key, q in self.questions.items() if key.startswith(f"{TABLES[0]}."))

    def _answered(self, question: Question) -> None:
        self.none.setEnabled(self.asked_exposures)
        if question.answer is None or not question.choices.hasFocus():
            return
        order = list(self.questions.values())
        rest = order[order.index(question) + 1 :]
        if rest:
            rest[0].choices.setFocus(Qt.FocusReason.TabFocusReason)

    def start(self) -> None:
        """The focus on the first question that was not asked."""
        wanting = [q for q in self.questions.values() if q.answer is None] or list(self.questions.values())
        wanting[0].choices.setFocus(Qt.FocusReason.TabFocusReason)

    def no_symptoms(self) -> None:
        """After the exposures were asked and the six have been read from this screen. Never overwrites an answer "Có"."""
        if not self.asked_exposures:
            return
        for key, question in self.questions.items():
            if key.startswith(f"{TABLES[1]}.") and question.answer is None:
                question.put(False)
        list(self.questions.values())[-1].choices.setFocus(Qt.FocusReason.TabFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.finished()
        elif event.text() == "0":
            self.no_symptoms()
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.focusNextPrevChild(event.key() == Qt.Key.Key_Down)
        else:
            super().keyPressEvent(event)

    def answers(self) -> dict[str, dict[str, bool]]:
        """{"exposures": {...}, "symptoms": {...}} with the answered ones only."""
        out: dict[str, dict[str, bool]] = {table: {} for table in TABLES}
        for key, question in self.questions.items():
            table, _dot, name = key.partition(".")
            if question.answer is not None:
                out[table][name] = question.answer
        return out

    def put(self, answers: Mapping[str, Mapping[str, bool]]) -> None:
        for key, question in self.questions.items():
            table, _dot, name = key.partition(".")
            question.put(answers.get(table, {}).get(name))
            question.miss(False)

    def show_problems(self, errors: Mapping[str, str]) -> None:
        for key, question in self.questions.items():
            question.miss(key in errors)
