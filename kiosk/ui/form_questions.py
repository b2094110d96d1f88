"""Step two: the notice that is read aloud, three exposures and six symptoms, unanswered at first. The voter's name does not stand here:
the screen may be turned."""

import itertools
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk import words
from kiosk.domain import form as forms
from kiosk.domain.policy import Area
from kiosk.i18n import _
from kiosk.ui.form_particulars import NOTICE, label_of
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, row
from kiosk.ui.widgets.fields import Choices
from kiosk.ui.widgets.question import Question

TABLES = ("exposures", "symptoms")
FROM_AREA = "exposures.from_epidemic_area"
AREAS = 8  # the newest so many stand beside the question


class Questions(QWidget):
    """`finished`: Enter. A key 1 or 2 answers and moves to the next question; 0 says "none of the six", once the
    officer has come to them. `edited`: something was answered."""

    def __init__(self, finished: Callable[[], object]) -> None:
        super().__init__()
        self.finished = finished
        self.edited: Callable[[], object] = lambda: None
        self.questions: dict[str, Question] = {}
        self.none = button(_("0 Không có biểu hiện nào"), self.no_symptoms, focus=False)
        self.none.setToolTip(_("Chỉ bấm sau khi đã đọc đủ sáu biểu hiện."))
        self.areas = PlainLabel("", 14, QFont.Weight.Medium, soft=True, wrap=True)
        self.areas.setContentsMargins(16, 0, 8, 0)
        self.areas.hide()
        self.doubts = PlainLabel("", 14, QFont.Weight.DemiBold, wrap=True)
        self.doubts.hide()
        notice = self._notice()
        left, right = self._table(TABLES[0]), self._table(TABLES[1])
        hint = PlainLabel(_("Đọc cho cử tri nghe, hoặc quay màn hình. Phím 1 Có, 2 Không."), 13, soft=True, wrap=True)
        one = panel(column(*left, None, hint, margin=12, gap=2))
        two = panel(column(*right, None, margin=12, gap=2))
        sides = row(one, two, gap=16)
        sides.setStretch(0, 55)
        sides.setStretch(1, 45)
        layout = column(notice, self.doubts, sides, gap=8)
        layout.setStretch(2, 1)
        self.setLayout(layout)
        order = [self.notice, *(question.choices for question in self.questions.values())]
        for before, after in itertools.pairwise(order):
            QWidget.setTabOrder(before, after)

    def _notice(self) -> QWidget:
        """Consent and penalty, in the form's own words, with the key that says they were read."""
        field, texts = forms.form().field(NOTICE), forms.form().texts
        self.notice = Choices([(option.value, label_of(option)) for option in field.options])
        self.notice.setAccessibleName(label_of(field))
        self.notice.changed = self._read
        self.notice.picked = self.start
        self.unread = PlainLabel(_("chưa đọc"), 13, QFont.Weight.DemiBold)
        self.unread.setProperty("trouble", True)
        self.unread.hide()
        said = PlainLabel(" ".join(label_of(texts[key]) for key in ("consent", "penalty")), 14, wrap=True)
        said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        head = column(PlainLabel(label_of(field), 13, QFont.Weight.Bold), self.unread, gap=0)
        layout = row(head, said, self.notice, gap=16)
        layout.setContentsMargins(16, 4, 16, 4)
        layout.setStretch(1, 1)
        return panel(layout)

    def _read(self) -> None:
        if self.notice.value:
            self.unread.hide()
        self.edited()

    def _table(self, table: str) -> list[QWidget]:
        rows: list[QWidget] = [PlainLabel(label_of(forms.form().field(table)), 16, QFont.Weight.Bold)]
        for option in forms.form().table(table):
            question = Question(f"{table}.{option.value}", label_of(option), self._answered)
            if table == TABLES[0]:
                question.setMinimumHeight(68)
            self.questions[question.key] = question
            rows.append(question)
            if question.key == FROM_AREA:
                rows.append(self.areas)
        return rows

    def show_areas(self, areas: Sequence[Area]) -> None:
        """The province's dated list, beside the question it is for; newest first."""
        newest = sorted(areas, key=lambda area: area.since, reverse=True)
        dated = [_("{name} (từ {day})").format(name=area.name, day=_day(area.since)) for area in newest[:AREAS]]
        more = _("; và {count} nơi nữa").format(count=len(newest) - AREAS) if len(newest) > AREAS else ""
        self.areas.setText(_("Vùng có dịch: {areas}{more}.").format(areas="; ".join(dated), more=more) if newest else "")
        self.areas.setVisible(bool(newest))

    def show_doubts(self, reasons: Sequence[str]) -> None:
        """What is odd on step one, in words, without what was typed there: it can be saved all the same."""
        text = " ".join(dict.fromkeys(words.field_problem(reason) for reason in reasons))
        self.doubts.setText(_("Xem lại: {doubts}").format(doubts=text) if text else "")
        self.doubts.setVisible(bool(text))

    @property
    def asked_exposures(self) -> bool:
        return all(q.answer is not None for key, q in self.questions.items() if key.startswith(f"{TABLES[0]}."))

    def _answered(self, question: Question) -> None:
        self.none.setEnabled(self.asked_exposures)
        self.edited()
        if question.answer is None or not question.choices.hasFocus():
            return
        order = list(self.questions.values())
        rest = order[order.index(question) + 1 :]
        if rest:
            rest[0].choices.setFocus(Qt.FocusReason.TabFocusReason)

    def start(self) -> None:
        """The focus on the first thing that was not read or asked."""
        if not self.notice.value:
            self.notice.setFocus(Qt.FocusReason.TabFocusReason)
            return
        wanting = [q for q in self.questions.values() if q.answer is None] or list(self.questions.values())[-1:]
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

    def put(self, answers: Mapping[str, Mapping[str, bool]], notice: str = "") -> None:
        """Fills answers and notice; those not named are unanswered."""
        self.notice.choose(notice)
        self.unread.hide()
        for key, question in self.questions.items():
            table, _dot, name = key.partition(".")
            question.put(answers.get(table, {}).get(name))
            question.miss(False)

    def show_problems(self, errors: Mapping[str, str]) -> None:
        """Marks what was not read or not asked."""
        self.unread.setVisible(NOTICE in errors)
        for key, question in self.questions.items():
            question.miss(key in errors)

    def ask_again(self, key: str) -> None:
        """A "Có" that the province wants to be asked once more."""
        self.questions[key].choices.setFocus(Qt.FocusReason.TabFocusReason)
        self.questions[key].note.setText(_("hỏi lại cho chắc"))
        self.questions[key].note.show()


def _day(iso: str) -> str:
    """2021-05-05 -> 05/05; other text as it is."""
    parts = iso.split("-")
    return f"{parts[2]}/{parts[1]}" if len(parts) == 3 else iso
