"""Simulated webcam frames: what a hand, a lens, a sensor and a shutter do to a code on a phone. Drawn, deterministic, 1280x720.

Kinds that the shared frames lack are here too: rolling shutter, autofocus that hunts, light that flickers in bands, a smeared lens,
a cracked glass, a window mirrored in the screen. `still` draws one frame of one kind, `presentation` eight frames of a hand at the
edge of what can be read. Held to a band by tests/unit/test_webcam.py: of single frames zxing-cpp alone reads 80-90 %, pyzbar 55-75 %.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from kiosk.devices import drawing

WIDTH, HEIGHT = 1280, 720
SIZES = (60, 150, 350, 550)  # characters
KINDS = tuple("plain small tilt focus motion rolling hunting flicker smear crack mirror dark bright bare grain".split())
FRAMES = 8

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Look:
    """How one frame is seen. `pitch`: pixels a module; `turn`, `tilt`: degrees; the others: 0 for none, about 1 for much."""

    pitch: float
    turn: float = 0.0
    tilt: float = 0.0
    focus: float = 0.0  # pixels
    motion: float = 0.0  # pixels
    roll: float = 0.0  # pixels a frame's height
    flicker: float = 0.0
    smear: float = 0.0
    cracks: int = 0
    mirror: float = 0.0
    gain: float = 1.0
    noise: float = 3.0
    inverted: bool = False
    bare: bool = False
    x: float = 0.0
    y: float = 0.0


def payload(rng: Generator) -> bytes:
    """Letters and digits without meaning, of a size that voters' codes have."""
    letters = np.frombuffer(b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz0123456789-_", np.uint8)
    return b"https://example.invalid/" + rng.choice(letters, SIZES[rng.integers(len(SIZES))] - 24).tobytes()


@lru_cache(maxsize=4)
def _hall(seed: int) -> Image:
    return drawing.hall(WIDTH, HEIGHT, default_rng(seed))


def _phone(raw: bytes, look: Look) -> tuple[Image, int, int]:
    """A phone's face: its picture, pixels a module in it, and modules of the code."""
    modules = drawing.qr_modules(raw)
    n, pitch = modules.shape[0], max(3, round(look.pitch * 1.5))
    ground, ink = (24, 245) if look.inverted or look.bare else (245, 24)
    code = np.where(modules, ink, ground).astype(np.uint8) if not look.bare else np.where(modules, 18, 245).astype(np.uint8)
    face = np.full((n + 22, n + 12), ground, np.uint8)
    face[8 : 8 + n, 6 : 6 + n] = code
    face = np.asarray(cv2.resize(face, None, fx=pitch, fy=pitch, interpolation=cv2.INTER_NEAREST), np.uint8)
    cv2.putText(face, "Khai bao y te", (6 * pitch, 5 * pitch), cv2.FONT_HERSHEY_SIMPLEX, pitch / 10, 128, 1 + pitch // 6, cv2.LINE_AA)
    face = np.asarray(cv2.copyMakeBorder(face, 2 * pitch, 2 * pitch, 2 * pitch, 2 * pitch, cv2.BORDER_CONSTANT, value=12), np.uint8)
    return face, pitch, n


def _place(face: Image, pitch: int, look: Look) -> NDArray[np.float64]:
    h, w = face.shape
    scale, turn, tilt = look.pitch / pitch, math.radians(look.turn), math.radians(look.tilt)
    x, y = (np.array([0, w, w, 0]) - w / 2) * scale, (np.array([0, 0, h, h]) - h / 2) * scale
    x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    far = 1 + x * math.sin(tilt) / 1200
    x, y = x * math.cos(tilt) / far + WIDTH / 2 + look.x, y / far + HEIGHT / 2 + look.y
    flat = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(flat, np.stack([x, y], 1).astype(np.float32)), np.float64)


def _spoil_glass(face: Image, look: Look, rng: Generator) -> Image:
    """What is wrong with the phone itself: cracks, and what its glass mirrors."""
    face = face.copy()
    h, w = face.shape
    for _ in range(look.cracks):
        at = rng.uniform(0.1, 0.9, 2) * (w, h)
        for _ in range(6):
            to = at + rng.normal(0, 0.16, 2) * (w, h)
            cv2.line(face, (int(at[0]), int(at[1])), (int(to[0]), int(to[1])), int(rng.integers(90, 220)), max(1, w // 160), cv2.LINE_AA)
            at = to
    if look.mirror:
        shine = np.zeros((h, w), np.float32)
        x, y = rng.uniform(0.1, 0.6) * w, rng.uniform(0.1, 0.6) * h
        cv2.rectangle(shine, (int(x), int(y)), (int(x + w * 0.45), int(y + h * 0.4)), 1.0, -1)
        shine = np.asarray(cv2.GaussianBlur(shine, (0, 0), w / 40), np.float32)
        face = np.clip(face + shine * 255 * look.mirror, 0, 255).astype(np.uint8)
    return face


def _kernel(length: float, angle: float) -> NDArray[np.float32]:
    size = 2 * math.ceil(length / 2) + 1
    kernel = np.zeros((size, size), np.float32)
    for t in np.linspace(-1, 1, 6 * size):
        kernel[round(size // 2 + t * math.sin(angle) * length / 2), round(size // 2 + t * math.cos(angle) * length / 2)] += 1
    return np.asarray(kernel / kernel.sum(), np.float32)


def draw(raw: bytes, look: Look, rng: Generator, hall: int = 1) -> Image:
    """One frame, BGR: the phone before the hall, through the lens and the shutter, JPEG as webcams send it."""
    face, pitch, _ = _phone(raw, look)
    matrix = _place(_spoil_glass(face, look, rng), pitch, look)
    warped = cv2.warpPerspective(_spoil_glass(face, look, default_rng(7)), matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full_like(face, 255), matrix, (WIDTH, HEIGHT))
    scene = _hall(hall).copy()
    np.copyto(scene, warped[:, :, None], where=mask[:, :, None] > 127)
    if look.focus > 0.2:
        scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), look.focus), np.uint8)
    if look.motion > 1:
        scene = np.asarray(cv2.filter2D(scene, -1, _kernel(look.motion, rng.uniform(0, math.pi))), np.uint8)
    if look.roll:  # each row a little later than the one above: a hand that moves is sheared and wobbles
        rows = np.arange(HEIGHT, dtype=np.float32)
        shift = look.roll * (rows / HEIGHT - 0.5) + 0.012 * abs(look.roll) * np.sin(rows / 37 + rng.uniform(0, 6))
        columns = np.arange(WIDTH, dtype=np.float32)[None, :] + shift[:, None].astype(np.float32)
        grid = np.repeat(rows[:, None], WIDTH, 1)
        scene = np.asarray(cv2.remap(scene, columns.astype(np.float32), grid, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    light = np.full((HEIGHT, 1, 1), look.gain, np.float32)
    if look.flicker:
        light *= (1 - look.flicker * (0.5 + 0.5 * np.sin(np.arange(HEIGHT) / 21 + rng.uniform(0, 6))))[:, None, None].astype(np.float32)
    if look.smear:
        fog = cv2.GaussianBlur(scene, (0, 0), 14)
        scene = np.asarray(cv2.addWeighted(scene, 1 - 0.75 * look.smear, fog, 0.75 * look.smear, 22 * look.smear), np.uint8)
    noisy = scene * light + rng.normal(0, look.noise, scene.shape).astype(np.float32)
    sent = np.clip(noisy, 0, 255).astype(np.uint8)
    good, jpeg = cv2.imencode(".jpg", sent, [cv2.IMWRITE_JPEG_QUALITY, 80])
    assert good
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


def _fits(raw: bytes, pitch: float) -> float:
    """The pitch, or what lets the phone fit into the frame."""
    return float(min(pitch, 640 / (drawing.qr_modules(raw).shape[0] + 26)))


def look_of(kind: str, raw: bytes, rng: Generator) -> Look:
    """One trouble, from mild to beyond reading; the rest of the scene is ordinary."""
    much, pitch = rng.uniform(0.1, 1.0), _fits(raw, rng.uniform(2.6, 5.0))
    base = {"pitch": pitch, "turn": rng.uniform(-12, 12), "tilt": rng.uniform(0, 15), "focus": 0.5}
    base |= {"x": rng.uniform(-200, 200), "y": rng.uniform(-30, 30)}
    trouble: dict[str, dict[str, float]] = {
        "plain": {},
        "small": {"pitch": _fits(raw, 2.6 - 1.05 * much), "focus": 0.35},
        "tilt": {"tilt": 25 + 35 * much, "turn": rng.uniform(-40, 40)},
        "focus": {"focus": 0.55 * pitch * much + 0.2},
        "motion": {"motion": 1 + 1.7 * pitch * much},
        "rolling": {"roll": 20 + 330 * much, "motion": 1.2 * much * pitch},
        "hunting": {"focus": abs(0.65 * pitch * math.sin(rng.uniform(0, math.pi)))},
        "flicker": {"flicker": 0.3 + 0.65 * much, "gain": 0.75},
        "smear": {"smear": 0.3 + 0.7 * much, "focus": 0.25 * pitch},
        "crack": {"cracks": 1 + int(4 * much)},
        "mirror": {"mirror": 0.25 + 0.7 * much},
        "dark": {"gain": 0.05 + 0.25 * (1 - much), "noise": 3 + 4 * much},
        "bright": {"gain": 1.2 + 2.2 * much, "noise": 4},
        "bare": {"bare": float(rng.uniform() < 0.6)},
        "grain": {"noise": 15 + 50 * much},
    }  # fmt: skip
    made = base | trouble[kind]
    return Look(**made, inverted=kind != "bare" and rng.uniform() < 0.2)  # type: ignore[arg-type]


def still(kind: str, seed: int) -> tuple[Image, bytes]:
    """The frame of that kind and number, and the bytes of its code."""
    rng = default_rng((KINDS.index(kind), seed))
    raw = payload(rng)
    return draw(raw, look_of(kind, raw, rng), rng, seed % 3), raw


def presentation(seed: int) -> tuple[list[Image], bytes]:
    """Eight frames, a tenth of a second apart: a hand comes up, the lens hunts, the picture is never quite good."""
    rng = default_rng((99, seed))
    raw = payload(rng)
    pitch, kind = _fits(raw, rng.uniform(1.4, 2.5)), rng.integers(4)
    phase, pace, reach = rng.uniform(0, math.pi), rng.uniform(0.25, 0.7), rng.uniform(0.5, 0.85)
    turn, tilt, inverted, gain = rng.uniform(-20, 20), rng.uniform(0, 30), bool(rng.uniform() < 0.25), rng.uniform(0.5, 1.0)
    frames = []
    for n in range(FRAMES):
        focus = 0.35 + pitch * reach * abs(math.sin(phase + pace * n)) * (1.0 if kind != 3 else 0.5)
        motion = pitch * rng.uniform(0.3, 1.3) * (1.0 if kind == 1 else 0.4)
        look = Look(
            pitch, turn + 3 * math.sin(n), tilt, focus, motion, rng.uniform(-90, 90) if kind == 2 else 0.0, 0.3 if kind == 0 else 0.0,
            gain=gain if kind != 3 else 0.16 * gain, noise=rng.uniform(3, 7), inverted=inverted, x=30 * math.sin(n + phase), y=8 * n - 30,
        )  # fmt: skip
        frames.append(draw(raw, look, rng, seed % 3))
    return frames, raw


def empty(seed: int) -> Image:
    """The hall with nobody's phone in it."""
    rng = default_rng((98, seed))
    noisy = _hall(seed % 3) + rng.normal(0, 4, (HEIGHT, WIDTH, 3)).astype(np.float32)
    return np.clip(noisy, 0, 255).astype(np.uint8)
