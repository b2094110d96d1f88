"""What an officer may ask of the talk with the province: send all of it now, write it to a stick, take a stick home. No words here."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from kiosk.devices.sticks import sticks
from kiosk.domain.vntime import ZONE
from kiosk.errors import Code, KioskError
from kiosk.station import Station
from kiosk.store.directory import Directory
from kiosk.sync.bundle import Stick, Taken, Written
from kiosk.sync.state import SyncState
from kiosk.sync.uploader import Uploader

OUT, HOME = ".huebundle", ".huereceipts"
LOOKED_AT = 20  # receipt files on one stick


class Talk:
    """Made for one opened home; every call may wait for network or stick: use the slow lane."""

    def __init__(self, uploader: Callable[[], Uploader], stick: Callable[[], Stick], station: Station, directory: Directory) -> None:
        self._uploader, self._stick, self._station, self._directory = uploader, stick, station, directory

    def drain(self, progress: Callable[[SyncState], None], cancelled: Callable[[], bool]) -> SyncState:
        """Until everything is held and opened, or `cancelled()`; cancelling loses nothing."""
        return self._uploader().drain(progress, cancelled)

    def out(self) -> tuple[Path, Written]:
        """Writes what waits to the first stick. Raises KioskError(NO_STICK | FILE_NOT_WRITTEN)."""
        info = self._station.info
        stamp = datetime.now(ZONE).strftime("%Y%m%d-%H%M%S")
        file = _first(sticks()) / f"hue-{info.station.code}-{info.label}-{stamp}{OUT}"
        made = self._stick().export(file, self._station.day())
        self._note("bundle_export", made.events)
        return file, made

    def home(self) -> Taken:
        """Takes every receipt file on the sticks, newest first. Raises KioskError(NO_STICK | BAD_FILE)."""
        folders = sticks()
        _first(folders)
        files = sorted((f for folder in folders for f in folder.glob(f"*{HOME}")), key=lambda f: f.stat().st_mtime, reverse=True)
        if not files:
            raise KioskError(Code.BAD_FILE, why="none", file=f"*{HOME}")
        total = Taken()
        for file in files[:LOOKED_AT]:
            total = total.plus(self._stick().receipts(file))
        self._directory.refresh()
        self._note("bundle_receipts", total.events)
        return total

    def _note(self, what: str, count: int) -> None:
        if self._station.day() is not None:
            self._station.audit(what, count=count)


def _first(folders: list[Path]) -> Path:
    """Raises KioskError(NO_STICK)."""
    if not folders:
        raise KioskError(Code.NO_STICK)
    return folders[0]
