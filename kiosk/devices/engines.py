"""The engines that find codes, one function each, and the picture they are given. Bytes out, never engine-decoded text.

zxing-cpp looks at every frame. zbar (kiosk/devices/zbar.py) is optional. Engines guess encodings, and a guessed name is a wrong name.
"""

from enum import Enum
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from kiosk.ports import Code

ZXING, ZBAR = "zxing-cpp", "pyzbar"
SMALLEST = 21  # pixels: a version 1 code at one pixel a module; smaller pictures make engines read outside of them

Grey = NDArray[np.uint8]
Box = tuple[tuple[int, int], ...]

cv2.setNumThreads(1)  # a frame's cost is then one core's, and the window keeps the other


class Looked(msgspec.Struct, frozen=True):
    """What one look at a picture gave. `damaged`: corners of codes that were found but whose check sums failed."""

    codes: list[Code]
    damaged: tuple[Box, ...] = ()


class Effort(Enum):
    """How hard an engine looks. FULL: also smaller and inverted; ENLARGED: not smaller, the picture was enlarged; QUICK: neither."""

    FULL = 0
    ENLARGED = 1
    QUICK = 2


class Engine(Protocol):
    """Looks at a picture once."""

    def __call__(self, grey: Grey, effort: Effort = Effort.FULL) -> Looked: ...


def to_grey(image: object) -> Grey | None:
    """A contiguous (height, width) uint8 picture, or None for what is no picture (wrong type, shape, or too small)."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or min(image.shape[:2], default=0) < SMALLEST:
        return None
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    if image.ndim == 2:
        return np.ascontiguousarray(image)
    if image.ndim != 3 or image.shape[2] not in (3, 4):
        return None
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY if image.shape[2] == 3 else cv2.COLOR_BGRA2GRAY), np.uint8)


def _corners(found: Any) -> Box:
    p = found.position
    return tuple((c.x, c.y) for c in (p.top_left, p.top_right, p.bottom_right, p.bottom_left))


def _zxing(zxingcpp: ModuleType) -> Engine:
    """Holds the module and nothing out of it: what the window leaves behind at its end is otherwise told as a leak on the terminal."""

    def look(grey: Grey, effort: Effort = Effort.FULL) -> Looked:
        codes, damaged = [], []
        smaller, inverted = effort is Effort.FULL, effort is not Effort.QUICK
        # QRCodeModel2, not QRCode: the latter also guesses at Micro QR, and once gave a wrong text.
        formats = zxingcpp.BarcodeFormat.QRCodeModel2
        for found in zxingcpp.read_barcodes(grey, formats=formats, return_errors=True, try_downscale=smaller, try_invert=inverted):
            if found.valid:
                codes.append(Code(found.bytes, ZXING, _corners(found)))
            else:
                damaged.append(_corners(found))
        return Looked(codes, tuple(damaged))

    return look


def load(name: str) -> Engine:
    """Raises ImportError or OSError (a shared library that is not there)."""
    if name == ZXING:
        return _zxing(import_module("zxingcpp"))
    decode = import_module("kiosk.devices.zbar").decode
    return lambda grey, effort=Effort.FULL: Looked(decode(grey))


def load_all(wanted: tuple[str, ...]) -> tuple[dict[str, Engine], dict[str, str]]:
    """The engines of this machine by name, in the order asked for, and those that could not be loaded with why."""
    loaded: dict[str, Engine] = {}
    missing: dict[str, str] = {}
    for name in wanted:
        try:
            loaded[name] = load(name)
        except (ImportError, OSError) as error:
            missing[name] = str(error).splitlines()[0] if str(error) else type(error).__name__
    return loaded, missing
