"""The index by which people are looked up, kept in step by the projections and encrypted with the rest of the file.

One row a word of a name and one a number's last four digits, clustered by (word, birth year): a name with a year reads the few hundred
rows of that year, not the third of the country that is called Nguyễn. How many bear a word is counted beside it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from kiosk.domain import query
from kiosk.store.engine import Prepared
from kiosk.store.tables import SearchPart, SearchWord

PART: Any = SearchPart.__table__  # type: ignore[attr-defined]
WORD: Any = SearchWord.__table__  # type: ignore[attr-defined]
DIGITS = "#"  # before the last four digits of a number

_INSERT = Prepared(insert(PART))
_COUNT = Prepared(
    upsert(WORD).values(word=bindparam("word"), n=1).on_conflict_do_update(index_elements=["word"], set_={"n": WORD.c.n + 1})
)
_KEY = tuple(PART.c[name] == bindparam(name) for name in ("word", "year", "epoch", "seq"))
_DELETE = Prepared(delete(PART).where(*_KEY))
_UNCOUNT = Prepared(update(WORD).where(WORD.c.word == bindparam("word")).values(n=WORD.c.n - 1))
_WORDS = Prepared(select(WORD.c.word, WORD.c.n).where(WORD.c.n > 0))


def keys(fields: Mapping[str, Any]) -> tuple[int, tuple[str, ...]]:
    """(birth year or 0, the index's words) of a declaration's fields. A relative's phone is somebody else's."""
    born = str(fields.get("birth_date") or "")[:4]
    phone = "" if fields.get("phone_of") == "relative" else str(fields.get("phone") or "")
    numbers = query.tails_of(str(fields.get("id_number") or ""), str(fields.get("old_id") or ""), phone)
    words = query.index_words(str(fields.get("full_name") or ""))
    return int(born) if born.isascii() and born.isdigit() else 0, (*words, *(DIGITS + tail for tail in numbers))


def add(conn: Connection, epoch: str, seq: int, fields: Mapping[str, Any]) -> None:
    """One person's rows, inside the caller's transaction."""
    year, words = keys(fields)
    for word in words:
        _INSERT.run(conn, {"word": word, "year": year, "epoch": epoch, "seq": seq})
        if word[0] != DIGITS:
            _COUNT.run(conn, {"word": word})


def remove(conn: Connection, epoch: str, seq: int, fields: Mapping[str, Any]) -> None:
    year, words = keys(fields)
    for word in words:
        gone = _DELETE.run(conn, {"word": word, "year": year, "epoch": epoch, "seq": seq}).rowcount
        if gone and word[0] != DIGITS:
            _UNCOUNT.run(conn, {"word": word})


def vocabulary(conn: Connection) -> dict[str, int]:
    """Every word that somebody's name has, and how many bear it: some two thousand syllables, however many people."""
    return dict(_WORDS.run(conn, {}).fetchall())


def fill(conn: Connection, rows: Iterable[tuple[str, int, Mapping[str, Any]]]) -> None:
    """Many people at once, in the order of the index: (epoch, seq, fields). Ten times as fast as one by one."""
    counts = Counter[str]()
    parts: list[tuple[str, int, str, int]] = []
    for epoch, seq, fields in rows:
        year, words = keys(fields)
        parts += [(word, year, epoch, seq) for word in words]
        counts.update(word for word in words if word[0] != DIGITS)
    parts.sort()
    _INSERT.many(conn, ({"word": word, "year": year, "epoch": epoch, "seq": seq} for word, year, epoch, seq in parts))
    statement = upsert(WORD)
    added = statement.on_conflict_do_update(index_elements=["word"], set_={"n": WORD.c.n + statement.excluded.n})
    if counts:
        conn.execute(added, [{"word": word, "n": n} for word, n in counts.items()])
