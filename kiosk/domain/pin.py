"""What opens a kiosk: a PIN where the machine has a key store, a phrase of four everyday words where it has none. Pure but for the list.

A phrase is made by the machine, never thought up; it is typed with or without marks, in any case, with spaces or hyphens.
"""

import itertools
import re
import secrets
from functools import cache

from kiosk.domain import text
from kiosk.shipped import data_dir

FILE = "phrase.txt"
WORDS = 4
LEAST, MOST, LONGEST = 6, 12, 120
_GAPS = re.compile(r"[\s\-_.,;·]+")


@cache
def words() -> tuple[str, ...]:
    """The shipped words, each with a folded form of its own; at least 2,048."""
    lines = (data_dir() / FILE).read_text("utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def _folded() -> frozenset[str]:
    return frozenset(text.fold(word) for word in words())


def new_phrase() -> str:
    """Four words, each drawn anew from the whole list: at least 44 bits."""
    return " - ".join(secrets.choice(words()) for _ in range(WORDS))


def canonical(secret: str) -> str:
    """What is stretched: digits as typed; a phrase folded, one space between syllables."""
    return text.fold(_GAPS.sub(" ", secret[:LONGEST]))


def is_phrase(secret: str) -> bool:
    """True if it can be read as four words of the list (a word has one syllable or two)."""
    syllables = canonical(secret).split()
    reached = [{0}] + [set[int]() for _ in syllables]  # reached[i]: how many words may end at syllable i
    for end in range(1, len(syllables) + 1):
        for length in (1, 2):
            if end >= length and " ".join(syllables[end - length : end]) in _folded():
                reached[end] |= {count + 1 for count in reached[end - length]}
    return bool(syllables) and WORDS in reached[-1]


def problem(secret: str, phrase_needed: bool) -> str:
    """Why it cannot be an officer's own, or "": phrase (four words are needed), short, long, plain (digits that anybody tries)."""
    if is_phrase(secret):
        return ""
    if phrase_needed:
        return "phrase"
    if not (secret.isascii() and secret.isdigit()):
        return "digits"
    if len(secret) < LEAST:
        return "short"
    if len(secret) > MOST:
        return "long"
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(secret)}
    return "plain" if (len(steps) == 1 and steps <= {0, 1, 9}) or len(set(secret)) < 3 else ""
