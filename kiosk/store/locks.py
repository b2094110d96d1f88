"""Locks between processes on one data directory: `window` (one), `uploader` (one), `home` (shared by all, exclusive for rebuild).

An operating-system lock, so a killed process leaves none behind. The file names its holder for the message.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kiosk.errors import Code, KioskError

if sys.platform == "win32":
    import msvcrt

    def _wait(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 10_001)  # tries for ten seconds

    def _try(file: IO[bytes], exclusive: bool) -> bool:
        # Windows has no shared byte-range lock in msvcrt: shared holders lock one byte each, by process id
        offset = 0 if exclusive else 1 + os.getpid() % 10_000
        file.seek(offset)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 10_001 if exclusive else 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _wait(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)

    def _try(file: IO[bytes], exclusive: bool) -> bool:
        try:
            fcntl.flock(file.fileno(), (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def acquire(home: Path, name: str, exclusive: bool = True) -> IO[bytes] | None:
    """The held lock (close it to let go), or None if another process holds it."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(home / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    file = os.fdopen(handle, "r+b", buffering=0)
    if not _try(file, exclusive):
        file.close()
        return None
    _sign(home, name)
    return file


def _sign(home: Path, name: str) -> None:
    """Who holds it, beside the lock (a locked file cannot be read on Windows)."""
    holder = home / f"{name}.holder"
    try:
        holder.write_text(f"{Path(sys.argv[0]).name or 'kiosk'} (pid {os.getpid()})", "utf-8")
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
            _wait(stack.enter_context(os.fdopen(handle, "r+b", buffering=0)))
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
