"""The window's composition: what is loaded when, which threads run, and in which order all of it ends.

The window paints first; the journal and the camera's libraries load on two workers meanwhile. Only here and in compose.py are
concrete classes named.
"""

import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from kiosk import __version__, crash
from kiosk.equipment import Equipment, make_scanner
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.store import locks
from kiosk.ui import theme
from kiosk.ui.departing import Departing
from kiosk.ui.window import MainWindow

if TYPE_CHECKING:
    from kiosk.checkup import Check
    from kiosk.compose import Held, Parts
    from kiosk.papers import Papers
    from kiosk.ports import Camera, Clock, Power
    from kiosk.rounds import Rounds
    from kiosk.scanner import Scanner
    from kiosk.security.officers import Credentials, Standing
    from kiosk.settings import Settings
    from kiosk.store.papers import Job
    from kiosk.ui.front import FrontDesk
    from kiosk.ui.services import DeviceReport, Services
    from kiosk.ui.threads import LoopThread

logger = logging.getLogger(__name__)
SWITCH_S = 0.0005  # every call into Qt gives the interpreter away; at 5 ms each, a paint waits for the scanner ten times over
# After the journal is open, and after the camera's first frame: none of it may hold that frame up.
ROUNDS_AFTER_MS, PAGES_AFTER_MS, UPLOADER_AFTER_MS = 200, 100, 1500  # F2 that comes before the pages makes them itself
SETTLED_MS = 5000


