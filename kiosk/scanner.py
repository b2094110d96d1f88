"""Camera + decoder + acceptance: `step()` takes one frame and returns a Sighting or None; a thread repeats it.

Knows nothing of what a code says, but asks whether it is a person's when several are in view. Camera trouble is a condition that
clears itself, never an exception: the camera is opened again and again, and everything else goes on meanwhile.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from kiosk import errors
from kiosk.errors import KioskError
from kiosk.ports import Camera, Code, Decoder, Frame, Hint, Sighting

AWAY = 1.0  # seconds out of view after which the same code is a new sighting
RETRY = (0.25, 0.5, 1.0)  # seconds between attempts to open a camera; the last one repeats: back within two seconds of the plug
BLURRED_S = 5.0  # seconds somebody tries in vain with a picture out of focus before the lens is blamed
LET_GO = 0.6  # seconds without a hint after which nobody is trying any more
NAP = 0.2  # seconds one step waits at most while there is no camera

Box = tuple[tuple[int, int], ...]


class _Seen(msgspec.Struct):
    """When a code was last in view and when it was last taken (the scanner's clock, seconds)."""

    seen: float
    taken: float


class Acceptance:
    """Which of the codes in view is meant now.

    The same bytes are not taken again within `repeat` seconds while they stay in view; at once when they were away for
    `AWAY` seconds; another code is taken at once. Of several that are due a person's goes before any other, and the one nearest the
    middle of the frame before the others; when two are persons', nothing is taken and `pick` holds them, left to right, until one
    is chosen or only one is left.
    """

    def __init__(self, repeat: float, person: Callable[[bytes], bool] = lambda raw: True) -> None:
        self.repeat, self._person = repeat, person
        self.pick: tuple[Code, ...] = ()
        self._known: dict[bytes, _Seen] = {}
        self._asked: dict[bytes, float] = {}  # persons' codes of the question, and when each was last in view

    def take(self, codes: Sequence[Code], now: float, middle: tuple[float, float] = (0.0, 0.0)) -> Code | None:
        """The code that is meant, or None. `middle`: the aiming frame's, in the pixels of the boxes."""
        due = [code for code in {code.raw: code for code in codes}.values() if self._due(code, now)]
        taken = self._choose(due, now, middle)
        for code in codes:
            known = self._known.get(code.raw)
            if known is not None:
                known.seen = now
        self._known = {raw: k for raw, k in self._known.items() if now - k.seen < AWAY}
        return taken

    def chosen(self, raw: bytes, now: float) -> None:
        """The officer picked: this code counts as taken, and the other is not meant while it stays in view."""
        for code in self.pick:
            self._known[code.raw] = _Seen(now, now)
        self._known[raw] = _Seen(now, now)
        self.pick, self._asked = (), {}

    def _due(self, code: Code, now: float) -> bool:
        known = self._known.get(code.raw)
        return known is None or now - known.seen >= AWAY or now - known.taken >= self.repeat

    def _choose(self, due: list[Code], now: float, middle: tuple[float, float]) -> Code | None:
        persons = [code for code in due if self._person(code.raw)] if len(due) > 1 or self.pick else due
        self._asked |= {code.raw: now for code in persons if self.pick or len(persons) > 1}
        self._asked = {raw: seen for raw, seen in self._asked.items() if now - seen < AWAY}
        if len(self._asked) > 1:
            self.pick = tuple(sorted({c.raw: c for c in (*self.pick, *persons)}.values(), key=_left)) if persons else self.pick
            self.pick = tuple(code for code in self.pick if code.raw in self._asked)
            return None
        self.pick, self._asked = (), {}
        meant = min(persons or due, key=lambda code: _distance(code, middle), default=None)
        for code in due:  # what is not meant is not asked about again while it stays in view
            self._known[code.raw] = _Seen(now, now)
        return meant


def _left(code: Code) -> float:
    return sum(x for x, _ in code.box) / max(1, len(code.box))


def _distance(code: Code, middle: tuple[float, float]) -> float:
    """Squared pixels from the aiming frame's middle; a code without corners is as far as can be."""
    if not code.box:
        return float("inf")
    y = sum(y for _, y in code.box) / len(code.box)
    return (_left(code) - middle[0]) ** 2 + (y - middle[1]) ** 2


class _Opening:
    """A camera that opens on a thread of its own, and its first picture: a driver may take its time, or never come back."""

    def __init__(self, open_camera: Callable[[], Camera], show: Callable[[Frame], object]) -> None:
        self._open, self._show = open_camera, show
        self._camera: Camera | None = None
        self._error = KioskError(errors.Code.CAMERA_MISSING)
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._camera = self._open()
            frame = self._camera.read()
            if frame is not None:
                self._show(frame)
        except KioskError as error:
            self._error = error

    def camera(self) -> Camera:
        """Waits for it. Raises KioskError as the opener did."""
        self._thread.join()
        if self._camera is None:
            raise self._error
        return self._camera

    def let_go(self) -> None:
        """Closes it once it is open. Raises nothing."""
        with contextlib.suppress(KioskError):
            self.camera().close()


class Scanner:
    """One camera, one decoder. After each `step()`: `latest` the newest frame, `boxes` the codes found in it, `condition`
    what troubles the camera (or None), `name` the camera's, or of the file that is none, `pick` the codes of a question, `hint` what
    would help the person who holds a code that cannot be read, `trying_s` for how many seconds somebody has tried in vain.

    `open_camera` opens a camera or raises KioskError; `quality` judges frames in order (CAMERA_DARK, CAMERA_FROZEN, …, None);
    `hints` looks at a frame in which nothing was found; `person` says whether a code is a
    person's; `let_go` is called at the end; `clock` is monotonic seconds; `wait` pauses while there
    is no camera (give it a stop event's `wait`).
    """

    def __init__(
        self,
        open_camera: Callable[[], Camera],
        decoder: Decoder,
        clock: Callable[[], float] = time.monotonic,
        repeat_seconds: float = 5.0,
        quality: Callable[[Frame], errors.Code | None] = lambda frame: None,
        wait: Callable[[float], object] = time.sleep,
        hints: Callable[[Frame], Hint | None] = lambda frame: None,
        person: Callable[[bytes], bool] = lambda raw: True,
        let_go: Callable[[], object] = lambda: None,
    ) -> None:
        self.latest: Frame | None = None
        self.boxes: tuple[Box, ...] = ()
        self.condition: errors.Code | None = None
        self.name = ""
        self.hint: Hint | None = None
        self.trying_s = 0.0
        self._let_go = let_go
        self._hints, self._tried_from, self._tried_at = hints, 0.0, -LET_GO
        self._open, self._decoder, self._clock, self._quality, self._wait = open_camera, decoder, clock, quality, wait
        self._acceptance = Acceptance(repeat_seconds, person)
        self._chosen: list[bytes] = []
        self._camera: Camera | None = None
        self._opening: _Opening | None = None
        self._retry_at, self._attempts = 0.0, 0
        self._wanted: Callable[[], Camera] | None = None
        self._taken: tuple[Frame, Sequence[Code]] | None = None

    def step(self) -> Sighting | None:
        """One frame: read, decoded, judged, kept for the preview. Never raises for the camera's or a picture's sake.

        A picture whose code was taken is kept at the next step: its preview would be painted while the verdict waits for its own paint.
        A picture known to stand still holds no codes: whoever it shows may have left. It is known before a code is due again, since
        every frame without a taken code is judged; only then is a frame judged first, so a living picture pays nothing.
        """
        if self._taken is not None:
            self._show(*self._taken)
        frame = self._frame()
        if frame is None:
            return None
        if self.condition is errors.Code.CAMERA_FROZEN and self._quality(frame) is errors.Code.CAMERA_FROZEN:
            self._stand_still(frame)
            return None
        codes = self._decoder.decode(frame.image)
        now, shape = self._clock(), frame.image.shape
        while self._chosen:
            self._acceptance.chosen(self._chosen.pop(), now)
        code = self._acceptance.take(codes, now, (shape[1] / 2, shape[0] / 2))
        if code is not None:  # the picture is good enough: it was just read, and its verdict is waited for
            self.condition, self.hint, self.trying_s, self._taken = None, None, 0.0, (frame, codes)
            return Sighting(os.urandom(8), code.raw, code.engine, code.box, frame.at)
        self._show(frame, codes)
        self._tried(None if codes else self._hints(frame), now)
        self.condition = self._trouble(frame)
        return None

    def _stand_still(self, frame: Frame) -> None:
        self._show(frame, ())
        self._acceptance.take((), self._clock())
        self.hint, self.trying_s = None, 0.0

    def _show(self, frame: Frame, codes: Sequence[Code]) -> None:
        self.latest, self.boxes, self._taken = frame, tuple(code.box for code in codes if code.box), None

    def _trouble(self, frame: Frame) -> errors.Code | None:
        """What is wrong with engine, light or lens; out of focus is what several seconds of trying have shown."""
        if not self._decoder.engines:
            return errors.Code.ENGINE_MISSING
        blurred = self.hint is Hint.FOCUS and self.trying_s >= BLURRED_S
        return self._quality(frame) or (errors.Code.CAMERA_BLURRED if blurred else None)

    @property
    def pick(self) -> tuple[Code, ...]:
        return self._acceptance.pick

    def choose(self, raw: bytes) -> None:
        """The officer's answer to `pick`; from the next step on. May be called from any thread."""
        self._chosen.append(raw)

    def _tried(self, hint: Hint | None, now: float) -> None:
        """Somebody holds up what cannot be read, since when, and what would help."""
        if hint is not None:
            if self.hint is None:
                self._tried_from = now
            self.hint, self._tried_at, self.trying_s = hint, now, now - self._tried_from
        elif now - self._tried_at >= LET_GO or self.boxes:
            self.hint, self.trying_s = None, 0.0

    def use(self, open_camera: Callable[[], Camera]) -> None:
        """Another camera from the next step on. May be called from any thread."""
        self._wanted = open_camera

    def prepare(self) -> None:
        """Opens the camera and shows its first picture while other things load. What fails is for `step` to say."""

        def show(frame: Frame) -> None:
            self._show(frame, ())
            self._decoder.decode(frame.image)  # for nobody: an engine's first picture takes ten times as long as its second

        self._opening = _Opening(self._open, show)

    def rest(self) -> None:
        """A camera that was opened beforehand is let go until a step wants one; its picture goes too. Waits for no driver."""
        opening, self._opening = self._opening, None
        if opening is not None:

            def end() -> None:
                opening.let_go()
                self.latest = None

            threading.Thread(target=end, name="camera", daemon=True).start()

    def close(self) -> None:
        """Lets camera, engines and the last picture go; the thread that steps calls it last. A step opens it all again."""
        self._let_go()
        self._close_camera()
        self.latest, self.boxes, self._taken = None, (), None

    def _close_camera(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.let_go()
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def _frame(self) -> Frame | None:
        """The next frame, or None: none yet, or no camera and not yet time to try again."""
        if self._wanted is not None:
            self._open, self._wanted = self._wanted, None
            self._close_camera()
            self._retry_at, self._attempts = 0.0, 0
        try:
            if self._camera is None:
                now = self._clock()
                if self._attempts and now < self._retry_at:
                    self._wait(min(NAP, self._retry_at - now))
                    return None
                opening, self._opening = self._opening, None
                self._camera = opening.camera() if opening is not None else self._open()
                self.name = self._camera.name
            frame = self._camera.read()
        except KioskError as error:
            self._lose(error)
            return None
        if frame is not None:
            self._attempts = 0
        return frame

    def _lose(self, error: KioskError) -> None:
        code = error.code
        self._close_camera()
        if code is errors.Code.CAMERA_FILE:  # a line that says "a file" helps nobody
            self.name = str(error.facts.get("camera", ""))
        self.latest, self.boxes, self.condition, self.hint, self.trying_s, self._taken = None, (), code, None, 0.0, None
        self._retry_at = self._clock() + RETRY[min(self._attempts, len(RETRY) - 1)]
        self._attempts += 1
