"""Does the built program live? Starts dist/kiosk/kiosk without a display, each time with a time-out: an exception in a timer
of Qt hangs rather than ends. Reads a picture it draws itself, by each engine; opens the window, and finds it still open.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import segno

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "dist" / "kiosk" / ("kiosk.exe" if sys.platform == "win32" else "kiosk")
TEXT = "046083000123||Trần Thị Mẫu|01011983|Nữ|Phường Tây Lộc, Huế|22122021"
ENVIRONMENT = os.environ | {"QT_QPA_PLATFORM": "offscreen"}


def run(*arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=timeout, check=False)


def decodes(folder: Path) -> str:
    picture = folder / "card.png"
    segno.make_qr(TEXT, encoding="utf-8", eci=True).save(str(picture), scale=4)
    engines = []
    for engine in ("zxing-cpp", "pyzbar"):
        ran = run("decode", "--engine", engine, "--json", str(picture))
        if ran.returncode:
            print(ran.stderr)
            continue
        (code,) = json.loads(ran.stdout)["codes"]
        assert code["text"] == TEXT, code
        engines.append(engine)
    assert "zxing-cpp" in engines, "the first engine is missing"
    return " and ".join(engines)


def stays_open(folder: Path, seconds: float = 8) -> None:
    command = [PROGRAM, "--home", str(folder / "home"), "--windowed"]
    with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as program:
        end = time.monotonic() + seconds
        while program.poll() is None and time.monotonic() < end:
            time.sleep(0.2)
        code = program.poll()
        program.terminate()
        try:
            _, errors = program.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            program.kill()
            _, errors = program.communicate()
        assert code is None and "Traceback" not in errors, f"the window ended by itself ({code}): {errors[-2000:]}"


def main() -> int:
    size = sum(f.stat().st_size for f in PROGRAM.parent.rglob("*") if f.is_file() and not f.is_symlink())
    print(f"{PROGRAM.relative_to(ROOT)}: {size / 1e6:.0f} MB, version {run('--version').stdout.strip()}")
    with tempfile.TemporaryDirectory() as folder:
        print("decodes a picture with", decodes(Path(folder)))
        stays_open(Path(folder))
        print("its window opens offscreen and stays open")
    return 0


if __name__ == "__main__":
    sys.exit(main())
