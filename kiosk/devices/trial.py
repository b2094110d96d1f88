"""The test card before the camera: light, focus, how many of the frames are read, frames a second. Measured, with nothing kept.

Runs on a webcam, a network camera or a replay alike. `step()` takes one frame; the caller repeats it for as long as it likes.
"""

import time
from collections.abc import Callable

import cv2
import msgspec
import numpy as np

from kiosk.devices.engines import to_grey
from kiosk.devices.locate import around
from kiosk.ports import Camera, Code, Decoder, Frame

SHARP_AT, SHARP_OVER = 2, 8  # pixels: an edge that rises within two of them is sharp, one that needs eight is not


class Measured(msgspec.Struct, frozen=True):
    """`frames` seen in `seconds`; `read`: those since the card came up in which it was read, of `shown`; `light`: grey level of the
    card's white, `contrast`: white minus black; `sharpness`: 0 … 1, from about 0.5 on it is in focus. 0 while no card was seen."""

    frames: int
    seconds: float
    shown: int
    read: int
    light: float
    contrast: float
    sharpness: float

    @property
    def fps(self) -> float:
        return self.frames / self.seconds if self.seconds > 0 else 0.0

    @property
    def rate(self) -> float:
        return self.read / self.shown if self.shown else 0.0


class Trial:
    """`is_card`: is this code the test card's? Others are passed over."""

    def __init__(self, decoder: Decoder, is_card: Callable[[bytes], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._decoder, self._is_card, self._clock = decoder, is_card, clock
        self._began: float | None = None
        self._frames = self._shown = self._read = 0
        self._lights: list[float] = []
        self._contrasts: list[float] = []
        self._sharps: list[float] = []

    def step(self, camera: Camera) -> bool:
        """One frame. True if the card was read in it. Raises KioskError(CAMERA_*)."""
        frame = camera.read()
        if self._began is None:
            self._began = self._clock()
        return frame is not None and self.take(frame)

    def take(self, frame: Frame) -> bool:
        """A frame that somebody else has read from the camera."""
        if self._began is None:
            self._began = self._clock()
        self._frames += 1
        card = next((code for code in self._decoder.decode(frame.image) if self._is_card(code.raw)), None)
        self._shown += int(card is not None or self._shown > 0)
        if card is None:
            return False
        self._read += 1
        self._measure(frame, card)
        return True

    def went_by(self, frames: int) -> None:
        """Frames that the camera gave and nobody tried: they count for its pace alone."""
        self._frames += max(0, frames)

    def measured(self) -> Measured:
        seconds = self._clock() - self._began if self._began is not None else 0.0
        light, contrast, sharp = (float(np.median(v)) if v else 0.0 for v in (self._lights, self._contrasts, self._sharps))
        return Measured(self._frames, seconds, self._shown, self._read, light, contrast, sharp)

    def _measure(self, frame: Frame, card: Code) -> None:
        grey = to_grey(frame.image)
        if grey is None or not card.box:
            return
        cut = around(card.box, grey.shape, 0.02).cut(grey)
        if min(cut.shape) <= 2 * SHARP_OVER:
            return
        dark, bright = np.percentile(cut, (5, 95))
        steep = np.percentile(cv2.absdiff(cut[:, SHARP_AT:], cut[:, :-SHARP_AT]), 98)
        whole = np.percentile(cv2.absdiff(cut[:, SHARP_OVER:], cut[:, :-SHARP_OVER]), 98)
        self._lights.append(float(bright))
        self._contrasts.append(float(bright - dark))
        self._sharps.append(float(steep / whole) if whole > 0 else 0.0)
