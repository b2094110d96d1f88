"""Runs first in the built program: pyzbar asks the system for libzbar, so the answer is made to be the bundled one."""

import ctypes.util
import sys
from pathlib import Path

_ask = ctypes.util.find_library


def _find(name: str) -> str | None:
    if name == "zbar":
        for file in sorted(Path(sys._MEIPASS).glob("libzbar*")):  # type: ignore[attr-defined]  # set by the boot loader
            return str(file)
    return _ask(name)


ctypes.util.find_library = _find
