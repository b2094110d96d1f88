"""The database file and its two doors. `read()`: a snapshot; `write()`: one short transaction, BEGIN IMMEDIATE.

No network, rendering or printing inside a door. An error in COMMIT is *unknown* (errors.CommitUnknown), never a plain failure.
Where the disk takes nothing, or the file is damaged, the reading door shows a private copy (`view`, decision 0021).
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
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

from kiosk import homes
from kiosk.errors import Code, CommitUnknown, KioskError, code_of

BUSY_MS = 5_000
STATEMENTS = 1_000  # kept prepared: in a full cache of the driver each new statement pushes out the last, and a scan prepares all its own
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
VIEWED = frozenset({Code.DISK_FULL, Code.DISK_READ_ONLY, Code.DATABASE_UNREADABLE})  # troubles in which a copy can still be shown


def trouble(error: Exception, folder: Path) -> KioskError:
    """SQLite's words -> ours: the environment's troubles by name, everything else is our fault.

    `folder`: where the database lies; without room for its shared memory SQLite speaks of an I/O error, not of a full disk.
    """
    orig = error.orig if isinstance(error, DBAPIError) else error
    said = str(orig)
    for part, code in SAYS:
        if part in said:
            full = code is Code.DATABASE_UNREADABLE and "I/O" in said and homes.full(folder)
            return KioskError(Code.DISK_FULL if full else code, cause=said[:120])
    return KioskError(Code.INTERNAL, what=type(orig).__name__, cause=said[:120])


class Prepared:
    """A core statement compiled once and run by the driver itself: the scan path pays for SQLite, not for building SQL.

    Parameters are the statement's named binds; rows are plain tuples. A value that the statement has itself (a LIMIT, a flag) stands in
    the SQL: bound, it would make SQLite plan the statement anew at each run.
    """

    def __init__(self, statement: Executable) -> None:
        compiled = cast(Any, statement).compile(dialect=sqlite.dialect(paramstyle="named"))
        own = {name: value for name, value in compiled.params.items() if value is not None}
        self._sql = re.sub(r":(\w+)", lambda bind: _literal(own[bind[1]]) if bind[1] in own else bind[0], str(compiled))

    def run(self, conn: Connection, values: Mapping[str, object]) -> Any:
        return conn.connection.driver_connection.execute(self._sql, values)  # type: ignore[union-attr]

    def many(self, conn: Connection, rows: Iterable[Mapping[str, object]]) -> None:
        """Once for each of `rows`."""
        conn.connection.driver_connection.executemany(self._sql, rows)  # type: ignore[union-attr]

    def first(self, conn: Connection, **values: object) -> Any:
        """The first row as a tuple, or None."""
        return self.run(conn, values).fetchone()


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


class Database:
    """One SQLCipher file. `key`: 32 bytes, raw; `busy_ms`: how long a connection waits for another's transaction."""

    busy_ms = BUSY_MS

    def __init__(self, path: Path, key: bytes) -> None:
        self.path, self._key = path, key
        self._lock, self._settling = threading.Lock(), threading.local()
        self._engine = self._make(path)
        self._writer: Connection | None = None
        self._copy: Database | None = None
        self._settle: Callable[[], object] | None = None
        self._ended = False
        self.viewing: Code | None = None  # why only a copy is shown, or None
        self.cause = ""  # what was found wrong with the file then, for `kiosk verify`

    def view(self, copy: Path, why: Code, settle: Callable[[], object] | None, cause: str = "") -> None:
        """From now on reading shows `copy` and writing is refused with `why`. `settle` is tried before each write: what a start
        does with the real file. When it goes through, the real file is back. None: it never comes back in this program."""
        self._copy, self.viewing, self._settle, self.cause = Database(copy, self._key), why, settle, cause

    def _come_back(self) -> None:
        """Raises KioskError: still only a copy."""
        if self.viewing is None or getattr(self._settling, "now", False):
            return
        if self._settle is None:
            raise KioskError(self.viewing)
        self._settling.now = True
        try:
            self._settle()
        except KioskError as error:
            self.viewing = error.code if error.code in VIEWED else self.viewing
            raise
        except OSError as error:
            raise KioskError(code_of(error), what=error.strerror) from error
        finally:
            self._settling.now = False
        copy, self.viewing, self._copy, self.cause = self._copy, None, None, ""
        if copy is not None:
            copy.close()

    def _make(self, path: Path) -> Engine:
        url = URL.create("sqlite+pysqlcipher", password=f"x'{self._key.hex()}'", database=str(path))
        kept = {"cached_statements": STATEMENTS}
        engine = create_engine(
            url, module=driver, poolclass=QueuePool, hide_parameters=True, isolation_level="AUTOCOMMIT", connect_args=kept
        )

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
        if self._ended:
            raise KioskError(Code.DATABASE_BUSY)
        if self._copy is not None and not getattr(self._settling, "now", False):
            with self._copy.read() as conn:
                yield conn
            return
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
        self._come_back()
        with self._lock:
            if self._ended:
                raise KioskError(Code.DATABASE_BUSY)
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

    def beside(self, path: Path) -> "Database":
        """Another file under the same key."""
        return Database(path, self._key)

    def damage(self) -> str:
        """The first page whose seal does not hold, as SQLCipher says it, or "". Reads the whole file, not the WAL. Raises KioskError."""
        with self.read() as conn:
            found = conn.exec_driver_sql("PRAGMA cipher_integrity_check").first()
        return "" if found is None else str(found[0])[:120]

    def sound(self) -> bool:
        """Do the pages fit each other? What was written to the file already and a WAL that lost its end may not."""
        with self.read() as conn:
            return conn.exec_driver_sql("PRAGMA quick_check(1)").scalar() == "ok"

    def checkpoint(self) -> None:
        """Moves what the WAL holds into the database as far as readers allow; waits for nobody."""
        if self.viewing is not None:
            return
        try:
            with self._engine.connect() as conn:
                conn.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
        except TROUBLE as error:
            raise trouble(error, self.path.parent) from error

    def end(self) -> None:
        """As `close`, and for good: whoever still holds this door is refused. What is being written ends first."""
        with self._lock:
            self._ended = True
        self.close()

    def close(self) -> None:
        """Drops every connection; the next door opens a new one."""
        if self._copy is not None:
            self._copy.close()
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        self._engine.dispose()


def execute(conn: Connection, sql: str) -> None:
    """Transaction control, straight to the driver."""
    conn.connection.driver_connection.execute(sql)  # type: ignore[union-attr]
