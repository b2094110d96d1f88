"""The schema rules that let the province grow, on both engines' DDL."""

import pytest
from sqlalchemy import BigInteger, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from province import db, tables

ALL = tables.Row.metadata.sorted_tables
EVENTS = [table for table in ALL if table.info["class"] == "event"]
OTHERS = [table for table in ALL if table.info["class"] != "event"]
PLAIN = {"BIGINT", "INTEGER", 'VARCHAR COLLATE "C"', "BYTEA", "BOOLEAN"}  # no time type: SQLite drops the offset


def name(table: Table) -> str:
    return table.name



def test_the_event_tables_are_those_that_get_partitions() -> None:
    assert {table.name for table in EVENTS} == set(tables.EVENT_TABLES)


@pytest.mark.parametrize("table", EVENTS, ids=name)
def test_an_event_tables_key_begins_with_station_and_day_and_nothing_else_is_unique(table: Table) -> None:
    assert [column.name for column in table.primary_key.columns][:2] == ["station_id", "event_day"]
    assert not [c for c in table.constraints if isinstance(c, UniqueConstraint)]
    assert not [i for i in table.indexes if i.unique]
    assert not table.foreign_keys


@pytest.mark.parametrize("table", EVENTS, ids=name)
def test_an_event_table_is_partitioned_on_postgresql_and_has_no_serial(table: Table) -> None:
    ddl = str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert "PARTITION BY RANGE (event_day)" in ddl and "SERIAL" not in ddl
    assert "PARTITION" not in str(CreateTable(table).compile(dialect=sqlite.dialect()))


@pytest.mark.parametrize("table", OTHERS, ids=name)
def test_a_small_table_has_a_natural_key_and_refers_to_reference_tables_only(table: Table) -> None:
    assert "SERIAL" not in str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert all(key.column.table.info["class"] == "reference" for key in table.foreign_keys)


@pytest.mark.parametrize("table", ALL, ids=name)
def test_times_and_sequence_numbers_are_64_bit_integers(table: Table) -> None:
    wide = {"at", "seq", "from_seq", "to_seq", "target_seq"}
    for column in table.columns:
        if column.name in wide or column.name.endswith("_at"):
            assert isinstance(column.type, BigInteger), column
        assert column.type.compile(dialect=postgresql.dialect()) in PLAIN, column  # type: ignore[no-untyped-call]


def test_visits_have_the_two_indexes_and_no_more() -> None:
    found = {tuple(column.name for column in index.columns) for index in tables.table(tables.Visit).indexes}
    assert found == {("station_id", "event_day", "entered_at"), ("subject_hash", "event_day")}
    assert not [index for table in EVENTS if table.name != "visit" for index in table.indexes]


def test_a_day_is_a_range_split_by_station() -> None:
    ddl = db.day_partitions("2021-05-23")
    assert len(ddl) == len(tables.EVENT_TABLES) * (1 + db.BUCKETS)
    assert "FROM ('2021-05-23') TO ('2021-05-24') PARTITION BY HASH (station_id)" in ddl[0]


def test_a_batch_is_one_unnest_on_postgresql() -> None:
    table = tables.table(tables.Event)
    sql = db.unnest(table, tuple(column.name for column in table.columns))
    assert sql.startswith('INSERT INTO "event" (station_id, event_day, ') and "%(sealed)b::BYTEA[]" in sql
    assert sql.endswith("ON CONFLICT DO NOTHING RETURNING station_id, event_day, kiosk_id, epoch, seq")
