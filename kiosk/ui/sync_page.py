"""Ctrl+S, Gửi về tỉnh: what is in, what is opened, what is not, in words; sending all of it now; the stick; the province's notices."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk import words
from kiosk.errors import KioskError
from kiosk.i18n import _
from kiosk.ui import theme
from kiosk.ui.services import Notice, Services, Status
from kiosk.ui.threads import Home, Lane, Result
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, row, rule
from kiosk.words.sync import BroughtHome, Standing

SENTENCES, NOTICES = 7, 4


class Front(Protocol):
    """What the page needs of the window."""

    services: Services | None
    home: Home

    def tell(self, text: str) -> None: ...
    def fault(self, error: KioskError) -> None: ...


class Bar(QWidget):
    """How much of everything the province holds, and how much of that it has opened. `figures` beside it, never colour alone."""

    def __init__(self) -> None:
        super().__init__()
        self._total, self._held, self._opened = 0, 0, 0
        self.setFixedHeight(24)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_share(self, total: int, held: int, opened: int) -> None:
        if (total, held, opened) != (self._total, self._held, self._opened):
            self._total, self._held, self._opened = total, held, opened
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        look, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QColor(look.line))
        painter.setBrush(QColor(look.field))
        painter.drawRoundedRect(whole, 8, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        for share, strength in ((self._held, 110), (self._opened, 255)):
            if self._total and share:
                colour = QColor(look.accent)
                colour.setAlpha(strength)
                painter.setBrush(colour)
                part = QRectF(whole)
                part.setWidth(max(8.0, whole.width() * min(1.0, share / self._total)))
                painter.drawRoundedRect(part, 8, 8)
        painter.end()


class SyncPage(QWidget):
    """Enter sends everything or stops sending, U writes to a stick, N takes a stick home, Esc goes back (sending goes on by itself)."""

    def __init__(self, front: Front, slow: Lane, back: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._front, self._slow = front, slow
        self._stop: threading.Event | None = None
        self.first = PlainLabel("", 24, QFont.Weight.DemiBold, wrap=True, figures=True)
        self.lines = [PlainLabel("", 17, wrap=True, figures=True) for _n in range(SENTENCES)]
        self.bar, self.figures = Bar(), PlainLabel("", 15, soft=True, figures=True)
        self.send = button(_("Enter · Gửi cho xong"), self.toggle, primary=True)
        self.out = button(_("U · Ghi ra USB"), self.write_out)
        self.home = button(_("N · Nhận từ USB"), self.take_home)
        self.back = button(_("Esc · Quay lại"), back)
        self.notices = [PlainLabel("", 16, wrap=True) for _n in range(NOTICES)]
        self.quiet = PlainLabel(_("Tỉnh chưa có thông báo nào."), 15, soft=True)
        buttons = row(self.send, self.out, self.home, None, gap=16)
        left = panel(column(self.first, self.bar, self.figures, rule(), *self.lines, None, buttons, gap=12, margin=24))
        heading = PlainLabel(_("Thông báo của tỉnh"), 14, QFont.Weight.DemiBold, soft=True)
        right = panel(column(heading, self.quiet, *self.notices, None, gap=12, margin=24))
        right.setFixedWidth(400)
        body = row(left, right, gap=16)
        body.setStretch(0, 1)
        layout = column(row(PlainLabel(_("Gửi về tỉnh"), 24, QFont.Weight.Bold), None, self.back), body, gap=8)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        acts = {Qt.Key.Key_Return: self.toggle, Qt.Key.Key_Enter: self.toggle, Qt.Key.Key_U: self.write_out, Qt.Key.Key_N: self.take_home}
        act = acts.get(Qt.Key(event.key()))
        if act is not None:
            act()
        else:
            super().keyPressEvent(event)

    # -- showing --------------------------------------------------------------------------------------------------

    def show_status(self, status: Status) -> None:
        if status.standing is not None:
            self.show_standing(status.standing, status.feed_age_s, status.policy.switched_off if status.policy is not None else ())
        self._show_notices(status.notices)

    def show_standing(self, standing: Standing, feed_age_s: int | None = None, off: Sequence[str] = ()) -> None:
        sentences = words.sync_report(standing, feed_age_s, off)
        self.first.setText(sentences[0])
        for label, text in zip(self.lines, [*sentences[1:], *[""] * SENTENCES], strict=False):
            label.setText(text)
            label.setVisible(bool(text))
        self.bar.show_share(standing.events, standing.acknowledged, standing.opened)
        figures = _("Trong máy {events} · Tỉnh nhận {held} · Đã mở {opened}")
        self.figures.setText(figures.format(events=standing.events, held=standing.acknowledged, opened=standing.opened))

    def _show_notices(self, notices: Sequence[Notice]) -> None:
        newest = list(reversed(notices))[:NOTICES]
        for label, notice in zip(self.notices, [*newest, *[None] * NOTICES], strict=False):
            said = _("{time} ngày {day} · {text}")
            text = said.format(time=words.hour_minute(notice.at), day=words.day_month(notice.at), text=notice.text) if notice else ""
            label.setText(text)
            label.setVisible(bool(text))
        self.quiet.setVisible(not newest)

    # -- acts -----------------------------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Sends until everything is in and opened; pressed again, it stops. What is not in goes on by itself."""
        services = self._front.services
        if self._stop is not None:
            self._stop.set()
            self.send.setEnabled(False)
            return
        if services is None:
            return
        stop = self._stop = threading.Event()
        self.send.setText(_("Enter · Dừng"))

        def progress(state: Standing) -> None:
            self._front.home.arrived.emit(Result(self.show_standing, state))

        self._slow.submit(lambda: services.talk().drain(progress, stop.is_set), self._sent, self._failed)

    def _sent(self, state: Standing) -> None:
        self._rest()
        self.show_standing(state)
        self._front.tell(words.sync_report(state)[0])

    def _failed(self, error: KioskError) -> None:
        self._rest()
        self._front.fault(error)

    def _rest(self) -> None:
        self._stop = None
        self.send.setEnabled(True)
        self.send.setText(_("Enter · Gửi cho xong"))

    def write_out(self) -> None:
        services = self._front.services
        if services is not None:
            self._front.tell(_("Đang ghi ra USB…"))
            self._slow.submit(lambda: services.talk().out(), lambda made: self._front.tell(words.bundle_written(made[1].events)))

    def take_home(self) -> None:
        services = self._front.services
        if services is not None:
            self._front.tell(_("Đang đọc USB…"))
            self._slow.submit(lambda: services.talk().home(), self._brought)

    def _brought(self, taken: BroughtHome) -> None:
        self._front.tell(words.bundle_home(taken))
