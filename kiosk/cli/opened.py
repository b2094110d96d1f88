"""How commands open a home: damage to its files is said first, on standard error, a line each, whatever the command goes on to answer.

A command that signs somebody in writes an event of it; what lets data leave this laptop only once the province has opened everything
sends that one first.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from kiosk import compose, words
from kiosk.cli import output
from kiosk.errors import KioskError
from kiosk.store import locks

NOT_OPENED = "not_opened"  # store.purge.unopened's word
SEND_S = 20.0  # how long a command sends before it says what stands against it


@contextlib.contextmanager
def enrolled(home: Path, exclusive: bool = False, first_pin: bool = False) -> Iterator[compose.Parts]:
    """`compose.enrolled`, and what stands wrong with the files. Raises as that does."""
    with compose.enrolled(home, exclusive, first_pin) as parts:
        tell(parts)
        yield parts


def tell(parts: compose.Parts) -> None:
    """Damage that is there, or that nobody has looked at yet (`kiosk verify --settle`)."""
    for code in parts.announced():
        output.say(words.announcement(code))


def against(parts: compose.Parts, look: Callable[[], Mapping[str, int]]) -> dict[str, int]:
    """What `look` finds against data leaving this laptop: reason -> how many. Where nothing but events that are not opened stands against
    it, they are sent first, SEND_S at most, and it looks again: this command's own sign-in is one of them."""
    why = dict(look())
    if set(why) == {NOT_OPENED} and (lock := locks.acquire(parts.home, "uploader")) is not None:
        with lock, contextlib.suppress(KioskError):  # no certificate of the province's server: what waits stands against it
            end = time.monotonic() + SEND_S
            parts.uploader.drain(lambda state: None, lambda: _enough(parts, end))
        why = dict(look())
    return why


def _enough(parts: compose.Parts, end: float) -> bool:
    """The time is over, or the link or the province is in trouble."""
    state = parts.uploader.state
    return time.monotonic() > end or (bool(state.detail) and state.state not in ("ok", "fork"))
