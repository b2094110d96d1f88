"""The window's composition: what is loaded when, which threads run, and in which order all of it ends.

The window paints first; the journal and the camera's libraries load on two workers meanwhile. Only here and in compose.py are
concrete classes named.
"""

import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from kiosk import __version__, crash, log
from kiosk.equipment import Equipment
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.store import locks
from kiosk.ui import theme
from kiosk.ui.window import MainWindow

if TYPE_CHECKING:
    from kiosk.checkup import Check
    from kiosk.compose import Held, Parts
    from kiosk.leaving import Leaving
    from kiosk.papers import Papers
    from kiosk.ports import Camera, Clock, Power
    from kiosk.scanner import Scanner
    from kiosk.security.activate import Choice
    from kiosk.security.officers import Credentials, Standing
    from kiosk.settings import Settings
    from kiosk.store.outbox import Counts
    from kiosk.store.papers import Job
    from kiosk.sync.state import SyncState
    from kiosk.ui.front import FrontDesk
    from kiosk.ui.services import DeviceReport, Services, Status
    from kiosk.ui.threads import LoopThread

logger = logging.getLogger(__name__)
SWITCH_S = 0.0005  # every call into Qt gives the interpreter away; at 5 ms each, a paint waits for the scanner ten times over
UPLOADER_AFTER_MS = 1500
PAGES_AFTER_MS = 100  # the first picture of the camera is painted by then; F2 that comes sooner makes them itself
MIRROR_IDLE_S, STATUS_S, STATUS_LEAST_S, UPLOADER_IDLE_S, PRINTER_IDLE_S = 30.0, 5.0, 0.5, 1.0, 30.0


