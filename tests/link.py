"""A slow, far and lossy link in user space: a relay of TCP between a port of its own and a server's, for figures and tests.

Each direction is a pipe with a rate, a delay and segments that get lost. TCP below would send a lost segment again: it takes the
line a second time and holds up what follows it for one round trip. Bytes are counted as they enter the line.
"""

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass

SEGMENT = 1448  # bytes of payload in a full Ethernet frame
FRAME = 52  # IPv4 and TCP headers with time stamps: the line carries them too


@dataclass
class Quality:
    """`rtt_s`: round trip, seconds; `rate`: bytes a second each way, 0: no limit; `loss`: share of segments lost."""

    rtt_s: float = 0.0
    rate: float = 0.0
    loss: float = 0.0


EDGE = Quality(0.3, 256_000 / 8, 0.02)  # a village's mobile link on a bad day


class Link:
    """Listens on `port` and carries to 127.0.0.1:`target`. `up`, `down`: payload bytes that entered the line, `lost`: segments."""

    def __init__(self, target: int, quality: Quality | None = None, seed: int = 1) -> None:
        self.quality, self._target, self._rng = quality or Quality(), target, random.Random(seed)
        self.up = self.down = self.lost = self.connections = self.port = 0
        self._free = [0.0, 0.0]  # when each direction's line is free again
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="link", daemon=True)
        self._thread.start()
        ready.wait()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._carry, "127.0.0.1", 0, limit=SEGMENT))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await asyncio.sleep(self.quality.rtt_s)  # the TCP handshake
        there, back = await asyncio.open_connection("127.0.0.1", self._target, limit=SEGMENT)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(self._pipe(reader, back, 0), self._pipe(there, writer, 1))
        for end in (writer, back):
            with contextlib.suppress(OSError, RuntimeError):
                end.close()

    async def _pipe(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: int) -> None:
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=64)  # what is on the way: about a window of 90 KiB
        delivering = asyncio.ensure_future(self._deliver(line, sink))
        try:
            while data := await source.read(SEGMENT):
                await line.put((await self._send(len(data), way), data))
        except BaseException:
            delivering.cancel()
            raise
        await line.put((0.0, b""))
        await delivering

    async def _send(self, size: int, way: int) -> float:
        """Puts one segment on the line; returns when it arrives."""
        if way:
            self.down += size
        else:
            self.up += size
        took, late = self._cost(size), 0.0
        if self._rng.random() < self.quality.loss:
            self.lost += 1
            took, late = took * 2, self.quality.rtt_s
        now = self._loop.time()
        self._free[way] = max(self._free[way], now) + took
        await asyncio.sleep(self._free[way] - now)
        return self._free[way] + self.quality.rtt_s / 2 + late

    def _cost(self, size: int) -> float:
        return (size + FRAME) / self.quality.rate if self.quality.rate else 0.0

    async def _deliver(self, line: "asyncio.Queue[tuple[float, bytes]]", sink: asyncio.StreamWriter) -> None:
        """In order: what follows a lost segment waits for it."""
        while True:
            due, data = await line.get()
            if not data:
                with contextlib.suppress(OSError, RuntimeError):
                    sink.write_eof()
                return
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            with contextlib.suppress(OSError, RuntimeError):
                sink.write(data)
                await sink.drain()


@contextlib.contextmanager
def link(target: int, quality: Quality | None = None, seed: int = 1) -> Iterator[Link]:
    out = Link(target, quality, seed)
    try:
        yield out
    finally:
        out.close()
