"""Khai hộ: the declaration in two steps, by keyboard alone if need be. Esc keeps the draft in memory; nothing is saved before the end.

What makes an answer good is kiosk/domain/declaration.py's to say; what it leads to, the station's.
"""

import os
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QWidget

from kiosk.domain import declaration, lists, vntime
from kiosk.domain.declaration import Declaration
from kiosk.errors import KioskError
from kiosk.i18n import _
from kiosk.ui.form_particulars import Particulars
from kiosk.ui.form_questions import Questions
from kiosk.ui.teller import sentence
from kiosk.ui.widgets.basics import PlainLabel, Stack, button, column, panel, row


class FormPage(QWidget):
    """`submit(declaration, deed)` saves on the desk lane; `back()` goes to the scan page. The deed is made when the form opens, so that
    it counts once however often it is sent."""

    def __init__(self, submit: Callable[[Declaration, bytes], object], back: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("page")
        self._submit = submit
        self._deed = b""
        self._from: dict[str, str] = {}
        self._aside: tuple[dict[str, Any], dict[str, dict[str, bool]]] | None = None
        self.home: dict[str, str] = {}
        self.title = PlainLabel("", 24, QFont.Weight.Bold)
        self.note = PlainLabel("", 15, soft=True, wrap=True)
        self.particulars, self.questions = Particulars(self.to_questions), Questions(self.save)
        self.particulars.problems = self._missing
        self.steps = Stack()
        self.steps.addWidget(panel(column(self.particulars)))
        self.steps.addWidget(self.questions)
        self.leave = button(_("Esc · Quay lại, giữ bản nháp"), back)
        self.fresh = button(_("Tờ mới"), self.clear)
        self.before = button(_("Sửa phần trước"), self.to_particulars)
        self.next = button(_("Enter · Tiếp: câu hỏi"), self.particulars.confirm, primary=True)
        self.store = button(_("Enter · Lưu tờ khai"), self.save, primary=True)
        foot = row(self.leave, self.fresh, None, self.questions.none, self.before, self.next, self.store, gap=16)
        head = row(self.title, self.note, gap=24)
        head.setStretch(1, 1)
        layout = column(head, self.steps, foot, gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    # -- drafts ---------------------------------------------------------------------------------------------------

    def open(self, prefill: dict[str, str]) -> None:
        """From F2. `prefill`: the fields of the card just read. The draft stays unless it belongs to another card."""
        if not self._deed or (prefill and prefill != self._from):
            self._begin(prefill)
        (self.to_questions if self.steps.currentIndex() == 1 else self.to_particulars)()

    def clear(self) -> None:
        """An empty form, the draft dropped."""
        self._begin({})
        self.to_particulars()

    def _begin(self, prefill: dict[str, str]) -> None:
        self._deed, self._from = os.urandom(8), dict(prefill)
        self.steps.setCurrentIndex(0)
        answers: dict[str, Any] = declaration.prefill(prefill) if prefill else {}
        answers.setdefault("current", {"province": lists.units()[0].province, **self.home})
        self.particulars.put(answers)
        self.questions.put({})
        empty = _("Mục có dấu * là bắt buộc; cần số giấy tờ hoặc điện thoại.")
        self.note.setText(_("Đã điền từ thẻ vừa quét: đối chiếu với giấy tờ.") if prefill else empty)

    def done(self) -> None:
        """Saved: the draft is gone from the memory of the screen."""
        self._deed, self._from = b"", {}
        self.particulars.put({})
        self.questions.put({})
        self.unlock()

    def hide_personal(self) -> None:
        """Locked: the draft leaves the fields and waits in memory."""
        if self._aside is None and self._deed:
            self._aside = (self.particulars.answers(), self.questions.answers())
        self.particulars.put({})
        self.questions.put({})

    def show_personal(self) -> None:
        """Unlocked: the draft comes back."""
        if self._aside is not None:
            self.particulars.put(self._aside[0])
            self.questions.put(self._aside[1])
            self._aside = None

    def unlock(self) -> None:
        """Not saved: the draft stays, and may be saved again under the same deed."""
        self.store.setEnabled(True)

    def refused(self, error: KioskError) -> None:
        self.note.setText(sentence(error))
        self.note.show()
        self.unlock()

    # -- steps ----------------------------------------------------------------------------------------------------

    def _check(self) -> declaration.Checked:
        answers = {**self.particulars.answers(), **self.questions.answers(), "mode": "proxy"}
        return declaration.check(answers, today=vntime.iso_day(int(time.time() * 1000)))

    def _missing(self) -> dict[str, str]:
        """Errors of step one by field; an address that is missing as a whole is missing its hamlet and ward."""
        errors = {key: word for key, word in self._check().errors.items() if key not in self.questions.questions}
        if "current" in errors:
            word = errors.pop("current")
            errors |= {f"current.{level}": word for level in ("hamlet", "ward")}
        elif not self.particulars.fields["current.hamlet"].value.strip():
            errors["current.hamlet"] = "required"
        return errors

    def to_particulars(self) -> None:
        self._step(0)
        missing = self._missing()
        first = next((field for field in self.particulars.order if field.key in missing), self.particulars.order[0])
        first.editor.setFocus()

    def to_questions(self) -> None:
        if self._missing():
            self.to_particulars()
            return
        self.particulars.show_problems({}, self._check().warnings)
        self._step(1)
        self.questions.start()

    def _step(self, number: int) -> None:
        self.steps.setCurrentIndex(number)
        self.title.setText(_("Khai hộ · 2/2 Câu hỏi") if number else _("Khai hộ · 1/2 Người được khai"))
        self.note.setVisible(number == 0)
        for shown, made in ((1, self.questions.none), (1, self.before), (0, self.next), (1, self.store), (0, self.fresh)):
            made.setVisible(shown == number)

    def save(self) -> None:
        """Enter on step two: everything asked -> the desk lane; else the questions still to be asked are marked."""
        if not self.store.isEnabled():
            return
        checked = self._check()
        asked = {key: word for key, word in checked.errors.items() if key in self.questions.questions}
        self.questions.show_problems(asked)
        if asked:
            self.questions.start()
        elif checked.errors:
            self.particulars.show_problems(self._missing(), checked.warnings)
            self.to_particulars()
        else:
            self.store.setEnabled(False)
            self._submit(checked.declaration(), self._deed)
