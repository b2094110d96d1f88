"""The window's threads: one scanner, one lane for the officer's acts, one for slow work, loops for copy, upload and status.

Work runs there; results come home on the UI thread as one typed object each. Nothing here paints, and nothing is killed: every
loop ends because it was asked to. Python's daemon threads, so that a wedged driver cannot keep the window from closing.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec
from PySide6.QtCore import QObject, Qt, Signal

from kiosk.domain.verdict import Verdict
from kiosk.errors import Code, KioskError
from kiosk.ports import Code as Found
from kiosk.ports import Frame, Hint, Sighting

log = logging.getLogger(__name__)
T = TypeVar("T")
GRACE_S = 0.05  # a woken loop waits so long: the verdict of the commit that woke it is painted first


class ScannerLike(Protocol):
    """What the preview and the scanner thread need of kiosk.scanner.Scanner."""

    @property
    def latest(self) -> Frame | None: ...
    @property
    def boxes(self) -> tuple[tuple[tuple[int, int], ...], ...]: ...
    @property
    def name(self) -> str: ...
    @property
    def condition(self) -> Code | None: ...
    @property
    def hint(self) -> Hint | None: ...
    @property
    def trying_s(self) -> float: ...
    @property
    def pick(self) -> tuple[Found, ...]: ...
    def choose(self, raw: bytes) -> None: ...
    def step(self) -> Sighting | None: ...
    def close(self) -> None: ...


class Scanned(msgspec.Struct, frozen=True):
    """A verdict on its way to the window. `frame_at`: monotonic seconds of its frame, 0 without one; `deed`: of the sighting."""

    verdict: Verdict
    frame_at: float = 0.0
    deed: bytes = b""


class ScannerThread(QObject):
    """Repeats `scanner.step()` and hands every sighting to `scan`. Paused, it keeps frames moving and takes no code."""

    scanned = Signal(object)  # Scanned
    asked = Signal(object)  # tuple[Found, ...]: two persons' codes in view, or none any more

    def __init__(self, scan: Callable[[Sighting], Verdict]) -> None:
        super().__init__()
        self._scan = scan
        self._scanner: ScannerLike | None = None
        self._asked_about: tuple[bytes, ...] = ()
        self._stop, self._paused = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="scanner", daemon=True)

    def start(self, scanner: ScannerLike) -> None:
        self._scanner = scanner
        self._thread.start()

    def pause(self, paused: bool) -> None:
        """While the officer fills a form nobody looks at the scan page: a code shown then is not taken."""
        (self._paused.set if paused else self._paused.clear)()

    @property
    def paused(self) -> bool:
        return self._paused.is_set()

    def _run(self) -> None:
        scanner = self._scanner
        if scanner is None:
            return
        while not self._stop.is_set():
            try:
                seen = scanner.step()
                self._ask(scanner.pick)
                if seen is not None and not self._paused.is_set():
                    self.scanned.emit(Scanned(self._scan(seen), seen.frame_at, seen.deed))
            except KioskError as error:  # the camera's: the scanner keeps its condition and tries again
                log.warning("scanner %s", error.code)
                self._stop.wait(0.5)
            except Exception:  # a fault of ours must not end scanning for the day
                log.exception("scanner fault")
                self._stop.wait(0.5)
        scanner.close()

    def _ask(self, pick: tuple[Found, ...]) -> None:
        """Tells the window when the question changed; the codes' places may move meanwhile."""
        raws = () if self.paused else tuple(code.raw for code in pick)
        if raws != self._asked_about:
            self._asked_about = raws
            self.asked.emit(pick if raws else ())

    def stop(self, timeout: float = 2.0) -> bool:
        """Asks and waits; False: it hangs in a driver and is left behind."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()


class Result(msgspec.Struct, frozen=True):
    """What a lane brings home: the call to make on the UI thread and its argument."""

    call: Callable[[Any], object]
    value: object


class Home(QObject):
    """Lives on the UI thread; lanes send their results here. Closed, it takes none: what comes after the window has gone is nobody's."""

    arrived = Signal(object)  # Result

    def __init__(self) -> None:
        super().__init__()
        self._closed = False
        self.arrived.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def close(self) -> None:
        self._closed = True

    def _take(self, result: Result) -> None:
        if not self._closed:
            result.call(result.value)


class Lane:
    """One worker that does jobs in order. Success is required; a failure without its own handler goes to `failed`."""

    def __init__(self, name: str, home: Home, failed: Callable[[KioskError], object]) -> None:
        self._home, self._failed = home, failed
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._closed = False
        self.on_lead: Callable[[Callable[[], object]], object] | None = None  # a lead's task: asks, then calls what it is given
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], T], success: Callable[[T], object], failure: Callable[[KioskError], object] | None = None) -> None:
        """Runs `work` on the lane, then `success(result)` or `failure(error)` on the UI thread."""
        if self._closed:
            return

        def job() -> None:
            try:
                self._send(success, work())
            except KioskError as error:
                if error.code is Code.LEAD_NEEDED and self.on_lead is not None and failure is None:
                    self._send(self.on_lead, lambda: self.submit(work, success))
                else:
                    self._send(failure or self._failed, error)
            except Exception as error:  # a fault of ours: logged, shown, work goes on
                log.exception("lane fault")
                self._send(failure or self._failed, KioskError(Code.INTERNAL, what=type(error).__name__))

        self._jobs.put(job)

    def _send(self, call: Callable[[Any], object], value: object) -> None:
        self._home.arrived.emit(Result(call, value))

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def close(self, timeout: float = 5.0) -> bool:
        """Lets what was submitted finish, takes nothing new. False: still busy after `timeout`."""
        self._closed = True
        self._jobs.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()


class LoopThread:
    """Repeats `step`, which answers how many seconds may pass before the next one; `wake` shortens the wait."""

    def __init__(self, name: str, step: Callable[[], float], least: float = 0.0) -> None:
        self._step, self._least = step, least
        self._woken, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Once; again does nothing."""
        if self._thread.ident is None:
            self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def wake(self) -> None:
        """From any thread: a commit happened, or the officer asked."""
        self._woken.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._woken.clear()
            try:
                delay = self._step()
            except KioskError as error:
                log.warning("%s %s", self._thread.name, error.code)
                delay = 5.0
            except Exception:  # a fault of ours: logged, tried again
                log.exception("%s fault", self._thread.name)
                delay = 5.0
            if self._least:
                self._stop.wait(self._least)
            if self._woken.wait(delay):
                self._stop.wait(GRACE_S)

    def stop(self, timeout: float = 2.0) -> bool:
        """Asks and waits; False: it is inside a call that has not come back, and is left behind."""
        self._stop.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()


def until_done(step: Callable[[], bool], idle: float, budget: float = 1.0) -> Callable[[], float]:
    """A loop's step from one that answers "did something": again at once while it does, for at most `budget` seconds a turn."""

    def turn() -> float:
        end = time.monotonic() + budget
        while step():
            if time.monotonic() > end:
                return 0.0
        return idle

    return turn