class Program:
    """One window on one home. `start()` after the first paint; `stop()` ends everything within a few seconds, whatever hangs."""

    def __init__(
        self, home: Path, settings: "Settings", camera: "Camera | None" = None, parts: "Parts | None" = None, clock: "Clock | None" = None
    ) -> None:
        self.home, self.settings, self.parts = home, settings, parts
        self._camera, self.own = camera, parts is None
        self.clock = parts.clock if parts is not None else clock
        self.power: Power | None = None  # lid, session and sleep; made when it is first asked, unless a test gave one
        self.scanner: Scanner | None = None
        self.equipment = Equipment(home, settings)
        self.front: FrontDesk | None = None
        self.rounds: Rounds | None = None
        self._power: LoopThread | None = None
        self._held = contextlib.ExitStack()
        self._stopped, self._late = False, False
        self._closed = False  # the journal could not be opened, or a PIN is asked
        self.departing = Departing(self)
        self.window = MainWindow(settings)
        self.window.closing = self.stop

    # -- start ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Furnishes the window; then journal on one lane, camera's libraries on the other. Scanning begins when both are there."""
        QTimer.singleShot(SETTLED_MS, self._settle)  # at the latest: a camera's driver may hang, a PIN may be asked
        self.front = self.window.furnish()
        self.front.duty.leave = self.sign_out
        self.front.desk.submit(self.open, self.opened, self.not_opened)
        self.front.slow.submit(self._make_scanner, self._have_scanner)

    def open(self, given: "Credentials | None" = None, held: "Held | None" = None) -> tuple["Parts", "Services"]:
        from kiosk import compose, formcopy
        from kiosk.devices.sound import Sounds
        from kiosk.domain.form import form
        from kiosk.ui.roster import Roster
        from kiosk.ui.services import Services

        formcopy.keep_in(self.home)
        form()  # here, not while the pages are made: a file that somebody has broken is said on the card
        parts = self.parts
        if parts is None:
            parts = compose.open_parts(self.home, self.settings, self.clock, given=given, held=held)
            parts = self.departing.overdue(parts) if held is None else parts
        parts.station.tell()
        play = Sounds(on=self.settings.sound).play
        station = parts.station
        services = Services(
            station,
            station.info,
            lambda: parts.places,
            lambda: parts.lookups,
            self.papers,
            self._devices,
            self._use_camera,
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
            leaving=lambda: self.departing.leaving(parts),
            purge=self.departing.purge,
            remove=self.departing.remove,
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
        return self.rounds.all if self.rounds is not None else ()

    @property
    def desk(self) -> "FrontDesk":
        return self.window.furnish()

    def _make_scanner(self) -> "Scanner":
        scanner = make_scanner(self.settings, self._camera)
        scanner.prepare()
        return scanner

    def _have_scanner(self, scanner: "Scanner") -> None:
        self.scanner = self.equipment.scanner = scanner
        self.desk.show_camera(scanner)
        self._rest()
        self._begin()

    def _rest(self) -> None:
        """No camera runs before a journal that stays closed."""
        if self._closed and self.scanner is not None and self.desk.scanner is None:
            self.desk.hide_camera()
            self.scanner.rest()

    def opened(self, made: tuple["Parts", "Services"], again: bool = False) -> None:
        from kiosk.rounds import Rounds

        self.parts, services = made
        self._closed = False
        self.rounds = Rounds(self, self.parts)
        QTimer.singleShot(ROUNDS_AFTER_MS, self._begin_rounds)
        self.equipment.consent = self._consent
        self.desk.attach(services, again)
        if self._late and self.desk.scanner is not None:  # opened again after a restore or a purge
            self.rounds.follow()
        self._begin()

    def _begin(self) -> None:
        enrolling = self.desk.enrolling
        if self.scanner is not None and self.desk.services is None and enrolling is not None:
            enrolling.watch(self.scanner)
        if self.scanner is not None and self.desk.services is not None and self.desk.scanner is None:
            if enrolling is not None:
                enrolling.unwatch()
            self.desk.watch(self.scanner)
            self._settle()
            QTimer.singleShot(PAGES_AFTER_MS, self._build_pages)
            QTimer.singleShot(UPLOADER_AFTER_MS, self._later)

    @staticmethod
    def _settle() -> None:
        """What is loaded stays: later collections look at the day's own objects only, and a verdict waits for none."""
        gc.freeze()
        gc.enable()
        sys.setswitchinterval(SWITCH_S)

    def _end_rounds(self) -> None:
        rounds, self.rounds = self.rounds, None
        if rounds is not None:
            rounds.stop()

    def _begin_rounds(self) -> None:
        if self.rounds is not None and not self._stopped:
            self.rounds.begin()

    def _build_pages(self) -> None:
        if not self._stopped:
            self.desk.load_pages()

    def _later(self) -> None:
        """What no officer waits for: the log's, the uploader's and the power watcher's libraries load after the first frames."""
        if self._stopped:
            return
        from kiosk.rounds import power_watch

        self.desk.slow.submit(self.open_log, lambda _none: None)
        self.desk.slow.submit(self.equipment.expire, lambda _none: None)
        self._late = True
        if self.rounds is not None:  # not while a restore has the home to itself
            self.rounds.follow()
        self._power = self._power or power_watch(self)
        self._power.start()
        gc.freeze()  # the other pages, too

    def open_log(self) -> None:
        from kiosk import logfile

        logfile.open_log(self.home)

    def not_opened(self, error: KioskError) -> None:
        self._closed = error.code is not Code.NOT_ENROLLED  # enrolling, the camera reads the code
        self._rest()
        if error.code is Code.NOT_ENROLLED:
            from kiosk.ui.newcomer import Newcomer

            self.desk.offer_enrolment(Newcomer(self.home, self.clock, self._practise), lambda _told: self.again())
            self._begin()
        elif error.code is Code.LOCKED:
            self.desk.desk.submit(self._people, self._offer, self.desk.fail)
        else:
            self.desk.fail(error)

    def again(self) -> None:
        self.desk.desk.submit(self.open, self.opened, self.not_opened)

    def _restore(self) -> None:
        """On the UI thread. The desk lane does it, so that no act of the officer runs meanwhile; a scan goes to paper."""
        if self.parts is not None:
            station, desk = self.parts.station, self.desk.desk  # the lane asks for a lead's PIN where one is needed
            desk.submit(lambda: station.require("lead", "restore"), lambda _who: desk.submit(self._restored, self._told, self.not_opened))

    def _restored(self) -> int:
        from kiosk import compose

        held = self.shut()
        vault = held.vault if held is not None else None
        return compose.restore(self.home, self.home / "journal.sealed", vault=vault, clock=self.clock).events

    def shut(self) -> "Held | None":
        """On the desk lane: the journal is closed for a moment. What opens it again, None if it was not open."""
        self._end_rounds()
        parts, self.parts = self.parts, None
        if parts is None:
            return None
        held = parts.held
        parts.close()
        return held

    def _told(self, events: int) -> None:
        self.again()
        self.desk.tell(_("Đã khôi phục {count} sự kiện. Đối chiếu các lượt cuối với sổ giấy.").format(count=events))

    # -- signing in and out ---------------------------------------------------------------------------------------

    def _people(self) -> "tuple[str, Sequence[Standing]]":
        """Whose machine this is and who may open it; nothing is opened for it."""
        from kiosk import compose

        lid = compose.look(self.home)
        return lid.people.name, compose.standing(self.home, lid, self.clock)

    def _offer(self, known: "tuple[str, Sequence[Standing]]") -> None:
        if self.desk.services is not None:  # the journal was closed under the window: a restore
            self.desk.detach()
        self.desk.head.place.setText(known[0])
        self.desk.duty.offer(known[1], self._sign_in)

    def _sign_in(self, officer: str, pin: str) -> None:
        from kiosk.security.officers import Credentials

        def refused(error: KioskError) -> None:
            if error.code in (Code.PIN_WRONG, Code.PIN_WAIT, Code.OFFICER_UNKNOWN):
                self.desk.load_pages().signin.refused(error)
            else:
                self.desk.go(self.desk.scan)
                self.desk.fail(error)

        self.desk.desk.submit(lambda: self.open(Credentials(officer, pin, "window")), self.opened, refused)

    def sign_out(self) -> None:
        """The key leaves the memory: loops end, the store closes, the sign-in page comes."""
        self.desk.detach()
        self._end_rounds()
        if self.parts is not None:
            with contextlib.suppress(KioskError):
                while self.parts.mirror.step():
                    pass
            self.parts.close()
            self.parts = None
        self.own = True
        self.again()

    def _practise(self, home: Path) -> None:
        """Training: this window works on a home of its own from now on."""
        self.home = home

    # -- what the window may ask for ------------------------------------------------------------------------------

    def _saw(self, notice: str) -> None:
        from kiosk.store import seen

        seen.add(self.home, notice)
        self._look()

    def _look(self) -> None:
        if self.rounds is not None:
            self.rounds.status.wake()

    def _sync_now(self) -> None:
        assert self.parts is not None and self.rounds is not None
        self.parts.uploader.hurry()
        self.rounds.uploader.wake()

    def papers(self) -> "Papers":
        """The paper desk, its results sent home to the window; loads reportlab when first asked."""
        assert self.parts is not None and self.rounds is not None
        papers = self.parts.papers
        if self._tried not in papers.on_try:
            papers.on_submit.append(self.rounds.printer.wake)
            papers.on_try.append(self._tried)
        return papers

    def _tried(self, job: "Job") -> None:
        from kiosk.ui.threads import Result

        if self.front is not None:
            self.front.home.arrived.emit(Result(self.front.prints.tried, job))
        self._look()

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
            camera=self._camera.name if self._camera is not None else self.equipment.camera,
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

    def _use_camera(self, spec: str) -> None:
        """The demonstration's own camera is in no list, and is in use already. Raises as `Equipment.use`."""
        if self._camera is None or spec != self._camera.name:
            self.equipment.use(spec)
            self._camera = None

    def _consent(self) -> None:
        """A capture is the lead's to allow, and is told in the journal before it is made. Raises KioskError."""
        assert self.parts is not None
        self.parts.station.allow("camera_capture")
        self.parts.station.require("lead", "camera_capture")
        self.parts.station.audit("camera_capture")

    def _check(self) -> "Check":
        from kiosk.checkup import Check

        assert self.parts is not None
        skew = self.parts.station.writer.skew_ms / 1000
        return Check(
            self.parts,
            lambda: self.scanner.latest if self.scanner is not None else None,
            lambda: (self.rounds.sync if self.rounds is not None else "offline", skew or None),
            self.desk.services.sound if self.desk.services is not None else lambda name: None,
        )

    # -- end ------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Scanner, desk lane, copy's last step, uploader, slow lane, store. What hangs in a driver or a call is left behind."""
        if self._stopped:
            return
        self._stopped = True
        front = self.front
        if front is not None:
            front.home.close()
            if front.enrolling is not None:
                front.enrolling.unwatch()
            if front.scanner is not None and not front.scanner.stop():
                logger.warning("scanner left behind")
            if front.scanner is None and self.scanner is not None:
                self.scanner.rest()
            front.desk.close()
        for loop in [*self.loops, *([self._power] if self._power else [])]:
            if not loop.stop():
                logger.warning("loop left behind")
        if front is not None:
            front.slow.close(2.0)
        self.equipment.close()
        if self.parts is not None:
            with contextlib.suppress(KioskError):
                while self.parts.mirror.step():
                    pass
            if self.own:
                self.parts.close()
        self._held.close()


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
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's threads would spin beside the start; nothing here multiplies matrices
    native = crash.watch_interpreter(home)
    with locks.hold(home, "window"), contextlib.closing(native) if native is not None else contextlib.nullcontext(), _uncollected():
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


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing is collected until `_settle`: of a start's half a second, a fifth was collections that find nothing."""
    gc.disable()
    try:
        yield
    finally:  # closed before that
        gc.enable()


def _hooks(program: Program) -> None:
    """A fault in a slot is logged and shown, and work goes on; Ctrl+C and a stop from outside close the window in order."""

    def fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        crash.report(program.home, error.with_traceback(trace), "slot")
        if program.front is not None:
            program.front.fault(KioskError(Code.INTERNAL, what=kind.__name__))

    sys.excepthook = fault
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: program.window.close())
