"""Numbered migrations: small, named, recorded in the same transaction. A newer database is refused, never guessed at."""

from collections.abc import Callable, Iterator

from sqlalchemy import Connection, insert, select

from kiosk.errors import Code, KioskError
from kiosk.store.engine import Database
from kiosk.store.tables import METADATA, Migration

IMMUTABLE = ("epoch", "event")


def _guards() -> Iterator[tuple[str, str]]:
    """Name and words of each trigger that keeps a table append-only."""
    for table in IMMUTABLE:
        for verb in ("UPDATE", "DELETE"):
            refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            name = f"{table}_no_{verb.lower()}"
            yield name, f'CREATE TRIGGER {name} BEFORE {verb} ON "{table}" {refuse}'


def _first(conn: Connection) -> None:
    METADATA.create_all(conn, checkfirst=True)
    for _name, guard in _guards():
        conn.exec_driver_sql(guard)


def unguarded(conn: Connection) -> list[str]:
    """Names of the append-only triggers that are missing or say something else."""
    found = {row.name: row.sql for row in conn.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")}
    return [name for name, guard in _guards() if found.get(name) != guard]


def guard_again(database: Database) -> None:
    """Makes what `unguarded` names. Raises KioskError."""
    with database.write() as conn:
        for name in unguarded(conn):
            conn.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            conn.exec_driver_sql(dict(_guards())[name])


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
