"""The camera's side of the window beside a clock's seconds and bare engines: thirty 720p frames a second with preview and hints.

Usage: python -m benchmarks.camera [--seconds 20] [--frames 6000]. Frames are drawn beforehand; no webcam is needed.

1. share of one core while the real scanner and the real preview take thirty frames a second (limit 45 %);
2. from a frame's moment to the end of its paint, p95, beside one frame period (limit 1x);
3. memory at the last frame minus at a tenth of them, unpaced, offscreen (limit 4 MB for 20,000 frames; `make soak` does 100,000).
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Sequence

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import psutil
from PySide6.QtCore import QEventLoop, QTimer

from benchmarks import pairs
from kiosk.app import application
from kiosk.devices.pace import Pace
from kiosk.equipment import make_scanner
from kiosk.ports import Frame
from kiosk.settings import Settings
from kiosk.ui.widgets.preview import Preview
from tests import webcam

FPS, PERIOD = 30, 1 / 30
CORE_LIMIT, PAINT_LIMIT, GROWTH_LIMIT = 0.45, 1.0, 4 << 20


class Film:
    """Frames made beforehand, paced or not: empty halls, and every third second a phone that is hard to read."""

    name = "film"

    def __init__(self, fps: float) -> None:
        hard, _ = webcam.presentation(2)
        self._images = [webcam.empty(seed) for seed in range(8)] * 8 + hard * 4
        self._pace, self.number = Pace(fps), 0

    def read(self) -> Frame:
        at, lost = self._pace.due()
        self.number += 1 + lost
        return Frame(self._images[self.number % len(self._images)], at, self.number)

    def close(self) -> None:
        """Nothing to close."""


class Timed(Preview):
    """The preview, and how long after its frame's moment each paint ended."""

    def __init__(self) -> None:
        super().__init__()
        self.delays: list[float] = []
        self._due = 0.0

    def poll(self) -> None:
        before, frame = self.number, self.scanner.latest if self.scanner is not None else None
        super().poll()
        if frame is not None and self.number != before:
            self._due = frame.at

    def paintEvent(self, event: object) -> None:
        super().paintEvent(event)
        if self._due:
            self.delays.append(time.monotonic() - self._due)
            self._due = 0.0


def paced(seconds: float) -> list[bool]:
    """Scanner thread and preview as in the window, for so many seconds."""
    application(Settings(fullscreen=False))
    scanner, preview, stop = make_scanner(Settings(), Film(FPS)), Timed(), threading.Event()
    preview.resize(480, 270)
    preview.show()
    preview.watch(scanner)

    def loop() -> None:
        while not stop.is_set():
            scanner.step()
        scanner.close()

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    process = psutil.Process()
    _run(2.0)  # warm
    preview.delays.clear()
    number, began, cpu = scanner.latest.number if scanner.latest else 0, time.monotonic(), sum(process.cpu_times()[:2])
    _run(seconds)
    took, used = time.monotonic() - began, sum(process.cpu_times()[:2]) - cpu
    shown = (scanner.latest.number if scanner.latest else 0) - number
    stop.set()
    thread.join(5)
    if not shown or not preview.delays:
        print(f"camera: n=0, nothing measured ({shown} frames, {len(preview.delays)} paints)")
        return [False]
    share, delay = used / took, pairs.percentile(preview.delays, 0.95) / PERIOD
    good = [share <= CORE_LIMIT, delay <= PAINT_LIMIT]
    said = "ok" if good[0] else "OVER"
    print(f"camera: {share:.0%} of one core (limit {CORE_LIMIT:.0%}) {said}, {shown / took:.1f} frames a second, n={shown}")
    print(
        f"frame to screen p95: {delay:.2f}x of a frame period (limit {PAINT_LIMIT}x) {'ok' if good[1] else 'OVER'}, "
        f"{delay * PERIOD * 1000:.1f} ms, n={len(preview.delays)}"
    )
    return good


def _run(seconds: float) -> None:
    """The event loop for so long; quitting the application would close the preview."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def growth(frames: int) -> bool:
    """Memory between a tenth and the end of so many frames, as fast as they go."""
    scanner, process = make_scanner(Settings(), Film(0)), psutil.Process()
    for _ in range(frames // 10):
        scanner.step()
    early = process.memory_info().rss
    for _ in range(frames - frames // 10):
        scanner.step()
    late = process.memory_info().rss
    scanner.close()
    good = late - early <= GROWTH_LIMIT
    print(f"memory: {(late - early) / 1048576:+.1f} MB from frame {frames // 10} to {frames} (limit 4 MB) {'ok' if good else 'OVER'}")
    return good


def main(argv: Sequence[str] | None = None) -> int:
    """Exit 1 when nothing was measured or a figure is over its limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.camera", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--frames", type=int, default=20_000)
    args = parser.parse_args(argv)
    good = paced(args.seconds)
    if args.frames:
        good.append(growth(args.frames))
    return pairs.finish(good)


if __name__ == "__main__":
    sys.exit(main())
