"""What only PostgreSQL has: partitions by day and station, the batch statement's arrays, days that are dropped whole."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import NotSupportedError, ProgrammingError

from province import bulk, db, tables
from province.db import Database
from tests.postgres import Postgres

EVENT = tables.table(tables.Event)
COLUMNS = [column.name for column in EVENT.columns]


DAYS = ("2021-05-23", "2021-05-24")


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    url = postgres.create()
    out = Database(url)
    out.create()
    with out.write() as conn:
        for day in DAYS:
            out.add_day(conn, day)
    yield out
    out.close()
    postgres.drop(url)


def row(day: str, seq: int, kiosk: str = "k") -> dict[str, object]:
    own = {"station_id": "46-474-19750-01", "event_day": day, "kiosk_id": kiosk, "epoch": "e", "seq": seq, "kind": 1, "at": seq}
    return {**own, "sealed": b"\x00\xff", "sha256": b"\xaa", "received_at": seq}


def events(database: Database, *rows: dict[str, object]) -> int:
    with database.write() as conn:
        return len(db.insert_ignore(conn, EVENT, rows))


def where(conn: Connection) -> list[str]:
    found = conn.exec_driver_sql("SELECT DISTINCT regexp_replace(tableoid::regclass::text, '_[0-9]$', '') FROM event ORDER BY 1")
    return [str(name) for name in found.scalars()]


def test_a_batch_returns_the_keys_it_inserted_and_falls_into_its_days_partition(database: Database) -> None:
    rows = [row(DAYS[0], 1), row(DAYS[1], 2), row("1999-01-01", 3)]
    assert events(database, *rows) == 3
    with database.write() as conn:
        assert db.insert_ignore(conn, EVENT, [*rows, row(DAYS[0], 4)]) == {("46-474-19750-01", DAYS[0], "k", "e", 4)}
    with database.read() as conn:
        assert where(conn) == ["event_20210523", "event_20210524", "event_other"]
        assert set(conn.exec_driver_sql("SELECT sealed FROM event").scalars()) == {b"\x00\xff"}


def test_a_day_is_dropped_as_one_table(database: Database) -> None:
    events(database, row(DAYS[0], 1), row(DAYS[1], 1))
    with database.write() as conn:
        conn.exec_driver_sql('DROP TABLE "event_20210524"')
        assert list(conn.exec_driver_sql("SELECT event_day FROM event").scalars()) == [DAYS[0]]
        database.add_day(conn, DAYS[1])
    assert events(database, row(DAYS[1], 1)) == 1


def test_a_day_that_becomes_a_campaigns_takes_its_rows_out_of_the_default_partition(database: Database) -> None:
    events(database, row("2021-06-06", 1), row("2021-06-06", 2), row("1999-01-01", 1))
    with database.write() as conn:
        database.add_day(conn, "2021-06-06")
        database.add_day(conn, "2021-06-06")  # again: nothing to do
        assert where(conn) == ["event_20210606", "event_other"]
        assert conn.exec_driver_sql("SELECT count(*) FROM event_20210606").scalar_one() == 2


def test_postgresql_itself_refuses_a_key_without_station_and_day(database: Database) -> None:
    with pytest.raises((ProgrammingError, NotSupportedError), match="must include all partitioning columns"), database.write() as conn:
        conn.exec_driver_sql("ALTER TABLE visit ADD UNIQUE (kiosk_id, epoch, seq)")


def test_a_reader_sees_one_moment_whatever_is_committed_meanwhile(database: Database) -> None:
    with database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM event").scalar_one() == 0
        events(database, row(DAYS[0], 1))
        assert conn.exec_driver_sql("SELECT count(*) FROM event").scalar_one() == 0


def test_keys_are_ordered_by_their_bytes_whatever_the_servers_language(database: Database) -> None:
    query = (
        "SELECT DISTINCT c.collname FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation "
        "JOIN pg_class t ON t.oid = a.attrelid WHERE t.relname IN ('event', 'kiosk', 'visit') AND a.attnum > 0"
    )
    with database.read() as conn:
        assert list(conn.exec_driver_sql(query).scalars()) == ["C"]


@pytest.mark.parametrize("url", ["", "mysql://x/y", "gì đó", "postgresql+asyncpg://x/y"])
def test_a_url_of_another_database_is_refused_in_words(url: str) -> None:
    with pytest.raises(db.Refused, match="database URL"):
        Database(url)


SAME = {"station_id": "46-474-19750-01", "event_day": DAYS[0], "kiosk_id": "máy", "epoch": "e", "received_at": -1}


def columns(*seqs: int) -> dict[str, list[object]]:
    sealed = [bytes([seq % 256]) * seq for seq in seqs]
    return {"seq": list(seqs), "kind": [1] * len(seqs), "at": [-seq for seq in seqs], "sealed": sealed, "sha256": sealed}


def test_new_rows_are_copied_as_the_other_helper_writes_them_and_one_that_is_there_ends_the_transaction(database: Database) -> None:
    made = columns(0, 3, 70_000)
    with database.write() as conn:
        bulk.append(conn, EVENT, SAME, made)
        bulk.append(conn, EVENT, SAME, columns())
        rows = [{**SAME, **dict(zip(made, row, strict=True)), "epoch": "f"} for row in zip(*made.values(), strict=True)]
        assert len(db.insert_ignore(conn, EVENT, rows)) == 3
    with pytest.raises(bulk.Present), database.write() as conn:
        bulk.append(conn, EVENT, SAME, columns(4, 3))
    with database.read() as conn:
        query = f"SELECT {', '.join(name for name in COLUMNS if name != 'epoch')} FROM event WHERE epoch = "
        ours, theirs = ([tuple(row) for row in conn.exec_driver_sql(f"{query}'{epoch}'")] for epoch in "ef")
    assert sorted(ours) == sorted(theirs) and len(ours) == 3


def test_a_database_that_cannot_write_now_is_away_for_a_copy_too(database: Database) -> None:
    with pytest.raises(db.AWAY), database.write() as conn:
        conn.exec_driver_sql("SET TRANSACTION READ ONLY")
        bulk.append(conn, EVENT, SAME, columns(1))
    with database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM event").scalar_one() == 0
