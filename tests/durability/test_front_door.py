"""What a stranger at the keyboard breaks first: closed outputs, odd terminals, files that are gone. Each with words, nothing lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk import cli, compose
from kiosk.devices.keystore import FileKeyStore
from kiosk.errors import Code, KioskError
from kiosk.security.vault import Vault
from kiosk.sync import enrol
from tests import builders
from tests.durability import oracle, running

ROOT = Path(__file__).resolve().parents[2]
FULL = Path("/dev/full")


def kiosk(home: Path, *args: str, stdout: object = subprocess.PIPE, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kiosk", *args, "--home", str(home)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, env=env, cwd=home.parent)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    return builders.enrolled_home(tmp_path / "kiosk", builders.province_for_today())


def flip_a_page(file: Path, of: str = "") -> bytes:
    """Flips one bit in the middle of a database, or in the first page of its table `of`. Returns the new content."""
    data = bytearray(file.read_bytes())
    at = len(data) // 2
    if of:
        with compose.open_parts(file.parent) as parts, parts.database.read() as conn:
            page = conn.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name = ?", (of,)).scalar_one()
            at = (page - 1) * int(conn.exec_driver_sql("PRAGMA page_size").scalar_one()) + 1000
        data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)
    return bytes(data)


def visits(home: Path) -> int:
    return sum(row.kind == 1 for row in oracle.ledger(home).rows)


def test_a_terminal_without_vietnamese_gets_escapes_and_no_traceback(house: Path) -> None:
    for args in (("seen", "--kind", "moh"), ("status",), ("scan", "046183000123"), ("help",)):
        done = kiosk(house, *args, PYTHONIOENCODING="ascii")
        assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert visits(house) == 1


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
def test_an_answer_that_cannot_be_written_out_is_not_a_record_that_was_lost(house: Path) -> None:
    with FULL.open("w") as full:
        done = kiosk(house, "seen", "--kind", "moh", "--json", stdout=full)
    assert done.returncode == 1 and "kiosk journal" in done.stderr and "KS-110" not in done.stderr
    assert visits(house) == 1


def test_closed_streams_do_no_harm(house: Path) -> None:
    command = f'"{sys.executable}" -m kiosk seen --kind moh --json --home "{house}" >&- <&-'
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert visits(house) == 1


def test_an_event_number_beyond_the_database_is_unknown(house: Path) -> None:
    done = kiosk(house, "correct", f"099ca2416cb6:fad8371708a270d1:{'9' * 24}", "--reason", "x", "--void")
    assert done.returncode == 1 and "KS-304" in done.stderr and "Traceback" not in done.stderr


def test_the_report_replaces_no_device_and_makes_no_folder(house: Path) -> None:
    kiosk(house, "seen", "--kind", "moh")
    for out in (os.devnull, "", str(house.parent / "nowhere" / "r.pdf")):
        done = kiosk(house, "print", "report", "--out", out)
        assert done.returncode == 1 and "KS-504" in done.stderr, done.stderr
    assert not Path(os.devnull).is_file() and not (house.parent / "nowhere").exists()


def test_a_journal_that_is_gone_with_its_copy_is_never_called_whole(house: Path) -> None:
    with compose.open_parts(house) as parts:
        parts.station.seen("moh")
        parts.mirror.step()
    for name in ("journal.db", "journal.db-wal", "journal.db-shm", "journal.sealed"):
        (house / name).unlink(missing_ok=True)
    for _start in range(2):
        with compose.open_parts(house) as parts:
            assert Code.JOURNAL_GONE in parts.conditions()
            assert not parts.verify().ok
    told = running.here(house, "scan", "abc")
    assert told.code == 0 and told.stderr.startswith("KS-311 · Nhật ký cũ của máy này không còn") and told.stderr.count("\n") == 1
    looked = running.here(house, "verify", "--settle")
    assert (looked.code, looked.answers[0]["announced"], looked.answers[0]["findings"][0]["kind"]) == (1, "KS-311", "database")
    assert running.here(house, "verify").code == 0 and running.here(house, "scan", "abc").stderr == "", "somebody has looked"


def test_a_database_that_is_gone_is_said_by_every_command_until_somebody_looked(house: Path) -> None:
    with compose.open_parts(house) as parts:
        for _ in range(3):
            parts.station.seen("moh")
        parts.mirror.step()
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        (house / name).unlink(missing_ok=True)
    for words in (("scan", "abc"), ("status",), ("journal",), ("seen", "--kind", "moh"), ("status",)):
        told = running.here(house, *words)
        assert told.code == 0 and told.stderr.startswith("KS-302 · ") and "19001075" in told.stderr, words
        assert told.stderr.count("\n") == 1, "one line: what happened, what became of the data, what to do"
    checked = running.here(house, "verify")
    assert checked.code == 1 and [f["kind"] for f in checked.answers[0]["findings"]] == ["database"], "found wrong, until somebody looked"
    held = len(oracle.ledger(house).rows)
    (house / "journal.db").unlink()
    with compose.open_parts(house) as window:
        assert window.recovered.restored == held and Code.MIRROR_AHEAD in window.conditions()
        looked = running.here(house, "verify", "--settle")
        assert Code.MIRROR_AHEAD not in window.conditions(), "the window that started with it hears of it, too"
    assert (looked.code, looked.answers[0]["announced"], looked.answers[0]["settled"]) == (0, "KS-302", 2)
    assert [note["code"] for note in looked.answers[0]["notes"]] == ["KS-302"] * 2
    assert running.here(house, "scan", "abc").stderr == "" and visits(house) == 4


@pytest.mark.parametrize("catch_up", [(), ("--no-catch-up",)])
def test_a_damaged_database_is_never_verified_by_its_second_copy(house: Path, catch_up: tuple[str, ...]) -> None:
    running.scan_here(house, running.numbers(6))
    before = flip_a_page(house / "journal.db")
    told = running.here(house, "verify", *catch_up)
    assert told.code == 1 and told.answers[0]["ok"] is False and told.answers[0]["announced"] == "KS-118"
    (found,) = told.answers[0]["findings"]
    assert found["kind"] == "database" and "journal.db" in found["detail"]
    assert told.stderr.startswith("KS-118 · ") and "kiosk restore" in told.stderr
    assert (house / "journal.db").read_bytes() == before, "looked at, and left alone"


def test_a_second_program_beside_one_that_shows_a_copy_does_not_write_to_the_damaged_file(house: Path) -> None:
    running.scan_here(house, running.numbers(6))
    before = flip_a_page(house / "journal.db")
    with compose.open_parts(house) as window:
        assert window.database.viewing is Code.DATABASE_UNREADABLE
        beside = running.here(house, "scan", "abc")
        assert beside.code == 1 and beside.on_paper and beside.stderr.startswith("KS-118 · ")
    assert (house / "journal.db").read_bytes() == before


def test_a_lost_append_only_trigger_is_found_and_made_again(house: Path) -> None:
    running.scan_here(house, running.numbers(2))
    conn = oracle.connect(house)
    conn.execute("DROP TRIGGER event_no_delete")
    conn.execute("DROP TRIGGER epoch_no_update")
    conn.execute("CREATE TRIGGER epoch_no_update BEFORE UPDATE ON epoch BEGIN SELECT 1; END")
    conn.close()
    told = running.here(house, "verify")
    assert told.code == 1 and {(f["kind"], f["detail"]) for f in told.answers[0]["findings"]} == {
        ("trigger", "event_no_delete"),
        ("trigger", "epoch_no_update"),
    }
    assert running.here(house, "verify").code == 0
    conn = oracle.connect(house)
    with pytest.raises(Exception, match="append-only"):
        conn.execute("DELETE FROM event")
    conn.close()


def test_view_only_is_said_first_and_the_receipts_that_can_be_read_are_counted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = builders.province_for_today()
    house = builders.enrolled_home(home, made)
    with compose.open_parts(house) as parts:
        for _ in range(40):
            parts.station.seen("moh")
        parts.mirror.step()
        assert parts.outbox.save(builders.answer(parts, made, 33)).acknowledged == 33
    flip_a_page(house / "journal.db", of="event")
    assert cli.main(["status", "--home", str(house)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "⚠ Chế độ chỉ xem: dữ liệu bị hỏng, ghi sổ giấy (KS-118)"
    assert any(line.startswith("Số dưới đây lấy từ bản thứ hai") for line in said)
    assert "Tỉnh đã nhận 33 trong 41 sự kiện; còn 8 chờ gửi." in said, "from the pages that still hold"
    assert "  view_only: KS-113" in said and "KS-118" not in "".join(said[1:])
    assert running.here(house, "status").answers[0]["conditions"][:2] == ["KS-118", "KS-113"]
    assert running.here(house, "restore", str(house / "journal.sealed")).code == 0
    assert running.here(house, "status").answers[0]["acknowledged"] == 33, "restored with them"


def test_without_its_vault_a_full_home_is_not_offered_for_enrolment(house: Path) -> None:
    with compose.open_parts(house) as parts:
        parts.station.seen("moh")
    (house / "vault.json").unlink()
    with pytest.raises(KioskError) as error:
        compose.open_parts(house)
    assert error.value.code is Code.KEYS_UNREADABLE
    with pytest.raises(KioskError) as refused:
        enrol.enrol(house, "https://localhost:1", "A" * 52, keystore=FileKeyStore(house / "elsewhere"), clock=builders.Clock())
    assert refused.value.code is Code.KEYS_UNREADABLE, "refused before the code is used"



def test_lost_keys_are_told_and_the_work_goes_on_in_a_new_epoch(house: Path) -> None:
    with compose.open_parts(house) as parts:
        parts.station.seen("moh")
        assert Code.KEY_LOST not in parts.conditions()
        for key in (house / "keyring").iterdir():
            key.unlink()
        assert Code.KEY_LOST in parts.conditions()
    with compose.open_parts(house) as parts:
        again = parts.station.seen("moh")
        assert again.event and again.number == 2, "counted on, under a key of its own"
        assert Code.KEY_LOST in parts.conditions(), "and told until somebody looked"
        parts.mirror.step()
    for _time in range(2):
        told = running.here(house, "scan", "abc")
        assert told.code == 0 and told.stderr.startswith("KS-307 · ") and told.stderr.count("\n") == 1
    looked = running.here(house, "verify", "--settle")
    (found,) = looked.answers[0]["findings"]
    assert looked.code == 1 and found["kind"] == "key" and "2 events (1-2)" in found["detail"], "a line an epoch, not one an event"
    again = running.here(house, "verify")
    assert again.code == 1 and again.answers[0]["announced"] is None and again.stderr == "", "looked at: found still, announced no more"


def test_damage_inside_the_second_copy_is_kept_aside_and_told_until_somebody_looked(house: Path) -> None:
    with compose.open_parts(house) as parts:
        for _ in range(6):
            parts.station.seen("moh")
            parts.mirror.step()
    copy = house / "journal.sealed"
    data = bytearray(copy.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    copy.write_bytes(data)
    with compose.open_parts(house) as parts:
        parts.mirror.step()
        assert Code.MIRROR_BROKEN in parts.conditions()
        assert [f.detail for f in parts.verify().findings] == ["set aside: journal.sealed.1"]
    assert (house / "journal.sealed.1").read_bytes() == bytes(data)


def test_the_vault_says_whose_it_is(house: Path) -> None:
    other = house.parent / "other"
    other.mkdir()
    with pytest.raises(KioskError) as error:
        Vault.open(house, FileKeyStore(other / "device.secret"))
    assert error.value.code is Code.KEYS_UNREADABLE
