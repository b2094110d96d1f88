"""The stages of `./test`: lint, types, floors, tests with coverage, three mutants. Each is timed; the last line counts them all.

A stage without tests of its own counts as one. Nothing here decides what is checked: pyproject.toml and tests/ do.
"""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = [sys.executable]


@dataclass(frozen=True)
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


def run(*command: str) -> int:
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode


def tool(*command: str) -> Callable[[], Count]:
    """A stage that is right or wrong as a whole."""

    def stage() -> Count:
        return Count(failed=1) if run(*command) else Count(passed=1)

    return stage


def tests() -> Count:
    """pytest, counted from its own report; a run that died before writing one is one failure more."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        cover = ["--cov=kiosk", "--cov=province", "--cov-report=term:skip-covered"]
        # One more than there are cores: a third of the time a test waits for another process. A file's tests share a served province.
        beside = ["-n", str(min(4, (os.cpu_count() or 1) + 1)), "--dist", "loadfile"]
        status = run(*PYTHON, "-m", "pytest", *beside, *cover, f"--junitxml={report}")
        if not report.exists():
            return Count(failed=1)
        suite = ET.parse(report).getroot().find("testsuite")
        assert suite is not None
        number = {key: int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")}
    failed = number["failures"] + number["errors"]
    passed = number["tests"] - failed - number["skipped"]
    return Count(passed, failed or int(status != 0), number["skipped"])


def mutants() -> Count:
    with tempfile.TemporaryDirectory() as folder:
        tally = Path(folder) / "tally"
        status = run(*PYTHON, "tools/mutants.py", "--tally", str(tally))
        passed, failed = map(int, tally.read_text().split()) if tally.exists() else (0, 1)
    return Count(passed, failed or int(status != 0))


STAGES: dict[str, Callable[[], Count]] = {
    "ruff": tool(*PYTHON, "-m", "ruff", "check", "."),
    "mypy": tool(*PYTHON, "-m", "mypy", "--strict", "kiosk", "province"),
    "floors": tool(str(Path(sys.executable).with_name("lint-imports"))),
    "tests": tests,
    "mutants": mutants,
}


def main() -> int:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    total, lines = Count(), []
    for name, stage in STAGES.items():
        print(f"== {name}", flush=True)
        start = time.monotonic()
        count = stage()
        total += count
        verdict = "failed" if count.failed else "ok"
        lines.append(f"{name:8} {verdict:6} {time.monotonic() - start:7.1f} s   {count.passed} passed, {count.failed} failed")
    print("\n" + "\n".join(lines))
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
