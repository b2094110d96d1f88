"""Kills and full disks inside the system calls of the real program, a few of each; `make soak` strikes more often."""

from pathlib import Path

import pytest

from tests.durability import points, running, tape


@pytest.mark.slow
def test_a_kill_or_a_full_disk_inside_a_system_call_loses_no_answered_scan(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    if tape.tracer() is None:
        pytest.skip("strace is not installed, or tracing is refused here (ptrace)")
    seed = running.seed_of(None)
    out = points.campaign(3, 3, seed, tmp_path)
    assert out is not None
    with capfd.disabled():  # small disks need the right to mount: the line says where they were not tried
        print(f"\n{points.line(out, seed)}")
    assert out.findings == []
    assert out.tried["full pwrite64"] == out.tried["full write"] == 1 and sum(out.tried[f"kill {name}"] for name in points.POINTS) == 3
    assert sum(out.struck.values()) and out.saved


def test_kills_that_never_strike_and_an_empty_run_are_no_success() -> None:
    idle = points.Outcome()
    idle.tried["kill fsync"] = 3
    idle.tried["full write"] = idle.struck["full write"] = 1
    assert points.line(idle, 1).endswith("FAILED") and points.line(points.Outcome(), 1).endswith("FAILED")
