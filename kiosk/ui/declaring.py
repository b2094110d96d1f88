"""The declaration's way through the window: who it is for and where it is made, the form opened with what is known, saved, and its verdict.

A form of this day that fell back to paper is keyed in here, too; a draft that a crash or a lock interrupted comes back.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from kiosk import words
from kiosk.domain import papernumber
from kiosk.domain.policy import expected, moment
from kiosk.domain.verdict import Act, Verdict
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.ui.choices import Choice
from kiosk.ui.services import DeclaredLike, Services

if TYPE_CHECKING:
    from kiosk.domain.declaration import Declaration
    from kiosk.ui.form_draft import Start
    from kiosk.ui.front import FrontDesk


class Declaring:
    """`prefill`: what the code on the card says of its person; `paper`: number and ms UTC of the paper form being keyed in."""

    def __init__(self, front: "FrontDesk") -> None:
        self._front = front
        self.prefill: dict[str, str] = {}
        self.paper: tuple[int, int] | None = None
        self._trouble: Code | None = None
        self._shown: Verdict | None = None  # what stood on the card when the form was opened

    def settle(self, services: Services) -> None:
        front = self._front
        place, form, keep = services.info.station, front.load_pages().form, services.keep_draft
        form.home = {"district": place.district, "ward": place.ward}
        form.alike, form.wall = front.lookups.alike, services.wall
        form.keep = lambda draft: front.desk.submit(lambda: keep(draft), self._kept, self._not_kept)
        form.show_view_only(front.view_only)

    def _kept(self, _none: None) -> None:
        self._trouble = None

    def _not_kept(self, error: KioskError) -> None:
        """Said once: the officer types on, and the draft is tried again with each pause."""
        if error.code is not self._trouble:
            self._trouble = error.code
            self._front.fault(error)

    def restore(self, draft: bytes) -> None:
        if draft and self._front.load_pages().form.restore(draft):
            self._front.tell(_("Có tờ khai đang làm dở: bấm F2 để làm tiếp."))

    def open_form(self) -> None:
        """F2: the form, for the card or ticket on the screen; on the form itself, for somebody of the same household."""
        front = self._front
        if front.services is None:
            return
        self.paper = None
        form, last = front.load_pages().form, front.last
        if front.pages.currentWidget() is form:
            form.same_household()
        elif last is not None and last.completes and front.scan.fresh:
            self.open_supplement(last.completes)
        elif front.lanes.post == "scan" and not front.scan.asking:
            aside = Choice(_("Đưa số, mời sang bàn khai hộ"), partial(front.acts.defer, "lane"))
            front.ask(_("Khai ở đâu?"), "", [aside, Choice(_("Khai ngay ở máy này"), self._open_here)], 1)
        else:
            self._open_here()

    def _open_here(self, asks: bool = True) -> None:
        front = self._front
        lookup = front.load_pages().lookup
        if front.pages.currentWidget() is lookup and not lookup.by_code:
            self.prefill = lookup.typed_person() or self.prefill
        last = front.last if front.scan.fresh else None
        ticket = last.ticket if last is not None and last.reason == "ticket_open" else 0
        start = self._start(prefill=self.prefill, ticket=ticket, person=front.acts.take_person())
        whose = front.load_pages().form.whose
        if asks and whose and last is not None and last is not self._shown and not (start.prefill or start.ticket):
            # a code was shown since: F2 means whoever stands here now, unless the officer says otherwise
            new = Choice(_("Tờ mới cho người vừa quét"), partial(self._open, start, True))
            old = Choice(_("Làm tiếp tờ đang dở của {name}").format(name=whose), partial(self._open, start))
            front.ask(_("Còn tờ đang khai dở"), _("Tờ mới thay tờ dở; tờ dở chưa được lưu."), [new, old], 1)
        else:
            self._open(start)

    def _open(self, start: "Start", anew: bool = False) -> None:
        front = self._front
        self._shown = front.last
        form = front.load_pages().form
        front.scan.leave_panel()
        front.lanes.enter()
        services = front.services
        if services is not None:
            place = services.info.station
            form.show_hamlets(place.hamlets, expected(place, words.hour_minute(services.wall())))
        form.show_policy(front.status.policy if front.status is not None else None)
        form.show_view_only(front.view_only)
        front.go(form)
        form.open(start, anew)

    def _start(self, **what: Any) -> "Start":
        from kiosk.ui.form_draft import Start

        return Start(**what)

    def open_ticket(self, number: int) -> None:
        """A number typed on the scan page: the declaration of whoever brought it; as locked as F2 is. A number of this laptop's own that
        it has not handed out is said before anything is asked."""
        front = self._front
        if front.services is not None and front.duty.allowed(2):
            station, prefill = front.services.station, self.prefill if front.scan.fresh else {}
            front.desk.submit(lambda: station.ticket_given(number), lambda given: self._open(self._start(ticket=given, prefill=prefill)))

    def open_supplement(self, event: str) -> None:
        """Khai bổ sung: the person's particulars as they were, the questions asked anew."""
        self._open_earlier(event, lambda fields: self._start(mode="supplement", completes=event, fields=fields))

    def open_correction(self, event: str) -> None:
        """The declaration with all its answers, to be saved as a correction."""
        self._open_earlier(event, lambda fields: self._start(corrects=event, fields=fields))

    def _open_earlier(self, event: str, start: Callable[[dict[str, Any]], "Start"]) -> None:
        front = self._front
        if front.services is None:
            return
        station = front.services.station

        def found(declared: DeclaredLike | None) -> None:
            if declared is None:
                front.tell(_("Tờ khai này không còn tính. Bấm F2 để khai mới."))
            else:
                self._open(start(declared.fields))

        front.desk.submit(lambda: station.declaration(event), found)

    def declare(self, said: "Declaration", deed: bytes, start: "Start") -> None:
        front = self._front
        if front.services is None:
            return
        station, form = front.services.station, front.load_pages().form
        if start.corrects:
            changes = dict.fromkeys(start.fields.keys() - said.fields.keys()) | said.fields
            reason = _("sửa theo lời cử tri")

            def refused(error: KioskError) -> None:
                form.refused(error)
                if error.code is Code.LEAD_NEEDED:
                    front.duty.ask_lead(lambda: self.declare(said, deed, start))

            front.desk.submit(lambda: station.correct(start.corrects, reason, False, changes), self._corrected, refused)
        elif self.paper is not None:
            (number, at), self.paper = self.paper, None
            keyed, not_keyed = partial(self._keyed_in, (number, at)), partial(self._paper_refused, (number, at))
            front.desk.submit(lambda: station.paper(number, at, said), keyed, not_keyed)
        else:
            front.desk.submit(lambda: station.declare(said, deed, start.ticket, start.completes), self._declared, form.refused)

    def _keyed_in(self, paper: tuple[int, int], verdict: Verdict) -> None:
        """What was not saved is still on its paper; a draft that had lost number and time would count as somebody who stands here."""
        front = self._front
        self._declared(verdict)
        if verdict.act is Act.NOT_SAVED:
            front.load_pages().form.clear()
            front.tell(words.keyed_in_vain(paper[0]))
        else:
            front.tell(words.keyed_in(*paper))

    def _paper_refused(self, paper: tuple[int, int], error: KioskError) -> None:
        """Form, number and time stay, to be put right."""
        self.paper = paper
        self._front.load_pages().form.refused(error)

    def key_in(self, number: str, clock: str) -> None:
        """A paper form of the fall-back folder: the ordinary form, saved under its number ("G017") and the time on it ("09:12")."""
        front = self._front
        found = papernumber.read(number)
        day = front.status.today.event_day if front.status else ""
        when = re.fullmatch(r"([01]?\d|2[0-3])[:hHgG. ]?([0-5]\d)", clock.strip())
        at = moment(day, f"{int(when[1]):02d}:{when[2]}") if when and day else None
        if found is None or at is None:
            front.tell(_("Cần số ở góc phải tờ giấy (G001–G9999) và giờ ghi trên giấy, ví dụ 09:12."))
            return
        self._open_here(asks=False)
        self.paper = (found, at)
        told = _("Đang nhập tờ khai giấy G{number}, giờ trên giấy {time}.")
        front.tell(told.format(number=f"{self.paper[0]:03d}", time=words.hour_minute(at)))

    def _corrected(self, _event: str) -> None:
        front = self._front
        front.go(front.scan)
        front.ready()
        front.tell(_("Đã lưu bản sửa."))
        front.load_pages().form.saved()

    def _declared(self, verdict: Verdict) -> None:
        front = self._front
        form = front.load_pages().form
        front.act_done(verdict)
        front.prints.after_declaring(verdict)
        if verdict.act is Act.NOT_SAVED:
            form.unlock()
        else:
            form.saved()
