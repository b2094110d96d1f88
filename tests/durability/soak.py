"""What is too long for ./test: kills and power cuts of the real program, the same of programs that lie (they must be caught), faults and
full disks inside system calls, flipped bits, a canary, hostile codes, flushes that fail at every turn, three writers with 2,000 voters
each, faults between kiosk and province, hostile names through LibreOffice. Prints one last line with seed and commit.

Usage: python -m tests.durability.soak [--kills 200] [--images 1500] [--full 60] [--flips 400] [--operations 10000] [--codes 1000000]
       [--rounds 1] [--writers 2000] [--events 20000] [--faults 150] [--seed N]     (about an hour; `--quick` runs a tenth of each)
Exit 1 if anything was lost or doubled, or if a liar got away.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests import builders
from tests.durability import fault_soak, running, sheets, test_disk, test_programs
from tools import mutants

LIARS = ("answer-before-commit", "split-transaction", "no-deed", "copy-before-commit")  # patches that the kills themselves must catch
CUT = ("power-cut-normal", "power-cut-off")  # and those that only a power cut can
LIAR_IMAGES = 200
FLUSHES = 24  # how many places a single failing flush is tried at


def commit() -> str:
    """The commit this tree stands on, with a plus if files have changed since."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--exclude=*"], cwd=running.ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "?"


