"""From the return of `camera.read` to the end of the paint that shows the verdict, beside decoder + one fdatasync'd 4 KiB write.

Usage: python -m benchmarks.frame [--n 30] [--plant 3]. The real window offscreen, scanner thread and journal; frames drawn beforehand.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QTimer

from benchmarks import pairs
from kiosk import app, compose
from kiosk.app import Program
from kiosk.devices.decoder import QrDecoder
from kiosk.devices.stage import Scene, Stage
from kiosk.domain.verdict import Act
from kiosk.ports import Frame
from kiosk.settings import Settings
from kiosk.ui.window import ShownVerdict
from tests import builders

ROUNDS = 5
SETTLED_MS = 4000  # the pages are built and the uploader's libraries loaded: the start has a figure of its own


class Film:
    """A camera with frames in memory: hands out the one that was put in, once, and waits for the next as a driver does."""

    name = "film"

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._there = threading.Event()
        self._number = 0

    def put(self, frame: Frame) -> None:
        self._frame = frame
        self._there.set()

    def read(self) -> Frame | None:
        if not self._there.wait(0.1):
            return None
        self._there.clear()
        assert self._frame is not None
        self._number += 1
        return Frame(self._frame.image, time.monotonic(), self._number)

    def close(self) -> None:
        """Nothing to close."""


def shoot(parts: compose.Parts, n: int) -> list[Frame]:
    """One readable 720p frame for each of n different passes."""
    now, decoder = parts.clock.now().wall, QrDecoder()
    stage = Stage([Scene(builders.voter_pass(parts.vault.secrets, now), "phone") for _ in range(n)], seed=5, paced=False)
    film = []
    for index in range(n):
        stage.present(index)
        film.append(next(f for f in (stage.read() for _ in range(60)) if decoder.decode(f.image)))
    return film


class Measure:
    """Puts frames in one by one; after each verdict times the reference on the same frame, in this same process."""

    def __init__(self, film: list[Frame], camera: Film, folder: Path, plant: float) -> None:
        self.film, self.camera, self.plant = film, camera, plant
        self.at, self.took, self.reference = -1, list[float](), list[float]()
        self.decoder, self.handle = QrDecoder(), os.open(folder / "reference.bin", os.O_RDWR | os.O_CREAT)
        self.program: Program | None = None

    def conduct(self, program: Program) -> None:
        self.program = program
        program.window.resize(1366, 768)
        program.window.verdict_shown.connect(self.shown)
        self.ready = QTimer(interval=50)
        self.ready.timeout.connect(self.when_ready)
        self.ready.start()

    def when_ready(self) -> None:
        assert self.program is not None
        if self.program.scanner is not None and self.program.scanner.name:
            self.ready.stop()
            QTimer.singleShot(SETTLED_MS, self.next)

    def next(self) -> None:
        self.at += 1
        if self.at == len(self.film):
            assert self.program is not None
            self.program.window.close()
        else:
            self.camera.put(self.film[self.at])

    def shown(self, shown: ShownVerdict) -> None:
        if shown.verdict.act is not Act.COME_IN or not shown.frame_at:
            raise SystemExit(f"wrong result: {shown.verdict.act}")
        took = shown.painted_at - shown.frame_at
        self.took.append(took * self.plant)
        QTimer.singleShot(60, self.compare)

    def compare(self) -> None:
        def work() -> None:
            if not self.decoder.decode(self.film[self.at].image):
                raise SystemExit("wrong result: the reference read nothing")
            os.pwrite(self.handle, bytes(4096), 0)
            (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(self.handle)

        self.reference.append(pairs.timed(work))
        QTimer.singleShot(60, self.next)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=30)
    parser.add_argument("--plant", type=float, default=1.0)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        home = builders.enrolled_home(Path(folder) / "home", builders.province_for_today())
        settings = Settings(fullscreen=False, sound=False)
        camera = Film()
        with compose.open_parts(home, settings) as parts:
            parts.station.begin_day(parts.station.likely_day() or "")
            measure = Measure(shoot(parts, args.n * ROUNDS), camera, Path(folder), args.plant)
            app.run(home, settings, camera, parts, measure.conduct)
    n = args.n
    rounds = [pairs.Series(measure.took[i * n : (i + 1) * n], measure.reference[i * n : (i + 1) * n]) for i in range(ROUNDS)]
    if len(measure.took) != n * ROUNDS:
        print(f"frame: n={len(measure.took)}: not every frame became a verdict")
        return 1
    return pairs.finish([pairs.report("frame to painted verdict", "decoder + one fdatasync'd 4 KiB write", rounds, 0.95, 2.0)])


if __name__ == "__main__":
    sys.exit(main())
