"""The log: JSON lines in `log/kiosk.log` of the data directory, five files of 2 MB, for whoever has to find out what went wrong.

Only events of the catalogue below, only with their fields, and each field only in its shape: no name, number, code content or
exception message can get in, because there is no field to hold one. In tests a slip raises; at a station the line is dropped.
What is said before the file is open waits in memory. A full or read-only disk costs the log, never the program. The file itself
is logfile.py's: its library costs a third of a second, which neither the first paint nor a command needs to pay.
"""

import re
import time
import traceback
from collections import deque
from collections.abc import Callable
from pathlib import Path

FILE = Path("log") / "kiosk.log"
BYTES, FILES = 2_000_000, 5
FRAMES = 12  # of a stack, innermost last


class LogSlip(Exception):
    """An event or field that the catalogue does not know. Raised in tests only."""


def _text(pattern: str) -> Callable[[object], bool]:
    shape = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and shape.fullmatch(value) is not None


def _number(value: object) -> bool:
    return isinstance(value, int | float)


def _frames(value: object) -> bool:
    return isinstance(value, list) and len(value) <= FRAMES and all(_text(r"[\w.<>/-]{1,120}:\d{1,6}")(frame) for frame in value)


_WORD = _text(r"[a-z][a-z0-9_.-]{0,39}")  # an identifier of ours, never a capital: no name fits by accident

FIELDS: dict[str, Callable[[object], bool]] = {
    "where": _WORD,  # a thread, a room, a page
    "command": _WORD,
    "engine": _WORD,
    "state": _WORD,
    "kind": _WORD,
    "paper": _WORD,
    "code": _text(r"KS-\d{3}"),
    "error": _text(r"[A-Za-z_][\w.]{0,59}"),  # an exception's class
    "stack": _frames,
    "version": _text(r"[\w.+-]{1,20}"),
    "python": _text(r"[\w.+-]{1,20}"),
    "system": _text(r"[\w.+ -]{1,40}"),
    "day": _text(r"\d{4}-\d\d-\d\d"),
    "count": _number,
    "waiting": _number,
    "pages": _number,
    "ms": _number,
    "exit": _number,
    "holder": _number,  # a process id
    "ref": _text(r"[0-9a-f]{4}…(:\d{1,10})?"),  # the beginning of a deed's or epoch's name: `masked`
}

CATALOGUE: dict[str, frozenset[str]] = {
    "program.started": frozenset({"command", "version", "python", "system"}),
    "program.stopped": frozenset({"command", "exit", "ms"}),
    "settings.unknown": frozenset({"count"}),
    "home.busy": frozenset({"holder", "code"}),
    "engine.missing": frozenset({"engine", "error"}),
    "condition": frozenset({"where", "code"}),
    "condition.cleared": frozenset({"where", "code"}),
    "fault": frozenset({"where", "error", "code", "stack"}),
    "warning": frozenset({"where"}),
    "gap": frozenset({"where", "ms", "stack"}),
    "journal.opened": frozenset({"count", "ms"}),
    "journal.mended": frozenset({"kind", "count"}),
    "day.opened": frozenset({"day"}),
    "day.closed": frozenset({"day", "count", "waiting"}),
    "sync.state": frozenset({"state", "waiting"}),
    "sync.refused": frozenset({"kind", "count"}),
    "print.done": frozenset({"paper", "pages"}),
    "print.failed": frozenset({"paper", "code"}),
    "act.unsaved": frozenset({"code", "ref"}),
    "crash": frozenset({"where", "error", "ref"}),
}

TROUBLE = frozenset({"fault", "crash", "condition", "act.unsaved", "home.busy", "journal.mended", "print.failed", "sync.refused"})

strict = False  # tests/conftest.py says True: a slip raises LogSlip


_waiting: deque[dict[str, object]] = deque(maxlen=200)
_sink: Callable[[dict[str, object]], None] | None = None
_close: Callable[[], None] | None = None


def masked(name: str) -> str:
    """ "0a1b2c3d4e5f6071:12" -> "0a1b…:12": enough to find it again in a journal that is at hand, and nothing to look up elsewhere."""
    head, _colon, seq = name.partition(":")
    return f"{head[:4].lower()}…{':' + seq if seq else ''}"


def allowed(event: str, fields: dict[str, object]) -> bool:
    """Does the catalogue know this event with these fields in these shapes? Raises LogSlip instead of saying no, in tests."""
    if event not in CATALOGUE:
        slip = f"unknown event {event!r}"
    elif wrong := [key for key, value in fields.items() if key not in CATALOGUE[event] or not FIELDS[key](value)]:
        slip = f"{event}: field {wrong[0]!r}"
    else:
        return True
    if strict:
        raise LogSlip(slip)
    return False


def note(event: str, **fields: object) -> None:
    """One line: an event of the catalogue with its fields."""
    if not allowed(event, fields):
        return
    line = {"event": event, **fields, "at": time.time()}
    if _sink is not None:
        _sink(line)
    else:
        _waiting.append(line)


def fault(where: str, error: BaseException) -> None:
    """An exception of ours: its class and the places it passed, never its message (which may quote a voter)."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    note("fault", where=where, error=type(error).__name__, stack=[f"{Path(f.filename).name}:{f.lineno}" for f in frames])


def attach(sink: Callable[[dict[str, object]], None], close: Callable[[], None]) -> None:
    """Lines go to `sink` from now on, first what was said before. logfile.py calls this."""
    global _sink, _close
    _sink, _close = sink, close
    while _waiting:
        sink(_waiting.popleft())


def close_log() -> None:
    """Writes nowhere from now on."""
    global _sink, _close
    if _close is not None:
        _close()
    _sink = _close = None
    _waiting.clear()


def troubled() -> bool:
    """True if something waits that somebody will want to read: a command opens the file for that alone."""
    return any(line["event"] in TROUBLE for line in _waiting)