class Program:
    """One window on one home. `start()` after the first paint; `stop()` ends everything within a few seconds, whatever hangs."""

    def __init__(
        self, home: Path, settings: "Settings", camera: "Camera | None" = None, parts: "Parts | None" = None, clock: "Clock | None" = None
    ) -> None:
        self.home, self.settings, self.parts = home, settings, parts
        self._camera, self._own = camera, parts is None
        self._clock = parts.clock if parts is not None else clock
        self.power: Power | None = None  # lid, session and sleep; made with the journal unless a test gave one
        self.scanner: Scanner | None = None
        self.equipment = Equipment(home, settings)
        self.front: FrontDesk | None = None
        self._loops: list[LoopThread] = []
        self._power_loop: LoopThread | None = None
        self._held = contextlib.ExitStack()
        self._told_conditions = set[Code]()
        self._stopped, self._late, self._sync = False, False, "offline"
        self._standing: SyncState | None = None
        self._due_seen: tuple[tuple[str, ...], int] | None = None
        self.window = MainWindow(settings)
        self.window.closing = self.stop

    # -- start ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Furnishes the window; then journal on one lane, camera's libraries on the other. Scanning begins when both are there."""
        self.front = self.window.furnish()
        self.front.duty.leave = self.sign_out
        self.front.desk.submit(self._open, self._opened, self._not_opened)
        self.front.slow.submit(self._make_scanner, self._have_scanner)

    def _open(self, given: "Credentials | None" = None, held: "Held | None" = None) -> tuple["Parts", "Services"]:
        from kiosk import compose, formcopy
        from kiosk.devices.sound import Sounds
        from kiosk.domain.form import form
        from kiosk.ui.roster import Roster
        from kiosk.ui.services import Services

        formcopy.keep_in(self.home)
        form()  # here, not while the pages are made: a file that somebody has broken is said on the card
        parts = self.parts
        if parts is None:
            parts = compose.open_parts(self.home, self.settings, self._clock, given=given, held=held)
            parts = self._overdue(parts) if held is None else parts
        parts.station.tell()
        play = Sounds(on=self.settings.sound).play
        station = parts.station
        services = Services(
            station,
            station.info,
            lambda: parts.places,
            lambda: parts.lookups,
            self._papers,
            self._devices,
            self.equipment.use,
            self._sync_now,
            lambda: parts.talk,
            self._look,
            play,
            lambda: parts.clock.now().wall,
            restore=self._restore,
            saw=self._saw,
            roster=Roster(parts.officers, station, self.settings.papers(self.home)),
            keep_draft=parts.drafts.keep,
            draft=lambda: self._draft(parts),
            cameras=self.equipment,
            check=self._check,
            close=lambda: parts.day,
            spreadsheets=lambda: parts.spreadsheets,
            leaving=lambda: self._leaving(parts),
            purge=self._purge,
            remove=self._remove,
        )
        return parts, services

    @staticmethod
    def _draft(parts: "Parts") -> bytes:
        """The form that a crash or a lock interrupted, unless it was saved just before."""
        deed, content = parts.drafts.kept()
        if deed and parts.station.wrote(deed):
            parts.drafts.keep(b"")
            return b""
        return content

    @property
    def loops(self) -> "tuple[LoopThread, ...]":
        """What goes on while the window is locked: copy, upload, status, paper."""
        return tuple(self._loops)

    @property
    def _desk(self) -> "FrontDesk":
        return self.window.furnish()

    def _make_scanner(self) -> "Scanner":
        from kiosk import compose

        return compose.make_scanner(self.settings, self._camera)

    def _have_scanner(self, scanner: "Scanner") -> None:
        self.scanner = self.equipment.scanner = scanner
        self._begin()

    def _opened(self, made: tuple["Parts", "Services"], again: bool = False) -> None:
        self.parts, services = made
        self._start_loops(self.parts)
        self.equipment.consent = self._consent
        self._desk.attach(services, again)
        if self._late and self._desk.scanner is not None:  # opened again after a restore or a purge
            self._uploader.start()
            self._printer.start()
        self._begin()

    def _begin(self) -> None:
        enrolling = self._desk.enrolling
        if self.scanner is not None and self._desk.services is None and enrolling is not None:
            enrolling.watch(self.scanner)
        if self.scanner is not None and self._desk.services is not None and self._desk.scanner is None:
            if enrolling is not None:
                enrolling.unwatch()
            self._desk.watch(self.scanner)
            gc.freeze()  # what is loaded stays: later collections look at the day's own objects only, and a verdict waits for none
            sys.setswitchinterval(SWITCH_S)
            QTimer.singleShot(PAGES_AFTER_MS, self._desk.load_pages)
            QTimer.singleShot(UPLOADER_AFTER_MS, self._later)

    def _later(self) -> None:
        """What no officer waits for: the log's and the uploader's libraries load after the first frames."""
        self._desk.slow.submit(self._open_log, lambda _none: None)
        self._desk.slow.submit(self.equipment.expire, lambda _none: None)
        self._late = True
        if self._loops:  # not while a restore has the home to itself
            self._uploader.start()
        self._printer.start()

    def _open_log(self) -> None:
        from kiosk import logfile

        logfile.open_log(self.home)

    def _not_opened(self, error: KioskError) -> None:
        if error.code is Code.NOT_ENROLLED:
            self._desk.offer_enrolment(Newcomer(self.home, self._clock, self._practise), lambda _told: self._again())
            self._begin()
        elif error.code is Code.LOCKED:
            self._desk.desk.submit(self._people, self._offer, self._desk.fail)
        else:
            self._desk.fail(error)

    def _again(self) -> None:
        self._desk.desk.submit(self._open, self._opened, self._not_opened)

    def _restore(self) -> None:
        """On the UI thread. The desk lane does it, so that no act of the officer runs meanwhile; a scan goes to paper."""
        if self.parts is not None:
            station, desk = self.parts.station, self._desk.desk  # the lane asks for a lead's PIN where one is needed
            desk.submit(lambda: station.require("lead", "restore"), lambda _who: desk.submit(self._restored, self._told, self._not_opened))

    def _restored(self) -> int:
        from kiosk import compose

        held = self._shut()
        vault = held.vault if held is not None else None
        return compose.restore(self.home, self.home / "journal.sealed", vault=vault, clock=self._clock).events

    def _shut(self) -> "Held | None":
        """On the desk lane: the journal is closed for a moment. What opens it again, None if it was not open."""
        for loop in self._loops:
            loop.stop()
        self._loops = []
        parts, self.parts = self.parts, None
        if parts is None:
            return None
        held = parts.held
        parts.close()
        return held

    def _told(self, events: int) -> None:
        self._again()
        self._desk.tell(_("Đã khôi phục {count} sự kiện. Đối chiếu các lượt cuối với sổ giấy.").format(count=events))

    # -- what leaves this laptop ----------------------------------------------------------------------------------

    @staticmethod
    def _leaving(parts: "Parts") -> "Leaving":
        from kiosk.leaving import Leaving

        return Leaving(parts)

    def _overdue(self, parts: "Parts") -> "Parts":
        """Before the first scan: days whose time here is over by the policy go. Whatever stops that is looked at again later."""
        if not parts.overdue():
            return parts
        from kiosk import compose, leaving

        for day in leaving.due(parts):
            held, done = parts.held, None
            parts.close()
            with contextlib.suppress(KioskError):
                done = leaving.purge_day(self.home, day, held, leaving.POLICY, self._clock)
            parts = compose.open_parts(self.home, self.settings, self._clock, held=done.held if done is not None else held)
            if done is None:
                break
            leaving.after_purge(parts, done)
        return parts

    def _purge(self, day: str) -> None:
        """On the UI thread: the lead's word, then the lanes are emptied, then the journal closes for a moment."""
        self._led("purge", lambda by: self._without_journal(lambda: self._purged(day, by)))

    def _look_for_due(self, parts: "Parts", counts: "Counts") -> None:
        """On the status thread: a day whose time here is over. Looked at anew when the province has opened more."""
        seen = (tuple(parts.overdue()), counts.opened)
        if not seen[0] or seen == self._due_seen or self.front is None:
            return
        from kiosk import leaving
        from kiosk.ui.threads import Result

        self._due_seen = seen
        for day in leaving.due(parts)[:1]:
            self.front.home.arrived.emit(Result(self._purge_due, day))

    def _purge_due(self, day: str) -> None:
        """On the UI thread: only while nobody works here. Else the next look tries again."""
        from kiosk import leaving

        front, state = self._desk, self._desk.duty.guard.state.value
        working = bool(front.status and front.status.today.event_day) or (state == "open" and front.pages.currentWidget() is not front.scan)
        if self.parts is None or (working and state != "stopped"):
            self._due_seen = None
        else:
            self._without_journal(lambda: self._purged(day, leaving.POLICY))

    def _led(self, task: str, act: "Callable[[str], object]") -> None:
        if self.parts is not None:
            station = self.parts.station  # the lane asks for a lead's PIN where one is needed
            self._desk.desk.submit(lambda: station.require("lead", task), lambda who: act(who.id if who is not None else "-"))

    def _without_journal(self, work: "Callable[[], Callable[[], object]]") -> None:
        """`work` runs on the desk lane once the slow lane is empty; what it returns is done on the UI thread."""
        self._desk.tell(_("Đang xóa dữ liệu, xin đợi…"))
        lane = self._desk.desk
        self._desk.slow.submit(lambda: None, lambda _none: lane.submit(work, lambda then: then(), self._not_opened))

    def _purged(self, day: str, by: str) -> "Callable[[], object]":
        """Raises KioskError only if the journal cannot be opened again."""
        from kiosk import leaving

        held, refused = self._shut(), None
        if held is None:
            return lambda: None
        try:
            done = leaving.purge_day(self.home, day, held, by, self._clock)
        except KioskError as error:
            made, refused = self._open(held=held), error
        else:
            made = self._open(held=done.held)
            leaving.after_purge(made[0], done)
        self._own = True
        return lambda: self._back(made, day, refused)

    def _back(self, made: tuple["Parts", "Services"], day: str, refused: KioskError | None) -> None:
        self._opened(made, again=True)
        self._desk.purged(day, refused)

    def _remove(self, reason: str) -> None:
        """On the UI thread, as `_purge`; afterwards this is a laptop without a station."""
        self._led("remove", lambda by: self._without_journal(lambda: self._removed(by, reason)))

    def _removed(self, by: str, reason: str) -> "Callable[[], object]":
        from kiosk import leaving, removing

        held, printer = self._shut(), self.settings.printer
        if held is None:
            return lambda: None
        log.close_log()
        try:
            done = leaving.remove_all(self.home, held, by, reason, self._clock)
        except KioskError as error:
            self._open_log()
            made, refused = self._open(held=held), error
            return lambda: self._back(made, "", refused)
        self.parts, self._own = None, True
        return lambda: self._gone(str(done.certificate), lambda: removing.printed(done, printer))

    def _gone(self, certificate: str, print_it: "Callable[[], str]") -> None:
        from kiosk import words

        self._desk.detach()
        self._desk.slow.submit(print_it, lambda _name: None)
        self._again()
        self._desk.tell(words.removed(certificate))

    # -- signing in and out ---------------------------------------------------------------------------------------

    def _people(self) -> "tuple[str, Sequence[Standing]]":
        """Whose machine this is and who may open it; nothing is opened for it."""
        from kiosk import compose

        lid = compose.look(self.home)
        return lid.people.name, compose.standing(self.home, lid, self._clock)

    def _offer(self, known: "tuple[str, Sequence[Standing]]") -> None:
        if self._desk.services is not None:  # the journal was closed under the window: a restore
            self._desk.detach()
        self._desk.head.place.setText(known[0])
        self._desk.duty.offer(known[1], self._sign_in)

    def _sign_in(self, officer: str, pin: str) -> None:
        from kiosk.security.officers import Credentials

        def refused(error: KioskError) -> None:
            if error.code in (Code.PIN_WRONG, Code.PIN_WAIT, Code.OFFICER_UNKNOWN):
                self._desk.load_pages().signin.refused(error)
            else:
                self._desk.go(self._desk.scan)
                self._desk.fail(error)

        self._desk.desk.submit(lambda: self._open(Credentials(officer, pin, "window")), self._opened, refused)

    def sign_out(self) -> None:
        """The key leaves the memory: loops end, the store closes, the sign-in page comes."""
        self._desk.detach()
        for loop in self._loops:
            loop.stop()
        self._loops = []
        if self.parts is not None:
            with contextlib.suppress(KioskError):
                while self.parts.mirror.step():
                    pass
            self.parts.close()
            self.parts = None
        self._own = True
        self._again()

    def _practise(self, home: Path) -> None:
        """Training: this window works on a home of its own from now on."""
        self.home = home

    # -- loops ----------------------------------------------------------------------------------------------------

    def _start_loops(self, parts: "Parts") -> None:
        from kiosk.ui.threads import LoopThread, until_done

        self._mirror = LoopThread("mirror", until_done(parts.mirror.step, MIRROR_IDLE_S))
        self._uploader = LoopThread("uploader", lambda: self._upload(parts))
        self._status = LoopThread("status", lambda: self._gather(parts), STATUS_LEAST_S)
        self._printer = LoopThread("printer", lambda: self._print(parts), 0.2)
        self._loops = [self._mirror, self._uploader, self._status]
        self._watch_power()
        parts.station.on_commit += [loop.wake for loop in self._loops]
        self._loops.append(self._printer)
        self._mirror.start()
        self._status.start()  # the uploader begins after the first frames: loading its libraries would hold them up

    def _watch_power(self) -> None:
        """Lid, session and sleep lock the window, whatever thread hears of them. Begun once for the life of the window."""
        from kiosk.devices import power
        from kiosk.ui.threads import LoopThread, Result

        if self._power_loop is not None:
            return
        port = self.power if self.power is not None else power.watcher()

        def step() -> float:
            why = port.step()
            if why and self.front is not None:
                self.front.home.arrived.emit(Result(self.front.duty.guard.stop, why))
            return port.pause_s

        self._power_loop = LoopThread("power", step)
        self._power_loop.start()

    def _upload(self, parts: "Parts") -> float:
        """One step, if no other process of this home uploads. Looks for another process's request each second."""
        from kiosk.sync.state import STATES, SyncRequest

        try:
            uploader = parts.uploader
        except KioskError as error:  # the address or the pinned CA is no such thing: the day goes on without sending
            self._sync = STATES.get(error.code, "offline")
            return STATUS_S
        lock = locks.acquire(self.home, "uploader")
        if lock is None:
            return UPLOADER_IDLE_S
        with lock:
            before, state = uploader.state, uploader.serve(SyncRequest(self.home))
        self._sync, self._standing = state.state, state
        if state.clock_skew_s is not None:
            parts.station.skew_ms = round(state.clock_skew_s * 1000)
        if state != before:
            if state.state != before.state:
                log.note("sync.state", state=state.state, waiting=state.waiting)
            self._status.wake()
        return min(uploader.delay_s(), UPLOADER_IDLE_S)

    def _gather(self, parts: "Parts") -> float:
        """How things stand, sent home to the window."""
        from kiosk import compose
        from kiosk.store import seen
        from kiosk.ui.services import Status

        try:
            parts.directory.refresh()  # another process of this home may have taken a page
            compose.learn(parts.database, parts.officers)
            today, counts = parts.station.today(), parts.outbox.counts()
            policy, closing = parts.station.policy, parts.station.closing(self.settings.closing_minutes)
            days = () if today.event_day or parts.station.likely_day() else self._days(parts)
            conditions = tuple(code for code in parts.conditions() if code is not Code.NO_DAY)  # `days` says it, and says it sooner
        except KioskError as error:
            shown = self._desk.status
            if shown is not None:
                self._send(Status(shown.today, shown.waiting, shown.received_at, shown.sync, (error.code,)))
            return STATUS_S
        now, directory = parts.clock.now().wall, parts.directory
        told = directory.notices(now)
        unread = tuple(notice for notice in told if notice.id not in seen.read(self.home))
        self._look_for_due(parts, counts)
        more = (policy, closing, self._stands(counts), directory.age_s(now), told, unread)
        self._send(Status(today, counts.waiting, counts.last_receipt_at, self._sync, conditions, days, *more))
        return STATUS_S

    def _stands(self, counts: "Counts") -> "SyncState":
        """The uploader's last word with the journal's counts of now: before its first step, or while another process sends, they move."""
        import msgspec

        from kiosk.sync.state import SyncState

        names = ("events", "waiting", "acknowledged", "opened", "refused", "last_receipt_at", "parked", "aside")
        return msgspec.structs.replace(self._standing or SyncState(), **{name: getattr(counts, name) for name in names})

    @staticmethod
    def _days(parts: "Parts") -> tuple[str, ...]:
        return tuple(sorted({day for campaign in parts.journal.identity.campaigns for day in campaign.days}))

    def _send(self, status: "Status") -> None:
        from kiosk.ui.threads import Result

        now = set(status.conditions)
        for code in sorted(now ^ self._told_conditions):
            log.note("condition" if code in now else "condition.cleared", where="status", code=code.value)
        self._told_conditions = now
        if self.front is not None:
            self.front.home.arrived.emit(Result(self.front.take_status, status))

    # -- what the window may ask for ------------------------------------------------------------------------------

    def _saw(self, notice: str) -> None:
        from kiosk.store import seen

        seen.add(self.home, notice)
        self._status.wake()

    def _look(self) -> None:
        self._status.wake()

    def _sync_now(self) -> None:
        assert self.parts is not None
        self.parts.uploader.hurry()
        self._uploader.wake()

    def _papers(self) -> "Papers":
        """The paper desk, its results sent home to the window; loads reportlab when first asked."""
        assert self.parts is not None
        papers = self.parts.papers
        if self._tried not in papers.on_try:
            papers.on_submit.append(self._printer.wake)
            papers.on_try.append(self._tried)
        return papers

    def _tried(self, job: "Job") -> None:
        from kiosk.ui.threads import Result

        if self.front is not None:
            self.front.home.arrived.emit(Result(self.front.prints.tried, job))
        self._status.wake()

    def _print(self, parts: "Parts") -> float:
        """One paper of the queue. Nothing of paper is loaded while nothing waits."""
        if parts.prints_due() is None:
            return PRINTER_IDLE_S
        papers = self._papers()
        papers.step()
        return papers.delay_s()

    def _devices(self) -> "DeviceReport":
        from kiosk.devices import spooler
        from kiosk.devices.decoder import QrDecoder
        from kiosk.ui.services import DeviceReport

        assert self.parts is not None
        decoder = QrDecoder()
        names, default = spooler.printers()
        chosen = self.settings.printer or default
        state = spooler.open_printer(chosen, self.settings.papers(self.home)).status() if names else None
        return DeviceReport(
            camera=self.equipment.camera,
            engines=decoder.engines,
            missing=decoder.missing,
            cameras=tuple((str(index), name) for index, name in self.equipment.here()),
            printer=chosen if names else "",
            printer_ready=state.ready if state else False,
            printer_why=state.why if state else "",
            key_store=self.parts.vault.where,
            home=str(self.home),
            version=__version__,
        )

    def _consent(self) -> None:
        """A capture is the lead's to allow, and is told in the journal before it is made. Raises KioskError."""
        assert self.parts is not None
        self.parts.station.allow("camera_capture")
        self.parts.station.require("lead", "camera_capture")
        self.parts.station.audit("camera_capture")

    def _check(self) -> "Check":
        from kiosk.checkup import Check

        assert self.parts is not None
        skew = self.parts.station.skew_ms / 1000
        return Check(
            self.parts,
            lambda: self.scanner.latest if self.scanner is not None else None,
            lambda: (self._sync, skew or None),
            self._desk.services.sound if self._desk.services is not None else lambda name: None,
        )

    # -- end ------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Scanner, desk lane, copy's last step, uploader, slow lane, store. What hangs in a driver or a call is left behind."""
        if self._stopped:
            return
        self._stopped = True
        front = self.front
        if front is not None:
            if front.enrolling is not None:
                front.enrolling.unwatch()
            if front.scanner is not None and not front.scanner.stop():
                logger.warning("scanner left behind")
            front.desk.close()
        for loop in [*self._loops, *([self._power_loop] if self._power_loop else [])]:
            if not loop.stop():
                logger.warning("loop left behind")
        if front is not None:
            front.slow.close(2.0)
        self.equipment.close()
        if self.parts is not None:
            with contextlib.suppress(KioskError):
                while self.parts.mirror.step():
                    pass
            if self._own:
                self.parts.close()
        self._held.close()


