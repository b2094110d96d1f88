"""Stand-ins that are products of their own: whole enough to be used as the real thing, never patches."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kiosk.crypto import chain
from kiosk.domain import protocol
from kiosk.domain.protocol import Batch, BatchAnswer, HaveCall, Receipt
from kiosk.errors import Code, KioskError
from kiosk.ports import Answer, Frame, PrinterState
from tests import builders

Honest = Callable[[], Answer]


class FakeTransport:
    """The province in memory, as a Transport: it holds what it is sent and signs for it.

    `faults` are taken one a call: each gets the honest way to answer and may use it, spoil it or raise. `calls`: (path, request).
    `biggest`: larger batches time out, as on a slow link. `opens`: whether what is held counts as opened.
    """

    def __init__(self, province: builders.Province, kiosk: str, kiosk_public: bytes, clock: builders.Clock) -> None:
        self.province, self.kiosk, self.public, self.clock = province, kiosk, kiosk_public, clock
        self.events: dict[tuple[str, int], bytes] = {}
        self.heads: dict[str, list[bytes]] = {}
        self.calls: list[tuple[str, object]] = []
        self.faults: list[Callable[[Honest], Answer]] = []
        self.opens, self.biggest, self.ahead_ms, self.spread_s = True, 1_000, 0, 0.0
        self.answers: list[Answer] = []

    def post(self, path: str, body: bytes) -> Answer:
        call = protocol.envelope(body)
        kinds: dict[str, type[Batch] | type[HaveCall]] = {"events": Batch, "have": HaveCall}
        content = protocol.unpack(body, self.public, call.kind, kinds[call.kind])
        self.calls.append((path, content))

        def honest() -> Answer:
            answer = self._events(content) if isinstance(content, Batch) else self._have(content)
            self.answers.append(self.signed(call.kind, call.nonce, answer))
            return self.answers[-1]

        return self.faults.pop(0)(honest) if self.faults else honest()

    def close(self) -> None: ...

    def signed(self, kind: str, nonce: bytes, content: object, seed: bytes | None = None, status: int = 200) -> Answer:
        seed = seed or self.province.service
        return Answer(status, protocol.pack(seed, protocol.PROVINCE, kind, nonce, self.clock.wall, content), {})

    def receipt(self, epoch: str, from_seq: int, to_seq: int) -> Receipt:
        have = len(self.heads[epoch]) - 1
        digest = self.heads[epoch][to_seq]
        made = Receipt(self.kiosk, epoch, from_seq, to_seq, digest, have, have if self.opens else 0, self.clock.wall)
        return made.sealed(self.province.service)

    def sizes(self) -> list[int]:
        """Events in each batch that came, in order."""
        return [sum(len(s.events) for s in c.spans) for _, c in self.calls if isinstance(c, Batch)]

    def _events(self, batch: Batch) -> BatchAnswer:
        if sum(len(s.events) for s in batch.spans) > self.biggest:
            raise KioskError(Code.OFFLINE, why="timeout", sent=True)
        for opening in batch.openings:
            said = opening.read(self.public)
            self.heads.setdefault(said.epoch, [chain.link(self.kiosk, said.epoch, chain.ZERO, opening.opening)])
        duplicates, receipts = 0, []
        for span in batch.spans:
            heads = self.heads[span.epoch]
            assert heads[span.from_seq - 1] == span.prev_head
            for seq, event in enumerate(span.events, span.from_seq):
                duplicates += int((span.epoch, seq) in self.events)
                assert self.events.setdefault((span.epoch, seq), event) == event
                if seq == len(heads):
                    heads.append(chain.link(self.kiosk, span.epoch, heads[-1], event))
            receipts.append(self.receipt(span.epoch, span.from_seq, span.to_seq))
        return BatchAnswer(receipts, duplicates=duplicates, spread_s=self.spread_s, now=self.clock.wall + self.ahead_ms)

    def _have(self, call: HaveCall) -> BatchAnswer:
        epochs = call.epochs or list(self.heads)
        receipts = [self.receipt(e, 1, len(self.heads[e]) - 1) for e in epochs if e in self.heads]
        return BatchAnswer(receipts, now=self.clock.wall + self.ahead_ms)


class MemoryPrinter:
    """A printer on the desk: plugged in and out, with or without paper; `history`: (title, the PDF's bytes) of what came out."""

    name = "memory"

    def __init__(self) -> None:
        self.connected, self.why = True, ""
        self.history: list[tuple[str, bytes]] = []

    def connect(self) -> None:
        self.connected, self.why = True, ""

    def disconnect(self) -> None:
        self.connected = False

    def status(self) -> PrinterState:
        if not self.connected:
            return PrinterState(False, "none")
        return PrinterState(not self.why, self.why)

    def print(self, file: Path, title: str) -> str:
        if not self.status().ready:
            raise KioskError(Code.PRINT_FAILED, printer=self.name, why=self.status().why)
        self.history.append((title, file.read_bytes()))
        return f"{self.name}-{len(self.history)}"


class FakeCamera:
    """A camera in memory: `show` what stands before it, `unplug` it. As tests/contract/test_cameras.py wants them."""

    def __init__(self, name: str = "fake") -> None:
        self.name = name
        self._image = np.full((720, 1280, 3), 120, np.uint8)
        self._number, self._plugged = 0, True

    def show(self, image: NDArray[np.uint8]) -> None:
        self._image = image

    def unplug(self) -> None:
        self._plugged = False

    def read(self) -> Frame | None:
        if not self._plugged:
            raise KioskError(Code.CAMERA_LOST, camera=self.name)
        self._number += 1
        return Frame(self._image, time.monotonic(), self._number)

    def close(self) -> None:
        self._plugged = False
