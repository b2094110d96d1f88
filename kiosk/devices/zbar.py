"""zbar in its binary mode, through pyzbar's wrapper: the second opinion on a frame.

pyzbar's own `decode` is not used: in text mode zbar guesses an encoding and mangles half of the Vietnamese ID cards.
Importing this module raises ImportError or OSError where pyzbar or libzbar is missing, or too old for the binary mode.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyzbar import wrapper

from kiosk.ports import Code

ENGINE = "pyzbar"
_ALL, _QR_CODE = 0, 64  # zbar_symbol_type_t
_ENABLE, _BINARY = 0, 4  # zbar_config_t; ZBAR_CFG_BINARY came with zbar 0.23.1
_Y800 = 0x30303859  # fourcc: one byte of luminance a pixel


@contextmanager
def _scanner() -> Iterator[Any]:
    """An image scanner for QR codes only, in binary mode. Raises ImportError where zbar does not know the mode."""
    scanner = wrapper.zbar_image_scanner_create()
    try:
        wrapper.zbar_image_scanner_set_config(scanner, _ALL, _ENABLE, 0)
        wrapper.zbar_image_scanner_set_config(scanner, _QR_CODE, _ENABLE, 1)
        if wrapper.zbar_image_scanner_set_config(scanner, _QR_CODE, _BINARY, 1):
            raise ImportError("libzbar has no binary mode (0.23.1 or newer is needed)")
        yield scanner
    finally:
        wrapper.zbar_image_scanner_destroy(scanner)


def _code(symbol: Any) -> Code:
    raw = ctypes.string_at(wrapper.zbar_symbol_get_data(symbol), wrapper.zbar_symbol_get_data_length(symbol))
    corners = range(wrapper.zbar_symbol_get_loc_size(symbol))
    box = tuple((int(wrapper.zbar_symbol_get_loc_x(symbol, i)), int(wrapper.zbar_symbol_get_loc_y(symbol, i))) for i in corners)
    return Code(raw, ENGINE, box)


def decode(grey: NDArray[np.uint8]) -> list[Code]:
    """The QR codes in a (height, width) grey picture. Makes its own scanner, so threads need not agree."""
    pixels = np.ascontiguousarray(grey)
    height, width = pixels.shape
    with _scanner() as scanner:
        image = wrapper.zbar_image_create()
        try:
            wrapper.zbar_image_set_format(image, _Y800)
            wrapper.zbar_image_set_size(image, width, height)
            wrapper.zbar_image_set_data(image, pixels.ctypes.data_as(ctypes.c_void_p), pixels.size, None)
            wrapper.zbar_scan_image(scanner, image)
            codes, symbol = [], wrapper.zbar_image_first_symbol(image)
            while symbol:
                if symbol.contents.type == _QR_CODE:
                    codes.append(_code(symbol))
                symbol = wrapper.zbar_symbol_next(symbol)
            return codes
        finally:
            wrapper.zbar_image_destroy(image)


with _scanner():  # an old library is found out here, at import, not on the first voter
    pass
