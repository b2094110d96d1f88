"""Is the camera showing anything, and well enough? Black, frozen, dim, glaring and hazy pictures, measured over time.

Reports a condition and nothing else: a scanner goes on with whatever the frames hold. A picture that was read clears the condition,
whatever is measured here. Focus is judged where a code stands (kiosk/devices/hints.py): a hall behind may be as soft as it likes.
"""

import zlib

import cv2
import numpy as np

from kiosk.errors import Code
from kiosk.ports import Frame

DARK = 26  # grey level under which 99 of 100 pixels lie when a lid or a finger is over the lens (16 is video black, plus noise)
DARK_AFTER = 1.0  # seconds
FROZEN_AFTER = 2.0  # seconds; a living sensor's noise never repeats a frame
DIM = 70  # grey level that the brightest twentieth of the picture does not reach in a hall whose lights are off
BRIGHT, BRIGHT_SHARE = 250, 0.45  # grey level, and share of the picture at it: the camera looks out of a sunny door
# the darkest hundredth is this light, the brightest so far above it: fingerprints on the lens, but no bare wall
HAZE_BLACK, HAZE_RANGE = 55, (40, 120)
POOR_AFTER = 3.0  # seconds; doors open, people walk by
JUDGED_S = 0.1  # seconds between two judgements of the light: it changes more slowly than pictures
STEP = 8  # every eighth pixel each way tells as much


class Quality:
    """Call it with each frame, in order; the answer is a CAMERA_* code or None."""

    def __init__(self) -> None:
        self._bright_at: float | None = None
        self._changed_at: float | None = None
        self._digest = -1
        self._poor: Code | None = None
        self._poor_since = 0.0
        self._judged_at: float | None = None

    def __call__(self, frame: Frame) -> Code | None:
        sample = np.ascontiguousarray(frame.image[::STEP, ::STEP])
        digest = zlib.crc32(sample.data)
        if digest != self._digest or self._changed_at is None:
            self._digest, self._changed_at = digest, frame.at
        if self._judged_at is None or frame.at - self._judged_at >= JUDGED_S:
            self._judged_at = frame.at
            self._judge(sample, frame.at)
        if self._bright_at is not None and frame.at - self._bright_at >= DARK_AFTER:
            return Code.CAMERA_DARK
        if frame.at - self._changed_at >= FROZEN_AFTER:
            return Code.CAMERA_FROZEN
        return self._poor if self._poor is not None and frame.at - self._poor_since >= POOR_AFTER else None

    def _judge(self, sample: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], at: float) -> None:
        grey = cv2.cvtColor(sample, cv2.COLOR_BGR2GRAY) if sample.ndim == 3 else sample
        black, light, white = np.percentile(grey, (1, 95, 99))
        if self._bright_at is None or white >= DARK:
            self._bright_at = at
        poor = None
        if light < DIM:
            poor = Code.CAMERA_DIM
        elif np.mean(grey >= BRIGHT) > BRIGHT_SHARE:
            poor = Code.CAMERA_BRIGHT
        elif black > HAZE_BLACK and HAZE_RANGE[0] < white - black < HAZE_RANGE[1]:
            poor = Code.CAMERA_DIRTY
        if poor is not self._poor:
            self._poor, self._poor_since = poor, at
