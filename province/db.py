"""The database: its doors, read(), look() and write(), and the engine-specific helper insert_ignore() (the other is bulk.append).

SQLite by default (WAL, synchronous FULL, BEGIN IMMEDIATE for writes), PostgreSQL by URL. No table knows its engine.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import URL, Connection, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, InterfaceError, InternalError, NotSupportedError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from province import tables, tables_known, tables_web
from province.settings import Refused

SCHEMA = (tables, tables_known, tables_web)  # loaded, they fill Row.metadata
BUCKETS = 8  # hash partitions of a day
POOL = 2 * (os.cpu_count() or 2)
CHUNK = 400  # rows a statement on SQLite, which allows 32,766 parameters
# no prepared statements: pgbouncer gives each transaction another server connection, which would not know them
CONNECT = {"prepare_threshold": None, "connect_timeout": 10, "application_name": "hue-province"}
# locked, full, gone, a replica that only reads, no connection free: nothing was stored, and it passes
AWAY = (OperationalError, InternalError, NotSupportedError, InterfaceError, PoolTimeout)
NO_URL = (
    "--database-url phải như postgresql://người_dùng@máy/tên hoặc sqlite:///tệp.\n"
    "A database URL is postgresql://user@host/name or sqlite:///file."
)


class Database:
    """One engine and its two doors. Safe for threads; on SQLite writers queue on a process lock before BEGIN IMMEDIATE."""

    def __init__(self, url: str) -> None:
        where = driver_of(url)
        self.embedded = where.get_backend_name() == "sqlite"
        more: dict[str, Any] = {} if self.embedded else {"max_overflow": 0, "connect_args": CONNECT}
        self.engine = create_engine(where, pool_size=POOL, hide_parameters=True, **more)
        self._writing = Lock()
        if self.embedded:
            event.listen(self.engine, "connect", _pragmas)
            event.listen(self.engine, "begin", _begin)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot: what is committed now, however long the block looks at it."""
        with self.engine.connect() as conn:
            if not self.embedded:
                conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield conn

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """For one statement: no transaction around it, so one way to the server and back."""
        with self.engine.connect() as conn:
            if not self.embedded:
                conn.execution_options(isolation_level="AUTOCOMMIT")
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

    def room(self) -> int | None:
        """Bytes free on the disk of an embedded database; None for a server's, which is watched where it stands."""
        file = self.engine.url.database
        return shutil.disk_usage(Path(file).parent).free if self.embedded and file else None

    def create(self) -> None:
        """All tables, and on PostgreSQL a partition for days that are nobody's. Idempotent."""
        tables.Row.metadata.create_all(self.engine)
        with self.write() as conn:
            if not self.embedded:
                for statement in default_partitions():
                    conn.exec_driver_sql(statement)
            insert_ignore(conn, tables.table(tables.Meta), [{"name": "schema", "value": str(tables.SCHEMA)}])

    def check(self) -> None:
        """Raises Refused if a newer program made this database."""
        meta = tables.table(tables.Meta)
        with self.read() as conn:
            found = conn.execute(meta.select().where(meta.c.name == "schema")).one()
        if int(found.value) > tables.SCHEMA:
            raise Refused("Cơ sở dữ liệu mới hơn chương trình; hãy cập nhật.\nThe database is newer than this program: update it.")

    def add_day(self, conn: Connection, day: str) -> None:
        """Partitions of one campaign day; nothing to do on SQLite. Rows of that day that came before it was one move over."""
        if self.embedded:
            return
        early = [name for name in tables.EVENT_TABLES if _any(conn, f'SELECT 1 FROM "{name}_other" WHERE event_day = %(day)s LIMIT 1', day)]
        for name in early:
            conn.exec_driver_sql(f'CREATE TEMP TABLE "early_{name}" ON COMMIT DROP AS SELECT * FROM "{name}_other" LIMIT 0')
            moved = f'DELETE FROM "{name}_other" WHERE event_day = %(day)s RETURNING *'
            conn.exec_driver_sql(f'WITH moved AS ({moved}) INSERT INTO "early_{name}" SELECT * FROM moved', {"day": day})
        spread = _any(conn, "SELECT 1 FROM pg_extension WHERE extname = 'citus' AND %(day)s <> ''", day)
        for statement in day_partitions(day, 0 if spread else BUCKETS):
            conn.exec_driver_sql(statement)
        for name in early:
            conn.exec_driver_sql(f'INSERT INTO "{name}" SELECT * FROM "early_{name}"')

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def driver_of(url: str) -> URL:
    """The URL with our driver named: postgres:// and postgresql:// mean psycopg. Raises Refused for what is no database of ours."""
    try:
        out = make_url(url)
    except ArgumentError as error:
        raise Refused(NO_URL) from error
    if out.drivername in ("postgres", "postgresql"):
        out = out.set(drivername="postgresql+psycopg")
    if out.drivername not in ("sqlite", "postgresql+psycopg"):
        raise Refused(NO_URL)
    return out


