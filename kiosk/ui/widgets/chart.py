"""Arrivals by the hour, painted by us in a millisecond."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.i18n import _
from kiosk.ui import theme

FIRST, LAST = 5, 20  # polling may open from 05:00 and close by 21:00


class HourChart(QWidget):
    """Bars with their numbers. `counts`: hour of the day (0-23, Vietnam) -> people."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[int, int] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(176)

    def sizeHint(self) -> QSize:
        return QSize(640, 240)

    def show_counts(self, counts: dict[int, int]) -> None:
        self.counts = dict(counts)
        spoken = _("{hour} giờ: {count}")
        self.setAccessibleDescription("; ".join(spoken.format(hour=hour, count=count) for hour, count in sorted(counts.items())))
        self.update()

    def hours(self) -> range:
        """Polling hours, widened by what really came."""
        return range(min([FIRST, *self.counts]), max([LAST, *self.counts]) + 1)

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = theme.current()
        hours, top = self.hours(), max([*self.counts.values(), 1])
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        slot, base = self.width() / len(hours), self.height() - 28
        full = base - 28
        painter.fillRect(QRectF(0, base, self.width(), 1), QColor(look.edge))
        busiest = max(self.counts, key=lambda h: self.counts[h], default=-1)
        for n, hour in enumerate(hours):
            count, left = self.counts.get(hour, 0), n * slot
            painter.setPen(QColor(look.soft))
            painter.setFont(theme.font(12, figures=True))
            painter.drawText(QRectF(left, base + 4, slot, 24), int(Qt.AlignmentFlag.AlignCenter), str(hour))
            if not count:
                continue
            high = max(3.0, full * count / top)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(look.accent))
            painter.drawRoundedRect(QRectF(left + slot * 0.14, base - high, slot * 0.72, high), 3, 3)
            painter.setPen(QColor(look.ink))
            painter.setFont(theme.font(13, QFont.Weight.Bold if hour == busiest else QFont.Weight.Medium, figures=True))
            painter.drawText(QRectF(left, base - high - 26, slot, 24), int(Qt.AlignmentFlag.AlignCenter), str(count))
        painter.end()
