"""The seams to hardware, network and operating system: Protocols of one to three methods.

No implementation here. Real ones live in devices/, security/, sync/; fakes that are products of their own in tests/fakes.py.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:  # numpy costs 0.1 s of start-up that `kiosk scan` must not pay
    from numpy import uint8
    from numpy.typing import NDArray


class Frame(msgspec.Struct, frozen=True):
    """One picture. `image`: (height, width, 3) BGR or (height, width) grey, uint8; `at`: monotonic seconds of capture."""

    image: "NDArray[uint8]"
    at: float
    number: int


class Code(msgspec.Struct, frozen=True):
    """A code found in a frame. `raw`: its bytes, never engine-decoded text; `box`: 4 corners in pixels (x, y)."""

    raw: bytes
    engine: str
    box: tuple[tuple[int, int], ...] = ()


class Hint(StrEnum):
    """What the person who holds the phone could do while its code cannot be read."""

    CLOSER = "closer"
    TILT = "tilt"
    STILL = "still"
    LIGHT = "light"
    FOCUS = "focus"


class Sighting(msgspec.Struct, frozen=True):
    """A code that passed the debounce: the officer's deed begins here.

    `deed`: 8 random bytes made at this moment; `frame_at`: monotonic seconds at which the frame was taken (0 without a camera).
    """

    deed: bytes
    raw: bytes
    engine: str
    box: tuple[tuple[int, int], ...] = ()
    frame_at: float = 0.0


class Now(msgspec.Struct, frozen=True):
    """One reading of the clocks. `wall`: ms UTC; `mono`: ms since boot; `boot`: the boot's id (hex)."""

    wall: int
    mono: int
    boot: str


class PrinterState(msgspec.Struct, frozen=True):
    """`ready` and, when not, why: one of none, out_of_paper, paused, error."""

    ready: bool
    why: str = ""


class Order(msgspec.Struct, frozen=True):
    """One paper. `paper`: slip, ticket, declaration, poster, notice, announcement, form, register, card, report …; `target`: the event
    ("kiosk:epoch:seq") or the place it is about, "" for neither; `size`: a6, 80, a4, a3, column, or "" for the usual one; `detail`: what
    else the paper's maker needs, ready for JSON."""

    paper: str
    target: str = ""
    size: str = ""
    detail: Mapping[str, Any] = msgspec.field(default_factory=dict)


class PrintJob(msgspec.Struct, frozen=True):
    """What became of a page: the file always written, and the spooler's job if one took it."""

    file: Path
    pages: int
    printer: str = ""
    job: str = ""


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer, whatever it was. `body`: at most 1 MiB, cut beyond."""

    status: int
    body: bytes
    headers: dict[str, str] = msgspec.field(default_factory=dict)


class Camera(Protocol):
    """A source of frames. `read` blocks at most about 0.2 s; None: no frame this time. Raises KioskError(CAMERA_*)."""

    name: str

    def read(self) -> Frame | None: ...
    def close(self) -> None: ...


class Decoder(Protocol):
    """Finds codes in a picture. `engines` names those present, `missing` those that could not be loaded and why."""

    engines: tuple[str, ...]
    missing: dict[str, str]

    def decode(self, image: "NDArray[uint8]") -> list[Code]: ...


class Clock(Protocol):
    def now(self) -> Now: ...
    def machine(self) -> str:
        """A stable id of this machine (hex); part of what an epoch belongs to."""
        ...


class Printer(Protocol):
    name: str

    def status(self) -> PrinterState: ...
    def print(self, file: Path, title: str) -> str:
        """Hands a PDF to the spooler, returns its job id. Raises KioskError(PRINT_FAILED)."""
        ...


class Transport(Protocol):
    """One POST to the province. Raises KioskError(OFFLINE | TLS | PORTAL) when no answer of the province came back."""

    def post(self, path: str, body: bytes) -> Answer: ...
    def close(self) -> None: ...


class KeyStore(Protocol):
    """Where the device secret lives. `where`: "os" or "file". Raises KioskError(KEYS_UNREADABLE)."""

    where: str

    def get(self, name: str) -> bytes | None: ...
    def put(self, name: str, secret: bytes) -> None: ...
    def delete(self, name: str) -> None:
        """Nothing happens if it is not there."""
        ...

    def forget(self) -> None:
        """Takes away what the store keeps for itself: this home is nobody's any more."""
        ...


class Sound(Protocol):
    def play(self, name: str) -> None:
        """One of high, low, low_low, long_low. Never raises, never waits."""
        ...


class Power(Protocol):
    """What the machine is about to do. `step` waits at most about `pause_s` and answers why the window must lock (lid, session, sleep,
    lock), or "". Never raises: a machine that tells nothing is one that tells nothing."""

    pause_s: float

    def step(self) -> str: ...
