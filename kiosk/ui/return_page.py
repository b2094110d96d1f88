"""What leaves this laptop: a closed day once the province has opened it, and everything before a borrowed laptop goes back. The lead's.

Words say what goes, what stays, and why not yet. Both acts close the journal for a moment and come back with other services.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QWidget

from kiosk import words
from kiosk.i18n import _
from kiosk.ports import Order
from kiosk.ui.prints import Prints
from kiosk.ui.services import Services, StayLike
from kiosk.ui.threads import Lane
from kiosk.ui.widgets.basics import PlainLabel, button, clear, column, panel, row, rule
from kiosk.ui.widgets.fields import line_edit

SHOWN = 3  # days; a laptop is lent for one or two
WHY_SHOWN = 2


class Front(Protocol):
    """What the page needs of the window."""

    services: Services | None

    def tell(self, text: str) -> None: ...


class ReturnPage(QWidget):
    """Keys 1 to 3 purge the day of that line, D goes to the field of the kiosk's name, Enter in it cleans the laptop, Esc goes back."""

    def __init__(self, front: Front, slow: Lane, prints: Prints, back: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._front, self._slow, self._prints = front, slow, prints
        self.label = ""
        self.days: list[Callable[[], object]] = []
        self._rows = column(gap=10)
        head = PlainLabel(_("Xóa dữ liệu của ngày đã chốt"), 20, QFont.Weight.DemiBold)
        goes, stays = PlainLabel(words.purge_goes(), 15, wrap=True), PlainLabel(words.purge_stays(), 15, soft=True, wrap=True)
        left = panel(column(head, goes, stays, rule(), self._rows, None, gap=12, margin=24))
        self.why = PlainLabel("", 14, QFont.Weight.DemiBold, wrap=True)
        self.reason = line_edit(200, _("lý do vẫn dọn (cắm USB trước)"))
        self.name = line_edit(12, "")
        self.clean = button(_("Dọn sạch máy"), self.remove)
        self.ask = PlainLabel("", 15, wrap=True)
        self.reason.returnPressed.connect(self.remove)
        self.name.returnPressed.connect(self.remove)
        other = PlainLabel(_("D · Dọn máy để trả"), 20, QFont.Weight.DemiBold)
        all_, rest = PlainLabel(words.remove_goes(), 15, wrap=True), PlainLabel(words.remove_stays(), 15, soft=True, wrap=True)
        right = panel(
            column(other, all_, rest, rule(), self.why, self.reason, None, self.ask, row(self.name, self.clean, gap=8), gap=8, margin=24)
        )
        right.setFixedWidth(600)
        body = row(left, right, gap=16)
        body.setStretch(0, 1)
        title = PlainLabel(_("Xóa dữ liệu, trả máy (người phụ trách)"), 24, QFont.Weight.Bold)
        layout = column(row(title, None, button(_("Esc · Quay lại"), back)), body, gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def look(self) -> None:
        """On the slow lane: whether a day may go is asked of the whole journal."""
        services = self._front.services
        if services is not None and services.leaving is not None:
            self._slow.submit(services.leaving().look, self.show_stay)

    def show_stay(self, stay: StayLike) -> None:
        self.label = stay.label
        clear(self._rows)
        self.days = []
        for day in stay.days[:SHOWN]:
            self._rows.addWidget(self._line(day.day, day.purged, day.why, day.until))
        if not stay.days:
            self._rows.addWidget(PlainLabel(_("Máy này chưa mở ngày nào."), 16, wrap=True))
        why = words.why_not(stay.why)
        more = [_("và {n} lý do nữa").format(n=len(why) - WHY_SHOWN)] if len(why) > WHY_SHOWN else []
        self.why.setText("\n".join([*why[:WHY_SHOWN], *more]) or _("Dọn được: tỉnh đã mở đủ, mọi ngày đã chốt."))
        self.reason.setVisible(bool(stay.why))
        self.ask.setText(_("Gõ tên máy này ({label}) rồi bấm nút:").format(label=stay.label))
        self.name.setPlaceholderText(stay.label)

    def _line(self, day: str, purged: bool, why: Mapping[str, int], until: int | None) -> QWidget:
        """One day: its key, how it stands, and the button that may act."""
        number = len(self.days) + 1
        name = PlainLabel(_("{number} · Ngày {day}").format(number=number, day=words.day(day)), 18, QFont.Weight.DemiBold)
        if purged:
            act, text, told = partial(self._certificate, day), _("In biên bản xóa"), _("Đã xóa khỏi máy; bản mã hóa còn lại.")
        else:
            act, text = partial(self.purge, day), _("Xóa dữ liệu ngày này")
            told = "\n".join(words.why_not(why)) if why else self._until(until)
        made, line = button(text, act), QWidget()
        made.setEnabled(purged or not why)
        self.days.append(made.click)
        layout = row(column(name, PlainLabel(told, 14, soft=not why, wrap=True), gap=4), made, gap=16)
        layout.setStretch(0, 1)
        layout.setAlignment(made, Qt.AlignmentFlag.AlignTop)
        line.setLayout(layout)
        return line

    @staticmethod
    def _until(until: int | None) -> str:
        if until is None:
            return _("Xóa được: tỉnh đã mở đủ.")
        return _("Xóa được: tỉnh đã mở đủ. Máy tự xóa sau {when}.").format(when=words.day_month_time(until))

    def _certificate(self, day: str) -> None:
        self._prints.order(Order("certificate", day))

    def purge(self, day: str) -> None:
        services = self._front.services
        if services is not None:
            services.purge(day)

    def remove(self) -> None:
        """The name is typed, so that nobody cleans a laptop by one wrong key."""
        services, typed = self._front.services, self.name.text().strip()
        if services is None or not self.label:
            return
        if typed.casefold() != self.label.casefold():
            self._front.tell(_("Gõ đúng tên máy ({label}) để dọn.").format(label=self.label))
            self.name.setFocus()
            return
        services.remove(self.reason.text().strip() if not self.reason.isHidden() else "")

    def hide_personal(self) -> None:
        self.name.clear()
        self.reason.clear()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.text().casefold()
        if key.isdigit() and 1 <= int(key) <= len(self.days):
            self.days[int(key) - 1]()
        elif key == "d":
            self.name.setFocus()
        else:
            super().keyPressEvent(event)
