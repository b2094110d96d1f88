"""Who are you, and your PIN: for signing in, unlocking, taking over a shift, and for a lead's word. One page, four sentences on top."""

from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from kiosk import words
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.ui import theme
from kiosk.ui.widgets.basics import PlainLabel, button, clear, column, panel, restyle, row

SHOWN = 8  # officers on the page; more are reached with the arrow keys


class Person(msgspec.Struct, frozen=True):
    """One officer on the list. `pin`: none, first, set; `wait_s`: until the next try."""

    id: str
    name: str
    role: str
    pin: str = "set"
    wait_s: int = 0
    phrase: bool = False


class Asked(msgspec.Struct, frozen=True):
    """What the page says and does. `submit(officer, pin)`; `back`: None where there is no way round the PIN."""

    title: str
    note: str
    action: str
    submit: Callable[[str, str], object]
    back: Callable[[], object] | None = None
    other: tuple[str, Callable[[], object]] | None = None
    chosen: str = ""


class SignInPage(QWidget):
    """`ask` fills it; `refused` says why not. A wait counts down before the eyes of whoever has to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("page")
        self._asked: Asked | None = None
        self._people: Sequence[Person] = ()
        self._chosen, self._left = "", 0
        self.buttons: dict[str, QPushButton] = {}
        self.title = PlainLabel("", 40, QFont.Weight.Bold)
        self.note = PlainLabel("", 18, soft=True, wrap=True)
        self.list: QVBoxLayout = column(gap=8)
        self.pin = QLineEdit()
        self.pin.setEchoMode(QLineEdit.EchoMode.Password)
        self.pin.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText)
        self.pin.setMaxLength(120)
        self.pin.setFont(theme.font(24, QFont.Weight.DemiBold, figures=True))
        self.pin.setMinimumHeight(64)
        self.pin.returnPressed.connect(self._go)
        self.label = PlainLabel("", 15, QFont.Weight.DemiBold)
        self.label.setBuddy(self.pin)
        self.show_pin = button(_("Hiện chữ"), self._toggle, focus=False)
        self.error = PlainLabel("", 16, wrap=True)
        self.error.setProperty("trouble", True)
        self.go = button("", self._go, primary=True)
        self.back = button(_("Esc · Quay lại"), self.leave)
        self.other = button("", self._other)
        who = column(PlainLabel(_("Cán bộ"), 15, QFont.Weight.DemiBold), self.list, None, gap=8)
        foot = row(self.go, self.other, self.back, None, gap=16)
        code = column(self.label, row(self.pin, self.show_pin, gap=8), self.error, 8, foot, None, gap=8)
        body = row(who, code, gap=48)
        body.setStretch(0, 45)
        body.setStretch(1, 55)
        inside = column(self.title, self.note, 24, body, margin=40, gap=8)
        inside.setStretch(3, 1)
        frame = panel(inside)
        frame.setFixedWidth(1040)
        self.setLayout(column(None, row(None, frame, None), None))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.pin)
        self._second = QTimer(self, interval=1000)
        self._second.timeout.connect(self._count)

    def ask(self, asked: Asked, people: Sequence[Person]) -> None:
        """`people`: those who may answer; the one signed in is chosen already."""
        self._asked, self._people = asked, people
        self.title.setText(asked.title)
        self.note.setText(asked.note)
        self.go.setText(asked.action)
        self.back.setVisible(asked.back is not None)
        self.other.setVisible(asked.other is not None)
        self.other.setText(asked.other[0] if asked.other else "")
        clear(self.list)
        self.buttons = {}
        for person in people[:SHOWN]:
            made = button(f"{person.name}\n{words.label(words.ROLES, person.role)}", partial(self.choose, person.id))
            made.setProperty("quiet", True)
            made.setProperty("answer", True)
            made.setCheckable(True)
            self.buttons[person.id] = made
            self.list.addWidget(made)
        usable = [person.id for person in people if person.pin != "none"]
        self.choose(asked.chosen if asked.chosen in usable else usable[0] if usable else "")

    def choose(self, officer: str) -> None:
        self._chosen = officer
        for who, made in self.buttons.items():
            made.setChecked(who == officer)
        person = next((p for p in self._people if p.id == officer), None)
        self.pin.clear()
        self._say("")
        self._left = person.wait_s if person else 0
        phrase = person is not None and person.phrase
        self.label.setText(_("Cụm bốn từ (gõ không dấu cũng được)") if phrase else _("Mã PIN"))
        none = person is not None and person.pin == "none"
        self._enable(not none)
        if none:
            self._say(_("Chưa có mã ở máy này: người phụ trách đăng nhập rồi đặt mã ở trang Ca trực (F1)."))
        self._count()
        self.pin.setFocus()

    def _enable(self, on: bool) -> None:
        self.pin.setEnabled(on)
        self.go.setEnabled(on)

    def _toggle(self) -> None:
        hidden = self.pin.echoMode() is QLineEdit.EchoMode.Password
        self.pin.setEchoMode(QLineEdit.EchoMode.Normal if hidden else QLineEdit.EchoMode.Password)
        self.show_pin.setText(_("Ẩn chữ") if hidden else _("Hiện chữ"))

    def _go(self) -> None:
        pin = self.pin.text()
        if self._asked is None or not self.go.isEnabled():
            return
        if not self._chosen or not pin:
            self._say(_("Chọn tên và gõ mã PIN."))
            return
        self.pin.clear()
        self._enable(False)
        self._say(_("Đang kiểm tra…"), wrong=False)
        self._asked.submit(self._chosen, pin)

    def leave(self) -> None:
        if self._asked is not None and self._asked.back is not None:
            self._asked.back()

    def _other(self) -> None:
        if self._asked is not None and self._asked.other is not None:
            self._asked.other[1]()

    def refused(self, error: KioskError) -> None:
        """Wrong, or too often: in words, and how long."""
        said = words.fault(error.code)
        self._enable(True)
        seconds = error.facts.get("seconds", 0)
        if error.code is Code.PIN_WAIT and isinstance(seconds, int):
            self._left = seconds
            self._count()
        else:
            self._say(_("{title} {cure} ({code})").format(title=said.title, cure=said.cure, code=error.code.value))
        self.pin.setFocus()

    def _count(self) -> None:
        """The wait, second by second."""
        if self._left <= 0:
            self._second.stop()
            return
        self._enable(False)
        self._say(_("Sai nhiều lần: thử lại sau {seconds} giây. Người phụ trách đăng nhập có thể bỏ chờ.").format(seconds=self._left))
        self._left -= 1
        if self._left <= 0:
            self._second.stop()
            self._enable(True)
            self._say("")
        elif not self._second.isActive():
            self._second.start()

    def _say(self, text: str, wrong: bool = True) -> None:
        self.error.setText(text)
        restyle(self.error, "trouble", wrong)

    def hide_personal(self) -> None:
        """A PIN half typed leaves the field."""
        self.pin.clear()
