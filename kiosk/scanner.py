"""Camera + decoder + debounce: `step()` takes one frame and returns a Sighting or None; a thread repeats it.

Knows nothing of what a code says. Camera trouble is a condition that clears itself, never an exception: the camera is opened
again and again, and everything else goes on meanwhile.
"""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kiosk import errors
from kiosk.errors import KioskError
from kiosk.ports import Camera, Code, Decoder, Frame, Sighting

AWAY = 1.0  # seconds out of view after which the same code is a new sighting
RETRY = (0.5, 1.0, 2.0, 4.0)  # seconds between attempts to open a camera; the last one repeats
NAP = 0.2  # seconds one step waits at most while there is no camera

Box = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class _Seen:
    """When a code was last in view and when it was last taken (the scanner's clock, seconds)."""

    seen: float
    taken: float


class Debounce:
    """Which of the codes in view to take now.

    The same bytes are not taken again within `repeat` seconds while they stay in view; at once when they were away for
    `AWAY` seconds; another code is taken at once.
    """

    def __init__(self, repeat: float) -> None:
        self.repeat = repeat
        self._known: dict[bytes, _Seen] = {}

    def take(self, codes: Iterable[Code], now: float) -> Code | None:
        """The first code that is due; others that are due too wait for the next frame."""
        taken: Code | None = None
        for code in codes:
            known = self._known.get(code.raw)
            due = known is None or now - known.seen >= AWAY or now - known.taken >= self.repeat
            if due and taken is None:
                taken = code
                self._known[code.raw] = _Seen(now, now)
            elif known is not None and not due:
                known.seen = now
        self._known = {raw: k for raw, k in self._known.items() if now - k.seen < AWAY}
        return taken


class Scanner:
    """One camera, one decoder. After each `step()`: `latest` the newest frame, `boxes` the codes found in it, `condition`
    what troubles the camera (or None), `name` the camera's.

    `open_camera` opens a camera or raises KioskError; `quality` judges frames in order (CAMERA_DARK, CAMERA_FROZEN, None);
    `clock` is monotonic seconds; `wait` pauses while there is no camera (give it a stop event's `wait`).
    """

    def __init__(
        self,
        open_camera: Callable[[], Camera],
        decoder: Decoder,
        clock: Callable[[], float] = time.monotonic,
        repeat_seconds: float = 5.0,
        quality: Callable[[Frame], errors.Code | None] = lambda frame: None,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self.latest: Frame | None = None
        self.boxes: tuple[Box, ...] = ()
        self.condition: errors.Code | None = None
        self.name = ""
        self._open, self._decoder, self._clock, self._quality, self._wait = open_camera, decoder, clock, quality, wait
        self._debounce = Debounce(repeat_seconds)
        self._camera: Camera | None = None
        self._retry_at, self._attempts = 0.0, 0
        self._wanted: Callable[[], Camera] | None = None

    def step(self) -> Sighting | None:
        """One frame: read, kept for the preview, judged, decoded. Never raises for the camera's or a picture's sake."""
        frame = self._frame()
        if frame is None:
            return None
        self.latest = frame
        codes = self._decoder.decode(frame.image)
        self.boxes = tuple(code.box for code in codes if code.box)
        code = self._debounce.take(codes, self._clock())
        if code is not None:  # the picture is good enough: it was just read, and its verdict is waited for
            self.condition = None
            return Sighting(os.urandom(8), code.raw, code.engine, code.box, frame.at)
        self.condition = self._quality(frame) if self._decoder.engines else errors.Code.ENGINE_MISSING
        return None

    def use(self, open_camera: Callable[[], Camera]) -> None:
        """Another camera from the next step on. May be called from any thread."""
        self._wanted = open_camera

    def close(self) -> None:
        """Lets the camera go; the thread that steps calls it last."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def _frame(self) -> Frame | None:
        """The next frame, or None: none yet, or no camera and not yet time to try again."""
        if self._wanted is not None:
            self._open, self._wanted = self._wanted, None
            self.close()
            self._retry_at, self._attempts = 0.0, 0
        try:
            if self._camera is None:
                now = self._clock()
                if self._attempts and now < self._retry_at:
                    self._wait(min(NAP, self._retry_at - now))
                    return None
                self._camera = self._open()
                self.name = self._camera.name
            frame = self._camera.read()
        except KioskError as error:
            self._lose(error.code)
            return None
        if frame is not None:
            self._attempts = 0
        return frame

    def _lose(self, code: errors.Code) -> None:
        self.close()
        self.latest, self.boxes, self.condition = None, (), code
        self._retry_at = self._clock() + RETRY[min(self._attempts, len(RETRY) - 1)]
        self._attempts += 1
