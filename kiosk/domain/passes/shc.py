"""`shc:/` - a SMART Health Card: pairs of digits, a JWS signed with ES256, raw DEFLATE, a FHIR bundle.

Source: SMART Health Cards Framework 1.x. An issuer of the stored trust list or not verified at all. Cards in several pieces are refused:
the framework gave them up.
"""

import base64
import binascii
import re
import zlib
from typing import Any

import msgspec

from kiosk.domain.passes import certificate
from kiosk.domain.passes.model import Kind, Pass, Reading, refused
from kiosk.domain.passes.trust import TrustLists
from kiosk.domain.text import BadText

REASONS = frozenset({"bad_digits", "in_pieces", "bad_jws", "bad_alg", "bad_layout", "unknown_key", "bad_signature", "expired"})
REASONS |= certificate.REASONS

PREFIX = b"shc:/"
_PART = re.compile(r"[A-Za-z0-9_-]+")


def read(raw: bytes, lists: TrustLists, now: int | None) -> Pass | None:
    """The card in `raw`, or None when it is another kind. `now` (ms UTC): without it nothing is ever expired."""
    code = raw.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n\x00")
    if not code.startswith(PREFIX):
        return None
    try:
        return _card(code[len(PREFIX) :], lists, now)
    except BadText as bad:
        return refused(Kind.SHC, bad.reason)


def _card(digits: bytes, lists: TrustLists, now: int | None) -> Pass:
    if re.fullmatch(rb"[0-9]{1,3}/[0-9]{1,3}/.*", digits, re.DOTALL):
        raise BadText("in_pieces")
    if not digits or len(digits) % 2 or not re.fullmatch(rb"[0-9]+", digits):
        raise BadText("bad_digits")
    letters = [int(digits[i : i + 2]) + 45 for i in range(0, len(digits), 2)]
    if max(letters) > 122:  # "z": base64url and the dot need no more
        raise BadText("bad_digits")
    parts = bytes(letters).decode("ascii").split(".")
    if len(parts) != 3:
        raise BadText("bad_jws")
    head = _json(_unpadded(parts[0]))
    if not isinstance(head, dict) or head.get("alg") != "ES256" or head.get("zip") != "DEF":
        raise BadText("bad_alg")
    claims = _json(certificate.inflate(_unpadded(parts[1]), -zlib.MAX_WBITS))
    if not isinstance(claims, dict):
        raise BadText("bad_layout")
    fields, expires = _person(claims), claims.get("exp")
    if expires is not None and (type(expires) not in (int, float) or not 0 <= expires < 1 << 40):
        raise BadText("bad_layout")
    keys = lists.shc.get(str(claims.get("iss")), ())
    if not keys:
        return Pass(Kind.SHC, Reading.UNKNOWN_KEY, "unknown_key", fields)
    if not any(key.verifies(_unpadded(parts[2]), f"{parts[0]}.{parts[1]}".encode()) for key in keys):
        return Pass(Kind.SHC, Reading.BAD_SIGNATURE, "bad_signature")
    ends = round(expires * 1000) if expires is not None else None
    late = now is not None and ends is not None and now > ends
    reading, reason = (Reading.EXPIRED, "expired") if late else (Reading.VERIFIED, "")
    return Pass(Kind.SHC, reading, reason, fields, expires_at=ends, trusted_at=lists.at)


def _unpadded(part: str) -> bytes:
    if not _PART.fullmatch(part):
        raise BadText("bad_jws")
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise BadText("bad_jws") from error


def _json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadText("bad_layout") from error


def _person(claims: dict[str, Any]) -> dict[str, str]:
    """The patient of the bundle. Raises BadText: bad_layout, and those of the name."""
    inner: Any = claims
    for key in ("vc", "credentialSubject", "fhirBundle", "entry"):
        inner = inner.get(key) if isinstance(inner, dict) else None
    for entry in inner if isinstance(inner, list) else ():
        patient = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(patient, dict) and patient.get("resourceType") == "Patient":
            names = patient.get("name")
            name = names[0] if isinstance(names, list) and names and isinstance(names[0], dict) else {}
            given = name.get("given")
            fields = certificate.person(
                (name.get("family"), *(given if isinstance(given, list) else ())), patient.get("birthDate"), patient.get("gender")
            )
            if "full_name" in fields:
                return fields
    raise BadText("bad_layout")
