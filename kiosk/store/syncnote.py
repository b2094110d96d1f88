"""How the last talk with the province went, for `kiosk status` and the window's strip: a small file, not a record."""

import contextlib
from pathlib import Path

import msgspec

NAME = "sync.json"


class SyncNote(msgspec.Struct, frozen=True):
    """`state`: ok, offline, portal, tls, refused, revoked, fork, disk, stale, locked; `clock_skew_s`: ours minus the province's;
    `at`: ms UTC, 0 never."""

    state: str = "offline"
    clock_skew_s: float = 0.0
    at: int = 0


def read(home: Path) -> SyncNote:
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode((home / NAME).read_bytes(), type=SyncNote)
    return SyncNote()


def write(home: Path, note: SyncNote) -> None:
    """Losing it loses nothing: no fsync, and a full disk is passed over."""
    beside = home / f"{NAME}.tmp"
    with contextlib.suppress(OSError):
        beside.write_bytes(msgspec.json.encode(note))
        beside.replace(home / NAME)
