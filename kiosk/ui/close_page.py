"""F10, Chốt ngày: what is still open, the tally of each entrance, another kiosk's totals, and the lead's one act that closes the day.

While this page stands no code is taken. Nothing here is compared with ballots, voter cards or the roll.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QWidget

from kiosk import words
from kiosk.errors import Code
from kiosk.i18n import _
from kiosk.ports import Order
from kiosk.ui.prints import Prints
from kiosk.ui.services import CloseDesk, ClosingLike, Services, UnsureLike
from kiosk.ui.threads import Lane
from kiosk.ui.widgets.basics import PlainLabel, button, clear, column, panel, row, rule
from kiosk.ui.widgets.fields import line_edit

UNSURE_SHOWN = 3


class Front(Protocol):
    """What the page needs of the window."""

    services: Services | None

    def tell(self, text: str) -> None: ...


class TallyRow(QWidget):
    """One entrance: here, opened at the province, and a field for what somebody counted by hand."""

    def __init__(self, entrance: str, here: int, opened: int, counted: int | None) -> None:
        super().__init__()
        self.counted = line_edit(6, _("đếm tay"))
        self.counted.setFixedWidth(140)
        self.counted.setText("" if counted is None else str(counted))
        name = PlainLabel(entrance, 16, QFont.Weight.DemiBold)
        same = here == opened and counted in (None, here)
        told = _("máy {here} · tỉnh đã mở {opened}") if same else _("máy {here} · tỉnh đã mở {opened} · chưa khớp")
        figures = PlainLabel(told.format(here=here, opened=opened), 15, soft=True, figures=True)
        layout = row(column(name, figures, gap=0), None, self.counted, gap=16)
        self.setLayout(layout)


class UnsureRow(QWidget):
    """A deed whose outcome was unknown: on paper, and here after all. Two buttons decide which of them counts."""

    def __init__(self, one: UnsureLike, settle: Callable[[str, bool], object]) -> None:
        super().__init__()
        told = _("Giấy G{paper}, máy ghi lúc {time}").format(paper=f"{one.paper:03d}", time=words.hour_minute(one.at))
        self.keep = button(_("Giữ ở máy"), lambda: settle(one.event, True))
        self.void = button(_("Hủy ở máy"), lambda: settle(one.event, False))
        layout = row(PlainLabel(told, 15, wrap=True), self.keep, self.void, gap=8)
        layout.setStretch(0, 1)
        self.setLayout(layout)


class ClosePage(QWidget):
    """Enter in a field looks again; the button closes; a closed day is opened again with a reason. `giving`: what leaves this laptop."""

    def __init__(
        self, front: Front, slow: Lane, desk: Lane, prints: Prints, lock: Callable[[], object], giving: Callable[[], object],
        back: Callable[[], object],
    ) -> None:  # fmt: skip
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._front, self._slow, self._desk, self._prints, self._lock = front, slow, desk, prints, lock
        self.rows: list[TallyRow] = []
        self.unsure: list[UnsureRow] = []
        self._unsure = column(gap=4)
        self.title = PlainLabel("", 24, QFont.Weight.Bold)
        self.stopped = PlainLabel(_("1 · Đang dừng quét: máy không nhận mã khi trang này mở."), 16, wrap=True)
        self.tickets, self.sent = PlainLabel("", 16, wrap=True), PlainLabel("", 16, wrap=True)
        self.sum = PlainLabel("", 16, QFont.Weight.DemiBold, wrap=True)
        self.other = line_edit(400, _("quét mã ở báo cáo của máy kia vào đây"))
        self.reason = line_edit(200, _("lý do mở lại"))
        self.send = button(_("Gửi về tỉnh"), self.hand_over)
        self.close_it = button(_("Ký và chốt ngày"), self.close_day, primary=True)
        self.again = button(_("Mở lại ngày"), self.reopen)
        for field in (self.other, self.reason):
            field.returnPressed.connect(self.look if field is self.other else self.reopen)
        self._tally = column(gap=8)
        head = PlainLabel(_("4 · Đối chiếu theo lối: lượt vào, mỗi người một lần"), 16, QFont.Weight.DemiBold)
        others = PlainLabel(_("Máy khác của khu vực"), 15, soft=True)
        left = panel(column(self._unsure, head, self._tally, self.sum, 8, others, self.other, None, margin=24))
        ends = PlainLabel(_("5 · Người phụ trách ký bằng mã PIN; máy in báo cáo, báo tỉnh đã chốt, rồi khóa."), 16, wrap=True)
        self.giving = button(_("X · Xóa dữ liệu, trả máy…"), giving)
        sending = column(row(self.send, None), row(self.giving, None), gap=8)
        first = column(self.stopped, rule(), self.tickets, rule(), self.sent, sending, gap=10)
        steps = column(first, rule(), ends, self.close_it, None, gap=10)
        right = panel(column(steps, row(self.reason, self.again, gap=8), gap=8, margin=24))
        right.setFixedWidth(560)
        self._living = (self.stopped, head, others, self.other, ends, self.send)  # of a day that can still be read here
        body = row(left, right, gap=16)
        body.setStretch(0, 1)
        layout = column(row(self.title, None, button(_("Esc · Quay lại"), back)), body, gap=8)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    # -- showing --------------------------------------------------------------------------------------------------

    def look(self) -> None:
        self._do(lambda desk: None)

    def show_closing(self, now: ClosingLike) -> None:
        """How the day stands; what was counted by hand stays in its fields."""
        closed = now.closed
        day = words.day(now.event_day)
        self._show_unsure(now.unsure)
        for widget in self._living:
            widget.setVisible(not now.purged)
        if now.purged:
            self._show_purged(day)
            return
        self.title.setText(_("Đã chốt ngày {day}").format(day=day) if closed else _("Chốt ngày {day}").format(day=day))
        shown = ", ".join(str(number) for number in now.tickets[:12])
        self.tickets.setText(
            _("2 · Phiếu vào trước chưa khai: {shown}").format(shown=shown) if now.tickets else _("2 · Không còn phiếu vào trước nào mở.")
        )
        waiting = _("3 · Còn {n} sự kiện chờ gửi. Không có mạng thì chép ra USB; không mất gì.").format(n=now.waiting)
        self.sent.setText(waiting if now.waiting else _("3 · Tỉnh đã nhận đủ."))
        self.sum.setText(_("Cộng: {visits} lượt ở máy này · {together} cả khu vực").format(visits=now.visits, together=now.together))
        clear(self._tally)
        self.rows = [TallyRow(line.entrance, line.here, line.opened, line.counted) for line in now.tally]
        for made in self.rows:
            made.counted.returnPressed.connect(self.look)
            made.counted.setReadOnly(closed)
            self._tally.addWidget(made)
        for widget, on in ((self.close_it, not closed), (self.again, closed), (self.reason, closed)):
            widget.setVisible(on)

    def _show_unsure(self, found: Sequence[UnsureLike]) -> None:
        """Before the close somebody decides: the person may have been counted twice."""
        clear(self._unsure)
        if found:
            head = _("Vừa ghi giấy vừa có trong máy: người phụ trách chọn, rồi mới chốt được")
            self._unsure.addWidget(PlainLabel(head, 16, QFont.Weight.DemiBold, wrap=True))
        self.unsure = [UnsureRow(one, self.settle) for one in found[:UNSURE_SHOWN]]
        for made in self.unsure:
            self._unsure.addWidget(made)
        if found:
            self._unsure.addWidget(rule())
        if len(found) > UNSURE_SHOWN:
            self._unsure.addWidget(PlainLabel(_("và {n} lượt nữa").format(n=len(found) - UNSURE_SHOWN), 15, soft=True))

    def _show_purged(self, day: str) -> None:
        """Its figures cannot be told any more: that is said, with the code, and what is left to do."""
        said = words.fault(Code.DAY_PURGED)
        clear(self._tally)
        self.rows = []
        self.title.setText(_("Ngày {day} đã xóa khỏi máy ({code})").format(day=day, code=Code.DAY_PURGED.value))
        self.tickets.setText(said.title)
        self.sent.setText(said.kept)
        self.sum.setText(said.cure)
        for widget in (self.close_it, self.again, self.reason):
            widget.setVisible(False)

    # -- acting ---------------------------------------------------------------------------------------------------

    def close_day(self) -> None:
        """The lead's word is asked for by the window when it is needed; then report, manifest, lock."""

        def done(now: ClosingLike) -> None:
            self.show_closing(now)
            self._front.tell(_("Đã chốt ngày. Báo cáo đang in; máy báo tỉnh và khóa lại."))
            self._prints.order(Order("report"))
            self.hand_over(then=self._lock)

        self._do(lambda desk: desk.close(), done)

    def settle(self, event: str, keep: bool) -> None:
        """The lead keeps a deed that is on paper too, or voids it here."""
        self._do(lambda desk: desk.settle(event, keep))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text().casefold() == "x":
            self.giving.click()
        else:
            super().keyPressEvent(event)

    def reopen(self) -> None:
        reason = self.reason.text().strip()
        if not reason:
            self._front.tell(_("Ghi lý do mở lại ngày."))
            self.reason.setFocus()
            return
        self._do(lambda desk: desk.reopen(reason))

    def hand_over(self, then: Callable[[], object] | None = None) -> None:
        """Manifest and events, on the slow lane: the network may take its time."""
        services = self._front.services
        if services is None or services.close is None:
            return
        desk, self._then = services.close(), then
        self._front.tell(_("Đang gửi về tỉnh…"))
        self._slow.submit(lambda: (desk.hand_over(), desk.now()), self._handed)

    def _handed(self, told: tuple[bool, ClosingLike]) -> None:
        known, now = told
        self.show_closing(now)
        far = _("Tỉnh đã biết ngày này có những gì.") if known else _("Chưa báo được tỉnh: máy tự gửi khi có mạng, hoặc chép ra USB.")
        self._front.tell(far)
        if self._then is not None:
            self._then()

    def _do(self, act: Callable[[CloseDesk], object], done: Callable[[ClosingLike], object] | None = None) -> None:
        services = self._front.services
        if services is None or services.close is None:
            return
        desk = services.close()
        typed: list[str] = [made.counted.text() for made in self.rows]
        other = self.other.text().strip()

        def work() -> ClosingLike:
            desk.count(typed)
            if other:
                desk.add_other(other)
            act(desk)
            return desk.now()

        def home(now: ClosingLike) -> None:
            self.other.clear()
            (done or self.show_closing)(now)

        self._desk.submit(work, home)


