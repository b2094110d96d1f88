"""Wrong PINs: counted before the PIN is looked at, in a file that outlives a restart; five, then a wait of 15 s that doubles.

A wait runs on the boot's own clock: setting the wall clock forward does not shorten it, and after a restart it begins again.
Nothing here is secret. Whoever may write to the directory can delete the file, and then meets Argon2id alone.
"""

import os
from pathlib import Path

import msgspec

from kiosk.errors import Code, KioskError
from kiosk.ports import Now
from kiosk.security import files

FILE = "tries.json"
FREE, FIRST_WAIT_S, LONGEST_WAIT_S = 5, 15, 3600


class Wrong(msgspec.Struct, frozen=True):
    """`count` in a row; `mono`, `boot`: the clock of the last one, ms."""

    count: int
    mono: int
    boot: str


class Untold(msgspec.Struct, frozen=True):
    """Failed tries that the journal does not know yet. `deed`: hex; `at`: ms UTC of the last."""

    deed: str
    officer: str
    count: int
    at: int


class Book(msgspec.Struct, frozen=True):
    wrong: dict[str, Wrong] = {}
    untold: list[Untold] = []


def wait_s(count: int) -> int:
    """Seconds to wait after `count` wrong ones in a row."""
    return 0 if count < FREE else min(LONGEST_WAIT_S, FIRST_WAIT_S << min(count - FREE, 20))


class Tries:
    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        self._memory: Book | None = None  # where the disk takes nothing
        self._taken: set[str] = set()  # on their way into the journal: later tries get a deed of their own

    def _read(self) -> Book:
        if self._memory is not None:
            return self._memory
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Book)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return Book()

    def _write(self, book: Book) -> None:
        try:
            files.write(self._path, msgspec.json.encode(book))
            self._memory = None
        except OSError:
            self._memory = book

    def left_s(self, officer: str, now: Now) -> int:
        """Seconds this officer has still to wait; 0 for none."""
        book = self._read()
        wrong = book.wrong.get(officer)
        if wrong is None or not (whole := wait_s(wrong.count)):
            return 0
        if wrong.boot != now.boot:  # the machine was restarted: the wait begins again
            self._write(msgspec.structs.replace(book, wrong={**book.wrong, officer: Wrong(wrong.count, now.mono, now.boot)}))
            return whole
        return max(0, whole - (now.mono - wrong.mono) // 1000)

    def begin(self, officer: str, now: Now) -> None:
        """Counts a try before its PIN is looked at. Raises KioskError(PIN_WAIT) with `seconds`."""
        if left := self.left_s(officer, now):
            raise KioskError(Code.PIN_WAIT, officer=officer, seconds=left)
        book = self._read()
        count = book.wrong[officer].count + 1 if officer in book.wrong else 1
        old = next((one for one in book.untold if one.officer == officer and one.deed not in self._taken), None)
        noted = Untold(old.deed if old else os.urandom(8).hex(), officer, (old.count if old else 0) + 1, now.wall)
        others = [one for one in book.untold if one is not old]
        self._write(Book({**book.wrong, officer: Wrong(count, now.mono, now.boot)}, [*others, noted]))

    def right(self, officer: str) -> None:
        """It was the right one: the count begins again, and this try was no failure."""
        book = self._read()
        untold = [
            one if one.officer != officer or one.deed in self._taken else msgspec.structs.replace(one, count=one.count - 1)
            for one in book.untold
        ]  # fmt: skip
        wrong = {name: one for name, one in book.wrong.items() if name != officer}
        self._write(Book(wrong, [one for one in untold if one.count > 0]))

    def clear(self, officer: str) -> None:
        """A lead lifts the wait; the failures stay to be told."""
        book = self._read()
        self._write(msgspec.structs.replace(book, wrong={name: one for name, one in book.wrong.items() if name != officer}))

    def count(self, officer: str) -> int:
        wrong = self._read().wrong.get(officer)
        return wrong.count if wrong else 0

    def take(self) -> list[Untold]:
        """Failures that nobody has taken yet; they stay in the file until `told`."""
        found = [one for one in self._read().untold if one.deed not in self._taken]
        self._taken |= {one.deed for one in found}
        return found

    def told(self, deeds: set[str]) -> None:
        """These are in the journal now."""
        book = self._read()
        if any(one.deed in deeds for one in book.untold):
            self._write(msgspec.structs.replace(book, untold=[one for one in book.untold if one.deed not in deeds]))
