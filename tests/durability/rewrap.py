"""Kills a rewrap of the vault at each of its system calls; afterwards the old or the new PIN must open, never neither.

`python -m tests.durability.rewrap FOLDER` prints one JSON object. Each try is a forked process that ends by SIGKILL at the n-th call.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kiosk import compose
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain.pin import new_phrase
from kiosk.errors import KioskError
from kiosk.security import files
from kiosk.security.officers import Credentials
from kiosk.settings import Settings
from tests import builders
from tests.builders import LEAD, OFFICER, OTHER, PINS

NEW = new_phrase()
CALLS = ("open", "write", "fsync", "replace", "close")


def _parts(home: Path, given: Credentials | None) -> compose.Parts:
    parts = compose.open_parts(home, Settings(), builders.Clock(), FileKeyStore(home / "device.secret"), given=given)
    parts.officers._costs = lambda: builders.CHEAP
    return parts


def opens(home: Path, given: Credentials | None) -> bool:
    try:
        _parts(home, given).close()
    except KioskError:
        return False
    return True


LEADS, OFFICERS = Credentials(LEAD.id, PINS[LEAD.id]), Credentials(OFFICER.id, PINS[OFFICER.id])
Act = tuple[bool, Credentials | None, Callable[[compose.Parts], object], Credentials | None, Credentials | None]
ACTS: dict[str, Act] = {
    # name: (PINs set before, who opens, what is done, who opens if it did not happen, who opens if it did)
    "first PIN": (False, None, lambda p: p.officers.set_pin(LEAD.id, NEW), None, Credentials(LEAD.id, NEW)),
    "own PIN changed": (True, LEADS, lambda p: p.officers.set_pin(LEAD.id, NEW), LEADS, Credentials(LEAD.id, NEW)),
    "another's PIN set": (True, LEADS, lambda p: p.officers.set_pin(OTHER.id, NEW), LEADS, LEADS),
    "PIN removed": (True, LEADS, lambda p: p.officers.drop(OFFICER.id), OFFICERS, LEADS),
    "officers by the feed": (True, LEADS, lambda p: p.officers.learn([LEAD.row(), OTHER.row()]), OFFICERS, LEADS),
}


class Killer:
    """Counts calls of the file room's `os` and kills this process at the n-th."""

    def __init__(self, at: int) -> None:
        self.at, self.count = at, 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in CALLS and name != "fdopen":
            return real

        def call(*args: Any, **more: Any) -> Any:
            self.count += 1
            if self.count == self.at:
                if name == "fdopen":  # torn: half of it has reached the file
                    os.write(args[0], b'{"version":2,"id":"')
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **more)

        return call


def killed(home: Path, act: Act, at: int) -> bool:
    """True if the process was killed at the `at`-th call, False if it came to the end before."""
    child = os.fork()
    if child == 0:
        parts = _parts(home, act[1])
        files.os = Killer(at)  # type: ignore[attr-defined]
        act[2](parts)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def main(folder: Path) -> int:
    told: dict[str, Any] = {"kills": 0, "old": 0, "new": 0, "neither": []}
    for name, act in ACTS.items():
        at, going = 0, True
        while going:
            at += 1
            home = folder / f"{name.replace(' ', '-')}-{at}"
            home.mkdir()
            pins = {LEAD.id: PINS[LEAD.id], OFFICER.id: PINS[OFFICER.id]} if act[0] else None
            builders.enrolled_home(home, officers=(LEAD, OFFICER, OTHER), pins=pins)
            going = killed(home, act, at)
            old, new = opens(home, act[3]), opens(home, act[4])
            told["kills"] += going
            told["old"] += old
            told["new"] += new
            if not (old or new):
                told["neither"].append(f"{name} at call {at}")
            shutil.rmtree(home)
    print(json.dumps(told))
    return 1 if told["neither"] else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
