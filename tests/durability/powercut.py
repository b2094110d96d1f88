"""Cuts the power of the real `kiosk scan --stdin`, over and over, and looks whether any answered scan is lost, doubled or unreadable.

SIGKILL leaves the kernel's cache whole; a power cut does not. So the program runs once under strace (tape.py), and images of its home
are rebuilt as a disk could hold them at one instant: what was flushed is there, of everything else some is lost, cut, out of order or torn.
Each image is judged twice: its database alone by the oracle's own SQL, and the home as the real program finds it when it starts.

Usage: python -m tests.durability.powercut [--images 1500] [--seed N] [--tree DIR] [--kinds drop,cut,reorder,tear]
Exit 1 if an answered scan was lost, a deed counted twice, or a home did not open and go on. `--tree`: a copy that lies (a mutant).
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import builders
from tests.durability import oracle, running
from tests.durability.tape import Op, Tape, record, tracer

SECTOR = 512  # what a disk writes whole or not at all
KINDS = ("drop", "cut", "reorder", "tear")
ROUND = 120  # images from one recorded run
NAMES = frozenset({"create", "unlink", "rename", "mkdir"})


@dataclass
class Outcome:
    """`images` by kind; `waiting`: how many of them had writes that no flush had promised; `lost`, `findings`: what went wrong."""

    images: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    answered: int = 0
    lost: int = 0
    announced: int = 0
    findings: list[str] = field(default_factory=list)


@dataclass
class Cut:
    """One moment of one run: `held` are changes that a flush has promised, `loose` those that none has."""

    tape: Tape
    moment: int

    def __post_init__(self) -> None:
        done = [op for op in self.tape.ops if op.end < self.moment]
        flying = [op for op in self.tape.ops if op.begin < self.moment <= op.end and op.kind not in ("sync", "sync_folder")]
        flushed: dict[int, int] = {}
        folders: dict[str, int] = {}
        for op in done:
            if op.kind == "sync":
                flushed[op.file] = max(flushed.get(op.file, 0), op.begin)
            elif op.kind == "sync_folder":
                folders[op.to] = max(folders.get(op.to, 0), op.begin)
        self.changes = sorted([op for op in done if op.kind not in ("sync", "sync_folder")] + flying, key=lambda op: op.end)
        self.loose: set[Op] = set(flying)
        for op in self.changes:
            promised = folders.get(str(Path(op.path).parent).replace(".", "", 1) if "/" not in op.path else op.path.rsplit("/", 1)[0], 0)
            if op.end >= (promised if op.kind in NAMES else flushed.get(op.file, 0)):
                self.loose.add(op)

    def image(self, kind: str, rnd: random.Random) -> dict[str, bytes]:
        """The files a disk could hold now, by name."""
        fate = _fate(kind, [op for op in self.changes if op in self.loose], rnd)
        numbers = {name: number for number, name in enumerate(self.tape.first, 1)}
        content = {numbers[name]: bytearray(data) for name, data in self.tape.first.items()}
        names, gone = dict(numbers), set[str]()
        for op in self.changes:
            share = fate(op) if op in self.loose else 1.0
            if op.kind == "mkdir" and not _kept(share, rnd):
                gone.add(op.path)  # and every name in it, flushed or not: who does not find the folder finds nothing
            _play(op, share, names, content, rnd)
        return {name: bytes(content[number]) for name, number in names.items() if name.split("/")[0] not in gone}


def _fate(kind: str, loose: list[Op], rnd: random.Random) -> Callable[[Op], float]:
    """How much of each loose change is on the disk: 0 nothing, 1 all, between: sectors torn at random; negative: only a beginning."""
    if kind == "drop":
        return lambda _op: 0.0
    if kind == "cut":
        at = rnd.randrange(len(loose) + 1)
        kept = set(loose[:at])
        last = loose[at] if at < len(loose) else None
        return lambda op: 1.0 if op in kept else -rnd.random() if op is last else 0.0
    if kind == "reorder":
        return lambda _op: float(rnd.random() < 0.5)
    return lambda _op: rnd.random()


def _kept(share: float, rnd: random.Random) -> bool:
    """Names are there or not; they are never half there."""
    return share == 1.0 or (share > 0 and rnd.random() < share)


def _play(op: Op, share: float, names: dict[str, int], content: dict[int, bytearray], rnd: random.Random) -> None:
    """One change on the image, as far as it got there."""
    if op.kind in NAMES:
        kept = op.kind != "mkdir" and _kept(share, rnd)
        if op.kind == "create":
            content.setdefault(op.file, bytearray())
            names.update({op.path: op.file} if kept else {})
        elif op.kind == "rename" and kept:
            names.pop(op.path, None)
            names[op.to] = op.file
        elif op.kind == "unlink" and kept:
            names.pop(op.path, None)
        return
    held = content.setdefault(op.file, bytearray())
    if op.kind == "truncate":
        if _kept(share, rnd):
            del held[op.offset :]
            held.extend(bytes(max(0, op.offset - len(held))))
        return
    _write(held, op, share, rnd)


def _write(held: bytearray, op: Op, share: float, rnd: random.Random) -> None:
    """Writes the sectors that got there. A file may have grown without its content: what is missing reads as zeros."""
    if share == 0.0:
        return
    end = op.offset + len(op.data)
    if share == 1.0:
        kept = [(op.offset, end)]
    else:
        first, last = op.offset // SECTOR, (end + SECTOR - 1) // SECTOR
        sectors = [(max(op.offset, s * SECTOR), min(end, (s + 1) * SECTOR)) for s in range(first, last)]
        kept = sectors[: int(len(sectors) * -share)] if share < 0 else [s for s in sectors if rnd.random() < share]
    grown = end if share > 0 else max((b for _a, b in kept), default=0)
    held.extend(bytes(max(0, grown - len(held))))
    for a, b in kept:
        held[a:b] = op.data[a - op.offset : b - op.offset]


def answered(tape: Tape, moment: int) -> list[tuple[str, int]]:
    """(epoch, seq) of every scan that was answered before the moment."""
    said = b"".join(data for at, data in tape.answers if at < moment)
    answers = [json.loads(line) for line in said.split(b"\n")[:-1]]
    return [(a["event"]["epoch"], a["event"]["seq"]) for a in answers if a["event"]]


def moment(tape: Tape, rnd: random.Random) -> int:
    """Half of all cuts strike right after an answer, where a promise is youngest (some after the first one); the rest anywhere."""
    sharp = rnd.random()
    if sharp < 0.5:
        return (tape.answers[0] if sharp < 0.15 else rnd.choice(tape.answers))[0] + 1
    return rnd.randrange(tape.ops[0].begin, tape.lines + 2)


def lay(image: dict[str, bytes], home: Path) -> None:
    home.mkdir(parents=True, mode=0o700)
    for name, data in image.items():
        (home / name).parent.mkdir(exist_ok=True, mode=0o700)
        (home / name).write_bytes(data)


def judge_database(home: Path, promised: list[tuple[str, int]], out: Outcome, label: str) -> None:
    """The database alone, without the second copy's help, by the oracle's own SQL."""
    if not (home / "journal.db").exists():
        held: list[oracle.Row] = []
    else:
        try:
            ledger = oracle.ledger(home)
        except Exception as error:  # whatever it is, it is a finding
            if promised or "no such table" not in str(error):  # before the first COMMIT there is no table, and no promise
                out.findings.append(f"{label}: the database does not open: {type(error).__name__}: {error}"[:300])
            out.lost += len(promised)
            return
        held = ledger.rows
        out.findings += [f"{label}: {fault}" for fault in ledger.faults]
    there = {(row.epoch, row.seq) for row in held}
    lost = [key for key in promised if key not in there]
    out.lost += len(lost)
    out.findings += [f"{label}: lost {epoch}:{seq}" for epoch, seq in lost[:3]]
    deeds = Counter(row.deed for row in held if row.kind in running.COUNTED)
    out.findings += [f"{label}: deed twice {deed}" for deed, times in deeds.items() if times > 1]


def judge_program(home: Path, promised: list[tuple[str, int]], out: Outcome, label: str) -> None:
    """The next start: it opens, takes one more scan, is whole, and still holds everything."""
    again = running.scan_here(home, [b"046183%06d" % random.Random(label).randrange(10**6)])
    if len(again.saved) != 1:
        out.findings.append(f"{label}: the next start saved nothing: {again.stderr[:200]} {again.answers}")
        return
    checked = running.here(home, "verify")
    found = checked.answers[0] if checked.answers else {"ok": False, "findings": checked.stderr[:200]}
    out.announced += found.get("announced") is not None
    if not found["ok"]:
        out.findings.append(f"{label}: verify: {found['findings']}"[:300])
    judge_database(home, [*promised, *((e["event"]["epoch"], e["event"]["seq"]) for e in again.saved)], out, f"{label} after a start")


def cut_power(tape: Tape, count: int, seed: int, folder: Path, out: Outcome, kinds: Iterable[str] = KINDS, deep: bool = True) -> None:
    """`count` images of one recorded run. `deep`: each is also started."""
    kinds = tuple(kinds)
    for number in range(count):
        rnd = random.Random(f"{seed}:{number}")
        kind, at = kinds[number % len(kinds)], moment(tape, rnd)
        cut, promised = Cut(tape, at), answered(tape, at)
        image, label = cut.image(kind, rnd), f"image {seed}:{number} {kind} at line {at}"
        out.images[kind] += 1
        out.waiting += bool(cut.loose)
        out.answered += len(promised)
        alone, whole = folder / "alone", folder / "whole"
        for home in (alone, whole) if deep else (alone,):
            lay(image, home)
        judge_database(alone, promised, out, label)
        if deep:
            judge_program(whole, promised, out, label)
        for home in (alone, whole):
            shutil.rmtree(home, ignore_errors=True)


def payloads(home: Path, count: int, rnd: random.Random) -> list[bytes]:
    """Passes (arrivals with a running number), cards, and people who come twice."""
    from kiosk import compose

    with compose.open_parts(home) as parts:
        now, secrets = parts.clock.now().wall, parts.vault.secrets
    shown: list[bytes] = []
    for _ in range(count):
        kind = rnd.random()
        card = b"046%09d" % rnd.randrange(10**9)
        shown.append(builders.voter_pass(secrets, now) if kind < 0.5 else rnd.choice(shown) if kind > 0.9 and shown else card)
    return shown


def recorded(folder: Path, scans: int, rnd: random.Random, used: bool, tree: Path | None = None) -> Tape:
    """The tape of one run on a new home (`used`: on one that has a journal already)."""
    home = builders.enrolled_home(folder / "home", builders.province_for_today())
    spare = builders.enrolled_home(folder / "spare", builders.province_for_today())
    for name in ("vault.json", "device.secret"):
        shutil.copy2(home / name, spare / name)  # the passes' issuer is this kiosk; the home itself stays untouched
    lines = running.encoded(payloads(spare, scans, rnd))
    environment = running.environment() | ({"PYTHONPATH": str(tree)} if tree else {})
    if used:
        running.scan_here(home, running.numbers(30, rnd.randrange(1000)))
    return record(home, running.command(home, "scan", "--stdin"), lines, folder / "strace.log", environment, tree or running.ROOT)


def campaign(images: int, seed: int, folder: Path, **options: Any) -> Outcome:
    """Several recorded runs, new homes and used ones in turn, and their images."""
    tree, out, run = options.pop("tree", None), Outcome(), 0
    while sum(out.images.values()) < images and len(out.findings) < 20:
        here = folder / f"run{run}"
        here.mkdir()
        tape = recorded(here, 40 + 40 * (run % 3), random.Random(f"{seed}:{run}"), bool(run % 2), tree)
        left = images - sum(out.images.values())
        cut_power(tape, min(ROUND, left), seed * 1000 + run, here, out, deep=tree is None, **options)
        shutil.rmtree(here)
        run += 1
    return out


def line(out: Outcome, seed: int) -> str:
    kinds = " ".join(f"{kind}={out.images[kind]}" for kind in KINDS)
    total = sum(out.images.values())
    good = "ok" if total and out.waiting and not out.findings else "FAILED"
    found = f"promises={out.answered} lost={out.lost} findings={len(out.findings)} seed={seed}"
    return f"images={total} {kinds} loose={out.waiting} {found} {good}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--tree", type=Path, default=None)
    args = parser.parse_args(argv)
    if tracer() is None:
        print("power cuts: not tried (no strace, or tracing is refused)")
        return 2
    seed = running.seed_of(args.seed)
    with tempfile.TemporaryDirectory(prefix="powercut-") as folder:
        out = campaign(args.images, seed, Path(folder), kinds=args.kinds.split(","), tree=args.tree.resolve() if args.tree else None)
    return running.ended(out.findings, line(out, seed))


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(main())
