"""A new PIN, typed twice; or, on a machine without a key store, a phrase that the machine makes and the officer types once."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLineEdit, QWidget

from kiosk import words
from kiosk.domain import pin as pins
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.ui import theme
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, restyle, row

WHY = {
    "short": lambda: _("Mã phải có ít nhất sáu chữ số."),
    "long": lambda: _("Mã dài nhất mười hai chữ số."),
    "digits": lambda: _("Mã PIN chỉ gồm chữ số."),
    "plain": lambda: _("Mã này quá dễ đoán: đừng dùng số giống nhau hay liền nhau."),
    "phrase": lambda: _("Gõ lại đúng bốn từ ở trên."),
    "same": lambda: _("Mã mới giống mã cũ."),
}


class PinPage(QWidget):
    """`ask(officer, name, …)` opens it; `submit(officer, pin)` is called with a good new one."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("page")
        self._officer, self._phrase, self._needed = "", "", False
        self._submit: Callable[[str, str], object] = lambda officer, pin: None
        self._back: Callable[[], object] | None = None
        self.title = PlainLabel("", 32, QFont.Weight.Bold)
        self.note = PlainLabel("", 17, soft=True, wrap=True)
        self.phrase = PlainLabel("", 28, QFont.Weight.Bold, wrap=True)
        self.other = button(_("Cụm khác"), self._another, focus=False)
        self.first, self.second = self._field(), self._field()
        self.first_label, self.second_label = PlainLabel("", 15, QFont.Weight.DemiBold), PlainLabel("", 15, QFont.Weight.DemiBold)
        self.error = PlainLabel("", 16, wrap=True)
        self.error.setProperty("trouble", True)
        self.save = button(_("Enter · Lưu mã"), self._go, primary=True)
        self.back = button(_("Esc · Quay lại"), self.leave)
        self.first.returnPressed.connect(self._next)
        self.second.returnPressed.connect(self._go)
        shown = row(self.phrase, self.other, gap=16)
        shown.setStretch(0, 1)
        inside = column(
            self.title,
            self.note,
            8,
            shown,
            8,
            self.first_label,
            self.first,
            self.second_label,
            self.second,
            self.error,
            8,
            row(self.save, self.back, None, gap=16),
            margin=40,
            gap=8,
        )
        frame = panel(inside)
        frame.setFixedWidth(1040)
        self.setLayout(column(None, row(None, frame, None), None))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.first)

    @staticmethod
    def _field() -> QLineEdit:
        made = QLineEdit()
        made.setMaxLength(120)
        made.setFont(theme.font(22, QFont.Weight.DemiBold, figures=True))
        made.setMinimumHeight(56)
        made.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText)
        return made

    def ask(
        self,
        officer: str,
        name: str,
        phrase_needed: bool,
        submit: Callable[[str, str], object],
        back: Callable[[], object] | None,
        later: bool = False,
    ) -> None:
        """`back`: None where a PIN must be set first; `later`: the way back is "not now"."""
        self._officer, self._needed, self._submit, self._back = officer, phrase_needed, submit, back
        self.title.setText(_("Đặt mã cho {name}").format(name=name))
        pin_note = _("Từ 6 đến 12 chữ số, chỉ mình biết. Mã này mở dữ liệu của máy; quên thì người phụ trách đặt lại.")
        phrase_note = _("Máy này không có kho khóa của hệ điều hành, nên dùng cụm bốn từ thay mã PIN. Chép ra giấy, giữ trong người.")
        self.note.setText(phrase_note if phrase_needed else pin_note)
        self.phrase.setVisible(phrase_needed)
        self.other.setVisible(phrase_needed)
        self.second.setVisible(not phrase_needed)
        self.second_label.setVisible(not phrase_needed)
        echo = QLineEdit.EchoMode.Normal if phrase_needed else QLineEdit.EchoMode.Password
        self.first.setEchoMode(echo)
        self.second.setEchoMode(echo)
        self.first_label.setText(_("Gõ lại bốn từ (không dấu cũng được)") if phrase_needed else _("Mã mới"))
        self.second_label.setText(_("Gõ lại mã mới"))
        self.back.setVisible(back is not None)
        self.back.setText(_("Để sau") if later else _("Esc · Quay lại"))
        self._another()
        self.first.setFocus()

    def _another(self) -> None:
        self._phrase = pins.new_phrase() if self._needed else ""
        self.phrase.setText(self._phrase)
        self.first.clear()
        self.second.clear()
        self._say("")
        self.save.setEnabled(True)

    def _next(self) -> None:
        if self._needed:
            self._go()
        else:
            self.second.setFocus()

    def _go(self) -> None:
        if not self.save.isEnabled():
            return
        pin = self.first.text().strip()
        why = pins.problem(pin, self._needed)
        if self._needed and pins.canonical(pin) != pins.canonical(self._phrase):
            why = "phrase"
        if why:
            self._say(WHY[why]())
            self.first.setFocus()
        elif not self._needed and pin != self.second.text().strip():
            self._say(_("Hai lần gõ không giống nhau."))
            self.second.clear()
            self.second.setFocus()
        else:
            self.save.setEnabled(False)
            self._say(_("Đang lưu…"), wrong=False)
            self._submit(self._officer, pin)

    def leave(self) -> None:
        if self._back is not None:
            self.hide_personal()
            self._back()

    def refused(self, error: KioskError) -> None:
        said, why = words.fault(error.code), str(error.facts.get("why", ""))
        self.save.setEnabled(True)
        known = WHY.get(why) if error.code is Code.PIN_WEAK else None
        self._say(known() if known else _("{title} {cure} ({code})").format(title=said.title, cure=said.cure, code=error.code.value))

    def _say(self, text: str, wrong: bool = True) -> None:
        self.error.setText(text)
        restyle(self.error, "trouble", wrong)

    def hide_personal(self) -> None:
        """No PIN and no phrase stays on the screen."""
        self._phrase = ""
        self.phrase.setText("")
        self.first.clear()
        self.second.clear()
