"""UTF-8 that somebody read as another encoding: undone where the way back is certain, else left alone.

Code readers that type (a wedge, pyzbar in text mode) take the card's UTF-8, which names no encoding, for Latin-1, Shift-JIS, Big5 or
Windows-1258. The way back counts only if every letter of the result is one that Vietnamese writes.
"""

import unicodedata

from kiosk.domain.text import ALPHABET, TONES

CHARSETS = ("latin-1", "cp1252", "cp1258", "shift_jis", "cp932", "big5", "gb18030", "euc_kr")
WRITERS = ("cp1258",)  # what a Vietnamese machine writes that knows no UTF-8
AGAIN = 2  # some chains do it twice
SIGNS = frozenset(" |.,;:/-–'’()<>$*+&#_@°\"")


def repaired(raw: bytes) -> bytes:
    """The bytes as the card had them, or `raw` itself."""
    if raw.isascii():
        return raw
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return next((found for charset in WRITERS if (found := _written_in(raw, charset))), raw)
    for _ in range(AGAIN):
        if vietnamese(text):
            break
        back = _back(text)
        if back is None:
            return raw
        text = back
    return text.encode() if vietnamese(text) else raw


def _back(text: str) -> str | None:
    """One wrong reading undone."""
    unsure = None
    for charset in CHARSETS:
        try:
            back = _bytes(text, charset).decode("utf-8")
        except UnicodeError:
            continue
        if vietnamese(back):
            return back
        unsure = unsure or back
    return unsure


def _bytes(text: str, charset: str) -> bytes:
    """cp1252 leaves five bytes undefined; readers pass them through as they are."""
    if charset == "cp1252":
        return b"".join(c.encode("latin-1") if "\x80" <= c <= "\x9f" else c.encode(charset) for c in text)
    return text.encode(charset)


def _written_in(raw: bytes, charset: str) -> bytes | None:
    try:
        text = unicodedata.normalize("NFC", raw.decode(charset))
    except UnicodeError:
        return None
    return text.encode() if vietnamese(text) else None


def vietnamese(text: str) -> bool:
    """Every letter is one that Vietnamese writes (w, f, j and z are in foreign names), every sign one that cards have."""
    for c in unicodedata.normalize("NFC", text):
        if c.isascii():
            continue
        parts = unicodedata.normalize("NFD", c.casefold())
        base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in TONES))
        if base not in ALPHABET and c not in SIGNS and not (unicodedata.category(c) == "Zs" or parts in TONES):
            return False
    return True
