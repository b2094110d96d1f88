"""`purged/`: a signed certificate for each purge, kept for good: counts, heads, and which epochs' keys are gone. No personal data."""

import contextlib
from pathlib import Path

import msgspec

from kiosk.crypto import sign
from kiosk.errors import KioskError
from kiosk.security import files
from kiosk.store.swap import CERTIFICATES

SIGNED = b"kiosk-purge-v1"


class Chain(msgspec.Struct, frozen=True):
    """One epoch as it stood: last seq, head after it (hex), how far the province has signed that it opened it, and the epoch that carried
    its tail on, or ""."""

    epoch: str
    last: int
    head: str
    opened: int
    into: str = ""


class Said(msgspec.Struct, frozen=True):
    """`kinds`: events by kind; `rows`: readable rows that are gone, by table; `at`: ms UTC; `by`: the lead, "-" where nobody has a PIN,
    "policy" when its days were over."""

    day: str
    kiosk: str
    label: str
    station: str
    at: int
    by: str
    events: int
    kinds: dict[str, int]
    rows: dict[str, int]
    chains: list[Chain]
    pages: int


class Certificate(msgspec.Struct, frozen=True):
    """`signature`: hex, by the kiosk, over SIGNED + JSON of `said` with sorted keys."""

    said: Said
    signature: str

    def genuine(self, public: bytes) -> bool:
        try:
            return sign.verify(public, bytes.fromhex(self.signature), _text(self.said))
        except ValueError:
            return False


def _text(said: Said) -> bytes:
    return SIGNED + msgspec.json.encode(said, order="sorted")


def write(file: Path, seed: bytes, said: Said) -> None:
    """Durable when it returns. Raises OSError."""
    made = Certificate(said, sign.sign(seed, _text(said)).hex())
    files.write(file, msgspec.json.format(msgspec.json.encode(made), indent=1))


def all_of(home: Path, public: bytes) -> list[Said]:
    """What was purged here, oldest day first; a certificate that this kiosk did not sign proves nothing."""
    found: list[Said] = []
    for file in sorted((home / CERTIFICATES).glob("*.json")):
        with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, KioskError):
            read = msgspec.json.decode(file.read_bytes(), type=Certificate)
            if read.genuine(public):
                found.append(read.said)
    return found


def epochs(said: list[Said]) -> frozenset[str]:
    return frozenset(chain.epoch for one in said for chain in one.chains)
