"""Is the camera showing anything? Black and frozen pictures, measured over time.

Reports a condition and nothing else: a scanner goes on with whatever the frames hold.
"""

import zlib

import numpy as np

from kiosk.errors import Code
from kiosk.ports import Frame

DARK = 26  # grey level under which 99 of 100 pixels lie when a lid or a finger is over the lens (16 is video black, plus noise)
DARK_AFTER = 1.0  # seconds
FROZEN_AFTER = 2.0  # seconds; a living sensor's noise never repeats a frame
STEP = 8  # every eighth pixel each way tells as much


class Quality:
    """Call it with each frame, in order; the answer is CAMERA_DARK, CAMERA_FROZEN or None."""

    def __init__(self) -> None:
        self._bright_at: float | None = None
        self._changed_at: float | None = None
        self._digest = -1

    def __call__(self, frame: Frame) -> Code | None:
        sample = np.ascontiguousarray(frame.image[::STEP, ::STEP])
        digest = zlib.crc32(sample.data)
        if digest != self._digest or self._changed_at is None:
            self._digest, self._changed_at = digest, frame.at
        if self._bright_at is None or np.percentile(sample, 99) >= DARK:
            self._bright_at = frame.at
        if frame.at - self._bright_at >= DARK_AFTER:
            return Code.CAMERA_DARK
        if frame.at - self._changed_at >= FROZEN_AFTER:
            return Code.CAMERA_FROZEN
        return None
