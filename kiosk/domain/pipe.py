"""Messages to and from the process that looks at pictures (decision 0027): a length (u32, big-endian), JSON of that length, then bytes
whose number the JSON says. The window's process and the province's speak it alike.
"""

import json
import struct
from typing import IO, Any

HEAD = struct.Struct(">I")
LONGEST = 1 << 20  # bytes of JSON


def take(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message's JSON, None at the end. Raises ValueError for what is no message."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    (length,) = HEAD.unpack(head)
    if length > LONGEST:
        raise ValueError("message too long")
    body = json.loads(stream.read(length))
    if not isinstance(body, dict):
        raise ValueError("no object")
    return body


def give(stream: IO[bytes], message: dict[str, Any], payload: bytes | memoryview = b"") -> None:
    """Raises OSError when nobody reads any more."""
    body = json.dumps(message).encode()
    stream.write(HEAD.pack(len(body)) + body)
    if payload:
        stream.write(payload)
    stream.flush()
