"""Sealing: a content key to a day's X25519 key, a body under its content key, a small secret under a wrapping key.

Nonces are always random (never derived: a home restored from a backup repeats its sequence numbers).
"""

import os
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAX_BODY = 256 * 1024
WINDOW, MEMORY = 13, 6  # 8 KiB hold dictionary and body; the largest setting clears 400 KiB for each event, to the same bytes


class Unopenable(ValueError):
    """Sealed bytes that this key does not open: damaged, foreign, or not sealed by us."""


def derive(secret: bytes, purpose: bytes, salt: bytes = b"") -> bytes:
    """HKDF-SHA256 (RFC 5869), 32 bytes."""
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=purpose).derive(secret)


def generate_day() -> bytes:
    """A campaign day's X25519 private key, 32 bytes; only the opener holds it."""
    return X25519PrivateKey.generate().private_bytes_raw()


def day_public(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def seal_key(public: bytes, content_key: bytes, aad: bytes) -> bytes:
    """`content_key` (32 bytes) sealed to a day's public key: ephemeral public 32 | nonce 12 | ciphertext and tag 48."""
    ephemeral = X25519PrivateKey.generate()
    mine = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    return mine + wrap(derive(shared, b"kiosk-content-key-v1", mine + public), content_key, aad)


def open_key(private: bytes, sealed: bytes, aad: bytes) -> bytes:
    """The content key. Raises Unopenable."""
    if len(sealed) != 92:
        raise Unopenable("sealed key: length")
    mine = sealed[:32]
    try:
        shared = X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(mine))
    except ValueError as error:
        raise Unopenable("sealed key: point") from error
    return unwrap(derive(shared, b"kiosk-content-key-v1", mine + day_public(private)), sealed[32:], aad)


def wrap(key: bytes, secret: bytes, aad: bytes) -> bytes:
    """AES-256-GCM under a 32-byte key: nonce 12 | ciphertext | tag 16."""
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, secret, aad)


def unwrap(key: bytes, wrapped: bytes, aad: bytes) -> bytes:
    """Raises Unopenable."""
    try:
        return AESGCM(key).decrypt(wrapped[:12], wrapped[12:], aad)
    except (InvalidTag, ValueError) as error:
        raise Unopenable("wrong key or damaged bytes") from error


def compress(body: bytes, dictionary: bytes) -> bytes:
    """Raw deflate with a preset dictionary (RFC 1951)."""
    z = zlib.compressobj(9, zlib.DEFLATED, -WINDOW, MEMORY, zlib.Z_DEFAULT_STRATEGY, dictionary)
    return z.compress(body) + z.flush()


def decompress(data: bytes, dictionary: bytes) -> bytes:
    """At most MAX_BODY bytes. Raises Unopenable."""
    z = zlib.decompressobj(-15, dictionary)
    try:
        out = z.decompress(data, MAX_BODY)
    except zlib.error as error:
        raise Unopenable("body: not deflate") from error
    if z.unconsumed_tail or not z.eof:
        raise Unopenable("body: too long or cut")
    return out
