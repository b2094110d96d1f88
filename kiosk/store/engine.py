"""The database file and its two doors. `read()`: a snapshot; `write()`: one short transaction, BEGIN IMMEDIATE.

No network, rendering or printing inside a door. An error in COMMIT is *unknown* (errors.CommitUnknown), never a plain failure.
"""

import contextlib
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import sqlcipher3.dbapi2 as driver
from sqlalchemy import Connection as Connection
from sqlalchemy import Engine, Executable, create_engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from kiosk.errors import Code, CommitUnknown, KioskError

BUSY_MS = 5_000
LEAST_ROOM = 64 * 1024  # bytes on the disk: less than the shared memory of a WAL needs
PRAGMAS = (
    "PRAGMA cipher_log_level=NONE",  # SQLCipher writes to standard error otherwise
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # NORMAL lost acknowledged rows in simulated power cuts
    "PRAGMA wal_autocheckpoint=4000",  # the mirror thread checkpoints; this is the backstop
    "PRAGMA foreign_keys=ON",
)
SAYS: tuple[tuple[str, Code], ...] = (
    ("locked", Code.DATABASE_BUSY),
    ("busy", Code.DATABASE_BUSY),
    ("full", Code.DISK_FULL),
    ("readonly", Code.DISK_READ_ONLY),
    ("unable to open", Code.DISK_READ_ONLY),
    ("not a database", Code.DATABASE_UNREADABLE),
    ("malformed", Code.DATABASE_UNREADABLE),
    ("disk I/O", Code.DATABASE_UNREADABLE),
)


TROUBLE = (DBAPIError, driver.Error)


def trouble(error: Exception, folder: Path) -> KioskError:
    """SQLite's words -> ours: the environment's troubles by name, everything else is our fault.

    `folder`: where the database lies; without room for its shared memory SQLite speaks of an I/O error, not of a full disk.
    """
    orig = error.orig if isinstance(error, DBAPIError) else error
    said = str(orig)
    for part, code in SAYS:
        if part in said:
            full = code is Code.DATABASE_UNREADABLE and "I/O" in said and _no_room(folder)
            return KioskError(Code.DISK_FULL if full else code, cause=said[:120])
    return KioskError(Code.INTERNAL, what=type(orig).__name__, cause=said[:120])


def _no_room(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return shutil.disk_usage(folder).free < LEAST_ROOM
    return False


class Prepared:
    """A core statement compiled once and run by the driver itself: the scan path pays for SQLite, not for building SQL.

    Parameters are the statement's named binds; rows are plain tuples.
    """

    def __init__(self, statement: Executable) -> None:
        compiled = cast(Any, statement).compile(dialect=sqlite.dialect(paramstyle="named"))
        self._sql = str(compiled)
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}

    def run(self, conn: Connection, values: Mapping[str, object]) -> Any:
        return conn.connection.driver_connection.execute(self._sql, {**self._constants, **values} if self._constants else values)  # type: ignore[union-attr]

    def many(self, conn: Connection, rows: Iterable[Mapping[str, object]]) -> None:
        """Once for each of `rows`."""
        conn.connection.driver_connection.executemany(self._sql, rows)  # type: ignore[union-attr]

    def first(self, conn: Connection, **values: object) -> Any:
        """The first row as a tuple, or None."""
        return self.run(conn, values).fetchone()


class Database:
    """One SQLCipher file. `key`: 32 bytes, raw; `busy_ms`: how long a connection waits for another's transaction."""

    busy_ms = BUSY_MS

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._engine = self._make(key)
        self._writer: Connection | None = None

    def _make(self, key: bytes) -> Engine:
        url = URL.create("sqlite+pysqlcipher", password=f"x'{key.hex()}'", database=str(self.path))
        engine = create_engine(url, module=driver, poolclass=QueuePool, hide_parameters=True, isolation_level="AUTOCOMMIT")

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: object) -> None:
            cursor = connection.cursor()
            for pragma in PRAGMAS:
                cursor.execute(pragma)
            cursor.execute(f"PRAGMA busy_timeout={self.busy_ms}")
            cursor.close()

        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot. Raises KioskError when the file cannot be read."""
        try:
            with self._engine.connect() as conn:
                conn.exec_driver_sql("BEGIN")
                try:
                    yield conn
                finally:
                    conn.exec_driver_sql("ROLLBACK")
        except TROUBLE as error:
            raise trouble(error, self.path.parent) from error

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed when the block ends and rolled back when it raises.

        Raises KioskError (nothing was written) or CommitUnknown (it may be written: reopen and look for the deed).
        """
        with self._lock:
            try:
                conn = self._writer = self._writer or self._engine.connect()  # kept: a pool's check-out costs as much as a row
                execute(conn, "BEGIN IMMEDIATE")
                try:
                    yield conn
                except BaseException:
                    self._roll_back(conn)
                    raise
                self._commit(conn)
            except TROUBLE as error:
                raise trouble(error, self.path.parent) from error

    def _roll_back(self, conn: Connection) -> None:
        """SQLite may have rolled back by itself (disk full); asking again is then refused and harmless."""
        try:
            execute(conn, "ROLLBACK")
        except TROUBLE:
            self._drop_writer()

    def _commit(self, conn: Connection) -> None:
        try:
            execute(conn, "COMMIT")
        except TROUBLE as error:
            self._drop_writer()
            said = trouble(error, self.path.parent)
            raise CommitUnknown(str(said)[:160], said.code if said.code is Code.DISK_FULL else Code.COMMIT_UNKNOWN) from error

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.invalidate()
            self._writer.close()
            self._writer = None

    def checkpoint(self) -> None:
        """Moves what the WAL holds into the database as far as readers allow; waits for nobody."""
        try:
            with self._engine.connect() as conn:
                conn.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
        except TROUBLE as error:
            raise trouble(error, self.path.parent) from error

    def close(self) -> None:
        """Drops every connection; the next door opens a new one."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        self._engine.dispose()


def execute(conn: Connection, sql: str) -> None:
    """Transaction control, straight to the driver."""
    conn.connection.driver_connection.execute(sql)  # type: ignore[union-attr]
