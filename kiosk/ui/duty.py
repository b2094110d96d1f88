"""Duty: signing in, locking, handing over, a lead's word; between guard, pages and roster. PINs are checked on the desk lane."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.ui.guard import Guard, State
from kiosk.ui.signin_page import Asked, Person

if TYPE_CHECKING:
    from kiosk.security.officers import Standing
    from kiosk.store.audit import Entry
    from kiosk.ui.front import FrontDesk
    from kiosk.ui.roster import Roster

FREE_WHEN_HIDDEN = frozenset({5, 6, 7, 11})  # keys that neither show nor ask for a person


def people(found: "Sequence[Standing]") -> list[Person]:
    """Two of one name are told apart by their ids, which the province gave them on paper."""
    bearers = Counter(one.name for one in found)
    names = {one.id: one.name if bearers[one.name] == 1 else f"{one.name} ({one.id})" for one in found}
    return [Person(one.id, names[one.id], one.role, one.pin, one.wait_s, one.phrase) for one in found]


class Duty:
    """`leave`: what ends the opened journal at sign-out (app.py gives it)."""

    def __init__(self, front: "FrontDesk") -> None:
        self._front = front
        self.guard = Guard(front, self._changed)
        self.leave: Callable[[], object] = lambda: None
        self._handing = False
        self._must = False  # the first lead's PIN has to be set before anything else

    @property
    def roster(self) -> "Roster | None":
        services = self._front.services
        return services.roster if services is not None else None

    @property
    def hidden(self) -> bool:
        """Names stay off the screen."""
        return self.guard.state is not State.OPEN

    # -- start ------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The journal is open: from now on the guard looks. A station with leads and no PIN asks for the first one."""
        roster = self.roster
        self.guard.armed = roster is not None
        if roster is None:
            return
        self.show_officer()
        if self.guard.state is not State.OPEN:
            self.guard.release()
        self._front.desk.submit(roster.standings, self._first)

    def _first(self, found: "Sequence[Standing]") -> None:
        roster = self.roster
        if roster is None:
            return
        leads = [one for one in found if one.role == "lead"]
        self._must = bool(leads) and not roster.secured
        if self._must:
            self._pin_page(leads[0].id, leads[0].name, None)
            return
        mine = next((one for one in found if roster.officer is not None and one.id == roster.officer.id), None)
        if mine is not None and mine.pin == "first":
            self._must = roster.phrase_needed  # until then a short PIN and a file are all that a thief needs
            self._pin_page(mine.id, mine.name, None if self._must else self._front.home_page, later=not self._must)

    def offer(self, found: "Sequence[Standing]", submit: Callable[[str, str], object]) -> None:
        """The journal is closed: who opens it?"""
        note = _("Chọn tên, gõ mã của mình. Chưa đăng nhập thì máy không đọc được dữ liệu đã lưu.")
        self._ask(Asked(_("Đăng nhập"), note, _("Enter · Đăng nhập"), submit), people(found))

    def look(self) -> None:
        """After each look at how things stand: the feed may have taken whoever is on duty off the list."""
        roster = self.roster
        if roster is not None and roster.withdrawn and self.guard.state is not State.STOPPED:
            self.show_officer()
            self.guard.stop("withdrawn")

    def show_officer(self) -> None:
        officer = self.roster.officer if self.roster is not None else None
        self._front.head.show_officer(officer.name if officer else "")

    def note(self, what: str, **facts: str) -> None:
        """An audit fact of the window's own."""
        roster = self.roster
        if roster is not None:
            self._front.desk.submit(lambda: roster.note(what, **facts), lambda _none: None)

    # -- lock -------------------------------------------------------------------------------------------------------

    def lock(self) -> None:
        """F12."""
        self.guard.stop("key")

    def allowed(self, number: int) -> bool:
        """Whether the key may act now; if not, the page that asks for the PIN opens."""
        if self._must:
            return False
        if self.guard.state is State.OPEN or (self.guard.state is State.HIDDEN and number in FREE_WHEN_HIDDEN):
            return True
        self.ask_unlock()
        return False

    def _changed(self, state: State, why: str) -> None:
        front, roster = self._front, self.roster
        if state is State.OPEN:
            front.keys.setEnabled(True)
            front.show_personal()
            return
        front.hide_personal()
        front.keys.setEnabled(state is State.HIDDEN)
        if roster is not None and not self._handing:
            self.note("locked", state=state.value, why=why)
        if state is State.STOPPED and not self._handing:
            self.ask_unlock()

    def escape(self) -> bool:
        """Esc: True if it was for a page of ours. A stopped window has no way round the PIN."""
        pages, page = self._front.more, self._front.pages.currentWidget()
        if self._must or self.guard.state is State.STOPPED:
            return True
        if pages is not None and page in (pages.signin, pages.pin):
            pages.signin.leave() if page is pages.signin else pages.pin.leave()
            return True
        return False

    def may_show(self, page: QWidget) -> bool:
        """False for whatever comes home late while the window is stopped."""
        pages = self._front.more
        if self._must:
            return pages is not None and page is pages.pin
        return self.guard.state is not State.STOPPED or (pages is not None and page in (pages.signin, pages.lock))

    def ask_unlock(self) -> None:
        """The lock page; where nobody has a PIN, one key opens it."""
        roster = self.roster
        if roster is None:
            return
        if not roster.secured:
            if self.guard.state is State.HIDDEN:
                self._released(None)
                return
            self._front.load_pages().lock.show_open(lambda: self._released(None))
            self._front.go(self._front.load_pages().lock)
            return
        self._front.desk.submit(roster.standings, self._ask_unlock)

    def _ask_unlock(self, found: "Sequence[Standing]") -> None:
        roster = self.roster
        if roster is None or self.guard.state is State.OPEN:
            return
        stopped = self.guard.state is State.STOPPED
        title = _("MÁY ĐANG KHÓA") if stopped else _("Tên đang ẩn")
        note = (
            _("Máy không quét khi khóa; vẫn gửi về tỉnh. Cử tri đến lúc này: ghi sổ giấy, mời vào.")
            if stopped
            else _("Ba phút không ai bấm phím: máy ẩn tên, vẫn quét. Gõ mã để làm việc tiếp.")
        )
        if roster.withdrawn:
            gone = _("Danh sách cán bộ của tỉnh không còn {name}. Việc đã làm được giữ nguyên. Người khác đăng nhập để quét tiếp.")
            note = gone.format(name=roster.withdrawn)
        back = None if stopped else self._front.home_page
        chosen = roster.officer.id if roster.officer else ""
        asked = Asked(title, note, _("Enter · Mở khóa"), self._unlock, back, chosen=chosen)
        self._ask(asked, people(found))

    def _unlock(self, officer: str, pin: str) -> None:
        roster = self.roster
        if roster is not None:
            self._front.desk.submit(lambda: roster.sign_in(officer, pin), self._released, self._front.load_pages().signin.refused)

    def _released(self, _officer: object) -> None:
        self._handing = False
        self.show_officer()
        self.guard.release()
        self._front.home_page()
        if self.roster is not None and self.roster.secured:
            self._front.desk.submit(self.roster.standings, self._first)

    # -- shift ------------------------------------------------------------------------------------------------------

    def open_shift(self) -> None:
        """F1."""
        roster = self.roster
        if roster is not None and self.allowed(1):
            self._front.go(self._front.load_pages().shift)
            self._front.desk.submit(roster.standings, self._show_shift)

    def _show_shift(self, found: "Sequence[Standing]") -> None:
        roster = self.roster
        if roster is not None:
            me = roster.officer.id if roster.officer else ""
            self._front.load_pages().shift.show_people(me, people(found), roster.phrase_needed)

    def hand_over(self) -> None:
        """Step one: the officer on duty ends the stay; step two: the next one signs in. Scanning waits in between."""
        roster = self.roster
        if roster is None or roster.officer is None:
            return
        leaving = roster.officer.id
        self._handing = True
        self.guard.stop("hand_over")

        def ask(found: "Sequence[Standing]") -> None:
            listed = sorted(people(found), key=lambda one: one.id == leaving)  # who leaves stands last
            note = _("Người nhận ca chọn tên và gõ mã của mình. Ca trước đã kết thúc.")
            self._ask(Asked(_("Nhận ca"), note, _("Enter · Nhận ca"), self._unlock), listed)

        self._front.desk.submit(lambda: roster.sign_out("hand_over"), lambda _none: self._front.desk.submit(roster.standings, ask))

    def sign_out(self) -> None:
        """The stay ends, and the key leaves the memory: nothing is sent until somebody signs in."""
        roster = self.roster
        if roster is not None and roster.officer is not None:
            self._front.hide_personal()
            self._front.desk.submit(lambda: roster.sign_out("sign_out"), lambda _none: self.leave())

    # -- a lead's word ----------------------------------------------------------------------------------------------

    def ask_lead(self, retry: Callable[[], object]) -> None:
        """An act was refused because it is a lead's: the lead gives the PIN, and the act is tried once more."""
        roster = self.roster
        if roster is None:
            return

        def ask(found: "Sequence[Standing]") -> None:
            leads = [one for one in people(found) if one.role == "lead"]
            note = _("Việc này của người phụ trách lối vào. Người phụ trách gõ mã của mình, cho một lần.")
            self._ask(Asked(_("Mời người phụ trách"), note, _("Enter · Cho phép"), vouch, self._front.back), leads)

        def vouch(officer: str, pin: str) -> None:
            self._front.desk.submit(lambda: roster.vouch(officer, pin), done, self._front.load_pages().signin.refused)

        def done(_lead: object) -> None:
            self._front.home_page()
            retry()

        self._front.desk.submit(roster.standings, ask)

    # -- PINs -------------------------------------------------------------------------------------------------------

    def ask_pin(self, officer: str) -> None:
        roster = self.roster
        if roster is not None:
            self._front.desk.submit(lambda: roster.officers.find(officer), lambda one: self._pin_page(one.id, one.name, self.open_shift))

    def _pin_page(self, officer: str, name: str, back: Callable[[], object] | None, later: bool = False) -> None:
        roster = self.roster
        if roster is not None:
            page = self._front.load_pages().pin
            page.ask(officer, name, roster.phrase_needed, self._set_pin, back, later)
            self._front.go(page)

    def _set_pin(self, officer: str, pin: str) -> None:
        roster = self.roster
        if roster is None:
            return

        def done(_standing: object) -> None:
            self._must = False
            self._front.load_pages().pin.hide_personal()
            self.show_officer()
            self._front.home_page()
            self._front.tell(_("Đã lưu mã mới."))

        def refused(error: KioskError) -> None:
            if error.code is Code.LEAD_NEEDED:
                self.ask_lead(lambda: self._set_pin(officer, pin))
            else:
                self._front.load_pages().pin.refused(error)

        self._front.desk.submit(lambda: roster.set_pin(officer, pin), done, refused)

    def drop_pin(self, officer: str) -> None:
        self._change(lambda roster: roster.drop(officer))

    def clear_wait(self, officer: str) -> None:
        self._change(lambda roster: roster.clear_wait(officer))

    def _change(self, act: "Callable[[Roster], Any]") -> None:
        roster = self.roster
        if roster is not None:
            self._front.desk.submit(lambda: act(roster), lambda _none: self.open_shift())

    def open_audit(self) -> None:
        """The lead's; for anybody else the lead gives the PIN first."""
        roster = self.roster
        if roster is not None:
            self._front.desk.submit(lambda: (roster.audited(), roster.standings()), self._show_audit)

    def _show_audit(self, found: "tuple[Sequence[Entry], Sequence[Standing]]") -> None:
        page = self._front.load_pages().audit
        page.show_entries(found[0], {one.id: one.name for one in found[1]})
        self._front.go(page)

    def export_audit(self) -> None:
        roster = self.roster
        if roster is not None:
            done = _("Nhật ký thao tác ở tệp {file}")
            self._front.slow.submit(roster.export_audit, lambda file: self._front.tell(done.format(file=file)))

    def _ask(self, asked: Asked, found: list[Person]) -> None:
        page = self._front.load_pages().signin
        page.ask(asked, found)
        self._front.go(page)
