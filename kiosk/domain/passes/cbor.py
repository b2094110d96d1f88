"""CBOR from a stranger: its frame is walked before anything is built, so that depth, number of items and tags are bounded.

`cbor2` alone would build shared references, regular expressions and decimals with a billion digits if their tags asked for it.
"""

from typing import Any

import cbor2

from kiosk.domain.text import BadText

DEEPEST, MOST = 16, 4096
TAGS = frozenset({18, 61})  # COSE_Sign1, CWT
_BREAK = 0xFF


def loads(data: bytes) -> Any:
    """The value. Raises BadText: cbor_nesting (deeper than 16, or more than 4096 items), bad_cbor."""
    _walk(data)
    try:
        return cbor2.loads(data)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError) as error:
        raise BadText("bad_cbor") from error


def _walk(data: bytes) -> None:
    """Goes over every item head once, without recursion. `open_`: items still to come on each level, None where a break ends it."""
    at, items = 0, 0
    open_: list[int | None] = [1]
    while open_:
        if open_[-1] == 0:
            open_.pop()
            continue
        if at >= len(data):
            raise BadText("bad_cbor")
        if data[at] == _BREAK and open_[-1] is None:
            open_.pop()
            at += 1
            continue
        left = open_[-1]
        if left is not None:
            open_[-1] = left - 1
        major, count, at = _head(data, at)
        items += 1
        if major in (2, 3) and count is not None:
            at += count
        elif major in (2, 3, 4, 5, 6):
            if major == 6 and count not in TAGS:
                raise BadText("bad_cbor")
            open_.append(None if count is None else 1 if major == 6 else count * (2 if major == 5 else 1))
        if len(open_) > DEEPEST or items > MOST:
            raise BadText("cbor_nesting")
    if at != len(data):
        raise BadText("bad_cbor")


def _head(data: bytes, at: int) -> tuple[int, int | None, int]:
    """(major type, its number or None for "until a break", where the next head or the content begins)."""
    major, low = data[at] >> 5, data[at] & 31
    if low < 24:
        return major, low, at + 1
    if low == 31 and major in (2, 3, 4, 5):
        return major, None, at + 1
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(low, 0)
    if not size or at + 1 + size > len(data):
        raise BadText("bad_cbor")
    return major, int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size
