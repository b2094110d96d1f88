"""Where in a frame a code may be: fine texture across and down, measured in cells of 16 pixels. A third of a millisecond a frame.

It reads nothing. A phone's code stands out from a hall; leaves and print do too, so what it names is a place worth a second look.
"""

import cv2
import msgspec
import numpy as np

from kiosk.devices.engines import Box, Grey

CELL = 16  # pixels, a power of two: halving is far cheaper than one large reduction
MARGIN = 40  # pixels around the texture: the quiet zone, and corners that a glare has flattened
FAINT = 3.0  # grey levels of texture above the picture's own noise; below it there is nothing to find
FADE = 0.5  # of the peak: where the texture is taken to end


class Place(msgspec.Struct, frozen=True):
    """A rectangle of the frame in pixels, right and bottom exclusive; `texture`: grey levels, 0 when a decoder named the place."""

    left: int
    top: int
    right: int
    bottom: int
    texture: float = 0.0

    @property
    def side(self) -> int:
        return max(self.right - self.left, self.bottom - self.top)

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def cut(self, grey: Grey) -> Grey:
        return np.ascontiguousarray(grey[self.top : self.bottom, self.left : self.right])


def around(box: Box, shape: tuple[int, ...], margin: float = 0.15) -> Place:
    """The place of a code's corners, with a quiet zone of `margin` of its size on each side."""
    xs, ys = [x for x, _ in box], [y for _, y in box]
    more = round(margin * max(max(xs) - min(xs), max(ys) - min(ys))) + 8
    return Place(max(0, min(xs) - more), max(0, min(ys) - more), min(shape[1], max(xs) + more), min(shape[0], max(ys) + more))


def _cells(difference: Grey) -> Grey:
    for _ in range(CELL.bit_length() - 1):
        difference = np.asarray(cv2.resize(difference, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    return difference


def places(grey: Grey, most: int = 2) -> list[Place]:
    """At most `most` places, the strongest texture first; none in a picture without any, or smaller than four cells."""
    h, w = (grey.shape[0] - 2) // CELL * CELL, (grey.shape[1] - 2) // CELL * CELL
    if min(h, w) < 4 * CELL:
        return []
    across = _cells(np.asarray(cv2.absdiff(grey[:h, 2 : w + 2], grey[:h, :w]), np.uint8))
    down = _cells(np.asarray(cv2.absdiff(grey[2 : h + 2, :w], grey[:h, :w]), np.uint8))
    both = cv2.min(across, down)
    texture = cv2.blur(cv2.subtract(both, np.full_like(both, round(float(np.median(both))))), (3, 3)).astype(np.float32)
    found: list[Place] = []
    while len(found) < most:
        _, peak, _, at = cv2.minMaxLoc(texture)
        if peak < FAINT:
            break
        _, labels, stats, _ = cv2.connectedComponentsWithStats((texture >= FADE * peak).astype(np.uint8), connectivity=4)
        x, y, width, height, _ = (int(v) for v in stats[labels[at[1], at[0]]])
        texture[max(0, y - 2) : y + height + 2, max(0, x - 2) : x + width + 2] = 0  # its rim is no place of its own
        found.append(
            Place(
                max(0, x * CELL - MARGIN),
                max(0, y * CELL - MARGIN),
                min(grey.shape[1], (x + width) * CELL + MARGIN),
                min(grey.shape[0], (y + height) * CELL + MARGIN),
                float(peak),
            )
        )
    return found
