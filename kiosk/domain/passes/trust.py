"""Whose signatures on vaccine certificates and health cards count. trustlist.py reads such lists; this is loaded with the parsers."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from kiosk.domain.passes.model import Issuer

ES256, PS256 = -7, -37  # COSE algorithm numbers (RFC 9053, RFC 8230)

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class Key(msgspec.Struct, frozen=True):
    """One public key and the COSE algorithm it is listed for."""

    alg: int
    public: PublicKey

    def verifies(self, signature: bytes, signed: bytes) -> bool:
        """ES256: r and s of 32 bytes each; PS256: RSA-PSS, SHA-256, salt of 32 bytes."""
        try:
            if isinstance(self.public, ec.EllipticCurvePublicKey):
                if len(signature) != 64:
                    return False
                der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
                self.public.verify(der, signed, ec.ECDSA(hashes.SHA256()))
            else:
                self.public.verify(signature, signed, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        except InvalidSignature:
            return False
        return True


class TrustLists(msgspec.Struct, frozen=True):
    """`at`: the list's own date, ms UTC, None when it has none; `dcc`: by key id; `shc`: by issuer; `issuers`: of our own passes."""

    at: int | None = None
    dcc: Mapping[bytes, tuple[Key, ...]] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    shc: Mapping[str, tuple[Key, ...]] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    issuers: Mapping[bytes, Issuer] = msgspec.field(default_factory=lambda: MappingProxyType({}))

    def __or__(self, other: "TrustLists") -> "TrustLists":
        """Both lists; the older date of the two, since the screen must not say less than the truth."""
        dates = [at for at in (self.at, other.at) if at is not None]
        return TrustLists(
            min(dates, default=None), {**self.dcc, **other.dcc}, {**self.shc, **other.shc}, {**self.issuers, **other.issuers}
        )


NOTHING = TrustLists()
