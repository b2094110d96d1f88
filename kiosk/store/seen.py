"""Which notices of the province were acknowledged at this machine: a small file of ids. Losing it shows them once more."""

import contextlib
from pathlib import Path

NAME = "notices.seen"


def read(home: Path) -> frozenset[str]:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return frozenset((home / NAME).read_text("ascii").split())
    return frozenset()


def add(home: Path, notice: str) -> None:
    """`notice`: an id as the feed gives it; one that is no plain word is passed over, and so is a full disk."""
    if notice.isascii() and notice.isalnum():
        with contextlib.suppress(OSError), (home / NAME).open("a", encoding="ascii") as file:
            file.write(f"{notice}\n")
