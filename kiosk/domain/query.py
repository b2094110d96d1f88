"""What an officer types to find somebody: names with or without marks, Telex or VNI left undone, words in any order or run together,
a birth year, the last four digits of a number, a whole number. Pure: it knows nobody.

Every word becomes a few spellings, all folded (text.fold); which of them anybody bears, the index says.
"""

import re
import unicodedata

import msgspec
from msgspec.structs import replace

from kiosk.domain import identity
from kiosk.domain.text import BadText, clean, fold

LONGEST = 200
MOST_WORDS = 8
FIRST_YEAR, LAST_YEAR = 1900, 2025
TAIL = 4  # digits of a number by which people are found
VOWELS = frozenset("aeiouy")

_PARTS = re.compile(r"[^\W_]+(?:/[^\W_]+)*", re.UNICODE)
_DATE = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-](\d{4})")


class Word(msgspec.Struct, frozen=True):
    """One typed word: `marked` as typed, lower case NFC, "" if it bears no mark; `spellings`: folded, likeliest first."""

    spellings: tuple[str, ...]
    marked: str = ""


class Query(msgspec.Struct, frozen=True):
    """`subjects`: a whole number ("id:…", "phone:…"), asked at the door and free; else a name: `words`, `year`, `tails` of four digits."""

    words: tuple[Word, ...] = ()
    year: int | None = None
    tails: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()

    @property
    def by_number(self) -> bool:
        return bool(self.subjects)

    @property
    def readings(self) -> tuple["Query", ...]:
        """Itself, and where two numbers may each be the year, the other way round: "Kiên 2000 1935"."""
        others = [tail for tail in self.tails if _year(tail)] if self.year is not None else []
        return self, *(replace(self, year=int(tail), tails=(f"{self.year}",)) for tail in others)

    @property
    def empty(self) -> bool:
        return not (self.words or self.tails or self.subjects)


def parse(typed: str) -> Query:
    """Raises BadText: empty, too_large, control_chars … of what is no question at all."""
    text = clean(typed, LONGEST)
    subject = _number(text)
    if subject:
        return Query(subjects=(subject,))
    year = None
    for found in _DATE.finditer(text):
        year = _year(found[1]) or year
    words: list[Word] = []
    tails: list[str] = []
    for part in _PARTS.findall(_DATE.sub(" ", text)):
        for piece in re.findall(r"\d{4,}$|.+?(?=\d{4,}$)|.+", part):  # "Lan1983"
            if piece.isdigit() and piece.isascii():
                year, tails = _digits(piece, year, tails)
            else:
                words += [word(one) for one in _humps(piece)]
    words = [one for one in words if one.spellings]
    query = Query(tuple(words[:MOST_WORDS]), year, tuple(dict.fromkeys(tails)))
    if query.empty and year is None:
        raise BadText("empty")
    return query if not query.empty else Query(tails=(f"{year}",))


def _humps(run: str) -> list[str]:
    """"NguyenThiLan" -> Nguyen, Thi, Lan: a capital after a small letter begins a word."""
    cuts = [i for i in range(1, len(run)) if run[i].isupper() and run[i - 1].islower()]
    return [run[a:b] for a, b in zip([0, *cuts], [*cuts, len(run)], strict=True)]


def _number(text: str) -> str:
    """A whole ID number or phone as a subject, or ""."""
    number = re.sub(r"[ .-]", "", text)
    if not number.isascii() or not number.removeprefix("+").isdigit():
        return ""
    if len(number) in (9, 12) and number[0] != "+":
        return f"id:{number}"
    try:
        phone, doubts = identity.check_phone(text)
    except BadText:
        return ""
    return f"phone:{phone}" if phone.startswith("+") and not doubts else ""


def _year(digits: str) -> int | None:
    return int(digits) if len(digits) == 4 and FIRST_YEAR <= int(digits) <= LAST_YEAR else None


def _digits(piece: str, year: int | None, tails: list[str]) -> tuple[int | None, list[str]]:
    """Four digits that may be a birth year are one, the first time; others are the end of a number."""
    if year is None and _year(piece) is not None:
        return _year(piece), tails
    return year, [*tails, piece[-TAIL:]] if len(piece) >= TAIL else tails


def word(typed: str) -> Word:
    folded = fold(typed)
    plain = re.sub(r"[^a-z0-9]", "", folded)
    spellings = [re.sub(r"[0-9]", "", plain), telex(re.sub(r"[0-9]", "", plain))]
    lowered = unicodedata.normalize("NFC", typed).casefold()
    marked = lowered if fold(lowered) != lowered else ""
    return Word(tuple(s for s in dict.fromkeys(spellings) if s), marked)


def telex(plain: str) -> str:
    """A syllable as typed with Telex and never turned into letters, folded: "traanf" -> "tran", "dduwowngf" -> "duong".

    No syllable of Vietnamese ends in f, j, r, s or x: after the first vowel these are tones.
    """
    first = next((i for i, c in enumerate(plain) if c in VOWELS or (c == "w" and i > 0)), len(plain))
    head, rest = plain[:first], re.sub(r"[fjrsxz]", "", plain[first:])
    head = re.sub(r"d{2,}", "d", head)
    rest = ("u" + rest[1:] if rest.startswith("w") else rest).replace("w", "")
    rest = re.sub(r"([aeo])\1+", r"\1", rest)
    late = re.fullmatch(r"([aeiouy]*?([aeo])[aeiouy]*[bcghmnpt]+)\2", rest)  # the circle typed last: "trana"
    return head + (late[1] if late else rest)


def index_words(name: str) -> tuple[str, ...]:
    """The words under which a name is kept, each once."""
    return tuple(dict.fromkeys(w for part in fold(name).split() if (w := re.sub(r"[^a-z0-9]", "", part))))


def tails_of(*numbers: str) -> tuple[str, ...]:
    """The last four digits of each number that has as many."""
    digits = (re.sub(r"[^0-9]", "", number) for number in numbers)
    return tuple(dict.fromkeys(number[-TAIL:] for number in digits if len(number) >= TAIL))
