"""What would help the person who holds up a code that cannot be read: nearer, tilted, still, in better light, in focus.

Judges the place where the live decoder looks for a code. Furniture has texture too: what does not move is nobody's phone.
"""

import cv2
import numpy as np

from kiosk.devices.decoder import Cascade
from kiosk.devices.engines import Grey, to_grey
from kiosk.devices.locate import CELL, Place
from kiosk.ports import Frame, Hint

AFTER = 8  # frames a code must stand there unread: most are read at the next look
EVERY = 4  # frames; a hint need not be newer
NEAR = 170  # pixels: a place this small holds a code of two pixels a module or less
GLARE, GLARE_SHARE = 250, 0.10  # grey level, and share of the place without texture at that level
DIM = 80  # grey level under which the brightest parts of the place lie
MOVED = 20.0  # pixels between two judgements, more than a cell: a hand that does not hold still
STREAKED = 2.2  # times as much texture across as down, or the reverse: smeared by motion
STILL_S, STILL_DIFFERENCE = 6.0, 4.0  # furniture: as long unchanged, within the noise
THUMB = 24  # pixels a side of the thumbnail that is compared


class Hints:
    """Call it with each frame in which `decoder` found nothing, in order."""

    def __init__(self, decoder: Cascade) -> None:
        self._decoder = decoder
        self._last: Place | None = None
        self._thumb: Grey | None = None
        self._still_since = 0.0
        self._hint: Hint | None = None

    def __call__(self, frame: Frame) -> Hint | None:
        place, trying = self._decoder.place, self._decoder.trying
        if place is None or trying < AFTER:
            self._hint = None
        elif (trying - AFTER) % EVERY == 0:
            self._hint = self._judge(frame, place)
        return self._hint

    def _judge(self, frame: Frame, place: Place) -> Hint | None:
        image = np.ascontiguousarray(frame.image[place.top : place.bottom, place.left : place.right])
        cut = to_grey(image)
        if cut is None or self._is_furniture(cut, frame.at):
            return None
        last, self._last = self._last, place
        hint = self._light(cut)
        if hint is None and last is not None and max(abs(a - b) for a, b in zip(last.middle, place.middle, strict=True)) > MOVED:
            hint = Hint.STILL
        if hint is None and place.side < NEAR:
            hint = Hint.CLOSER
        return hint or self._sharpness(cut)

    def _is_furniture(self, cut: Grey, at: float) -> bool:
        thumb = np.asarray(cv2.resize(cut, (THUMB, THUMB), interpolation=cv2.INTER_AREA), np.uint8)
        before, self._thumb = self._thumb, thumb
        if before is None or float(np.mean(cv2.absdiff(before, thumb))) > STILL_DIFFERENCE:
            self._still_since = at
        return at - self._still_since > STILL_S

    @staticmethod
    def _light(cut: Grey) -> Hint | None:
        """Too dark, or a lamp in the glass: a bright part without texture inside the place."""
        if np.percentile(cut[::4, ::4], 95) < DIM:
            return Hint.LIGHT
        inner = cut[cut.shape[0] // 5 : -cut.shape[0] // 5 or None, cut.shape[1] // 5 : -cut.shape[1] // 5 or None]
        h, w = inner.shape[0] // CELL * CELL, inner.shape[1] // CELL * CELL
        if min(h, w) < 3 * CELL:
            return None
        darkest = inner[:h, :w].reshape(h // CELL, CELL, w // CELL, CELL).min(axis=(1, 3))
        return Hint.TILT if float(np.mean(darkest >= GLARE)) > GLARE_SHARE else None

    @staticmethod
    def _sharpness(cut: Grey) -> Hint:
        across = float(np.mean(cv2.absdiff(cut[:, 2:], cut[:, :-2])))
        down = float(np.mean(cv2.absdiff(cut[2:], cut[:-2])))
        return Hint.STILL if max(across, down) > STREAKED * min(across, down) else Hint.FOCUS
