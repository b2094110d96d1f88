"""The officer's acts beside scanning: seen on the phone, in first, exit, void, begin the day, send now. Each runs on a lane."""

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from kiosk import words
from kiosk.domain.verdict import Act, Verdict
from kiosk.i18n import N_, _, gettext
from kiosk.ports import Sighting
from kiosk.ui import present
from kiosk.ui.choices import Choice
from kiosk.ui.services import Desk, LineLike, Services, Status
from kiosk.ui.threads import Lane

if TYPE_CHECKING:
    from kiosk.ui.declaring import Declaring
    from kiosk.ui.lanes import Lanes
    from kiosk.ui.prints import Prints

VOTER = "voter"
REASONS = ("refused", "not_yet", "closing")
VOID_REASONS = (N_("Bấm nhầm"), N_("Ghi trùng một người"), N_("Nhầm người"), N_("Lý do khác, đã ghi sổ trực"))
COUNTED = frozenset({Act.COME_IN, Act.HEALTH_DESK, Act.DEFERRED, Act.TO_TABLE, Act.LEFT, Act.DECLARED})


class Front(Protocol):
    """What the acts need of the window."""

    services: Services | None
    status: Status | None
    last: Verdict | None

    @property
    def lanes(self) -> "Lanes": ...
    @property
    def prints(self) -> "Prints": ...
    @property
    def declaring(self) -> "Declaring": ...

    def ask(self, title: str, note: str, choices: list[Choice], default: int = 0) -> None: ...
    def deferred(self, verdict: Verdict) -> None: ...
    def shown_person(self) -> str: ...
    def shown_subjects(self) -> tuple[str, ...]: ...
    def chosen_line(self) -> LineLike | None: ...
    def choose_line(self) -> None: ...
    def open_today(self) -> None: ...
    def act_done(self, verdict: Verdict) -> None: ...
    def tell(self, text: str) -> None: ...
    def ready(self) -> None: ...


