"""Kills the busy `kiosk scan --stdin` with SIGKILL, again and again, and looks whether any answered scan is lost or doubled.

Usage: python -m tests.durability.kill [--kills 60] [--seed N] [--tree DIR]
Children are forked from this warm process, so that each kill strikes a working program and not its imports; a first child
that may finish proves it: it must not load a single module of its own.
`--tree`: run another copy of the program (a mutant); the harness itself stays this one. Exit 1 if a record was lost or doubled.
"""

import argparse
import base64
import contextlib
import gc
import json
import os
import random
import select
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

AT_LEAST = 20  # answers before a kill
SPREAD_S = 0.002  # a kill comes up to so long after the last answer: anywhere in the next transactions, COMMIT included
COLD = 71  # exit code of a child that had to load something


@dataclass
class Outcome:
    kills: int = 0
    busy: int = 0
    answered: list[tuple[str, int]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def child(home: Path, lines_in: int, answers_out: int) -> int:
    """In the forked child: become `kiosk scan --stdin`; never returns."""
    from kiosk.cli import main

    warm = set(sys.modules)
    os.dup2(lines_in, 0)
    os.dup2(answers_out, 1)
    os.close(answers_out)
    os.close(lines_in)
    sys.stdin, sys.stdout = os.fdopen(0, "r"), os.fdopen(1, "w", buffering=1)
    status = 70
    try:
        status = main(["scan", "--stdin", "--json", "--home", str(home)])
        if cold := sorted(set(sys.modules) - warm):
            print("loaded in the child:", *cold, file=sys.stderr, flush=True)
            status = COLD
    finally:
        os._exit(status)


def strike(home: Path, payloads: list[bytes], stop_after: int, delay: float, out: Outcome) -> None:
    """One run: feeds lines, reads answers, kills `delay` seconds after `stop_after` of them."""
    to_child, from_parent = os.pipe()
    from_child, to_parent = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(from_parent)
        os.close(from_child)
        child(home, to_child, to_parent)
    os.close(to_child)
    os.close(to_parent)
    os.set_blocking(from_parent, False)
    pending = b"".join(base64.b64encode(p) + b"\n" for p in payloads)
    received = b""
    try:
        while received.count(b"\n") < stop_after:
            ready, writable, _ = select.select([from_child], [from_parent] if pending else [], [], 30)
            if writable:
                pending = pending[os.write(from_parent, pending[:4096]) :]
            if ready:
                data = os.read(from_child, 65536)
                if not data:
                    break
                received += data
            if not ready and not writable:
                out.findings.append("no answer for 30 s")
                break
        moment = time.perf_counter() + delay
        while time.perf_counter() < moment:
            pass
    finally:
        os.kill(pid, signal.SIGKILL)
    while data := os.read(from_child, 65536):
        received += data
    os.waitpid(pid, 0)
    os.close(from_parent)
    os.close(from_child)
    lines = received.split(b"\n")[:-1]
    answers = [json.loads(line) for line in lines]
    out.kills += 1
    out.busy += len(answers) < len(payloads)
    saved = [a["event"] for a in answers if a["event"]]
    out.answered += [(e["epoch"], e["seq"]) for e in saved]
    if len(answers) < AT_LEAST or len(saved) != len(answers):
        out.findings.append(f"run {out.kills}: {len(answers)} answers, {len(saved)} saved: {lines[-1:]!r}")
    print(f"kill {out.kills}: after {len(answers)} of {len(payloads)} answers, {len(payloads) - len(answers)} unanswered", file=sys.stderr)


def judge(home: Path, out: Outcome) -> None:
    """Every answered scan is there exactly once, the chain holds, and the second copy catches up."""
    from kiosk import compose
    from tests.durability import oracle

    with compose.open_parts(home) as parts:
        parts.mirror.step()
        report = parts.verify()
    out.findings += [f"verify: {f.kind} {f.seq} {f.detail}" for f in report.findings]
    conn = oracle.connect(home)
    ahead = conn.execute("SELECT count(*) FROM epoch WHERE reason = 'restored'").fetchone()[0]
    conn.close()
    out.findings += [f"the second copy was ahead of COMMIT: {ahead} times"] * bool(ahead)  # a kill takes nothing from the kernel
    ledger = oracle.ledger(home)
    out.findings += ledger.faults
    keys = [(row.epoch, row.seq) for row in ledger.rows]
    lost = [key for key in out.answered if key not in set(keys)]
    deeds = [row.deed for row in ledger.rows]
    out.findings += [f"lost: {epoch}:{seq}" for epoch, seq in lost]
    out.findings += [f"answered twice: {len(out.answered) - len(set(out.answered))}"] * (len(set(out.answered)) != len(out.answered))
    out.findings += [f"deed twice: {len(deeds) - len(set(deeds))}"] * (len(deeds) != len(set(deeds)))


def warm_up(home: Path) -> None:
    """Everything that a scan loads, loaded here: one scan in this process, and one in a child that is let live and must load nothing."""
    from kiosk.cli import main
    from tests import builders

    builders.enrolled_home(home, builders.province_for_today())
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        if main(["scan", "--json", "--home", str(home), "046183000123"]) != 0:
            raise SystemExit("the warm-up scan was refused")
    lines_in, lines_out = os.pipe()
    os.write(lines_out, base64.b64encode(b"046183000124") + b"\n")
    os.close(lines_out)
    pid = os.fork()
    if pid == 0:
        child(home, lines_in, os.open(os.devnull, os.O_WRONLY))
    os.close(lines_in)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        raise SystemExit(f"the warm-up child ended with {status}")


def torture(home: Path, kills: int, seed: int, judge_every: int = 10) -> Outcome:
    from tests import builders

    rnd, out = random.Random(seed), Outcome()
    builders.enrolled_home(home, builders.province_for_today())
    for run in range(kills):
        payloads = [f"046{rnd.randrange(10**9):09d}".encode() for _ in range(400)]
        strike(home, payloads, AT_LEAST + rnd.randrange(30), rnd.random() * SPREAD_S, out)
        if (run + 1) % judge_every == 0 or run + 1 == kills:
            judge(home, out)
        if out.findings:
            break
    return out


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--tree", type=Path, default=None)
    args = parser.parse_args(argv)
    if args.tree:
        sys.path.insert(0, str(args.tree.resolve()))
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(10**6)
    with tempfile.TemporaryDirectory() as folder:
        warm_up(Path(folder) / "warm")
        gc.freeze()  # a child's collector would copy every page it looks at
        out = torture(Path(folder) / "home", args.kills, seed)
    for finding in out.findings[:20]:
        print(finding)
    enough = out.busy * 60 >= out.kills * 50  # a kill of an idle program proves nothing
    print(
        f"kills={out.kills} busy={out.busy} answered={len(out.answered)} findings={len(out.findings)} seed={seed}"
        f" {'ok' if enough and not out.findings else 'FAILED'}"
    )
    return int(bool(out.findings) or not enough)


if __name__ == "__main__":
    sys.exit(main())
