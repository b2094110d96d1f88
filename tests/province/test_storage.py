"""The whole database on another engine, and back: equal row by row, wherever the copy was broken off; backups that restore."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from province import storage, tables
from province.cli import main
from province.db import Database
from province.settings import Home, Refused
from tests.postgres import Postgres
from tests.province.conftest import Office
from tests.wire import Epoch


@pytest.fixture
def embedded(fresh_home: Path, tmp_path: Path) -> Iterator[Office]:
    out = Office(Home(Path(shutil.copytree(fresh_home, tmp_path / "province"))))
    yield out
    out.db.close()


@pytest.fixture
def filled(embedded: Office) -> Office:
    """Two kiosks, opened and not opened, a fork in quarantine, a day of no campaign, a NULL and an empty text."""
    for number in (4, 3):
        kiosk = embedded.kiosk()
        epoch, other = kiosk.epoch(), kiosk.epoch(day="1999-01-01")
        kiosk.visits(epoch, number)
        kiosk.visits(other, 1)
        kiosk.send(epoch.span(), other.span(), openings=[epoch, other])
        embedded.open_all()
        fork = Epoch(epoch.id, epoch.day, epoch.content_key, epoch.signed, epoch.heads[:2], epoch.events[:1])
        kiosk.visits(fork, 2)
        kiosk.send(fork.span())
        kiosk.visits(epoch, 2)
        kiosk.send(epoch.span(number + 1))
    return embedded


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[Database]:
    url = postgres.create()
    with Database(url) as out:
        yield out
    postgres.drop(url)


def content(db: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every table with plain SQL, NULLs and all; bytes as bytes, truth as 0 and 1."""
    with db.read() as conn:
        names = {t.name: ", ".join(f'"{c.name}"' for c in t.columns) for t in storage.every_table()}
        rows = {name: conn.execute(text(f'SELECT {columns} FROM "{name}"')).all() for name, columns in names.items()}
    plain = {name: [tuple(int(v) if isinstance(v, bool) else v for v in row) for row in found] for name, found in rows.items()}
    return {name: sorted(found, key=repr) for name, found in plain.items()}


def test_everything_arrives_on_postgresql_and_the_office_goes_on_there(filled: Office, empty: Database) -> None:
    done = storage.copy(filled.db.write, empty)
    assert content(empty) == content(filled.db)
    assert sum(each.rows for each in done) == sum(map(len, content(filled.db).values())) > 40
    there = Office(Home(filled.home.path, empty.engine.url.render_as_string(hide_password=False)))
    assert there.open_all() == 2
    kiosk = there.kiosk()
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 3)
    assert kiosk.send(epoch.span(), openings=[epoch]).receipts[0].have == 3
    with there.db.read() as conn:
        days = conn.exec_driver_sql("SELECT DISTINCT regexp_replace(tableoid::regclass::text, '_[0-9]$', '') FROM event").scalars()
        assert set(days) == {"event_20210523"}
    there.db.close()


def test_a_copy_back_is_the_same_again(filled: Office, empty: Database, tmp_path: Path) -> None:
    there = storage.copy(filled.db.read, empty)
    with Database(f"sqlite:///{tmp_path / 'back.db'}") as back:
        again = storage.copy(empty.read, back)
        assert [(c.table, c.rows, c.sha256) for c in again] == [(c.table, c.rows, c.sha256) for c in there]
        assert content(back) == content(filled.db)


class Died(BaseException):
    """As a killed process."""


def test_a_copy_that_was_broken_off_anywhere_goes_on_and_ends_equal(
    filled: Office, empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "CHUNK", 3)
    real, calls, died = storage.insert_ignore, 0, 0

    def dying(conn: object, table: object, rows: object) -> object:
        nonlocal calls
        calls += 1
        if calls % 4 == 0:
            raise Died
        return real(conn, table, rows)  # type: ignore[arg-type]

    monkeypatch.setattr(storage, "insert_ignore", dying)
    for _ in range(60):
        try:
            done = storage.copy(filled.db.write, empty)
            break
        except Died:
            died += 1
    else:
        monkeypatch.setattr(storage, "insert_ignore", real)
        done = storage.copy(filled.db.write, empty)
    assert died >= 10 and content(empty) == content(filled.db)
    assert sum(each.written for each in storage.copy(filled.db.write, empty)) == 0 < len(done)


def test_rows_that_changed_since_the_first_copy_are_replaced(filled: Office, empty: Database) -> None:
    storage.copy(filled.db.write, empty)
    filled.open_all()
    with filled.db.write() as conn:
        conn.execute(tables.table(tables.Station).update().values(name="Tên mới"))
    storage.copy(filled.db.write, empty)
    assert content(empty) == content(filled.db)


