"""`HU1:` - our own voter pass: base45 (RFC 9285) of 88 bytes, signed with Ed25519, verified here without a network.

    version 1 | issuer 3 | serial 8 | declared_at 4, minutes since 2020-01-01 UTC | valid hours 2 | flags 1 | birth year - 1900, 1 |
    initials 4, A-Z folded, Đ = D, padded with spaces | Ed25519 signature 64 over "hue-pass-v1\\0" + the 24 bytes before it

It holds no name, no number, no hash of a number, no health answer. Numbers are big-endian. Vectors: tests/vectors/hu1.json.
"""

import struct
from collections.abc import Mapping

import base45
import msgspec

from kiosk.crypto import sign as ed25519
from kiosk.domain.identity import initials
from kiosk.domain.passes.model import Issuer, Kind, Pass, Reading, refused

REASONS = frozenset(
    {"bad_base45", "truncated", "bad_length", "bad_version", "bad_layout", "unknown_key", "bad_signature", "revoked", "expired"}
)

PREFIX = b"HU1:"
DOMAIN = b"hue-pass-v1\0"
VERSION = 1
BODY = struct.Struct(">B3s8sIHBB4s")
SIZE = BODY.size + 64
LETTERS = SIZE // 2 * 3
EPOCH_MS = 1_577_836_800_000  # 2020-01-01T00:00Z
MINUTE, HOUR = 60_000, 3_600_000
GENDERS = ("", "M", "F", "X")  # the two lowest flag bits
PROXY = 0b100


class Claims(msgspec.Struct, frozen=True):
    """What a pass says. `serial`: 8 bytes, random; `declared_at`: ms UTC, kept to the minute; `valid_hours`: 1-65535;
    `gender`: M, F, X or ""; `proxy`: an officer declared for the voter; `birth_year`: 1900-2155; `initials`: up to 4 letters A-Z."""

    serial: bytes
    declared_at: int
    valid_hours: int
    birth_year: int
    initials: str
    gender: str = ""
    proxy: bool = False

    @classmethod
    def of(cls, fields: Mapping[str, str], serial: bytes, declared_at: int, valid_hours: int, proxy: bool = False) -> "Claims":
        """From a declaration's fields (full_name, birth_date, gender)."""
        year = int(fields["birth_date"][:4])
        return cls(serial, declared_at, valid_hours, year, initials(fields.get("full_name", "")), fields.get("gender", ""), proxy)


def make(claims: Claims, issuer: bytes, seed: bytes) -> str:
    """The pass as text for a QR code. `issuer`: 3 bytes; `seed`: its Ed25519 private seed, 32 bytes.

    Raises ValueError for claims that the layout cannot hold.
    """
    letters = claims.initials.encode("ascii").ljust(4)
    if len(issuer) != 3 or len(claims.serial) != 8 or len(letters) != 4 or not _letters_ok(letters):
        raise ValueError("hu1: issuer, serial or initials")
    flags = GENDERS.index(claims.gender) | (PROXY if claims.proxy else 0)
    minutes = (claims.declared_at - EPOCH_MS) // MINUTE
    try:
        body = BODY.pack(VERSION, issuer, claims.serial, minutes, claims.valid_hours, flags, claims.birth_year - 1900, letters)
    except struct.error as error:
        raise ValueError("hu1: time, hours or birth year") from error
    return bytes(PREFIX + base45.b45encode(body + ed25519.sign(seed, DOMAIN + body))).decode("ascii")


def subject(issuer: bytes, serial: bytes) -> str:
    """The look-up name of whoever holds this pass."""
    return f"hu1:{issuer.hex()}{serial.hex()}"


def read(raw: bytes, issuers: Mapping[bytes, Issuer], now: int | None) -> Pass | None:
    """The pass in `raw`, or None when it is another kind. `now` (ms UTC): without it nothing is ever expired."""
    code = raw.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n\x00")  # 88 bytes never end in base45's own space: its groups end below 33
    if not code.startswith(PREFIX):
        return None
    letters = code[len(PREFIX) :]
    try:
        data = base45.b45decode(letters)
    except ValueError:
        return refused(Kind.HU1, "truncated" if len(letters) < LETTERS else "bad_base45")
    if len(data) != SIZE:
        return refused(Kind.HU1, "truncated" if len(data) < SIZE else "bad_length")
    if data[0] != VERSION:
        return refused(Kind.HU1, "bad_version")
    return _verify(data, issuers.get(data[1:4]), now)


def _verify(data: bytes, issuer: Issuer | None, now: int | None) -> Pass:
    body, signature = data[: BODY.size], data[BODY.size :]
    if issuer is None:
        return Pass(Kind.HU1, Reading.UNKNOWN_KEY, "unknown_key")
    if not ed25519.verify(issuer.public, signature, DOMAIN + body):
        return Pass(Kind.HU1, Reading.BAD_SIGNATURE, "bad_signature")
    _, issuer_id, serial, minutes, hours, flags, year, letters = BODY.unpack(body)
    declared_at = EPOCH_MS + minutes * MINUTE
    if issuer.revoked_from is not None and declared_at >= issuer.revoked_from:
        return Pass(Kind.HU1, Reading.UNKNOWN_KEY, "revoked")
    if not _letters_ok(letters):
        return refused(Kind.HU1, "bad_layout")
    expires_at = declared_at + hours * HOUR
    late = now is not None and now > expires_at
    fields = {
        "initials": letters.decode("ascii").strip(),
        "birth_year": str(1900 + year),
        "gender": GENDERS[flags & 0b11],
        "serial": serial.hex(),
        "issuer": issuer_id.hex(),
    }
    return Pass(
        Kind.HU1,
        Reading.EXPIRED if late else Reading.VERIFIED,
        "expired" if late else "",
        fields={key: value for key, value in fields.items() if value},
        subjects=(subject(issuer_id, serial),),
        declared_at=declared_at,
        expires_at=expires_at,
    )


def _letters_ok(letters: bytes) -> bool:
    """A-Z, then spaces."""
    return all(65 <= c <= 90 for c in letters.rstrip(b" "))