class Newcomer:
    """What a machine without a station may do, on the desk lane."""

    def __init__(self, home: Path, clock: "Clock | None", practise: Callable[[Path], object]) -> None:
        self._home, self._given, self._practise = home, clock, practise

    @property
    def _clock(self) -> "Clock":
        from kiosk.devices.clock import SystemClock

        return self._given or SystemClock()

    def enrol(self, server: str, code: str) -> object:
        from kiosk.devices import keystore
        from kiosk.sync import enrol

        return enrol.enrol(self._home, server, code, keystore.best(self._home), self._clock)

    def choices(self, file: Path) -> "Sequence[Choice]":
        from kiosk.security import activate

        return activate.choices(activate.load(file))

    def activate(self, file: Path, station: str, officer: str, pin: str) -> object:
        from kiosk.devices import keystore
        from kiosk.security import activate

        return activate.activate(self._home, file, station, officer, pin, keystore.best(self._home), self._clock)

    def train(self) -> object:
        from kiosk.devices import keystore
        from kiosk.security import activate

        folder = activate.training_home(self._home, self._clock)
        with contextlib.suppress(KioskError):  # it is there already
            activate.train(folder, keystore.FileKeyStore(folder / keystore.FILE), self._clock)
        self._practise(folder)
        return folder

    def spare(self) -> Path | None:
        from kiosk.security import activate

        return activate.spare(self._home)


