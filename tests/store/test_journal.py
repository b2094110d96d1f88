"""The journal on a real encrypted file: chained, sealed, append-only, gapless; and its second copy."""

import errno
import itertools
import os
import sqlite3
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from kiosk import __version__
from kiosk.crypto import chain, seal, sign
from kiosk.domain import events, projection, protocol
from kiosk.domain.events import Body, ClockReading, Key, Kind, Place
from kiosk.domain.projection import Fact
from kiosk.errors import Code, CommitUnknown, KioskError
from kiosk.security.keyring import Keyring
from kiosk.store import check, migrations, mirror, recovery, register
from kiosk.store.engine import Database
from kiosk.store.journal import DICTIONARY, Draft, Identity, Journal
from kiosk.store.mirror import BEGUN, MAGIC, Mirror
from kiosk.store.outbox import Outbox
from kiosk.store.tables import METADATA
from tests import builders

DICT = {DICTIONARY: b"come_in verdict subjects"}


class House:
    """A journal with everything around it, reopenable."""

    def __init__(self, home: Path) -> None:
        self.home, self.province, self.clock = home, builders.province(), builders.Clock()
        self.key, self.seed = os.urandom(32), sign.generate()
        self.me = Identity(
            "a1b2c3", "K1", builders.AREA.code, self.seed, os.urandom(32), (self.province.campaign,), builders.at("06:00"), __version__
        )
        self.open()

    def open(self) -> None:
        self.db = Database(self.home / "journal.db", self.key)
        migrations.migrate(self.db, self.clock.wall)
        self.journal = Journal(self.me, Keyring(self.home, self.key), self.clock.machine_id, DICT)
        self.mirror = Mirror(self.home, self.db, self.me)

    def visit(self, subjects: tuple[str, ...] = (), deed: bytes | None = None) -> Key:
        with self.db.write() as conn:
            number = register.next_number(conn, builders.ELECTION_DAY)
            fields = {"no": number, "source": "hu1", "verdict": "come_in", "since": None, "subjects": list(subjects)}
            draft = Draft(Kind.VISIT, fields, deed or os.urandom(8))
            return self.journal.append(conn, builders.ELECTION_DAY, [draft], self.clock.now(), "-", 1)[0].key

    def verify(self) -> check.Report:
        return check.verify(self.mirror.path, self.db, self.journal, sign.public(self.province.service))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def raw(house: House) -> sqlcipher.Connection:
    """The oracle's own way in: its own connection, its own SQL."""
    conn = sqlcipher.connect(str(house.home / "journal.db"))
    conn.execute(f"PRAGMA key=\"x'{house.key.hex()}'\"")
    return conn


def test_three_visits_are_numbered_chained_and_verify(house: House) -> None:
    keys = [house.visit() for _ in range(3)]
    house.mirror.step()
    assert [k.seq for k in keys] == [1, 2, 3]
    rows = raw(house).execute("SELECT seq, sealed, head FROM event ORDER BY seq").fetchall()
    head = raw(house).execute("SELECT head FROM epoch").fetchone()[0]
    for _, sealed, expected in rows:
        head = chain.link("a1b2c3", keys[0].epoch, head, sealed)
        assert head == expected
    report = house.verify()
    assert report.ok and report.events == 3, report.findings


def test_the_database_is_unreadable_without_its_key(house: House) -> None:
    house.visit(("id:046183000123",))
    house.db.close()
    assert b"046183000123" not in (house.home / "journal.db").read_bytes()
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(house.home / "journal.db").execute("SELECT * FROM event")
    with pytest.raises(KioskError) as error, Database(house.home / "journal.db", bytes(32)).read() as conn:
        conn.exec_driver_sql("SELECT 1 FROM event")
    assert error.value.code is Code.DATABASE_UNREADABLE


@pytest.mark.parametrize("statement", ["UPDATE event SET at=0", "DELETE FROM event", "UPDATE epoch SET at=0", "DELETE FROM epoch"])
def test_events_and_epochs_cannot_be_changed(house: House, statement: str) -> None:
    house.visit()
    with pytest.raises(sqlcipher.IntegrityError, match="append-only"):
        raw(house).execute(statement)


