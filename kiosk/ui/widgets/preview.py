"""The camera's picture: newest frame only, an aiming frame, found codes outlined. Painted from the array, never copied to a pixmap.

It polls a one-slot mailbox; a signal per frame would starve a slow machine.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui import theme
from kiosk.ui.widgets import icons

if TYPE_CHECKING:
    from kiosk.ui.threads import ScannerLike

POLL_MS = 12  # a frame waits at most so long for its paint; looking costs microseconds
OUTLINE_S = 0.4  # a found code stays outlined so long
RADIUS = 12.0


class Preview(QWidget):
    """Shows `scanner.latest`. `mirrored`: as in a mirror, for the person who aims; the code's box is mirrored with it."""

    def __init__(self, mirrored: bool = False) -> None:
        super().__init__()
        self.mirrored = mirrored
        self.scanner: ScannerLike | None = None
        self.first_painted: Callable[[], object] | None = None
        self._image, self._number = QImage(), -1
        self._held: object = None  # the array a QImage looks into must outlive it
        self._boxes: list[QPolygonF] = []
        self._boxes_at = 0.0
        self._asking = False
        self._notice = ""
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self.poll)

    def watch(self, scanner: "ScannerLike") -> None:
        self.scanner = scanner
        self._timer.start()

    def forget(self) -> None:
        """The picture leaves the screen and the memory, until `watch`."""
        self._timer.stop()
        self.scanner, self._image, self._held, self._number, self._boxes = None, QImage(), None, -1, []
        self.update()

    def set_notice(self, text: str) -> None:
        """A sentence in place of the picture while there is none."""
        if text != self._notice:
            self._notice = text
            self.update()

    @property
    def number(self) -> int:
        """The number of the frame on screen, -1 before the first."""
        return self._number

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        ratio = self._image.height() / self._image.width() if not self._image.isNull() else 9 / 16
        return round(width * min(ratio, 0.75))

    def sizeHint(self) -> QSize:
        return QSize(480, self.heightForWidth(480))

    def poll(self) -> None:
        """Takes the newest frame, if it is another one."""
        if self.scanner is None or not self.isVisible():
            return
        found = tuple(code.box for code in self.scanner.pick) or self.scanner.boxes
        self._asking = bool(self.scanner.pick)
        if found:
            self._boxes = [QPolygonF([QPointF(x, y) for x, y in box]) for box in found if len(box) >= 3]
            self._boxes_at = time.monotonic()
        elif self._boxes and time.monotonic() - self._boxes_at > OUTLINE_S:
            self._boxes = []
            self.update()
        frame = self.scanner.latest
        if frame is None or frame.number == self._number:
            return
        image = frame.image
        if not image.flags.c_contiguous:
            image = image.copy()
        height, width = image.shape[:2]
        form = QImage.Format.Format_BGR888 if image.ndim == 3 else QImage.Format.Format_Grayscale8
        resized = (width, height) != (self._image.width(), self._image.height())
        self._held, self._number = image, frame.number
        self._image = QImage(image.data, width, height, image.strides[0], form)
        if resized:
            self.updateGeometry()
        self.update()

    def paintEvent(self, _event: object) -> None:
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        clip = QPainterPath()
        clip.addRoundedRect(QRectF(self.rect()), RADIUS, RADIUS)
        painter.setClipPath(clip)
        painter.fillRect(self.rect(), QColor("#0B1220"))
        if self._image.isNull() or self._notice:
            self._paint_notice(painter)
        else:
            self._paint_frame(painter)
        painter.setClipping(False)
        painter.setPen(QPen(QColor(look.line), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.end()
        if self._number >= 0 and self.first_painted is not None:
            call, self.first_painted = self.first_painted, None
            call()

    def _paint_notice(self, painter: QPainter) -> None:
        area = QRectF(self.rect()).adjusted(32, 24, -32, -24)
        icons.draw(painter, "▢", QRectF(area.center().x() - 32, area.top() + area.height() / 2 - 84, 64, 64), QColor("#8A99AF"), 1.6)
        painter.setPen(QColor("#D7DFEA"))
        painter.setFont(theme.font(15))
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(area.adjusted(0, area.height() / 2 - 4, 0, 0), int(flags), self._notice)

    def _paint_frame(self, painter: QPainter) -> None:
        scale = max(self.width() / self._image.width(), self.height() / self._image.height())
        width, height = self._image.width() * scale, self._image.height() * scale
        painter.save()
        painter.translate((self.width() - width) / 2, (self.height() - height) / 2)
        if self.mirrored:
            painter.translate(width, 0)
            painter.scale(-1, 1)
        painter.scale(scale, scale)
        painter.drawImage(0, 0, self._image)
        for box in self._boxes:
            painter.setPen(QPen(QColor("#0B1220"), 9 / scale, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
            painter.drawPolygon(box)
            colour = QColor("#FBBF24" if self._asking else "#4ADE80")
            painter.setPen(QPen(colour, 5 / scale, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
            painter.drawPolygon(box)
        painter.restore()
        if self._asking:
            self._paint_numbers(painter, scale, width, height)
        side = min(self.width(), self.height()) * 0.78
        aim = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        icons.draw(painter, "▢", aim, QColor(0, 0, 0, 120), 0.9)
        icons.draw(painter, "▢", aim, QColor("#FFFFFF"), 0.45)

    def _paint_numbers(self, painter: QPainter, scale: float, width: float, height: float) -> None:
        """1, 2 … on the codes of a question, as they stand on the screen from left to right."""
        painter.setFont(theme.font(22, QFont.Weight.Bold))
        for number, box in enumerate(reversed(self._boxes) if self.mirrored else self._boxes, 1):
            at = box.boundingRect().center() * scale
            x = width - at.x() if self.mirrored else at.x()
            place = QRectF(x + (self.width() - width) / 2 - 24, at.y() + (self.height() - height) / 2 - 24, 48, 48)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor("#FBBF24"))
            painter.drawEllipse(place)
            painter.setPen(QColor("#0B1220"))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), str(number))
        painter.setBrush(Qt.BrushStyle.NoBrush)
