"""The wire: envelope, opening, batch, span, receipt, manifest, enrolment. docs/protocol.md says the same in words.

Every call and every answer is one Envelope (MessagePack), signed with Ed25519 over a length-prefixed text. No network here.
"""

import base64
import binascii
from hashlib import sha256
from typing import Literal, TypeVar

import msgspec

from kiosk.crypto import chain, sign
from kiosk.domain.policy import Campaign, Station

MAX_EVENTS, MAX_BYTES = 1_000, 64 * 1024
MAX_BODY = 1024 * 1024
PROVINCE = "province"
T = TypeVar("T")


class Untrusted(ValueError):
    """Bytes that are not what they claim: bad shape, wrong signer, stale or another call's answer."""


class Envelope(msgspec.Struct, frozen=True, array_like=True):
    """`sender`: kiosk id, or PROVINCE in answers; `kind`: the call; `nonce`: 16 random bytes, echoed by the answer; `at`: ms UTC."""

    v: int
    sender: str
    kind: str
    nonce: bytes
    at: int
    body: bytes
    signature: bytes

    def signed(self) -> bytes:
        return envelope_text(self.sender, self.kind, self.nonce, self.at, self.body)


def envelope_text(sender: str, kind: str, nonce: bytes, at: int, body: bytes) -> bytes:
    return b"kiosk-v1" + chain.fields(sender.encode(), kind.encode(), nonce, at.to_bytes(8, "big", signed=True), sha256(body).digest())


def pack(seed: bytes, sender: str, kind: str, nonce: bytes, at: int, content: object) -> bytes:
    """A signed envelope around `content` (any msgspec struct)."""
    body = msgspec.msgpack.encode(content)
    signature = sign.sign(seed, envelope_text(sender, kind, nonce, at, body))
    return msgspec.msgpack.encode(Envelope(1, sender, kind, nonce, at, body, signature))


