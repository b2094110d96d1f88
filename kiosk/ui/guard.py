"""When the window hides, and when it stops: idle times, F12, lid, session. It decides and tells; what is done about it, others do.

open -> hidden (idle 3 minutes: no personal text, no forms, no look-ups; scanning goes on without names) -> stopped (30 minutes, F12,
lid closed, session switched: no scanning either). Copy, upload and paper go on in each of them.
"""

import time
from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QGuiApplication, QWindow

HIDE_S, STOP_S = 180.0, 1800.0
T = QEvent.Type
# a key that a shortcut takes (F5) comes as ShortcutOverride only
ALIVE = frozenset({T.KeyPress, T.ShortcutOverride, T.MouseButtonPress, T.MouseMove, T.TouchBegin, T.Wheel})


class State(StrEnum):
    OPEN = "open"
    HIDDEN = "hidden"
    STOPPED = "stopped"


class Guard(QObject):
    """`mono`: monotonic seconds. `changed(state, why)` is called on each change; `why`: idle, key, lid, session, sleep, lock, pin.

    It looks at what the system hands to the window on top, and at the text cursor (an input method's words come without a key). A
    filter on the application would see the same and be asked in Python for each of the window's own thousand events a voter.
    """

    def __init__(self, parent: QObject, changed: Callable[[State, str], object]) -> None:
        super().__init__(parent)
        self.mono: Callable[[], float] = time.monotonic
        self.state = State.OPEN
        self.armed = False  # until the journal is open there is nothing to hide
        self._changed, self._touched = changed, self.mono()
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.focusWindowChanged.connect(self._watch)
            self._watch(QGuiApplication.focusWindow())
            QGuiApplication.inputMethod().cursorRectangleChanged.connect(self._touch)

    def _watch(self, window: QWindow | None) -> None:
        if window is not None:
            window.installEventFilter(self)  # again is no twice

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in ALIVE:
            self._touch()
        return False

    def _touch(self) -> None:
        self._touched = self.mono()

    def step(self) -> None:
        """Once a second."""
        idle = self.mono() - self._touched
        if not self.armed:
            return
        if idle >= STOP_S and self.state is not State.STOPPED:
            self.stop("idle")
        elif idle >= HIDE_S and self.state is State.OPEN:
            self._to(State.HIDDEN, "idle")

    def stop(self, why: str) -> None:
        """F12, lid, session, sleep: at once."""
        if self.armed and self.state is not State.STOPPED:
            self._to(State.STOPPED, why)

    def release(self) -> None:
        """The right PIN, or none is set here."""
        self._touched = self.mono()
        if self.state is not State.OPEN:
            self._to(State.OPEN, "pin")

    def _to(self, state: State, why: str) -> None:
        self.state = state
        self._changed(state, why)
