"""How commands speak: JSON lines for scripts on standard output, words for people on standard error."""

import dataclasses
import sys
from typing import Any

from kiosk.errors import KioskError


def emit(content: Any) -> None:
    """One JSON object on one line, flushed (a script waits for it)."""
    import msgspec  # here: it costs the window's start a tenth of its first paint

    if dataclasses.is_dataclass(content) and not isinstance(content, type):
        content = dataclasses.asdict(content)
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
