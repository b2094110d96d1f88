"""Ed25519 (RFC 8032): 32-byte private seeds, 32-byte public keys, 64-byte signatures."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def generate() -> bytes:
    """A new private seed, 32 bytes."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def public(seed: bytes) -> bytes:
    """The public key of a seed, 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def sign(seed: bytes, data: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).sign(data)


@lru_cache(1024)  # parsing a key costs a quarter of a verification, and a morning's passes have few issuers
def _key(public_key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public_key)


def verify(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """True if `signature` over `data` is of `public_key`; a malformed key or signature is False, never an exception."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    try:
        _key(public_key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
