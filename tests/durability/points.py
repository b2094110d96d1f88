"""Faults at named points of the real program: SIGKILL and a full disk inside a system call (strace's inject), and a file system of 2 MiB.

Usage: python -m tests.durability.points [--kills 60] [--full 60] [--seed N] [--tree DIR]
A kill strikes at the n-th flush, write, rename or removal of a busy `kiosk scan --stdin`; a full disk begins at the n-th write, or another
program leaves so many KiB. After each the account must settle: every answered scan once, every other one on paper or nowhere.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests import builders
from tests.durability import running, tape

KILLED = -9
POINTS = ("rename", "unlink", "fsync", "fdatasync", "pwrite64", "write", "ftruncate")
HIGHEST = {"fsync": 40, "fdatasync": 4, "pwrite64": 200, "write": 38, "rename": 2, "unlink": 3, "ftruncate": 1}
SCANS = 40


@dataclass
class Outcome:
    """`struck`: point -> how often the program really ended or was refused there."""

    tried: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    saved: int = 0
    paper: int = 0
    turned_up: int = 0
    findings: list[str] = field(default_factory=list)


def inject(strace: str, call: str, what: str, log: Path) -> list[str]:
    """Words to run a program under: `what` as strace says it, counted in each thread. Its kernel filter swallows injected signals."""
    quick = [] if "signal=" in what else ["--seccomp-bpf"]
    return [strace, "-f", *quick, "-e", "signal=none", "-o", str(log), "-e", f"trace={call}", "-e", f"inject={call}:{what}"]


def settle(home: Path, runs: list[running.Ran], label: str, out: Outcome, killed: bool) -> None:
    """The account, the check, and one more scan. After a kill a written scan may be unanswered; never the other way round."""
    again = running.scan_here(home, [b"046183%06d" % random.Random(label).randrange(10**6)])
    account = running.settle(home, [*runs, again])
    faults = [fault for fault in account.faults if not (killed and fault.startswith("written, not answered"))]
    out.findings += [f"{label}: {fault}" for fault in faults[:3]]
    checked = running.here(home, "verify")
    if checked.code or len(again.saved) != 1:
        out.findings.append(f"{label}: {checked.answers} {again.stderr[:150]}"[:300])
    out.turned_up = account.turned_up


def kills(count: int, seed: int, folder: Path, out: Outcome, strace: str, environment: dict[str, str]) -> None:
    """Seven runs to a home, one a point: each finds what the killed one before it has left. Names are made first, on a new home."""
    rnd, home, runs = random.Random(seed), folder, list[running.Ran]()
    for number in range(count):
        point = POINTS[number % len(POINTS)]
        if number % len(POINTS) == 0:
            out.saved += sum(len(run.saved) for run in runs)
            home, runs = builders.enrolled_home(folder / f"kills{number}", builders.province_for_today()), []
        when = rnd.randrange(1, HIGHEST[point] + 1)
        wrap = inject(strace, point, f"signal=SIGKILL:when={when}", folder / "log")
        runs.append(_scan(home, rnd, wrap, environment))
        out.tried[f"kill {point}"] += 1
        out.struck[f"kill {point}"] += runs[-1].code not in (0, 1)
        if "Traceback" in runs[-1].stderr:
            out.findings.append(f"kill {point}:{when}: {runs[-1].stderr[-200:]}")
        if number % 3 == 2 or number == count - 1 or number % len(POINTS) == len(POINTS) - 1:
            settle(home, runs, f"kill {seed}:{number} {point} {when}", out, killed=True)
        if len(out.findings) > 10:
            break
    out.saved += sum(len(run.saved) for run in runs)


def full_disks(count: int, seed: int, folder: Path, out: Outcome, strace: str, environment: dict[str, str]) -> None:
    """The disk is full from the n-th write on: of the database, or of everything else."""
    rnd = random.Random(seed + 1)
    home = builders.enrolled_home(folder / "full", builders.province_for_today())
    runs: list[running.Ran] = [running.scan_here(home, running.numbers(3))]
    for number in range(count):
        call = ("pwrite64", "write")[number % 2]
        when = rnd.randrange(1, 300 if call == "pwrite64" else 30)
        wrap = inject(strace, call, f"error=ENOSPC:when={when}+", folder / "log")
        ran = _scan(home, rnd, wrap, environment)
        out.tried[f"full {call}"] += 1
        out.struck[f"full {call}"] += bool(ran.on_paper) or ran.code != 0 or "KS-110" in ran.stderr
        if call == "write":  # the answers themselves cannot be written then: what was saved is not known from them
            ran = running.Ran([], ran.stderr, ran.code)
        runs.append(ran)
        out.paper += len(ran.on_paper)
        if "Traceback" in ran.stderr:
            out.findings.append(f"full {call}:{when}: {ran.stderr[-200:]}")
        if number % 5 == 4 or number == count - 1:
            settle(home, runs, f"full {seed}:{number} {call} {when}", out, killed=any(not run.answers for run in runs))
        if len(out.findings) > 10:
            break
    out.saved += sum(len(run.saved) for run in runs)


def small_disks(count: int, seed: int, folder: Path, out: Outcome) -> None:
    """File systems of 2 MiB on which another program leaves little. Needs root on Linux; says so where it is not."""
    rnd = random.Random(seed + 2)
    for number in range(count):
        disk = folder / f"disk{number}"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
        if not sys.platform.startswith("linux") or subprocess.run(mount, capture_output=True, check=False).returncode:
            print("small disks: not tried (no right to mount)", file=sys.stderr)
            return
        try:
            home = builders.enrolled_home(disk / "kiosk", builders.province_for_today())
            runs = [running.scan_here(home, running.numbers(3))]
            status, leave = os.statvfs(disk), rnd.choice([0, 4, 16, 40, 64, 100, 200, 300]) * 1024
            (disk / "other").write_bytes(b"x" * max(0, status.f_bavail * status.f_bsize - leave))
            runs.append(running.scan_here(home, running.numbers(25, 100)))
            out.tried["2 MiB"] += 1
            out.struck["2 MiB"] += bool(runs[-1].on_paper)
            (disk / "other").unlink()
            settle(home, runs, f"2 MiB {seed}:{number} leaves {leave}", out, killed=False)
            out.saved += sum(len(run.saved) for run in runs)
            out.paper += sum(len(run.on_paper) for run in runs)
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=False)


def _scan(home: Path, rnd: random.Random, wrap: list[str], environment: dict[str, str]) -> running.Ran:
    lines = running.encoded([b"046%09d" % rnd.randrange(10**9) for _ in range(SCANS)])
    words = [*wrap, *running.command(home, "scan", "--stdin")]
    done = subprocess.run(words, input=lines, capture_output=True, cwd=running.ROOT, env=environment, timeout=100, check=False)
    whole = done.stdout[: done.stdout.rfind(b"\n") + 1]  # a killed program may leave half a line
    return running.ran(subprocess.CompletedProcess([], done.returncode, whole, done.stderr))


def campaign(kill: int, full: int, seed: int, folder: Path, tree: Path | None = None) -> Outcome | None:
    """None where strace may not trace. A third of the full disks are file systems of 2 MiB."""
    strace = tape.tracer()
    if strace is None:
        return None
    out, environment = Outcome(), running.environment() | ({"PYTHONPATH": str(tree)} if tree else {})
    kills(kill, seed, folder, out, strace, environment)
    full_disks(full - full // 3, seed, folder, out, strace, environment)
    small_disks(full // 3, seed, folder, out)
    return out


def line(out: Outcome | None, seed: int) -> str:
    if out is None:
        return "points: not tried (no strace, or tracing is refused)"
    done = " ".join(f"{name}={out.struck[name]}/{count}" for name, count in sorted(out.tried.items()))
    killed = [name for name in out.tried if name.startswith("kill")]
    idle = bool(killed) and not sum(out.struck[name] for name in killed)  # kills that never strike prove nothing
    good = "ok" if sum(out.struck.values()) and not idle and not out.findings else "FAILED"
    return f"struck: {done}; saved={out.saved} paper={out.paper} findings={len(out.findings)} seed={seed} {good}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--full", type=int, default=60)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--tree", type=Path, default=None)
    args = parser.parse_args(argv)
    seed = running.seed_of(args.seed)
    folder = Path(tempfile.mkdtemp(prefix="points-"))
    try:
        out = campaign(args.kills, args.full, seed, folder, args.tree.resolve() if args.tree else None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return running.ended(out.findings if out else [], line(out, seed))


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(main())
