"""A look-up by name and birth year among a million people, beside one LIKE scan of the same names in the same encrypted file; 500
planted people, asked for with eight slips each, must be among the first ten.

Usage: python -m benchmarks.lookup [--people 1000000] [--planted 500] [--n 20] [--plant 1]
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
from sqlalchemy import bindparam, select

from benchmarks import pairs
from benchmarks.people import SLIPS, One, crowd
from kiosk.domain import query
from kiosk.domain.text import fold
from kiosk.store import migrations, nameindex, search
from kiosk.store.engine import Connection, Database, Prepared
from kiosk.store.projections import DECLARATION, INSERT_DECLARATION
from tests import builders

FOUND, RATIO = 0.98, 0.3
EPOCH = "00112233445566ff"
CHUNK = 250_000
LIKE = Prepared(select(DECLARATION.c.epoch, DECLARATION.c.seq).where(DECLARATION.c.name_folded.like(bindparam("part"))))


def fill(database: Database, people: list[One]) -> None:
    """The rows a projection would have written: the declaration and its index."""
    at = builders.at("08:00")
    with database.write() as conn:
        conn.exec_driver_sql("PRAGMA cache_size=-400000")
    for start in range(0, len(people), CHUNK):
        part = people[start : start + CHUNK]
        with database.write() as conn:
            INSERT_DECLARATION.many(conn, (_row(start + i, one, at) for i, one in enumerate(part)))
            nameindex.fill(conn, ((EPOCH, start + i, one.fields()) for i, one in enumerate(part)))


def _row(seq: int, one: One, at: int) -> dict[str, object]:
    common = {"epoch": EPOCH, "seq": seq, "event_day": builders.ELECTION_DAY, "at": at, "deed": f"{seq:016x}", "mode": "proxy", "desk": 0}
    fields = msgspec.json.encode(one.fields()).decode()
    return common | {"name_folded": fold(one.name), "fields": fields, "voided": 0, "amended": 0, "ticket": 0, "completes": ""}


def plant(people: list[One], n: int, rnd: random.Random) -> list[tuple[int, One]]:
    """People whom name and birth year tell apart: where more bear the same, nobody could rank them."""
    same = Counter((fold(one.name), one.year) for one in people)
    alone = [(seq, one) for seq, one in enumerate(people) if same[fold(one.name), one.year] == 1]
    return rnd.sample(alone, min(n, len(alone)))


def accuracy(conn: Connection, planted: list[tuple[int, One]], rnd: random.Random) -> tuple[float, list[str]]:
    """(share found among the first ten, the questions as they were typed)."""
    missed: Counter[str] = Counter()
    typed, found = [], 0
    for seq, one in planted:
        for name, slip in SLIPS.items():
            typed.append(slip(one, rnd))
            hits = search.by_name(conn, query.parse(typed[-1]))
            if any(hit.place == (EPOCH, seq) for hit in hits):
                found += 1
            else:
                missed[name] += 1
    share = found / max(1, len(typed))
    print(f"found among the first ten: {share:.2%} of {len(typed)} (at least {FOUND:.0%}); missed: {dict(missed)}", flush=True)
    return share, typed


def measured(conn: Connection, typed: list[str], n: int, slower: float) -> bool:
    def ask(k: int) -> None:
        search.by_name(conn, query.parse(typed[k % len(typed)]))

    def scan(k: int) -> None:
        name = "%".join(fold(typed[k % len(typed)]).split()[:-1])
        LIKE.run(conn, {"part": f"%{name}%"}).fetchall()

    scan(0)
    return pairs.report("look-up by name and year", "one LIKE scan of the names", pairs.interleave(ask, scan, n, plant=slower), 0.95, RATIO)


def _timed(what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    print(f"{what} in {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--planted", type=int, default=500)
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--plant", type=float, default=1.0)
    args = parser.parse_args(argv)
    if not (args.people and args.planted and args.n):
        return pairs.finish([])
    rnd = random.Random(7)
    people = list(crowd(args.people))
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "journal.db", os.urandom(32))
        migrations.migrate(database, builders.at("06:00"))
        for _ in _timed(f"filled {args.people} people"):
            fill(database, people)
        database.close()
        with database.read() as conn:
            share, typed = accuracy(conn, plant(people, args.planted, rnd), rnd)
            rnd.shuffle(typed)
            results = [share >= FOUND, measured(conn, typed, args.n, args.plant)]
        database.close()
    return pairs.finish(results)


if __name__ == "__main__":
    sys.exit(main())
