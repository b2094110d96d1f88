"""`unsure.log`: deeds that were sent to paper because saving failed. If their event turns up later, the lead keeps or voids it.

One JSON object a line: deed, paper form number, time, code. Never a name, a number or an answer.
"""

import contextlib
import os
from pathlib import Path

import msgspec

from kiosk.errors import Code
from kiosk.store.engine import Database
from kiosk.store.journal import Journal


class Entry(msgspec.Struct, frozen=True):
    deed: str
    paper: int
    at: int
    code: str


class Unsure:
    def __init__(self, home: Path) -> None:
        self._path = home / "unsure.log"
        self._numbers = max((e.paper for e in self.entries()), default=0)

    def entries(self) -> list[Entry]:
        """What the file holds; a line torn by a crash is passed over."""
        found: list[Entry] = []
        with contextlib.suppress(OSError):
            for line in self._path.read_bytes().splitlines():
                with contextlib.suppress(msgspec.DecodeError):
                    found.append(msgspec.json.decode(line, type=Entry))
        return found

    def note(self, deed: bytes, at: int, code: Code) -> int:
        """Writes the deed down as well as the disk allows, and returns the paper form's number (1 is G001)."""
        self._numbers += 1
        line = msgspec.json.encode(Entry(deed.hex(), self._numbers, at, code.value)) + b"\n"
        with contextlib.suppress(OSError):  # the same disk just failed; the paper is then the only record, and the screen says so
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, line)
                os.fsync(handle)
            finally:
                os.close(handle)
        return self._numbers

    def turned_up(self, database: Database, journal: Journal) -> list[tuple[Entry, str]]:
        """Deeds that went to paper and are in the journal all the same, with their event's key: they may count twice."""
        entries = self.entries()
        if not entries:
            return []
        with database.read() as conn:
            found = [(e, journal.by_deed(conn, bytes.fromhex(e.deed))) for e in entries]
        return [(entry, str(written[-1].key)) for entry, written in found if written]
