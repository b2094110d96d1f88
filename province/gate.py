"""What is asked of a call before and while its body is read: how often this address and this kiosk call, how much they send.

The envelope's first bytes name the sender, so a kiosk that floods is answered before the rest of its body is read. Nothing is believed
here: signatures are verified in calls.py. Limits are generous (many kiosks may share an address); an answer says when to come again.
"""

import zlib
from collections.abc import AsyncIterator, Callable
from time import monotonic

from kiosk.domain.protocol import MAX_BODY, Problem
from province.web.limits import Limit, network

INFLATED = 4 * MAX_BODY
PATIENCE = 8 * MAX_BODY  # an oversize body is read and thrown away so far, so that the sender hears why
ADDRESS_RATE, ADDRESS_BURST = 1_000.0, 20_000.0  # calls a second; a whole province may come through one address
KIOSK_RATE, KIOSK_BURST = 50.0, 2_000.0  # a day's backlog takes some twenty calls
AGAIN_S = 5
ENCODINGS = {"": 0, "identity": 0, "gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class Refused(Exception):
    """The call is refused before it was read to the end. `status`: of HTTP."""

    def __init__(self, code: str, status: int, retry_after_s: int = 0) -> None:
        super().__init__(code)
        self.problem, self.status = Problem(code, retry_after_s), status


class Gate:
    """One for the process. `clock`: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._addresses = Limit(ADDRESS_RATE, ADDRESS_BURST, clock)
        self._kiosks = Limit(KIOSK_RATE, KIOSK_BURST, clock)

    async def body(self, address: str, encoding: str, chunks: AsyncIterator[bytes]) -> bytes:
        """The whole body, inflated if it was packed; never more than the caps in memory. Raises Refused."""
        if not self._addresses.allows(network(address)):
            raise Refused("busy", 503, AGAIN_S)
        bits = ENCODINGS.get(encoding.strip().lower())
        if bits is None:
            raise Refused("shape", 415)
        unpack = zlib.decompressobj(bits) if bits else None
        out, came, known = bytearray(), 0, False
        async for chunk in chunks:
            came += len(chunk)
            if came > PATIENCE:
                break
            if came > MAX_BODY:
                out.clear()
                continue
            out += self._inflated(unpack, chunk, INFLATED - len(out)) if unpack else chunk
            if not known and len(out) >= 80:
                known = True
                self._sender(bytes(out[:80]))
        if came > MAX_BODY:
            raise Refused("too_large", 413)
        if not known:
            self._sender(bytes(out[:80]))
        if unpack is not None and not unpack.eof:
            raise Refused("shape", 400)
        return bytes(out)

    @staticmethod
    def _inflated(unpack: "zlib._Decompress", chunk: bytes, room: int) -> bytes:
        """Raises Refused for what is no such stream, or for one that grows beyond all measure."""
        try:
            made = unpack.decompress(chunk, room + 1)
        except zlib.error as error:
            raise Refused("shape", 400) from error
        if len(made) > room or unpack.unconsumed_tail:
            raise Refused("too_large", 413)
        return made

    def _sender(self, head: bytes) -> None:
        """Raises Refused when the kiosk that this envelope claims to be calls too often."""
        sender = sender_of(head)
        if sender and sender != "new" and not self._kiosks.allows(sender):
            raise Refused("busy", 503, AGAIN_S)


def sender_of(head: bytes) -> str:
    """Who an envelope claims to be from, out of its first bytes; "" if that cannot be told: array of 7, version, text of at most 64."""
    if len(head) < 3 or head[0] != 0x97 or head[1] > 0x7F:
        return ""
    if head[2] & 0xE0 == 0xA0:
        start, length = 3, head[2] & 0x1F
    elif head[2] == 0xD9 and len(head) > 3:
        start, length = 4, head[3]
    else:
        return ""
    return head[start : start + length].decode("utf-8", "replace") if length <= 64 and len(head) >= start + length else ""
