"""Numbered migrations: small, named, recorded in the same transaction. A newer database is refused, never guessed at."""

from collections.abc import Callable

from sqlalchemy import Connection, insert, select

from kiosk.errors import Code, KioskError
from kiosk.store.engine import Database
from kiosk.store.tables import METADATA, Migration

IMMUTABLE = ("epoch", "event")


def _first(conn: Connection) -> None:
    METADATA.create_all(conn, checkfirst=True)
    for table in IMMUTABLE:
        for verb in ("UPDATE", "DELETE"):
            refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            conn.exec_driver_sql(f'CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON "{table}" {refuse}')


STEPS: tuple[tuple[int, str, Callable[[Connection], None]], ...] = ((1, "first tables", _first),)
NEWEST = STEPS[-1][0]


def version(conn: Connection) -> int:
    return int(conn.exec_driver_sql("PRAGMA user_version").scalar_one())


def migrate(database: Database, now: int) -> list[str]:
    """Takes the missing steps, returns their names. Raises KioskError(DATABASE_NEWER) and touches nothing if the file is newer."""
    with database.read() as conn:
        have = version(conn)
    if have > NEWEST:
        raise KioskError(Code.DATABASE_NEWER, found=have, newest=NEWEST)
    taken: list[str] = []
    for number, name, step in STEPS:
        if number <= have:
            continue
        with database.write() as conn:
            if version(conn) >= number:  # another process was faster
                continue
            step(conn)
            conn.execute(insert(Migration).values(number=number, name=name, at=now))
            conn.exec_driver_sql(f"PRAGMA user_version={number}")
        taken.append(name)
    return taken


def history(conn: Connection) -> list[tuple[int, str]]:
    return [(row.number, row.name) for row in conn.execute(select(Migration.__table__.c.number, Migration.__table__.c.name))]  # type: ignore[attr-defined]
