"""F1, the shift: who is on duty, hand-over in two steps, one's own PIN; for the lead also the others' PINs and the audit page."""

from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QWidget

from kiosk import words
from kiosk.i18n import _
from kiosk.ui.signin_page import Person
from kiosk.ui.widgets.basics import PlainLabel, button, clear, column, panel, row, rule

PINS = {
    "none": lambda: _("chưa có mã"),
    "first": lambda: _("mã của tỉnh cấp"),
    "set": lambda: _("đã đặt mã"),
}


class Acts(Protocol):
    """What the page may do: kiosk.ui.duty.Duty."""

    def hand_over(self) -> None: ...
    def sign_out(self) -> None: ...
    def ask_pin(self, officer: str) -> None: ...
    def drop_pin(self, officer: str) -> None: ...
    def clear_wait(self, officer: str) -> None: ...
    def open_audit(self) -> None: ...


class ShiftPage(QWidget):
    def __init__(self, acts: Acts, back: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._acts = acts
        self._me = ""
        self.title = PlainLabel(_("Ca trực"), 24, QFont.Weight.Bold)
        self.name = PlainLabel("", 28, QFont.Weight.Bold, wrap=True)
        self.role = PlainLabel("", 16, soft=True, wrap=True)
        self.hand = button(_("Bàn giao ca"), acts.hand_over, primary=True)
        self.out = button(_("Kết thúc, đăng xuất"), acts.sign_out)
        self.mine = button(_("Đổi mã của tôi"), lambda: acts.ask_pin(self._me))
        self.audit = button(_("Nhật ký thao tác"), acts.open_audit)
        self.back = button(_("Esc · Quay lại"), back)
        two_steps = _("Người đang trực bấm nút này, rồi người nhận ca chọn tên và gõ mã. Máy ghi cả hai mốc giờ.")
        closed = _("Khóa hẳn dữ liệu: máy ngừng gửi cho tới khi có người đăng nhập.")
        told, out = PlainLabel(two_steps, 14, soft=True, wrap=True), PlainLabel(closed, 14, soft=True, wrap=True)
        own = row(self.mine, self.audit, gap=8)
        duty = panel(column(self.name, self.role, 8, self.hand, told, 8, self.out, out, None, own, margin=24, gap=8))
        duty.setFixedWidth(560)
        self._rows = column(gap=8)
        self.key = PlainLabel("", 15, soft=True, wrap=True)
        people = panel(
            column(PlainLabel(_("Cán bộ của khu vực này"), 18, QFont.Weight.DemiBold), self.key, 8, self._rows, None, margin=32, gap=8)
        )
        body = row(duty, people, gap=16)
        body.setStretch(1, 1)
        help_ = _("Vướng mắc về hệ thống, phần mềm: gọi {hotline}. Đây không phải số y tế.").format(hotline=words.HOTLINE)
        self.help = PlainLabel(help_, 16, QFont.Weight.Medium)
        layout = column(self.title, body, row(self.back, None, self.help), gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def show_people(self, me: str, people: Sequence[Person], phrase_needed: bool) -> None:
        """`me`: the id of who is signed in, "" for nobody."""
        self._me = me
        mine = next((p for p in people if p.id == me), None)
        first_lead = not any(p.pin != "none" for p in people)
        self.name.setText(mine.name if mine else _("Chưa ai đăng nhập"))
        nobody = _("Chưa có mã PIN nào ở máy này: ai mở máy cũng dùng được.") if first_lead else _("Bấm F12 rồi chọn tên mình.")
        self.role.setText(words.label(words.ROLES, mine.role) if mine else nobody)
        for made in (self.hand, self.out, self.mine):
            made.setEnabled(mine is not None)
        phrases, pins = _("Máy này không có kho khóa: mỗi người dùng cụm bốn từ."), _("Mỗi người một mã PIN; mã chỉ có ở máy này.")
        self.key.setText(phrases if phrase_needed else pins)
        self._empty()
        lead = mine is not None and mine.role == "lead"
        for person in people:
            self._rows.addWidget(self._line(person, lead or (first_lead and person.role == "lead"), lead))
        if not people:
            self._rows.addWidget(PlainLabel(_("Tỉnh chưa khai cán bộ nào cho khu vực này. Gọi 19001075."), 16, wrap=True))

    def _empty(self) -> None:
        clear(self._rows)

    def _line(self, person: Person, may_set: bool, may_take: bool) -> QWidget:
        state = _("Chờ {seconds} giây").format(seconds=person.wait_s) if person.wait_s else PINS[person.pin]()
        about = _("{role} · {state}").format(role=words.label(words.ROLES, person.role), state=state)
        text = column(PlainLabel(person.name, 17, QFont.Weight.DemiBold), PlainLabel(about, 14, soft=True), gap=0)
        set_pin = button(_("Đặt mã") if person.pin == "none" else _("Mã mới"), lambda: self._acts.ask_pin(person.id))
        drop = button(_("Bỏ mã"), lambda: self._acts.drop_pin(person.id))
        lift = button(_("Bỏ chờ"), lambda: self._acts.clear_wait(person.id))
        line = QWidget()
        offered = [
            made
            for made, may in (
                (lift, may_take and person.wait_s > 0),
                (drop, may_take and person.pin != "none" and person.id != self._me),
                (set_pin, may_set),
            )
            if may
        ]
        inside = row(text, *offered, gap=8)
        inside.setStretch(0, 1)
        line.setLayout(column(inside, rule(), gap=8))
        return line
