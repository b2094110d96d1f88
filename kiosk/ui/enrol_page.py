"""This machine belongs to no station yet: address and one-time code, an enrolment file, or training. Nothing else is offered.

The code's QR may be held before the camera, typed by a USB scanner or pasted; Enter enrols, so that a code is spent by a person's will.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLineEdit, QWidget

from kiosk import words
from kiosk.domain import protocol
from kiosk.domain import text as texts
from kiosk.errors import KioskError
from kiosk.i18n import _
from kiosk.ui import theme
from kiosk.ui.widgets.basics import PlainLabel, button, clear, column, panel, restyle, row, rule
from kiosk.ui.widgets.preview import Preview

if TYPE_CHECKING:
    from kiosk.ui.threads import ScannerLike

QR_LONGEST = 600  # characters of an address and a code
PICTURE = (232, 156)


class EnrolPage(QWidget):
    """`submit(server, code)`, `by_file()` and `train()` are given by the window. A code's QR, scanned or pasted, fills both."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("page")
        self.submit: Callable[[str, str], object] = lambda server, code: None
        self.by_file: Callable[[], object] = lambda: None
        self.train: Callable[[], object] = lambda: None
        self.server, self.code = QLineEdit(), QLineEdit()
        self.server.setPlaceholderText("https://…")
        self.server.setMaxLength(500)
        self.code.setMaxLength(200)
        self.code.setFont(theme.font(20, QFont.Weight.DemiBold, figures=True))
        self.error = PlainLabel("", 15, wrap=True)
        self.error.setProperty("trouble", True)
        self.error.hide()
        self.go = button(_("Ghi danh máy này"), self._go, primary=True)
        self.file = button(_("Ghi danh bằng tệp…"), lambda: self.by_file())
        self.preview = Preview()
        self.preview.setFixedSize(*PICTURE)
        self.preview.hide()
        self.practise = button(_("Tập huấn"), lambda: self.train())
        for field in (self.server, self.code):
            field.returnPressed.connect(self._go)
            field.textChanged.connect(self._split)
        told = _("Máy chưa thuộc khu vực bỏ phiếu nào. Giơ mã QR do tỉnh cấp trước camera, hoặc nhập địa chỉ và mã; mã chỉ dùng một lần.")
        title = PlainLabel(_("Ghi danh máy này"), 28, QFont.Weight.Bold)
        words_ = column(title, PlainLabel(told, 16, soft=True, wrap=True), None)
        inside = column(
            row(words_, self.preview, gap=16),
            8,
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
        by_lead = _("Nơi không có mạng, hoặc máy dự phòng: dùng tệp do tỉnh cấp; người phụ trách kích hoạt bằng mã của mình.")
        no_net = PlainLabel(by_lead, 15, soft=True, wrap=True)
        practice = PlainLabel(_("Làm thử với người không có thật. Không gì được gửi đi."), 15, soft=True, wrap=True)
        self._stations = column(gap=8)
        others = panel(column(no_net, self.file, self._stations, None, rule(), 8, practice, self.practise, margin=32, gap=8))
        frame = panel(inside)
        frame.setFixedWidth(680)
        others.setFixedWidth(480)
        self.setLayout(column(None, row(None, frame, others, None, gap=16), None))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.server)

    def offer(self, stations: list[tuple[str, str, Callable[[], object]]]) -> None:
        """A spare chooses its station: (name, code, what choosing does)."""
        clear(self._stations)
        self._stations.addWidget(PlainLabel(_("Máy dự phòng này thuộc khu vực nào?"), 16, QFont.Weight.DemiBold, wrap=True))
        for name, code, choose in stations:
            made = button(f"{name}\n{code}", choose)
            made.setProperty("quiet", True)
            self._stations.addWidget(made)

    @property
    def offers(self) -> int:
        """How many stations may be chosen."""
        return max(0, self._stations.count() - 1)

    def _split(self, text: str) -> None:
        """A code's QR says the address too."""
        server, code = protocol.read_qr(text)
        if not text.strip().startswith(protocol.QR):
            return
        try:
            protocol.read_code(code)
        except protocol.Untrusted:  # not all of it has been typed yet
            return
        self.server.setText(server)
        self.code.setText(code)

    def show_camera(self, scanner: "ScannerLike | None") -> None:
        """The camera's picture while there is one; without it nothing is said: typing is as good."""
        if scanner is not None:
            self.preview.watch(scanner)
        self.preview.setVisible(scanner is not None)

    def shown(self, raw: bytes) -> None:
        """A code was held before the camera: the enrolment's fills both fields, any other is said to be another."""
        if not self.isVisible() or not self.go.isEnabled():
            return
        try:
            said = texts.decode(raw, QR_LONGEST).strip()
            server, code = protocol.read_qr(said)
            protocol.read_code(code)
        except (texts.BadText, protocol.Untrusted):
            self._say(_("Mã vừa giơ không phải mã ghi danh. Dùng mã QR do tỉnh cấp cho máy này."))
            return
        if server:
            self.server.setText(server)
        self.code.setText(code)
        self.error.hide()
        restyle(self.code, "wrong", False)
        (self.code if self.server.text().strip() else self.server).setFocus()  # where Enter enrols

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