def test_schema_and_triggers_are_what_the_models_say(house: House) -> None:
    tables = dict(raw(house).execute("SELECT name, sql FROM sqlite_master WHERE type='table'").fetchall())
    assert set(tables) == {t.name for t in METADATA.sorted_tables}
    assert all(sql.rstrip().endswith("STRICT") for sql in tables.values())
    for table in METADATA.sorted_tables:
        columns = {row[1]: (row[2], bool(row[3])) for row in raw(house).execute(f'PRAGMA table_info("{table.name}")')}
        assert columns.keys() == set(table.c.keys())
        assert all(columns[c.name][0] in ("TEXT", "INTEGER", "BLOB") for c in table.c)
    triggers = {r[0] for r in raw(house).execute("SELECT name FROM sqlite_master WHERE type='trigger'")}
    assert triggers == {"event_no_update", "event_no_delete", "epoch_no_update", "epoch_no_delete"}
    assert raw(house).execute("PRAGMA user_version").fetchone()[0] == migrations.NEWEST


def test_full_sync_and_wal_are_on_for_every_connection(house: House) -> None:
    with house.db.read() as conn:
        assert conn.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_newer_database_is_refused_and_left_alone(house: House) -> None:
    house.db.close()
    conn = raw(house)
    conn.execute("PRAGMA user_version=99")
    conn.close()
    with pytest.raises(KioskError) as error:
        house.open()
    assert error.value.code is Code.DATABASE_NEWER


def test_a_failed_block_writes_nothing(house: House) -> None:
    house.visit()
    with pytest.raises(RuntimeError), house.db.write() as conn:
        house.journal.append(
            conn, builders.ELECTION_DAY, [Draft(Kind.SIGHTING, {"verdict": "x"}, bytes(8))], house.clock.now(), "-", 1
        )
        raise RuntimeError
    assert raw(house).execute("SELECT count(*) FROM event").fetchone()[0] == 1


def test_a_new_boot_begins_a_new_epoch_that_names_its_parent(house: House) -> None:
    first = house.visit()
    house.clock.boot = "b0070001"
    second = house.visit()
    assert second.epoch != first.epoch and second.seq == 1
    opening = raw(house).execute("SELECT opening, signature FROM epoch WHERE epoch=?", (second.epoch,)).fetchone()
    said = protocol.SignedOpening(*opening).read(sign.public(house.seed))
    assert said.parent is not None and said.parent[:2] == (first.epoch, 1)
    assert register.local(said.at).isoformat() == "2021-05-23T08:00:00+07:00"


def test_the_province_opens_what_the_kiosk_sealed_with_the_day_key_alone(house: House) -> None:
    key = house.visit(("id:046183000123",))
    opening, sealed = raw(house).execute("SELECT opening, sealed FROM epoch JOIN event USING(epoch)").fetchone()
    said = protocol.decode(opening, protocol.Opening)
    aad = protocol.key_aad("a1b2c3", builders.AREA.code, builders.ELECTION_DAY, key.epoch)
    content_key = seal.open_key(house.province.day, said.content_key, aad)
    place = Place("a1b2c3", builders.AREA.code, builders.ELECTION_DAY, key.epoch)
    assert events.open_body(sealed, place, content_key, DICT[DICTIONARY]).fields["subjects"] == ["id:046183000123"]
    with pytest.raises(seal.Unopenable):
        events.open_body(sealed, place._replace(station="46-474-19750-02"), content_key, DICT[DICTIONARY])


