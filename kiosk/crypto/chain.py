"""The journal's hash chain: h_n = SHA-256("kiosk-chain-v1" | kiosk | epoch | h_(n-1) | bytes)."""

from collections.abc import Iterable
from hashlib import sha256

ZERO = bytes(32)
HEAD_LENGTH = (32).to_bytes(4, "big")


def fields(*parts: bytes) -> bytes:
    """Parts with their lengths (u32) before them, so that no two lists of parts give the same bytes."""
    return b"".join(len(p).to_bytes(4, "big") + p for p in parts)


def link(kiosk: str, epoch: str, previous: bytes, data: bytes) -> bytes:
    """The head after `data`. The opening (seq 0) is linked to ZERO; `epoch`: 16 hex digits."""
    return sha256(b"kiosk-chain-v1" + fields(kiosk.encode(), bytes.fromhex(epoch), previous, data)).digest()


def heads(kiosk: str, epoch: str, previous: bytes, events: Iterable[bytes]) -> list[bytes]:
    """The head after each of `events`, in order: link() with what stays the same laid out once."""
    before = b"kiosk-chain-v1" + fields(kiosk.encode(), bytes.fromhex(epoch)) + HEAD_LENGTH
    out: list[bytes] = []
    for data in events:
        previous = sha256(before + previous + len(data).to_bytes(4, "big") + data).digest()
        out.append(previous)
    return out
