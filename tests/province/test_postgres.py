"""The tables, partitions and batch statement on a real PostgreSQL: its own private folder and socket, not root, no network."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from province import db, tables

BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(BIN is None or os.name != "posix", reason="PostgreSQL's server is not installed")]


class Postgres:
    def __init__(self, folder: Path) -> None:
        assert BIN is not None
        self.folder, self.as_user = folder, [] if os.geteuid() else ["runuser", "-u", "postgres", "--"]
        if self.as_user:
            shutil.chown(folder, "postgres")
        self.run("initdb", "-D", str(folder / "data"), "-A", "peer", "--no-sync", "-U", "province", "--encoding=UTF8", "--locale=C")
        (folder / "data" / "pg_ident.conf").write_text("all /.* province\n")
        (folder / "data" / "pg_hba.conf").write_text("local all all trust\n")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        self.run("pg_ctl", "-D", str(folder / "data"), "-w", "-o", options, "-l", str(folder / "log"), "start")

    def run(self, program: str, *args: str) -> str:
        assert BIN is not None
        done = subprocess.run([*self.as_user, str(BIN / program), *args], capture_output=True, text=True, cwd=self.folder, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def sql(self, *statements: str) -> str:
        where = ("-h", str(self.folder), "-U", "province", "-d", "postgres")
        return self.run("psql", *where, "-Atq", "-v", "ON_ERROR_STOP=1", "-c", ";\n".join(statements))

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # short: a socket's path has room for 107 letters
    out = Postgres(folder)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in tables.Row.metadata.sorted_tables]
    indexes = [str(CreateIndex(i).compile(dialect=dialect)) for table in tables.Row.metadata.sorted_tables for i in table.indexes]
    out.sql(*made, *indexes, *db.default_partitions(), *db.day_partitions("2021-05-23"), *db.day_partitions("2021-05-24"))
    yield out
    out.stop()
    shutil.rmtree(folder)


EVENT = tables.table(tables.Event)
COLUMNS = [column.name for column in EVENT.columns]


def batch(days: list[str]) -> str:
    """insert_ignore's statement with its arrays written out."""
    values = {
        "station_id": ["46-474-19750-01"] * len(days),
        "event_day": days,
        "kiosk_id": ["k"] * len(days),
        "epoch": ["e"] * len(days),
        "sealed": ["\\x00ff"] * len(days),
        "sha256": ["\\xaa"] * len(days),
    }
    sql = db.unnest(EVENT, COLUMNS)
    for name in COLUMNS:
        array = values.get(name) or [str(i) for i in range(len(days))]
        sql = sql.replace(f"CAST(:{name} AS", "CAST(ARRAY[" + ", ".join(f"'{v}'" for v in array) + "] AS")
    return sql


def test_a_batch_returns_the_keys_it_inserted_and_falls_into_its_days_partition(postgres: Postgres) -> None:
    days = ["2021-05-23", "2021-05-24", "1999-01-01"]
    assert len(postgres.sql(batch(days)).splitlines()) == 3
    assert postgres.sql(batch([*days, "2021-05-23"])).splitlines() == ["46-474-19750-01|2021-05-23|k|e|3"]
    held = postgres.sql("SELECT DISTINCT regexp_replace(tableoid::regclass::text, '_[0-9]$', '') FROM event ORDER BY 1").splitlines()
    assert held == ["event_20210523", "event_20210524", "event_other"]


def test_a_day_is_dropped_as_one_table(postgres: Postgres) -> None:
    postgres.sql(batch(["2021-05-24"]).replace("'k'", "'gone'"), 'DROP TABLE "event_20210524"')
    assert postgres.sql("SELECT count(*) FROM event WHERE event_day = '2021-05-24'") == "0\n"
    postgres.sql(*db.day_partitions("2021-05-24"))
    assert len(postgres.sql(batch(["2021-05-24"])).splitlines()) == 1


def test_postgresql_itself_refuses_a_key_without_station_and_day(postgres: Postgres) -> None:
    with pytest.raises(AssertionError, match="unique constraint on partitioned table must include all partitioning columns"):
        postgres.sql("ALTER TABLE visit ADD UNIQUE (kiosk_id, epoch, seq)")
