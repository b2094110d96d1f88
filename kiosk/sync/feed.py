"""The feed's part of the uploader's step: when to ask, what to ask for, what became of a page. One call at a time; nothing is sent up."""

from collections.abc import Callable
from typing import Protocol

from kiosk.domain.protocol import FeedCall, FeedPage
from kiosk.errors import Code, KioskError
from kiosk.store.feed import Taken

EVERY_S = 300.0  # between whole runs, and after one that failed
PATIENCE = 3  # fillings in a row whose checksum did not fit, or pages that were cut, before we wait as after a failure


class Files(Protocol):
    """What is needed of store.feed.Filing."""

    def cursors(self) -> dict[str, int]: ...
    def take(self, page: FeedPage, now: int) -> Taken: ...


class Feed:
    """`changed` is told after every page that brought something. Times: monotonic seconds."""

    def __init__(self, files: Files, changed: Callable[[], object] = lambda: None) -> None:
        self._files, self._changed = files, changed
        self._next, self._misfits, self._stumbles = 0.0, 0, 0
        self.first = True  # of this program: then revocations come before anything is sent

    def due(self, mono: float) -> bool:
        """A run is to be begun or is under way."""
        return mono >= self._next

    def wait_s(self, mono: float) -> float:
        return max(0.0, self._next - mono)

    def hurry(self) -> None:
        """Somebody asked for it now."""
        self._next = 0.0

    def call(self) -> FeedCall:
        return FeedCall(self._files.cursors())

    def take(self, page: FeedPage, mono: float, wall: int) -> None:
        """Files a page; the next one is due at once until the run has ended. Raises KioskError."""
        self._stumbles = 0
        taken = self._files.take(page, wall)
        if taken.rows or taken.swapped or taken.whole:
            self._changed()
        self._misfits = self._misfits + 1 if taken.again else 0 if taken.whole else self._misfits
        if taken.whole:
            self.first, self._next = False, mono + EVERY_S
        elif self._misfits > PATIENCE:
            self._misfits = 0
            self.failed(mono)
            raise KioskError(Code.SERVER_ODD, why="checksum")
        elif not page.more and not taken.again:
            self.failed(mono)

    def stumbled(self, mono: float, sent: bool) -> None:
        """The link's trouble. Without any link it stays first in the queue; a page that alone does not get through makes way."""
        self._stumbles += int(sent)
        if self._stumbles >= PATIENCE:
            self._stumbles = 0
            self.failed(mono)

    def failed(self, mono: float) -> None:
        """Not now: uploading goes on, the feed is asked for again later."""
        self.first, self._next = False, mono + EVERY_S
