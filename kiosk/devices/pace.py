"""Keeps a drawn or recorded camera at so many frames a second, as a sensor would."""

import time
from collections.abc import Callable


class Pace:
    """`due()` waits for the next frame's moment. Late readers lose frames, they do not get them all at once (newest wins).

    `fps`: frames a second, 0 for as fast as it goes.
    """

    def __init__(self, fps: float, clock: Callable[[], float] = time.monotonic, wait: Callable[[float], object] = time.sleep) -> None:
        self._period = 1 / fps if fps > 0 else 0.0
        self._clock, self._wait = clock, wait
        self._next: float | None = None

    def due(self) -> tuple[float, int]:
        """Waits; returns the frame's moment (monotonic seconds) and how many frames went by unseen before it."""
        now = self._clock()
        if not self._period:
            return now, 0
        if self._next is None:
            self._next = now
        if self._next > now:
            self._wait(self._next - now)
            now = self._clock()
        lost = max(0, int((now - self._next) / self._period))
        self._next += (lost + 1) * self._period
        return now, lost
