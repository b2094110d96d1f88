"""F3, Tra cứu: by number or name, and by code, as the letter's two screens. Masked until asked; a reason first, then the particulars.

One line to type in, one list, one record. Everything works by keys; nothing personal stays when the page is left.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QFont, QHideEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from kiosk import words
from kiosk.domain.verdict import Person
from kiosk.i18n import _, gettext
from kiosk.ui import theme
from kiosk.ui.widgets.basics import PlainLabel, Stack, button, column, panel, row
from kiosk.ui.widgets.fields import line_edit
from kiosk.ui.widgets.record import Record, Summary
from kiosk.words import lookups as said

if TYPE_CHECKING:
    from kiosk.lookup import Answer, Conflict, Details, Hit
    from kiosk.store.told import Told

LONGEST = 1200  # a code that a scanner types or that is pasted may be a certificate
FORGET_MS = 60_000  # particulars leave the screen by themselves
COLUMNS = 4
SHORT_NUMBER = 8  # of a masked number: four dots and four digits


class Flat(QStyledItemDelegate):
    """A chosen row is one surface: no cell of it has a ring of its own."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        option.state &= ~QStyle.StateFlag.State_HasFocus


class Reasons(QWidget):
    """Why? Keys 1-5 or the rows; nothing is shown before."""

    def __init__(self) -> None:
        super().__init__()
        self._act: Callable[[str], object] = lambda _reason: None
        self.title = PlainLabel("", 22, QFont.Weight.Bold, wrap=True)
        note = PlainLabel(_("Lý do được ghi vào nhật ký, không ghi tên hay số của cử tri."), 15, soft=True, wrap=True)
        self.buttons = []
        for number, (reason, text) in enumerate(said.REASONS.items(), 1):
            made = button(_("{number}   {text}").format(number=number, text=gettext(text)), partial(self._take, reason), focus=False)
            made.setProperty("quiet", True)
            self.buttons.append(made)
        self.setLayout(column(self.title, note, 4, *self.buttons, None, gap=8))

    def ask(self, title: str, act: Callable[[str], object]) -> None:
        self.title.setText(title)
        self._act = act

    def _take(self, reason: str) -> None:
        self._act(reason)

    def press(self, digit: str) -> None:
        """The key 1-5; any other does nothing."""
        if digit.isascii() and digit.isdigit() and 1 <= int(digit) <= len(self.buttons):
            self.buttons[int(digit) - 1].click()


