"""Today: counts, arrivals by the hour, tickets that are still open, the acts without names, the day report.

The list is walked with the arrows; Enter or F4 asks what is wrong with the deed that is marked. Voided ones stay, struck through.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QHideEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from kiosk import words
from kiosk.i18n import _
from kiosk.ui import present, theme
from kiosk.ui.services import LineLike, TodayLike
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, row
from kiosk.ui.widgets.chart import HourChart

SHOWN, MANY = 20, 12
STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 12, Qt.Key.Key_PageUp: -12}


class Figure(QWidget):
    """One count, large, with its name under it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.number = PlainLabel("0", 40, QFont.Weight.Bold, figures=True)
        self.name = PlainLabel(name, 14, soft=True)
        self.setLayout(column(self.number, self.name, gap=0))


class TodayPage(QWidget):
    """`view`, `printed`, `back`, `export`: what the buttons do; `ask`: F4 on the deed that is marked."""

    def __init__(
        self, view: Callable[[], object], printed: Callable[[], object], back: Callable[[], object], ask: Callable[[], object],
        export: Callable[[], object],
    ) -> None:  # fmt: skip
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._lines: tuple[LineLike, ...] = ()
        self._label, self._all, self._ask, self._export = "", False, ask, export
        self.open_tickets = PlainLabel("", 15, QFont.Weight.DemiBold, wrap=True, figures=True)
        self.title = PlainLabel(_("Hôm nay"), 24, QFont.Weight.Bold)
        self.visits, self.declared, self.seen = Figure(_("lượt vào")), Figure(_("khai hộ")), Figure(_("xem trên máy cử tri"))
        self.waiting, self.left = Figure(_("phiếu chưa khai")), Figure(_("lượt ra"))
        self.chart = HourChart()
        self.view = button(_("Xem báo cáo ngày"), view)
        self.print = button(_("In báo cáo ngày"), printed, primary=True)
        self.export = button(_("X · Xuất bảng tính…"), export)
        self.back = button(_("Esc · Quay lại"), back)
        self.table = self._table()
        figures = row(self.visits, self.declared, self.seen, self.waiting, self.left, None, gap=32)
        head = PlainLabel(_("Lượt vào theo giờ"), 14, QFont.Weight.DemiBold, soft=True)
        chart = panel(column(figures, self.open_tickets, 8, head, self.chart, margin=24))
        self.list_head = PlainLabel("", 14, QFont.Weight.DemiBold, soft=True)
        acts = panel(column(self.list_head, self.table, margin=24))
        acts.setFixedWidth(560)
        body = row(chart, acts, gap=16)
        body.setStretch(0, 1)
        layout = column(self.title, body, row(self.back, None, self.export, self.view, self.print, gap=16), gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    @staticmethod
    def _table() -> QTableWidget:
        table = QTableWidget(0, 3)
        table.setHorizontalHeaderLabels([_("Giờ"), _("Số"), _("Việc")])
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the page has the keys
        table.setFrameShape(QTableWidget.Shape.NoFrame)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        head = table.horizontalHeader()
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        head.setFont(theme.font(13))
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.verticalHeader().setDefaultSectionSize(36)
        return table

    def show_today(self, today: TodayLike, label: str) -> None:
        """`label`: the kiosk's, before each number."""
        self.title.setText(_("Hôm nay · {day}").format(day=words.day(today.event_day)) if today.event_day else _("Chưa mở ngày"))
        self.visits.number.setText(str(today.visits))
        self.declared.number.setText(str(today.declared))
        self.seen.number.setText(str(sum(today.by_source.get(kind, 0) for kind in ("moh", "arrival", "hues"))))
        if self.chart.counts != today.by_hour:
            self.chart.show_counts(today.by_hour)
        tickets = today.waiting_tickets
        self.waiting.number.setText(str(len(tickets)))
        self.left.number.setText(str(today.left))
        shown = ", ".join(str(ticket.number) for ticket in tickets[:MANY]) + ("…" if len(tickets) > MANY else "")
        self.open_tickets.setText(_("Phiếu chưa khai: {numbers}. Gõ số phiếu rồi Enter ở màn hình quét.").format(numbers=shown))
        self.open_tickets.setVisible(bool(tickets))
        self._label = label
        if not self._all:
            self._fill(today.last[:SHOWN])

    def show_lines(self, lines: tuple[LineLike, ...]) -> None:
        """Every deed of the day, the newest marked, until the page is left."""
        self._all = True
        self._fill(lines)
        if lines:
            self.table.selectRow(0)

    def chosen(self) -> LineLike | None:
        """The deed that is marked."""
        rows = self.table.selectionModel().selectedRows()
        return self._lines[rows[0].row()] if rows and rows[0].row() < len(self._lines) else None

    def hideEvent(self, event: QHideEvent) -> None:
        self._all = False
        self.table.clearSelection()
        super().hideEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = STEPS.get(Qt.Key(event.key()))
        if step is not None and self._lines:
            here = self.table.currentRow() if self.chosen() is not None else -1 if step > 0 else 1
            self.table.selectRow(max(0, min(len(self._lines) - 1, here + step)))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.chosen() is not None:
            self._ask()
        elif event.key() == Qt.Key.Key_X:
            self._export()
        else:
            super().keyPressEvent(event)

    def _fill(self, lines: tuple[LineLike, ...]) -> None:
        marked = self.chosen()
        self._lines = lines
        whole, newest = _("Cả ngày: {count} lượt. Mũi tên để chọn, Enter để sửa."), _("Những lượt gần nhất. Mũi tên để chọn, F4 để sửa.")
        self.list_head.setText(whole.format(count=len(lines)) if self._all else newest)
        self.table.setRowCount(len(lines))
        for n, line in enumerate(lines):
            self._line(n, line)
        again = next((n for n, line in enumerate(lines) if marked is not None and line.event == marked.event), -1)
        if again >= 0:
            self.table.selectRow(again)

    def _line(self, n: int, line: LineLike) -> None:
        number = present.number_text(self._label, line.number) if line.number else _("phiếu {number}").format(number=line.ticket)
        texts = (words.hour_minute(line.at), number if line.number or line.ticket else "", _what(line))
        for place, text in enumerate(texts):
            item = QTableWidgetItem(text)
            font = theme.font(13, figures=place < 2)
            font.setStrikeOut(line.voided)
            item.setFont(font)
            if line.voided:
                item.setForeground(QColor(theme.current().soft))
            self.table.setItem(n, place, item)


def _what(line: LineLike) -> str:
    if line.kind == "leave":
        text = _("Lượt ra")
    elif line.kind == "declaration":
        text = _("Tờ khai: {mode}").format(mode=words.label(words.MODES, line.source))
    elif line.kind == "defer":
        text = _("Sang bàn khai hộ")
    else:
        text = words.label(words.SOURCES, line.source)
        text = _("{source} · phiếu {number}").format(source=text, number=line.ticket) if line.ticket else text
    if line.voided:
        return _("Đã hủy · {source}").format(source=text)
    return _("{source} · đã sửa").format(source=text) if line.amended else text
