"""Place posters: ours, Huế's, the Ministry's, other countries'. A poster names a place; the person in front of it shows something else."""

import re

from kiosk.domain import poster
from kiosk.domain.passes import links
from kiosk.domain.passes.model import Kind, Pass, Reading

REASONS = frozenset({"place"})

OURS = "HUP1:"  # then the station's code: alphanumeric mode, a small and coarse QR
PREFIXES = (OURS, "NZCOVIDTRACER:", "UKC19TRACING:")
HOSTS = frozenset(
    {"qr.huecity.vn", "qr.tokhaiyte.vn"}
    | {"luca-app.de", "safeentry-qr.gov.sg", "temperaturepass.ndi-api.gov.sg", "service.nsw.gov.au", "qr.covid19.gov.vn"}
)


def ours(station: str) -> str:
    """The payload of our own poster. `station`: a polling area's code, "46-474-19750-01"."""
    if not re.fullmatch(r"[0-9A-Z-]{1,40}", station):
        raise ValueError(station)
    return OURS + station


def read(text: str, now: int | None) -> Pass | None:
    """The poster in a cleaned line of text, or None when it is another kind."""
    named = poster.read(text)
    if named is not None:
        return Pass(Kind.LOCATION, Reading.NOT_A_PERSON, "place", fields={"place": named[0], "mac": named[1]})
    if text.upper().startswith(PREFIXES) or links.within(links.host_of(text), HOSTS):
        return Pass(Kind.LOCATION, Reading.NOT_A_PERSON, "place")
    return None
