"""A batch into tables that already hold 1 and 10 million rows, beside the same batch into empty ones, on PostgreSQL. Part of the soak.

Usage: python -m benchmarks.tables [--millions 1 10] [--batches 40] [--plant 3]
Rows before are made in the server by one statement; batches come through the province's own calls, in this process.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks import pairs, rig
from benchmarks.rig import Office, Ready
from tests.wire import DAY, STATION

LIMIT = 1.5
PIECE = 250_000  # rows
ROUNDS = 5
FILL = """
INSERT INTO event (station_id, event_day, kiosk_id, epoch, seq, kind, at, sealed, sha256, received_at)
SELECT CASE g %% 3 WHEN 0 THEN '{station}' ELSE '46-474-' || lpad((g %% 700)::text, 5, '0') || '-01' END, '{day}',
       md5((g / 956)::text)::varchar(12), md5((g / 956)::text)::varchar(16), g, 1, 1621735200000 + g,
       decode(repeat(md5(g::text), 4), 'hex') || '\\x00', sha256(g::text::bytea), 1621735200000 + g
FROM generate_series({first}, {last}) g
"""


class Place:
    """One province with its own database, and kiosks with batches ready to be sent."""

    def __init__(self, office: Office, batches: int) -> None:
        self.office, self.ready = office, list[Ready]()
        kiosk = office.kiosk()
        epoch = kiosk.epoch()
        while len(self.ready) < batches:
            kiosk.visits(epoch, 2000)
            self.ready = rig.batches(kiosk, epoch)[:batches]

    def send(self, k: int) -> None:
        status, _ = self.office.calls.answer("events", self.ready[k].envelope)
        if status != 200:
            raise SystemExit(f"wrong result: {status}")


def fill(office: Office, first: int, last: int) -> None:
    """Two connections at a time: PostgreSQL uses one core for one statement."""
    start = time.perf_counter()

    def piece(at: int) -> None:
        with office.db.write() as conn:
            conn.exec_driver_sql(FILL.format(station=STATION, day=DAY, first=at, last=min(last, at + PIECE - 1)))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(piece, range(first, last + 1, PIECE)))
    with office.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM (ANALYZE) event")  # or autovacuum does it while we measure
        conn.exec_driver_sql("CHECKPOINT")
    print(f"filled up to {last:,} rows in {time.perf_counter() - start:.0f} s", file=sys.stderr)


def compare(full: Place, empty: Place, first: int, each: int, plant: float) -> list[pairs.Series]:
    return pairs.interleave(lambda k: full.send(first + k), lambda k: empty.send(first + k), each, ROUNDS, plant)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--batches", type=int, default=50, help="in all rounds of one size")
    parser.add_argument("--plant", type=float, default=1.0)
    args = parser.parse_args(argv)
    results, each = list[bool](), max(1, args.batches // ROUNDS)
    with rig.province("postgresql") as (big, _), rig.province("postgresql") as (small, _):
        offices = Office(big), Office(small)
        full, empty = (Place(office, each * ROUNDS * len(args.millions) + 1) for office in offices)
        full.send(0)
        empty.send(0)
        before, sent = 1, 1
        for millions in sorted(args.millions):
            fill(offices[0], before, millions * 1_000_000)
            before = millions * 1_000_000 + 1
            series = compare(full, empty, sent, each, args.plant)
            sent += each * ROUNDS
            results.append(pairs.report(f"a batch into {millions} million rows", "the same into empty tables", series, 0.5, LIMIT))
        for office, place, filled in ((offices[0], full, before - 1), (offices[1], empty, 0)):
            wanted = filled + sum(ready.events for ready in place.ready[:sent])  # sealed bytes differ in length, so batches in events
            if (found := office.count("event")) != wanted:
                raise SystemExit(f"wrong result: {found} of {wanted} rows")
        print(f"n={sent - 1} batches of {statistics.median(r.events for r in full.ready):.0f} events")
        for office in offices:
            office.close()
    return pairs.finish(results)


if __name__ == "__main__":
    sys.exit(main())
