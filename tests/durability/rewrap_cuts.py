"""Power cuts while the real `kiosk officers pin` wraps the vault's key anew: in every image the old or the new way in opens, never neither.

As powercut.py: the command runs once under strace, images are rebuilt of what a disk could hold at one instant. Once the command has
answered, the new PIN opens and the old one does not.

Usage: python -m tests.durability.rewrap_cuts [--images 200] [--seed N] [--tree DIR]
Exit 1 if an image opens with neither, or not with what was answered. `--tree`: a copy that lies (a mutant).
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.domain.pin import new_phrase
from kiosk.security.officers import Credentials
from tests import builders
from tests.builders import LEAD, OFFICER, PINS
from tests.durability import powercut, running
from tests.durability.rewrap import opens
from tests.durability.tape import Tape, record, tracer

KINDS = powercut.KINDS
ROUND = 40  # images of one recorded change
OLD = {LEAD.id: PINS[LEAD.id], OFFICER.id: PINS[OFFICER.id]}


@dataclass
class Outcome:
    """`old`, `new`: images that opened with the PIN of before, with the new one; `promised`: those after the command's answer."""

    images: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    old: int = 0
    new: int = 0
    promised: int = 0
    findings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Change:
    """A recorded change and who opens before and after it; `before` None: nobody had a PIN."""

    tape: Tape
    before: Credentials | None
    after: Credentials


def recorded(folder: Path, first: bool, tree: Path | None = None) -> Change:
    """`first`: the lead's first PIN, which also takes the device secret's own way in away; else the lead's is changed."""
    home, phrase = folder / "home", new_phrase()
    home.mkdir()
    builders.enrolled_home(home, officers=(LEAD, OFFICER), pins=None if first else OLD)
    env = running.environment() | {"KIOSK_NEW_PIN": phrase} | ({"PYTHONPATH": str(tree)} if tree else {})
    before = None if first else Credentials(LEAD.id, OLD[LEAD.id])
    env |= {} if first else {"KIOSK_OFFICER": LEAD.id, "KIOSK_PIN": OLD[LEAD.id]}
    command = running.command(home, "officers", "pin", LEAD.id, "--json")
    return Change(record(home, command, b"", folder / "strace.log", env, tree or running.ROOT), before, Credentials(LEAD.id, phrase))


def judge(home: Path, change: Change, promised: bool, out: Outcome, label: str) -> None:
    old, new = opens(home, change.before), opens(home, change.after)
    out.old, out.new, out.promised = out.old + old, out.new + new, out.promised + promised
    if not (old or new):
        out.findings.append(f"{label}: neither opens")
    elif promised and (old or not new):
        out.findings.append(f"{label}: answered, and {'the old' if old else 'not the new'} opens")


def campaign(images: int, seed: int, folder: Path, tree: Path | None = None, each: int = ROUND) -> Outcome:
    """Changes and first PINs in turn, and their images."""
    out, run = Outcome(), 0
    while sum(out.images.values()) < images and len(out.findings) < 20:
        here = folder / f"run{run}"
        here.mkdir()
        change = recorded(here, bool(run % 2), tree)
        tape = change.tape
        touching = [op for op in tape.ops if "vault" in f"{op.path}{op.to}"]  # most cuts strike where the vault is written
        low, high, renamed = touching[0].begin, touching[-1].end + 3, [op.end + 1 for op in touching if op.kind == "rename"]
        for number in range(min(each, images - sum(out.images.values()))):
            rnd = random.Random(f"{seed}:{run}:{number}")
            kind = KINDS[number % len(KINDS)]
            at = (rnd.randrange(low, high), rnd.choice(renamed), tape.answers[-1][0] + 1, rnd.randrange(tape.lines + 2))[number // 4 % 4]
            cut = powercut.Cut(tape, at)
            out.images[kind] += 1
            out.waiting += bool(cut.loose)
            home = here / "image"
            powercut.lay(cut.image(kind, rnd), home)
            judge(home, change, tape.answers[-1][0] < at, out, f"image {seed}:{run}:{number} {kind} at line {at}")
            shutil.rmtree(home)
        shutil.rmtree(here)
        run += 1
    return out


def line(out: Outcome, seed: int) -> str:
    kinds = " ".join(f"{kind}={out.images[kind]}" for kind in KINDS)
    total = sum(out.images.values())
    good = "ok" if total and out.waiting and out.old and out.new and not out.findings else "FAILED"
    said = f"old={out.old} new={out.new} promised={out.promised} findings={len(out.findings)} seed={seed}"
    return f"rewraps: images={total} {kinds} loose={out.waiting} {said} {good}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--tree", type=Path, default=None)
    args = parser.parse_args(argv)
    if tracer() is None:
        print("rewraps: not tried (no strace, or tracing is refused)")
        return 2
    seed = running.seed_of(args.seed)
    with tempfile.TemporaryDirectory(prefix="rewraps-") as folder:
        out = campaign(args.images, seed, Path(folder), args.tree.resolve() if args.tree else None)
    return running.ended(out.findings, line(out, seed))


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(main())
