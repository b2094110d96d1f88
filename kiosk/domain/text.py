"""The one door for text from outside: codes, forms, files, the wire. What comes through is NFC, in one line, and harmless to show.

It also folds and sorts Vietnamese. It judges no meaning (identity.py does) and escapes nothing for HTML, SQL or PDF: their
rooms do, because the same text is right on one screen and wrong in another file.
"""

import re
import unicodedata

REASONS = frozenset({"control_chars", "line_break", "bad_utf8", "bidi", "too_large", "empty"})

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
INVISIBLE = frozenset("\u00ad\u180e\u200b\u200c\u200d\u2060\ufeff")  # soft hyphen, zero-width spaces and joiners, BOM
LINE_BREAKS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
MARKS_IN_A_ROW = 2  # after NFC no Vietnamese letter needs one; more than two is a tower that paints over its neighbours
ENDS = " \t\r\n\ufeff\x00"

ALPHABET = {letter: place for place, letter in enumerate("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz", 1)}
TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}  # huyền, hỏi, ngã, sắc, nặng

SIGNS, OTHER_SCRIPTS = -0x110000, 1000

_TOWER = re.compile(rf"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{{{MARKS_IN_A_ROW + 1},}}")


class BadText(ValueError):
    """Text refused at the door. `reason`: a stable word, one of REASONS here or of the room that refuses."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def clean(raw: bytes | str, limit: int) -> str:
    """One line of safe text of at most `limit` characters (bytes: at most 4 x `limit` before decoding).

    Strict UTF-8; a byte-order mark, white space and NULs at the ends and zero-width characters anywhere are dropped; every kind
    of space becomes one; the rest is NFC. Raises BadText: empty, too_large, bad_utf8, line_break, control_chars, bidi.
    """
    text = decode(raw, limit)
    hostile = _hostile(text)
    if hostile:
        raise BadText(hostile)
    spaced = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text if c not in INVISIBLE)
    out = unicodedata.normalize("NFC", spaced).strip()
    if _TOWER.search(out):
        raise BadText("control_chars")
    if not out:
        raise BadText("empty")
    if len(out) > limit:
        raise BadText("too_large")
    return out


def decode(raw: bytes | str, limit: int) -> str:
    """The text itself, its ends trimmed, its content not yet looked at. Raises BadText: empty, too_large, bad_utf8."""
    if len(raw) > (4 * limit + 8 if isinstance(raw, bytes) else 4 * limit):  # NFD takes up to four characters for one of ours
        raise BadText("too_large")
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw.encode("utf-8").decode("utf-8")
    except UnicodeError as error:
        raise BadText("bad_utf8") from error
    text = text.strip(ENDS)
    if not text or not text.strip():
        raise BadText("empty")
    return text


def clean_or_empty(raw: bytes | str, limit: int) -> str:
    """As `clean`, for a field that may be left empty. Raises BadText for all but empty."""
    return clean(raw, limit) if raw and raw.strip() else ""


def squeeze(text: str) -> str:
    """Runs of spaces become one: "Trần  Thị Mẫu " -> "Trần Thị Mẫu"."""
    return " ".join(text.split())


def _hostile(text: str) -> str:
    """The first reason to refuse the content, or ""."""
    for c in text:
        if c in LINE_BREAKS:
            return "line_break"
        if c in BIDI:
            return "bidi"
        if c not in INVISIBLE and unicodedata.category(c) in ("Cc", "Cf", "Co"):
            return "control_chars"
    return ""


def fold(text: str) -> str:
    """The form to search by: NFD without marks, đ as d, lower case, single spaces. "Đặng  Thị Ẩn" -> "dang thi an"."""
    lowered = unicodedata.normalize("NFD", text.casefold())
    bare = "".join(c for c in lowered if unicodedata.category(c) != "Mn")
    return squeeze(bare.replace("đ", "d").casefold())


def _letter(c: str) -> tuple[int, int]:
    """A letter's (place in the alphabet, tone). Signs and digits go before "a", letters of other scripts after "z"."""
    parts = unicodedata.normalize("NFD", c)
    tone = next((TONES[part] for part in parts if part in TONES), 0)
    base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in TONES)) or c
    place = ALPHABET.get(base, ord(base[0]) + (OTHER_SCRIPTS if base[0].isalpha() else SIGNS))
    return place, tone


Syllable = tuple[tuple[int, ...], tuple[int, ...]]


def sort_key(text: str) -> tuple[tuple[Syllable, ...], str]:
    """Vietnamese dictionary order: syllable by syllable, first its letters (a ă â … d đ …), then its tone (none, huyền, hỏi,
    ngã, sắc, nặng): An Àn Ản Ãn Án Ạn Ăn Ân; Dương < Đặng. The Unicode default order gets it wrong.
    """
    syllables: list[Syllable] = []
    for word in unicodedata.normalize("NFC", text).casefold().split():
        letters = [_letter(c) for c in unicodedata.normalize("NFC", word)]
        syllables.append((tuple(place for place, _ in letters), tuple(tone for _, tone in letters)))
    return tuple(syllables), text


def name_key(name: str) -> tuple[object, ...]:
    """Order of a Vietnamese list of people: by given name (the last word), then surname and middle names."""
    words = name.split()
    return sort_key(" ".join(words[-1:] + words[:-1]))
