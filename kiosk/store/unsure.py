"""`unsure.log`: deeds that were sent to paper because saving failed. If their event turns up later, the lead keeps or voids it.

One JSON object a line: deed, paper form number, time, code. Never a name, a number or an answer. Blank lines are room kept free:
a disk without room for the journal still has room for these. A number that could not be kept here is not given out: the next program
would give it again.
"""

import contextlib
import errno
import os
import threading
from pathlib import Path

import msgspec

from kiosk.domain import papernumber
from kiosk.errors import Code
from kiosk.security import files
from kiosk.store import locks
from kiosk.store.engine import Database
from kiosk.store.journal import Journal

ROOM = 320 * 1024  # bytes, more than 4,000 deeds: a day of which nothing can be saved


class Entry(msgspec.Struct, frozen=True):
    deed: str
    paper: int
    at: int
    code: str


class Unsure:
    def __init__(self, home: Path) -> None:
        self._home, self._path = home, home / "unsure.log"
        self._turn = threading.Lock()
        self._deeds = {entry.deed for entry in self.entries()}
        with contextlib.suppress(OSError), locks.turn(home, "unsure"):  # its lock is made with it: a full disk takes no new file
            self._keep_room()

    def _keep_room(self) -> None:
        """Raises OSError."""
        if not self._path.exists():
            files.write(self._path, b"\n" * ROOM)
        elif (missing := ROOM - self._path.stat().st_size) > 0:  # an older program made it smaller
            with self._path.open("ab", buffering=0) as file:
                file.write(b"\n" * missing)
                os.fsync(file.fileno())

    def entries(self) -> list[Entry]:
        """What the file holds; a line torn by a crash is passed over."""
        found: list[Entry] = []
        with contextlib.suppress(OSError):
            for line in self._path.read_bytes().split():
                with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                    found.append(msgspec.json.decode(line, type=Entry))
        return found

    def knows(self, deed: bytes) -> bool:
        """Did this program, or one before it, send the deed to paper?"""
        return deed.hex() in self._deeds

    def note(self, deed: bytes, at: int, code: Code) -> int:
        """Writes the deed down and returns the paper form's number (1 is G001): the next of all programs on this home.

        0 when it could not be written down: the paper is then the only record, the time stands for the number, and the screen says so.
        """
        with self._turn, locks.turn(self._home, "unsure"):
            number = max((entry.paper for entry in self.entries()), default=0) + 1
            self._deeds.add(deed.hex())
            if number > papernumber.LAST:
                return 0
            try:
                self._write(msgspec.json.encode(Entry(deed.hex(), number, at, code.value)) + b"\n")
            except OSError:  # the same disk just failed
                return 0
            return number

    def _write(self, line: bytes) -> None:
        """Into the kept room, after the last line; one that was torn is ended first. Raises OSError, also for a line written in part."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b", buffering=0) as file:
            used = len(file.read().rstrip(b"\n"))
            file.seek(used)
            line = (b"\n" if used else b"") + line
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)

    def turned_up(self, database: Database, journal: Journal) -> list[tuple[Entry, str]]:
        """Deeds that went to paper and are in the journal all the same, with their event's key: they may count twice."""
        entries = self.entries()
        if not entries:
            return []
        with database.read() as conn:
            found = [(e, journal.by_deed(conn, bytes.fromhex(e.deed))) for e in entries]
        return [(entry, str(written[-1].key)) for entry, written in found if written]
