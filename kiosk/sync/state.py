"""What the officer and the commands may know about the talk with the province: one frozen object, and the file in which a second
process on the same home asks the holder of the `uploader` lock to hurry.

No words for people here, and nothing that names a voter.
"""

import contextlib
import os
from pathlib import Path

import msgspec

from kiosk.errors import Code, KioskError

STATES: dict[Code, str] = {
    Code.OFFLINE: "offline",
    Code.PORTAL: "portal",
    Code.TLS: "tls",
    Code.SERVER_REFUSED: "refused",
    Code.FORKED: "fork",
    Code.SERVER_ODD: "refused",
    Code.REVOKED: "revoked",
    Code.DISK_FULL: "disk",
    Code.DISK_READ_ONLY: "disk",
    Code.VIEW_DISK: "disk",
}
COARSE = {"revoked": "refused", "disk": "stale"}  # for scripts, whose list of states is closed
TOTALS = ("sent", "newly_acknowledged", "newly_refused", "duplicate")
OURS = "stale"  # this machine could not read or keep something: what is shown may be behind


class SyncState(msgspec.Struct, frozen=True):
    """`state`: ok, offline, portal, tls, refused, revoked, fork, disk, stale, locked. Counts are of events in the whole journal;
    `last_receipt_at`: ms UTC; `clock_skew_s`: ours minus the province's, None until measured; `retry_at`: ms UTC on our clock, None
    when nothing holds the next call back; `detail`: a KS code and its facts, "" when all is well; `feed_due`: a run of the feed is to
    be begun or goes on; `parked`, `aside`, `apart`: as in store.outbox.Counts. `sent` … `duplicate`: of this run of the program."""

    state: str = "offline"
    waiting: int = 0
    acknowledged: int = 0
    opened: int = 0
    refused: int = 0
    last_receipt_at: int | None = None
    clock_skew_s: float | None = None
    retry_at: int | None = None
    detail: str = ""
    events: int = 0
    sent: int = 0
    newly_acknowledged: int = 0
    newly_refused: int = 0
    duplicate: int = 0
    feed_due: bool = False
    parked: int = 0
    aside: int = 0
    apart: int = 0

    @property
    def settled(self) -> bool:
        """Everything is held and opened, but for what the province keeps apart."""
        return self.waiting == 0 and self.opened + self.aside >= self.events

    def since(self, before: "SyncState") -> "SyncState":
        """This state with its totals counted from `before` on."""
        return msgspec.structs.replace(self, **{name: getattr(self, name) - getattr(before, name) for name in TOTALS})

    def on_top_of(self, earlier: "SyncState") -> "SyncState":
        """This state with the totals of `earlier` added: the way back from since()."""
        return msgspec.structs.replace(self, **{name: getattr(self, name) + getattr(earlier, name) for name in TOTALS})


def coarse(state: str) -> str:
    """The state as the commands' JSON names it under `state`; `link` has the finer word."""
    return COARSE.get(state, state)


def of_error(error: KioskError) -> str:
    """The state an error leaves us in."""
    return "revoked" if error.facts.get("problem") == "revoked" else STATES.get(error.code, OURS)


class SyncRequest:
    """A note from one process to another in the same home: "please sync now", and the answer.

    The asker writes `sync.ask` with a token, the holder copies the token and its state to `sync.done`. Losing either loses nothing.
    """

    def __init__(self, home: Path) -> None:
        self._ask, self._done = home / "sync.ask", home / "sync.done"

    def ask(self) -> str:
        """Leaves a request and returns its token. Raises OSError."""
        token = os.urandom(8).hex()
        _replace(self._ask, token.encode())
        return token

    def pending(self) -> str | None:
        """For the holder: the token that waits for an answer, taken so that it is served once."""
        try:
            token = self._ask.read_text("ascii")[:16]
            self._ask.unlink()
        except (OSError, UnicodeDecodeError):
            return None
        return token

    def done(self, token: str, state: SyncState) -> None:
        with contextlib.suppress(OSError):  # a full disk: the asker then says that nobody answered
            _replace(self._done, msgspec.json.encode((token, state)))

    def answer(self, token: str) -> SyncState | None:
        """For the asker: the state after the step it asked for, or None as long as there is none."""
        try:
            said, state = msgspec.json.decode(self._done.read_bytes(), type=tuple[str, SyncState])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        return state if said == token else None


def _replace(path: Path, data: bytes) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    beside.write_bytes(data)
    os.replace(beside, path)
