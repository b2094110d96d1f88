"""Files that travel on a stick: a bundle of signed calls out, a file of signed answers home. Framing only; pure, no I/O.

magic | frame* | end frame. A frame is length u32 | CRC-32 u32 | type 1 byte | payload, as in the second copy of the journal. The end
frame holds the number of frames and the SHA-256 of all bytes before it. Whoever reads takes the frames up to the first that does not hold.
"""

import struct
import zlib
from collections.abc import Iterable
from hashlib import sha256

import msgspec

BUNDLE, RECEIPTS = b"HUE-KIOSK-BUNDLE-1\n", b"HUE-KIOSK-RECEIPTS-1\n"
HEAD = struct.Struct(">IIc")
MAX_FRAME = 1 << 20  # an envelope is at most 1 MiB
CALL, ANSWER, END = b"C", b"A", b"Z"


class Call(msgspec.Struct, frozen=True, array_like=True):
    """A call as it would have gone over the network. `kind`: events, have, manifest, feed; `body`: the signed envelope."""

    kind: str
    body: bytes


class End(msgspec.Struct, frozen=True, array_like=True):
    frames: int
    digest: bytes


class Read(msgspec.Struct, frozen=True):
    """`frames`: payloads up to the first that does not hold; `trouble`: "" or what ended it (magic, cut, torn, type, end, digest)."""

    frames: tuple[bytes, ...]
    trouble: str


def frame(kind: bytes, payload: bytes) -> bytes:
    """Raises ValueError for a payload that no frame may hold."""
    if not 0 < len(payload) + 1 <= MAX_FRAME:
        raise ValueError("frame: size")
    return HEAD.pack(len(payload) + 1, zlib.crc32(kind + payload), kind) + payload


def end(frames: int, before: bytes) -> bytes:
    """The end frame. `before`: SHA-256 of every byte before it."""
    return frame(END, msgspec.msgpack.encode(End(frames, before)))


def whole(magic: bytes, kind: bytes, payloads: Iterable[bytes]) -> bytes:
    """A file in one piece."""
    pieces = [magic, *(frame(kind, payload) for payload in payloads)]
    data = b"".join(pieces)
    return data + end(len(pieces) - 1, sha256(data).digest())


def read(data: bytes, magic: bytes, kind: bytes) -> Read:
    """The valid prefix of a file, and what is wrong with the rest."""
    if not data.startswith(magic):
        return Read((), "magic")
    frames: list[bytes] = []
    at = len(magic)
    while True:
        if at == len(data):
            return Read(tuple(frames), "cut")
        if at + HEAD.size > len(data):
            return Read(tuple(frames), "torn")
        length, crc, found = HEAD.unpack_from(data, at)
        payload = data[at + HEAD.size : at + HEAD.size - 1 + length]
        if not 1 <= length <= MAX_FRAME or len(payload) != length - 1 or zlib.crc32(found + payload) != crc:
            return Read(tuple(frames), "torn")
        if found == END:
            return Read(tuple(frames), _ended(payload, len(frames), data[:at], at + HEAD.size - 1 + length == len(data)))
        if found != kind:
            return Read(tuple(frames), "type")
        frames.append(payload)
        at += HEAD.size - 1 + length


def _ended(payload: bytes, frames: int, before: bytes, last: bool) -> str:
    try:
        said = msgspec.msgpack.decode(payload, type=End)
    except msgspec.DecodeError:
        return "end"
    if said.frames != frames or not last:
        return "end"
    return "" if said.digest == sha256(before).digest() else "digest"
