"""The officer's acts beside scanning: seen on the phone, void, begin the day, report, send now. Each runs on a lane."""

import os
from collections.abc import Callable
from typing import Protocol

from kiosk import words
from kiosk.domain.verdict import Verdict
from kiosk.i18n import _
from kiosk.ports import Sighting
from kiosk.ui import present
from kiosk.ui.choices import Choice
from kiosk.ui.services import Services, Status
from kiosk.ui.threads import Lane


class Front(Protocol):
    """What the acts need of the window."""

    services: Services | None
    status: Status | None
    last: Verdict | None

    def ask(self, title: str, note: str, choices: list[Choice]) -> None: ...
    def act_done(self, verdict: Verdict) -> None: ...
    def tell(self, text: str) -> None: ...
    def ready(self) -> None: ...


class Acts:
    """`desk`: for what is written; `slow`: for network and paper."""

    def __init__(self, front: Front, desk: Lane, slow: Lane) -> None:
        self._front, self._desk, self._slow = front, desk, slow

    def code(self, raw: bytes, engine: str) -> None:
        """A code typed by a scanner or pasted: the same path as the camera's."""
        services = self._front.services
        if services is not None:
            sighting = Sighting(os.urandom(8), raw, engine)
            self._desk.submit(lambda: services.station.scan(sighting), self._front.act_done)

    def ask_seen(self) -> None:
        """F5: the officer looked at the voter's own phone."""
        if self._front.services is not None:
            names = (_("Tờ khai của Bộ Y tế"), _("Hue-S: đã xác nhận đến"), _("Hue-S: tờ khai y tế"))
            choices = [Choice(name, self._seen(kind)) for name, kind in zip(names, ("moh", "arrival", "hues"), strict=True)]
            self._front.ask(_("Đã xem gì trên máy cử tri?"), _("Chỉ bấm khi đã tự mắt thấy. Mỗi lần bấm tính một lượt vào."), choices)

    def _seen(self, kind: str) -> Callable[[], None]:
        def act() -> None:
            services = self._front.services
            if services is not None:
                self._desk.submit(lambda: services.station.seen(kind), self._front.act_done)

        return act

    def ask_void(self) -> None:
        """F4: the last arrival, voided by a new event with a reason."""
        services, target = self._front.services, self._voidable()
        if services is None:
            return
        if target is None:
            self._front.tell(_("Chưa có lượt nào để sửa."))
            return
        event, number, at = target
        spoken = present.number_text(services.info.label, number)
        reasons = (_("Bấm nhầm"), _("Ghi trùng một người"), _("Nhầm người"))
        note = _("Lượt {number}, ghi lúc {time}. Lượt cũ vẫn giữ trong nhật ký, chỉ không tính nữa. Chọn lý do:")
        choices = [Choice(reason, self._void(event, reason, spoken)) for reason in reasons]
        self._front.ask(_("Hủy lượt vừa ghi?"), note.format(number=spoken, time=words.hour_minute(at)), choices)

    def _voidable(self) -> tuple[str, int, int] | None:
        """(event, number, at) of the arrival on the card, else of today's newest that counts."""
        last, status = self._front.last, self._front.status
        if last is not None and last.arrival and last.event and last.number:
            return last.event, last.number, last.at
        lines = status.today.last if status else ()
        return next(((line.event, line.number, line.at) for line in lines if not line.voided and line.number), None)

    def _void(self, event: str, reason: str, spoken: str) -> Callable[[], None]:
        def done(_event: str) -> None:
            if self._front.last is not None and self._front.last.event == event:
                self._front.last = None
            self._front.ready()
            self._front.tell(_("Đã hủy lượt {number}.").format(number=spoken))

        def act() -> None:
            services = self._front.services
            if services is not None:
                self._desk.submit(lambda: services.station.correct(event, reason, True), done)

        return act

    def ask_day(self) -> None:
        """The clocks do not say which day it is: the lead picks."""
        days = self._front.status.days if self._front.status else ()
        choices = [Choice(present.day_text(day), self._begin(day)) for day in days]
        self._front.ask(_("Bắt đầu ngày nào?"), _("Người phụ trách lối vào chọn ngày làm việc."), choices)

    def _begin(self, day: str) -> Callable[[], None]:
        def act() -> None:
            services = self._front.services
            if services is not None:
                self._desk.submit(lambda: services.station.begin_day(day), lambda _none: services.look())

        return act

    def sync_now(self) -> None:
        """Ctrl+S."""
        services = self._front.services
        if services is not None:
            self._front.tell(_("Đang gửi về tỉnh…"))
            self._slow.submit(services.sync_now, lambda _none: services.look())