class LookupPage(QWidget):
    """`find(typed, reason)`, `open(event, reason)`, `ask()`, `new_person()`: what the keys do; answers come to `show_…`."""

    def __init__(
        self,
        find: Callable[[str, str], object],
        open_details: Callable[[str, str], object],
        twice: Callable[[], object],
        ask: Callable[[], object],
        new_person: Callable[[], object],
        back: Callable[[], object],
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self._find, self._open = find, open_details
        self.answer: Answer | None = None
        self.by_code = False
        self.title = PlainLabel(_("Tra cứu"), 24, QFont.Weight.Bold)
        self.title.setMinimumWidth(120)
        self.entry = line_edit(LONGEST, _("Số giấy tờ, số điện thoại, bốn số cuối, hoặc họ tên và năm sinh; hoặc quét mã vào đây"))
        self.entry.setAccessibleName(_("Tìm ai?"))
        self.entry.setFont(theme.font(18))
        self.entry.returnPressed.connect(self.search)
        self.go = button(_("Enter · Tìm"), self.search, primary=True)
        self.note = PlainLabel("", 16, QFont.Weight.Medium, wrap=True)
        self.table = self._table()
        self.ask = button(_("Alt+H · Hỏi tỉnh"), ask)
        self.twice = button(_("Alt+T · Trùng hôm nay"), twice)
        self.new = button(_("F2 · Không có ở trên: người mới"), new_person)
        self.summary, self.reasons, self.side = Summary(), Reasons(), Stack()
        self.record, self.body = Record(), Stack()
        self.more = button(_("Alt+C · Xem chi tiết"), self.ask_details)
        self._shown = panel(column(self.summary, row(None, self.more), gap=8, margin=20))
        self.side.addWidget(self._shown)
        self.side.addWidget(panel(column(self.reasons, margin=20)))
        self.back = button(_("Esc · Quay lại"), lambda: self.leave() and back())
        left = panel(column(self.note, self.table, row(self.new, None, self.ask, self.twice, gap=8), gap=12, margin=20))
        both = row(left, self.side, gap=16)
        both.setStretch(0, 56)
        both.setStretch(1, 44)
        self._found = QWidget()
        self._found.setLayout(both)
        self.body.addWidget(self._found)
        self.body.addWidget(panel(column(self.record, margin=24)))
        layout = column(row(self.title, self.entry, self.go, self.back, gap=12), self.body, gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.setFocusProxy(self.entry)
        for keys, action in (("Alt+C", self.ask_details), ("Alt+H", self.ask.click), ("Alt+T", self.twice.click)):
            QShortcut(QKeySequence(keys), self, action, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._timer = QTimer(self, singleShot=True, interval=FORGET_MS)
        self._timer.timeout.connect(self.hide_details)
        self.clear()

    def _table(self) -> QTableWidget:
        table = QTableWidget(0, COLUMNS)
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setFrameShape(QTableWidget.Shape.NoFrame)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setTabKeyNavigation(False)
        table.setItemDelegate(Flat(table))
        table.setWordWrap(False)
        head = table.horizontalHeader()
        for column_, mode in enumerate([QHeaderView.ResizeMode.Stretch] + [QHeaderView.ResizeMode.ResizeToContents] * (COLUMNS - 1)):
            head.setSectionResizeMode(column_, mode)
        head.setFont(theme.font(13))
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.verticalHeader().setDefaultSectionSize(theme.TARGET)
        table.itemSelectionChanged.connect(self._selected)
        table.itemActivated.connect(lambda _item: self.ask_details())
        table.setAccessibleName(_("Những người tìm thấy"))
        return table

    # -- asking ---------------------------------------------------------------------------------------------------

    def open(self, by_code: bool = False) -> None:
        """A fresh page, the line ready to be typed in."""
        self.clear()
        self.by_code = by_code
        self.entry.clear()
        self.entry.setFocus()

    def search(self) -> None:
        """Enter: a number or a code is looked up at once; a name first asks why."""
        typed = self.entry.text().strip()
        if not typed:
            return
        letters = sum(c.isalpha() for c in typed)
        if letters and "|" not in typed and ":" not in typed:
            self._ask_reason(_("Vì sao tìm theo tên?"), lambda reason: self._find(typed, reason))
        else:
            self._find(typed, "at_the_door")

    def ask_details(self) -> None:
        """The chosen person's particulars: a reason first."""
        hit = self.chosen
        if hit is not None:
            event = hit.event
            self._ask_reason(_("Vì sao xem chi tiết?"), lambda reason: self._open(event, reason))

    def _ask_reason(self, title: str, act: Callable[[str], object]) -> None:
        def taken(reason: str) -> None:
            self._leave_question()
            act(reason)

        self.reasons.ask(title, taken)
        self.body.setCurrentWidget(self._found)
        self.side.setCurrentIndex(1)
        self.side.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.side.setFocus()

    @property
    def asking(self) -> bool:
        return self.side.currentWidget() is not self._shown

    def _leave_question(self) -> None:
        self.side.setCurrentWidget(self._shown)
        (self.table if self.table.rowCount() else self.entry).setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if self.asking and event.text():
            self.reasons.press(event.text())
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.table.hasFocus():
            self.ask_details()
        elif key == Qt.Key.Key_Down and self.entry.hasFocus() and self.table.rowCount():
            self.table.setFocus()
        else:
            super().keyPressEvent(event)

    def leave(self) -> bool:
        """Esc: out of a question, out of the particulars, then off the page. True if there is nothing more to leave here."""
        if self.asking:
            self._leave_question()
        elif self.body.currentWidget() is not self._found:
            self.hide_details()
        else:
            return True
        return False

    def typed_person(self) -> dict[str, str]:
        """What was typed, for the form of a new person: it need not be typed again."""
        typed = self.entry.text().strip()
        number = re.sub(r"[ .-]", "", typed)
        name = " ".join(re.sub(r"[0-9/]", " ", typed).split())
        return {"id_number": number} if number.isdigit() else {"full_name": name} if name and "|" not in typed else {}

    # -- showing --------------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> "Hit | None":
        place = self.table.currentRow()
        hits = self.answer.hits if self.answer is not None else ()
        return hits[place] if 0 <= place < len(hits) else None

    def show_answer(self, answer: "Answer", now: int) -> None:
        """Hits in the list, the first one chosen; near-duplicates stand before "a new person"."""
        self.answer = answer
        self.table.setHorizontalHeaderLabels([_("Người"), _("Sinh"), _("Số"), _("Nơi ở")])
        self.note.setText(self._headline(answer, now))
        self.table.setRowCount(len(answer.hits))
        for n, hit in enumerate(answer.hits):
            self._row(n, hit, answer.by_number)
        self.ask.setVisible(answer.by_number and not answer.hits)
        self.ask.setEnabled(True)
        self.new.setVisible(not answer.by_number or not answer.hits)
        if answer.hits:
            self.table.selectRow(0)
            self.table.setFocus()
        else:
            self._selected()
            self.entry.setFocus()
            self.entry.selectAll()

    @staticmethod
    def _headline(answer: "Answer", now: int) -> str:
        if answer.hits:
            alike = sum(hit.like for hit in answer.hits)
            if answer.by_number or not alike:
                return _("Tìm thấy {count} người.").format(count=len(answer.hits))
            return _("Tìm thấy {count} người, {alike} người rất giống. Xem kỹ trước khi nhập người mới.").format(
                count=len(answer.hits), alike=alike
            )
        if answer.told is not None:
            told = answer.told
            return said.told(told.known, told.declared_at, told.step, told.age_s(now))
        return gettext(said.NOBODY_FOUND)

    def _row(self, n: int, hit: "Hit", by_number: bool) -> None:
        gender = words.label(words.GENDERS, hit.gender)
        name = hit.short_name if by_number else hit.name
        who = _("{name} · {gender}").format(name=name, gender=gender) if gender else name
        texts = (who, hit.birth_year, (hit.id_masked or hit.phone_masked)[-SHORT_NUMBER:], hit.ward)
        for place, text in enumerate(texts):
            item = QTableWidgetItem(text)
            bold = QFont.Weight.DemiBold if place == 0 and hit.like else QFont.Weight.Normal
            item.setFont(theme.font(14, bold, figures=place in (1, 2)))
            self.table.setItem(n, place, item)

    def _selected(self) -> None:
        """What may be seen without a reason: who, when, and what to do now."""
        self._timer.stop()
        hit = self.chosen
        self.more.setVisible(hit is not None)
        if hit is None:
            self.summary.show_person("", "", ())
            return
        text = words.person(Person(hit.short_name, hit.gender, hit.birth_year))
        pairs = [
            (_("Ngày khai báo"), words.full(hit.declared_at)),
            (_("Số giấy tờ"), hit.id_masked),
            (_("Điện thoại"), hit.phone_masked),
            (_("Nơi ở"), hit.ward),
        ]
        self.summary.show_person(text, words.act_label(hit.verdict.value), [pair for pair in pairs if pair[1]])

    def show_details(self, details: "Details") -> None:
        """By code: the person, the answers, earlier declarations. By number: date, two addresses, the result line, and the answers only
        where something was answered Có."""
        fields = details.fields
        name = str(fields.get("full_name", ""))
        day = [(_("Ngày khai báo"), words.full(details.declared_at)), (_("Cách khai"), words.label(words.MODES, details.mode))]
        asked = said.question_lines(fields, "exposures"), said.question_lines(fields, "symptoms")
        if self.by_code:
            before = [(words.full(one.at), words.label(words.MODES, one.mode)) for one in details.earlier[:4]]
            person = [pair for pair in said.person_lines(fields) if pair[1] != name]
            self.record.show_record(_("Kiểm tra theo mã"), name, said.result(fields), [*person, *day[:1]], *asked, before)
        else:
            number = [(said.label("id_number"), str(fields["id_number"]))] if fields.get("id_number") else []
            pairs = [*number, *day, *said.address_lines(fields)]
            more = asked if details.symptoms else ((), ())
            self.record.show_record(_("Kiểm tra theo số"), name, said.result(fields), pairs, *more)
        self.body.setCurrentIndex(1)
        self.entry.clear()  # the number that was typed need not stand beside the name
        self.setFocus()
        self._timer.start()

    def show_conflicts(self, found: "Sequence[Conflict]") -> None:
        """The same person or code twice today: both events, no name. Nothing is decided here."""
        self.clear()
        self.table.setHorizontalHeaderLabels([_("Trùng"), _("Ở đây"), _("Lần kia"), _("Điểm")])
        self.note.setText(_("{count} lần trùng hôm nay. Cả hai lượt đều được giữ.").format(count=len(found)))
        self.table.setRowCount(len(found))
        for n, one in enumerate(found):
            other = words.hour_minute(one.other_at) if one.other_at is not None else _("chưa rõ")
            for place, text in enumerate((words.reason(one.reason), words.hour_minute(one.at), other, one.station or _("ở đây"))):
                item = QTableWidgetItem(text)
                item.setToolTip(_("{event} và {other}").format(event=one.event, other=one.other))
                item.setFont(theme.font(14, figures=place > 0))
                self.table.setItem(n, place, item)

    def show_told(self, told: "Told", now: int) -> None:
        """What the province has just answered."""
        self.ask.setEnabled(True)
        self.note.setText(said.told(told.known, told.declared_at, told.step, told.age_s(now)))

    def show_trouble(self, text: str) -> None:
        """Nothing was found out, and why; what is on the page stays."""
        self.ask.setEnabled(True)
        self.note.setText(text)

    def show_asking(self) -> None:
        self.ask.setEnabled(False)
        self.note.setText(_("Đang hỏi tỉnh, chờ nhiều nhất ba giây… Esc để thôi."))

    def hide_details(self) -> None:
        """Particulars leave the screen; the list stays."""
        self._timer.stop()
        self.body.setCurrentWidget(self._found)
        self.record.clear()
        (self.table if self.table.rowCount() else self.entry).setFocus()

    def hide_personal(self) -> None:
        """The officer is idle or gone: nobody found stays on the page."""
        self.clear()
        self.entry.clear()

    def clear(self) -> None:
        self._timer.stop()
        self.answer = None
        self.table.setRowCount(0)
        self.table.setHorizontalHeaderLabels([_("Người"), _("Sinh"), _("Số"), _("Nơi ở")])
        self.record.clear()
        self.body.setCurrentWidget(self._found)
        self.summary.show_person("", "", ())
        self.note.setText(_("Theo số: miễn ghi. Theo tên: ghi lại lý do. Mũi tên để chọn, Enter để xem."))
        self.ask.hide()
        self.more.hide()
        self.new.setVisible(True)
        self.side.setCurrentWidget(self._shown)

    def hideEvent(self, event: QHideEvent) -> None:
        self.clear()
        self.entry.clear()
        super().hideEvent(event)
