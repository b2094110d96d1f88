"""The drawn stage: a camera in front of which voters hold phones, ID cards and slips, all of them invented.

Hall, people, noise and glare are drawn beforehand; a scene's phone or card is drawn when it is presented, by the presenter's
thread; a read only moves, tilts, lights and mixes them. Deterministic: frame n of a scene depends on the seed alone.
"""

import math
import threading
from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from kiosk.devices import drawing
from kiosk.devices.pace import Pace
from kiosk.errors import Code, KioskError
from kiosk.ports import Frame

WIDTH, HEIGHT = 1280, 720
SHAKE = 24  # pixels the hall is larger than the frame, for a laptop on a table that people lean on
PEOPLE = 5
ENTRY = 3  # frames in which the hand comes up from below
LOOKS = {"phone": drawing.phone, "card": drawing.card, "paper": drawing.paper}

Image = NDArray[np.uint8]


class Scene(msgspec.Struct, frozen=True):
    """What one voter shows. `look`: phone, card or paper; `hard`: small, blurred, tilted, glaring or in the dark; `label`: for people."""

    payload: bytes
    look: str = "phone"
    hard: bool = False
    label: str = ""


class _Trouble(msgspec.Struct, frozen=True):
    """How a scene is seen. `pitch`: pixels a module; `blur`, `motion`: pixels; `glare`, `gain`: shares of full light;
    `tilt`, `turn`: degrees out of and in the plane; `noise`: which bank."""

    pitch: float
    blur: float = 0.5
    motion: float = 0.0
    glare: float = 0.0
    gain: float = 1.0
    tilt: float = 0.0
    turn: float = 0.0
    noise: int = 0


class _Shown(msgspec.Struct):
    """A scene in front of the camera: its flat picture and how many frames it has been in."""

    index: int
    face: Image
    middle: tuple[float, float]
    drawn_pitch: int
    trouble: _Trouble
    backdrop: Image
    frames: int = msgspec.field(default=0)


def _trouble(scene: Scene, modules: int, rng: Generator) -> _Trouble:
    """How the scene is seen; a code `modules` wide (quiet zone included) is held so far away that it fits the frame."""
    turn, fits = rng.uniform(-9, 9), (250 if scene.look == "card" else 300) / modules
    if not scene.hard:
        return _Trouble(min(rng.uniform(4.2, 5.4), fits), blur=0.55, tilt=rng.uniform(0, 14), turn=turn)
    pitch, tilt = min(rng.uniform(2.4, 3.0), fits), rng.uniform(8, 22)
    match rng.integers(6):
        case 0:
            return _Trouble(rng.uniform(1.7, 2.1), blur=0.5, tilt=10, turn=turn)
        case 1:
            return _Trouble(pitch, blur=rng.uniform(1.1, 1.5), tilt=tilt, turn=turn)
        case 2:
            return _Trouble(pitch, motion=rng.uniform(4, 8), tilt=tilt, turn=turn)
        case 3:
            return _Trouble(pitch, blur=0.7, glare=rng.uniform(0.5, 0.9), tilt=tilt, turn=turn)
        case 4:
            return _Trouble(pitch, blur=0.8, gain=rng.uniform(0.14, 0.26), tilt=tilt, turn=turn, noise=1)
        case _:
            return _Trouble(pitch, blur=0.6, tilt=rng.uniform(42, 55), turn=turn * 3)


def _noise(sigma: float, rng: Generator) -> tuple[Image, Image]:
    """A sensor's noise, larger than a frame: what to add and what to take away."""
    noise = cv2.GaussianBlur(rng.normal(0, sigma * 1.6, (HEIGHT + 128, WIDTH + 128, 3)).astype(np.float32), (0, 0), 0.6)
    return np.clip(noise, 0, 255).astype(np.uint8), np.clip(-noise, 0, 255).astype(np.uint8)


