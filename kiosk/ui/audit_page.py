"""What was done at this kiosk and by whom, for the lead. No voter's name, number or code can stand here."""

from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from kiosk import words
from kiosk.i18n import _
from kiosk.ui import theme
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, row


class EntryLike(Protocol):
    """kiosk.store.audit.Entry."""

    @property
    def at(self) -> int: ...
    @property
    def officer(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def facts(self) -> dict[str, str | int | bool]: ...


class AuditPage(QWidget):
    """`export`, `back`: what the buttons do."""

    def __init__(self, export: Callable[[], object], back: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.title = PlainLabel(_("Nhật ký thao tác"), 24, QFont.Weight.Bold)
        self.note = PlainLabel("", 15, soft=True)
        self.table = self._table()
        self.setFocusProxy(self.table)
        self.back, self.export = button(_("Esc · Quay lại"), back), button(_("Xuất tệp CSV"), export)
        head, foot = row(self.title, self.note, None, gap=24), row(self.back, None, self.export)
        layout = column(head, panel(column(self.table, margin=16)), foot, gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    @staticmethod
    def _table() -> QTableWidget:
        table = QTableWidget(0, 4)
        table.setHorizontalHeaderLabels([_("Giờ"), _("Cán bộ"), _("Việc"), _("Chi tiết")])
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(40)
        table.setShowGrid(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setFrameShape(QTableWidget.Shape.NoFrame)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        head = table.horizontalHeader()
        for place, width in enumerate((170, 240, 360)):
            head.setSectionResizeMode(place, QHeaderView.ResizeMode.Fixed)
            table.setColumnWidth(place, width)
        head.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        head.setFont(theme.font(13))
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return table

    def show_entries(self, entries: Sequence[EntryLike], names: dict[str, str]) -> None:
        """`names`: officer id -> name, for those who are still known."""
        self.note.setText(_("{count} việc gần nhất, mới nhất ở trên; không có tên hay số của cử tri").format(count=len(entries)))
        self.table.setRowCount(len(entries))
        for n, entry in enumerate(entries):
            who = "—" if entry.officer == "-" else names.get(entry.officer, entry.officer)
            facts = " · ".join(words.audit_fact(name, value, names) for name, value in entry.facts.items())
            for place, text in enumerate((words.day_month_time(entry.at), who, words.audit(entry.what), facts)):
                item = QTableWidgetItem(text)
                item.setFont(theme.font(13, figures=place == 0))
                self.table.setItem(n, place, item)
