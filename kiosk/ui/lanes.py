"""Which lane this laptop is: scanning, declaring, both, or the exit; and F6, which turns any of them to the exit for a while.

The scanner's thread asks `take` what a code means now; everything else here is the UI thread's.
"""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from kiosk import words
from kiosk.domain.verdict import Verdict
from kiosk.i18n import N_, _, gettext
from kiosk.ports import Sighting
from kiosk.ui import present
from kiosk.ui.choices import Choice
from kiosk.ui.widgets.basics import PlainLabel, column, row
from kiosk.ui.widgets.card import CardText

if TYPE_CHECKING:
    from kiosk.ui.front import FrontDesk

POSTS: dict[str, str] = {
    "both": N_("Một máy: quét mã và khai hộ"),
    "scan": N_("Làn quét mã: chưa khai thì đưa số sang bàn khai hộ"),
    "declare": N_("Bàn khai hộ: gõ số, khai, mời vào"),
    "exit": N_("Lối ra"),
}
SHORT: dict[str, str] = {"scan": N_("Làn quét mã"), "declare": N_("Bàn khai hộ"), "exit": N_("Lối ra")}
EDGE = 8  # px of the exit's frame
GROUND = "#334155"


class Banner(QWidget):
    """LỐI RA in its own frame's colour, and what to do there."""

    def __init__(self) -> None:
        super().__init__()
        self.title = PlainLabel(_("LỐI RA"), 28, QFont.Weight.Bold)
        self.note = PlainLabel(_("Quét mã, thẻ hay phiếu; hoặc gõ số phiếu rồi Enter. F5: ra không có mã. F6: về lối vào."), 16)
        for label in (self.title, self.note):
            pen = label.palette()
            pen.setColor(label.foregroundRole(), QColor(words.INK))
            label.setPalette(pen)
        layout = row(self.title, self.note, gap=24)
        layout.setContentsMargins(24, 4, 24, 4)
        layout.setStretch(1, 1)
        self.setLayout(column(layout))
        self.setFixedHeight(56)
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(GROUND))
        painter.end()


class Lanes(QObject):
    """`post`: of the settings; `idle_s`: after which F6 ends by itself (an exit post stays)."""

    def __init__(self, front: "FrontDesk", post: str, idle_s: float) -> None:
        super().__init__(front)
        self._front, self.post, self.exiting = front, post, post == "exit"
        self.closing = False  # the last minutes before closing: "in first, declare later" is offered first
        self.banner = Banner()
        self._idle = QTimer(self, singleShot=True, interval=round(idle_s * 1000))
        self._idle.timeout.connect(self.enter)

    def take(self, sighting: Sighting) -> Verdict:
        """What a code means here and now. On the scanner's thread or a lane."""
        services = self._front.services
        assert services is not None
        return services.station.leave(sighting) if self.exiting else services.station.scan(sighting)

    def adapted(self, text: CardText, verdict: Verdict) -> CardText:
        """A card as this lane needs it: another next step at the exit, and in the last minutes."""
        if self.exiting:
            return present.leaving(text, verdict)
        return present.closing(text, verdict) if self.closing else text

    # -- F6 -------------------------------------------------------------------------------------------------------

    def toggle(self) -> None:
        self.enter() if self.exiting and self.post != "exit" else self.leave()

    def leave(self) -> None:
        """The exit, until F6, Esc on an empty page, or a minute without a voter."""
        self._set(True)
        self.touched()

    def enter(self) -> None:
        """Back to the entrance; an exit post stays what it is."""
        self._idle.stop()
        self._set(self.post == "exit")

    def touched(self) -> None:
        """A voter went out: the minute begins again."""
        if self.exiting and self.post != "exit":
            self._idle.start()

    def _set(self, exiting: bool) -> None:
        self.exiting = exiting
        self._front.go(self._front.scan)
        self.show()
        self._front.scan.leave_panel()
        self._front.scan.show_ready()

    # -- which lane -----------------------------------------------------------------------------------------------

    def ask(self) -> None:
        """Shift+F2: the lead says what this laptop does from now on."""
        choices = [Choice(gettext(text), partial(self.use, post)) for post, text in POSTS.items()]
        self._front.ask(_("Máy này làm gì?"), _("Hai máy nối với nhau bằng số phiếu: làn quét mã đưa số, bàn khai hộ gõ số."), choices)

    def use(self, post: str) -> None:
        self.post = post
        self.enter()
        self._front.tell(gettext(POSTS[post]))

    def show(self) -> None:
        """Banner, frame and the lane's name."""
        front = self._front
        self.banner.setVisible(self.exiting)
        lane = front.services.info.lane if front.services is not None else ""
        post = gettext(SHORT[self.post]) if self.post in SHORT else ""
        front.head.lane.setText(_("{lane} · {post}").format(lane=lane, post=post) if post and lane else post or lane)
        front.keys.mark(6 if self.exiting else 0)
        front.update()

    def ready(self) -> tuple[str, str]:
        """Title and next step while nobody stands there."""
        if self.exiting:
            return _("LỐI RA"), _("Đưa mã hoặc phiếu vào khung, hoặc gõ số phiếu rồi Enter.")
        if self.post == "declare":
            return _("BÀN KHAI HỘ"), _("Gõ số của cử tri rồi Enter, hoặc quét thẻ, hoặc bấm F2.")
        if self.closing:
            return _("SẮP HẾT GIỜ"), _("Ai chưa khai: bấm F11 rồi Enter, mời vào trước, khai khi ra.")
        if self.post == "scan":
            return _("SẴN SÀNG"), _("Đưa mã vào khung. Không có mã: bấm F2 đưa số sang bàn khai hộ.")
        return _("SẴN SÀNG"), _("Đưa mã vào khung. Không có điện thoại: bấm F2.")

    def paint(self, painter: QPainter) -> None:
        """The exit's frame around the whole window."""
        if self.exiting:
            wide, high = self._front.width(), self._front.height()
            for x, y, w, h in ((0, 0, EDGE, high), (wide - EDGE, 0, EDGE, high), (0, 0, wide, EDGE), (0, high - EDGE, wide, EDGE)):
                painter.fillRect(x, y, w, h, QColor(GROUND))