def _glare(size: int = 420) -> Image:
    """The reflection of a lamp, brightest in the middle; three equal channels."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    spot = np.clip(1.5 * np.exp(-7 * (x**2 + 2.2 * y**2)), 0, 1) * 255
    return np.asarray(cv2.merge([spot.astype(np.uint8)] * 3), np.uint8)


def _motion_kernel(length: float, angle: float) -> NDArray[np.float32]:
    """A line of `length` pixels: what a moving hand does to a point of light."""
    size = 2 * math.ceil(length / 2) + 1
    kernel = np.zeros((size, size), np.float32)
    dx, dy = math.cos(angle) * length / 2, math.sin(angle) * length / 2
    for t in np.linspace(-1, 1, 4 * size):
        kernel[round(size // 2 + t * dy), round(size // 2 + t * dx)] += 1
    return np.asarray(kernel / kernel.sum(), np.float32)


class Stage:
    """A Camera. `present`, `clear` and `fail` may be called from any thread; `read` from one.

    `fps` frames a second when `paced`, else as fast as they are read. `seconds()`: the stage's own time, frames / fps, which
    an unpaced demonstration gives to the scanner as its clock.
    """

    def __init__(self, scenes: Sequence[Scene], seed: int = 1, fps: float = 30, paced: bool = True) -> None:
        self.name = "replay"
        self.scenes = tuple(scenes)
        self._seed, self._fps, self._pace = seed, fps, Pace(fps if paced else 0)
        rng = default_rng(seed)
        self._hall = drawing.hall(WIDTH + SHAKE, HEIGHT + SHAKE, rng)
        self._people = [(who, drawing.voter(self._hall, who, rng)) for who in (drawing.person(rng) for _ in range(PEOPLE))]
        self._noise = [_noise(4.5, rng), _noise(9, rng)]
        self._lamp = _glare()
        self._lock = threading.Lock()
        self._shown: _Shown | None = None
        self._failure: Code | None = None
        self._number = 0

    def present(self, index: int) -> None:
        """Scene `index` comes before the camera, in place of any other."""
        scene, rng = self.scenes[index], default_rng((self._seed, index))
        who, backdrop = self._people[rng.integers(PEOPLE)]
        modules = drawing.qr_modules(scene.payload)
        trouble = _trouble(scene, modules.shape[0] + 2 * drawing.QUIET, rng)
        pitch = max(3, round(trouble.pitch * 1.3))
        face, middle = LOOKS[scene.look](modules, pitch, who, rng)
        face[:, :, :3] = cv2.multiply(face[:, :, :3], cv2.merge([face[:, :, 3]] * 3), scale=1 / 255)
        shown = _Shown(index, face, middle, pitch, trouble, backdrop)
        with self._lock:
            self._shown = shown

    def clear(self) -> None:
        """Nobody is before the camera."""
        with self._lock:
            self._shown = None

    def fail(self, code: Code | None) -> None:
        """From now on the camera is missing, lost, dark or frozen (`CAMERA_*`), or well again (None)."""
        with self._lock:
            self._failure = code

    def seconds(self) -> float:
        return self._number / self._fps

    def read(self) -> Frame:
        """The next frame, in its time. Raises KioskError(CAMERA_MISSING | CAMERA_LOST) when told to fail so."""
        at, lost = self._pace.due()
        with self._lock:
            shown, failure = self._shown, self._failure
        if failure in (Code.CAMERA_MISSING, Code.CAMERA_LOST):
            raise KioskError(failure, camera=self.name)
        if failure is not Code.CAMERA_FROZEN:
            self._number += 1 + lost
        if failure is Code.CAMERA_DARK:
            return Frame(self._grain(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 0, default_rng((self._seed, self._number))), at, self._number)
        if shown is None or failure is Code.CAMERA_FROZEN:
            rng = default_rng((self._seed, len(self.scenes), self._number))
            return Frame(self._grain(self._view(self._hall, self._number), 0, rng), at, self._number)
        shown.frames += 1
        return Frame(self._compose(shown), at, self._number)

    def close(self) -> None:
        """Nothing to let go: a stage can be opened again."""

    def _view(self, backdrop: Image, n: int) -> Image:
        x, y = (round(SHAKE / 2 * (1 + math.sin(n / period + phase) * 0.9)) for period, phase in ((23, 0.0), (17, 1.0)))
        return backdrop[y : y + HEIGHT, x : x + WIDTH].copy()

    def _grain(self, image: Image, bank: int, rng: Generator) -> Image:
        (x, y), (plus, minus) = rng.integers(0, 128, 2), self._noise[bank]
        cv2.add(image, plus[y : y + HEIGHT, x : x + WIDTH], image)
        return np.asarray(cv2.subtract(image, minus[y : y + HEIGHT, x : x + WIDTH], image), np.uint8)

    def _compose(self, shown: _Shown) -> Image:
        n, t = shown.frames, shown.trouble
        rng = default_rng((self._seed, shown.index, n))
        image = self._view(shown.backdrop, n)
        matrix, where = _pose(shown, rng)
        roi = image[where]
        if roi.size:
            _paste(roi, shown.face, matrix, where)
            if t.blur > 0.3:
                cv2.GaussianBlur(roi, (0, 0), t.blur * rng.uniform(0.75, 1.3), dst=roi)
            motion = 12.0 if n < ENTRY else t.motion * rng.uniform(0.3, 1.15)
            if motion > 1:
                cv2.filter2D(roi, -1, _motion_kernel(motion, math.pi / 2 if n < ENTRY else rng.uniform(0, math.pi)), dst=roi)
            if t.glare:
                self._shine(image, where, t.glare, rng)
        if t.gain < 1:
            image = np.asarray(cv2.convertScaleAbs(image, alpha=t.gain), np.uint8)
        return self._grain(image, t.noise, rng)

    def _shine(self, image: Image, where: tuple[slice, slice], strength: float, rng: Generator) -> None:
        """A lamp's reflection somewhere on the thing held."""
        size = self._lamp.shape[0]
        y = round(rng.uniform(where[0].start, where[0].stop)) - size // 2
        x = round(rng.uniform(where[1].start, where[1].stop)) - size // 2
        y, x = min(max(y, 0), HEIGHT - size), min(max(x, 0), WIDTH - size)
        part = image[y : y + size, x : x + size]
        cv2.addWeighted(part, 1, self._lamp, strength, 0, dst=part)


