"""How commands speak: JSON lines for scripts on standard output, words for people on standard error."""

import os
import sys
from pathlib import Path
from typing import Any

from kiosk.errors import Code, KioskError


class OutputLost(Exception):
    """The answer could not be written out. What the command did stays done."""


class Guarded:
    """Standard output whose own trouble is told apart from the journal's disk."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def write(self, text: str) -> int:
        return int(self._try(self._inner.write, text))

    def flush(self) -> None:
        self._try(self._inner.flush)

    @staticmethod
    def _try(work: Any, *args: object) -> Any:
        try:
            return work(*args)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputLost from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def prepare() -> None:
    """Streams that were closed become empty ones, and a terminal that knows no Vietnamese gets escapes instead of a crash."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, stream)
    if not isinstance(sys.stdout, Guarded):
        sys.stdout = Guarded(sys.stdout)


def drop() -> None:
    """Nobody reads any more: what is still buffered must not complain at the interpreter's end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return


def emit(content: Any) -> None:
    """One JSON object on one line, flushed (a script waits for it)."""
    import msgspec  # here: it costs the window's start a tenth of its first paint

    sys.stdout.write(msgspec.json.encode(content, enc_hook=str).decode() + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A sentence for the person at the keyboard."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def complain(error: KioskError) -> None:
    """What happened, what became of the data, what to do now; both languages, with the code for the hotline."""
    from kiosk import words  # here: the window's first paint need not wait for every sentence

    say(words.fault_text(error.code, error.facts))


def usable(out: Path) -> None:
    """A new or an ordinary file in a folder that is there; never a device, never a folder made by a slip. Raises
    KioskError(FILE_NOT_WRITTEN)."""
    if not out.name or not out.parent.is_dir() or (out.exists() and not out.is_file()):
        raise KioskError(Code.FILE_NOT_WRITTEN, file=str(out), why="not_a_file")
