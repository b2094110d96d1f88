"""One frame as a picture for the hotline: everything that can be decoded in it is made unreadable first, and read again to be sure.

A frame that still gives a code after blurring is not written. Asked for by a lead only (kiosk/equipment.py).
"""

import time
from pathlib import Path

import cv2
import numpy as np

from kiosk.devices.decoder import QrDecoder
from kiosk.devices.engines import Box
from kiosk.devices.locate import around
from kiosk.errors import Code, KioskError, code_of
from kiosk.ports import Frame

TRIES = 12  # codes in one picture
BLOCK = 24  # pixels of a mosaic stone, several modules wide


def blurred(frame: Frame) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The frame with a mosaic over each code that any engine reads. Raises KioskError(BAD_FILE) if one stays readable."""
    image, decoder = np.array(frame.image, np.uint8), QrDecoder()
    for _ in range(TRIES):
        codes = decoder.decode(image)
        if not codes:
            return image
        for code in codes:
            _mosaic(image, code.box)
    raise KioskError(Code.BAD_FILE, file="capture", why="a code stays readable")


def _mosaic(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], box: Box) -> None:
    whole = ((0, 0), (image.shape[1], 0), (image.shape[1], image.shape[0]), (0, image.shape[0]))
    place = around(box or whole, image.shape, 0.2)
    part = image[place.top : place.bottom, place.left : place.right]
    stones = (max(1, part.shape[1] // BLOCK), max(1, part.shape[0] // BLOCK))
    small = cv2.resize(part, stones, interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(small, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_NEAREST)


def save(frame: Frame, folder: Path) -> Path:
    """Writes the blurred picture, readable by this user only. Raises KioskError(DISK_* | BAD_FILE)."""
    good, data = cv2.imencode(".jpg", blurred(frame), [cv2.IMWRITE_JPEG_QUALITY, 85])
    if not good:
        raise KioskError(Code.BAD_FILE, file="capture", why="not a picture")
    file = folder / f"camera-{time.strftime('%Y%m%d-%H%M%S')}.jpg"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(0o600)
        file.write_bytes(data.tobytes())
    except OSError as error:
        raise KioskError(code_of(error), file=file.name) from error
    return file
