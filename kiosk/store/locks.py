"""Locks between processes on one data directory: `window` (one), `uploader` (one), `home` (shared by all, exclusive for rebuild),
`view` (shared by those that show only a copy).

An operating-system lock, so a killed process leaves none behind. The file names its holder for the message.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from kiosk.errors import Code, KioskError, code_of

if sys.platform == "win32":
    import msvcrt

    def _wait(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_LOCK, 10_001)  # tries for ten seconds

    def _try(handle: int, exclusive: bool) -> bool:
        # Windows has no shared byte-range lock in msvcrt: shared holders lock one byte each, by process id
        os.lseek(handle, 0 if exclusive else 1 + os.getpid() % 10_000, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 10_001 if exclusive else 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _wait(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)

    def _try(handle: int, exclusive: bool) -> bool:
        try:
            fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


_command = ""  # what this program was started to do


def sign_as(command: str) -> None:
    """From now on this program's locks name it by `command`: a word of ours, never an argument, which may be about a person."""
    global _command
    _command = command


class Held:
    """A lock that is held until it is closed, or its process ends."""

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle

    def close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> "Held":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def acquire(home: Path, name: str, exclusive: bool = True) -> Held | None:
    """The held lock (close it to let go), or None if another process holds it. Raises OSError."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = _open(home, name)
    if not _try(handle, exclusive):
        os.close(handle)
        return None
    _sign(home, name)
    return Held(handle)


def _open(home: Path, name: str) -> int:
    """The lock's file; on a disk that takes no new file the one that is there, or the folder itself. Raises OSError."""
    there = home / f"{name}.lock"
    try:
        return os.open(there, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        if code_of(error) not in (Code.DISK_FULL, Code.DISK_READ_ONLY) or sys.platform == "win32":
            raise
    return os.open(there if there.exists() else home, os.O_RDONLY)


def alone(home: Path, name: str) -> bool:
    """True if nobody holds the lock, not even shared. Ask inside `turn`, or somebody who starts meanwhile is refused."""
    handle = _open(home, name)
    try:
        return _try(handle, exclusive=True)
    finally:
        os.close(handle)


def _sign(home: Path, name: str) -> None:
    """Who holds it, beside the lock (a locked file cannot be read on Windows)."""
    holder = home / f"{name}.holder"
    try:
        holder.write_text(f"kiosk {_command}".strip() + f" (pid {os.getpid()})", "utf-8")
    except OSError:
        return  # the lock itself holds; only the message is poorer


def holder(home: Path, name: str) -> str:
    try:
        return (home / f"{name}.holder").read_text("utf-8")[:80]
    except (OSError, UnicodeDecodeError):
        return "?"


@contextmanager
def turn(home: Path, name: str) -> Iterator[None]:
    """Waits for its turn among the programs of this home; where the disk gives no lock, goes on without one."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            handle = os.open(home / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            stack.callback(os.close, handle)
            _wait(handle)
        yield


@contextmanager
def hold(home: Path, name: str, exclusive: bool = True) -> Iterator[None]:
    """Raises KioskError(WINDOW_BUSY | HOME_BUSY) naming the holder."""
    file = acquire(home, name, exclusive)
    if file is None:
        code = Code.WINDOW_BUSY if name == "window" else Code.HOME_BUSY
        raise KioskError(code, holder=holder(home, name), home=home)
    try:
        yield
    finally:
        file.close()
