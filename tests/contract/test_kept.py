"""What others keep: the head of the officials' log on a real kiosk, and a day in three places after the province has dropped it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.crypto import seal
from kiosk.domain import declaration, events
from kiosk.domain.events import Key, Place
from kiosk.domain.protocol import Opening, key_aad
from kiosk.store import mirror
from province import accounts, actlog, tables
from province.cli import main
from province.db import Database
from province.reader import NoKey, Reader, dictionary
from province.settings import Home
from tests.contract.served import Province, arrive, enrolled, kiosk, lines
from tests.contract.test_known import settle

NAME = "Trần Thị Mẫu"


@pytest.fixture
def day(province: Province, tmp_path: Path) -> Iterator[str]:
    """A kiosk's working day: arrivals and a declaration, all of it opened at the province; its home is tmp_path/kiosk."""
    with kiosk(enrolled(province, tmp_path / "kiosk")) as parts:
        arrive(parts, 3)
        parts.station.declare(declaration.check(declaration.example()).declaration())
        settle(parts)
        parts.mirror.step()
        yield str(parts.station.day())


def test_a_log_that_was_cut_and_made_whole_again_is_found_by_a_head_that_a_kiosk_kept(
    province: Province, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = Database(Home(province.home).url)
    accounts.add(db, "so-tttt", "mat-khau-dai-1", "administrator", 1)
    for n in range(4):
        actlog.note(db, "so-tttt", "looked_up", 2 + n, f"người {n}", "kiểm tra tại cửa")
    with kiosk(enrolled(province, tmp_path / "kiosk")) as parts:
        arrive(parts, 1)
        settle(parts)
    (said,) = lines("kiosk", "status", "--home", str(tmp_path / "kiosk"))
    head = str(said["log_head"])
    log = ["accounts", "log", "--home", str(province.home)]
    assert main([*log, "--head", head]) == 0
    number = int(head.partition(":")[0])
    with db.write() as conn:  # by somebody who can write to the database and knows how heads are made
        conn.exec_driver_sql("DELETE FROM log_line WHERE number >= ?", (number,))
        last = f"(SELECT head FROM log_line WHERE number = {number - 1})"
        conn.exec_driver_sql(f"UPDATE log_head SET number = {number - 1}, head = {last}")
    assert main(log) == 0  # in itself it is whole
    assert main([*log, "--head", head]) == 1
    actlog.note(db, "so-tttt", "looked_up", 9, "người khác", "thế vào chỗ cũ")
    assert main(log) == 0 and main([*log, "--head", head]) == 1  # as long as before, with another line in its place
    assert str(number) in capsys.readouterr().err
    db.close()


def test_a_dropped_day_opens_in_no_place_where_it_was_kept(province: Province, tmp_path: Path, day: str) -> None:
    """The database itself, a backup older than the drop, and the kiosk's journal.sealed: all opened before, none after."""
    home, backup, sealed = Home(province.home), tmp_path / "before.tar", tmp_path / "kept.sealed"
    shutil.copy(tmp_path / "kiosk" / "journal.sealed", sealed)
    assert main(["backup", str(backup), "--home", str(home.path)]) == 0
    private = home.day_key(day).read_bytes()
    assert NAME in in_database(home, day) and NAME in in_journal(sealed, private)

    assert main(["retention", "--drop", day, "--reason", "thử", "--home", str(home.path)]) == 0

    assert not home.day_key(day).exists()
    with Database(home.url).read() as conn:
        left = [name for name in tables.EVENT_TABLES if conn.exec_driver_sql(f"SELECT 1 FROM {name} WHERE event_day = ?", (day,)).first()]
    assert left == []
    assert main(["restore", str(backup), "--home", str(tmp_path / "again")]) == 0
    again = Home(tmp_path / "again")
    with pytest.raises(NoKey):
        in_database(again, day)
    remaining = [path for path in (*home.path.rglob("*"), *again.path.rglob("*")) if path.is_file() and path.suffix not in (".db", ".tar")]
    keys = {data[:32] for path in remaining if len(data := path.read_bytes()) >= 32} | {bytes(32)}
    assert len(keys) >= 5 and private not in keys
    for key in keys:  # whatever lies at the province still
        with pytest.raises(seal.Unopenable):
            in_journal(sealed, key)
    # and it was the key alone that was missing: with it the very same files open
    again.day_key(day).parent.mkdir(exist_ok=True)
    again.day_key(day).write_bytes(private)
    assert NAME in in_database(again, day) and NAME in in_journal(sealed, private)


def in_database(home: Home, day: str) -> str:
    """Every body of a day in a province's database, opened by its own reader. Raises NoKey."""
    db, reader, out = Database(home.url), Reader(home), ""
    with db.read() as conn:
        for row in conn.exec_driver_sql("SELECT station_id, kiosk_id, epoch, seq FROM event WHERE event_day = ?", (day,)).all():
            found = reader.fetch(conn, row[0], Key(*row[1:]))
            out += str(found[0].body.fields if found else "")
    db.close()
    return out


def in_journal(file: Path, private: bytes) -> str:
    """Every body in a journal.sealed, opened with a day's private key alone. Raises seal.Unopenable."""
    rooms: dict[str, tuple[Place, bytes, bytes]] = {}
    out = ""
    with file.open("rb") as stream:
        for frame in mirror.frames(stream, len(mirror.MAGIC)):
            if frame.type == b"O":
                said = msgspec.msgpack.decode(mirror.opening_of(frame)[1].opening, type=Opening)
                place = Place(said.kiosk, said.station, said.event_day, said.epoch)
                rooms[said.epoch] = (place, seal.open_key(private, said.content_key, key_aad(*place)), dictionary(said.dictionary))
            elif frame.type == b"E":
                epoch = mirror.EVENT_HEAD.unpack_from(frame.payload)[0].hex()
                out += str(events.open_body(frame.payload[mirror.EVENT_HEAD.size :], *rooms[epoch]).fields)
    assert out and os.path.getsize(file) > 500
    return out
