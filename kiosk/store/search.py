"""Finds the people a query may mean among those declared here, best first. Reads the index and the declarations; writes nothing.

First the people of the rarest words (with the likely slips of each word), then each of them is compared with the whole question.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, bindparam, select

from kiosk.domain import query, text
from kiosk.domain.query import Query, Word
from kiosk.store import nameindex, projections
from kiosk.store.engine import Prepared
from kiosk.store.tables import DeclarationRow, SearchPart, Subject

PART: Any = SearchPart.__table__  # type: ignore[attr-defined]
DECLARATION: Any = DeclarationRow.__table__  # type: ignore[attr-defined]
SUBJECT: Any = Subject.__table__  # type: ignore[attr-defined]

MOST = 10
COMPARED = 160  # people whose names are read and compared
READ = 30_000  # index rows looked at for one question
COMMON = 2_000, 20_000  # rows (with a year, without): a word that more bear finds nobody by itself
YEARS = 60  # over which the living are spread: what a year leaves of a word
ENOUGH = 0.55  # of 1: less is somebody else
LIKE = 0.82  # from here on it may be the same person: shown before "new person"

_OF_YEAR = Prepared(select(PART.c.epoch, PART.c.seq).where(PART.c.word == bindparam("word"), PART.c.year == bindparam("year")).limit(READ))
_OF_ALL = Prepared(select(PART.c.epoch, PART.c.seq).where(PART.c.word == bindparam("word")).limit(READ))
_PERSON = Prepared(
    select(DECLARATION.c.at, DECLARATION.c.desk, DECLARATION.c.fields, DECLARATION.c.mode, DECLARATION.c.name_folded).where(
        DECLARATION.c.epoch == bindparam("epoch"), DECLARATION.c.seq == bindparam("seq"), DECLARATION.c.voided == 0
    )
)
_BY_HASH = Prepared(select(SUBJECT.c.epoch, SUBJECT.c.seq).where(SUBJECT.c.hash == bindparam("hash")))

Place = tuple[str, int]  # epoch, seq
Likely = dict[str, float]  # a word of the index -> how like the typed one, 0-1


class Particulars(msgspec.Struct, frozen=True):
    """Of a declaration's fields, what a comparison needs."""

    full_name: str = ""
    birth_date: str = ""
    gender: str = ""
    id_number: str = ""
    old_id: str = ""
    phone: str = ""
    phone_of: str = ""


class Found(msgspec.Struct, frozen=True):
    """One person, by the newest declaration. `score`: 0-1; `place`: (epoch, seq) of the declaration; times in ms UTC."""

    place: Place
    score: float
    person: Particulars
    declared_at: int
    desk: bool
    mode: str
    words: tuple[str, ...] = ()

    @property
    def like(self) -> bool:
        """So like what was asked that it may be the same person."""
        return self.score >= LIKE


def by_subject(conn: Connection, station_key: bytes, subjects: tuple[str, ...]) -> list[Found]:
    """Who bears this very number, newest declaration first; one hit a person."""
    return _once(all_of(conn, station_key, subjects))


class Declared(msgspec.Struct, frozen=True):
    """A declaration that counts: `fields`: JSON of form.yaml's keys."""

    place: Place
    declared_at: int
    mode: str
    desk: bool
    fields: str


def declaration(conn: Connection, epoch: str, seq: int) -> Declared | None:
    row = _PERSON.first(conn, epoch=epoch, seq=seq)
    return None if row is None else Declared((epoch, seq), row[0], row[3], bool(row[1]), row[2])


def all_of(conn: Connection, station_key: bytes, subjects: tuple[str, ...]) -> list[Found]:
    """Every declaration of who bears any of these numbers, newest first."""
    places = {
        (row[0], row[1])
        for subject in subjects
        for row in _BY_HASH.run(conn, {"hash": projections.subject_hash(station_key, subject)}).fetchall()
    }
    return sorted((one for place in places if (one := _read(conn, place, 1.0))), key=_age)


def by_name(conn: Connection, asked: Query, most: int = MOST) -> list[Found]:
    """At most `most` people, best first; among equals in Vietnamese order by given name."""
    words = nameindex.vocabulary(conn)
    likely = [_spellings(word, words) for word in _cut(asked.words, words)]
    found = [one for reading in asked.readings for one in _compared(conn, reading, likely, words)]
    if not found and asked.year is not None:  # the year is the slip
        found = _compared(conn, replace(asked, year=None), likely, words)
    found.sort(key=lambda one: (-one.score, _age(one)))
    best = _once(found)[: 3 * most]  # the order of the alphabet costs more than the comparison
    return sorted(best, key=lambda one: (-round(one.score, 2), text.name_key(one.person.full_name)))[:most]


