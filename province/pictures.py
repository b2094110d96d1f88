"""Codes in pictures that visitors send: a photograph of a pass, a frame of a browser's camera.

Pictures of strangers are parsed in the kiosk's own process for that (`python -m kiosk.devices.beside`, decision 0027), started when the
first one comes, asked over pipes, killed when it stalls; it ends with us. A picture is in memory only, until it is read.
"""

import base64
import binascii
import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import province
from kiosk.domain.pipe import give, take

LIMIT_S, START_S = 3.0, 10.0  # one picture; the first one waits for Python and OpenCV to load
PIXELS, FRAME_PIXELS = 4 << 20, 1 << 20  # larger pictures are made smaller before they are searched
OPENED_PIXELS = 64 << 20  # more than any phone's camera takes; beyond, the file is not even unpacked
QUEUE = 8  # pictures that may wait; beyond, come again


class Busy(Exception):
    """So many pictures wait already that this one is not taken."""


class Pictures:
    """One for the process; safe for threads. `argv`: the reading process's command."""

    def __init__(self, argv: list[str] | None = None, limit_s: float = LIMIT_S) -> None:
        self._argv, self._limit_s = argv or [sys.executable, "-m", "kiosk.devices.beside"], limit_s
        self._waiting = threading.BoundedSemaphore(QUEUE)
        self._one = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def passes(self, data: bytes, quick: bool = False) -> str:
        """The first `HU1:` code in a picture file, or "": no code, no picture, or one that took the reader down. Raises Busy.

        `quick`: a frame of a camera; another one follows.
        """
        if not self._waiting.acquire(blocking=False):
            raise Busy
        try:
            with self._one:
                codes = self._read(data, quick)
        finally:
            self._waiting.release()
        return next((text for text in codes if text.startswith("HU1:")), "")

    def close(self) -> None:
        with self._one:
            self._bury()

    def _read(self, data: bytes, quick: bool) -> list[str]:
        cold = self._process is None or self._process.poll() is not None
        process = self._start() if cold else self._process
        assert process is not None
        watch = threading.Timer(START_S if cold else self._limit_s, process.kill)
        watch.start()
        try:
            return _texts(_ask(process, data, FRAME_PIXELS if quick else PIXELS, quick))
        except (OSError, ValueError, EOFError):
            self._bury()
            return []
        finally:
            watch.cancel()

    def _start(self) -> subprocess.Popen[bytes]:
        self._bury()
        rooms = str(Path(province.__file__).resolve().parent.parent)  # found from any working directory
        path = os.pathsep.join(filter(None, (rooms, os.environ.get("PYTHONPATH"))))
        env = {**os.environ, "PYTHONPATH": path, "OPENCV_IO_MAX_IMAGE_PIXELS": str(OPENED_PIXELS)}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=env)
        return self._process

    def _bury(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError), process:  # waits, and closes its pipes
                process.kill()


def _ask(process: subprocess.Popen[bytes], data: bytes, pixels: int, quick: bool) -> dict[str, Any]:
    """Raises OSError, EOFError or ValueError when the process died or does not speak our language."""
    assert process.stdin is not None and process.stdout is not None
    give(process.stdin, {"op": "picture", "size": len(data), "pixels": pixels, "quick": quick}, data)
    answer = take(process.stdout)
    if answer is None:
        raise EOFError
    return answer


def _texts(answer: dict[str, Any]) -> list[str]:
    codes, out = answer.get("codes"), list[str]()
    for code in codes if isinstance(codes, list) else []:
        with contextlib.suppress(binascii.Error, UnicodeDecodeError, TypeError, IndexError, ValueError):
            out.append(base64.b64decode(code[0]).decode("ascii"))
    return out
