"""How commands open a home: damage to its files is said first, on standard error, a line each, whatever the command goes on to answer."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from kiosk import compose, words
from kiosk.cli import output


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
