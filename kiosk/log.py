"""The log: JSON lines in `log/kiosk.log` of the data directory, five files of 2 MB, for whoever has to find out what went wrong.

Only events of the catalogue below, only with their fields, and each field only in its shape: no name, number, code content or
exception message can get in, because there is no field to hold one. In tests a slip raises; at a station the line is dropped.
A full or read-only disk costs the log, never the program.
"""

import logging
import re
import traceback
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

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
}

strict = False  # tests/conftest.py says True: a slip raises LogSlip


class _Quiet(RotatingFileHandler):
    """A log that cannot be written is silent; the condition about the disk comes from the journal."""

    def handleError(self, record: logging.LogRecord) -> None:
        return


class _Bridge(logging.Handler):
    """What rooms and libraries say through standard logging comes in as its place, never as its words."""

    def emit(self, record: logging.LogRecord) -> None:
        where = re.sub(r"[^a-z0-9_.-]", "", record.name.lower())[-40:].lstrip("0123456789_.-") or "root"
        if record.exc_info and record.exc_info[1]:
            fault(where, record.exc_info[1])
        else:
            note("warning", where=where)


_bridge = _Bridge(logging.WARNING)
_file = logging.getLogger("kiosk.events")
_file.propagate = False
_file.setLevel(logging.INFO)


def _allow(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Lets through what the catalogue knows; else raises LogSlip (tests) or DropEvent."""
    name = str(event["event"])
    fields = {key: value for key, value in event.items() if key != "event"}
    if name not in CATALOGUE:
        slip = f"unknown event {name!r}"
    elif wrong := [key for key, value in fields.items() if key not in CATALOGUE[name] or not FIELDS[key](value)]:
        slip = f"{name}: field {wrong[0]!r}"
    else:
        return event
    if strict:
        raise LogSlip(slip)
    raise structlog.DropEvent


_log = structlog.wrap_logger(
    _file,
    wrapper_class=structlog.stdlib.BoundLogger,
    processors=[
        _allow,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.JSONRenderer(sort_keys=False),
    ],
)


def open_log(home: Path) -> None:
    """Writes to `home` from now on."""
    close_log()
    try:
        (home / FILE).parent.mkdir(parents=True, exist_ok=True)
        _file.addHandler(_Quiet(home / FILE, maxBytes=BYTES, backupCount=FILES - 1, encoding="utf-8", delay=True))
    except OSError:
        return
    logging.getLogger().addHandler(_bridge)


def close_log() -> None:
    """Writes nowhere from now on."""
    logging.getLogger().removeHandler(_bridge)
    for handler in list(_file.handlers):
        _file.removeHandler(handler)
        handler.close()
    _file.addHandler(logging.NullHandler())


def note(event: str, **fields: object) -> None:
    """One line: an event of the catalogue with its fields. Nowhere before `open_log`."""
    _log.info(event, **fields)


def fault(where: str, error: BaseException) -> None:
    """An exception of ours: its class and the places it passed, never its message (which may quote a voter)."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    _log.info("fault", where=where, error=type(error).__name__, stack=[f"{Path(f.filename).name}:{f.lineno}" for f in frames])


close_log()
