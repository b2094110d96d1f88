"""What leaves in a spreadsheet: counts by kind and hour, and the people who declared here. Reads only what the projections hold."""

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, func, literal, select

from kiosk.store.projections import DECLARATION, DEFER, LEAVE, SIGHTING, VISIT
from kiosk.store.register import DAY


class Count(NamedTuple):
    """`kind`: visit, voided, declaration, leave, defer or sighting; `word`: the visit's source, the declaration's mode, the ticket's
    reason, "" for the others; `hour`: in Vietnam, 0-23; `n`: how many."""

    kind: str
    word: str
    hour: int
    n: int


class Person(NamedTuple):
    """One declaration that counts. `at`: ms UTC; `number`: of the visit in the same act, 0 for none; `fields`: form.yaml's keys."""

    at: int
    number: int
    mode: str
    fields: dict[str, Any]
    amended: bool


def known(conn: Connection, event_day: str) -> bool:
    """True for a day that was opened here, closed or not."""
    return conn.execute(select(DAY.c.event_day).where(DAY.c.event_day == event_day)).first() is not None


def counts(conn: Connection, event_day: str) -> list[Count]:
    """Voided visits under their own kind; other deeds that were voided are not there."""
    found: list[Count] = []
    for kind, table, word in (
        ("visit", VISIT, VISIT.c.source),
        ("declaration", DECLARATION, DECLARATION.c.mode),
        ("leave", LEAVE, literal("")),
        ("defer", DEFER, DEFER.c.reason),
        ("sighting", SIGHTING, literal("")),
    ):
        hour = ((table.c.at // 3_600_000 + 7) % 24).label("hour")
        void = (table.c.voided if kind != "sighting" else literal(0)).label("void")
        asked = select(word.label("word"), hour, void, func.count()).where(table.c.event_day == event_day)
        for said, at, voided, count in conn.execute(asked.group_by("word", "hour", "void")):
            if not voided:
                found.append(Count(kind, said, int(at), count))
            elif kind == "visit":
                found.append(Count("voided", "", int(at), count))
    return found


def people(conn: Connection, event_day: str) -> list[Person]:
    """In the order of time."""
    visits = select(VISIT.c.deed, VISIT.c.number).where(VISIT.c.event_day == event_day, VISIT.c.voided == 0)
    numbers: dict[str, int] = {deed: number for deed, number in conn.execute(visits)}
    asked = select(DECLARATION).where(DECLARATION.c.event_day == event_day, DECLARATION.c.voided == 0)
    rows = conn.execute(asked.order_by(DECLARATION.c.at, DECLARATION.c.seq)).all()
    return [
        Person(row.at, numbers.get(row.deed, 0), row.mode, msgspec.json.decode(row.fields, type=dict[str, Any]), bool(row.amended))
        for row in rows
    ]
