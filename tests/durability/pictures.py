"""Malformed pictures by the thousand, before the live decoder and as files beside it: nothing may end the process or hold it up.

`python -m tests.durability.pictures [COUNT] [FRAMES]`: COUNT malformed pictures (10,000), then FRAMES frames of a hall (100,000)
through the real scanner, with the memory they cost. A look that takes the scanner's thread over 100 ms of its own time is
counted and is exit 1 (the window has a thread of its own); deadlines are the soak's business, never a test's.
"""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import psutil
from numpy.random import Generator, default_rng

from kiosk.devices.aside import Aside
from kiosk.devices.decoder import Cascade, spent
from kiosk.equipment import make_scanner
from kiosk.errors import KioskError
from kiosk.ports import Frame
from kiosk.settings import Settings
from tests import webcam

FREEZE_S = 0.1
GROWTH = 4 << 20
UNFOLDED = 300 << 20  # bytes: what the largest picture may cost a program
EVERY_FILE = 10  # of ten malformed pictures one is a file

Image = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


def array(rng: Generator) -> object:
    """What a broken driver may hand over as a picture: any shape, any type, noise, stripes, torn and wrapped codes."""
    shape = tuple(int(n) for n in rng.choice((0, 1, 2, 3, 17, 21, 64, 240, 480, 720), rng.integers(1, 4)))
    kind = rng.integers(7)
    if kind == 0:
        return np.zeros(shape, rng.choice((np.uint8, np.uint16, np.float32, np.bool_)))
    if kind == 1:
        return rng.integers(0, 256, (int(rng.integers(1, 721)), int(rng.integers(1, 1281)), 3), np.uint8)
    if kind == 2:
        return np.tile(np.array([[0, 255]], np.uint8), (int(rng.integers(1, 720)), int(rng.integers(1, 640))))
    if kind == 3:
        return None
    image, _ = _frames[rng.integers(len(_frames))]
    if kind == 4:  # torn: rows of another frame, as a USB packet lost
        return np.roll(image, int(rng.integers(1, image.size)))
    if kind == 5:  # every seventh pixel is wrong
        image = image.copy()
        image.reshape(-1)[:: int(rng.integers(2, 9))] ^= np.uint8(rng.integers(1, 256))
        return image
    return image[:: int(rng.integers(1, 6)), :: int(rng.integers(1, 6))]


_frames = [webcam.still(kind, 0) for kind in ("plain", "mirror", "hunting")]


def file(rng: Generator) -> bytes:
    """A picture file that was cut, or some of whose bytes are others."""
    image, _ = _frames[rng.integers(len(_frames))]
    form = rng.choice((".png", ".jpg", ".webp", ".bmp"))
    data = bytearray(cv2.imencode(str(form), image[::4, ::4])[1].tobytes())
    for _ in range(int(rng.integers(1, 40))):
        data[rng.integers(len(data))] = rng.integers(256)
    return bytes(data[: rng.integers(1, len(data))] if rng.uniform() < 0.5 else data)


def malformed(count: int, seed: int = 1) -> Iterator[tuple[str, float]]:
    """(what, seconds) of each look; the caller is alive to count them."""
    rng, live, aside = default_rng(seed), Cascade(), Aside()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        for n in range(count):
            began = spent()
            if n % EVERY_FILE:
                live.decode(array(rng))  # type: ignore[arg-type]
                yield "frame", spent() - began
                continue
            path.write_bytes(file(rng))
            with contextlib.suppress(KioskError):
                aside.file(path)
            yield "file", 0.0  # waited for on a lane, not by the window
    aside.close()


class Hall:
    """Frames made beforehand, as fast as they are read."""

    name = "hall"

    def __init__(self) -> None:
        self._images, self._number = [webcam.empty(seed) for seed in range(8)], 0

    def read(self) -> Frame:
        self._number += 1
        return Frame(self._images[self._number % 8], time.monotonic(), self._number)

    def close(self) -> None:
        """Nothing to close."""


def growth(frames: int) -> int:
    """Bytes that memory grew between frame frames / 10 and the last."""
    scanner, process = make_scanner(Settings(), Hall()), psutil.Process()
    early = 0
    for n in range(frames):
        if n == frames // 10:
            early = process.memory_info().rss
        scanner.step()
    scanner.close()
    return process.memory_info().rss - early


def largest() -> tuple[float, int]:
    """(seconds, bytes at most) of `kiosk decode` on a blank picture of 10,000 x 10,000, a program of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "blank.png"
        path.write_bytes(cv2.imencode(".png", np.full((10_000, 10_000), 255, np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())
        began, most = time.monotonic(), 0
        program = psutil.Popen([sys.executable, "-m", "kiosk", "decode", str(path)], stdout=subprocess.DEVNULL)
        while program.poll() is None:
            with contextlib.suppress(psutil.Error):
                most = max(most, program.memory_info().rss)
            time.sleep(0.01)
        return time.monotonic() - began, most


def main(count: int = 10_000, frames: int = 100_000) -> int:
    looks = list(malformed(count))
    slow = [seconds for _, seconds in looks if seconds > FREEZE_S]
    worst = max((seconds for _, seconds in looks), default=0.0)
    print(f"malformed pictures: {len(looks)} looked at, {len(slow)} over {FREEZE_S * 1000:.0f} ms, worst {worst * 1000:.0f} ms")
    grown = growth(frames)
    print(f"memory from frame {frames // 10} to {frames}: {grown / 1048576:+.1f} MB (limit {GROWTH >> 20} MB)")
    seconds, most = largest()
    print(f"a blank picture of 10,000 x 10,000: {seconds:.1f} s, {most / 1048576:.0f} MB at most (limit {UNFOLDED >> 20} MB)")
    return int(len(looks) != count or bool(slow) or grown > GROWTH or not 0 < most <= UNFOLDED)


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:3])))
