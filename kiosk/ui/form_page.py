"""Khai hộ: the declaration in two steps, by keyboard alone if need be. Esc keeps the draft, sealed; nothing is saved before the end.

Also khai bổ sung (an earlier declaration with the questions asked anew) and the correction of one. What makes an answer good is
kiosk/domain/declaration.py's to say; what it leads to, the station's.
"""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QWidget

from kiosk.domain import declaration, identity, lists, vntime
from kiosk.domain.declaration import Declaration
from kiosk.errors import KioskError
from kiosk.i18n import _
from kiosk.ui.form_draft import Draft, Start, pack, unpack
from kiosk.ui.form_particulars import HOUSEHOLD, NOTICE, Particulars
from kiosk.ui.form_questions import Questions
from kiosk.ui.services import wall
from kiosk.ui.teller import sentence
from kiosk.ui.widgets.basics import PlainLabel, Stack, button, column, panel, restyle, row

if TYPE_CHECKING:
    from kiosk.domain.policy import Policy

KEEP_MS = 400  # after the last key a draft is sealed and kept
HEALTH = ("exposures", "symptoms", NOTICE)


class FormPage(QWidget):
    """`submit(declaration, deed, start)` saves on the desk lane; `back()` goes to the scan page. The deed is made when the form opens, so
    that it counts once however often it is sent."""

    def __init__(self, submit: Callable[[Declaration, bytes, Start], object], back: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("page")
        self._submit = submit
        self._deed, self.start = b"", Start()
        self._household: dict[str, str] = {}
        self._sure: tuple[str, ...] = ()  # answers that were asked again
        self._hidden, self._saved, self._on_paper = b"", False, False
        self._goes_on = False  # a draft of somebody named, opened again by F2 without a card: whose it is is said on both steps
        self.policy: Policy | None = None
        self.home: dict[str, str] = {}
        self.keep: Callable[[bytes], object] = lambda draft: None
        self.wall: Callable[[], int] = wall
        self.alike: Callable[[dict[str, str]], object] = lambda fields: None  # told who is being declared, before the questions
        self.title = PlainLabel("", 24, QFont.Weight.Bold)
        self.note = PlainLabel("", 15, soft=True, wrap=True)
        self.particulars, self.questions = Particulars(self.to_questions), Questions(self.save)
        self.particulars.problems, self.particulars.doubts = self._missing, lambda: self._check().warnings
        self._keeping = QTimer(self, singleShot=True, interval=KEEP_MS)
        self._keeping.timeout.connect(self.keep_now)
        self.particulars.edited = self.questions.edited = self._edited
        self._build(back)

    def _build(self, back: Callable[[], object]) -> None:
        self.steps = Stack()
        self.steps.addWidget(panel(column(self.particulars)))
        self.steps.addWidget(self.questions)
        self.leave = button(_("Esc · Giữ nháp"), back)
        self.fresh = button(_("Tờ mới"), self.clear, focus=False)
        self.family = button(_("F2 · Cùng nhà với người vừa khai"), self.same_household, focus=False)
        self.before = button(_("Sửa phần trước"), self.to_particulars, focus=False)
        self.next = button(_("Enter · Tiếp: câu hỏi"), self.particulars.confirm, primary=True)
        self.store = button(_("Enter · Lưu tờ khai"), self.save, primary=True)
        foot = row(self.leave, self.fresh, self.family, None, self.questions.none, self.before, self.next, self.store, gap=16)
        head = row(self.title, self.note, gap=24)
        head.setStretch(1, 1)
        layout = column(head, self.steps, foot, gap=8)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    # -- beginning ------------------------------------------------------------------------------------------------

    def open(self, start: Start, anew: bool = False) -> None:
        """From F2. The draft stays unless the form is for somebody else: another card, ticket or declaration, or `anew`."""
        self._settle()
        if anew or not self._deed or self._other(start):
            self._begin(start)
        else:
            self._goes_on = bool(self.whose) and not start.prefill
            self._say_note()
        (self.to_questions if self.steps.currentIndex() == 1 else self.to_particulars)()

    @property
    def whose(self) -> str:
        """Who is named on the form that is on its way, by initials: "TTM"; "" for nobody yet."""
        name = self.particulars.fields["full_name"].value if self._deed and not self._saved else ""
        return identity.initials(name) or "?" if name.strip() else ""

    def _other(self, start: Start) -> bool:
        asked = (start.prefill, start.completes, start.corrects, start.ticket)
        own = (self.start.prefill, self.start.completes, self.start.corrects, self.start.ticket)
        return any(asked) and asked != own

    def clear(self) -> None:
        """An empty form, the draft dropped."""
        self._begin(Start())
        self._drop()
        self.to_particulars()

    def _begin(self, start: Start) -> None:
        self._deed, self.start, self._sure, self._goes_on = os.urandom(8), start, (), False
        self.steps.setCurrentIndex(0)
        self.particulars.by_proxy = start.mode == "proxy" and not start.corrects
        answers: dict[str, Any] = declaration.prefill(start.prefill) if start.prefill else {}
        answers |= {key: value for key, value in start.fields.items() if key not in HEALTH}
        answers.setdefault("current", {"province": lists.units()[0].province, **self.home})
        answers |= {"person": start.person} if start.person and start.person != "voter" else {}
        self.particulars.put(answers)
        kept = {key: value for key, value in start.fields.items() if key in HEALTH} if start.corrects else {}
        self.questions.put({k: v for k, v in kept.items() if k != NOTICE}, str(kept.get(NOTICE, "")))
        self._keeping.stop()
        if start.fields:
            self.to_questions()
        self._say_note()

    def show_view_only(self, on: bool) -> None:
        """Nothing can be saved now: said beside the title on both steps, before anybody is asked a dozen questions in vain."""
        if on != self._on_paper:
            self._on_paper = on
            restyle(self.note, "trouble", on)
            self._say_note()
            self.note.setVisible(on or self._goes_on or self.steps.currentIndex() == 0)

    def show_policy(self, policy: "Policy | None") -> None:
        """The newest the province said: what is asked again, and the areas beside their question."""
        if policy is not None and policy != self.policy:
            self.policy = policy
            self.questions.show_areas(policy.areas)

    def _say_note(self) -> None:
        if self._on_paper:
            text = _("⚠ Chế độ chỉ xem: máy chưa lưu được. Dùng tờ khai giấy có số G, bấm Esc để về.")
        elif self._goes_on:
            text = _("Tờ đang làm dở của {name}. Người khác thì bấm Tờ mới.").format(name=self.whose)
        elif self.start.corrects:
            text = _("Bản sửa đứng cạnh bản cũ; bản cũ vẫn giữ trong nhật ký.")
        elif self.start.completes:
            text = _("Giữ phần thông tin của lần khai trước; hỏi lại ba tiếp xúc, sáu biểu hiện.")
        elif self.start.prefill:
            text = _("Đã điền từ thẻ vừa quét: đối chiếu với giấy tờ.")
        else:
            text = _("Mục có dấu * là bắt buộc; cần số giấy tờ hoặc điện thoại.")
        ticket = _("Phiếu {number}.").format(number=self.start.ticket) if self.start.ticket else ""
        self.note.setText(f"{ticket} {text}".strip())

    def same_household(self) -> None:
        """F2 once more: the address, contact and reason of the person declared before; everybody answers for themselves."""
        if not self._household or self.steps.currentIndex() != 0:
            return
        typed = self.particulars.typed()
        self.particulars.retype({k: v for k, v in self._household.items() if k != "phone_of" and (k in HOUSEHOLD[:4] or not typed[k])})
        if any(c.isdigit() for c in self.particulars.fields["phone"].value):
            self.particulars.retype({"phone_of": "relative"})
        self._edited()
        self.to_particulars()

    # -- drafts ---------------------------------------------------------------------------------------------------

    def _edited(self) -> None:
        if self._deed:
            self._keeping.start()

    def draft(self) -> bytes:
        """The form as it stands, empty when nothing is on its way."""
        if not self._deed:
            return b""
        answers, notice = self.questions.answers(), self.questions.notice.value
        return pack(self._deed, Draft(self.start, self.particulars.typed(), answers, notice, self.steps.currentIndex()))

    def keep_now(self) -> None:
        self._keeping.stop()
        if self._deed:
            self.keep(self.draft())

    def restore(self, content: bytes) -> bool:
        """A draft that was kept; False when there is none, or a form is open already."""
        found = unpack(content) if content and not self._deed else None
        if found is None:
            return False
        deed, draft = found
        self._begin(draft.start)
        self._deed = deed
        self.particulars.retype(draft.typed)
        self.questions.put(draft.answers, draft.notice)
        self.steps.setCurrentIndex(1 if draft.step else 0)
        self._keeping.stop()
        return True

    def hide_personal(self) -> None:
        """Locked: nothing of a voter stands on the page or in the household's memory; the draft waits."""
        self.keep_now()
        self._hidden = self.draft() or self._hidden
        self._household = {}
        self._empty()

    def forget(self) -> None:
        """Signed out: the draft is sealed on disk and nowhere else."""
        self._hidden, self._household = b"", {}
        self._empty()

    def show_personal(self) -> None:
        """Unlocked: the draft comes back."""
        hidden, self._hidden = self._hidden, b""
        self.restore(hidden)

    def saved(self) -> None:
        """Emptying the form restyles every field: not in the same turn as the verdict's paint, but before anything new is typed."""
        self._saved = True
        QTimer.singleShot(0, self._settle)

    def _settle(self) -> None:
        if self._saved:
            self.done()

    def done(self) -> None:
        """Saved: the draft is gone; what a household shares stays for the next of it."""
        self._saved = False
        typed = self.particulars.typed()
        self._household = {key: typed[key] for key in HOUSEHOLD if typed.get(key)}
        self._empty()
        self._drop()
        self.unlock()

    def _empty(self) -> None:
        self._deed, self.start = b"", Start()
        self.particulars.put({})
        self.questions.put({})
        self._keeping.stop()

    def _drop(self) -> None:
        self._keeping.stop()
        self.keep(b"")

    def unlock(self) -> None:
        """Not saved: the draft stays, and may be saved again under the same deed."""
        self.store.setEnabled(True)

    def refused(self, error: KioskError) -> None:
        self.note.setText(sentence(error))
        self.note.show()
        self.unlock()

    # -- steps ----------------------------------------------------------------------------------------------------

    def _check(self) -> declaration.Checked:
        answers = {**self.particulars.answers(), **self.questions.answers(), "mode": self.start.mode}
        answers |= {NOTICE: self.questions.notice.value}
        return declaration.check(answers, today=vntime.iso_day(self.wall()))

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
        wanting = self.particulars.wanting(self._missing())
        (wanting[0] if wanting else self.particulars.order[0]).editor.setFocus()

    def to_questions(self) -> None:
        if self._missing():
            self.to_particulars()
            return
        warnings = self._check().warnings
        self.particulars.show_problems({}, warnings)
        self.questions.show_doubts(tuple(warnings.values()))
        if not (self.start.corrects or self.start.completes):
            self.alike(self.person())
        self._step(1)
        self.questions.start()
        self._edited()

    def person(self) -> dict[str, str]:
        """Name, birth and number as far as they are good, to look for the same person."""
        return {key: str(value) for key in ("full_name", "birth_date", "id_number") if (value := self._check().fields.get(key))}

    def _step(self, number: int) -> None:
        self.steps.setCurrentIndex(number)
        what = _("Sửa tờ khai") if self.start.corrects else _("Khai bổ sung") if self.start.completes else _("Khai hộ")
        self.title.setText((_("{what} · 2/2 Câu hỏi") if number else _("{what} · 1/2 Người được khai")).format(what=what))
        self.note.setVisible(number == 0 or self._on_paper or self._goes_on)
        for shown, made in ((1, self.questions.none), (1, self.before), (0, self.next), (1, self.store)):
            made.setVisible(shown == number)
        self.fresh.setVisible(number == 0 or self._goes_on)  # the note names it
        self.family.setVisible(number == 0 and bool(self._household) and not self.start.fields)

    def show_hamlets(self, hamlets: Sequence[str], suggested: str) -> None:
        self.particulars.hamlets.show_hamlets(hamlets, suggested)

    def save(self) -> None:
        """Enter on step two: everything asked -> the desk lane; else the questions still to be asked are marked."""
        if not self.store.isEnabled():
            return
        checked = self._check()
        asked = {key: word for key, word in checked.errors.items() if key in self.questions.questions}
        asked |= {} if self.questions.notice.value else {NOTICE: "unanswered"}
        self.questions.show_problems(asked)
        again = declaration.asked_again(checked.fields, self.policy.rules) if self.policy is not None and not asked else ()
        if asked:
            self.questions.start()
        elif checked.errors:
            self.particulars.show_problems(self._missing(), checked.warnings)
            self.to_particulars()
        elif again and again != self._sure:
            self._sure = again
            self.questions.ask_again(again[0])
        else:
            self.store.setEnabled(False)
            self.keep_now()
            self._submit(checked.declaration(), self._deed, self.start)
