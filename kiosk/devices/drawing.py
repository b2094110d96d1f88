"""Draws what stands in front of the replay camera: codes, phones, ID cards and slips in a hand, and the hall behind.

Flat pictures only; stage.py moves them, lights them and adds the noise. Invented people: no face, no readable name.
All pictures are uint8, BGR or BGRA with 4th channel opacity; sizes in pixels.
"""

from functools import cache

import cv2
import msgspec
import numpy as np
import segno
from numpy.random import Generator
from numpy.typing import NDArray

QUIET = 4  # modules of white around a code
SKINS = ((150, 180, 222), (120, 155, 205), (98, 134, 186))
SHIRTS = ((196, 188, 180), (120, 84, 48), (70, 70, 160), (96, 122, 70), (60, 60, 66), (170, 150, 110))
HEADERS = ((118, 110, 15), (160, 90, 20), (60, 125, 25))

Image = NDArray[np.uint8]
Colour = tuple[int, ...]
Drawn = tuple[Image, tuple[float, float]]


class Person(msgspec.Struct, frozen=True):
    """Whose hand it is: colours, BGR."""

    skin: Colour
    shirt: Colour


def person(rng: Generator) -> Person:
    return Person(SKINS[rng.integers(len(SKINS))], SHIRTS[rng.integers(len(SHIRTS))])


MASK = 2  # any mask may be read; looking for the best takes longer than all the rest


@cache
def qr_modules(payload: bytes) -> NDArray[np.bool_]:
    """The dark modules of the QR code of `payload`, level M, square, without the quiet zone.

    ASCII in the smallest mode, other UTF-8 with ECI 26 so that every reader gets it right; anything else as plain bytes.
    """
    try:
        text = payload.decode("utf-8")
        plain = text.isascii()
        code = segno.make_qr(text, error="m", encoding=None if plain else "utf-8", eci=not plain, boost_error=False, mask=MASK)
    except (UnicodeDecodeError, ValueError):
        code = segno.make_qr(payload, error="l", mode="byte", boost_error=False, mask=MASK)
    return np.array([[bool(cell) for cell in row] for row in code.matrix])


def qr_image(modules: NDArray[np.bool_], pitch: int) -> Image:
    """Black on white, `pitch` pixels a module, quiet zone included; BGR."""
    white = np.pad(~modules, QUIET, constant_values=True)
    grey = np.kron(white, np.ones((pitch, pitch), np.uint8)).astype(np.uint8) * 255
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def _box(image: Image, x: float, y: float, w: float, h: float, colour: Colour, radius: float = 0) -> None:
    """A filled rectangle with round corners."""
    x0, y0, x1, y1, r = round(x), round(y), round(x + w), round(y + h), round(radius)
    cv2.rectangle(image, (x0 + r, y0), (x1 - r, y1), colour, -1)
    cv2.rectangle(image, (x0, y0 + r), (x1, y1 - r), colour, -1)
    for cx, cy in ((x0 + r, y0 + r), (x1 - r, y0 + r), (x0 + r, y1 - r), (x1 - r, y1 - r)):
        cv2.circle(image, (cx, cy), r, colour, -1, cv2.LINE_AA)


def _words(image: Image, x: float, y: float, width: float, height: float, colour: Colour, rng: Generator) -> None:
    """A line of text as a webcam sees it: grey words without letters."""
    end = x + width * rng.uniform(0.6, 1)
    while x < end - height:
        length = min(end - x, height * rng.uniform(1.2, 3.4))
        _box(image, x, y, length, height, colour, height * 0.3)
        x += length + height * 0.7


def _limb(image: Image, a: tuple[float, float], b: tuple[float, float], colour: Colour, thick: float) -> None:
    """A thick line with round ends, opaque."""
    cv2.line(image, (round(a[0]), round(a[1])), (round(b[0]), round(b[1])), (*colour, 255), round(thick), cv2.LINE_AA)


def _finger(image: Image, tip: tuple[float, float], base: tuple[float, float], thick: float, skin: Colour) -> None:
    _limb(image, tip, base, tuple(int(c * 0.8) for c in skin), thick * 1.12)
    _limb(image, tip, base, skin, thick)


def _arm(image: Image, hand: tuple[float, float], elbow: tuple[float, float], thick: float, who: Person) -> None:
    """From the palm down into a sleeve."""
    _finger(image, hand, elbow, thick, who.skin)
    wrist = (hand[0] * 0.4 + elbow[0] * 0.6, hand[1] * 0.4 + elbow[1] * 0.6)
    _limb(image, wrist, elbow, tuple(int(c * 0.88) for c in who.shirt), thick * 1.25)


@cache
def _guilloche(width: int = 856, height: int = 540) -> Image:
    """The fine waves under a card's text; BGRA."""
    yy, xx = np.mgrid[0:height, 0:width]
    image = np.empty((height, width, 4), np.uint8)
    image[:] = (226, 232, 214, 255)
    for phase, colour in ((0.0, (214, 224, 190)), (2.0, (206, 214, 226))):
        image[np.abs(np.sin(yy / height * 60 + phase + 2.5 * np.sin(xx / width * 14 + phase))) < 0.13] = (*colour, 255)
    return image


