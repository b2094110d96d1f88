"""X on the page Hôm nay: a table for the lead, of counts or of people, as a file among the papers. A reason goes with people."""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QWidget

from kiosk.i18n import _
from kiosk.ui.services import ExportedLike, Services
from kiosk.ui.threads import Lane
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, row, rule
from kiosk.ui.widgets.fields import line_edit

COUNTS, PEOPLE = "counts", "people"


class Front(Protocol):
    """What the page needs of the window."""

    services: Services | None

    def tell(self, text: str) -> None: ...


class ExportPage(QWidget):
    """Keys 1 and 2 write the counts, 3 and 4 the people, Enter in the field the people as a workbook, Esc goes back."""

    def __init__(self, front: Front, slow: Lane, back: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._front, self._slow = front, slow
        self.reason = line_edit(200, _("lý do, ví dụ: Sở Y tế yêu cầu truy vết"))
        self.reason.returnPressed.connect(lambda: self.write(PEOPLE, ".xlsx"))
        kinds = ((COUNTS, ".xlsx"), (COUNTS, ".csv"), (PEOPLE, ".xlsx"), (PEOPLE, ".csv"))
        names = (_("1 · Tệp Excel (XLSX)"), _("2 · Tệp CSV"), _("3 · Tệp Excel (XLSX)"), _("4 · Tệp CSV"))
        acts = [lambda kind=kind: self.write(*kind) for kind in kinds]
        self.buttons = [button(name, act) for name, act in zip(names, acts, strict=True)]
        counts_note = _("Lượt vào, tờ khai, lượt ra, phiếu: theo loại và theo giờ. Không có tên ai.")
        people_note = _(
            "Họ tên, ngày sinh, số giấy tờ, điện thoại, nơi ở của người khai ở máy này. Không có câu trả lời về sức khỏe. "
            "Lý do và tên người phụ trách ghi vào nhật ký. Giữ tệp như giấy mật, xong việc thì xóa."
        )
        first = column(
            PlainLabel(_("Số đếm"), 20, QFont.Weight.DemiBold), PlainLabel(counts_note, 16, soft=True, wrap=True),
            row(self.buttons[0], self.buttons[1], None, gap=12), gap=12,
        )  # fmt: skip
        second = column(
            PlainLabel(_("Danh sách người đã khai"), 20, QFont.Weight.DemiBold), PlainLabel(people_note, 16, soft=True, wrap=True),
            self.reason, row(self.buttons[2], self.buttons[3], None, gap=12), gap=12,
        )  # fmt: skip
        title = PlainLabel(_("Xuất bảng tính (người phụ trách)"), 24, QFont.Weight.Bold)
        body = panel(column(first, 8, rule(), 8, second, None, gap=12, margin=24))
        layout = column(row(title, None, button(_("Esc · Quay lại"), back)), body, gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def hide_personal(self) -> None:
        self.reason.clear()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        digit = event.text()
        if digit in ("1", "2", "3", "4"):
            self.buttons[int(digit) - 1].click()
        else:
            super().keyPressEvent(event)

    def write(self, what: str, suffix: str) -> None:
        """On the slow lane; the window asks for the lead's PIN where it is needed, and then tries once more."""
        services, reason = self._front.services, self.reason.text().strip()
        if services is None or services.spreadsheets is None:
            return
        if what == PEOPLE and not reason:
            self._front.tell(_("Ghi lý do xuất danh sách người."))
            self.reason.setFocus()
            return
        desk = services.spreadsheets
        self._front.tell(_("Đang ghi tệp…"))
        self._slow.submit(lambda: desk().keep(what, suffix, reason if what == PEOPLE else ""), self._done)

    def _done(self, made: ExportedLike) -> None:
        self.reason.clear()
        self._front.tell(_("{count} dòng trong {file}").format(count=made.rows, file=made.file))
