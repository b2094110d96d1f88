"""This machine belongs to no station yet: the province's address and the one-time code."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLineEdit, QWidget

from kiosk import words
from kiosk.errors import KioskError
from kiosk.i18n import _
from kiosk.ui import theme
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, restyle, row


class EnrolPage(QWidget):
    """`submit(server, code)` is given by the window."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("page")
        self.submit: Callable[[str, str], object] = lambda server, code: None
        self.server, self.code = QLineEdit(), QLineEdit()
        self.server.setPlaceholderText("https://…")
        self.server.setMaxLength(500)
        self.code.setMaxLength(200)
        self.code.setFont(theme.font(20, QFont.Weight.DemiBold, figures=True))
        self.error = PlainLabel("", 15, wrap=True)
        self.error.setProperty("trouble", True)
        self.error.hide()
        self.go = button(_("Ghi danh máy này"), self._go, primary=True)
        for field in (self.server, self.code):
            field.returnPressed.connect(self._go)
        told = _("Máy chưa thuộc khu vực bỏ phiếu nào. Nhập địa chỉ và mã do tỉnh cấp; mã chỉ dùng một lần.")
        inside = column(
            PlainLabel(_("Ghi danh máy này"), 28, QFont.Weight.Bold),
            PlainLabel(told, 16, soft=True, wrap=True),
            16,
            PlainLabel(_("Địa chỉ máy chủ của tỉnh *"), 15, QFont.Weight.DemiBold),
            self.server,
            8,
            PlainLabel(_("Mã ghi danh *"), 15, QFont.Weight.DemiBold),
            self.code,
            self.error,
            16,
            row(self.go, None),
            margin=32,
        )
        frame = panel(inside)
        frame.setFixedWidth(720)
        self.setLayout(column(None, row(None, frame, None), None))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.server)

    def _go(self) -> None:
        server, code = self.server.text().strip(), self.code.text().strip()
        empty = self.server if not server else self.code if not code else None
        if empty is not None:
            self._say(_("Cần cả địa chỉ và mã ghi danh."))
            empty.setFocus()
            return
        self.error.hide()
        self.go.setEnabled(False)
        self.go.setText(_("Đang hỏi máy chủ…"))
        self.submit(server, code)

    def _say(self, text: str) -> None:
        self.error.setText(text)
        self.error.show()
        restyle(self.code, "wrong", True)

    def refused(self, error: KioskError) -> None:
        """Nothing was written; the fields stay."""
        said = words.fault(error.code)
        self.go.setEnabled(True)
        self.go.setText(_("Ghi danh máy này"))
        self._say(_("{title} {cure} ({code})").format(title=said.title, cure=said.cure, code=error.code.value))