def _compared(conn: Connection, asked: Query, likely: list[Likely], words: Mapping[str, int]) -> list[Found]:
    total = max(words.values(), default=1)
    judge, found = _Judge(asked, likely, words, total), []
    for place in _candidates(conn, asked, likely, words, total):
        one = _read(conn, place)
        if one is not None and (score := judge.score(one.person, one.words)) >= ENOUGH:
            found.append(replace(one, score=score))
    return found


def similar(conn: Connection, fields: Mapping[str, Any], most: int = 5) -> list[Found]:
    """Who may be the person of a form that is being filled: to be shown before "a new person"."""
    born = str(fields.get("birth_date") or "")[:4]
    typed = " ".join(part for part in (str(fields.get("full_name") or ""), born if born.isdigit() else "") if part)
    if not typed.strip():
        return []
    asked = query.parse(typed)
    return [one for one in by_name(conn, asked, most) if one.like] if asked.words else []


def _read(conn: Connection, place: Place, score: float = 0.0) -> Found | None:
    row = _PERSON.first(conn, epoch=place[0], seq=place[1])
    if row is None:
        return None
    words = tuple(row[4].split())
    words = words if all(map(str.isalnum, words)) else query.index_words(row[4])
    return Found(place, score, msgspec.json.decode(row[2], type=Particulars), row[0], bool(row[1]), row[3], words)


def _age(one: Found) -> tuple[int, int]:
    """Newest first."""
    return -one.declared_at, -one.place[1]


def _once(found: list[Found]) -> list[Found]:
    """One hit a person: the newest declaration, in the place of the best."""
    newest: dict[object, Found] = {}
    for one in found:
        p = one.person
        same: object = p.id_number or (text.fold(p.full_name), p.birth_date, p.phone)
        if same not in newest:
            newest[same] = one
        elif _age(one) < _age(newest[same]):
            newest[same] = replace(one, score=newest[same].score)
    return list(newest.values())


# -- which words may be meant ---------------------------------------------------------------------------------------------


def _cut(asked: tuple[Word, ...], words: Mapping[str, int]) -> list[Word]:
    """Words that were run together, apart again: "nguyenthilan" -> nguyen, thi, lan."""
    out: list[Word] = []
    for word in asked:
        pieces: list[str] = []
        if not any(s in words for s in word.spellings) and len(word.spellings[0]) >= 5:
            pieces = next((cut for s in word.spellings if (cut := _pieces(s, words))), [])
        out += [Word((piece,)) for piece in pieces] or [word]
    return out


def _pieces(run: str, words: Mapping[str, int]) -> list[str]:
    """The cut into known words that is likeliest: few, and common ones."""
    best: list[tuple[float, list[str]]] = [(0.0, []), *((math.inf, []) for _ in run)]
    for end in range(1, len(run) + 1):
        for start in range(max(0, end - 8), end):
            n = words.get(run[start:end], 0)
            if n and best[start][0] < math.inf:
                cost = best[start][0] + 8 - math.log(n) / 4 - (end - start)
                if cost < best[end][0]:
                    best[end] = (cost, [*best[start][1], run[start:end]])
    return best[-1][1] if len(best[-1][1]) > 1 else []


def _spellings(word: Word, words: Mapping[str, int]) -> Likely:
    """The words of the index that may be meant by a typed one: itself, and those one slip away (two for a long one)."""
    from rapidfuzz import process  # here: the window's start does not wait for what the first look-up needs
    from rapidfuzz.distance import OSA

    out: Likely = {}
    for n, spelling in enumerate(word.spellings):
        if spelling in words:
            out[spelling] = max(out.get(spelling, 0.0), 1.0 - 0.02 * n)
        reach = 2 if len(spelling) >= 5 and spelling not in words else 1
        if len(spelling) < 2:
            continue
        for known, away, _ in process.extract(spelling, words.keys(), scorer=OSA.distance, score_cutoff=reach, limit=None):
            if away:
                out[known] = max(out.get(known, 0.0), 1.0 - (away + 0.2) / (max(len(known), len(spelling)) + 0.5))
    return out


# -- who may be meant -----------------------------------------------------------------------------------------------------


