"""A kiosk as another team would write one from docs/protocol.md: its own keys, epochs, events and batches.

`Post` carries the bytes: over a real socket (tests/province/conftest.py) or straight into the calls.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kiosk.crypto import chain, seal, sign
from kiosk.domain import events, protocol
from kiosk.domain.events import Body, ClockReading, Kind, Place

NOW = 1_621_735_200_000  # 09:00 on 23 May 2021 in Vietnam
DAY = "2021-05-23"
STATION = "46-474-19750-01"
Post = Callable[[str, bytes], tuple[int, bytes]]
DICTIONARY = (Path(__file__).parents[1] / "data" / "dict" / "1").read_bytes()
T = TypeVar("T")


class Refused(Exception):
    """A signed problem."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(status, code)
        self.status, self.code = status, code


@dataclass
class Epoch:
    """One run: `events[i]` has seq i + 1, `heads[i]` is the chain after seq i."""

    id: str
    day: str
    content_key: bytes
    signed: protocol.SignedOpening
    heads: list[bytes]
    events: list[bytes] = field(default_factory=list)

    def span(self, first: int = 1, last: int | None = None) -> protocol.Span:
        last = last or len(self.events)
        return protocol.Span(self.id, first, last, self.heads[first - 1], self.heads[last], self.events[first - 1 : last])


class Kiosk:
    """Enrols at once, in the constructor. Raises Refused."""

    def __init__(self, post: Post, code: str, day: str = DAY) -> None:
        self.post, self.day = post, day
        self.seed, self.issuer = sign.generate(), sign.generate()
        secret, self.root_hash = protocol.read_code(code)
        self.name = "new"
        self.service = b""
        self.enrol_call = protocol.EnrolCall(secret, sign.public(self.seed), sign.public(self.issuer), "0.1.0", "ac0ffee0")
        self.enrolment = self.call("enrol", self.enrol_call, protocol.Enrolment)
        self.name, self.service = self.enrolment.kiosk, self.enrolment.trust.service
        self.campaign = self.enrolment.campaigns[0].read(self.enrolment.trust.root)

    def call(self, kind: str, content: object, answer: type[T], seed: bytes | None = None, at: int = NOW) -> T:
        """One signed call; the answer's signature and nonce are checked."""
        nonce = os.urandom(16)
        status, data = self.post(kind, protocol.pack(seed or self.seed, self.name, kind, nonce, at, content))
        sealed = protocol.envelope(data)
        assert sealed.nonce == nonce and sealed.sender == "province"
        assert not self.service or sign.verify(self.service, sealed.signature, sealed.signed())
        if sealed.kind == "problem":
            raise Refused(status, protocol.decode(sealed.body, protocol.Problem).code)
        assert status == 200 and sealed.kind == kind
        return protocol.decode(sealed.body, answer)

    def send(self, *spans: protocol.Span, openings: list[Epoch] | None = None, at: int = NOW) -> protocol.BatchAnswer:
        return self.call("events", protocol.Batch([e.signed for e in openings or []], list(spans)), protocol.BatchAnswer, at=at)

    def have(self, *epochs: str) -> dict[str, protocol.Receipt]:
        return {r.epoch: r for r in self.call("have", protocol.HaveCall(list(epochs)), protocol.BatchAnswer).receipts}

    def epoch(self, parent: Epoch | None = None, day: str | None = None, epoch: str | None = None, **other: Any) -> Epoch:
        """A new run with no events so far. `other`: fields of the opening to tell otherwise."""
        day, name, key = day or self.day, epoch or os.urandom(8).hex(), os.urandom(32)
        place = (self.name, self.enrolment.station.code, day, name)
        public = bytes.fromhex(self.campaign.days.get(day) or next(iter(self.campaign.days.values())))
        before = (parent.id, len(parent.events), parent.heads[-1]) if parent else None
        sealed = seal.seal_key(public, key, protocol.key_aad(*place))
        opening = protocol.Opening(*place, before, 1, 1, "0.1.0", self.campaign.id, "K1", sealed, NOW)
        signed = protocol.sign_opening(self.seed, msgspec.structs.replace(opening, **other))
        return Epoch(name, day, key, signed, [chain.link(self.name, name, chain.ZERO, signed.opening)])

    def add(self, epoch: Epoch, kind: int, fields: dict[str, Any], deed: str = "", at: int = NOW, version: int = 1) -> events.Key:
        seq = len(epoch.events) + 1
        body = Body(kind, version, deed or os.urandom(8).hex(), "officer-1", ClockReading(at, 1, "b007"), fields)
        place = Place(self.name, self.enrolment.station.code, epoch.day, epoch.id)
        return self.put(epoch, events.seal_body(body, seq, at, place, epoch.content_key, DICTIONARY))

    def put(self, epoch: Epoch, data: bytes) -> events.Key:
        """Any bytes as the next event."""
        epoch.events.append(data)
        epoch.heads.append(chain.link(self.name, epoch.id, epoch.heads[-1], data))
        return events.Key(self.name, epoch.id, len(epoch.events))

    def visits(self, epoch: Epoch, count: int) -> list[events.Key]:
        first = len(epoch.events) + 1
        return [self.add(epoch, Kind.VISIT, visit(first + i)) for i in range(count)]


def visit(no: int, subject: str = "") -> dict[str, Any]:
    subjects = [subject or f"id:{no:012d}"]
    return {"no": no, "source": "hu1", "verdict": "come_in", "since": NOW - 3_600_000, "subjects": subjects}


def declaration(desk: bool = False, subject: str = "id:046183000123") -> dict[str, Any]:
    answers = {"exposures": {"contact_case": desk}, "symptoms": {"fever": False}}
    return {"full_name": "Trần Thị Mẫu", "mode": "proxy", "desk": desk, "subjects": [subject], **answers}