def application(settings: "Settings") -> QApplication:
    """The one QApplication, with typeface and theme."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    if app.property("theme") is None:
        theme.load_fonts()
    if app.property("theme") != settings.theme:
        theme.apply(app, theme.THEMES[settings.theme])
    return app


def run(
    home: Path,
    settings: "Settings",
    camera: "Camera | None" = None,
    parts: "Parts | None" = None,
    conductor: Callable[[Program], object] | None = None,
    first_paint: Callable[[], object] | None = None,
) -> int:
    """Opens the window on `home` and returns when it is closed. `camera` and `parts` may be given (the demonstration does).

    `first_paint` is called after the window's first paint, `conductor` once the window is furnished behind it. Raises
    KioskError(WINDOW_BUSY) naming the window that is open on this home already.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    sys.setswitchinterval(SWITCH_S)
    native = crash.watch_interpreter(home)
    with locks.hold(home, "window"), contextlib.closing(native) if native is not None else contextlib.nullcontext():
        app = application(settings)
        program = Program(home, settings, camera, parts)
        _hooks(program)

        def painted() -> None:
            if first_paint is not None:
                first_paint()
            program.start()
            if conductor is not None:
                conductor(program)

        program.window.curtain.painted = painted
        (program.window.showFullScreen if settings.fullscreen else program.window.show)()
        try:
            return app.exec()
        finally:
            program.stop()


def _hooks(program: Program) -> None:
    """A fault in a slot is logged and shown, and work goes on; Ctrl+C and a stop from outside close the window in order."""

    def fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        crash.report(program.home, error.with_traceback(trace), "slot")
        if program.front is not None:
            program.front.fault(KioskError(Code.INTERNAL, what=kind.__name__))

    sys.excepthook = fault
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: program.window.close())