def envelope(data: bytes) -> Envelope:
    """The envelope, not yet verified. Raises Untrusted."""
    try:
        out = msgspec.msgpack.decode(data, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Untrusted("not an envelope") from error
    sizes = len(out.nonce) == 16 and len(out.signature) == 64 and len(out.sender) <= 64 and len(out.kind) <= 32
    if out.v != 1 or not sizes or abs(out.at) >= 1 << 62:
        raise Untrusted("envelope: shape")
    return out


def unpack(data: bytes, public: bytes, kind: str, content: type[T], nonce: bytes | None = None) -> T:
    """The verified content of an envelope of `kind` signed by `public` (and answering `nonce`). Raises Untrusted."""
    sealed = envelope(data)
    if sealed.kind != kind or (nonce is not None and sealed.nonce != nonce):
        raise Untrusted("another call's envelope")
    if not sign.verify(public, sealed.signature, sealed.signed()):
        raise Untrusted("signature")
    return decode(sealed.body, content)


def decode(body: bytes, content: type[T]) -> T:
    """Raises Untrusted."""
    try:
        return msgspec.msgpack.decode(body, type=content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Untrusted("content: shape") from error


class Opening(msgspec.Struct, frozen=True):
    """Seq 0 of an epoch, in clear. `parent`: (epoch, seq, head) that this run continues, or None; `content_key`: sealed to the
    day's key with the opening's own place as AAD; `dictionary`: id of the compression dictionary; `number`: the kiosk's label (K1)."""

    kiosk: str
    station: str
    event_day: str
    epoch: str
    parent: tuple[str, int, bytes] | None
    dictionary: int
    body_format: int
    app: str
    campaign: str
    label: str
    content_key: bytes
    at: int


class SignedOpening(msgspec.Struct, frozen=True, array_like=True):
    """`opening`: MessagePack bytes of an Opening, as hashed and signed by the kiosk's key."""

    opening: bytes
    signature: bytes

    def read(self, kiosk_public: bytes) -> Opening:
        """Raises Untrusted."""
        if not sign.verify(kiosk_public, self.signature, b"kiosk-opening-v1" + self.opening):
            raise Untrusted("opening: signature")
        return decode(self.opening, Opening)


def key_aad(kiosk: str, station: str, event_day: str, epoch: str) -> bytes:
    """What a sealed content key is bound to."""
    return chain.fields(b"kiosk-epoch-v1", kiosk.encode(), station.encode(), event_day.encode(), bytes.fromhex(epoch))


def sign_opening(seed: bytes, opening: Opening) -> SignedOpening:
    data = msgspec.msgpack.encode(opening)
    return SignedOpening(data, sign.sign(seed, b"kiosk-opening-v1" + data))


class Span(msgspec.Struct, frozen=True):
    """Events from_seq..to_seq of one epoch, gapless; `prev_head`, `head`: the chain before the first and after the last."""

    epoch: str
    from_seq: int
    to_seq: int
    prev_head: bytes
    head: bytes
    events: list[bytes]


class Batch(msgspec.Struct, frozen=True):
    """One upload: the openings of the epochs its spans belong to, then the spans."""

    openings: list[SignedOpening]
    spans: list[Span]


class Refusal(msgspec.Struct, frozen=True):
    """An event the province kept aside. `reason`: conflict, unreadable, no_campaign, revoked, shape."""

    epoch: str
    seq: int
    reason: str


class Receipt(msgspec.Struct, frozen=True):
    """The province's signed word on one epoch: it took from_seq..to_seq whose chain head is `digest`, holds 1..`have` without a gap,
    and has decrypted, parsed and projected 1..`opened`. Only a receipt whose digest equals the kiosk's own head is an ack."""

    kiosk: str
    epoch: str
    from_seq: int
    to_seq: int
    digest: bytes
    have: int
    opened: int
    at: int
    signature: bytes = b""

    def text(self) -> bytes:
        numbers = b"".join(n.to_bytes(8, "big", signed=True) for n in (self.from_seq, self.to_seq, self.have, self.opened, self.at))
        return b"kiosk-receipt-v1" + chain.fields(self.kiosk.encode(), bytes.fromhex(self.epoch), self.digest, numbers)

    def sealed(self, service_seed: bytes) -> "Receipt":
        return msgspec.structs.replace(self, signature=sign.sign(service_seed, self.text()))

    def genuine(self, service_public: bytes) -> bool:
        try:
            return sign.verify(service_public, self.signature, self.text())
        except (ValueError, OverflowError):
            return False


class BatchAnswer(msgspec.Struct, frozen=True):
    """Answer to events and to have. `spread_s`: wait this long, at random, before the next call; `now`: the province's clock, ms UTC;
    `forked`: epochs at which other bytes were already known; `log`: (number, head) of the province's log of who looked at what."""

    receipts: list[Receipt]
    refusals: list[Refusal] = []
    forked: list[str] = []
    duplicates: int = 0
    spread_s: float = 0.0
    now: int = 0
    log: tuple[int, bytes] = (0, b"")


class HaveCall(msgspec.Struct, frozen=True):
    """Which receipts does the province hold for these epochs? Empty: all of this kiosk. A receipt in the answer has from_seq 1,
    to_seq = have and digest = the head at `have`."""

    epochs: list[str] = []


class Manifest(msgspec.Struct, frozen=True):
    """Close of day: what there is, before all of it has arrived. `epochs`: (epoch, last seq, head); `counts` by kind's word."""

    event_day: str
    epochs: list[tuple[str, int, bytes]]
    counts: dict[str, int]


class ManifestAnswer(msgspec.Struct, frozen=True):
    accepted: bool
    now: int = 0


class KnownCall(msgspec.Struct, frozen=True):
    """Is a declaration of this person known in the province? `subject`: "id:…" or "phone:…", as an officer typed it or a card said it."""

    subject: str


class KnownAnswer(msgspec.Struct, frozen=True):
    """có / chưa có, the newest declaration's time (ms UTC), and the next step as a verdict's word: come_in, out_of_date, health_desk,
    declare_now. No name, no address, no answers."""

    known: bool
    declared_at: int | None
    step: str
    now: int = 0


class FeedCall(msgspec.Struct, frozen=True):
    """What is new for this kiosk? `cursors`: scope -> the last counter taken (absent: from the beginning)."""

    cursors: dict[str, int] = {}


class FeedItem(msgspec.Struct, frozen=True, array_like=True):
    """One row of the feed (kiosk/domain/feed.py). `body`: MessagePack of the kind's struct; empty: the row is withdrawn."""

    scope: str
    counter: int
    kind: str
    key: str
    body: bytes


class FeedPage(msgspec.Struct, frozen=True):
    """Answer to feed. `cursors`: where the kiosk stands after these rows; `more`: ask again at once. At the end of a run
    `checksums`: scope -> (number of live rows, XOR of SHA-256 over kind, key and body of each). `must_refetch`: scopes whose cursor is
    of no use any more: build beside and swap. Revocations may ride ahead of their place, before rows with lower counters."""

    rows: list[FeedItem]
    cursors: dict[str, int]
    more: bool = False
    checksums: dict[str, tuple[int, bytes]] = {}
    must_refetch: list[str] = []
    spread_s: float = 0.0
    now: int = 0


class Trust(msgspec.Struct, frozen=True):
    """GET /v1/trust, unsigned as a whole: each part is signed by `root`, and the one-time code pins root's hash.

    `service_signature` over b"hue-service-v1" + service; `ca_signature` over b"hue-ca-v1" + ca (PEM bytes)."""

    root: bytes
    service: bytes
    service_signature: bytes
    ca: bytes
    ca_signature: bytes

    def genuine(self, root_hash: bytes) -> bool:
        """True if the root is the pinned one (first bytes of its SHA-256, at least 16) and it signed the rest."""
        return (
            len(root_hash) >= 16
            and sha256(self.root).digest()[: len(root_hash)] == root_hash
            and sign.verify(self.root, self.service_signature, b"hue-service-v1" + self.service)
            and sign.verify(self.root, self.ca_signature, b"hue-ca-v1" + self.ca)
        )


class SignedCampaign(msgspec.Struct, frozen=True):
    """`campaign`: MessagePack of a Campaign; `signature` by the root over b"hue-campaign-v1" + campaign."""

    campaign: bytes
    signature: bytes

    def read(self, root: bytes) -> Campaign:
        """Raises Untrusted."""
        if not sign.verify(root, self.signature, b"hue-campaign-v1" + self.campaign):
            raise Untrusted("campaign: signature")
        return decode(self.campaign, Campaign)


class EnrolCall(msgspec.Struct, frozen=True):
    """`code`: the 16 secret bytes of the one-time code; the public halves; signed by the new kiosk key, sender "new"."""

    code: bytes
    kiosk_public: bytes
    issuer_public: bytes
    app: str
    machine: str


def revocation_text(what: str, name: bytes, public: bytes, revoked_from: int) -> bytes:
    """What the root signs to revoke a key. `what`: "issuer" or "kiosk"; `name`: the issuer's 3 bytes or the kiosk's id."""
    return b"hue-revocation-v1" + chain.fields(what.encode(), name, public, revoked_from.to_bytes(8, "big", signed=True))


class IssuerRow(msgspec.Struct, frozen=True):
    """A pass issuer in the feed: id (3 bytes), public key, and from when it is revoked (ms UTC); a revocation in the feed carries the
    root's `signature` over revocation_text, and counts only with it."""

    id: bytes
    public: bytes
    revoked_from: int | None = None
    signature: bytes = b""


class OfficerRow(msgspec.Struct, frozen=True):
    """Names and roles come down, PINs never do."""

    id: str
    name: str
    role: Literal["officer", "lead", "technician"]


class FirstPin(msgspec.Struct, frozen=True):
    """A first PIN that was given out of band, stretched by Argon2id: `key` 32 bytes, `salt` 16, costs as crypto.kdf.Costs. The kiosk wraps
    its DEK under it at once and keeps no `key`; the officer replaces the PIN on the kiosk."""

    officer: str
    salt: bytes
    key: bytes
    memory_kib: int
    passes: int
    lanes: int


class Enrolment(msgspec.Struct, frozen=True):
    """What a kiosk is told at enrolment, inside a service-signed answer. `station_key`: 32 bytes, for this station's kiosks alone."""

    kiosk: str
    label: str
    station: Station
    station_key: bytes
    issuer_id: bytes
    trust: Trust
    campaigns: list[SignedCampaign]
    issuers: list[IssuerRow]
    officers: list[OfficerRow]
    at: int
    first_pins: list[FirstPin] = []


class Problem(msgspec.Struct, frozen=True):
    """A signed refusal of a whole call. `code`: unknown_kiosk, revoked, signature, bad_code, used_code, expired_code, too_large, shape,
    busy (the database is locked, full or away: nothing was stored, come again)."""

    code: str
    retry_after_s: int = 0


def enrol_code(secret: bytes, root: bytes) -> str:
    """The one-time code as people type it: base32 of 16 secret bytes and the first 16 of the root's SHA-256, in groups of 4."""
    from_bytes = _b32(secret + sha256(root).digest()[:16])
    return "-".join(from_bytes[i : i + 4] for i in range(0, len(from_bytes), 4))


def read_code(code: str) -> tuple[bytes, bytes]:
    """(secret, root hash). Raises Untrusted."""

    clean = "".join(c for c in code.upper() if c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    try:
        data = base64.b32decode(clean + "=" * (-len(clean) % 8))
    except binascii.Error as error:
        raise Untrusted("code: shape") from error
    if len(data) != 32:
        raise Untrusted("code: length")
    return data[:16], data[16:]


QR = "HUEK:"


def enrol_qr(code: str, server: str = "") -> str:
    """What the QR of a one-time code says; `server`: the province's address, or "" if people type it."""
    return f"{QR}{server}#{code}"


def read_qr(text: str) -> tuple[str, str]:
    """(server, code) of a code's QR as scanned, typed or pasted; a code alone is (\"\", code)."""
    text = text.strip()
    if not text.startswith(QR):
        return "", text
    server, _, code = text[len(QR) :].rpartition("#")
    return server, code


def _b32(data: bytes) -> str:

    return base64.b32encode(data).decode().rstrip("=")
