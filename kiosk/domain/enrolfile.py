"""Enrolment by file, for a place without network: what the province puts on a stick, and what a lead's PIN takes out of it. Pure.

One part a station (a spare has several, and chooses at start). A part is sealed under a random key, and that key once under each lead's
stretched first PIN: whoever finds the stick has Argon2id before him, and nothing after the last campaign day.
"""

import os
from collections.abc import Sequence

import msgspec

from kiosk.crypto import seal
from kiosk.crypto.kdf import Costs
from kiosk.domain.protocol import Enrolment, FirstPin

MAGIC = b"HUE-KIOSK-ENROLMENT-1\n"
LARGEST = 4 * 1024 * 1024


class Issued(msgspec.Struct, frozen=True):
    """The sealed content. The kiosk's two seeds are made for the file and kept nowhere else; `server`: the province's address, or ""."""

    kiosk_seed: bytes
    issuer_seed: bytes
    enrolment: Enrolment
    server: str


class Way(msgspec.Struct, frozen=True):
    """A lead's way in: the part's key under the lead's stretched PIN."""

    officer: str
    name: str
    salt: bytes
    costs: Costs
    wrapped: bytes


class Part(msgspec.Struct, frozen=True):
    """One station. `sealed`: Issued under the part's key."""

    station: str
    name: str
    ways: list[Way]
    sealed: bytes


class EnrolFile(msgspec.Struct, frozen=True):
    """`expires_at`: ms UTC, the end of the last campaign day; bound into every seal."""

    expires_at: int
    parts: list[Part]

    def part(self, station: str) -> Part | None:
        return next((part for part in self.parts if part.station == station), None)


class NotAnEnrolment(ValueError):
    """Bytes that are no enrolment file."""


def make(expires_at: int, issued: Sequence[Issued], firsts: dict[str, list[tuple[str, FirstPin]]]) -> bytes:
    """`firsts`: station code -> (name, first PIN) of its leads."""
    parts = []
    for one in issued:
        station, key = one.enrolment.station, os.urandom(32)
        aad = _aad(expires_at, station.code)
        ways = [
            Way(f.officer, name, f.salt, Costs(f.memory_kib, f.passes, f.lanes), seal.wrap(_kek(f.key, f.salt), key, aad))
            for name, f in firsts[station.code]
        ]
        parts.append(Part(station.code, station.name, ways, seal.wrap(key, msgspec.msgpack.encode(one), aad)))
    return MAGIC + msgspec.msgpack.encode(EnrolFile(expires_at, parts))


def read(data: bytes) -> EnrolFile:
    """Raises NotAnEnrolment."""
    if not data.startswith(MAGIC) or len(data) > LARGEST:
        raise NotAnEnrolment
    try:
        found = msgspec.msgpack.decode(data[len(MAGIC) :], type=EnrolFile)
    except msgspec.DecodeError as error:
        raise NotAnEnrolment from error
    if not found.parts or not all(way.costs.sane() and len(way.salt) == 16 for part in found.parts for way in part.ways):
        raise NotAnEnrolment
    return found


def open_part(file: EnrolFile, part: Part, way: Way, key: bytes) -> Issued | None:
    """`key`: the stretched PIN, 32 bytes. None: it is not this lead's PIN. Raises NotAnEnrolment for a damaged part."""
    aad = _aad(file.expires_at, part.station)
    try:
        inner = seal.unwrap(_kek(key, way.salt), way.wrapped, aad)
    except seal.Unopenable:
        return None
    try:
        return msgspec.msgpack.decode(seal.unwrap(inner, part.sealed, aad), type=Issued)
    except (seal.Unopenable, msgspec.DecodeError) as error:
        raise NotAnEnrolment from error


def _kek(key: bytes, salt: bytes) -> bytes:
    return seal.derive(key, b"hue-enrol-file-v1", salt)


def _aad(expires_at: int, station: str) -> bytes:
    return f"hue-enrol-file-v1:{expires_at}:{station}".encode()
