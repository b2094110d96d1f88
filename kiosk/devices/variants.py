"""Prepared pictures: what is done to a part of a frame before an engine looks at it once more.

Each variant answers one trouble that plain reading fails at; docs/scanning.md says what each has read. No engine here.
"""

from collections.abc import Callable

import cv2
import msgspec
import numpy as np

from kiosk.devices.engines import Grey

ENOUGH = 640  # pixels: to this side a place is enlarged, at most threefold; larger costs time and reads no more
LARGEST = 3.0
MOST = 16 << 20  # pixels of an enlarged picture


class Variant(msgspec.Struct, frozen=True):
    """`prepare`: grey -> grey; a result of another size was enlarged evenly, and boxes are scaled back."""

    name: str
    prepare: Callable[[Grey], Grey]


def enlarge(grey: Grey, how: int = cv2.INTER_CUBIC, to: int = ENOUGH) -> Grey:
    """To a longer side of about `to` pixels, never smaller: below two pixels a module codes are lost."""
    factor = min(LARGEST, to / max(grey.shape), (MOST / grey.size) ** 0.5)
    if factor <= 1.05:
        return grey
    return np.asarray(cv2.resize(grey, None, fx=factor, fy=factor, interpolation=how), np.uint8)


def sharpen(grey: Grey, sigma: float, amount: float) -> Grey:
    """Unsharp mask: the picture plus `amount` times what a blur of `sigma` pixels takes away."""
    return np.asarray(cv2.addWeighted(grey, 1 + amount, cv2.GaussianBlur(grey, (0, 0), sigma), -amount, 0), np.uint8)


def soften(grey: Grey, sigma: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.uint8)


def median(grey: Grey, size: int) -> Grey:
    return np.asarray(cv2.medianBlur(grey, size), np.uint8)


def equalise(grey: Grey) -> Grey:
    """Contrast stretched in each of 64 tiles: a code half in the shade."""
    return np.asarray(cv2.createCLAHE(3.0, (8, 8)).apply(grey), np.uint8)


def threshold(grey: Grey, block: int, above: float) -> Grey:
    """Black or white by the neighbourhood of `block` pixels."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 1)
    return np.asarray(cv2.adaptiveThreshold(smooth, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, block, above), np.uint8)


def quiet(grey: Grey) -> Grey:
    """White around a code that touches a dark ground: apps in dark mode leave it no quiet zone.

    The light modules, closed over the dark ones, are one square; what lies outside it is painted white.
    """
    large = enlarge(grey)
    _, light = cv2.threshold(cv2.GaussianBlur(large, (0, 0), 1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    reach = max(3, max(large.shape) // 24)
    closed = cv2.morphologyEx(light, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not outlines:
        return large
    middle, (width, height), angle = cv2.minAreaRect(max(outlines, key=cv2.contourArea))
    corners = cv2.boxPoints((middle, (width + 1, height + 1), angle))
    ground = np.full_like(large, 255)
    inside = cv2.fillConvexPoly(np.zeros_like(large), corners.astype(np.int32), 255)
    np.copyto(ground, large, where=inside > 0)
    return ground


# for a place: the one that reads most, then those that read what it does not; frames of a live camera take these in turn
SHARP = Variant("enlarged, sharpened", lambda g: sharpen(enlarge(g), 2, 3))
TURNS: tuple[Variant, ...] = (
    Variant("quiet zone", quiet),
    Variant("enlarged smoothly", lambda g: enlarge(g, cv2.INTER_LANCZOS4)),
    Variant("enlarged, median", lambda g: median(enlarge(g), 5)),
    Variant("enlarged, sharpened broadly", lambda g: sharpen(enlarge(g), 3, 2)),
    Variant("enlarged, equalised", lambda g: equalise(enlarge(g))),
    Variant("enlarged, sharpened lightly", lambda g: sharpen(enlarge(g), 1.5, 1)),
    Variant("enlarged, sharpened, threshold", lambda g: threshold(sharpen(enlarge(g), 3, 2), 51, 0)),
    Variant("softened", lambda g: soften(g, 1)),
    Variant("denoised, sharpened", lambda g: sharpen(soften(g, 1.5), 4, 2)),
)
# for a still picture, where time is no matter
MORE: tuple[Variant, ...] = (
    Variant("enlarged to 900, sharpened", lambda g: sharpen(enlarge(g, to=900), 5, 3)),
    Variant("enlarged, denoised, sharpened", lambda g: sharpen(soften(enlarge(g), 2), 5, 3)),
    Variant("threshold 25", lambda g: threshold(enlarge(g), 25, 3)),
    Variant("threshold 101", lambda g: threshold(enlarge(g), 101, 3)),
    Variant("sharpened", lambda g: sharpen(g, 1, 2)),
    Variant("bilateral", lambda g: enlarge(np.asarray(cv2.bilateralFilter(g, 7, 40, 5), np.uint8))),
)
WHOLE: tuple[Variant, ...] = (
    Variant("twice as large", lambda g: enlarge(g, to=2 * max(g.shape))),
    Variant("median 7", lambda g: median(g, 7)),
    Variant("sharpened", lambda g: sharpen(g, 2, 1.5)),
    Variant("softened, sharpened", lambda g: sharpen(soften(g, 1.5), 4, 2)),
    Variant("twice as large, sharpened", lambda g: sharpen(enlarge(g, to=2 * max(g.shape)), 3, 2)),
    Variant("threshold 51", lambda g: threshold(g, 51, 5)),
    Variant("half", lambda g: np.asarray(cv2.resize(g, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)),
)
