"""The window itself: a curtain that paints at once, and behind it the front desk, furnished after that first paint.

Only Qt, the theme and one sentence are loaded here. The rooms behind the front desk cost a quarter of a second to load, the journal
and the camera's libraries seconds: an officer who has double-clicked must see something now.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QCloseEvent, QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QWidget

from kiosk.i18n import _
from kiosk.ui import theme

if TYPE_CHECKING:
    from kiosk.domain.verdict import Verdict
    from kiosk.settings import Settings
    from kiosk.ui.front import FrontDesk


@dataclass(frozen=True, slots=True)
class ShownVerdict:
    """A verdict that stands on the screen. `frame_at`, `painted_at`: monotonic seconds; `painted_at` at the end of the paint."""

    verdict: "Verdict"
    frame_at: float
    painted_at: float


class Curtain(QWidget):
    """One sentence on the page's ground. `painted` is called once, after its first paint."""

    def __init__(self) -> None:
        super().__init__()
        self.painted: Callable[[], object] | None = None

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(look.page))
        painter.setPen(QColor(look.soft))
        font, text = theme.font(40, QFont.Weight.Bold), _("ĐANG MỞ SỔ")
        painter.setFont(font)
        width = QFontMetrics(font).horizontalAdvance(text)  # an alignment flag would cost 25 ms: Qt's enums, all of them
        painter.drawText((self.width() - width) // 2, self.height() // 2, text)
        painter.end()
        if self.painted is not None:
            call, self.painted = self.painted, None
            QTimer.singleShot(0, call)


class MainWindow(QMainWindow):
    """`closing` is called when the window is closed; `front` is there once it is furnished, and its attributes are the window's too."""

    def __init__(self, settings: "Settings") -> None:
        super().__init__()
        self.front: FrontDesk | None = None
        self.closing: Callable[[], object] = lambda: None
        self._settings = settings
        self.setWindowTitle(_("Kiosk kiểm soát y tế khu vực bỏ phiếu"))
        self.setMinimumSize(1180, 664)
        self.resize(1366, 768)
        self.curtain = Curtain()
        self.setCentralWidget(self.curtain)

    def furnish(self) -> "FrontDesk":
        """The front desk in place of the curtain; made when first asked for."""
        if self.front is None:
            from kiosk.ui.front import FrontDesk

            self.front = FrontDesk(self._settings)
            self.setCentralWidget(self.front)
            self.front.scan.setFocus()
        return self.front

    def __getattr__(self, name: str) -> Any:
        front = self.__dict__.get("front")
        if front is None:
            raise AttributeError(name)
        return getattr(front, name)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing()
        event.accept()