def _pragmas(dbapi: Any, _record: object) -> None:
    dbapi.isolation_level = None  # the driver's own BEGIN is deferred: two writers would meet "database is locked"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        dbapi.execute(f"PRAGMA {pragma}").close()


def _any(conn: Connection, query: str, day: str) -> bool:
    return conn.exec_driver_sql(query, {"day": day}).first() is not None


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
    same = {name: value for name, value in rows[0].items() if all(row[name] == value for row in rows)}
    arrays = {name: [row[name] for row in rows] for name in rows[0] if name not in same}
    inserted = conn.exec_driver_sql(unnest(table, tuple(rows[0]), frozenset(same)), {**same, **arrays}).fetchall()
    if all(key.name in same for key in keys):
        return {tuple(same[key.name] for key in keys) for _ in inserted}
    place = {key.name: i for i, key in enumerate(key for key in keys if key.name not in same)}
    fixed = [(same.get(key.name), place.get(key.name)) for key in keys]
    return {tuple(value if i is None else row[i] for value, i in fixed) for row in inserted}


@cache
def unnest(table: Table, columns: tuple[str, ...], same: frozenset[str] = frozenset()) -> str:
    """PostgreSQL's and Citus's form: one statement, one array a column, or one value where all rows have the `same`.

    Sent in binary (%b): a batch's bytes in hexadecimal are twice as long. Returns the key's columns that are not the same.
    """
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    kind = {name: table.c[name].type.compile(dialect=dialect).partition(" COLLATE")[0] for name in columns}
    several = [name for name in columns if name not in same]
    values = ", ".join(f"%({name})b::{kind[name]}" if name in same else f"u.{name}" for name in columns)
    arrays = ", ".join(f"%({name})b::{kind[name]}[]" for name in several)
    source = f" FROM unnest({arrays}) AS u({', '.join(several)})" if several else ""
    keys = ", ".join(column.name for column in table.primary_key.columns if column.name not in same) or "1"
    return f'INSERT INTO "{table.name}" ({", ".join(columns)}) SELECT {values}{source} ON CONFLICT DO NOTHING RETURNING {keys}'


def day_partitions(day: str, buckets: int | None = None) -> list[str]:
    """PostgreSQL's DDL for one day (ISO): a range of that day, split by station. Dropping the day is one statement a table.

    `buckets`: hash partitions; 0 on Citus, whose shards split by station already and which takes one level of partitions.
    """
    first = date.fromisoformat(day)
    after, suffix, buckets = first + timedelta(days=1), first.strftime("%Y%m%d"), BUCKETS if buckets is None else buckets
    split = " PARTITION BY HASH (station_id)" if buckets else ""
    out: list[str] = []
    for name in tables.EVENT_TABLES:
        made = f'CREATE TABLE IF NOT EXISTS "{name}_{suffix}'
        out.append(f"""{made}" PARTITION OF "{name}" FOR VALUES FROM ('{first}') TO ('{after}'){split}""")
        each = f'" PARTITION OF "{name}_{suffix}" FOR VALUES WITH (MODULUS {buckets}, REMAINDER '
        out += [f"{made}_{i}{each}{i})" for i in range(buckets)]
    return out


def default_partitions() -> list[str]:
    return [f'CREATE TABLE IF NOT EXISTS "{name}_other" PARTITION OF "{name}" DEFAULT' for name in tables.EVENT_TABLES]


