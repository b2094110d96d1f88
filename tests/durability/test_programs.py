"""Several programs on one data directory: two `kiosk scan --stdin` and a writer in this process; and a second window, which is refused."""

import itertools
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kiosk import compose
from kiosk.cli.scan import event_json
from kiosk.ports import Sighting
from kiosk.store import locks
from tests import builders
from tests.durability import oracle, running
from tests.durability.running import Ran


def feed(program: "subprocess.Popen[bytes]", lines: bytes) -> bytes:
    """The first answer: from then on the program is at work."""
    assert program.stdin is not None and program.stdout is not None
    program.stdin.write(lines)
    program.stdin.flush()
    return program.stdout.readline()


def together(home: Path, count: int) -> list[Ran]:
    """Three writers, `count` voters with a pass each, all at once. Returns what each was answered."""
    builders.enrolled_home(home, builders.province_for_today())
    with compose.open_parts(home) as parts:
        now, secrets = parts.clock.now().wall, parts.vault.secrets
        shown = [[builders.voter_pass(secrets, now) for _ in range(count)] for _ in range(3)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command, where = running.command(home, "scan", "--stdin"), running.environment()
        programs = [subprocess.Popen(command, cwd=running.ROOT, env=where, **pipes) for _ in range(2)]  # type: ignore[call-overload]
        first = [feed(program, running.encoded(passes[:1])) for program, passes in zip(programs, shown, strict=False)]
        ended: dict[int, Ran] = {}

        def run(i: int) -> None:
            out, err = programs[i].communicate(running.encoded(shown[i][1:]))
            ended[i] = running.ran(subprocess.CompletedProcess([], programs[i].returncode, first[i] + out, err))

        others = [threading.Thread(target=run, args=(i,)) for i in range(2)]
        for other in others:
            other.start()
        mine: list[dict[str, object]] = []
        for raw in shown[2]:
            said = parts.station.scan(Sighting(os.urandom(8), raw, "typed"))
            mine.append({"verdict": said.act.value, "event": event_json(said.event), "number": said.number})
            if len(mine) % 10 == 0:
                parts.mirror.step()
        for other in others:
            other.join()
        parts.mirror.step()
    return [ended[0], ended[1], Ran(mine, "", 0)]


def changes(runs: list[Ran]) -> int:
    """How often another writer came next: whether they did work at the same time."""
    turns = sorted((a["event"]["seq"], i) for i, run in enumerate(runs) for a in run.saved)
    return sum(one[1] != other[1] for one, other in itertools.pairwise(turns))


def line(runs: list[Ran]) -> str:
    saved, papers = sum(len(run.saved) for run in runs), sum(len(run.on_paper) for run in runs)
    return f"{len(runs)} writers: saved={saved} paper={papers} changes={changes(runs)}"


def judge(home: Path, runs: list[Ran], count: int) -> list[str]:
    """What does not hold of three writers."""
    account = running.settle(home, runs)
    faults = [*account.faults, *(f"writer {i}: {len(run.answers)} answers" for i, run in enumerate(runs) if len(run.answers) != count)]
    arrivals = [row.fields["no"] for row in oracle.ledger(home).rows if row.kind == 1]
    faults += ["numbers are not dense"] * (sorted(arrivals) != list(range(1, len(arrivals) + 1)))
    told = [a["number"] for run in runs for a in run.saved]
    faults += ["a number was told twice"] * (len(set(told)) != len(told))
    checked = running.here(home, "verify", "--no-catch-up")
    return faults + [str(checked.answers)] * (checked.code != 0)


@pytest.mark.slow
def test_three_writers_on_one_home_lose_nothing(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    runs = together(home, 300)
    with capfd.disabled():
        print(f"\n{line(runs)}")
    assert judge(home, runs, 300) == []
    assert all(len(run.saved) >= 290 for run in runs), "they wait for each other; paper is for trouble"
    assert changes(runs) >= 10, "they did work at the same time"


def test_a_lock_names_its_program_by_its_command_and_by_no_argument(home: Path) -> None:
    builders.enrolled_home(home, builders.province_for_today())
    running.here(home, "scan", "046183000001")
    assert locks.holder(home, "home") == f"kiosk scan (pid {os.getpid()})"


@pytest.mark.skipif(sys.platform == "win32", reason="offscreen Qt is tried on Linux and macOS")
def test_a_second_window_on_the_same_home_is_refused_by_name(home: Path) -> None:
    builders.enrolled_home(home, builders.province_for_today())
    with locks.hold(home, "window"):
        holder = locks.holder(home, "window")
        refused = subprocess.run(
            running.command(home), capture_output=True, text=True, cwd=running.ROOT, env=running.environment(), timeout=60, check=False
        )
    assert refused.returncode == 1
    assert "KS-121" in refused.stderr and holder in refused.stderr and str(os.getpid()) in holder
    assert "Traceback" not in refused.stderr


def test_a_rebuild_waits_for_nobody_and_names_who_is_in_the_way(home: Path) -> None:
    builders.enrolled_home(home, builders.province_for_today())
    with compose.open_parts(home):
        refused = running.here(home, "rebuild")
    assert refused.code == 1 and "KS-120" in refused.stderr
    assert running.here(home, "rebuild").code == 0
