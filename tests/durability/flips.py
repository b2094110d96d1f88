"""Flips single bits in the files of a home and looks whether anything is lost without a word.

The home was killed with SIGKILL, so its WAL is full and its second copy may be behind. After each flip the real program starts on it.
Allowed: everything is there; or what is wrong is announced by name (a condition, a finding, a refusal), the program goes on or shows
what it has, `kiosk restore` brings back what the second copy holds, and no deed counts twice. Never: a traceback, silence, a wrong count.

Usage: python -m tests.durability.flips [--flips 400] [--seed N] [--files journal.db,…]
`--flips` is per file. Exit 1 on a finding.
"""

import argparse
import base64
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kiosk.errors import Code
from tests import builders
from tests.durability import oracle, running

FILES = ("journal.db", "journal.db-wal", "journal.sealed", "keyring", "vault.json")
SAVED_BEFORE = 60


@dataclass
class Killed:
    """A home as a killed program left it. `rows`: what its oracle read in it before any flip."""

    home: Path
    rows: dict[tuple[str, int], oracle.Row]
    copied: set[tuple[str, int]]


@dataclass
class Outcome:
    """`ends`: (file, what happened) -> how often."""

    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    lost: int = 0
    findings: list[str] = field(default_factory=list)


def killed_home(folder: Path, rnd: random.Random) -> Killed:
    """A busy `kiosk scan --stdin`, killed after its last answer; its mirror may be anywhere."""
    home = builders.enrolled_home(folder / "killed", builders.province_for_today())
    running.scan_here(home, running.numbers(40))  # so that the database itself holds something, not only the WAL
    command = running.command(home, "scan", "--stdin")
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=running.ROOT, env=running.environment(), **pipes) as program:
        assert program.stdin is not None and program.stdout is not None
        program.stdin.write(b"".join(base64.b64encode(b"046%09d" % rnd.randrange(10**9)) + b"\n" for _ in range(SAVED_BEFORE)))
        program.stdin.flush()
        for _ in range(SAVED_BEFORE):
            program.stdout.readline()
        program.send_signal(signal.SIGKILL)
    look = folder / "look"
    shutil.copytree(home, look)
    rows = {(row.epoch, row.seq): row for row in oracle.ledger(look).rows}
    copied = oracle.sealed(look)
    shutil.rmtree(look)
    return Killed(home, rows, copied)


def flip(home: Path, name: str, rnd: random.Random) -> str:
    """Changes one bit of a file (a random one of a folder). Returns what was changed."""
    path = home / name
    if path.is_dir():
        path = rnd.choice(sorted(path.iterdir()))
    data = bytearray(path.read_bytes())
    bit = rnd.randrange(len(data) * 8)
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    return f"{path.relative_to(home)} byte {bit // 8} bit {bit % 8}"


def judge(killed: Killed, name: str, seed: str, folder: Path, out: Outcome) -> None:
    """One flip, one start, one restore if it is needed."""
    home = folder / "flipped"
    shutil.copytree(killed.home, home)
    try:
        where = flip(home, name, random.Random(seed))
        try:
            end = _start(killed, home, f"{seed}: {where}", out)
        except Exception as error:  # whatever comes through here is a finding
            end = "raised"
            out.findings.append(f"{seed}: {where}: raised {type(error).__name__}: {str(error)[:200]}")
        out.ends[name, end] += 1
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _start(killed: Killed, home: Path, label: str, out: Outcome) -> str:
    told = running.here(home, "status")
    if told.code:  # refused by name: only keys that do not open may do that
        if Code.KEYS_UNREADABLE.value not in told.stderr or "Traceback" in told.stderr:
            out.findings.append(f"{label}: refused: {told.stderr[-300:]}")
        return "refused by name"
    announced = list(told.answers[0]["conditions"])
    viewed = told.answers[0]["view_only"]
    if viewed:
        restored = _restore(home, label, out)
        announced += restored
    again = running.scan_here(home, [b"046183999999"])
    if len(again.saved) != 1:
        out.findings.append(f"{label}: nothing is saved afterwards: {again.stderr[:200]} {again.answers}")
        return "stuck"
    checked = running.here(home, "verify").answers
    findings = checked[0]["findings"] if checked else ["verify did not run"]
    announced += [checked[0]["announced"]] if checked and checked[0]["announced"] else []
    _account(killed, home, label, [*announced, *(str(f) for f in findings)], bool(viewed), out)
    if findings and not announced:
        out.findings.append(f"{label}: verify finds {findings}, and no condition says so")
    return ("view only, restored" if viewed else "announced, goes on") if announced else "harmless"


def _restore(home: Path, label: str, out: Outcome) -> list[str]:
    """View only: a voter goes to paper and nothing is called saved; then `kiosk restore`."""
    refused = running.scan_here(home, [b"046183888888"])
    if refused.saved or len(refused.on_paper) != 1:
        out.findings.append(f"{label}: view only, and yet {refused.answers}")
    shutil.copyfile(home / "journal.sealed", home.parent / "stick.sealed")
    done = running.here(home, "restore", str(home.parent / "stick.sealed"))
    if done.code:
        out.findings.append(f"{label}: restore: {done.stderr[:200]}")
        return []
    return [str(done.answers[0]["announced"])] if done.answers[0]["announced"] else []


def _account(killed: Killed, home: Path, label: str, announced: list[str], restored: bool, out: Outcome) -> None:
    """Everything is there, byte for byte, or something was said. What lay in the second copy comes back after a restore."""
    held = oracle.hashes(home)
    lost = [key for key, row in killed.rows.items() if held.get(key) != row.sha256]
    out.lost += len(lost)
    if lost and not announced:
        out.findings.append(f"{label}: lost {len(lost)} in silence: {lost[:3]}")
    if restored and (missing := [key for key in killed.copied if key not in held]):
        out.findings.append(f"{label}: {len(missing)} of the second copy did not come back")
    deeds = Counter(row.deed for row in oracle.readable(home) if row.kind in running.COUNTED)
    out.findings += [f"{label}: deed twice {deed}" for deed, times in deeds.items() if times > 1]


def campaign(flips: int, seed: int, folder: Path, files: tuple[str, ...] = FILES) -> Outcome:
    """So many flips in each file, on a freshly killed home for every hundred."""
    out, killed = Outcome(), None
    for number in range(flips):
        if killed is None or number % 100 == 0:
            shutil.rmtree(folder / "killed", ignore_errors=True)
            killed = killed_home(folder, random.Random(f"{seed}:{number}"))
        for name in files:
            judge(killed, name, f"{seed}:{number}:{name}", folder, out)
        if len(out.findings) >= 20:
            break
    return out


def line(out: Outcome, seed: int) -> str:
    tried = sum(out.ends.values())
    ends = "; ".join(f"{name}: " + ", ".join(f"{e} {n}" for (f, e), n in sorted(out.ends.items()) if f == name) for name in FILES)
    good = "ok" if tried and not out.findings else "FAILED"
    return f"flips={tried} ({ends}) lost and announced={out.lost} findings={len(out.findings)} seed={seed} {good}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=400)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--files", default=",".join(FILES))
    args = parser.parse_args(argv)
    seed = running.seed_of(args.seed)
    with tempfile.TemporaryDirectory(prefix="flips-") as folder:
        out = campaign(args.flips, seed, Path(folder), tuple(args.files.split(",")))
    return running.ended(out.findings, line(out, seed))


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(main())
