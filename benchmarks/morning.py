"""A headless morning at pace 0: no error, no gap of the UI over 50 ms of its own making, memory that stays.

Usage: python -m benchmarks.morning [--voters 956] [--plant 3]. A second process runs a bare Qt timer: a gap of ours counts only if that
one had none over 25 ms at the same time (then the machine was busy elsewhere). `--plant 3` blocks the UI for 150 ms each 100 voters.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import Qt, QTimer

from benchmarks import pairs
from kiosk import demo_run
from kiosk.settings import Settings

GAP, OTHERS = 0.050, 0.025
BARE = """
import sys, time
from PySide6.QtCore import QCoreApplication, QTimer, Qt
app = QCoreApplication([]); last = [time.clock_gettime(time.CLOCK_MONOTONIC)]
def beat():
    now = time.clock_gettime(time.CLOCK_MONOTONIC)
    if now - last[0] > 0.025:
        sys.stdout.write(f"{last[0]} {now}\\n"); sys.stdout.flush()
    last[0] = now
timer = QTimer(); timer.setTimerType(Qt.TimerType.PreciseTimer); timer.setInterval(5); timer.timeout.connect(beat)
timer.start(); app.exec()
"""


def now() -> float:
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class Watch:
    """A heartbeat on the UI thread, and a thread beside it that notes the UI thread's stack while a beat is overdue."""

    def __init__(self) -> None:
        self.gaps: list[tuple[float, float, str]] = []
        self._last, self._stack, self._on = now(), "", True
        self._main = threading.get_ident()
        self._timer = QTimer(interval=5)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self._last = now()
        self._timer.start()
        threading.Thread(target=self._look, daemon=True).start()

    def stop(self) -> None:
        self._on = False
        self._timer.stop()

    def _beat(self) -> None:
        at = now()
        if at - self._last > GAP:
            self.gaps.append((self._last, at, self._stack))
        self._last, self._stack = at, ""

    def _look(self) -> None:
        while self._on:
            time.sleep(0.01)
            if now() - self._last > GAP * 0.8 and not self._stack:
                frame = sys._current_frames().get(self._main)
                self._stack = " < ".join(f"{f.name}:{f.lineno}" for f in reversed(traceback.extract_stack(frame)[-6:])) if frame else "?"


def memory_kib() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voters", type=int, default=956)
    parser.add_argument("--seed", type=int, default=956)
    parser.add_argument("--plant", type=float, default=1.0)
    args = parser.parse_args(argv)
    pairs.compile_modules()
    memory: dict[int, int] = {}
    watch: list[Watch] = []
    bare = subprocess.Popen([sys.executable, "-c", BARE], stdout=subprocess.PIPE, text=True)

    def voter(n: int) -> None:
        if not watch:  # "ready": the first voter is through, everything is loaded
            watch.append(Watch())
            watch[0].start()
        if args.plant > 1 and n % 100 == 0:
            time.sleep(0.05 * args.plant)
        if n == 100 or n == args.voters:
            memory[n] = memory_kib()
        if n == args.voters:
            watch[0].stop()

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(fullscreen=False, sound=False)
        show = demo_run.Show(Path(folder) / "out", settings, args.voters, 0.0, args.seed, True, pictures=False)
        told = demo_run.play(show, voter)
    bare.terminate()
    busy = [tuple(map(float, line.split())) for line in bare.communicate()[0].splitlines()]
    return judge(told, watch[0].gaps if watch else [], busy, memory, args.voters)


def judge(
    told: dict[str, object], gaps: list[tuple[float, float, str]], busy: list[tuple[float, ...]], memory: dict[int, int], voters: int
) -> int:
    own = [g for g in gaps if not any(b[0] < g[1] and g[0] < b[1] for b in busy)]
    for start, end, stack in own:
        print(f"  gap {1000 * (end - start):.0f} ms in {stack}")
    first, last = memory.get(min(100, voters), 0), memory.get(voters, 0)
    grew = last / first - 1 if first else 0.0
    problems = told["problems"]
    errors = len(problems) if isinstance(problems, list) else 1
    good = not own and not errors and grew <= 0.10 and told["waiting"] == 0 and told["scanned"] == voters
    print(
        f"morning: {told['scanned']} of {voters} voters, {len(own)} UI gaps over 50 ms (and {len(gaps) - len(own)} with the machine busy), "
        f"{errors} errors, memory {first} -> {last} KiB ({grew:+.1%} of at most +10%), seed {told['seed']} {'ok' if good else 'OVER'}"
    )
    print(json.dumps({k: v for k, v in told.items() if k != "problems"}, ensure_ascii=False))
    if errors:
        print(problems)
    return int(not good)



if __name__ == "__main__":
    sys.exit(main())
