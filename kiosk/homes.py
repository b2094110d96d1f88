"""May this path be a data directory? Looked at before anything is opened or made there, so that a slip is named and not a fault."""

import contextlib
import os
import shutil
from pathlib import Path

from kiosk.errors import Code, KioskError

LEAST_ROOM = 64 * 1024  # bytes on the disk: less than the shared memory of a WAL needs


def trouble(home: Path) -> str:
    """Why `home` cannot hold this kiosk's data: a_file_not_a_folder, under_a_file, no_right_to_write, or the system's own words; "" if
    it can. A folder that is not there yet can, where it may be made."""
    try:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.lstat(home)  # a name too long, a folder that may not be entered
        nearest = next(path for path in (home.absolute(), *home.absolute().parents) if os.path.lexists(path))
        if not nearest.is_dir():
            return "a_file_not_a_folder" if nearest == home.absolute() else "under_a_file"
        return "" if os.access(nearest, os.W_OK | os.X_OK) else "no_right_to_write"
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or type(error).__name__


def check(home: Path) -> None:
    """Raises KioskError(HOME_UNUSABLE) with `home` and `why`. A home that is there and may not be written is left to its own words: it
    can still be looked at."""
    why = trouble(home)
    if why and not (why == "no_right_to_write" and os.path.isdir(home) and os.access(home, os.R_OK | os.X_OK)):
        raise KioskError(Code.HOME_UNUSABLE, home=home, why=why)


def full(folder: Path) -> bool:
    """Has its disk less room than a database needs to be opened?"""
    with contextlib.suppress(OSError):
        return shutil.disk_usage(folder).free < LEAST_ROOM
    return False


def refuses(home: Path) -> Code | None:
    """Why nothing can be saved in `home`, which is there, as far as its disk can be asked: DISK_READ_ONLY, DISK_FULL or None."""
    if not os.access(home, os.W_OK | os.X_OK):
        return Code.DISK_READ_ONLY
    return Code.DISK_FULL if full(home) else None
