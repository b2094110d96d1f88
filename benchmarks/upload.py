"""Batch upload beside one event a POST: the same server, the same kept TLS session, the same signatures, the receipt verified and stored
both ways. Five interleaved pairs; time an event.

Usage: python -m benchmarks.upload [--events 2000] [--singles 60] [--engine sqlite] [--plant 3]
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import pairs, rig
from benchmarks.rig import Server
from kiosk import compose
from kiosk.domain.events import Kind
from kiosk.domain.protocol import MAX_BYTES, MAX_EVENTS

LIMIT = 50.0
PAIRS = 5


def push(parts: compose.Parts, most: int, count: int) -> None:
    """Sends `count` waiting events through the real uploader, at most `most` a call, and stores the receipts."""
    sync, before, left = parts.uploader, parts.outbox.counts().acknowledged, count
    while left > 0:
        batch = parts.outbox.next(min(most, left), MAX_BYTES)
        if batch is None:
            raise SystemExit("wrong result: nothing waits")
        sync._send(batch)
        left -= sum(len(span.events) for span in batch.spans)
    if parts.outbox.counts().acknowledged - before != count:
        raise SystemExit("wrong result: not acknowledged")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=2000, help="a round of batches")
    parser.add_argument("--singles", type=int, default=60, help="a round of single events")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--plant", type=float, default=1.0)
    args = parser.parse_args(argv)
    ratios, ours, theirs = list[float](), list[float](), list[float]()
    with tempfile.TemporaryDirectory() as folder, rig.province(args.engine) as (home, _):
        office, server = rig.Office(home), Server(home, "--no-opener")
        with rig.enrolled(Path(folder) / "kiosk", office, server.url) as parts:
            total = 0
            for number in range(PAIRS + 1):
                rig.write(parts, Kind.VISIT, [rig.visit_fields(total + i) for i in range(args.events + args.singles)])
                total += args.events + args.singles

                def batches() -> float:
                    return pairs.timed(lambda: push(parts, MAX_EVENTS, args.events), args.plant) / args.events

                def singles() -> float:
                    return pairs.timed(lambda: push(parts, 1, args.singles)) / args.singles

                a, b = (batches(), singles()) if number % 2 else tuple(reversed((singles(), batches())))
                if number:  # the first pair warms both
                    ours.append(a)
                    theirs.append(b)
                    ratios.append(b / a)
            held = office.count("event")
        server.stop()
        office.close()
    if held < total or not ratios:
        raise SystemExit(f"wrong result: {held} of {total} events")
    median = statistics.median(ratios)
    print(
        f"upload: batches {median:.0f}x of one event a POST (at least {LIMIT:.0f}x) {'ok' if median >= LIMIT else 'UNDER'}"
        f"  [{min(ratios):.0f}..{max(ratios):.0f}] n={len(ratios)} pairs of {args.events} and {args.singles} events, {args.engine},"
        f" {statistics.median(ours) * 1e6:.0f} us against {statistics.median(theirs) * 1e6:.0f} us an event"
    )
    return int(median < LIMIT)


if __name__ == "__main__":
    sys.exit(main())
