"""`read`: asks the modules of each kind in turn what a scanned code says.

`read` never raises, whatever the bytes. It records nothing and knows nobody: who the person is, and what to do, is verdict.py's.
An unknown text is never refused for being unknown: Hue-S's and VNeID's own layouts are not public, so the officer looks at the phone.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec.structs import replace

from kiosk.domain.passes import bare, bhyt, cccd, hc1, hu1, layouts, location, moh, mojibake, other, qrqg, shc, vietqr
from kiosk.domain.passes.model import Issuer, Kind, Pass, Reading, refused
from kiosk.domain.passes.trust import NOTHING, TrustLists
from kiosk.domain.text import REASONS as TEXT_REASONS
from kiosk.domain.text import BadText, clean

LONGEST = 4296  # characters in the largest QR code there is (version 40, alphanumeric)

TextReader = Callable[[str, int | None], Pass | None]
# The order matters: a payment code starts with digits, posters live on the Ministry's domain, and so on.
TEXT_READERS: tuple[TextReader, ...] = (vietqr.read, location.read, moh.read, qrqg.read, bhyt.read, cccd.read, bare.read)

REPAIRED, LETTERS_LOST = "mojibake_repaired", "letters_lost"

REASONS = frozenset({"", "look_at_phone", "unknown_link", "bad_base64", REPAIRED, LETTERS_LOST}).union(
    TEXT_REASONS, *(module.REASONS for module in (bare, bhyt, cccd, hc1, hu1, layouts, location, moh, other, qrqg, shc, vietqr))
)

NO_ISSUERS: Mapping[bytes, Issuer] = MappingProxyType({})


def read(
    raw: bytes,
    issuers: Mapping[bytes, Issuer] = NO_ISSUERS,
    now: int | None = None,
    lists: TrustLists | None = None,
    patterns: tuple[str, ...] = (),
) -> Pass:
    """The pass in `raw`, the bytes as the decoder found them. `issuers`: trusted pass issuers by their 3-byte id; `now`: ms UTC; `lists`:
    who signs certificates; `patterns`: layouts that the province's policy tells."""
    if len(raw) > LONGEST:
        return refused(_kind_of(raw), "too_large")
    lists = lists or NOTHING
    for answer in (hu1.read(raw, issuers, now), hc1.read(raw, lists, now), shc.read(raw, lists, now), other.read(raw)):
        if answer is not None:
            return answer
    mended = mojibake.repaired(raw) if b"|" in raw else raw
    try:
        text = clean(mended, LONGEST)
    except BadText as bad:
        return refused(_kind_of(raw), bad.reason)
    said = _text(text, now, patterns)
    if mended != raw and said.reading is Reading.READ_UNSIGNED:
        return replace(said, reason=said.reason or REPAIRED)
    return _without_lost_letters(said)


def _text(text: str, now: int | None, patterns: tuple[str, ...]) -> Pass:
    said = layouts.read(text, layouts.all_of(patterns)) if patterns else None
    if said is not None:
        return said
    for reader in TEXT_READERS:
        answer = reader(text, now)
        if answer is not None:
            return answer
    return Pass(Kind.UNKNOWN, Reading.SEEN, "unknown_link" if text.lower().startswith(("http:", "https:")) else "look_at_phone")


def _without_lost_letters(said: Pass) -> Pass:
    """A reader that knows no Vietnamese types "Tr?n Th? M?u": no way back, so the name is asked and the number is kept."""
    lost = [key for key in ("full_name", "permanent", "current") if any(c in said.fields.get(key, "") for c in "?\ufffd")]
    if not lost or said.reading not in (Reading.READ_UNSIGNED, Reading.WARN):
        return said
    fields = {key: value for key, value in said.fields.items() if key not in lost}
    return replace(said, reading=Reading.WARN, reason=LETTERS_LOST, fields=fields, warnings=(LETTERS_LOST, *said.warnings))


def _kind_of(raw: bytes) -> Kind:
    """A guess at what refused bytes wanted to be, for the officer's card; no content leaves here."""
    parts = raw[:LONGEST].decode("utf-8", "replace").strip().split("|")
    for module, kind in ((qrqg, Kind.QRQG), (bhyt, Kind.BHYT), (cccd, Kind.CCCD)):
        if module.looks_like(parts):
            return kind
    return Kind.UNKNOWN
