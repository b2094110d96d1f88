"""Trust lists as files and feed rows bring them, with the list's own date.

A list is JSON: `{"at": "2021-05-22T18:00+07:00", "dcc_trust_list": [{"kid_b64", "alg", "pem"}], "shc_issuers": [{"iss", "pem"}],
"hu1_issuers": [{"id_hex", "public_hex", "revoked_from"}]}`; `pem` is the public key itself, or in a file the name of one beside it.
A list with a mistake is not taken at all, and the mistake is named by its line. No I/O.
"""

import base64
import binascii
import contextlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from msgspec.structs import replace

from kiosk.domain import datafile
from kiosk.domain.datafile import Mistake, Source
from kiosk.domain.passes.model import Issuer
from kiosk.domain.passes.trust import ES256, NOTHING, PS256, Key, TrustLists
from kiosk.domain.vntime import ZONE

__all__ = ["Mistake", "inlined", "of_rows", "parse"]

NAMES = {"ES256": ES256, "PS256": PS256}
PEM = "-----BEGIN PUBLIC KEY-----"


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


def of_rows(rows: Iterable[tuple[int, bytes]]) -> TrustLists:
    """Feed rows (date in ms UTC, list) together; a row that cannot be read is passed over."""
    made = NOTHING
    for at, body in rows:
        with contextlib.suppress(Mistake, UnicodeDecodeError):
            made |= replace(parse(body.decode()), at=at)
    return made


def inlined(text: str, read_key: Callable[[str], str]) -> str:
    """The list with its keys inside, as a feed row carries it. Raises Mistake."""
    parse(text, read_key)
    content = json.loads(text)
    for name in ("dcc_trust_list", "shc_issuers"):
        for row in content.get(name, ()):
            row["pem"] = row["pem"] if PEM in row["pem"] else read_key(row["pem"])
    kept = ("at", "dcc_trust_list", "shc_issuers", "hu1_issuers")
    return json.dumps({name: content[name] for name in kept if name in content})
