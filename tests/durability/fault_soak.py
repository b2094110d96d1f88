"""The long fault runs of `make soak`: both engines, and two liars that the harness must catch every time. Called by soak.py.

Usage: python -m tests.durability.fault_soak [--events 20000] [--faults 150] [--seed N]
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools import mutants

ROOT = Path(__file__).parents[2]
LIARS = {"client-takes-200-for-an-ack": "html_200", "server-answers-before-its-commit": "kill_on_answer"}
AT_LEAST, IN_FLIGHT = 75, 60  # faults that struck, and those of them that hit a batch in flight or half stored


def one(tree: Path, *words: str) -> tuple[int, str]:
    """(exit code, last line) of one run of the harness as it stands in `tree`."""
    command = [sys.executable, "-m", "tests.durability.faults", *words]
    ran = subprocess.run(command, cwd=tree, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    last = (ran.stdout.strip() or ran.stderr.strip() or "?").splitlines()[-1]
    if "faults=" not in last:
        raise SystemExit(f"the harness did not run: {ran.stderr[-800:]}")
    if ran.returncode:
        sys.stderr.write(ran.stdout[-2000:])
    return ran.returncode, last


def number(line: str, name: str) -> int:
    return int(next(word for word in line.split() if word.startswith(f"{name}=")).partition("=")[2])


def engine(name: str, events: int, faults: int, seed: int) -> tuple[bool, str]:
    code, last = one(ROOT, "--engine", name, "--events", str(events), "--faults", str(faults), "--seed", str(seed))
    enough = faults < AT_LEAST or (number(last, "faults") >= AT_LEAST and number(last, "in_flight") >= IN_FLIGHT)
    return code == 0 and enough, last


def liar(name: str, fault: str, seed: int) -> tuple[bool, str]:
    """(was it caught, the harness's last line)."""
    with tempfile.TemporaryDirectory(prefix="liar-") as folder:
        mutants.copy_tree(Path(folder))
        apply, alone = ["git", "apply", str(mutants.PATCHES / f"{name}.patch")], os.environ | {"GIT_CEILING_DIRECTORIES": folder}
        if subprocess.run(apply, cwd=folder, env=alone, check=False).returncode:
            return False, "no longer applies"
        only = [word for each in (fault, "rst_after", fault) for word in ("--only", each)]
        code, last = one(Path(folder), "--events", "300", *only, "--seed", str(seed))
    return code == 1 and number(last, "findings") > 0, last


def parts(events: int, faults: int, seed: int) -> Iterator[tuple[str, tuple[bool, str]]]:
    """(name, (good, line)) of each run."""
    for name in ("sqlite", "postgresql"):
        yield f"faults {name}", engine(name, events, faults, seed)
    for name, fault in LIARS.items():
        yield f"caught {name}", liar(name, fault, seed)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--faults", type=int, default=150)
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args(argv)
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(10**6)
    bad = 0
    for name, (good, said) in parts(args.events, args.faults, seed):
        bad += not good
        print(f"{name:42} {'ok' if good else 'FAILED'}  {said}", flush=True)
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