def phone(modules: NDArray[np.bool_], pitch: int, who: Person, rng: Generator) -> Drawn:
    """A hand holding a phone that shows the code. Returns the picture and the middle of the code in it."""
    code = qr_image(modules, pitch)
    q = code.shape[0]
    w, h = q * 1.26, q * 2.3
    left, top = 0.34 * w, 0.06 * w
    canvas = np.zeros((round(top + h * 1.42), round(w * 1.72), 4), np.uint8)
    header = HEADERS[rng.integers(len(HEADERS))]
    _arm(canvas, (left + w * 0.55, top + h * 0.85), (left + w * 0.8, top + h * 1.5), w * 0.56, who)
    _box(canvas, left, top, w, h, (38, 34, 32, 255), w * 0.11)
    edge = w * 0.045
    _box(canvas, left + edge, top + edge, w - 2 * edge, h - 2 * edge, (252, 250, 248, 255), w * 0.08)
    _box(canvas, left + edge, top + h * 0.05, w - 2 * edge, h * 0.1, (*header, 255))
    _words(canvas, left + w * 0.14, top + h * 0.085, w * 0.7, h * 0.026, (250, 250, 250, 255), rng)
    for line in range(2):
        _words(canvas, left + w * 0.14, top + h * (0.19 + 0.045 * line), w * 0.7, h * 0.02, (96, 90, 84, 255), rng)
    x, y = round(left + (w - q) / 2), round(top + h * 0.29)
    canvas[y : y + q, x : x + q, :3] = code
    for line in range(3):
        _words(canvas, left + w * 0.14, y + q + h * (0.03 + 0.04 * line), w * 0.66, h * 0.018, (120, 114, 108, 255), rng)
    _box(canvas, left + w * 0.14, top + h * 0.89, w * 0.72, h * 0.055, (*header, 255), h * 0.02)
    for n in range(4):  # fingers round the left edge, the thumb on the right
        _finger(canvas, (left + w * 0.05, top + h * (0.5 + 0.105 * n)), (left - w * 0.1, top + h * (0.53 + 0.105 * n)), w * 0.15, who.skin)
    _finger(canvas, (left + w * 0.95, top + h * 0.6), (left + w * 1.12, top + h * 0.84), w * 0.19, who.skin)
    return canvas, (x + q / 2, y + q / 2)


def card(modules: NDArray[np.bool_], pitch: int, who: Person, rng: Generator) -> Drawn:
    """Fingers holding a chip ID card, its code top right (drawn a little larger than life). As `phone`."""
    code = qr_image(modules, pitch)
    q = code.shape[0]
    w = q * 3.5
    h = w * 54 / 85.6
    left = top = w * 0.05
    canvas = np.zeros((round(h * 1.75), round(w * 1.1), 4), np.uint8)
    _arm(canvas, (left + w * 0.62, top + h * 1.0), (left + w * 0.56, top + h * 1.75), w * 0.2, who)
    _box(canvas, left, top, w, h, (226, 232, 214, 255), w * 0.035)
    inside = (slice(round(top + h * 0.03), round(top + h * 0.97)), slice(round(left + w * 0.03), round(left + w * 0.97)))
    high, wide = canvas[inside].shape[:2]
    canvas[inside] = cv2.resize(_guilloche(), (wide, high), interpolation=cv2.INTER_AREA)
    red, ink = (52, 40, 190, 255), (84, 72, 66, 255)
    cv2.circle(canvas, (round(left + w * 0.12), round(top + h * 0.17)), round(w * 0.055), (40, 40, 205, 255), -1, cv2.LINE_AA)
    cv2.circle(canvas, (round(left + w * 0.12), round(top + h * 0.17)), round(w * 0.026), (70, 210, 245, 255), -1, cv2.LINE_AA)
    _words(canvas, left + w * 0.23, top + h * 0.09, w * 0.42, h * 0.035, ink, rng)
    _words(canvas, left + w * 0.23, top + h * 0.23, w * 0.38, h * 0.062, red, rng)
    _box(canvas, left + w * 0.06, top + h * 0.36, w * 0.22, h * 0.5, (226, 214, 200, 255))  # the portrait: nobody
    cv2.circle(canvas, (round(left + w * 0.17), round(top + h * 0.53)), round(w * 0.05), (150, 160, 176, 255), -1, cv2.LINE_AA)
    _box(canvas, left + w * 0.09, top + h * 0.66, w * 0.16, h * 0.2, (140, 120, 104, 255), w * 0.04)
    for line in range(6):
        y = top + h * (0.42 + 0.085 * line)
        _words(canvas, left + w * 0.33, y, w * (0.32 if line < 2 else 0.58), h * 0.034, red if line == 0 else ink, rng)
    x, y0 = round(left + w * 0.97 - q), round(top + h * 0.05)
    canvas[y0 : y0 + q, x : x + q, :3] = code
    _finger(canvas, (left + w * 0.56, top + h * 0.98), (left + w * 0.5, top + h * 1.3), w * 0.1, who.skin)
    return canvas, (x + q / 2, y0 + q / 2)


