"""What is left of a fault that ended a command or a slot: `crash/*.json` of the data directory, the newest ten.

Classes and places, never a message, an argument or a local variable: those may hold a voter. No other room is needed to write one.
"""

import contextlib
import faulthandler
import json
import os
import platform
import time
import traceback
from pathlib import Path
from typing import IO

from kiosk import __version__, log

FOLDER, KEPT, FRAMES = "crash", 10, 40


def describe(error: BaseException, where: str) -> dict[str, object]:
    """The report as it is written: the chain of exceptions by class, each with its frames as file:line function."""
    chain: list[dict[str, object]] = []
    seen: BaseException | None = error
    while seen is not None and len(chain) < 5:
        frames = traceback.extract_tb(seen.__traceback__)[-FRAMES:]
        stack = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        chain.append({"class": f"{type(seen).__module__}.{type(seen).__qualname__}", "stack": stack})
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    machine = f"{platform.system()} {platform.release()}"
    program = {"version": __version__, "python": platform.python_version(), "system": machine}
    return {"at": int(time.time() * 1000), "where": where, **program, "errors": chain}


def report(home: Path, error: BaseException, where: str) -> str:
    """Writes it, notes it in the log, keeps the newest ten. Returns the file's name, "" where the disk takes none."""
    name = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.urandom(2).hex()}"
    log.fault(where, error)
    log.note("crash", where=where, error=type(error).__name__, ref=f"{name[-4:]}…")
    try:
        folder = home / FOLDER
        folder.mkdir(exist_ok=True, mode=0o700)  # a home that is not there is not made for this
        handle = os.open(folder / f"{name}.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(describe(error, where), file, indent=1)
        for old in sorted(folder.glob("*.json"))[:-KEPT]:
            old.unlink()
    except OSError:
        return ""
    return f"{FOLDER}/{name}.json"


def watch_interpreter(home: Path) -> IO[str] | None:
    """A crash below Python (a driver, Qt) leaves the threads' places in `crash/native.txt`; faulthandler writes no values."""
    with contextlib.suppress(OSError):
        (home / FOLDER).mkdir(exist_ok=True, mode=0o700)
        file = os.fdopen(os.open(home / FOLDER / "native.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8")
        faulthandler.enable(file, all_threads=True)
        return file
    return None
