"""`HC1:` - the EU Digital COVID Certificate, which Vietnam's vaccine passport is one of: base45, zlib, COSE_Sign1 (ES256 or PS256), CWT.

Source: eHealth Network, Electronic Health Certificate Specification 1.0.5; RFC 9052, RFC 8392. The space is a base45 character: never
trim inside. Signed by a key of the stored trust list or not verified at all; expiry counts only as an integer.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import base45
import cbor2

from kiosk.domain.passes import cbor, certificate
from kiosk.domain.passes.model import Kind, Pass, Reading, refused
from kiosk.domain.passes.trust import ES256, PS256, TrustLists
from kiosk.domain.text import BadText, clean

REASONS = frozenset({"bad_base45", "bad_cbor", "cbor_nesting", "bad_cose", "bad_alg", "bad_layout", "unknown_key", "bad_signature"})
REASONS |= certificate.REASONS | {"expired", "ps256"}

PREFIX = b"HC1:"
ISSUED_AT, EXPIRES, HCERT = 6, 4, -260  # CWT claims
ALG, KID = 1, 4  # COSE header parameters
SIGN1 = 18


def read(raw: bytes, lists: TrustLists, now: int | None) -> Pass | None:
    """The certificate in `raw`, or None when it is another kind. `now` (ms UTC): without it nothing is ever expired."""
    code = raw.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n\x00")  # base45 never ends in its own space: see hu1.py
    if not code.startswith(PREFIX):
        return None
    try:
        return _certificate(code[len(PREFIX) :], lists, now)
    except BadText as bad:
        return refused(Kind.HC1, bad.reason)


def _certificate(letters: bytes, lists: TrustLists, now: int | None) -> Pass:
    try:
        packed = base45.b45decode(letters)
    except ValueError as error:
        raise BadText("bad_base45") from error
    protected, unprotected, payload, signature = _sign1(cbor.loads(certificate.inflate(packed, zlib.MAX_WBITS)))
    header = _map(cbor.loads(protected) if protected else {}, "bad_cose")
    alg, kid = header.get(ALG), header.get(KID, unprotected.get(KID))
    if alg not in (ES256, PS256) or type(alg) is not int:
        raise BadText("bad_alg")
    claims = cbor.loads(payload)
    fields, subjects, expires = _claims(claims)
    keys = lists.dcc.get(kid, ()) if isinstance(kid, bytes) else ()
    keys = tuple(key for key in keys if key.alg == alg)
    if not keys:
        return Pass(Kind.HC1, Reading.UNKNOWN_KEY, "unknown_key", fields)
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    if not any(key.verifies(signature, signed) for key in keys):
        return Pass(Kind.HC1, Reading.BAD_SIGNATURE, "bad_signature")
    late = now is not None and expires is not None and now > expires
    reason = "expired" if late else "ps256" if alg == PS256 else ""
    reading = Reading.EXPIRED if late else Reading.VERIFIED
    return Pass(Kind.HC1, reading, reason, fields, subjects, expires_at=expires, trusted_at=lists.at)


def _sign1(message: Any) -> tuple[bytes, Mapping[Any, Any], bytes, bytes]:
    """[protected, unprotected, payload, signature], tagged or bare. Raises BadText("bad_cose")."""
    if isinstance(message, cbor2.CBORTag):
        message = message.value if message.tag == SIGN1 else None
    if not isinstance(message, list | tuple) or len(message) != 4:
        raise BadText("bad_cose")
    protected, unprotected, payload, signature = message
    if not (isinstance(protected, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)):
        raise BadText("bad_cose")
    return protected, _map(unprotected, "bad_cose"), payload, signature


def _claims(claims: Any) -> tuple[dict[str, str], tuple[str, ...], int | None]:
    """(fields, subjects, expiry in ms UTC). Raises BadText: bad_layout, and those of the name."""
    expires = _map(claims).get(EXPIRES)
    if expires is not None and (type(expires) is not int or not 0 <= expires < 1 << 40):
        raise BadText("bad_layout")
    body = _map(_map(claims.get(HCERT)).get(1))
    name = _map(body.get("nam"))
    surname, given = name.get("fn") or name.get("fnt"), name.get("gn") or name.get("gnt")
    plain = tuple(part.replace("<", " ") if isinstance(part, str) else part for part in (surname, given))
    fields = certificate.person(plain, body.get("dob"))
    if "full_name" not in fields:
        raise BadText("bad_layout")
    return fields, _subjects(body), expires * 1000 if expires is not None else None


def _map(value: object, reason: str = "bad_layout") -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise BadText(reason)
    return value


def _subjects(body: Mapping[Any, Any]) -> tuple[str, ...]:
    """The certificate's own identifier (ci), by which the same paper is known again."""
    for group in ("v", "t", "r"):
        rows = body.get(group)
        first = rows[0] if isinstance(rows, list | tuple) and rows else None
        ci = first.get("ci") if isinstance(first, Mapping) else None
        if isinstance(ci, str) and ci.strip():
            return (f"dcc:{clean(ci, 100)}",)
    return ()