def _pose(shown: _Shown, rng: Generator) -> tuple[NDArray[np.float64], tuple[slice, slice]]:
    """Where the hand holds the thing in this frame: the homography from its flat picture, and the part of the frame it covers."""
    t, n = shown.trouble, shown.frames
    h, w = shown.face.shape[:2]
    scale = t.pitch / shown.drawn_pitch * (1 + 0.02 * math.sin(n / 13))
    turn = math.radians(t.turn + 2.5 * math.sin(n / 19) + rng.normal(0, 0.25))
    tilt, axis = math.radians(t.tilt), shown.index * 2.4
    x = (np.array([0, w, w, 0]) - shown.middle[0]) * scale
    y = (np.array([0, 0, h, h]) - shown.middle[1]) * scale
    x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    across, along = x * math.cos(axis) + y * math.sin(axis), y * math.cos(axis) - x * math.sin(axis)
    far = 1 + across * math.sin(tilt) / 1400  # 1400 px: the focal length of a laptop's camera at 720p
    across, along = across * math.cos(tilt) / far, along / far
    x, y = across * math.cos(axis) - along * math.sin(axis), along * math.cos(axis) + across * math.sin(axis)
    entry = (1 - min(n / ENTRY, 1)) * HEIGHT * 0.5
    held = (shown.middle[0] - w / 2) * scale * 0.5  # a card is held by its middle, not by its code
    x += WIDTH / 2 + held + 90 * math.sin(shown.index * 1.7) + 26 * math.sin(n / 11) + rng.normal(0, 1)
    y += HEIGHT * 0.47 + 14 * math.sin(n / 7 + 1) + entry + rng.normal(0, 1)
    corners = np.stack([x, y], 1).astype(np.float32)
    flat = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    top, bottom = max(0, int(y.min())), min(HEIGHT, int(y.max()) + 1)
    left, right = max(0, int(x.min())), min(WIDTH, int(x.max()) + 1)
    return np.asarray(cv2.getPerspectiveTransform(flat, corners), np.float64), (slice(top, max(top, bottom)), slice(left, max(left, right)))


def _paste(roi: Image, face: Image, matrix: NDArray[np.float64], where: tuple[slice, slice]) -> None:
    """Lays the premultiplied BGRA `face` over the part of the frame, through the homography."""
    shift = np.array([[1, 0, -where[1].start], [0, 1, -where[0].start], [0, 0, 1]], np.float64)
    warped = cv2.warpPerspective(face, shift @ matrix, (roi.shape[1], roi.shape[0]), flags=cv2.INTER_LINEAR)
    behind = cv2.bitwise_not(cv2.extractChannel(warped, 3))
    cv2.multiply(roi, cv2.merge([behind] * 3), dst=roi, scale=1 / 255)
    cv2.add(roi, cv2.cvtColor(warped, cv2.COLOR_BGRA2BGR), dst=roi)
