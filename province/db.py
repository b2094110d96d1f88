"""The database: two doors, read() and write(), and the one engine-specific helper, insert_ignore().

SQLite by default (WAL, synchronous FULL, BEGIN IMMEDIATE for writes), PostgreSQL by URL. No table knows its engine.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite

from province import tables
from province.settings import Refused

BUCKETS = 8  # hash partitions of a day
POOL = 2 * (os.cpu_count() or 2)
CHUNK = 400  # rows a statement on SQLite, which allows 32,766 parameters


class Database:
    """One engine and its two doors. Safe for threads; on SQLite writers queue on a process lock before BEGIN IMMEDIATE."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(make_url(url), pool_size=POOL, hide_parameters=True)
        self.embedded = self.engine.dialect.name == "sqlite"
        self._writing = Lock()
        if self.embedded:
            event.listen(self.engine, "connect", _pragmas)
            event.listen(self.engine, "begin", _begin)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect() as conn:
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block; no network, signing or hashing inside."""
        if not self.embedded:
            with self.engine.begin() as conn:
                yield conn
            return
        with self._writing, self.engine.connect().execution_options(write=True) as conn, conn.begin():
            yield conn

    def create(self) -> None:
        """All tables, and on PostgreSQL a partition for days that are nobody's. Idempotent."""
        tables.Row.metadata.create_all(self.engine)
        with self.write() as conn:
            if not self.embedded:
                for statement in default_partitions():
                    conn.execute(text(statement))
            insert_ignore(conn, tables.table(tables.Meta), [{"name": "schema", "value": str(tables.SCHEMA)}])

    def check(self) -> None:
        """Raises Refused if a newer program made this database."""
        meta = tables.table(tables.Meta)
        with self.read() as conn:
            found = conn.execute(meta.select().where(meta.c.name == "schema")).one()
        if int(found.value) > tables.SCHEMA:
            raise Refused("Cơ sở dữ liệu mới hơn chương trình; hãy cập nhật.\nThe database is newer than this program: update it.")

    def add_day(self, conn: Connection, day: str) -> None:
        """Partitions of one campaign day; nothing to do on SQLite."""
        if not self.embedded:
            for statement in day_partitions(day):
                conn.execute(text(statement))

    def close(self) -> None:
        self.engine.dispose()


def _pragmas(dbapi: Any, _record: object) -> None:
    dbapi.isolation_level = None  # the driver's own BEGIN is deferred: two writers would meet "database is locked"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        dbapi.execute(f"PRAGMA {pragma}").close()


def _begin(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get("write") else "BEGIN")


def insert_ignore(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> set[tuple[Any, ...]]:
    """Inserts `rows` (all with the same keys), passes over those whose primary key is there; returns the keys it inserted.

    The caller reads the others back and compares them: never rowcount, which Citus gives for the rows offered.
    """
    if not rows:
        return set()
    keys = list(table.primary_key.columns)
    if conn.engine.dialect.name == "sqlite":
        statement = sqlite.insert(table).on_conflict_do_nothing().returning(*keys)
        done: set[tuple[Any, ...]] = set()
        for i in range(0, len(rows), CHUNK):
            done.update(tuple(row) for row in conn.execute(statement, [dict(row) for row in rows[i : i + CHUNK]]))
        return done
    columns = list(rows[0])
    arrays = {name: [row[name] for row in rows] for name in columns}
    return {tuple(row) for row in conn.execute(text(unnest(table, columns)), arrays)}


def unnest(table: Table, columns: Sequence[str]) -> str:
    """PostgreSQL's and Citus's form: one statement of one array a column; twice as fast as executemany at 200 rows."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    casts = ", ".join(f"CAST(:{name} AS {table.c[name].type.compile(dialect=dialect)}[])" for name in columns)
    keys = ", ".join(column.name for column in table.primary_key.columns)
    return f'INSERT INTO "{table.name}" ({", ".join(columns)}) SELECT * FROM unnest({casts}) ON CONFLICT DO NOTHING RETURNING {keys}'


def day_partitions(day: str) -> list[str]:
    """PostgreSQL's DDL for one day (ISO): a range of that day, split by station. Dropping the day is one statement a table."""
    first = date.fromisoformat(day)
    after, suffix = first + timedelta(days=1), first.strftime("%Y%m%d")
    out: list[str] = []
    for name in tables.EVENT_TABLES:
        out.append(
            f'CREATE TABLE IF NOT EXISTS "{name}_{suffix}" PARTITION OF "{name}" '
            f"FOR VALUES FROM ('{first}') TO ('{after}') PARTITION BY HASH (station_id)"
        )
        out += [
            f'CREATE TABLE IF NOT EXISTS "{name}_{suffix}_{i}" PARTITION OF "{name}_{suffix}" '
            f"FOR VALUES WITH (MODULUS {BUCKETS}, REMAINDER {i})"
            for i in range(BUCKETS)
        ]
    return out


def default_partitions() -> list[str]:
    return [f'CREATE TABLE IF NOT EXISTS "{name}_other" PARTITION OF "{name}" DEFAULT' for name in tables.EVENT_TABLES]


