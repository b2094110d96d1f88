"""The support captures of a home: where they lie, and that they expire. The only pictures a kiosk ever keeps."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

FOLDER = "captures"
LIFE_S = 24 * 3600


def expire(folder: Path, wall: Callable[[], float] = time.time) -> int:
    """Deletes what is older than a day, or from the future (a clock that was set back); returns how many went."""
    gone = 0
    for file in folder.glob("*") if folder.is_dir() else ():
        with contextlib.suppress(OSError):
            if not 0 <= wall() - file.stat().st_mtime < LIFE_S:
                file.unlink()
                gone += 1
    return gone
