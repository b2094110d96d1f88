"""The process beside the window, as the window sees it: asked with a time limit, killed when it stalls, started again when it died.

Whatever a decoder in C or a picture of a stranger does, it does there. `look` and `file` raise nothing of it but KioskError; a caller
waits no longer than it said, on a thread that is not the window's.
"""

import base64
import contextlib
import logging
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from kiosk.devices.engines import Grey
from kiosk.domain.pipe import give, take
from kiosk.errors import Code as ErrorCode
from kiosk.errors import KioskError
from kiosk.ports import Code

log = logging.getLogger(__name__)
STALL_S = 0.5  # an engine that takes longer for one look hangs
FILE_S = 20.0  # a still picture: everything is tried on it
START_S = 5.0  # of the first look: Python and OpenCV are loaded
DEATHS, REST_S = 3, 60.0  # so many deaths within a rest, and it is left alone for one


class _Job(msgspec.Struct):
    """One request on its way; `answer` None: the process died over it."""

    request: dict[str, Any]
    payload: bytes = b""
    done: threading.Event = msgspec.field(default_factory=threading.Event)
    answer: dict[str, Any] | None = None


def command() -> list[str]:
    """How this program starts its process beside: the built program knows the word too."""
    return [sys.executable, "--beside"] if getattr(sys, "frozen", False) else [sys.executable, "-m", "kiosk.devices.beside"]


def _codes(answer: dict[str, Any]) -> list[Code]:
    return [Code(base64.b64decode(raw), engine, tuple((x, y) for x, y in box)) for raw, engine, box in answer.get("codes", [])]


class Aside:
    """`deaths`: how often it crashed or had to be killed; `why`: the last time, "" while all is well."""

    def __init__(self, argv: list[str] | None = None, stall_s: float = STALL_S, clock: Callable[[], float] = time.monotonic) -> None:
        self.deaths, self.why = 0, ""
        self._argv, self._stall_s, self._clock = argv or command(), stall_s, clock
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._busy = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._warm = self._closed = False
        self._died_at: list[float] = []
        self._pending: _Job | None = None
        self._pending_until = 0.0
        self._thread = self._begun()

    def _begun(self) -> threading.Thread:
        made = threading.Thread(target=self._serve, name="aside", daemon=True)
        made.start()
        return made

    @property
    def resting(self) -> bool:
        """It died too often and is left alone for a minute: scanning goes on with what is left."""
        return len([at for at in self._died_at if self._clock() - at < REST_S]) >= DEATHS

    def look(self, engine: str, grey: Grey) -> list[Code]:
        """An engine's codes in a grey picture; none when it stalled, crashed or rests. Waits at most the stall limit."""
        answer = self._ask(self._request(engine, grey), self._stall_s if self._warm else START_S)
        return _codes(answer) if answer is not None else []

    def file(self, path: Path, limit_s: float = FILE_S) -> list[Code]:
        """The codes in a picture file. Raises KioskError(BAD_FILE) with `file` and `why` for what is none, or took the process down."""
        answer = self._ask(_Job({"op": "file", "path": str(path)}), limit_s)
        if answer is None:
            raise KioskError(ErrorCode.BAD_FILE, file=path.name, why="reader_stopped")
        if "refused" in answer:
            raise KioskError(ErrorCode(answer["refused"]), **answer["facts"])
        return _codes(answer)

    def offer(self, engine: str, grey: Grey) -> None:
        """For a live loop: begins a look and returns at once; nothing while the last one is still out."""
        if self._pending is None and not self.resting and self._busy.acquire(blocking=False):
            self._pending = self._request(engine, grey)
            self._pending_until = self._clock() + (self._stall_s if self._warm else START_S)
            self._send(self._pending)

    def answer(self) -> list[Code] | None:
        """What the look that was offered found; None while it is out or none was. Kills what stalled."""
        job = self._pending
        if job is None:
            return None
        if not job.done.is_set():
            if self._clock() < self._pending_until:
                return None
            self._kill("stalled")
            job.done.wait(1)
        self._pending = None
        self._busy.release()
        return _codes(job.answer) if job.answer is not None else []

    def close(self) -> None:
        """Ends thread and process. Asked again, it begins again: the scanner goes on when somebody signs in after a sign-out."""
        self._closed = True
        if self._thread.is_alive():
            self._jobs.put(None)
        self._kill("")
        self._thread.join(1)

    @staticmethod
    def _request(engine: str, grey: Grey) -> _Job:
        return _Job({"op": "look", "engine": engine, "height": grey.shape[0], "width": grey.shape[1]}, grey.tobytes())

    def _ask(self, job: _Job, limit_s: float) -> dict[str, Any] | None:
        if self.resting:
            return None
        with self._busy:
            self._send(job)
            if not job.done.wait(limit_s):
                self._kill("stalled")
                job.done.wait(1)
        return job.answer

    def _send(self, job: _Job) -> None:
        if not self._thread.is_alive():
            self._closed, self._thread = False, self._begun()
        self._jobs.put(job)

    def _kill(self, why: str) -> None:
        process = self._process
        if why:
            self.why = why
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()

    def _serve(self) -> None:
        """The only thread that writes to and reads from the process; a hanging one blocks here and nobody else."""
        while (job := self._jobs.get()) is not None:
            try:
                job.answer = self._exchange(job)
                self._warm, self.why = True, ""
            except (OSError, ValueError, EOFError):
                self._buried()
            finally:
                job.done.set()
        self._end()

    def _exchange(self, job: _Job) -> dict[str, Any]:
        if self._process is None:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(self._argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise EOFError
        give(stdin, job.request, job.payload)
        answer = take(stdout)
        if answer is None:
            raise EOFError
        return answer

    def _buried(self) -> None:
        self.deaths += 1
        self._died_at = [*self._died_at[-DEATHS:], self._clock()]
        self.why = self.why or "crashed"
        if not self._closed:
            log.warning("engine process %s", self.why)
        self._end()

    def _end(self) -> None:
        self._warm = False
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError), process:  # waits, and closes its pipes
                process.kill()

