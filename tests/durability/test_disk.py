"""Disks that fail, fill up, refuse or are taken: the real program under the real trouble. Nothing answered is lost or doubled."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from kiosk import cli, compose
from kiosk.domain.verdict import Act
from kiosk.errors import Code, code_of
from kiosk.ports import Sighting
from kiosk.store import locks, viewing
from tests import builders
from tests.durability import oracle, running

ROOT = running.ROOT
ROOT_USER = getattr(os, "geteuid", lambda: 1)() == 0


def enrolled(home: Path) -> Path:
    return builders.enrolled_home(home, builders.province_for_today())


# -- an fsync that fails ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tracer() -> str:
    """strace, where it is there and may trace."""
    path = shutil.which("strace")
    if path is None:
        pytest.skip("strace is not installed")
    if subprocess.run([path, "-o", os.devnull, "true"], capture_output=True, check=False).returncode:
        pytest.skip("tracing is refused here (ptrace)")
    return path


def failing(tracer: str, log: Path, when: str) -> list[str]:
    """Runs a command whose flushes fail: `when` as strace says it, counted in each thread."""
    calls = "fsync,fdatasync"
    return [tracer, "-f", "--seccomp-bpf", "-o", str(log), "-e", f"trace={calls}", "-e", f"inject={calls}:error=EIO:when={when}"]


@pytest.mark.slow
@pytest.mark.parametrize("when", ["1..2", "4+7", "9..20"])
def test_a_flush_that_fails_loses_and_doubles_nothing(when: str, tracer: str, home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    enrolled(home)
    before = running.scan_here(home, running.numbers(3))
    with compose.open_parts(home) as parts:
        now = parts.clock.now().wall
        passes = [builders.voter_pass(parts.vault.secrets, now) for _ in range(20)]
    traced = home.parent / "flushes"
    voters = [payload for pair in zip(running.numbers(20, 100), passes, strict=True) for payload in pair]
    under = running.scan(home, running.encoded(voters), failing(tracer, traced, when))
    after = running.scan_here(home, running.numbers(3, 200))
    account = running.settle(home, [before, under, after])
    struck = [line.split("(")[0].split()[-1] for line in traced.read_text().splitlines() if "INJECTED" in line]
    with capfd.disabled():
        papers = f"{len(under.on_paper)} of 40 on paper, {account.turned_up} of these in the journal too"
        print(f"\nflushes failed: {len(struck)} (when={when}); {papers}")
    assert struck, "no fault struck"
    assert len(under.answers) == 40, under.stderr
    assert "Traceback" not in under.stderr
    assert account.faults == []
    assert len(after.saved) == 3, "work goes on"
    checked = running.here(home, "verify")
    assert checked.code == 0, checked.answers
    conditions = running.here(home, "status").answers[0]["conditions"]
    noted = {entry["deed"] for entry in running.unsure_log(home)}
    arrived = [row for row in oracle.ledger(home).rows if row.deed in noted and row.kind == 1]  # a card that was read counts nobody
    assert (Code.UNSURE_FOUND in conditions) == bool(arrived), "an arrival that turned up is for the lead to keep or void"


@pytest.mark.slow
def test_a_first_start_whose_flushes_fail_says_so_and_the_next_one_works(tracer: str, home: Path) -> None:
    enrolled(home)
    dead = running.scan(home, running.encoded(running.numbers(3)), failing(tracer, Path(os.devnull), "1+1"))
    assert dead.saved == [] and "Traceback" not in dead.stderr
    assert "KS-11" in dead.stderr or len(dead.on_paper) == 3
    alive = running.scan_here(home, running.numbers(3, 10))
    assert len(alive.saved) == 3
    assert running.settle(home, [dead, alive]).faults == []
    assert running.here(home, "verify").code == 0


# -- a disk without room ------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB of its own."""
    where = tmp_path / "disk"
    where.mkdir()
    if not sys.platform.startswith("linux") or not ROOT_USER:
        pytest.skip("mounting a small file system needs root on Linux")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(where)], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mount is refused here: {mounted.stderr.strip()}")
    yield where
    subprocess.run(["umount", "-l", str(where)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Another program's file takes all the room but `leave` bytes."""
    other = disk / "other"
    status = os.statvfs(disk)
    other.write_bytes(b"x" * max(0, status.f_bavail * status.f_bsize - leave))
    return other


@pytest.mark.slow
def test_a_full_disk_sends_voters_to_paper_and_loses_nothing(small_disk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    home = enrolled(small_disk / "kiosk")
    before = running.scan_here(home, running.numbers(5))
    other = fill(small_disk, 64 * 1024)
    full = running.scan(home, running.encoded(running.numbers(120, 100)))
    again = running.scan_here(home, running.numbers(3, 300))
    with capfd.disabled():
        print(f"\nthe disk was full after {len(full.saved)} scans; {len(full.on_paper)} went to paper, G{full.on_paper[0]['number']:03d} …")
    assert len(full.answers) == 120 and "Traceback" not in full.stderr
    assert {a["reason"] for a in full.on_paper} == {Code.DISK_FULL.value}
    assert [a["number"] for a in full.on_paper] == list(range(1, len(full.on_paper) + 1)), "every paper form has a number of its own"
    other.unlink()
    after = running.scan_here(home, running.numbers(5, 400))
    assert len(after.saved) == 5, "scanning goes on as soon as there is room"
    account = running.settle(home, [before, full, again, after])
    assert account.faults == [] and account.turned_up == 0
    checked = running.here(home, "verify", "--no-catch-up")
    assert checked.code == 0, f"the second copy has caught up: {checked.answers}"


def views(home: Path, why: Code) -> None:
    """View only: what was saved can be seen, counted and printed; a voter goes to paper; nothing is called saved."""
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file() and path.suffix not in (".holder", ".lock", ".log")}
    for words in (("scan", "046183000001"), ("seen", "--kind", "moh")):
        refused = running.here(home, *words)
        assert refused.code == 1
        assert [(a["verdict"], a["reason"], a["event"]) for a in refused.answers] == [("not_saved", why.value, None)]
    status = running.here(home, "status")
    assert status.code == 0 and status.answers[0]["view_only"] == why.value and status.answers[0]["seq"] == 3
    assert status.answers[0]["conditions"][:2] == [Code.VIEW_DISK.value, why.value]
    assert status.answers[0]["state"] in ("ok", "offline"), "one of the promised list"
    checked = running.here(home, "doctor")
    found = {a["item"]: a["state"] for a in checked.answers}
    assert checked.code == 1 and (found["database"], found["copy"]) == ("missing", "missing")
    assert len(running.here(home, "journal").answers) == 3
    report = home.parents[1] / "report.pdf"
    assert running.here(home, "print", "report", "--out", str(report)).code == 0 and report.read_bytes()[:4] == b"%PDF"
    assert running.here(home, "rebuild").code == 1, "what would write is refused by name"
    assert {path: path.read_bytes() for path in before} == before, "nothing in the home was touched"


def test_copies_of_killed_programs_are_removed_and_those_in_use_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    killed, shown, made = (tmp_path / f"kiosk-view-{name}" for name in ("killed", "shown", "being-made"))
    for copy in (killed, shown):
        locks.acquire(copy, viewing.SHOWN).close()  # type: ignore[union-attr]
        (copy / "journal.db").write_bytes(b"sealed")
    made.mkdir()  # its program has not taken the lock yet
    with locks.acquire(shown, viewing.SHOWN):  # type: ignore[union-attr]
        new = viewing.folder(1)
        assert new is not None and {path.name for path in tmp_path.iterdir()} == {shown.name, made.name, new.name}


@pytest.mark.slow
def test_view_only_ends_by_itself_when_there_is_room(small_disk: Path) -> None:
    home = enrolled(small_disk / "kiosk")
    running.scan_here(home, running.numbers(3))
    other, copies = fill(small_disk, 0), set(Path("/dev/shm").glob("kiosk-view-*"))
    with compose.open_parts(home) as parts:
        assert parts.database.viewing is Code.DISK_FULL
        refused = parts.station.scan(Sighting(os.urandom(8), b"046183000100", "typed"))
        assert refused.act is Act.NOT_SAVED and parts.station.today().event_day
        parts.mirror.step()
        other.unlink()
        saved = parts.station.scan(Sighting(os.urandom(8), b"046183000101", "typed"))
        assert saved.event and parts.database.viewing is None
        parts.mirror.step()
        assert not {Code.VIEW_DISK, Code.DISK_FULL, Code.MIRROR_BROKEN} & set(parts.conditions()) and parts.verify().ok
    assert [row.kind for row in oracle.ledger(home).rows] == [8, 2, 2, 2, 2]
    assert not set(Path("/dev/shm").glob("kiosk-view-*")) - copies, "the copy is gone"


def test_a_disk_that_filled_up_under_an_open_journal_is_named_before_the_next_voter(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enrolled(home)
    running.scan_here(home, running.numbers(1))
    monkeypatch.setattr("kiosk.homes.shutil.disk_usage", lambda _path: SimpleNamespace(free=0))
    status = running.here(home, "status").answers[0]
    assert status["conditions"][0] == Code.DISK_FULL.value and status["view_only"] is None
    found = {a["item"]: a["state"] for a in running.here(home, "doctor").answers}
    assert [found[item] for item in ("data", "database", "copy")] == ["missing"] * 3


@pytest.mark.slow
def test_a_disk_that_is_full_at_the_start_is_named(small_disk: Path) -> None:
    home = enrolled(small_disk / "kiosk")
    running.scan_here(home, running.numbers(2))
    fill(small_disk, 0)
    views(home, Code.DISK_FULL)


@pytest.mark.slow
def test_a_folder_that_lets_nothing_be_written_is_named(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if ROOT_USER:  # whom no mode stops: the file system itself must refuse
        disk: Path = request.getfixturevalue("small_disk")
        home = enrolled(disk / "kiosk")
        running.scan_here(home, running.numbers(2))
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    else:
        home = enrolled(tmp_path / "kiosk")
        running.scan_here(home, running.numbers(2))
        home.chmod(0o500)
    views(home, Code.DISK_READ_ONLY)


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, Code.DISK_FULL), (errno.EROFS, Code.DISK_READ_ONLY), (errno.EPIPE, Code.INTERNAL)]
)
def test_the_systems_words_have_our_names(number: int, code: Code) -> None:
    assert code_of(OSError(number, "")) is code


# -- a database that is taken, or newer ---------------------------------------------------------------------------------

HOLDER = """
import sys
from pathlib import Path
from tests.durability import oracle
conn = oracle.connect(Path(sys.argv[1]))
conn.isolation_level = None
conn.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
conn.execute("ROLLBACK")
"""


def test_a_database_that_another_program_holds_sends_the_voter_to_paper(home: Path) -> None:
    enrolled(home)
    with compose.open_parts(home) as parts:
        first = parts.station.scan(Sighting(os.urandom(8), b"046183000001", "typed"))
        parts.database.close()
        parts.database.busy_ms = 100
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(home)], cwd=ROOT, env=running.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        deed = os.urandom(8)
        refused = parts.station.scan(Sighting(deed, b"046183000002", "typed"))
        assert (refused.act, refused.reason, refused.number) == (Act.NOT_SAVED, Code.DATABASE_BUSY.value, 1)
        assert Code.DATABASE_BUSY in parts.conditions()
        holder.communicate()
        again = parts.station.scan(Sighting(os.urandom(8), b"046183000002", "typed"))
        assert again.act is Act.DECLARE and Code.DATABASE_BUSY not in parts.conditions()
        parts.mirror.step()
        assert parts.verify().ok
    assert first.event and [entry["deed"] for entry in running.unsure_log(home)] == [deed.hex()]
    assert deed.hex() not in {row.deed for row in oracle.ledger(home).rows}


COMMANDS = {
    "scan": ["046183000001"],
    "seen": ["--kind", "moh"],
    "correct": ["k:0123456789abcdef:1", "--reason", "x"],
    "day": ["open", "2021-05-23"],
    "sync": ["--once"],
    "status": [],
    "verify": [],
    "journal": [],
    "rebuild": [],
    "print": ["report"],
}


@pytest.mark.parametrize("name", [*COMMANDS, "declare"])
def test_every_command_refuses_a_newer_database_by_name(name: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    enrolled(home)
    with compose.open_parts(home):
        pass
    conn = oracle.connect(home)
    conn.execute("PRAGMA user_version=99")
    conn.close()
    words = COMMANDS.get(name)
    if words is None:
        assert cli.main(["declare", "--example"]) == 0
        (home / "said.json").write_text(capsys.readouterr().out)
        words = ["--file", str(home / "said.json")]
    before = (home / "journal.db").read_bytes()
    assert cli.main([name, "--home", str(home), *words]) == 1
    said = capsys.readouterr()
    assert "KS-114" in said.err and said.out == ""
    assert (home / "journal.db").read_bytes() == before, "the file is left alone"
