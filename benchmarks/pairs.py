"""Interleaved pairs: measured, reference, measured, reference … and what is printed of them.

`plant`: makes the measured side that many times slower by busy waiting, to see that the figure would show it.
"""

import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Series:
    """Seconds of each repetition of both sides in one round."""

    measured: list[float]
    reference: list[float]


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def timed(work: Callable[[], object], plant: float = 1.0) -> float:
    start = time.perf_counter()
    work()
    took = time.perf_counter() - start
    if plant > 1:
        end = start + took * plant
        while time.perf_counter() < end:
            pass
        took = time.perf_counter() - start
    return took


def interleave(
    measured: Callable[[int], object], reference: Callable[[int], object], n: int, rounds: int = 5, plant: float = 1.0
) -> list[Series]:
    """`rounds` rounds of n pairs; each call gets a running number. The side that goes first alternates."""
    out = []
    for r in range(rounds):
        a: list[float] = []
        b: list[float] = []
        for i in range(n):
            k = r * n + i
            if k % 2:
                b.append(timed(lambda k=k: reference(k)))
                a.append(timed(lambda k=k: measured(k), plant))
            else:
                a.append(timed(lambda k=k: measured(k), plant))
                b.append(timed(lambda k=k: reference(k)))
        out.append(Series(a, b))
    return out


def report(name: str, against: str, rounds: list[Series], share: float, limit: float) -> bool:
    """Prints the ratio at a percentile with n and spread over rounds; True if the median of rounds is within `limit`. n = 0 fails."""
    n = sum(len(s.measured) for s in rounds)
    if n == 0:
        print(f"{name}: n=0")
        return False
    ratios = [percentile(s.measured, share) / percentile(s.reference, share) for s in rounds]
    ms = [percentile(s.measured, share) * 1000 for s in rounds]
    ref = [percentile(s.reference, share) * 1000 for s in rounds]
    ratio = statistics.median(ratios)
    good = ratio <= limit
    print(
        f"{name} p{share * 100:.0f}: {ratio:.2f}x of {against} (limit {limit}x) {'ok' if good else 'OVER'}"
        f"  [{min(ratios):.2f}..{max(ratios):.2f}] n={n}, {statistics.median(ms):.2f} ms against {statistics.median(ref):.2f} ms",
        flush=True,
    )
    return good


def compile_modules() -> None:
    """Our modules and the packages', as ./run leaves them; an environment may forbid Python to keep what it compiled."""
    folders = [str(ROOT / "kiosk"), str(ROOT / "province"), sysconfig.get_path("purelib")]
    subprocess.run([sys.executable, "-m", "compileall", "-qq", "-j", "0", *folders], check=False)


def finish(results: Sequence[bool]) -> int:
    """Exit status: 1 if nothing was measured or a figure is over its limit."""
    if not results:
        print("n=0: nothing was measured", file=sys.stderr)
    return int(not results or not all(results))
