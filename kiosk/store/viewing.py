"""View only ("chế độ chỉ xem"): what can still be shown when the disk takes nothing or the database is damaged.

The database is copied, encrypted as it lies, into memory where the system has a place for it, and the copy is read. From a damaged
one nothing is copied: the copy is made from the second copy, `journal.sealed`. Nothing in the home is touched. Decision 0021.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from kiosk.errors import Code, KioskError
from kiosk.store import locks

IN_MEMORY = ("/dev/shm",)  # after the user's own runtime folder; a copy there needs no disk and ends with the power
PREFIX, SHOWN = "kiosk-view-", "shown"  # of a folder; the lock in it, held while the copy is shown
ROOM = 1 << 20  # bytes left over, for the copy's own shared memory


def folder(need: int) -> Path | None:
    """A new private folder with room for `need` bytes, in memory if there is such a place; None where nothing has room."""
    for place in filter(None, (os.environ.get("XDG_RUNTIME_DIR"), *IN_MEMORY, tempfile.gettempdir())):
        _sweep(Path(place))
        try:
            if shutil.disk_usage(place).free > need + ROOM:
                return Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        except OSError:
            continue
    return None


def _sweep(place: Path) -> None:
    """Copies whose program was killed are removed: they would lie in memory until the machine is off."""
    for left in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, KioskError):  # another user's
            if (left / f"{SHOWN}.lock").exists() and locks.alone(left, SHOWN):
                shutil.rmtree(left, ignore_errors=True)


def size(*files: Path) -> int:
    return sum(path.stat().st_size for path in files if path.exists())


def of(home: Path, why: Code, from_sealed: Callable[[Path], object]) -> Path | None:
    """A folder with a `journal.db` to look at, or None where there is none to be had. The caller removes the folder.

    `from_sealed(file)` builds a database from the second copy. Raises KioskError or OSError from it, and leaves nothing behind then.
    """
    database, wal = home / "journal.db", home / "journal.db-wal"
    damaged = why is Code.DATABASE_UNREADABLE
    place = folder(4 * size(home / "journal.sealed") if damaged else size(database, wal))
    if place is None:
        return None
    try:
        if damaged:
            from_sealed(place / database.name)
        elif database.exists():
            for file in (database, wal):
                if file.exists():
                    shutil.copyfile(file, place / file.name)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    if not (place / database.name).exists():
        shutil.rmtree(place, ignore_errors=True)
        return None
    return place
