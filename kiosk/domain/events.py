"""Events: bodies by (kind, version), readers for every old version, canonical bytes, and the sealed form.

Event bytes = header 14 (format u8 | seq u32 | kind u8 | at i64 ms, big-endian) | nonce 12 | AES-256-GCM(deflate(body)).
"""

import os
import struct
from enum import IntEnum
from typing import Any, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec.structs import replace

from kiosk.crypto import chain, seal

FORMAT = 1
HEADER = struct.Struct(">BIBq")
MIN_EVENT = HEADER.size + 12 + 16


class Kind(IntEnum):
    """The kind in an event's clear header. Numbers are for ever."""

    VISIT = 1  # somebody arrived and counts
    SIGHTING = 2  # a code was shown and nobody was counted by it
    DECLARATION = 3
    CORRECTION = 4  # corrects or voids a root event
    LEAVE = 5
    DEFER = 6
    AUDIT = 7
    DAY = 8  # opened, closed
    PLACE = 9  # a QR place of this station was added, changed or withdrawn
    STAY = 10  # an officer began or ended a stay at this entrance; tracing sees it

    @property
    def word(self) -> str:
        return self.name.lower()


def kind_word(kind: int) -> str:
    """The kind's word, or "kind-9" for one this version does not know (stored and shown all the same)."""
    return Kind(kind).word if kind in Kind._value2member_map_ else f"kind-{kind}"


AUDITED = frozenset(
    {
        "commit_unknown", "sign_in", "sign_in_refused", "sign_out", "hand_over", "locked", "unlocked", "pin_set", "officer_set",
        "lead_refused",
        "details_opened", "name_search", "lookups_many", "print", "reprint", "export", "setting", "camera_capture", "doctor",
        "purge", "remove", "close", "carried", "bundle_export", "bundle_receipts", "feed_rebuilt", "restore",
    }
)  # fmt: skip


class Key(NamedTuple):
    """An event's name in the whole province."""

    kiosk: str
    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.kiosk}:{self.epoch}:{self.seq}"

    @classmethod
    def parse(cls, text: str) -> "Key":
        """Raises ValueError."""
        kiosk, epoch, seq = text.split(":")
        if len(epoch) != 16 or not seq.isascii() or not seq.isdigit() or len(seq) > 15:
            raise ValueError(text)
        return cls(kiosk, bytes.fromhex(epoch).hex(), int(seq))


class ClockReading(msgspec.Struct, frozen=True, omit_defaults=True):
    """The clocks when it happened: wall ms UTC, monotonic ms, boot id, and the last measured skew to the province in ms.

    Nothing is sealed twice: without a `wall` it is the header's time; `boot` stands in an epoch's first event, for an epoch has one boot.
    """

    wall: int = 0
    mono: int = 0
    boot: str = ""
    skew: int = 0


class Body(msgspec.Struct, frozen=True, rename={"fields": "f"}):
    """What is sealed. `fields` by kind:

    visit       no, source (hu1 cccd proxy moh arrival hues defer paper …), verdict, since, subjects [..], place (the lane's place id),
                person (voter team service companion; absent: voter), ticket; officer's F5 has no subjects
    sighting    verdict, reason, code (kind of code), other (event of the arrival that makes this a second one);
                never the content of a code, never a look-up name
    declaration form.yaml's keys, answers {exposures{}, symptoms{}} in the same mapping, mode, subjects [..], desk (rule outcome)
                ticket (the one it closes), arrival (key of the visit that came first), completes (key of the declaration it completes)
    correction  target "kiosk:epoch:seq", void, reason, role, changes{} (a field that is null was taken out)
    leave       target (the visit), or where this kiosk does not know it subjects or ticket; place
    defer       ticket (number on the slip), reason (refused not_yet closing; lane: sent to the other table, no visit), no health data;
                the visit it goes with names the ticket
    audit       what (one of AUDITED), and what else that act needs: reason, target, count; never a name, a number or a code
                (an export's reason is the lead's own words; it is not shown)
    day         what (opened, closed)
    place       id, what (set, withdrawn), base (`at` of the change its author had seen, 0 for none), place{} as feed.PlaceRow
    stay        what (begin, end), officer id as in the body

    Any of them may have `carried`: the key of the event that this one repeats, because the province holds another history there.
    """

    kind: int
    version: int
    deed: str
    officer: str
    clock: ClockReading
    fields: dict[str, Any]
    form: int = 1
    policy: int = 1


class Header(NamedTuple):
    format: int
    seq: int
    kind: int
    at: int


class Place(NamedTuple):
    """Where an event belongs; bound into every seal so that no event opens anywhere else."""

    kiosk: str
    station: str
    event_day: str
    epoch: str

    def aad(self, header: bytes) -> bytes:
        return chain.fields(header, self.kiosk.encode(), self.station.encode(), self.event_day.encode(), bytes.fromhex(self.epoch))


def header_of(event: bytes) -> Header:
    """The clear header. Raises seal.Unopenable on bytes too short to be an event."""
    if len(event) < MIN_EVENT:
        raise seal.Unopenable("event: cut")
    return Header(*HEADER.unpack_from(event))


def seal_body(body: Body, seq: int, at: int, place: Place, content_key: bytes, dictionary: bytes) -> bytes:
    """Event bytes. `content_key`: 32 bytes, `at`: ms UTC."""
    header = HEADER.pack(FORMAT, seq, body.kind, at)
    nonce = os.urandom(12)
    if body.clock.wall == at:
        body = replace(body, clock=replace(body.clock, wall=0))
    packed = seal.compress(msgspec.json.encode(body, order="deterministic"), dictionary)
    return header + nonce + AESGCM(content_key).encrypt(nonce, packed, place.aad(header))


def open_body(event: bytes, place: Place, content_key: bytes, dictionary: bytes) -> Body:
    """The body. Raises seal.Unopenable when the key does not open it or the content is not a body of a known shape."""
    header = header_of(event)
    if header.format != FORMAT:
        raise seal.Unopenable(f"format {header.format}")
    clear, nonce, sealed = event[: HEADER.size], event[HEADER.size : HEADER.size + 12], event[HEADER.size + 12 :]
    try:
        packed = AESGCM(content_key).decrypt(nonce, sealed, place.aad(clear))
    except InvalidTag as error:
        raise seal.Unopenable("event: wrong key or damaged") from error
    try:
        body = msgspec.json.decode(seal.decompress(packed, dictionary), type=Body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise seal.Unopenable("body: shape") from error
    if body.kind != header.kind:
        raise seal.Unopenable("body: kind differs from its header")
    return body if body.clock.wall else replace(body, clock=replace(body.clock, wall=header.at))


KNOWN_VERSIONS: dict[int, int] = dict.fromkeys(Kind, 1)


def readable(body: Body) -> bool:
    """False for kinds and versions newer than this program: stored, acknowledged, shown as unreadable."""
    return body.version <= KNOWN_VERSIONS.get(body.kind, 0)
