"""Is this answer the province's, and what does it say? An HTML page, a 204, a redirect, a stale or foreign envelope is not an ack.

Judges bytes only: no network, no clock, nothing stored.
"""

from typing import TypeVar

from kiosk.crypto import sign
from kiosk.domain import protocol
from kiosk.domain.protocol import Problem, Untrusted
from kiosk.errors import Code, KioskError
from kiosk.ports import Answer
from kiosk.sync import backoff

T = TypeVar("T")
PROBLEM = "problem"
GZIP = b"\x1f\x8b"


def read(answer: Answer, service: bytes, kind: str, nonce: bytes, content: type[T]) -> T:
    """The content of the province's answer to the call of `kind` that carried `nonce`.

    `service`: the province's Ed25519 key. Only what that key signed over this very nonce counts, whatever the HTTP status says.
    Raises KioskError(PORTAL) when somebody else's web page came, SERVER_ODD when bytes came that are no valid answer to this call,
    SERVER_REFUSED with the signed `problem`. `retry_after_s` is a fact of each when the answer asked for patience.
    """
    asked = backoff.retry_after_s(answer.headers)
    try:
        sealed = protocol.envelope(answer.body)
    except Untrusted as error:
        if portal(answer):
            raise _error(Code.PORTAL, answer, asked) from error
        raise _error(Code.SERVER_ODD, answer, asked, why="shape") from error
    if not sign.verify(service, sealed.signature, sealed.signed()):
        raise _error(Code.SERVER_ODD, answer, asked, why="signature")
    if sealed.nonce != nonce:  # an older answer, or another kiosk's
        raise _error(Code.SERVER_ODD, answer, asked, why="nonce")
    try:
        if sealed.kind == PROBLEM:
            problem = protocol.decode(sealed.body, Problem)
            raise _error(Code.SERVER_REFUSED, answer, max(asked, problem.retry_after_s), problem=problem.code)
        if sealed.kind != kind:
            raise _error(Code.SERVER_ODD, answer, asked, why="kind")
        return protocol.decode(sealed.body, content)
    except Untrusted as error:
        raise _error(Code.SERVER_ODD, answer, asked, why="content") from error


def portal(answer: Answer) -> bool:
    """Does somebody between us and the province want a sign-in? (RFC 6585 names 511; most portals redirect or show a page.)

    A 5xx page is the province's own front door in trouble, not a portal.
    """
    if answer.status == 511 or 300 <= answer.status < 400 or answer.status == 204:
        return True
    kind = answer.headers.get("content-type", "").lower()
    page = "html" in kind or answer.body.lstrip()[:1] == b"<" or answer.body[:2] == GZIP
    return page and answer.status < 400


def _error(code: Code, answer: Answer, asked_s: float, **facts: object) -> KioskError:
    patience = {"retry_after_s": asked_s} if asked_s else {}
    return KioskError(code, **facts, status=answer.status, **patience)
