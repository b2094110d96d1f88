"""Codes with a well-known scheme that has nothing to do with the day: Wi-Fi, contacts, telephone … Say what it is; keep nothing.

Looked at in the raw bytes, because a contact has many lines. What is not listed here is not "not ours": it may be Hue-S's own code.
"""

from kiosk.domain.passes.model import Kind, Pass, Reading

SCHEMES: dict[bytes, str] = {
    b"wifi:": "wifi",
    b"begin:vcard": "contact",
    b"mecard:": "contact",
    b"bizcard:": "contact",
    b"begin:vevent": "calendar",
    b"begin:vcalendar": "calendar",
    b"tel:": "telephone",
    b"sms:": "message",
    b"smsto:": "message",
    b"mmsto:": "message",
    b"mailto:": "message",
    b"matmsg:": "message",
    b"geo:": "map",
    b"otpauth:": "sign_in",
    b"otpauth-migration:": "sign_in",
    b"bitcoin:": "payment",
    b"ethereum:": "payment",
    b"market:": "app",
    b"intent:": "app",
    b"javascript:": "program",
    b"vbscript:": "program",
    b"data:": "program",
    b"file:": "program",
}
REASONS = frozenset(SCHEMES.values())


def read(raw: bytes) -> Pass | None:
    """The code in `raw`, or None when its scheme is not one of these."""
    head = raw[:80].removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").lower()
    for scheme, what in SCHEMES.items():
        if head.startswith(scheme):
            return Pass(Kind.WIFI if what == "wifi" else Kind.OTHER, Reading.NOT_OURS, what)
    return None
