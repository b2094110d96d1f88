"""The audit as people read it: sign-ins, refusals, looks, papers, settings, corrections, shifts and days, out of the one chain.

What comes out holds no voter: a correction says that it was made, not what it changed; a fact that could be a name is left out.
"""

import csv
import io
import re
from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from kiosk.domain.events import Body, Key, Kind
from kiosk.domain.vntime import local
from kiosk.errors import KioskError
from kiosk.store.journal import EVENT, Journal

KINDS = (Kind.AUDIT, Kind.STAY, Kind.DAY, Kind.CORRECTION)
PLAIN = re.compile(r"[a-z0-9][a-z0-9_:.\-]{0,79}", re.ASCII)  # words and ids of ours; no capital, no blank, no mark: no name fits
UNREADABLE = "unreadable"


class Entry(msgspec.Struct, frozen=True):
    """`at`: ms UTC; `officer`: id or "-"; `what`: a word (of AUDITED, stay_begin, day_opened, void, correct …); `event`: its key."""

    at: int
    officer: str
    what: str
    facts: dict[str, str | int | bool]
    event: str


def entries(conn: Connection, journal: Journal, limit: int = 500) -> tuple[Entry, ...]:
    """Newest first."""
    wanted = select(EVENT.c.epoch, EVENT.c.seq, EVENT.c.at, EVENT.c.sealed).where(EVENT.c.kind.in_([int(kind) for kind in KINDS]))
    rows = conn.execute(wanted.order_by(EVENT.c.at.desc(), EVENT.c.seq.desc()).limit(limit)).all()
    return tuple(_entry(conn, journal, row) for row in rows)


def _entry(conn: Connection, journal: Journal, row: Any) -> Entry:
    key = str(Key(journal.identity.kiosk, row.epoch, row.seq))
    try:
        body = journal.open(conn, row.epoch, row.sealed)
    except KioskError:
        return Entry(row.at, "-", UNREADABLE, {}, key)
    return Entry(row.at, body.officer, what_of(body), facts_of(body), key)


def what_of(body: Body) -> str:
    said = str(body.fields.get("what", ""))
    if body.kind == Kind.STAY:
        return f"stay_{said}"
    if body.kind == Kind.DAY:
        return f"day_{said}"
    if body.kind == Kind.CORRECTION:
        return "void" if body.fields.get("void") else "correct"
    return said


def facts_of(body: Body) -> dict[str, str | int | bool]:
    """The facts that are plain words, ids and numbers."""
    prose = "reason" if what_of(body) == "export" else ""  # typed by a lead: it stays sealed
    names = ("target", "role") if body.kind == Kind.CORRECTION else tuple(name for name in body.fields if name != prose)
    found = {name: body.fields[name] for name in names if name != "what" and name in body.fields}
    return {
        name: value for name, value in found.items() if isinstance(value, bool | int) or (isinstance(value, str) and PLAIN.fullmatch(value))
    }


def count(conn: Connection, journal: Journal, what: Collection[str], since: int) -> int:
    """How many audit events of these words there are after `since`, ms UTC."""
    rows = conn.execute(select(EVENT.c.epoch, EVENT.c.sealed).where(EVENT.c.kind == int(Kind.AUDIT), EVENT.c.at > since)).all()
    return sum(journal.open(conn, row.epoch, row.sealed).fields.get("what") in what for row in rows)


def facts_text(entry: Entry) -> str:
    return " ".join(f"{name}={value}" for name, value in entry.facts.items())


def table(found: tuple[Entry, ...]) -> str:
    """CSV for a spreadsheet; every cell is a plain word, id or time, so none can be a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["at", "officer", "what", "facts", "event"])
    for entry in found:
        officer = "" if entry.officer == "-" else entry.officer
        writer.writerow([f"{local(entry.at):%Y-%m-%d %H:%M:%S}", officer, entry.what, facts_text(entry), entry.event])
    return out.getvalue()
