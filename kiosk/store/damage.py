"""`damage.log`: what a start found wrong with the files of this home, kept until a person has looked (`kiosk verify --settle`).

One JSON object a line: time, code, detail. No personal data. A second start must not make an announcement go away.
"""

import contextlib
import os
from pathlib import Path

import msgspec

from kiosk.errors import Code
from kiosk.security import files

NAME, SEEN = "damage.log", "damage.seen"
LONGEST = 200


class Found(msgspec.Struct, frozen=True):
    """`at`: ms UTC."""

    at: int
    code: str
    detail: str


def note(home: Path, at: int, code: Code, detail: str) -> bool:
    """Adds a line, durable where the disk allows; the same finding stands there once. False: the disk did not take it."""
    found = Found(at, code.value, detail[:LONGEST])
    if any((known.code, known.detail) == (found.code, found.detail) for known in standing(home)):
        return True
    with contextlib.suppress(OSError):  # a full disk is announced by itself
        handle = os.open(home / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "ab") as file:
            file.write(msgspec.json.encode(found) + b"\n")
            file.flush()
            os.fsync(handle)
        files.sync_folder(home)
        return True
    return False


def standing(home: Path) -> list[Found]:
    """What nobody has looked at yet; a torn line is passed over."""
    return _read(home / NAME)


def looked_at(home: Path, code: Code) -> frozenset[str]:
    """The details of findings of one kind that somebody has looked at: what cannot be mended is not announced again."""
    return frozenset(found.detail for found in _read(home / SEEN) if found.code == code.value)


def _read(file: Path) -> list[Found]:
    out: list[Found] = []
    with contextlib.suppress(OSError):
        for line in file.read_bytes().splitlines():
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                out.append(msgspec.json.decode(line, type=Found))
    return out


def codes(home: Path) -> list[Code]:
    return [Code(found.code) for found in standing(home) if found.code in Code._value2member_map_]


def settle(home: Path) -> int:
    """Somebody has looked: the notes go to `damage.seen`, at its end. Returns how many. Raises OSError."""
    found = standing(home)
    if found:
        with (home / SEEN).open("ab") as file:
            file.write((home / NAME).read_bytes())
            file.flush()
            os.fsync(file.fileno())
        (home / NAME).unlink()
        files.sync_folder(home)
    return len(found)
