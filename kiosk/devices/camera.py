"""Webcams and network cameras through OpenCV: a grabbing thread, a slot for one frame, the newest wins.

Does not decode and does not reopen by itself: a camera that is lost says so once, and the scanner opens another.
"""

import os
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np

from kiosk.devices.replay import ReplayCamera
from kiosk.errors import Code, KioskError
from kiosk.ports import Camera, Frame

WIDTH, HEIGHT, FPS = 1280, 720, 30
READ_WAIT = 0.2  # seconds a reader waits for a frame
SILENCE = 1.5  # seconds without a frame after which the camera counts as lost (a pulled plug may just hang)
MISREADS = 10  # failed grabs in a row that mean the same
PROBED = 4  # indexes tried where the system has no list of cameras
URL_TIMEOUT_MS = 2000  # of opening and of each read: a phone that went to sleep is tried again soon
V4L = Path("/sys/class/video4linux")
BUILT_IN = ("integrated", "built-in", "builtin", "facetime", "easycamera", "truevision", "internal")


def _open(source: int | str) -> cv2.VideoCapture:
    if isinstance(source, str):
        timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, URL_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, URL_TIMEOUT_MS]
        return cv2.VideoCapture(source, cv2.CAP_FFMPEG, timeouts)
    backend = {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_DSHOW, "darwin": cv2.CAP_AVFOUNDATION}.get(sys.platform, cv2.CAP_ANY)
    capture = cv2.VideoCapture(source, backend)
    if capture.isOpened():
        # MJPG first: raw 720p does not fit through USB 2 at 30 a second, and the driver silently falls to 10
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        for key, value in ((cv2.CAP_PROP_FRAME_WIDTH, WIDTH), (cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT), (cv2.CAP_PROP_FPS, FPS)):
            capture.set(key, value)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return capture


class WebCamera:
    """A camera by index or URL. Raises KioskError(CAMERA_MISSING) with `camera` when it does not open."""

    def __init__(self, source: int | str, name: str = "") -> None:
        # never the whole address: it may hold a password
        self.name = name or (f"camera {source}" if isinstance(source, int) else host_of(source) or "url")
        self.source = source
        if isinstance(source, int) and sys.platform == "linux" and not Path(f"/dev/video{source}").exists():
            raise KioskError(Code.CAMERA_MISSING, camera=self.name)
        self._capture = _open(source)
        if not self._capture.isOpened():
            self._capture.release()
            raise KioskError(Code.CAMERA_MISSING, camera=self.name)
        self._slot: Frame | None = None
        self._news = threading.Condition()
        self._lost = self._closed = False
        self._number = self._misread = 0
        self._heard_at = time.monotonic()
        threading.Thread(target=self._run, name=f"grab {self.name}", daemon=True).start()

    def _run(self) -> None:
        try:
            while self._step():
                pass
        finally:  # released by its own thread: OpenCV captures may not be released while they grab
            self._capture.release()

    def _step(self) -> bool:
        """One frame into the slot; False when it is over. HTTP cameras queue their frames: grabbing all of them drains it."""
        good, image = self._capture.read()
        with self._news:
            if good:
                self._number, self._misread, self._heard_at = self._number + 1, 0, time.monotonic()
                self._slot = Frame(np.asarray(image, np.uint8), self._heard_at, self._number)
            else:
                self._misread += 1
                self._lost = self._misread >= MISREADS
            self._news.notify_all()
            return not (self._lost or self._closed)

    def read(self) -> Frame | None:
        """The newest frame not read yet, or None after 0.2 s. Raises KioskError(CAMERA_LOST) with `camera`."""
        with self._news:
            self._news.wait_for(lambda: self._slot is not None or self._lost, READ_WAIT)
            frame, self._slot = self._slot, None
            if frame is None and (self._lost or self._closed or time.monotonic() - self._heard_at > SILENCE):
                raise KioskError(Code.CAMERA_LOST, camera=self.name)
            return frame

    def close(self) -> None:
        """Returns at once; the grabbing thread lets the device go after the frame it is in."""
        with self._news:
            self._closed = True
            self._news.notify_all()


def list_cameras() -> list[tuple[int, str]]:
    """(index, name) of each camera here; a name that comes twice gets a number, so that a name means one camera.

    Linux reads the system's list; elsewhere indexes 0 to 3 are opened in turn.
    """
    if V4L.parent.exists():  # not sys.platform: mypy would then read only one half
        # a camera has several nodes; index 0 is the one with pictures, the others hold metadata
        nodes = [d for d in V4L.glob("video*") if (d / "index").exists() and (d / "index").read_text().strip() == "0"]
        listed = sorted((int(d.name.removeprefix("video")), (d / "name").read_text().strip()) for d in nodes)
        names = [name for _, name in listed]
        return [(index, name if (nth := names[:n].count(name)) == 0 else f"{name} #{nth + 1}") for n, (index, name) in enumerate(listed)]
    found = []
    for index in range(PROBED):
        capture = _open(index)
        if capture.isOpened():
            found.append((index, f"camera {index}"))
        capture.release()
    return found


def host_of(address: str) -> str:
    """Whose camera an address is; "" for what is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:  # "http://["
        return ""


def name_of(spec: str) -> str:
    """What the camera of `spec` calls itself once it is open: an address by its host, a file or folder by its name, else as it is."""
    if "://" in spec:
        return host_of(spec) or "url"
    return Path(spec).name if is_path(spec) else spec


def is_path(spec: str) -> bool:
    """A file or folder that is there. Any text may be asked about."""
    return os.path.exists(os.path.expanduser(spec))


def built_in(index: int) -> bool:
    """Is this the laptop's own camera? It faces the officer. The bus knows (USB says fixed or removable), else the name tells."""
    node = V4L / f"video{index}"
    for folder in (node / "device" / "..", node / "device" / ".." / ".."):
        try:
            said = (folder / "removable").read_text().strip()
        except OSError:
            continue
        if said in ("fixed", "removable"):
            return said == "fixed"
    name = dict(list_cameras()).get(index, "").casefold()
    return any(word in name for word in BUILT_IN)


def best(cameras: list[tuple[int, str]]) -> tuple[int, str] | None:
    """The camera to use when nobody has chosen: the first that was plugged in, else the laptop's own."""
    return next((camera for camera in cameras if not built_in(camera[0])), cameras[0] if cameras else None)


def open_camera(spec: str, paced: bool = True) -> Camera:
    """The camera that `spec` names: its name, an index, a URL, a picture, a video, or a folder of pictures; "" for the best one here.

    A name is looked up each time: the same webcam in another socket has another index. Raises KioskError(CAMERA_MISSING) with
    `camera`, or KioskError(CAMERA_FILE) with `camera`, the file's name, and `why`.
    """
    if spec.isascii() and spec.isdigit():
        return WebCamera(int(spec), dict(list_cameras()).get(int(spec), "") if V4L.parent.exists() else "")
    if "://" in spec:
        return WebCamera(spec)
    cameras = list_cameras()
    found = next((camera for camera in cameras if camera[1] == spec), None) if spec else best(cameras)
    if found is not None:
        return WebCamera(*found)
    if not spec or (not is_path(spec) and not {"/", "\\", "."} & set(spec)):
        raise KioskError(Code.CAMERA_MISSING, camera=spec or "—")
    path = Path(spec).expanduser()
    try:
        return ReplayCamera(path, FPS, paced)
    except KioskError as error:
        raise KioskError(Code.CAMERA_FILE, camera=path.name or spec, why=error.facts.get("why", "")) from error
