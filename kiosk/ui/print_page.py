"""F8, In: which papers there are, by number key; beside them the printer, and what waits for it."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import QPushButton, QWidget

from kiosk import words
from kiosk.i18n import _
from kiosk.ports import Order, PrinterState
from kiosk.ui.prints import FOLDER, WAITING, Prints
from kiosk.ui.services import JobLike
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, row, rule
from kiosk.ui.widgets.fields import line_edit
from kiosk.words.papers import JOB_STATES, PAPERS, PRINTER_STATES

SHOWN = 4


class JobLine(QWidget):
    """One paper of the queue: when, what, how it stands, and a way to give it up."""

    def __init__(self, drop: Callable[[int], object]) -> None:
        super().__init__()
        self.number = 0
        self.text = PlainLabel("", 15)
        self.state = PlainLabel("", 14, soft=True)
        self.give_up = button(_("Bỏ"), lambda: drop(self.number), focus=False)
        layout = row(column(self.text, self.state, gap=0), None, self.give_up, gap=8)
        self.setLayout(layout)
        self.hide()

    def show_job(self, job: JobLike) -> None:
        self.number = job.number
        paper = words.label(PAPERS, job.paper)
        named = _("{time} · {paper} (bản in lại)") if job.again else _("{time} · {paper}")
        self.text.setText(named.format(time=words.hour_minute(job.at), paper=paper))
        state = words.label(JOB_STATES, job.state)
        why = words.label(PRINTER_STATES, job.why) if job.why else job.printer if job.printer != FOLDER else ""
        self.state.setText(_("{state} · {why}").format(state=state, why=why) if why else state)
        self.give_up.setVisible(job.state == WAITING)
        self.show()


class PrintPage(QWidget):
    """Keys 1-7 print, P opens the places and their boards, T tries again, C chooses a printer, Esc goes back."""

    def __init__(
        self, prints: Prints, places: Callable[[], object], key_in: Callable[[str, str], object], back: Callable[[], object]
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._prints, self._places = prints, places
        self.dialog: QPrintDialog | None = None
        self.choices: list[tuple[str, Callable[[], object]]] = [
            (_("Phiếu cho cử tri vừa khai"), prints.slip),
            (_("Tờ khai vừa ghi (A4, để ký)"), prints.declaration),
            (_("Báo cáo ngày"), prints.report),
            (_("Bộ giấy dự phòng: 50 tờ khai, sổ, thẻ hỏi"), prints.folder),
            (_("Thẻ hỏi ba tiếp xúc, sáu biểu hiện"), lambda: prints.order(Order("card"))),
            (_("Thông báo cho cử tri (A5)"), lambda: prints.order(Order("notice"))),
            (_("Bài đọc loa"), lambda: prints.order(Order("announcement"))),
        ]
        self.buttons = [self._choice(number, text, action) for number, (text, action) in enumerate(self.choices, 1)]
        self.printer, self.state = PlainLabel("", 18, QFont.Weight.DemiBold), PlainLabel(_("đang xem…"), 15, soft=True, wrap=True)
        self.choose = button(_("C · Chọn máy in…"), self.open_dialog)
        self.file = button(_("Chỉ lưu tệp PDF"), lambda: prints.choose(FOLDER))
        self.retry = button(_("T · In lại những tờ còn chờ"), prints.retry, primary=True)
        self.lines = [JobLine(prints.drop) for _n in range(SHOWN)]
        self.none = PlainLabel(_("Chưa in gì."), 15, soft=True)
        self.back = button(_("Esc · Quay lại"), back)
        heads = [PlainLabel(text, 14, QFont.Weight.DemiBold, soft=True) for text in (_("In gì?"), _("Máy in"), _("Đã in và còn chờ"))]
        self.boards = button(_("P · Bảng QR của địa điểm…"), places)
        self.boards.setStyleSheet("text-align: left;")
        left = panel(column(heads[0], *self.buttons, self.boards, None, gap=6, margin=16))
        chosen = column(heads[1], self.printer, self.state, row(self.choose, self.file, None), gap=8)
        queue = column(heads[2], self.none, *self.lines, None, self.retry, gap=6)
        self.number, self.clock = line_edit(5, _("số G…")), line_edit(5, _("giờ 09:12"))
        for field in (self.number, self.clock):
            field.returnPressed.connect(lambda: key_in(self.number.text(), self.clock.text()))
        self.key_in = button(_("Nhập tờ khai giấy"), lambda: key_in(self.number.text(), self.clock.text()))
        keyed = row(self.number, self.clock, self.key_in, gap=8)
        right = panel(column(chosen, rule(), queue, rule(), keyed, gap=10, margin=20))
        right.setFixedWidth(600)
        body = row(left, right, gap=16)
        body.setStretch(0, 1)
        layout = column(row(PlainLabel(_("In"), 24, QFont.Weight.Bold), None, self.back), body, gap=8)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    @staticmethod
    def _choice(number: int, text: str, action: Callable[[], object]) -> QPushButton:
        made = button(_("{number}   {text}").format(number=number, text=text), action)
        made.setStyleSheet("text-align: left;")
        return made

    def keyPressEvent(self, event: QKeyEvent) -> None:
        digit, key = event.text(), event.key()
        if digit.isascii() and digit.isdigit() and 1 <= int(digit) <= len(self.choices):
            self.choices[int(digit) - 1][1]()
        elif key == Qt.Key.Key_T:
            self._prints.retry()
        elif key == Qt.Key.Key_P:
            self._places()
        elif key == Qt.Key.Key_C:
            self.open_dialog()
        else:
            super().keyPressEvent(event)

    def open_dialog(self) -> None:
        """The system's own dialog, for choosing the printer; the paper itself goes through the queue."""
        printer = QPrinter()
        self.dialog = QPrintDialog(printer, self)
        self.dialog.setModal(False)
        self.dialog.setWindowTitle(_("Chọn máy in"))
        self.dialog.accepted.connect(partial(self._chosen, printer))
        self.dialog.show()

    def _chosen(self, printer: QPrinter) -> None:
        self._prints.choose(printer.printerName() or FOLDER)

    def show_queue(self, jobs: Sequence[JobLike], printer: str, state: PrinterState) -> None:
        """What waits first, then the newest."""
        self.printer.setText(_("Tệp PDF") if printer == FOLDER else printer)
        self.state.setText(words.label(PRINTER_STATES, state.why or "ready"))
        ordered = sorted(jobs, key=lambda job: (job.state != WAITING, -job.number))[:SHOWN]
        for place, line in enumerate(self.lines):
            if place < len(ordered):
                line.show_job(ordered[place])
            else:
                line.hide()
        self.none.setVisible(not jobs)
        self.retry.setEnabled(any(job.state == WAITING for job in jobs))
