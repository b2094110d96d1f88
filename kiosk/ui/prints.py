"""The officer's acts on paper: what F8 offers, the queue, the report. Everything runs on the slow lane; nothing here waits.

A printer's fault never touches what is saved: the paper waits in the queue and the line says "đã lưu, chưa in".
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from kiosk import words
from kiosk.domain.verdict import Act, Verdict
from kiosk.i18n import _
from kiosk.ports import Order, PrinterState, PrintJob
from kiosk.ui.services import JobLike, PaperDesk, Services
from kiosk.ui.threads import Lane
from kiosk.words.papers import PAPERS, PRINTER_STATES

if TYPE_CHECKING:
    from kiosk.ui.pages import Pages

FOLDER = "pdf"  # the printer that only keeps the file
WAITING, PRINTED = "waiting", "printed"


class Front(Protocol):
    """What printing needs of the window."""

    services: Services | None
    last: Verdict | None
    more: "Pages | None"

    def tell(self, text: str) -> None: ...


class Prints:
    """`always`: a slip after each khai hộ, unasked."""

    def __init__(self, front: Front, slow: Lane, always: bool = False) -> None:
        self._front, self._slow, self._always = front, slow, always
        self.printer = ""  # chosen on the page; "": the settings', else the system's

    # -- asking ---------------------------------------------------------------------------------------------------

    def _submit(self, make: Callable[[PaperDesk], Order]) -> None:
        services = self._front.services
        if services is not None:
            self._front.tell(_("Đang in…"))

            def work() -> tuple[Sequence[JobLike], tuple[str, PrinterState]]:
                desk = services.papers()
                desk.submit(make(desk), self.printer)
                return desk.jobs(), desk.state(self.printer)

            self._slow.submit(work, self._show)

    def order(self, order: Order) -> None:
        self._submit(lambda desk: order)

    def slip(self) -> None:
        """Of the verdict on the card if it came with a declaration, else of the day's last declaration."""
        self._submit(lambda desk: Order("slip", self._declared() or desk.newest_declaration()))

    def declaration(self) -> None:
        self._submit(lambda desk: Order("declaration", self._declared() or desk.newest_declaration()))

    def _declared(self) -> str:
        last = self._front.last
        return last.event if last is not None and last.event and last.reason in ("declared", "declared_same") else ""

    def report(self) -> None:
        self.order(Order("report"))

    def folder(self) -> None:
        """The fall-back folder: forms, register, card."""
        for paper in ("form", "register", "card"):
            self.order(Order(paper))

    def after_declaring(self, verdict: Verdict) -> None:
        """The settings may ask for a slip after each khai hộ."""
        if self._always and verdict.event and verdict.act is not Act.NOT_SAVED:
            self.slip()

    def after_deferring(self, verdict: Verdict) -> None:
        """Then a ticket is printed too; without paper its number is called out."""
        if self._always and verdict.event and verdict.ticket:
            self.order(Order("ticket", verdict.event))

    def view_report(self) -> None:
        services = self._front.services
        if services is not None:
            self._front.tell(_("Đang lập báo cáo ngày…"))
            self._slow.submit(lambda: services.papers().print(Order("report"), printer=FOLDER), self._open)

    def _open(self, job: PrintJob) -> None:
        self._front.tell(_("Báo cáo ngày ở tệp {file}").format(file=job.file))
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(job.file)))

    # -- the queue ------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """The page shows the printer and the queue as they are now."""
        self._then(lambda desk: None)

    def retry(self) -> None:
        self._then(lambda desk: desk.retry(self.printer))

    def drop(self, number: int) -> None:
        self._then(lambda desk: desk.drop(number))

    def choose(self, printer: str) -> None:
        """What is printed from now on, and what waits, goes to this printer."""
        self.printer = printer
        self._then(lambda desk: desk.retry(printer) if any(job.state == WAITING for job in desk.jobs()) else None)

    def _then(self, act: Callable[[PaperDesk], object]) -> None:
        services = self._front.services
        if services is not None:

            def work() -> tuple[Sequence[JobLike], tuple[str, PrinterState]]:
                desk = services.papers()
                act(desk)
                return desk.jobs(), desk.state(self.printer)

            self._slow.submit(work, self._show)

    def _show(self, found: tuple[Sequence[JobLike], tuple[str, PrinterState]]) -> None:
        jobs, (printer, state) = found
        if self._front.more is not None:
            self._front.more.print.show_queue(jobs, printer, state)

    def tried(self, job: JobLike) -> None:
        """From the printer's thread, on the UI thread: what became of a paper."""
        paper = words.label(PAPERS, job.paper)
        if job.state == PRINTED and job.printer == FOLDER:
            self._front.tell(_("{paper}: đã lưu thành tệp PDF trong thư mục giấy tờ.").format(paper=paper))
        elif job.state == PRINTED:
            self._front.tell(_("{paper}: đã gửi tới máy in {printer}.").format(paper=paper, printer=job.printer))
        elif job.state == WAITING:
            why = words.label(PRINTER_STATES, job.why)
            self._front.tell(_("{paper}: đã lưu, chưa in ({why}). Máy tự thử lại.").format(paper=paper, why=why))
        else:
            self._front.tell(_("{paper}: không có gì để in.").format(paper=paper))
        if self._front.more is not None and self._front.more.print.isVisible():
            self.look()
