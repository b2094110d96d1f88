"""Trust lists: whose signatures on vaccine certificates and health cards count, with the list's own date.

A list is JSON: `{"at": "2021-05-22T18:00+07:00", "dcc_trust_list": [{"kid_b64", "alg", "pem"}], "shc_issuers": [{"iss", "pem"}],
"hu1_issuers": [{"id_hex", "public_hex", "revoked_from"}]}`; `pem` is the public key itself, or in a file the name of one beside it.
A list with a mistake is not taken at all, and the mistake is named by its line. No I/O.
"""

import base64
import binascii
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from kiosk.domain import datafile
from kiosk.domain.datafile import Mistake, Source
from kiosk.domain.passes.model import Issuer
from kiosk.domain.vntime import ZONE

ES256, PS256 = -7, -37  # COSE algorithm numbers (RFC 9053, RFC 8230)
NAMES = {"ES256": ES256, "PS256": PS256}
STALE_MS = 24 * 3_600_000  # an older list is still used, and says its age
PEM = "-----BEGIN PUBLIC KEY-----"

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True)
class Key:
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


@dataclass(frozen=True, slots=True)
class TrustLists:
    """`at`: the list's own date, ms UTC, None when it has none; `dcc`: by key id; `shc`: by issuer; `issuers`: of our own passes."""

    at: int | None = None
    dcc: Mapping[bytes, tuple[Key, ...]] = field(default_factory=lambda: MappingProxyType({}))
    shc: Mapping[str, tuple[Key, ...]] = field(default_factory=lambda: MappingProxyType({}))
    issuers: Mapping[bytes, Issuer] = field(default_factory=lambda: MappingProxyType({}))

    def __or__(self, other: "TrustLists") -> "TrustLists":
        """Both lists; the older date of the two, since the screen must not say less than the truth."""
        dates = [at for at in (self.at, other.at) if at is not None]
        return TrustLists(
            min(dates, default=None), {**self.dcc, **other.dcc}, {**self.shc, **other.shc}, {**self.issuers, **other.issuers}
        )


NOTHING = TrustLists()


def parse(text: str, read_key: Callable[[str], str] | None = None) -> TrustLists:
    """`read_key`: a file's name beside the list -> its PEM (without it keys must stand in the list). Raises datafile.Mistake."""
    source = Source(text)
    content = source.content
    if not isinstance(content, dict):
        raise source.mistake("{…}?")
    dcc: dict[bytes, list[Key]] = defaultdict(list)
    shc: dict[str, list[Key]] = defaultdict(list)
    for place, row in enumerate(datafile.mappings(source, content.get("dcc_trust_list", []), "dcc_trust_list")):
        where = ("dcc_trust_list", place)
        kid = _decoded(source, row, "kid_b64", 8, base64.b64decode, *where)
        alg = NAMES.get(datafile.text_of(source, row, "alg", *where))
        if alg is None:
            raise source.mistake("ES256, PS256?", *where, "alg")
        dcc[kid].append(_key(source, row, alg, read_key, *where))
    for place, row in enumerate(datafile.mappings(source, content.get("shc_issuers", []), "shc_issuers")):
        issuer = datafile.text_of(source, row, "iss", "shc_issuers", place)
        shc[issuer].append(_key(source, row, ES256, read_key, "shc_issuers", place))
    issuers = _issuers(source, datafile.mappings(source, content.get("hu1_issuers", []), "hu1_issuers"))
    if not (dcc or shc or issuers):
        raise source.mistake("dcc_trust_list, shc_issuers, hu1_issuers?")
    return TrustLists(
        _date(source, content), {kid: tuple(keys) for kid, keys in dcc.items()}, {iss: tuple(keys) for iss, keys in shc.items()}, issuers
    )


def _issuers(source: Source, rows: list[dict[str, Any]]) -> dict[bytes, Issuer]:
    found = {}
    for place, row in enumerate(rows):
        where = ("hu1_issuers", place)
        id_ = _decoded(source, row, "id_hex", 3, bytes.fromhex, *where)
        public, revoked = _decoded(source, row, "public_hex", 32, bytes.fromhex, *where), row.get("revoked_from")
        if revoked is not None and type(revoked) is not int:
            raise source.mistake("ms UTC?", *where, "revoked_from")
        found[id_] = Issuer(id_, public, revoked)
    return found


def _decoded(
    source: Source, row: Mapping[str, Any], key: str, size: int, decode: Callable[[str], bytes], *where: str | int
) -> bytes:
    text = datafile.text_of(source, row, key, *where)
    try:
        data = decode(text)
    except (binascii.Error, ValueError) as error:
        raise source.mistake(f"{text[:40]!r}", *where, key) from error
    if len(data) != size:
        raise source.mistake(f"{size} bytes?", *where, key)
    return data


def _key(source: Source, row: Mapping[str, Any], alg: int, read_key: Callable[[str], str] | None, *where: str | int) -> Key:
    pem = datafile.text_of(source, row, "pem", *where, limit=4000)
    if PEM not in pem:
        if read_key is None:
            raise source.mistake(PEM + "?", *where, "pem")
        try:
            pem = read_key(pem)
        except (OSError, ValueError) as error:
            raise source.mistake(f"{pem[:60]!r}: {type(error).__name__}", *where, "pem") from error
    try:
        public = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise source.mistake("PEM?", *where, "pem") from error
    if alg == ES256 and isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        return Key(alg, public)
    if alg == PS256 and isinstance(public, rsa.RSAPublicKey) and 2048 <= public.key_size <= 4096:
        return Key(alg, public)
    raise source.mistake("ES256: P-256; PS256: RSA 2048-4096", *where, "pem")


def _date(source: Source, content: Mapping[str, Any]) -> int | None:
    """`at`: ISO 8601 (Vietnam's time where no zone stands) or ms UTC."""
    at = content.get("at")
    if at is None or type(at) is int:
        return at
    try:
        moment = datetime.fromisoformat(str(at))
    except ValueError as error:
        raise source.mistake("YYYY-MM-DDTHH:MM?", "at") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).timestamp() * 1000)


__all__ = ["ES256", "NOTHING", "PS256", "STALE_MS", "Key", "Mistake", "TrustLists", "parse"]
