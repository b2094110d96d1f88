"""What a machine without a station may do at its first start: enrol by code or file, or train. Every call is the desk lane's."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.errors import KioskError

if TYPE_CHECKING:
    from kiosk.ports import Clock
    from kiosk.security.activate import Choice


class Newcomer:
    """`practise(home)`: the window goes on with this home."""

    def __init__(self, home: Path, clock: "Clock | None", practise: Callable[[Path], object]) -> None:
        self._home, self._given, self._practise = home, clock, practise

    @property
    def _clock(self) -> "Clock":
        from kiosk.devices.clock import SystemClock

        return self._given or SystemClock()

    def enrol(self, server: str, code: str) -> object:
        from kiosk.devices import keystore
        from kiosk.sync import enrol

        return enrol.enrol(self._home, server, code, keystore.best(self._home), self._clock)

    def choices(self, file: Path) -> "Sequence[Choice]":
        from kiosk.security import activate

        return activate.choices(activate.load(file))

    def activate(self, file: Path, station: str, officer: str, pin: str) -> object:
        from kiosk.devices import keystore
        from kiosk.security import activate

        return activate.activate(self._home, file, station, officer, pin, keystore.best(self._home), self._clock)

    def train(self) -> object:
        from kiosk.devices import keystore
        from kiosk.security import activate

        folder = activate.training_home(self._home, self._clock)
        with contextlib.suppress(KioskError):  # it is there already
            activate.train(folder, keystore.FileKeyStore(folder / keystore.FILE), self._clock)
        self._practise(folder)
        return folder

    def spare(self) -> Path | None:
        from kiosk.security import activate

        return activate.spare(self._home)
