"""The lock where nobody has a PIN: it hides and stops, and one key opens it again. It says how little that is."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QWidget

from kiosk.i18n import _
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, row


class LockPage(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("page")
        self._open: Callable[[], object] = lambda: None
        self.go = button(_("Enter · Mở lại"), lambda: self._open(), primary=True)
        self.go.setAutoDefault(True)
        told = _("Máy đã ẩn tên và ngừng quét. Chưa ai đặt mã PIN ở máy này, nên ai cũng mở lại được.")
        title = PlainLabel(_("MÁY ĐANG KHÓA"), 40, QFont.Weight.Bold)
        inside = column(title, PlainLabel(told, 18, soft=True, wrap=True), 16, row(self.go, None), margin=40)
        frame = panel(inside)
        frame.setFixedWidth(760)
        self.setLayout(column(None, row(None, frame, None), None))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.go)

    def show_open(self, open_again: Callable[[], object]) -> None:
        self._open = open_again
