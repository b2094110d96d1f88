"""The feed: what flows down from the province. One struct a kind of row; kiosk and province use the same. No I/O.

A row is (scope, kind, key) -> body, or a withdrawal (empty body). Scopes: "all", "commune:19750", "station:46-474-19750-01"; each has
its own counter, and a kiosk's cursor is one number a scope.
"""

from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256
from typing import Any

import msgspec

from kiosk.crypto import chain
from kiosk.domain.policy import Station
from kiosk.domain.protocol import IssuerRow, OfficerRow, SignedCampaign

MAX_ROW = 768 * 1024  # bytes of one row's body: a page of one row still fits into an answer of 1 MiB
ALL = "all"


def commune_scope(commune: str) -> str:
    return f"commune:{commune}"


def station_scope(station: str) -> str:
    return f"station:{station}"


class FeedKind(StrEnum):
    """In the order in which a kiosk must take them: keys and revocations first. The key of a row is said beside its kind."""

    ISSUER = "issuer"  # hex of the issuer's id -> protocol.IssuerRow
    KIOSK = "kiosk"  # kiosk id -> KioskRow
    CAMPAIGN = "campaign"  # campaign id -> protocol.SignedCampaign
    OFFICER = "officer"  # officer id -> protocol.OfficerRow; scope station
    STATION = "station"  # station code -> policy.Station
    PLACE = "place"  # place id -> PlaceRow; scope station
    NOTICE = "notice"  # notice id -> NoticeRow
    TRUST = "trust"  # "dcc" or "shc" -> TrustRow
    PERSON = "person"  # hex of 16 bytes of HMAC under the station key -> PersonRow; scope station
    ARRIVAL = "arrival"  # arrival id -> ArrivalRow; scope station
    ENTERED = "entered"  # hex of a person's hash, ":", station code, ":", kiosk id -> EnteredRow; scope station


class KioskRow(msgspec.Struct, frozen=True):
    """Another kiosk of the province. `revoked_from`: ms UTC, or None; then `signature` is the root's over protocol.revocation_text."""

    kiosk: str
    label: str
    public: bytes
    revoked_from: int | None = None
    signature: bytes = b""


class Rival(msgspec.Struct, frozen=True):
    """Another version of a place, made without its author having seen the one that stands. `by`: "kiosk:…" or "account:…"; `at`: ms UTC."""

    by: str
    at: int
    name: str
    kind: str
    withdrawn: bool = False


class PlaceRow(msgspec.Struct, frozen=True):
    """A QR place (letter, annex 1): an entrance, exit or waiting area, never inside the voting room. `id`: as people read it;
    `mac`: the poster's 80-bit MAC as hex, compared, never computed, by kiosks; `kind`: entrance exit waiting;
    `address`: the four levels as in form.yaml; `at`: ms UTC of the change; `withdrawn`: the code is recognised and said to be so;
    `rivals`: a conflict, until somebody who has seen both decides;
    `web`: the address that the province's posters lead to, without a path."""

    id: str
    station: str
    name: str
    kind: str
    street: str = ""
    address: dict[str, str] = {}
    keeper: str = ""
    phone: str = ""
    spot: str = ""
    mac: str = ""
    at: int = 0
    withdrawn: bool = False
    rivals: tuple[Rival, ...] = ()
    web: str = ""


class NoticeRow(msgspec.Struct, frozen=True):
    """Words of the province for officers. `level`: info or urgent; times ms UTC."""

    id: str
    text: str
    level: str = "info"
    at: int = 0
    until: int | None = None


class TrustRow(msgspec.Struct, frozen=True):
    """A trust list: `at`, ms UTC, its own date; `body`: the list as `kiosk read --trust FILE` takes it."""

    at: int
    body: bytes


class PersonRow(msgspec.Struct, frozen=True):
    """A known declaration under a person's hash: when, and whether the rules led to the health desk. No name, no number."""

    declared_at: int
    desk: bool = False


class ArrivalRow(msgspec.Struct, frozen=True):
    """Somebody confirmed an arrival by scanning this station's poster. `hashes`: HMACs under the station key (hex) of what is known of
    the person; `at`: ms UTC; `place`: place id; `code`: the short code on the done screen."""

    id: str
    place: str
    at: int
    hashes: tuple[str, ...] = ()
    code: str = ""


class EnteredRow(msgspec.Struct, frozen=True):
    """Somebody was counted in at `station` by another kiosk, under a person's hash: `at`, ms UTC; `event`: "kiosk:epoch:seq"."""

    at: int
    station: str
    event: str


BODIES: dict[str, Any] = {
    FeedKind.ISSUER: IssuerRow,
    FeedKind.KIOSK: KioskRow,
    FeedKind.CAMPAIGN: SignedCampaign,
    FeedKind.OFFICER: OfficerRow,
    FeedKind.STATION: Station,
    FeedKind.PLACE: PlaceRow,
    FeedKind.NOTICE: NoticeRow,
    FeedKind.TRUST: TrustRow,
    FeedKind.PERSON: PersonRow,
    FeedKind.ARRIVAL: ArrivalRow,
    FeedKind.ENTERED: EnteredRow,
}
RANK = {kind.value: number for number, kind in enumerate(FeedKind)}


def rank(kind: str) -> int:
    """Where a kind stands in the order in which rows are taken; kinds of tomorrow come last."""
    return RANK.get(kind, len(RANK))


def fold(rows: Iterable[tuple[str, str, bytes]]) -> tuple[int, bytes]:
    """(number of rows, XOR of their hashes): the checksum of a scope's live rows, whatever their order.

    `rows`: (kind, key, body), none of them withdrawn.
    """
    count, folded = 0, 0
    for kind, key, body in rows:
        count += 1
        folded ^= int.from_bytes(sha256(chain.fields(kind.encode(), key.encode(), body)).digest())
    return count, folded.to_bytes(32)
