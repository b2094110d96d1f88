"""Today: counts, arrivals by the hour, the last acts without names, the day report."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from kiosk import words
from kiosk.i18n import _
from kiosk.ui import present, theme
from kiosk.ui.services import LineLike, TodayLike
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, row
from kiosk.ui.widgets.chart import HourChart

SHOWN = 20


class Figure(QWidget):
    """One count, large, with its name under it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.number = PlainLabel("0", 40, QFont.Weight.Bold, figures=True)
        self.name = PlainLabel(name, 14, soft=True)
        self.setLayout(column(self.number, self.name, gap=0))


class TodayPage(QWidget):
    """`view`, `printed`, `back`: what the buttons do."""

    def __init__(self, view: Callable[[], object], printed: Callable[[], object], back: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.title = PlainLabel(_("Hôm nay"), 24, QFont.Weight.Bold)
        self.visits, self.declared, self.seen = Figure(_("lượt vào")), Figure(_("khai hộ")), Figure(_("xem trên máy cử tri"))
        self.chart = HourChart()
        self.view = button(_("Xem báo cáo ngày"), view)
        self.print = button(_("In báo cáo ngày"), printed, primary=True)
        self.back = button(_("Esc · Quay lại"), back)
        self.table = self._table()
        figures = row(self.visits, self.declared, self.seen, None, gap=48)
        chart = panel(column(figures, 8, PlainLabel(_("Lượt vào theo giờ"), 14, QFont.Weight.DemiBold, soft=True), self.chart, margin=24))
        acts = panel(column(PlainLabel(_("Những lượt gần nhất"), 14, QFont.Weight.DemiBold, soft=True), self.table, margin=24))
        acts.setFixedWidth(560)
        body = row(chart, acts, gap=16)
        body.setStretch(0, 1)
        layout = column(self.title, body, row(self.back, None, self.view, self.print, gap=16), gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    @staticmethod
    def _table() -> QTableWidget:
        table = QTableWidget(0, 3)
        table.setHorizontalHeaderLabels([_("Giờ"), _("Số"), _("Việc")])
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
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
        self.title.setText(_("Hôm nay · {day}").format(day=present.day_text(today.event_day)) if today.event_day else _("Chưa mở ngày"))
        self.visits.number.setText(str(today.visits))
        self.declared.number.setText(str(today.declared))
        self.seen.number.setText(str(sum(today.by_source.get(kind, 0) for kind in ("moh", "arrival", "hues"))))
        if self.chart.counts != today.by_hour:
            self.chart.show_counts(today.by_hour)
        lines = today.last[:SHOWN]
        self.table.setRowCount(len(lines))
        for n, line in enumerate(lines):
            self._line(n, line, label)

    def _line(self, n: int, line: LineLike, label: str) -> None:
        source = words.label(words.SOURCES, line.source)
        texts = (
            words.hour_minute(line.at),
            present.number_text(label, line.number),
            _("Đã hủy · {source}").format(source=source) if line.voided else source,
        )
        for place, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setFont(theme.font(13, figures=place < 2))
            if line.voided:
                item.setForeground(QColor(theme.current().soft))
            self.table.setItem(n, place, item)
