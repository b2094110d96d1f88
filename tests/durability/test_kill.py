"""SIGKILL at any moment: every answered scan is in the journal exactly once. The harness itself is kill.py; `make soak` runs more."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_an_answered_scan_survives_sigkill_at_any_moment(capfd: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "tests.durability.kill", "--kills", "60"]
    ran = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False)
    strikes = [line for line in ran.stderr.splitlines() if line.startswith("kill ")]
    with capfd.disabled():
        print(f"\n{strikes[0] if strikes else ''} … {strikes[-1] if strikes else ''}\n{ran.stdout.strip()}")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = re.search(r"kills=(\d+) busy=(\d+) answered=(\d+) findings=0 seed=\d+ ok$", ran.stdout.strip())
    assert said, ran.stdout
    kills, busy, answered = map(int, said.groups())
    assert kills == 60 and busy >= 50 and answered >= 20 * kills
