"""Pictures, a folder of them or a video as a camera; and the drawn stage, a camera of voters who never were.

For demonstrations, tests and machines without a webcam. Nothing here reads codes.
"""

import os
from collections.abc import Generator
from itertools import repeat
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.devices.pace import Pace
from kiosk.errors import Code, KioskError
from kiosk.ports import Frame

__all__ = ["PICTURES", "ReplayCamera", "pictures_in", "read_picture", "read_video"]

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"})
LARGEST = 64 << 20  # bytes of a picture file

Image = NDArray[np.uint8]

# Also where somebody imported cv2 before this package could set its environment.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def read_picture(path: Path) -> Image:
    """A picture as (height, width, 3) BGR. Raises KioskError(BAD_FILE) with `file` and `why`.

    Read by us and decoded from memory: OpenCV cannot open a path with Vietnamese letters on Windows.
    """
    try:
        if not path.is_file():
            raise KioskError(Code.BAD_FILE, file=path.name, why="missing")
        if path.stat().st_size > LARGEST:
            raise KioskError(Code.BAD_FILE, file=path.name, why="too large")
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise KioskError(Code.BAD_FILE, file=path.name, why=os.strerror(error.errno or 0)) from error
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:  # among others: more pixels than OPENCV_IO_MAX_IMAGE_PIXELS
        image = None
    if image is None:
        raise KioskError(Code.BAD_FILE, file=path.name, why="no picture")
    return np.asarray(image, np.uint8)


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder and those under it, in the order of their names. Raises KioskError(BAD_FILE) when there are none."""
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES and p.is_file())
    if not found:
        raise KioskError(Code.BAD_FILE, file=folder.name, why="no pictures in this folder")
    return found


def read_video(path: Path) -> Generator[Image]:
    """The frames of a video, once. Raises KioskError(BAD_FILE) when it is none, or holds no frame."""
    if not path.is_file():
        raise KioskError(Code.BAD_FILE, file=path.name, why="missing")
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        count = 0
        while capture.isOpened():
            good, image = capture.read()
            if not good:
                break
            count += 1
            yield np.asarray(image, np.uint8)
        if not count:
            raise KioskError(Code.BAD_FILE, file=path.name, why="no picture, no video")
    finally:
        capture.release()


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
