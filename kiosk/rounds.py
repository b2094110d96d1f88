"""What goes round beside the window, each on a thread of its own: second copy, upload, status, paper; and the watcher of lid and session.

They go on while the window is locked, and end when the journal closes.
"""

from typing import TYPE_CHECKING

import msgspec

from kiosk import compose, log
from kiosk.errors import Code, KioskError
from kiosk.store import locks, seen
from kiosk.sync.state import STATES, SyncRequest, SyncState
from kiosk.ui.services import Status
from kiosk.ui.threads import LoopThread, Result, until_done

if TYPE_CHECKING:
    from kiosk.app import Program
    from kiosk.compose import Parts
    from kiosk.store.outbox import Counts

MIRROR_IDLE_S, STATUS_S, STATUS_LEAST_S, UPLOADER_IDLE_S, PRINTER_IDLE_S = 30.0, 5.0, 0.5, 1.0, 30.0


class Rounds:
    """Of one open journal. `sync`: the word for the strip; `begin` and `follow` start them, once each; `stop` ends them all."""

    def __init__(self, program: "Program", parts: "Parts") -> None:
        self._program, self._parts = program, parts
        self.sync = "offline"
        self._standing: SyncState | None = None
        self._told = set[Code]()
        self.mirror = LoopThread("mirror", until_done(parts.mirror.step, MIRROR_IDLE_S))
        self.uploader = LoopThread("uploader", self._upload)
        self.status = LoopThread("status", self._gather, STATUS_LEAST_S)
        self.printer = LoopThread("printer", self._print, 0.2)
        parts.station.writer.on_commit += [loop.wake for loop in (self.mirror, self.uploader, self.status)]

    @property
    def all(self) -> tuple[LoopThread, ...]:
        return self.mirror, self.uploader, self.status, self.printer

    def begin(self) -> None:
        """Copy and status; the rest loads libraries."""
        self.mirror.start()
        self.status.start()

    def follow(self) -> None:
        """Upload and paper."""
        self.uploader.start()
        self.printer.start()

    def stop(self) -> bool:
        """False: one of them is inside a call that has not come back, and is left behind."""
        return all([loop.stop() for loop in self.all])

    def _upload(self) -> float:
        """One step, if no other process of this home uploads. Looks for another process's request each second."""
        try:
            uploader = self._parts.uploader
        except KioskError as error:  # the address or the pinned CA is no such thing: the day goes on without sending
            self.sync = STATES.get(error.code, "offline")
            return STATUS_S
        lock = locks.acquire(self._program.home, "uploader")
        if lock is None:
            return UPLOADER_IDLE_S
        with lock:
            before, state = uploader.state, uploader.serve(SyncRequest(self._program.home))
        self.sync, self._standing = state.state, state
        if state.clock_skew_s is not None:
            self._parts.station.writer.skew_ms = round(state.clock_skew_s * 1000)
        if state != before:
            if state.state != before.state:
                log.note("sync.state", state=state.state, waiting=state.waiting)
            self.status.wake()
        return min(uploader.delay_s(), UPLOADER_IDLE_S)

    def _gather(self) -> float:
        """How things stand, sent home to the window."""
        program, parts = self._program, self._parts
        try:
            parts.directory.refresh()  # another process of this home may have taken a page
            compose.learn(parts.database, parts.officers)
            today, counts = parts.station.today(), parts.outbox.counts()
            policy, closing = parts.station.policy, parts.station.closing(program.settings.closing_minutes)
            days = () if today.event_day or parts.station.likely_day() else self._days()
            conditions = tuple(code for code in parts.conditions() if code is not Code.NO_DAY)  # `days` says it, and says it sooner
        except KioskError as error:
            shown = program.desk.status
            if shown is not None:
                self._send(Status(shown.today, shown.waiting, shown.received_at, shown.sync, (error.code,)))
            return STATUS_S
        now, directory = parts.clock.now().wall, parts.directory
        told = directory.notices(now)
        unread = tuple(notice for notice in told if notice.id not in seen.read(program.home))
        program.departing.look(parts, counts)
        more = (policy, closing, self._stands(counts), directory.age_s(now), told, unread)
        self._send(Status(today, counts.waiting, counts.last_receipt_at, self.sync, conditions, days, *more))
        return STATUS_S

    def _stands(self, counts: "Counts") -> "SyncState":
        """The uploader's last word with the journal's counts of now: before its first step, or while another process sends, they move."""
        names = ("events", "waiting", "acknowledged", "opened", "refused", "last_receipt_at", "parked", "aside")
        return msgspec.structs.replace(self._standing or SyncState(), **{name: getattr(counts, name) for name in names})

    def _days(self) -> tuple[str, ...]:
        return tuple(sorted({day for campaign in self._parts.journal.identity.campaigns for day in campaign.days}))

    def _send(self, status: "Status") -> None:
        now = set(status.conditions)
        for code in sorted(now ^ self._told):
            log.note("condition" if code in now else "condition.cleared", where="status", code=code.value)
        self._told = now
        if self._program.front is not None:
            self._program.front.home.arrived.emit(Result(self._program.front.take_status, status))

    def _print(self) -> float:
        """One paper of the queue. Nothing of paper is loaded while nothing waits."""
        if self._parts.prints_due() is None:
            return PRINTER_IDLE_S
        papers = self._program.papers()
        papers.step()
        return papers.delay_s()


def power_watch(program: "Program") -> LoopThread:
    """Lid, session and sleep lock the window, whatever thread hears of them. One for the life of the window."""

    def step() -> float:
        if program.power is None:
            from kiosk.devices import power

            program.power = power.watcher()
        port = program.power
        why = port.step()
        if why and program.front is not None:
            program.front.home.arrived.emit(Result(program.front.duty.guard.stop, why))
        return port.pause_s

    return LoopThread("power", step)
