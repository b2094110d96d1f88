"""Rows that are certainly new, many at a time: COPY in binary on PostgreSQL (and Citus), a plain insert on SQLite. The second and last
piece of engine-specific code beside db.insert_ignore: it asks nothing about what is there and answers nothing about what was inserted.

Whoever calls it holds the lock of what the rows belong to. A row that is there all the same ends the transaction.
"""

from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from struct import Struct
from typing import Any

import psycopg
from sqlalchemy import BigInteger, Boolean, Connection, Integer, LargeBinary, Table, exc

CHUNK = 400  # rows a statement on SQLite
HEADER, END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
LENGTH, LONG, SHORT, FLAG, COUNT = (Struct(form).pack for form in ("!i", "!iq", "!ii", "!i?", "!h"))
NULL = LENGTH(-1)


class Present(Exception):
    """One of the rows is there already; the transaction is lost."""


def append(conn: Connection, table: Table, same: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> None:
    """Inserts as many rows as `columns` are long, each with the values of `same`. Raises Present, or SQLAlchemy's errors."""
    rows = len(next(iter(columns.values())))
    if rows == 0:
        return
    if conn.engine.dialect.name != "sqlite":
        return _copy(conn, table, same, columns)
    made = [{**same, **dict(zip(columns, row, strict=True))} for row in zip(*columns.values(), strict=True)]
    try:
        for i in range(0, rows, CHUNK):
            conn.execute(table.insert(), made[i : i + CHUNK])
    except exc.IntegrityError as error:
        raise Present from error


def _copy(conn: Connection, table: Table, same: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> None:
    names = ", ".join(f'"{name}"' for name in (*same, *columns))
    raw: Any = conn.connection.driver_connection
    try:
        with raw.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)') as copy:
            copy.write(packed(table, same, columns))
    except psycopg.errors.UniqueViolation as error:
        raise Present from error
    except psycopg.Error as error:  # as SQLAlchemy would have named it: busy, full, gone
        raise exc.DBAPIError.instance("COPY", None, error, psycopg.Error, hide_parameters=True) from error


def packed(table: Table, same: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> bytes:
    """The file that COPY reads: https://www.postgresql.org/docs/15/sql-copy.html, Binary Format."""
    fixed = b"".join(field for name, value in same.items() for field in _fields(table, name, (value,)))
    head = COUNT(len(same) + len(columns)) + fixed
    lists = (_fields(table, name, values) for name, values in columns.items())
    return HEADER + b"".join(chain.from_iterable(zip(repeat(head), *lists, strict=False))) + END


def _fields(table: Table, name: str, values: Sequence[Any]) -> list[bytes]:
    """Each value with its length before it."""
    kind = table.c[name].type
    if isinstance(kind, LargeBinary):
        return [NULL if value is None else LENGTH(len(value)) + value for value in values]
    if isinstance(kind, BigInteger):
        return [NULL if value is None else LONG(8, value) for value in values]
    if isinstance(kind, Integer):
        return [NULL if value is None else SHORT(4, value) for value in values]
    if isinstance(kind, Boolean):
        return [NULL if value is None else FLAG(1, value) for value in values]
    texts = [None if value is None else value.encode() for value in values]
    return [NULL if text is None else LENGTH(len(text)) + text for text in texts]