class Acts:
    """`desk`: for what is written; `slow`: for network and paper."""

    def __init__(self, front: Front, desk: Lane, slow: Lane) -> None:
        self._front, self._desk, self._slow = front, desk, slow
        self.person = VOTER  # of the next arrival
        self._voided: set[str] = set()  # just now: today's list may not have heard of it

    def code(self, raw: bytes, engine: str) -> None:
        """A code typed by a scanner or pasted: the same path as the camera's."""
        if self._front.services is not None:
            sighting, take = Sighting(os.urandom(8), raw, engine), self._front.lanes.take
            self._desk.submit(lambda: take(sighting), self._front.act_done)

    # -- F5 -------------------------------------------------------------------------------------------------------

    def ask_seen(self) -> None:
        """F5: the officer looked at the voter's own phone; at the exit, somebody went out whose code cannot be told."""
        if self._front.services is None:
            return
        if self._front.lanes.exiting:
            self.leave()
            return
        names = (_("Tờ khai của Bộ Y tế"), _("Hue-S: đã xác nhận đến"), _("Hue-S: tờ khai y tế"))
        choices = [Choice(name, partial(self._seen, kind)) for name, kind in zip(names, ("moh", "arrival", "hues"), strict=True)]
        note = _("Chỉ bấm khi đã tự mắt thấy. Mỗi lần bấm tính một lượt vào.")
        self._front.ask(self._whose(_("Đã xem gì trên máy cử tri?")), note, [*choices, self._others(self.ask_seen)])

    def _seen(self, kind: str) -> None:
        person = self.take_person()
        self._act(lambda station: station.seen(kind, person=person))

    def _others(self, back: Callable[[], object]) -> Choice:
        """The choice "not a voter", which comes back to the question."""

        def pick(person: str) -> None:
            self.person = person
            back()

        def ask() -> None:
            kinds = [Choice(words.label(words.PERSONS, kind), partial(pick, kind)) for kind in words.PERSONS]
            self._front.ask(_("Là ai?"), _("Chỉ tính cho lượt tới. Ai cũng được ghi lượt đến như nhau."), kinds)

        return Choice(_("Không phải cử tri…"), ask)

    def _whose(self, title: str) -> str:
        if self.person == VOTER:
            return title
        return _("{person}: {title}").format(person=words.label(words.PERSONS, self.person), title=title)

    def take_person(self) -> str:
        """Who the next arrival is; after it everybody is a voter again."""
        person, self.person = self.person, VOTER
        return person

    def _act(self, work: Callable[[Desk], Verdict], done: Callable[[Verdict], object] | None = None) -> None:
        services = self._front.services
        if services is not None:
            station = services.station
            self._desk.submit(lambda: work(station), done or self._front.act_done)

    # -- F11 ------------------------------------------------------------------------------------------------------

    def ask_defer(self) -> None:
        """F11: in first, declare later. Enter takes "closing soon" in the last minutes; the numbers never move."""
        if self._front.services is None:
            return
        status, card = self._front.status, self._front.shown_person()
        waiting = len(status.today.waiting_tickets) if status is not None else 0
        choices = [Choice(words.label(words.DEFER_REASONS, reason), partial(self.defer, reason)) for reason in REASONS]
        choices.append(Choice(_("Đưa số, mời sang bàn khai hộ"), partial(self.defer, "lane")))
        choices.append(Choice(_("Phiếu chưa khai: {count}").format(count=waiting), self._front.open_today))
        note = _("Phiếu có số, không ghi gì về sức khỏe. Mời vào ngay; khai khi ra.")
        if card:
            note = _("Phiếu gắn với thẻ vừa quét ({person}), trừ khi cử tri từ chối. Không ghi gì về sức khỏe.").format(person=card)
        default = 3 if self._front.lanes.closing else 0
        self._front.ask(self._whose(_("Vào trước, khai sau: vì sao?")), note, [*choices, self._others(self.ask_defer)], default)

    def defer(self, reason: str) -> None:
        """A ticket, for the card that still stands on the screen if there is one."""
        subjects, person = self._front.shown_subjects(), self.take_person()
        self._act(lambda station: station.defer(reason, subjects=subjects, person=person), self._front.deferred)

    def leave(self, ticket: int = 0) -> None:
        """An exit by ticket number, or nameless."""
        self._act(lambda station: station.leave_by(ticket=ticket))

    def number(self, number: int) -> None:
        """A number and Enter on the scan page: at the exit the ticket is closed, else its declaration is opened."""
        if self._front.lanes.exiting:
            self.leave(number)
        else:
            self._front.declaring.open_ticket(number)

    # -- F4 -------------------------------------------------------------------------------------------------------

    def ask_void(self) -> None:
        """F4: the deed chosen in today's list, else the last one; voided by a new event with a reason."""
        if self._front.services is None:
            return
        line = self._front.chosen_line() or self._last_line()
        if line is None:
            self._front.tell(_("Chưa có lượt nào để sửa."))
            return
        if line.voided:
            self._front.tell(_("Lượt này đã hủy rồi."))
            return
        spoken = present.line_text(self._front.services.info.label, line)
        choices = [Choice(gettext(reason), partial(self.void, line.event, gettext(reason), spoken)) for reason in VOID_REASONS]
        choices.append(Choice(_("Lượt khác trong ngày…"), self._front.choose_line))  # its number never moves
        if line.declaration:
            choices.append(Choice(_("Sửa tờ khai"), partial(self._front.declaring.open_correction, line.declaration)))
            choices.append(Choice(_("Khai bổ sung"), partial(self._front.declaring.open_supplement, line.declaration)))
        note = _("{what}, ghi lúc {time}. Lượt cũ vẫn giữ trong nhật ký, gạch ngang, không tính nữa. Chọn lý do:")
        self._front.ask(_("Sửa hoặc hủy?"), note.format(what=spoken, time=words.hour_minute(line.at)), choices)

    def _last_line(self) -> LineLike | None:
        """The deed on the card, else today's newest that counts."""
        last, status = self._front.last, self._front.status
        lines = status.today.last if status else ()
        if last is not None and last.event and last.act in COUNTED:
            known = next((line for line in lines if line.event == last.event), None)
            return known or present.line_of(last)
        return next((line for line in lines if not line.voided and line.event not in self._voided), None)

    def void(self, event: str, reason: str, spoken: str) -> None:
        """The whole deed: declaration and arrival, ticket and arrival."""

        def done(_event: str) -> None:
            self._voided.add(event)
            if self._front.last is not None and self._front.last.event == event:
                self._front.last = None
            self._front.ready()
            self._front.tell(_("Đã hủy: {what}.").format(what=spoken))

        services = self._front.services
        if services is not None:
            station = services.station
            self._desk.submit(lambda: station.correct(event, reason, True, None, True), done)

    def ask_day(self) -> None:
        """The clocks do not say which day it is: the lead picks."""
        days = self._front.status.days if self._front.status else ()
        choices = [Choice(words.day(day), self._begin(day)) for day in days]
        self._front.ask(_("Bắt đầu ngày nào?"), _("Người phụ trách lối vào chọn ngày làm việc."), choices)

    def _begin(self, day: str) -> Callable[[], None]:
        def act() -> None:
            services = self._front.services
            if services is not None:
                self._desk.submit(lambda: services.station.begin_day(day), lambda today: self._begun(services, day, today))

        return act

    def _begun(self, services: Services, day: str, today: str) -> None:
        """The fall-back folder belongs on the table before the first voter; not printing it is said, not forgotten."""
        services.look()
        skipped = _("Không in bộ giấy dự phòng. Cần thì bấm F8 rồi phím 4.")
        choices = [
            Choice(_("In 50 tờ khai, sổ và thẻ hỏi"), self._front.prints.folder),
            Choice(_("Đã có giấy, không in"), lambda: self._front.tell(skipped)),
        ]
        note = _("Để làm tiếp bằng giấy khi máy hỏng.")
        self._front.ask(_("In bộ giấy dự phòng?"), words.another_day(day, today) if today else note, choices)

    def sync_now(self) -> None:
        """Ctrl+S."""
        services = self._front.services
        if services is not None:
            self._front.tell(_("Đang gửi về tỉnh…"))
            self._slow.submit(services.sync_now, lambda _none: services.look())