def _candidates(conn: Connection, asked: Query, likely: list[Likely], words: Mapping[str, int], total: int) -> list[Place]:
    """The people worth comparing, likeliest first."""
    weight: dict[Place, float] = defaultdict(float)
    budget = READ
    for tail in asked.tails:
        for place in _places(conn, nameindex.DIGITS + tail, None):
            weight[place] += 6.0
    if asked.year is not None and not asked.tails:
        for place in _places(conn, f"{nameindex.DIGITS}{asked.year:04}", None):  # it may be the end of a number after all
            weight[place] += 0.5
    for one in sorted(likely, key=lambda one: min((words[w] for w in one), default=0)):
        rare = {w: like for w, like in one.items() if (words[w] <= COMMON[1] if asked.year is None else words[w] <= COMMON[0] * YEARS)}
        for w, like in sorted(rare.items(), key=lambda item: (-item[1], words[item[0]])):
            if budget <= 0:
                break
            rank = math.log(1 + total / words[w]) * like * like
            for place in _places(conn, w, asked.year):
                weight[place] += rank
                budget -= 1
    if len(weight) < MOST and budget > 0:
        _add_common(conn, asked, likely, words, weight)
    return [place for place, _ in sorted(weight.items(), key=lambda item: -item[1])[:COMPARED]]


def _places(conn: Connection, word: str, year: int | None) -> Iterator[Place]:
    rows = _OF_ALL.run(conn, {"word": word}) if year is None else _OF_YEAR.run(conn, {"word": word, "year": year})
    yield from rows.fetchall()
    if year is not None:
        yield from _OF_YEAR.run(conn, {"word": word, "year": 0}).fetchall()  # whose year nobody wrote down


def _add_common(conn: Connection, asked: Query, likely: list[Likely], words: Mapping[str, int], weight: dict[Place, float]) -> None:
    """Only common words ("Nguyễn Thị"): those who bear the rarest of them, and then the others too."""
    for one in sorted(likely, key=lambda one: min((words[w] for w in one), default=0)):
        for w, like in sorted(one.items(), key=lambda item: -item[1])[:2]:
            for place in _places(conn, w, asked.year):
                weight[place] += like


# -- how like they are ----------------------------------------------------------------------------------------------------


class _Judge:
    """Compares one question with many people; what two words have in common is computed once."""

    def __init__(self, asked: Query, likely: list[Likely], words: Mapping[str, int], total: int) -> None:
        self._asked, self._likely = asked, likely
        rarity = [max((math.log(1 + total / words[w]) for w in one), default=4.0) for one in likely]
        weights = [min(6.0, max(1.0, r)) for r in rarity]
        self._whole = sum(weights)
        self._order = sorted(zip(likely, weights, strict=True), key=lambda pair: -max(pair[0].values(), default=0.0))
        self._marked = [word.marked for word in asked.words if word.marked]

    def score(self, person: Particulars, own: tuple[str, ...]) -> float:
        """0-1 for a name alone; a year and digits that fit raise it, those that do not lower it. `own`: the name's words, folded."""
        name, all_said = self._name(own)
        score = name + all_said + self._marks(person.full_name)
        if self._likely:
            score -= 0.02 * max(0, len(own) - len(self._likely))
        year = int(person.birth_date[:4]) if person.birth_date[:4].isdigit() else 0
        if self._asked.year is not None and year:
            score += 0.1 if year == self._asked.year else -0.12 if abs(year - self._asked.year) == 1 else -0.3
        if self._asked.tails:
            ends = query.tails_of(person.id_number, person.old_id, person.phone)
            score += 0.3 if set(self._asked.tails) & set(ends) else -0.3
        return min(1.0, max(0.0, score * (1.0 if self._likely else 2.4)))

    def _name(self, own: tuple[str, ...]) -> tuple[float, float]:
        """(share of the question that the name answers, a little more if no word of the name is left over)."""
        free, got = list(own), 0.0
        for one, weight in self._order:
            best, like = "", 0.0
            for w in free:
                if (found := one.get(w, 0.0)) > like:
                    best, like = w, found
            if like:
                free.remove(best)
                got += weight * like
        return (got / self._whole * 0.86 if self._whole else 0.0), 0.04 if not free and got else 0.0

    def _marks(self, name: str) -> float:
        """Same marks, where the officer typed any."""
        if not self._marked:
            return 0.0
        own = set(name.casefold().split())
        return 0.06 * sum(marked in own for marked in self._marked) / len(self._marked)
