"""Ed25519 (RFC 8032): 32-byte private seeds, 32-byte public keys, 64-byte signatures."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError


def generate() -> bytes:
    """A new private seed, 32 bytes."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public(seed: bytes) -> bytes:
    """The public key of a seed, 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign(seed: bytes, data: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).sign(data)


def verify(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """True if `signature` over `data` is of `public_key`; a malformed key or signature is False, never an exception.

    By libsodium: half the time of OpenSSL's, on the path where a voter waits (docs/decisions/0016).
    """
    if len(public_key) != 32 or len(signature) != 64:
        return False
    try:
        crypto_sign_open(signature + data, public_key)
    except (BadSignatureError, ValueError):
        return False
    return True
