"""Single flipped bits in the files of a killed kiosk: announced by name, restored, and never silently wrong. `make soak` flips more."""

import random
from collections import Counter
from pathlib import Path

import pytest

from kiosk import compose
from kiosk.errors import Code
from kiosk.store import walfile
from tests import builders
from tests.durability import flips, oracle, running

EACH = 5  # flips a file


@pytest.mark.slow
def test_a_flipped_bit_is_never_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seed = running.seed_of(None)
    out = flips.campaign(EACH, seed, tmp_path)
    with capfd.disabled():
        print(f"\n{flips.line(out, seed)}")
    assert out.findings == []
    tried = Counter(file for file, _end in out.ends.elements())
    assert tried == dict.fromkeys(flips.FILES, EACH)
    assert out.ends["keyring", "announced, goes on"] == EACH


def test_every_kind_of_bit_in_a_wal_is_noticed_before_sqlite_drops_it(home: Path) -> None:
    builders.enrolled_home(home)
    with compose.open_parts(home, clock=builders.Clock()) as parts:
        for _ in range(8):
            parts.station.seen("moh")
        wal = (home / "journal.db-wal").read_bytes()
    path = home.parent / "wal"
    path.write_bytes(wal)
    assert walfile.inspect(path) is None, "a whole one is no trouble"
    step = 24 + int.from_bytes(wal[8:12], "big")
    last = 32 + ((len(wal) - 32) // step - 1) * step
    places = {"magic": 0, "salt": 16, "checksum of the header": 24, "page number": 32, "commit": last + 4, "salt of the last": last + 8}
    places |= {"its checksum": last + 16, "its page": last + 24 + 100, "a page before": 32 + 24 + 7}
    for name, at in places.items():
        for bit in (0, 5):
            changed = bytearray(wal)
            changed[at] ^= 1 << bit
            path.write_bytes(changed)
            assert walfile.inspect(path) is not None, (name, bit)
    path.write_bytes(wal[: last + 100])
    assert walfile.inspect(path) is None, "the rest of a transaction that was being written is nobody's loss"
    path.write_bytes(b"")
    assert walfile.inspect(path) is None and walfile.inspect(home / "none") is None


def test_what_a_start_found_is_told_until_somebody_looked(home: Path) -> None:
    killed = flips.killed_home(home.parent, random.Random(1))
    data = bytearray((killed.home / "journal.db-wal").read_bytes())
    data[32 + 24 + 5] ^= 4  # in the first frame's page: SQLite drops everything
    (killed.home / "journal.db-wal").write_bytes(data)
    if running.here(killed.home, "status").answers[0]["view_only"]:  # the database had pages of the WAL already
        assert running.here(killed.home, "restore", str(killed.home / "journal.sealed")).code == 0
        return
    for _start in range(2):
        assert Code.WAL_CUT.value in running.here(killed.home, "status").answers[0]["conditions"]
    assert (killed.home / "journal.db-wal.cut.1").read_bytes() == bytes(data), "kept for the experts"
    assert running.here(killed.home, "verify", "--settle").answers[0]["settled"] >= 1
    assert Code.WAL_CUT.value not in running.here(killed.home, "status").answers[0]["conditions"]
    assert (killed.home / "damage.seen").exists()


def test_restore_takes_a_copy_from_a_stick_and_refuses_another_kiosks(home: Path, tmp_path: Path) -> None:
    builders.enrolled_home(home, builders.province_for_today())
    stranger = builders.enrolled_home(tmp_path / "other", builders.province_for_today())
    for house in (home, stranger):
        running.scan_here(house, running.numbers(6))
    before = oracle.hashes(home)
    data = bytearray((home / "journal.db").read_bytes())
    data[9000] ^= 1
    (home / "journal.db").write_bytes(data)
    stick = tmp_path / "stick"
    (home / "journal.sealed").rename(stick)
    for file in (stranger / "journal.sealed", tmp_path / "none", home / "vault.json"):
        refused = running.here(home, "restore", str(file))
        assert refused.code == 1 and Code.BAD_FILE.value in refused.stderr, file
    assert bytes(data) == (home / "journal.db").read_bytes(), "a refusal touches nothing"
    done = running.here(home, "restore", str(stick))
    assert done.code == 0 and done.answers[0]["events"] == 7 and done.answers[0]["announced"] == Code.RESTORED.value
    assert before.items() <= oracle.hashes(home).items()
    assert (home / "journal.db.damaged.1").read_bytes() == bytes(data)
    again = running.scan_here(home, running.numbers(1, 50)).saved[0]["event"]
    assert again["epoch"] not in {epoch for epoch, _seq in before}, "a new epoch: the old one's next numbers may be with the province"
    assert running.here(home, "verify", "--settle").code == 0
    assert [row.fields["what"] for row in oracle.ledger(home).rows if row.kind == 7] == ["restore"]


def test_restore_of_a_whole_journal_adds_what_it_lacks_and_counts_nothing_twice(home: Path) -> None:
    builders.enrolled_home(home, builders.province_for_today())
    running.scan_here(home, running.numbers(5))
    before = oracle.hashes(home)
    done = running.here(home, "restore", str(home / "journal.sealed"))
    assert done.code == 0 and done.answers[0]["announced"] is None
    assert running.here(home, "verify").code == 0
    held = oracle.hashes(home)
    assert before.items() <= held.items() and len(held) == len(before) + 1


def test_restore_is_a_leads_task_once_there_are_officers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staff = (builders.LEAD, builders.OFFICER)
    builders.enrolled_home(home, builders.province_for_today(), officers=staff, pins=builders.PINS)
    for who, code in ((builders.OFFICER, 1), (builders.LEAD, 0)):
        monkeypatch.setenv("KIOSK_OFFICER", who.id)
        monkeypatch.setenv("KIOSK_PIN", builders.PINS[who.id])
        assert running.scan_here(home, running.numbers(2)).saved
        done = running.here(home, "restore", str(home / "journal.sealed"))
        assert done.code == code and (Code.LEAD_NEEDED.value in done.stderr) == bool(code), done.stderr
