"""Looks at a WAL that a dead program left behind, before SQLite does: SQLite drops everything after the first frame that does not add up,
without a word. Here that word is said.

File format: https://www.sqlite.org/fileformat2.html#walformat. Pages lie encrypted in it; checksums are over what lies there, so no
key is needed. Reads only.
"""

import struct
from pathlib import Path

import msgspec

HEADER, FRAME = struct.Struct(">IIIIIIII"), struct.Struct(">IIIIII")
MAGIC = 0x377F0682  # the last bit says in which order the checksum's words are read
NEAR = 2  # bits by which a salt may differ and still be this generation's, damaged


class Cut(msgspec.Struct, frozen=True):
    """`frame`: number of the first frame that SQLite will not take; `commits`: how many whole transactions lie from there on."""

    frame: int
    commits: int


def _sum(data: bytes, order: str, a: int, b: int) -> tuple[int, int]:
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for i in range(0, len(words), 2):
        a = (a + words[i] + b) & 0xFFFFFFFF
        b = (b + words[i + 1] + a) & 0xFFFFFFFF
    return a, b


def inspect(path: Path) -> Cut | None:
    """What SQLite would pass over in silence, or None: nothing is there, or only the rest of a transaction that never committed.

    After a power cut the answer may also be the one transaction that was being written: nobody was answered for it. Raises OSError.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(data) < HEADER.size + FRAME.size:
        return None
    magic, _version, size, _number, salt1, salt2, check1, check2 = HEADER.unpack_from(data)
    order = ">" if magic & 1 else "<"
    sums = _sum(data[:24], order, 0, 0)
    if magic & ~1 != MAGIC or sums != (check1, check2) or size < 512 or size & (size - 1):
        return Cut(0, 1)
    step, at, number = FRAME.size + size, HEADER.size, 0
    while at + step <= len(data):
        _page, _commit, one, two, end1, end2 = FRAME.unpack_from(data, at)
        if (one, two) != (salt1, salt2):
            break
        sums = _sum(data[at + FRAME.size : at + step], order, *_sum(data[at : at + 8], order, *sums))
        if sums != (end1, end2):
            return Cut(number, _commits(data, at, step, salt1, salt2))
        at, number = at + step, number + 1
    later = _commits(data, at, step, salt1, salt2)
    return Cut(number, later) if later else None


def _commits(data: bytes, start: int, step: int, salt1: int, salt2: int) -> int:
    """Frames of this generation that end a transaction; one whose salt is a bit or two off counts too."""
    found = 0
    for at in range(start, len(data) - step + 1, step):
        _page, commit, one, two, _end1, _end2 = FRAME.unpack_from(data, at)
        off = (one ^ salt1).bit_count() + (two ^ salt2).bit_count()
        found += bool(commit) and off <= NEAR
    return found
