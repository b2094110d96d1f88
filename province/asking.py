"""Questions of officials to the opener, the only process that opens bodies: a row with the question, a row with the answer, both sealed
under a key derived from the wrap key and emptied after a few minutes.

The web process writes the question and waits; the opener answers. What may be asked: a person by number, a declaration by its pass.
"""

import secrets
import sys
from typing import Any

import msgspec
from sqlalchemy import Connection, select, update

from kiosk.crypto import seal
from kiosk.domain.events import Key
from province import question, tables, tables_known, tables_official, tracing
from province.db import Database
from province.reader import UNREADABLE, Reader

ASK, KNOWN = tables.table(tables_official.Ask), tables.table(tables_known.Known)
KEPT_MS = 3 * 60_000
MOST = 20  # declarations of one person that are shown
PURPOSE = b"ask"


class Told(msgspec.Struct, frozen=True):
    """One declaration, opened. `fields`: form.yaml's keys with the answers, and mode; `declared_at`: ms UTC; `station`: where."""

    declared_at: int
    station: str
    fields: dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """Newest first; empty: nobody has declared under that name. `unreadable`: something stood there that could not be read."""

    told: list[Told] = []
    unreadable: bool = False


def put(db: Database, key: bytes, kind: str, subject: str, now: int) -> str:
    """Asks; returns the question's id. `key`: authority.derived(b"ask"); `subject`: "id:…" or "hu1:…"."""
    name = secrets.token_hex(8)
    sealed = seal.wrap(key, subject.encode(), PURPOSE + name.encode())
    with db.write() as conn:
        conn.execute(update(ASK).where(ASK.c.at < now - KEPT_MS, ASK.c.state != "gone").values(state="gone", question=b"", answer=b""))
        conn.execute(ASK.insert(), {"id": name, "kind": kind, "at": now, "state": "asked", "question": sealed, "answer": b""})
    return name


def take(db: Database, key: bytes, name: str) -> Answer | None:
    """The answer, once; None while there is none."""
    with db.read() as conn:
        row = conn.execute(select(ASK).where(ASK.c.id == name, ASK.c.state == "answered")).first()
    if row is None:
        return None
    with db.write() as conn:
        conn.execute(update(ASK).where(ASK.c.id == name).values(state="gone", question=b"", answer=b""))
    return msgspec.msgpack.decode(seal.unwrap(key, row.answer, PURPOSE + name.encode()), type=Answer)


def answer_waiting(db: Database, reader: Reader, key: bytes) -> int:
    """The opener's step; how many it answered. One that cannot be read is answered so, and holds up no other."""
    with db.read() as conn:
        rows = conn.execute(select(ASK).where(ASK.c.state == "asked").limit(20)).all()
    for row in rows:
        try:
            sealed = _sealed(key, row.id, _answer(db, reader, key, row))
        except UNREADABLE as error:
            sys.stderr.write(f"opener: question {row.id}: {type(error).__name__}\n")
            sealed = _sealed(key, row.id, Answer(unreadable=True))
        with db.write() as conn:
            conn.execute(update(ASK).where(ASK.c.id == row.id, ASK.c.state == "asked").values(state="answered", answer=sealed))
    return len(rows)


def _answer(db: Database, reader: Reader, key: bytes, row: Any) -> Answer:
    """Raises one of UNREADABLE."""
    subject = seal.unwrap(key, row.question, PURPOSE + row.id.encode()).decode()
    with db.read() as conn:
        return Answer(told_of(conn, reader, [subject]))


def _sealed(key: bytes, name: str, answer: Answer) -> bytes:
    return seal.wrap(key, msgspec.msgpack.encode(answer), PURPOSE + name.encode())


def told_of(conn: Connection, reader: Reader, subjects: list[str], most: int = MOST) -> list[Told]:
    """A person's declarations, opened, newest first."""
    hashes = [question.hashed(reader.known_key, subject) for subject in subjects]
    rows = conn.execute(select(KNOWN).where(KNOWN.c.subject.in_(hashes)).order_by(KNOWN.c.declared_at.desc()).limit(most)).all()
    out: dict[Key, Told] = {}
    for row in rows:
        key = Key(row.kiosk_id, row.epoch, row.seq)
        fields = tracing.fields_of(conn, reader, row.station_id, key, row.event_day)
        if fields and key not in out:
            out[key] = Told(row.declared_at, row.station_id, fields)
    return list(out.values())