@pytest.mark.parametrize("harm", ["INSERT INTO meta VALUES ('other', '1')", "UPDATE event SET sealed = '\\x00'"])
def test_a_target_that_somebody_else_writes_to_is_refused_or_made_equal(filled: Office, empty: Database, harm: str) -> None:
    storage.copy(filled.db.write, empty)
    with empty.write() as conn:
        conn.exec_driver_sql(harm)
    if harm.startswith("UPDATE"):
        storage.copy(filled.db.write, empty)
        assert content(empty) == content(filled.db)
    else:
        with pytest.raises(Refused, match="Table meta: 1 rows here, 2 there"):
            storage.copy(filled.db.write, empty)


def test_the_command_copies_and_says_so(filled: Office, empty: Database, capsys: pytest.CaptureFixture[str]) -> None:
    url = empty.engine.url.render_as_string(hide_password=False)
    capsys.readouterr()
    assert main(["storage", "copy", "--home", str(filled.home.path), "--to", url, "--json"]) == 0
    *copied, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert last["equal"] and last["rows"] == sum(each["rows"] for each in copied) == last["written"] + 1  # the target knew its schema
    assert main(["storage", "copy", "--home", str(filled.home.path), "--to", "mysql://x"]) == 1
    assert main(["storage", "copy", "--home", str(filled.home.path), "--to", filled.home.url]) == 1


def test_the_sql_for_citus_names_every_table_once_and_references_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["storage", "distribute"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split("'")[1] for line in lines[1:]]
    assert sorted(names) == sorted(t.name for t in storage.every_table())
    spread = [line for line in lines if "distributed" in line]
    assert len(spread) == sum(t.info["class"] != "reference" for t in storage.every_table())
    assert all("'station_id'" in line for line in spread) and all("colocate_with" in line for line in spread[1:])
    known = {t.name: t for t in storage.every_table()}
    for line in spread:
        assert "station_id" in known[line.split("'")[1]].primary_key.columns  # Citus refuses a key without it


def test_distribution_of_what_is_no_cluster_is_refused(embedded: Office, empty: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["storage", "distribute", "--run", "--home", str(embedded.home.path)]) == 1
    url = empty.engine.url.render_as_string(hide_password=False)
    assert main(["storage", "distribute", "--run", "--home", str(embedded.home.path), "--database-url", url]) == 1
    assert "Citus" in capsys.readouterr().err


@pytest.mark.skipif("TEST_CITUS_URL" not in os.environ, reason="TEST_CITUS_URL names no Citus cluster (an empty database to write to)")
def test_a_cluster_takes_the_copy_and_the_day(filled: Office) -> None:
    home = Home(filled.home.path, os.environ["TEST_CITUS_URL"])
    with Database(home.url) as cluster:
        storage.distribute(cluster)
        storage.copy(filled.db.write, cluster)
        assert content(cluster) == content(filled.db)
    there = Office(home)
    kiosk = there.kiosk()
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 300)
    for _ in range(2):
        assert kiosk.send(epoch.span(), openings=[epoch]).receipts[0].have == 300
    there.open_all()
    assert kiosk.have()[epoch.id].opened == 300
    there.db.close()


# -- backup ---------------------------------------------------------------------------------------------------------------


def test_a_backup_restores_to_an_equal_office_on_either_engine(
    office: Office, postgres: Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kiosk = office.kiosk()
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 5)
    kiosk.send(epoch.span(), openings=[epoch])
    office.open_all()
    file = tmp_path / "sao-luu.tar"
    assert main(["backup", str(file), "--home", str(office.home.path), "--json"]) == 0
    assert file.stat().st_mode & 0o077 == 0
    url = "" if office.db.embedded else postgres.create()
    home = Home(tmp_path / "again", url)
    assert main(["restore", str(file), "--home", str(home.path), "--database-url", url, "--json"]) == 0
    again = Office(home)
    assert content(again.db) == content(office.db)
    kiosk.post = again.post
    kiosk.visits(epoch, 1)
    assert kiosk.send(epoch.span()).receipts[0].have == 6
    assert not home.root_key.exists() and list((home.path / "opener").iterdir()) == []
    again.db.close()
    assert main(["restore", str(file), "--home", str(home.path)]) == 1
    assert main(["backup", str(file), "--home", str(office.home.path)]) == 1
    assert "already" in capsys.readouterr().err


@pytest.mark.parametrize("where", [0.0, 0.2, 0.5, 0.8, 0.99])
def test_a_damaged_backup_restores_nothing(filled: Office, tmp_path: Path, where: float, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "sao-luu.tar"
    assert main(["backup", str(file), "--home", str(filled.home.path)]) == 0
    data = bytearray(file.read_bytes())
    # the end of a tar is zeros that mean nothing, and so does the blank after a header's checksum
    filled_at = [i for i, byte in enumerate(data) if byte and (i % 512, byte) != (155, 0x20)]
    at = filled_at[int(len(filled_at) * where)]
    data[at] ^= 0x55
    file.write_bytes(data)
    torn = tmp_path / "torn.tar"
    torn.write_bytes(data[: len(data) // 2])
    for each in (file, torn):
        assert main(["restore", str(each), "--home", str(tmp_path / "again")]) == 1
        assert "damaged" in capsys.readouterr().err and not (tmp_path / "again").exists()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".restore")] == []