def harness(name: str, *words: str, mark: str = "findings=") -> tuple[bool, str]:
    """One harness as a process of its own: (did all hold, its last line)."""
    command = [sys.executable, "-m", f"tests.durability.{name}", *words]
    ran = subprocess.run(command, cwd=running.ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    last = (ran.stdout.strip() or ran.stderr.strip() or "?").splitlines()[-1]
    if mark not in last and "not tried" not in last:
        raise SystemExit(f"{name} did not run: {ran.stderr[-500:]}")
    for line in ran.stdout.strip().splitlines()[:-1][:10]:
        print(f"    {line}", flush=True)
    return ran.returncode == 0 or "not tried" in last, last


def kills(count: int, seed: int, tree: Path | None = None) -> tuple[bool, str]:
    return harness("kill", "--kills", str(count), "--seed", str(seed), *(["--tree", str(tree)] if tree else []), mark="kills=")


def cuts(count: int, seed: int, tree: Path | None = None) -> tuple[bool, str]:
    return harness("powercut", "--images", str(count), "--seed", str(seed), *(["--tree", str(tree)] if tree else []), mark="images=")


def liar(name: str, count: int, seed: int, run: Callable[[int, int, Path | None], tuple[bool, str]] = kills) -> tuple[bool, str]:
    """A harness against a copy that lies: (was it caught, the harness's last line)."""
    with tempfile.TemporaryDirectory(prefix="liar-") as folder:
        mutants.copy_tree(Path(folder))
        apply, alone = ["git", "apply", str(mutants.PATCHES / f"{name}.patch")], os.environ | {"GIT_CEILING_DIRECTORIES": folder}
        if subprocess.run(apply, cwd=folder, env=alone, check=False).returncode:
            return False, "no longer applies"
        held, last = run(count, seed, Path(folder))
    return (not held and "findings=0" not in last) or "not tried" in last, last


def flushes(folder: Path) -> tuple[bool, str]:
    """A flush that fails once, at each of many places, and then from each on: (did the accounts settle, a line)."""
    tracer = shutil.which("strace")
    if tracer is None or subprocess.run([tracer, "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:
        return True, "not tried (no strace, or tracing is refused)"
    faults, papers, turned = list[str](), 0, 0
    home = builders.enrolled_home(folder / "flushes", builders.province_for_today())
    runs = [running.scan_here(home, running.numbers(3))]
    for turn in range(1, FLUSHES + 1):
        when = f"{turn}" if turn % 2 else f"{turn}..{turn + 9}"
        wrap = test_disk.failing(tracer, folder / "trace", when)
        runs.append(running.scan(home, running.encoded(running.numbers(25, 100 * turn)), wrap))
        papers += len(runs[-1].on_paper)
        account = running.settle(home, runs)
        turned = account.turned_up
        faults += [f"when={when}: {fault}" for fault in account.faults]
        faults += [f"when={when}: verify"] * (running.here(home, "verify").code != 0)
        if faults:
            break
    for fault in faults[:10]:
        print(fault)
    return not faults, f"places={FLUSHES} paper={papers} turned_up={turned} findings={len(faults)}"


def writers(folder: Path, count: int) -> tuple[bool, str]:
    home = folder / "writers"
    runs = test_programs.together(home, count)
    faults = test_programs.judge(home, runs, count)
    for fault in faults[:10]:
        print(fault)
    return not faults, f"{test_programs.line(runs)} findings={len(faults)}"


def parsers(strings: int) -> tuple[bool, str]:
    """Random and mutated strings through every parser, a hundred times as many as ./test takes."""
    command = [sys.executable, "-m", "pytest", "-q", "--timeout", "0", "tests/unit/test_parsers.py", "-k", "random"]
    ran = subprocess.run(
        command, cwd=running.ROOT, env=os.environ | {"PARSER_STRINGS": str(strings)}, capture_output=True, text=True, check=False
    )
    return ran.returncode == 0, f"{strings} strings, {(ran.stdout.strip().splitlines() or ['?'])[-1]}"


def scanning() -> tuple[bool, str]:
    """Malformed pictures by the thousand, and a hundred thousand frames."""
    code = subprocess.run([sys.executable, "-m", "tests.durability.pictures"], check=False, capture_output=True, text=True)
    return code.returncode == 0, "; ".join(code.stdout.splitlines())


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="in each round; 60 of each liar")
    parser.add_argument("--images", type=int, default=1500, help="of power cuts")
    parser.add_argument("--full", type=int, default=60, help="full disks; so many kills inside system calls too")
    parser.add_argument("--flips", type=int, default=400, help="flipped bits in each file")
    parser.add_argument("--operations", type=int, default=10_000, help="of the canary")
    parser.add_argument("--codes", type=int, default=1_000_000, help="hostile code strings")
    parser.add_argument("--quick", action="store_true", help="a tenth of each")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--writers", type=int, default=2000, help="voters of each of the three writers")
    parser.add_argument("--events", type=int, default=20_000, help="of the kiosk in each run of faults")
    parser.add_argument("--faults", type=int, default=150, help="in each run of faults")
    parser.add_argument("--strings", type=int, default=200_000, help="through every parser")
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args(argv)
    for name in ("kills", "images", "full", "flips", "operations", "codes", "writers", "events", "faults") if args.quick else ():
        setattr(args, name, max(20, getattr(args, name) // 10))
    seed = running.seed_of(args.seed)
    parts: list[tuple[str, bool]] = []

    def note(name: str, good: bool, said: str) -> None:
        parts.append((name, good))
        print(f"{name:28} {'ok' if good else 'FAILED'}  {said}", flush=True)

    for turn in range(args.rounds):
        note(f"kills {turn + 1}", *kills(args.kills, seed + turn))
    for name in LIARS:
        note(f"caught {name}", *liar(name, min(args.kills, 60), seed))
    note("power cuts", *cuts(args.images, seed))
    for name in CUT:
        note(f"caught {name}", *liar(name, min(args.images, LIAR_IMAGES), seed, cuts))
    note("rewraps", *harness("rewrap_cuts", "--images", str(max(40, args.images // 5)), "--seed", str(seed)))
    note("points", *harness("points", "--kills", str(args.full), "--full", str(args.full), "--seed", str(seed)))
    note("flips", *harness("flips", "--flips", str(args.flips), "--seed", str(seed)))
    flight = ("--operations", str(args.operations), "--records", str(max(20, args.operations // 20)))
    note("canary", *harness("canary", *flight, "--seed", str(seed)))
    note("codes", *harness("codes", "--codes", str(args.codes), "--seed", str(seed)))
    with tempfile.TemporaryDirectory() as folder:
        note("flushes", *flushes(Path(folder)))
        note("writers", *writers(Path(folder), args.writers))
    for name, result in fault_soak.parts(args.events, args.faults, seed):
        note(name, *result)
    note("parsers", *parsers(args.strings))
    note("pictures", *scanning())
    note("spreadsheets", *sheets.round_trip())
    failed = [name for name, good in parts if not good]
    end = f"FAILED: {', '.join(failed)}" if failed else "ok"
    print(f"soak: parts={len(parts)} failed={len(failed)} seed={seed} commit={commit()} {end}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
