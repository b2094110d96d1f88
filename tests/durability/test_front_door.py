"""What a stranger at the keyboard breaks first: closed outputs, odd terminals, files that are gone. Each with words, nothing lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk import compose
from kiosk.devices.keystore import FileKeyStore
from kiosk.errors import Code, KioskError
from kiosk.security.vault import Vault
from kiosk.sync import enrol
from tests import builders
from tests.durability import oracle

ROOT = Path(__file__).resolve().parents[2]
FULL = Path("/dev/full")


def kiosk(home: Path, *args: str, stdout: object = subprocess.PIPE, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kiosk", *args, "--home", str(home)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, env=env, cwd=home.parent)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    return builders.enrolled_home(tmp_path / "kiosk", builders.province_for_today())


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
        assert done.returncode == 1 and "KS-502" in done.stderr, done.stderr
    assert not Path(os.devnull).is_file() and not (house.parent / "nowhere").exists()


def test_a_journal_that_is_gone_with_its_copy_is_never_called_whole(house: Path) -> None:
    with compose.open_parts(house) as parts:
        parts.station.seen("moh")
        parts.mirror.step()
    for name in ("journal.db", "journal.db-wal", "journal.db-shm", "journal.sealed"):
        (house / name).unlink(missing_ok=True)
    for _start in range(2):
        with compose.open_parts(house) as parts:
            assert Code.JOURNAL_BROKEN in parts.conditions()
            assert not parts.verify().ok


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
        assert {f.kind for f in parts.verify().findings} == {"event", "projection"}, "verify names what it cannot open"


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