def paper(modules: NDArray[np.bool_], pitch: int, who: Person, rng: Generator) -> Drawn:
    """Two thumbs holding a printed slip. As `phone`."""
    code = qr_image(modules, pitch)
    q = code.shape[0]
    w, h = q * 1.7, q * 2.2
    left, top = w * 0.16, w * 0.04
    canvas = np.zeros((round(top + h * 1.12), round(w * 1.32), 4), np.uint8)
    _box(canvas, left, top, w, h, (240, 244, 245, 255))
    for line in range(4):
        _words(canvas, left + w * 0.1, top + h * (0.07 + 0.055 * line), w * 0.8, h * 0.022, (90, 86, 84, 255), rng)
    x, y = round(left + (w - q) / 2), round(top + h * 0.32)
    canvas[y : y + q, x : x + q, :3] = code
    for line in range(2):
        _words(canvas, left + w * 0.2, top + h * (0.83 + 0.055 * line), w * 0.6, h * 0.022, (90, 86, 84, 255), rng)
    for side, inner in ((0.0, 0.1), (1.0, 0.9)):
        _finger(canvas, (left + w * inner, top + h * 0.8), (left + w * (side * 1.12 - 0.06), top + h * 1.02), w * 0.13, who.skin)
    return canvas, (x + q / 2, y + q / 2)


def hall(width: int, height: int, rng: Generator) -> Image:
    """A polling place as a laptop's camera has it behind the voter: out of focus, window light from the left. BGR."""
    w, h = width // 4, height // 4  # drawn small: it is blurred anyway
    image = np.empty((h, w, 3), np.uint8)
    image[:] = (176, 200, 206)
    _box(image, 0, h * 0.72, w, h * 0.3, (120, 142, 158))
    _box(image, w * 0.05, h * 0.12, w * 0.16, h * 0.4, (250, 252, 250))
    _box(image, w * 0.125, h * 0.12, w * 0.008, h * 0.4, (150, 160, 165))
    _box(image, w * 0.36, h * 0.07, w * 0.46, h * 0.1, (40, 36, 188))  # the red banner with yellow letters
    _words(image, w * 0.4, h * 0.105, w * 0.38, h * 0.03, (70, 215, 245), rng)
    _box(image, w * 0.86, h * 0.22, w * 0.12, h * 0.52, (104, 128, 146))
    _box(image, w * 0.58, h * 0.6, w * 0.24, h * 0.16, (92, 118, 150))
    _box(image, w * 0.66, h * 0.47, w * 0.08, h * 0.14, (44, 44, 176))  # the ballot box on its table
    for x in (0.3, 0.42, 0.53):
        s = rng.uniform(0.85, 1.05)
        shirt = SHIRTS[rng.integers(len(SHIRTS))]
        _box(image, w * x, h * 0.5, w * 0.065 * s, h * 0.36 * s, shirt, w * 0.02)
        cv2.circle(image, (round(w * (x + 0.032 * s)), round(h * 0.45)), round(w * 0.02 * s), (96, 120, 160), -1, cv2.LINE_AA)
    light = np.linspace(1.08, 0.8, w)[None, :, None] * np.linspace(1.0, 0.86, h)[:, None, None]
    image = np.clip(cv2.GaussianBlur(image, (0, 0), 2.2) * light, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def voter(scene: Image, who: Person, rng: Generator) -> Image:
    """The hall with somebody in a face mask in front of it, a little out of focus. BGR."""
    image = scene.copy()
    h, w = image.shape[:2]
    x, s = w * rng.uniform(0.42, 0.58), rng.uniform(0.9, 1.1)
    skin, shirt = who.skin, who.shirt
    head = (round(x), round(h * 0.27))
    _box(image, x - w * 0.2 * s, h * 0.52, w * 0.4 * s, h, shirt, w * 0.08)
    _box(image, x - w * 0.035 * s, h * 0.38, w * 0.07 * s, h * 0.2, tuple(int(c * 0.85) for c in skin), w * 0.02)
    cv2.ellipse(image, (head[0], round(h * 0.23)), (round(w * 0.078 * s), round(h * 0.19 * s)), 0, 0, 360, (34, 32, 36), -1, cv2.LINE_AA)
    cv2.ellipse(image, head, (round(w * 0.064 * s), round(h * 0.17 * s)), 0, 0, 360, skin, -1, cv2.LINE_AA)
    _box(image, x - w * 0.058 * s, h * 0.285, w * 0.116 * s, h * 0.125, (216, 206, 180), w * 0.025)
    for eye in (-0.026, 0.026):
        cv2.circle(image, (round(x + w * eye * s), round(h * 0.235)), round(w * 0.006), (50, 46, 50), -1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 4), np.uint8)
