"""A voter's slip, rendered to a file, beside segno's matrix of the same code alone; and what a thousand slips leave in memory.

Usage: python -m benchmarks.paper [--n 40] [--slips 1000] [--plant 3]
"""

import argparse
import gc
import os
import statistics
import sys
import tempfile
from pathlib import Path

import psutil
import segno
from msgspec.structs import replace

from benchmarks import pairs
from kiosk.crypto import sign
from kiosk.domain.passes import hu1
from kiosk.printing import slip
from tests import builders

FACTOR, GROWTH_MB, SLOWEST = 2.0, 8.0, 3.0
WARM = 200


def slips(n: int) -> list[slip.Slip]:
    """That many voters' slips, every pass different."""
    seed, out = sign.generate(), []
    for number in range(1, n + 1):
        claims = hu1.Claims(os.urandom(8), builders.at("08:41"), 72, 1983, "TTM", "F")
        text = hu1.make(claims, b"abc", seed)
        at = builders.at("08:41")
        out.append(slip.Slip(text, builders.AREA.name, builders.AREA.code, "TTM", "F", "1983", at, at, at, f"K1-{number:06d}"))
    return out


def names(folder: Path, one: slip.Slip) -> bool:
    """The slowest slip of 200 hostile names beside the median slip of plain ones; each name three times, its quickest counts."""
    plain = [pairs.timed(lambda: slip.render(one, folder / "slip.pdf")) for _ in range(WARM)]
    hostile = builders.hostile_names()
    worst = 0.0
    for name in hostile:
        made = replace(one, station=name, station_code=name, initials=name, number=name)
        worst = max(worst, min(pairs.timed(lambda made=made: slip.render(made, folder / "slip.pdf")) for _ in range(3)))
    ratio = worst / statistics.median(plain)
    good = ratio <= SLOWEST
    told = f"{ratio:.2f}x of the median slip (limit {SLOWEST}x) {'ok' if good else 'OVER'}"
    print(f"slowest of {len(hostile)} hostile slips: {told} n={len(plain)}")
    return good


def memory(folder: Path, made: list[slip.Slip]) -> bool:
    """Resident MB at the last slip minus at the 200th."""
    process, file, at_warm = psutil.Process(), folder / "slip.pdf", 0.0
    for number, one in enumerate(made, 1):
        slip.render(one, file)
        if number == WARM:
            gc.collect()
            at_warm = process.memory_info().rss / 1e6
    gc.collect()
    if len(made) <= WARM:
        print(f"memory: n={len(made)}, more than {WARM} are needed")
        return False
    grown = process.memory_info().rss / 1e6 - at_warm
    good = grown <= GROWTH_MB
    print(f"memory at {len(made)} slips minus at {WARM}: {grown:.1f} MB (limit {GROWTH_MB:.0f}) {'ok' if good else 'OVER'}")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=40)
    parser.add_argument("--slips", type=int, default=1000)
    parser.add_argument("--plant", type=float, default=1.0)
    args = parser.parse_args()
    made = slips(max(args.slips, 5 * args.n))
    results = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "slip.pdf"
        slip.render(made[0], file)  # the faces are read once
        if not file.read_bytes().startswith(b"%PDF-") or len(file.read_bytes()) < 5000:
            print("the slip is no slip")
            return 1

        def matrix(k: int) -> int:
            return len(segno.make(made[k].pass_text, error="M", micro=False, boost_error=False).matrix)

        rounds = pairs.interleave(lambda k: slip.render(made[k], file), matrix, args.n, plant=args.plant)
        results.append(pairs.report("a slip to a file", "segno's matrix alone", rounds, 0.5, FACTOR))
        results.append(names(Path(folder), made[0]))
        results.append(memory(Path(folder), made[: args.slips]))
    return pairs.finish(results)


if __name__ == "__main__":
    sys.exit(main())
