"""Pictures to bytes: zxing-cpp on every frame, zbar as a second opinion on those it finds nothing in.

Bytes, never engine-decoded text: engines guess encodings, and a guessed name is a wrong name. Frames are never made smaller:
two pixels a module is the floor of every engine. An engine that is not on this machine is named in `missing`.
"""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.ports import Code

ZXING, ZBAR = "zxing-cpp", "pyzbar"
SMALLEST = 21  # pixels: a version 1 code at one pixel a module; smaller pictures make engines read outside of them

Engine = Callable[[NDArray[np.uint8]], list[Code]]


def to_grey(image: object) -> NDArray[np.uint8] | None:
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


def _zxing(zxingcpp: ModuleType) -> Engine:
    # QRCodeModel2, not QRCode: the latter also guesses at Micro QR, and once gave a wrong text.
    formats = zxingcpp.BarcodeFormat.QRCodeModel2

    def decode(grey: NDArray[np.uint8]) -> list[Code]:
        codes = []
        for found in zxingcpp.read_barcodes(grey, formats=formats):
            p = found.position
            corners = (p.top_left, p.top_right, p.bottom_right, p.bottom_left)
            codes.append(Code(found.bytes, ZXING, tuple((c.x, c.y) for c in corners)))
        return codes

    return decode


def _load(name: str) -> Engine:
    """Raises ImportError or OSError (a shared library that is not there)."""
    if name == ZXING:
        return _zxing(import_module("zxingcpp"))
    engine: Engine = import_module("kiosk.devices.zbar").decode
    return engine


class QrDecoder:
    """The Decoder port. `wanted`: the engines to try for, in their order.

    `patience`: the second engine looks at the first of every `patience` frames in a row in which the first found nothing
    (it costs ten times as much; 1 = at each).
    """

    def __init__(self, wanted: tuple[str, ...] = (ZXING, ZBAR), patience: int = 1) -> None:
        self._loaded: dict[str, Engine] = {}
        self.missing: dict[str, str] = {}
        self._patience, self._misses = max(1, patience), 0
        for name in wanted:
            try:
                self._loaded[name] = _load(name)
            except (ImportError, OSError) as error:
                self.missing[name] = str(error).splitlines()[0] if str(error) else type(error).__name__
        self.engines = tuple(self._loaded)

    def decode(self, image: NDArray[np.uint8]) -> list[Code]:
        """The codes in a BGR, BGRA or grey uint8 picture; empty for none, and for anything that is no picture."""
        grey = to_grey(image)
        if grey is None:
            return []
        for place, engine in enumerate(self._loaded.values()):
            if place and (self._misses - 1) % self._patience:
                break
            if codes := engine(grey):
                self._misses = 0
                return codes
            self._misses += place == 0
        return []
