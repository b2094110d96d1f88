"""What vaccine certificates and health cards share: bounded inflation, and a person from a stranger's text.

A certificate says who somebody is and that a key signed it. It is no health declaration: the officer still asks the questions.
"""

import re
import zlib

from kiosk.domain import identity
from kiosk.domain.text import BadText, clean, squeeze

REASONS = frozenset({"zip_bomb", "truncated", "bad_zlib"})
INFLATED = 16 * 1024  # bytes; real ones have under 3 KiB


def inflate(data: bytes, wbits: int) -> bytes:
    """At most 16 KiB, in memory and in work. `wbits`: zlib.MAX_WBITS, negative for raw DEFLATE. Raises BadText: zip_bomb, truncated,
    bad_zlib."""
    engine = zlib.decompressobj(wbits)
    try:
        out = engine.decompress(data, INFLATED + 1)
    except zlib.error as error:
        raise BadText("bad_zlib") from error
    if len(out) > INFLATED:
        raise BadText("zip_bomb")
    if not engine.eof:
        raise BadText("truncated")
    return out


def person(names: tuple[object, ...], born: object, gender: object = "") -> dict[str, str]:
    """The form's fields from what a certificate says; what is odd or missing is left out. Surname first. Raises BadText for a name that
    is hostile or no text."""
    words = [squeeze(clean(name, identity.NAME_LIMIT)) for name in names if isinstance(name, str) and name.strip()]
    fields = {"full_name": identity.check_name(" ".join(words)) if words else ""}
    if isinstance(born, str) and (found := re.match(r"[0-9]{4}(?:-[0-9]{2}-[0-9]{2}(?=$|T))?", born)):
        fields["birth_date"] = identity.check_date(found[0])
    if isinstance(gender, str) and gender in ("male", "female", "other"):
        fields["gender"] = identity.check_gender(gender)
    return {key: value for key, value in fields.items() if value}
