"""The log's file, through structlog: what log.py let in becomes a JSON line; what libraries say comes in as its place alone."""

import contextlib
import logging
import re
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

from kiosk import log


class _Quiet(RotatingFileHandler):
    """A log that cannot be written is silent; the condition about the disk comes from the journal."""

    def handleError(self, record: logging.LogRecord) -> None:
        return


class _Bridge(logging.Handler):
    """What rooms and libraries say through standard logging comes in as its place, never as its words."""

    def emit(self, record: logging.LogRecord) -> None:
        where = re.sub(r"[^a-z0-9_.-]", "", record.name.lower())[-40:].lstrip("0123456789_.-") or "root"
        if record.exc_info and record.exc_info[1]:
            log.fault(where, record.exc_info[1])
        else:
            log.note("warning", where=where)


_bridge = _Bridge(logging.WARNING)
_file = logging.getLogger("kiosk.events")
_file.propagate = False
_file.setLevel(logging.INFO)


def _only_allowed(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The same door again: nothing reaches the file past the catalogue, whoever holds this logger."""
    fields = {key: value for key, value in event.items() if key not in ("event", "at")}
    if not log.allowed(str(event["event"]), fields):
        raise structlog.DropEvent
    return event


def _stamp(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    event["at"] = datetime.fromtimestamp(event["at"], UTC).isoformat(timespec="milliseconds")
    return event


_log = structlog.wrap_logger(
    _file,
    wrapper_class=structlog.stdlib.BoundLogger,
    processors=[_only_allowed, _stamp, structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False)],
)


def open_log(home: Path) -> None:
    """The log of this home from now on; nowhere where the disk gives no room for one."""
    _close()
    try:
        (home / log.FILE).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = _Quiet(home / log.FILE, maxBytes=log.BYTES, backupCount=log.FILES - 1, encoding="utf-8", delay=True)
    except OSError:
        log.attach(lambda _line: None, lambda: None)
        return
    _file.addHandler(handler)
    logging.getLogger().addHandler(_bridge)
    log.attach(_write, _close)


def _close() -> None:
    logging.getLogger().removeHandler(_bridge)
    for handler in list(_file.handlers):
        _file.removeHandler(handler)
        with contextlib.suppress(OSError):  # what was still buffered finds no room
            handler.close()


def _write(line: dict[str, object]) -> None:
    """One line that log.py let in; `at`: seconds since 1970."""
    fields = dict(line)
    _log.info(str(fields.pop("event")), **fields)
