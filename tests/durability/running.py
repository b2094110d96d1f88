"""The real `kiosk scan --stdin` as a process, and the account that its answers must settle with the journal."""

import base64
import contextlib
import io
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kiosk import cli
from tests.durability import oracle

ROOT = Path(__file__).parents[2]
COUNTED = (1, 2)  # visit, sighting: what a scan writes


def seed_of(given: int | None) -> int:
    """The seed that was asked for, else one that has not been tried."""
    return given if given is not None else random.SystemRandom().randrange(10**6)


def ended(findings: Sequence[str], last: str) -> int:
    """A harness's end: its first findings, its last line. The exit code."""
    for finding in findings[:20]:
        print(finding)
    print(last)
    return int(not last.endswith("ok"))


@dataclass(frozen=True)
class Ran:
    """`answers`: one JSON object a line of input; `stderr`: the words for people."""

    answers: list[dict[str, Any]]
    stderr: str
    code: int

    @property
    def saved(self) -> list[dict[str, Any]]:
        return [a for a in self.answers if a["event"]]

    @property
    def on_paper(self) -> list[dict[str, Any]]:
        return [a for a in self.answers if a["verdict"] == "not_saved"]


@dataclass
class Account:
    """What does not settle (`faults`), and what was found: `turned_up`: deeds on paper and in the journal."""

    faults: list[str] = field(default_factory=list)
    events: int = 0
    turned_up: int = 0


def command(home: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "kiosk", *words, "--home", str(home)]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def encoded(payloads: Sequence[bytes]) -> bytes:
    return b"".join(base64.b64encode(p) + b"\n" for p in payloads)


def numbers(count: int, first: int = 0) -> list[bytes]:
    """So many different ID numbers, each a sighting that asks for a declaration."""
    return [b"046183%06d" % (first + i) for i in range(count)]


def ran(done: "subprocess.CompletedProcess[bytes]") -> Ran:
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return Ran(answers, done.stderr.decode("utf-8", "replace"), done.returncode)


def scan(home: Path, lines: bytes, wrap: Sequence[str] = (), **options: Any) -> Ran:
    """`lines`: standard input; `wrap`: a command to run it under."""
    words = [*wrap, *command(home, "scan", "--stdin")]
    return ran(subprocess.run(words, input=lines, capture_output=True, cwd=ROOT, env=environment(), timeout=100, check=False, **options))


def here(home: Path, *words: str) -> Ran:
    """A command run in this process, for what stands before and after a fault: starting a program costs a second."""
    said, aside = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(aside):
        code = cli.main([*words, "--json", "--home", str(home)])
    return Ran([json.loads(line) for line in said.getvalue().splitlines()], aside.getvalue(), code)


def scan_here(home: Path, payloads: Sequence[bytes]) -> Ran:
    return here(home, "scan", *(p.decode() for p in payloads))


def settle(home: Path, runs: Sequence[Ran]) -> Account:
    """Every answered event is there exactly once; what was sent to paper counts at most once, and then unsure.log names it."""
    out = Account()
    ledger = oracle.ledger(home)
    out.faults += ledger.faults
    out.events = len(ledger.rows)
    answered = Counter((a["event"]["epoch"], a["event"]["seq"]) for run in runs for a in run.saved)
    out.faults += [f"answered twice: {key}" for key, times in answered.items() if times > 1]
    there = {(row.epoch, row.seq): row for row in ledger.rows}
    out.faults += [f"answered and lost: {key}" for key in answered if key not in there]
    deeds = Counter(row.deed for row in ledger.rows if row.kind in COUNTED)
    out.faults += [f"deed twice: {deed}" for deed, times in deeds.items() if times > 1]
    unsure = unsure_log(home)
    noted = {entry["deed"] for entry in unsure}
    silent = [row for key, row in there.items() if row.kind in COUNTED and key not in answered]
    out.faults += [f"written, not answered, not in unsure.log: {row.epoch}:{row.seq}" for row in silent if row.deed not in noted]
    out.turned_up = sum(row.deed in noted for row in ledger.rows)
    papers = [a["number"] for run in runs for a in run.on_paper if a["number"]]
    out.faults += [f"paper numbers: {papers}"] * (len(set(papers)) != len(papers))
    out.faults += [f"not in unsure.log: {n}" for n in set(papers) - {entry["paper"] for entry in unsure}]
    return out


def unsure_log(home: Path) -> list[dict[str, Any]]:
    """Raises ValueError on a line that is no JSON: nothing half-written."""
    path = home / "unsure.log"
    return [json.loads(line) for line in path.read_bytes().splitlines() if line.strip()] if path.exists() else []
