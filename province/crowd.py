"""How many calls are inside, and how long the next ones should be spread so that each finds the server nearly free.

A call counts from its first byte: those that wait for a thread are the crowd. The time a batch takes is measured while there is one.
Nothing is refused here; kiosks keep what they were asked to hold back.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

QUIET = 4  # calls at once that need no spreading
PACE_S = 0.03  # between two batches of a full server, until it is known
MOST_S = 300.0
WEIGHT = 0.05  # of the newest measurement


class Crowd:
    """Safe for threads. `clock`: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self.inside, self.pace_s = 0, PACE_S
        self._last: float | None = None

    @contextmanager
    def visit(self) -> Iterator[None]:
        with self._lock:
            self.inside += 1
        try:
            yield
        finally:
            with self._lock:
                self.inside -= 1

    def batch_done(self) -> None:
        """A batch was filed; while others wait, the time since the one before is what a batch takes."""
        now = self._clock()
        with self._lock:
            if self._last is not None and self.inside > QUIET:
                self.pace_s += WEIGHT * (min(now - self._last, 1.0) - self.pace_s)
            self._last = now

    def spread_s(self) -> float:
        """Over how many seconds those who are answered now should come back: as long as the server needs for all who are inside."""
        return min(MOST_S, max(0, self.inside - QUIET) * self.pace_s)
