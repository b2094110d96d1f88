"""The province's whole database, row by row, from one engine to another: for growing from SQLite to PostgreSQL, for backups and back.

Resumable and safe to repeat: each chunk is compared with what is there, missing rows go in, changed ones are replaced. At the end both
sides are read again in the order of their keys; only equal counts and hashes count as done. Also the SQL that spreads it over Citus.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, select, tuple_

from province import tables, tables_web
from province.db import Database, insert_ignore
from province.settings import Refused

assert tables_web  # its tables are rows of the same metadata
CHUNK = 2_000
DAYS = tables.table(tables.CampaignDay)
Door = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Copied:
    """One table: `rows` and `sha256` (of every row in the order of the key) are the same on both sides; `written`: this time."""

    table: str
    rows: int
    sha256: str
    written: int


def every_table() -> list[Table]:
    """In an order that foreign keys allow."""
    return list(tables.Row.metadata.sorted_tables)


def copy(source: Door, target: Database, told: Callable[[Copied], None] = lambda _: None) -> list[Copied]:
    """Everything that the door shows, into `target`, which is made ready first. Raises Refused when the sides differ afterwards.

    `source`: a read door for a snapshot; the write door to keep writers out meanwhile (they are told `busy` and come again).
    """
    target.create()
    target.check()
    with source() as conn:
        _days(conn, target)
        written = {table.name: _fill(conn, table, target) for table in every_table()}
        out: list[Copied] = []
        for table in every_table():
            rows, digest = digest_of(conn, table)
            with target.read() as other:
                found = digest_of(other, table)
            if found != (rows, digest):
                raise Refused(
                    f"Bảng {table.name}: nguồn {rows} dòng, đích {found[0]} dòng, không giống nhau. Nguồn còn nguyên. "
                    "Hãy dùng cơ sở dữ liệu đích trống, không máy chủ nào đang ghi vào, rồi chạy lại.\n"
                    f"Table {table.name}: {rows} rows here, {found[0]} there, and they differ. Nothing was lost: the source is whole. "
                    "Take an empty target that no server writes to, and run this again."
                )
            out.append(Copied(table.name, rows, digest, written[table.name]))
            told(out[-1])
    return out


def digest_of(conn: Connection, table: Table) -> tuple[int, str]:
    """(rows, SHA-256 over them in the order of the key, as hex); the same on every engine."""
    total, digest = 0, sha256()
    for chunk in _chunks(conn, table):
        total += len(chunk)
        for row in chunk:
            digest.update(msgspec.msgpack.encode(list(row)))
    return total, digest.hexdigest()


def _days(conn: Connection, target: Database) -> None:
    """Partitions before rows: moving them afterwards would be slow."""
    with target.write() as other:
        for day in conn.execute(select(DAYS.c.event_day)).scalars():
            target.add_day(other, day)


def _chunks(conn: Connection, table: Table) -> Iterator[Sequence[Any]]:
    key = list(table.primary_key.columns)
    streamed = conn.execution_options(stream_results=True, max_row_buffer=CHUNK)
    result = streamed.execute(select(table).order_by(*key))
    while rows := result.fetchmany(CHUNK):
        yield rows


def _fill(conn: Connection, table: Table, target: Database) -> int:
    """Brings one table of the target up to the source, a chunk a transaction: killed anywhere, the next run goes on."""
    key = list(table.primary_key.columns)
    written = 0
    for chunk in _chunks(conn, table):
        given = {tuple(getattr(row, column.name) for column in key): row for row in chunk}
        first, last = next(iter(given)), next(reversed(given))
        inside = select(table).where(tuple_(*key) >= tuple_(*first), tuple_(*key) <= tuple_(*last))
        with target.write() as other:
            there = {tuple(getattr(row, column.name) for column in key): tuple(row) for row in other.execute(inside)}
            changed = [at for at, row in given.items() if at in there and there[at] != tuple(row)]
            for at in changed:
                mine = (column == value for column, value in zip(key, at, strict=True))
                other.execute(table.update().where(*mine).values(dict(given[at]._mapping)))
            missing = [dict(row._mapping) for at, row in given.items() if at not in there]
            insert_ignore(other, table, missing)
        written += len(missing) + len(changed)
    return written


def distribution() -> list[str]:
    """Citus's SQL: reference tables on every node, all others by station, together, so that one upload stays on one node.

    For a database whose days are not made yet: on Citus a day is one partition, the shards do the rest.
    """
    out = ["CREATE EXTENSION IF NOT EXISTS citus"]
    first = ""
    for table in every_table():
        if table.info["class"] == "reference":
            out.append(f"SELECT create_reference_table('{table.name}')")
            continue
        near = f", colocate_with => '{first}'" if first else ""
        out.append(f"SELECT create_distributed_table('{table.name}', 'station_id'{near})")
        first = first or table.name
    return out


def distribute(db: Database) -> None:
    """Runs it. Raises Refused where it cannot be."""
    if db.embedded:
        raise Refused("Cần --database-url của một cụm Citus.\nThis needs the --database-url of a Citus cluster.")
    with db.write() as conn:
        if conn.exec_driver_sql("SELECT 1 FROM pg_available_extensions WHERE name = 'citus'").first() is None:
            raise Refused("Máy chủ PostgreSQL này không có Citus.\nThis PostgreSQL server has no Citus: nothing was changed.")
        conn.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS citus")
    db.create()
    with db.write() as conn:
        if conn.execute(select(DAYS.c.event_day).limit(1)).first() is not None:
            raise Refused("Chỉ phân tán CSDL trống, rồi `storage copy` vào.\nDistribute an empty one, then `storage copy` into it.")
        for statement in distribution()[1:]:
            conn.exec_driver_sql(statement)
