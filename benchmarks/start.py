"""Start-up: first paint beside a bare PySide6 window; first camera frame painted with the journal open beside a bare window that
imports the same libraries and opens the same encrypted file.

Usage: python -m benchmarks.start [--n 5] [--plant 3]. Each start is a process of its own, offscreen; pairs are interleaved. Both sides find
their modules compiled, as ./run leaves them.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import pairs
from kiosk import compose
from kiosk.devices.stage import Scene, Stage
from tests import builders

COMMON = """
import os, sys, time
def told():
    at = time.clock_gettime(time.CLOCK_MONOTONIC)
    sys.stdout.write(f"{at} {' '.join({name.partition('.')[0] for name in sys.modules})}"); sys.stdout.flush(); os._exit(0)
"""

BARE = (
    COMMON
    + """
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow
from PySide6.QtCore import QTimer
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, done)
def done(): told()
app = QApplication([]); window = Window(); window.setCentralWidget(QLabel("bare")); window.resize(1366, 768); window.show(); app.exec()
"""
)

# what the kiosk has loaded, opened and decoded by the time the first frame that the scanner took with the journal open is painted
SAME = (
    COMMON
    + """
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow
from PySide6.QtCore import QTimer
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, done)
def done():
    import cv2, zxingcpp, numpy.typing, sqlmodel, sqlalchemy, msgspec, keyring, base45, phonenumbers, yaml, argon2
    import cryptography.hazmat.primitives.ciphers.aead, cryptography.hazmat.primitives.kdf.hkdf, nacl.bindings
    import cryptography.hazmat.primitives.asymmetric.ed25519, cryptography.hazmat.primitives.asymmetric.x25519
    import sqlalchemy.dialects.sqlite.pysqlcipher
    try:
        import pyzbar.wrapper
    except ImportError:
        pass
    import sqlcipher3.dbapi2 as driver
    conn = driver.connect(sys.argv[1])
    conn.execute(f"PRAGMA key=\\"x'{sys.argv[2]}'\\"")
    assert conn.execute("SELECT count(*) FROM event").fetchone()[0] > 0
    frame = cv2.imread(sys.argv[3])
    assert frame is not None
    zxingcpp.read_barcodes(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))
    told()
app = QApplication([]); window = Window(); window.setCentralWidget(QLabel("bare")); window.resize(1366, 768); window.show(); app.exec()
"""
)

KIOSK = (
    COMMON
    + """
from pathlib import Path
from kiosk.cli import window
from kiosk import app
from kiosk.settings import Settings
def conduct(program):
    if sys.argv[4] == "frame":
        wait(program)
def wait(program):
    preview = program.window.scan.preview  # its first picture was taken before the journal was open, and is painted again then
    preview.first_painted = lambda: told() if program.window.services is not None and preview.number > 1 else wait(program)
settings = Settings(fullscreen=False, sound=False, camera=sys.argv[3])
app.run(Path(sys.argv[1]).parent, settings, conductor=conduct, first_paint=told if sys.argv[4] == "paint" else None)
"""
)


def start(script: str, *args: str) -> tuple[float, set[str]]:
    """Seconds from the start of the process to the moment it tells, and what it has imported by then."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(pairs.ROOT)}
    began = time.clock_gettime(time.CLOCK_MONOTONIC)
    done = subprocess.run([sys.executable, "-c", script, *args], capture_output=True, text=True, env=environment, timeout=120, check=False)
    if not done.stdout.strip():
        raise SystemExit(f"wrong result: {done.stderr[-600:]}")
    at, *modules = done.stdout.split()
    return float(at) - began, set(modules)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=5)
    parser.add_argument("--plant", type=float, default=1.0)
    args = parser.parse_args(argv)
    pairs.compile_modules()
    with tempfile.TemporaryDirectory() as folder:
        home = builders.enrolled_home(Path(folder) / "home", builders.province_for_today())
        with compose.open_parts(home) as parts:
            parts.station.begin_day(parts.station.likely_day() or "")
            key = parts.vault.dek.hex()
        picture = Path(folder) / "frame.png"
        stage = Stage([Scene(b"https://tokhaiyte.vn/?page=x", "phone")], paced=False)
        stage.present(0)
        _save([stage.read() for _ in range(8)][-1].image, picture)
        same = (str(home / "journal.db"), key, str(picture))
        ours, theirs = start(KIOSK, *same, "frame")[1], start(SAME, *same)[1]  # and the disk's cache is warm for both sides
        if theirs - ours - sys.stdlib_module_names:
            raise SystemExit(f"wrong reference: it imports what the kiosk does not: {sorted(theirs - ours)}")
        paint, frame = pairs.Series([], []), pairs.Series([], [])
        for _ in range(args.n):
            paint.measured.append(start(KIOSK, *same, "paint")[0] * args.plant)
            paint.reference.append(start(BARE)[0])
            frame.measured.append(start(KIOSK, *same, "frame")[0] * args.plant)
            frame.reference.append(start(SAME, *same)[0])
    return pairs.finish(
        [
            pairs.report("first paint", "a bare PySide6 window", [paint], 0.5, 1.5),
            pairs.report("first camera frame, journal open", "a bare window with the same imports and file", [frame], 0.5, 1.3),
        ]
    )


def _save(image: object, file: Path) -> None:
    from PIL import Image

    Image.fromarray(image[:, :, ::-1]).save(file)  # type: ignore[index]


if __name__ == "__main__":
    sys.exit(main())
