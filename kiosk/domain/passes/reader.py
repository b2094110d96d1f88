"""`read`: asks the modules of each kind in turn what a scanned code says.

`read` never raises, whatever the bytes. It records nothing and knows nobody: who the person is, and what to do, is verdict.py's.
An unknown text is never refused for being unknown: Hue-S's and VNeID's own layouts are not public, so the officer looks at the phone.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from kiosk.domain.passes import bare, bhyt, cccd, hu1, location, moh, other, qrqg, vietqr
from kiosk.domain.passes.model import Issuer, Kind, Pass, Reading, refused
from kiosk.domain.text import REASONS as TEXT_REASONS
from kiosk.domain.text import BadText, clean

LONGEST = 4296  # characters in the largest QR code there is (version 40, alphanumeric)

TextReader = Callable[[str, int | None], Pass | None]
# The order matters: a payment code starts with digits, posters live on the Ministry's domain, and so on.
TEXT_READERS: tuple[TextReader, ...] = (vietqr.read, location.read, moh.read, qrqg.read, bhyt.read, cccd.read, bare.read)

REASONS = frozenset({"", "look_at_phone", "unknown_link", "not_checked", "bad_base64"}).union(
    TEXT_REASONS, *(module.REASONS for module in (bare, bhyt, cccd, hu1, location, moh, other, qrqg, vietqr))
)

NO_ISSUERS: Mapping[bytes, Issuer] = MappingProxyType({})


def read(raw: bytes, issuers: Mapping[bytes, Issuer] = NO_ISSUERS, now: int | None = None) -> Pass:
    """The pass in `raw`, the bytes as the decoder found them. `issuers`: trusted pass issuers by their 3-byte id; `now`: ms UTC."""
    if len(raw) > LONGEST:
        return refused(_kind_of(raw), "too_large")
    for answer in (hu1.read(raw, issuers, now), _certificate(raw), other.read(raw)):
        if answer is not None:
            return answer
    try:
        text = clean(raw, LONGEST)
    except BadText as bad:
        return refused(_kind_of(raw), bad.reason)
    for reader in TEXT_READERS:
        answer = reader(text, now)
        if answer is not None:
            return answer
    return Pass(Kind.UNKNOWN, Reading.SEEN, "unknown_link" if text.lower().startswith(("http:", "https:")) else "look_at_phone")


def _certificate(raw: bytes) -> Pass | None:
    """Vaccine certificates. Their signatures are not checked here yet, so the officer looks at the phone."""
    head = raw[:12].lstrip()
    if head.startswith(b"HC1:"):
        return Pass(Kind.HC1, Reading.SEEN, "not_checked")
    if head.startswith(b"shc:/"):
        return Pass(Kind.SHC, Reading.SEEN, "not_checked")
    return None


def _kind_of(raw: bytes) -> Kind:
    """A guess at what refused bytes wanted to be, for the officer's card; no content leaves here."""
    parts = raw[:LONGEST].decode("utf-8", "replace").strip().split("|")
    for module, kind in ((qrqg, Kind.QRQG), (bhyt, Kind.BHYT), (cccd, Kind.CCCD)):
        if module.looks_like(parts):
            return kind
    return Kind.UNKNOWN
