"""Pictures, a folder of them or a video as a camera; and the drawn stage, a camera of voters who never were.

For demonstrations, tests and machines without a webcam. Nothing here reads codes.
"""

import os
from collections.abc import Generator
from itertools import repeat
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from kiosk.devices import header
from kiosk.devices.pace import Pace
from kiosk.errors import Code, KioskError
from kiosk.ports import Frame

__all__ = ["PICTURES", "Picture", "ReplayCamera", "open_picture", "pictures_in", "read_picture", "read_video", "unfold"]

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm", ".gif"})
LARGEST = 64 << 20  # bytes of a picture file
WORKING = 16 << 20  # pixels: what is looked at; larger pictures are made smaller while they are read
BUDGET = 200 << 20  # bytes that unfolding a picture may take
REDUCED = {
    1: cv2.IMREAD_GRAYSCALE, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4, 8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}  # fmt: skip

Image = NDArray[np.uint8]

# Also where somebody imported cv2 before this package could set its environment.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


class Picture(msgspec.Struct, frozen=True):
    """`image`: (height, width, 3) BGR; `size`: of the file, (width, height). The image is smaller where the file was beyond WORKING."""

    image: Image
    size: tuple[int, int]


def read_picture(path: Path) -> Image:
    """A picture as (height, width, 3) BGR. Raises KioskError(BAD_FILE) with `file` and `why`."""
    return open_picture(path).image


def open_picture(path: Path) -> Picture:
    """A picture, made smaller while it is read where it is large. Raises KioskError(BAD_FILE) with `file` and `why`.

    Read by us and decoded from memory: OpenCV cannot open a path with Vietnamese letters on Windows.
    """
    try:
        return unfold(_bytes_of(path))
    except KioskError as error:
        raise KioskError(error.code, **({"file": path.name} | error.facts)) from error


def unfold(data: bytes, working: int = WORKING) -> Picture:
    """A picture file's content. In colour up to `working` pixels; beyond it in grey, a JPEG at a half, quarter or eighth, then made
    smaller. What it would cost is known before anything is unfolded. Raises KioskError(BAD_FILE) with `why`."""
    size = header.size_of(data)
    if size is None:
        raise KioskError(Code.BAD_FILE, why="no_picture")
    pixels, reduced = size[0] * size[1], 1
    while header.is_jpeg(data) and reduced < 8 and pixels > working * reduced * reduced:
        reduced *= 2
    if header.cost(data, pixels, reduced) > BUDGET:
        raise KioskError(Code.BAD_FILE, why="too_many_pixels", pixels=f"{size[0]}x{size[1]}")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR if pixels <= working else REDUCED[reduced])
    except cv2.error:  # among others: more pixels than OPENCV_IO_MAX_IMAGE_PIXELS
        image = None
    if image is None:
        raise KioskError(Code.BAD_FILE, why="no_picture")
    over = (image.shape[0] * image.shape[1] / working) ** 0.5
    if over > 1:
        image = cv2.resize(image, None, fx=1 / over, fy=1 / over, interpolation=cv2.INTER_AREA)
    return Picture(np.asarray(image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8), size)


def _bytes_of(path: Path) -> bytes:
    try:
        if not path.exists():
            raise KioskError(Code.BAD_FILE, file=path.name, why="missing")
        if not path.is_file():
            raise KioskError(Code.BAD_FILE, file=path.name, why="not_a_file")
        if path.stat().st_size > LARGEST:
            raise KioskError(Code.BAD_FILE, file=path.name, why="too_large", most=f"{LARGEST >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise KioskError(Code.BAD_FILE, file=path.name, why=os.strerror(error.errno or 0)) from error


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder and those under it, in the order of their names. Raises KioskError(BAD_FILE) when there are none."""
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES and p.is_file())
    if not found:
        raise KioskError(Code.BAD_FILE, file=folder.name, why="no_pictures")
    return found


def read_video(path: Path) -> Generator[Image]:
    """The frames of a video, once. Raises KioskError(BAD_FILE) when it is none, or holds no frame."""
    if not path.is_file():
        raise KioskError(Code.BAD_FILE, file=path.name, why="not_a_file" if path.exists() else "missing")
    if header.size_of(_head(path)) is not None:  # a GIF is unfolded whole before its first frame
        raise KioskError(Code.BAD_FILE, file=path.name, why="no_video")
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        wide, high = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if wide * high > WORKING:
            raise KioskError(Code.BAD_FILE, file=path.name, why="too_many_pixels", pixels=f"{wide:.0f}x{high:.0f}")
        count = 0
        while capture.isOpened():
            good, image = capture.read()
            if not good:
                break
            count += 1
            yield np.asarray(image, np.uint8)
        if not count:
            raise KioskError(Code.BAD_FILE, file=path.name, why="no_video")
    finally:
        capture.release()


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4096)
    except OSError as error:
        raise KioskError(Code.BAD_FILE, file=path.name, why=os.strerror(error.errno or 0)) from error


class ReplayCamera:
    """A picture, a folder of pictures or a video as a Camera, for ever from the beginning again.

    `hold`: frames for which each picture stays in view (a hand holds a phone about a second); videos run frame by frame.
    The first frame is read here, so a wrong path raises KioskError(BAD_FILE) at once.
    """

    def __init__(self, path: Path, fps: float = 30, paced: bool = True, hold: int = 30) -> None:
        self.name = path.name
        self._path, self._hold = path, max(1, hold)
        self._pace = Pace(fps if paced else 0)
        self._number = 0
        self._frames = self._endless()
        self._image = next(self._frames)

    def _endless(self) -> Generator[Image]:
        while True:
            if self._path.is_dir() or self._path.suffix.lower() in PICTURES:
                for path in pictures_in(self._path) if self._path.is_dir() else [self._path]:
                    yield from repeat(read_picture(path), self._hold)
            else:
                yield from read_video(self._path)

    def read(self) -> Frame:
        """The next frame, in its time. Raises KioskError(CAMERA_LOST) when the files are gone."""
        at, lost = self._pace.due()
        try:
            for _ in range(min(lost, self._hold) + (self._number > 0)):
                self._image = next(self._frames)
        except (KioskError, StopIteration) as error:
            raise KioskError(Code.CAMERA_LOST, camera=self.name) from error
        self._number += 1 + lost
        return Frame(self._image, at, self._number)

    def close(self) -> None:
        self._frames.close()