def test_a_second_copy_has_its_first_line_before_its_name(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a power cut leaves a name without content, which is no copy of anybody's and is kept aside as damage."""
    house.visit()

    def power_cut(self: Path, target: Path) -> Path:
        raise OSError(errno.EIO, "power cut")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", power_cut)
        assert not house.mirror.step()
    assert not house.mirror.path.exists() and (house.home / BEGUN).read_bytes() == MAGIC, "whole, flushed, and nobody's yet"
    assert house.mirror.step() and house.verify().ok
    assert [path.name for path in house.home.glob("*sealed*")] == ["journal.sealed"]


def test_a_torn_second_copy_is_cut_and_catches_up(house: House) -> None:
    for _ in range(4):
        house.visit()
    house.mirror.step()
    whole = house.mirror.path.read_bytes()
    house.mirror.path.write_bytes(whole[:-40])
    assert any(f.kind == "mirror" for f in house.verify().findings)
    Mirror(house.home, house.db, house.me).step()
    assert house.verify().ok


def test_commits_the_database_lost_come_back_from_the_second_copy(house: House, tmp_path: Path) -> None:
    for _ in range(3):
        house.visit()
    house.db.checkpoint()
    house.db.close()
    early = (house.home / "journal.db").read_bytes()
    lost = [house.visit() for _ in range(5)]
    house.mirror.step()
    house.db.close()
    for name in ("journal.db-wal", "journal.db-shm"):
        (house.home / name).unlink(missing_ok=True)
    (house.home / "journal.db").write_bytes(early)
    house.open()
    outcome = recovery.reconcile(house.mirror.path, house.db, house.journal, house.clock.now())
    assert outcome == recovery.Outcome(5, Code.MIRROR_AHEAD)
    after = house.visit()
    assert after.epoch != lost[0].epoch, "a new epoch begins after a loss"
    house.mirror.step()
    report = house.verify()
    assert report.ok and report.events == 9, report.findings


def test_a_second_copy_that_contradicts_is_kept_aside(house: House) -> None:
    house.visit()
    house.mirror.step()
    other = house.home / "other"
    other.mkdir()
    stranger = House(other)
    stranger.me = house.me
    house.mirror.path.write_bytes(house.mirror.path.read_bytes())
    with house.db.read() as conn:
        epoch = conn.exec_driver_sql("SELECT epoch FROM epoch").scalar()
    payload = mirror.EVENT_HEAD.pack(bytes.fromhex(str(epoch)), 2) + b"z" * 60
    with house.mirror.path.open("ab") as file:
        file.write(mirror.frame(b"E", payload))
    house.visit()
    outcome = recovery.reconcile(house.mirror.path, house.db, house.journal, house.clock.now())
    assert outcome.code is Code.MIRROR_BROKEN
    assert (house.home / "journal.sealed.1").exists()
    house.mirror.step()
    assert house.verify().ok


@pytest.mark.parametrize("table", ["event", "epoch", "receipt"])
def test_verify_names_what_was_tampered_with(house: House, table: str) -> None:
    house.visit()
    house.visit()
    house.mirror.step()
    conn = raw(house)
    if table == "receipt":
        conn.execute("INSERT INTO receipt VALUES (1, (SELECT epoch FROM epoch), 1, 2, zeroblob(32), 2, 2, 1, zeroblob(64))")
    else:
        column = "sealed" if table == "event" else "opening"
        conn.execute(f"DROP TRIGGER {table}_no_update")
        conn.execute(f"UPDATE {table} SET {column} = CAST({column} || x'00' AS BLOB)")
    conn.commit()
    conn.close()
    report = house.verify()
    assert not report.ok
    assert {f.kind for f in report.findings} & {"event": {"chain"}, "epoch": {"opening"}, "receipt": {"receipt"}}[table]


CLOCK = ClockReading(0, 0, "b")


def fact(seq: int, kind: Kind, fields: dict[str, object], deed: str, epoch: str = "0" * 16) -> Fact:
    return Fact(Key("k", epoch, seq), 1000 + seq, Body(int(kind), 1, deed, "-", CLOCK, fields))


def one_projection(facts: list[Fact]) -> projection.Projection:
    """The projection of a set of events, after every order of it gave the same."""
    answers = {repr(projection.project(order)) for order in itertools.permutations(facts)}
    assert len(answers) == 1
    return projection.project(facts)


def test_all_orders_of_six_events_give_one_projection() -> None:
    visit = fact(1, Kind.VISIT, {"no": 1, "source": "hu1", "verdict": "come_in", "subjects": ["hu1:1"]}, "aa")
    facts = [
        visit,
        fact(2, Kind.DECLARATION, {"mode": "proxy", "full_name": "A", "desk": False}, "bb"),
        fact(3, Kind.CORRECTION, {"target": str(visit.key), "void": True, "reason": "r"}, "cc"),
        fact(4, Kind.CORRECTION, {"target": f"k:{'0' * 16}:2", "changes": {"full_name": "B"}}, "dd"),
        fact(1, Kind.VISIT, {"no": 1, "source": "hu1", "verdict": "come_in", "subjects": ["hu1:1"]}, "aa", "1" * 16),
        fact(5, Kind.LEAVE, {"target": f"k:{'9' * 16}:7"}, "ee"),
    ]
    result = one_projection(facts)
    assert [row.voided for row in result.rows.values() if isinstance(row, projection.Visit)] == [True], "one deed counts once"
    assert [row.fields["full_name"] for row in result.rows.values() if isinstance(row, projection.Declaration)] == ["B"]
    assert result.waiting == (Key("k", "0" * 16, 5),)


def test_in_first_declared_later_and_gone_in_any_order_of_arrival() -> None:
    visit = fact(2, Kind.VISIT, {"no": 1, "source": "defer", "verdict": "in_first_declare_later", "subjects": [], "ticket": 17}, "aa")
    slip = fact(6, Kind.LEAVE, {"target": str(visit.key)}, "dd")
    facts = [
        fact(1, Kind.DEFER, {"ticket": 17, "reason": "closing"}, "aa"),
        visit,
        fact(3, Kind.DECLARATION, {"mode": "proxy", "subjects": ["id:1"], "ticket": 17, "arrival": str(visit.key)}, "bb"),
        fact(4, Kind.CORRECTION, {"target": f"k:{'0' * 16}:3", "changes": {"subjects": ["id:2"], "mode": None}}, "cc"),
        slip,
        fact(7, Kind.CORRECTION, {"target": str(slip.key), "void": True}, "ee"),
    ]
    result = one_projection(facts)
    row = result.rows[visit.key]
    assert isinstance(row, projection.Visit)
    assert (row.subjects, row.left_at, row.since, row.amended) == (("id:2",), None, 1003, 0), "the declaration's person, no exit"
    assert [(t.number, t.state, t.declared_at) for t in projection.tickets(result.rows.values())] == [(17, "declared", 1003)]
    without = projection.project([f for f in facts if f.body.kind != Kind.DECLARATION and f.key.seq != 7])
    assert [t.state for t in projection.tickets(without.rows.values())] == ["left"]
    assert without.waiting == (Key("k", "0" * 16, 4),), "a correction whose declaration has not come waits"


def test_two_laptops_meet_in_the_ticket_number_alone() -> None:
    there = "2" * 16
    facts = [
        fact(1, Kind.DEFER, {"ticket": 5, "reason": "not_yet"}, "aa"),
        fact(2, Kind.VISIT, {"no": 1, "source": "defer", "subjects": [], "ticket": 5}, "aa"),
        fact(3, Kind.DECLARATION, {"mode": "proxy", "subjects": ["id:1"], "ticket": 5}, "bb", there),
        fact(4, Kind.VISIT, {"no": 1, "source": "proxy", "subjects": ["id:1"], "ticket": 5}, "bb", there),
        fact(5, Kind.DEFER, {"ticket": 6, "reason": "lane"}, "cc"),
        fact(6, Kind.LEAVE, {"ticket": 6}, "dd", there),
    ]
    rows = one_projection(facts).rows.values()
    assert [(t.number, t.state) for t in projection.tickets(rows)] == [(5, "declared"), (6, "left")]
    assert projection.repeated(rows) == {Key("k", there, 4)}, "one person, counted where they came in first"


def test_an_error_in_commit_is_unknown_and_the_deed_tells(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.visit()
    deed = os.urandom(8)
    real = Database._commit

    def fails_after(self: Database, conn: object) -> None:
        real(self, conn)  # type: ignore[arg-type]
        raise CommitUnknown("disk I/O error")

    with monkeypatch.context() as patch, pytest.raises(CommitUnknown):
        patch.setattr(Database, "_commit", fails_after)
        house.visit(deed=deed)
    house.db.close()
    with house.db.read() as conn:
        assert len(house.journal.by_deed(conn, deed)) == 1


def test_the_outbox_accepts_only_a_receipt_about_its_own_bytes(house: House) -> None:
    keys = [house.visit() for _ in range(5)]
    outbox = Outbox(house.db, "a1b2c3", sign.public(house.province.service))
    batch = outbox.next(3, 64 * 1024)
    assert batch is not None and len(batch.openings) == 1 and [s.to_seq for s in batch.spans] == [3]
    head = batch.spans[0].head
    receipt = protocol.Receipt("a1b2c3", keys[0].epoch, 1, 3, head, 3, 1, 5)
    good = receipt.sealed(house.province.service)
    forged = receipt.sealed(sign.generate())
    for bad in (forged, protocol.Receipt("a1b2c3", keys[0].epoch, 1, 3, bytes(32), 3, 3, 5).sealed(house.province.service)):
        saved = outbox.save(protocol.BatchAnswer([bad]))
        assert (saved.acknowledged, saved.rejected) == (0, 1)
    greedy = protocol.Receipt("a1b2c3", keys[0].epoch, 1, 3, head, 9, 9, 5).sealed(house.province.service)
    assert outbox.save(protocol.BatchAnswer([good])).acknowledged == 3
    counts = outbox.counts()
    assert (counts.events, counts.waiting, counts.acknowledged, counts.opened) == (5, 2, 3, 1)
    saved = outbox.save(protocol.BatchAnswer([greedy]))
    assert (saved.acknowledged, saved.rejected, saved.forked) == (0, 0, (keys[0].epoch,)), "another copy of this home has gone on"
    counts = outbox.counts()
    assert (counts.waiting, counts.acknowledged, counts.opened) == (2, 3, 3), "and of ours it proves what its digest covers"
    rest = outbox.next(1000, 64 * 1024)
    assert rest is not None and rest.spans[0].from_seq == 4 and rest.spans[0].prev_head == head


