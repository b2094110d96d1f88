"""What leaves this laptop, as the window does it: a closed day by a lead's word or when its time has come, or all of it (kiosk/leaving.py).

The journal is closed for the moment in which it is made anew: the lanes are emptied first, and the window goes on with what is there then.
"""

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from kiosk import log
from kiosk.errors import KioskError
from kiosk.i18n import _

if TYPE_CHECKING:
    from kiosk.app import Program
    from kiosk.compose import Parts
    from kiosk.leaving import Leaving
    from kiosk.store.outbox import Counts
    from kiosk.ui.services import Services


class Departing:
    """One for the program. Public calls are the UI thread's, but `overdue` (the desk lane's) and `look` (the status thread's)."""

    def __init__(self, program: "Program") -> None:
        self._program = program
        self._due_seen: tuple[tuple[str, ...], int] | None = None

    @staticmethod
    def leaving(parts: "Parts") -> "Leaving":
        from kiosk.leaving import Leaving

        return Leaving(parts)

    def overdue(self, parts: "Parts") -> "Parts":
        """Before the first scan: days whose time here is over by the policy go. Whatever stops that is looked at again later."""
        if not parts.overdue():
            return parts
        from kiosk import compose, leaving

        for day in leaving.due(parts):
            held, done = parts.held, None
            parts.close()
            with contextlib.suppress(KioskError):
                done = leaving.purge_day(self._program.home, day, held, leaving.POLICY, self._program.clock)
            program, held = self._program, done.held if done is not None else held
            parts = compose.open_parts(program.home, program.settings, program.clock, held=held)
            if done is None:
                break
            leaving.after_purge(parts, done)
        return parts

    def purge(self, day: str) -> None:
        """On the UI thread: the lead's word, then the lanes are emptied, then the journal closes for a moment."""
        self._led("purge", lambda by: self._without_journal(lambda: self._purged(day, by)))

    def look(self, parts: "Parts", counts: "Counts") -> None:
        """On the status thread: a day whose time here is over. Looked at anew when the province has opened more."""
        seen = (tuple(parts.overdue()), counts.opened)
        if not seen[0] or seen == self._due_seen or self._program.front is None:
            return
        from kiosk import leaving
        from kiosk.ui.threads import Result

        self._due_seen = seen
        for day in leaving.due(parts)[:1]:
            self._program.desk.home.arrived.emit(Result(self._purge_due, day))

    def _purge_due(self, day: str) -> None:
        """On the UI thread: only while nobody works here. Else the next look tries again."""
        from kiosk import leaving

        front, state = self._program.desk, self._program.desk.duty.guard.state.value
        working = bool(front.status and front.status.today.event_day) or (state == "open" and front.pages.currentWidget() is not front.scan)
        if self._program.parts is None or (working and state != "stopped"):
            self._due_seen = None
        else:
            self._without_journal(lambda: self._purged(day, leaving.POLICY))

    def _led(self, task: str, act: "Callable[[str], object]") -> None:
        if self._program.parts is not None:
            station = self._program.parts.station  # the lane asks for a lead's PIN where one is needed
            self._program.desk.desk.submit(lambda: station.require("lead", task), lambda who: act(who.id if who is not None else "-"))

    def _without_journal(self, work: "Callable[[], Callable[[], object]]") -> None:
        """`work` runs on the desk lane once the slow lane is empty; what it returns is done on the UI thread."""
        self._program.desk.tell(_("Đang xóa dữ liệu, xin đợi…"))
        lane = self._program.desk.desk
        self._program.desk.slow.submit(lambda: None, lambda _none: lane.submit(work, lambda then: then(), self._program.not_opened))

    def _purged(self, day: str, by: str) -> "Callable[[], object]":
        """Raises KioskError only if the journal cannot be opened again."""
        from kiosk import leaving

        held, refused = self._program.shut(), None
        if held is None:
            return lambda: None
        try:
            done = leaving.purge_day(self._program.home, day, held, by, self._program.clock)
        except KioskError as error:
            made, refused = self._program.open(held=held), error
        else:
            made = self._program.open(held=done.held)
            leaving.after_purge(made[0], done)
        self._program.own = True
        return lambda: self._back(made, day, refused)

    def _back(self, made: tuple["Parts", "Services"], day: str, refused: KioskError | None) -> None:
        self._program.opened(made, again=True)
        self._program.desk.purged(day, refused)

    def remove(self, reason: str) -> None:
        """On the UI thread, as `_purge`; afterwards this is a laptop without a station."""
        self._led("remove", lambda by: self._without_journal(lambda: self._removed(by, reason)))

    def _removed(self, by: str, reason: str) -> "Callable[[], object]":
        from kiosk import leaving, removing

        held, printer = self._program.shut(), self._program.settings.printer
        if held is None:
            return lambda: None
        log.close_log()
        try:
            done = leaving.remove_all(self._program.home, held, by, reason, self._program.clock)
        except KioskError as error:
            self._program.open_log()
            made, refused = self._program.open(held=held), error
            return lambda: self._back(made, "", refused)
        self._program.parts, self._program.own = None, True
        return lambda: self._gone(str(done.certificate), lambda: removing.printed(done, printer))

    def _gone(self, certificate: str, print_it: "Callable[[], str]") -> None:
        from kiosk import words

        self._program.desk.detach()
        self._program.desk.slow.submit(print_it, lambda _name: None)
        self._program.again()
        self._program.desk.tell(words.removed(certificate))
