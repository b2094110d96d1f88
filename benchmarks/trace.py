"""Tracing one case over 1 and 10 million visits on PostgreSQL, beside the one-statement self-join on the same data; and a look-up by number
over as many declarations.

Usage: python -m benchmarks.trace [--small 1000000] [--large 10000000] [--n 30]   (make bench uses a tenth of these)
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Connection, select, text

from benchmarks.pairs import Series, percentile, timed
from province import question, tables, tables_known, tracing
from province.cli import main as province
from province.db import Database
from province.reader import Reader
from province.settings import Home
from tests import postgres

DAYS = [(date(2021, 5, 10) + timedelta(days=n)).isoformat() for n in range(14)]
STATIONS = [f"46-474-{19750 + n // 10:05d}-{n % 10 + 1:02d}" for n in range(930)]
OPENS = 1_621_728_000_000
VISIT, KNOWN = tables.table(tables.Visit), tables.table(tables_known.Known)
SELF_JOIN = """
SELECT b.subject_hash, sum(least(coalesce(a.left_at, a.entered_at + 1800000), coalesce(b.left_at, b.entered_at + 1800000))
                           - greatest(a.entered_at, b.entered_at)) AS together
FROM visit a JOIN visit b ON a.station_id = b.station_id AND a.event_day = b.event_day
WHERE a.subject_hash = ANY(:hashes) AND b.subject_hash <> a.subject_hash AND NOT b.voided
  AND b.entered_at <= coalesce(a.left_at, a.entered_at + 1800000) + 900000
  AND coalesce(b.left_at, b.entered_at + 1800000) >= a.entered_at - 900000
GROUP BY b.subject_hash
"""


def fill(conn: Connection, reader: Reader, first: int, last: int) -> None:
    """Visits first..last-1 of as many people, by COPY: every person once, spread over days, stations and hours."""
    columns = [c.name for c in VISIT.columns]
    raw = conn.connection.driver_connection
    assert raw is not None
    with raw.cursor() as cursor, cursor.copy(f"COPY visit ({', '.join(columns)}) FROM STDIN") as copy:
        for row in visits(reader, first, last):
            copy.write_row([row[name] for name in columns])
    with raw.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'known' AND indexname <> 'known_pkey'")
        beside = [str(row[0]) for row in cursor.fetchall()]
        key = ", ".join(column.name for column in KNOWN.primary_key)
        cursor.execute("ALTER TABLE known DROP CONSTRAINT known_pkey")  # made at the end, sorted: ten times as quick as row by row
        for index in KNOWN.indexes:
            cursor.execute(f"DROP INDEX {index.name}")
        with cursor.copy("COPY known (subject, station_id, event_day, kiosk_id, epoch, seq, declared_at, desk) FROM STDIN") as copy:
            for n in range(first, last):
                name = question.hashed(reader.known_key, f"id:{n:012d}")
                copy.write_row([name, STATIONS[n % 930], DAYS[n % 14], "k", "00" * 8, n, OPENS, False])
        cursor.execute(f"ALTER TABLE known ADD PRIMARY KEY ({key})")
        for definition in beside:
            cursor.execute(definition)


def visits(reader: Reader, first: int, last: int) -> Iterator[dict[str, object]]:
    fixed = {"kiosk_id": "k", "epoch": "00" * 8, "declared_at": None, "source": "hu1", "verdict": "come_in", "voided": False}
    fixed |= {"person": "voter", "ticket": 0, "place": "", "deed": ""}
    for n in range(first, last):
        day = DAYS[n % 14]
        entered = OPENS + (n % 14 - 13) * 86_400_000 + n * 7919 % 43_200_000
        left = entered + 600_000 if n % 3 else None
        key = {"station_id": STATIONS[n % 930], "event_day": day, "seq": n, "number": n % 1_000_000}
        yield {**fixed, **key, "entered_at": entered, "left_at": left, "subject_hash": reader.subject_hash(day, (f"id:{n:012d}",))}


def measure(db: Database, reader: Reader, people: list[int]) -> tuple[list[float], list[float], list[float]]:
    """Seconds of: a trace, the self-join, a look-up by number; one of each for each person, interleaved, their results compared."""
    out: tuple[list[float], list[float], list[float]] = ([], [], [])
    for n in people:
        with db.read() as conn:
            for kept, took in zip(out, one(conn, reader, f"id:{n:012d}"), strict=True):
                kept.append(took)
    return out


def one(conn: Connection, reader: Reader, name: str) -> tuple[float, float, float]:
    found, rows = list[tracing.Contact](), list[object]()
    asked = tracing.Question((name,), tuple(DAYS), 15 * tracing.MINUTE, 30 * tracing.MINUTE)
    hashes = [h for day in DAYS if (h := reader.subject_hash(day, (name,)))]
    known = select(KNOWN).where(KNOWN.c.subject == question.hashed(reader.known_key, name))

    def trace() -> None:
        found.extend(tracing.around(conn, [tracing.spells_of(conn, reader, (name,), asked)], asked))

    took = (
        timed(trace),
        timed(lambda: rows.extend(conn.execute(text(SELF_JOIN), {"hashes": hashes}).all())),
        timed(lambda: [conn.execute(known).one() for _ in range(10)]) / 10,
    )
    if len(found) != len(rows):
        raise SystemExit(f"wrong result: {len(found)} contacts, the self-join found {len(rows)}")
    return took


def told(what: str, values: list[float]) -> str:
    return f"{what} p50 {percentile(values, 0.5) * 1000:.1f} ms, p95 {percentile(values, 0.95) * 1000:.1f} ms"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--n", type=int, default=30)
    args = parser.parse_args(argv)
    if args.n < 1:
        print("n=0: nothing was measured", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        server = postgres.Postgres()
        url = server.create()
        home = Home(Path(folder) / "province", url)
        days = [word for day in DAYS for word in ("--day", day)]
        province(["init", "--home", str(home.path), "--database-url", url, *days])
        db, reader = Database(url), Reader(home)
        results, done = [], 0
        for size in (args.small, args.large):
            with db.write() as conn:
                fill(conn, reader, done, size)
            done = size
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                conn.execute(text("ANALYZE"))
            people = [n * (size // args.n) for n in range(args.n)]
            measure(db, reader, people)  # both sizes find their pages in memory
            results.append(measure(db, reader, people))
            ours, joined, looked = results[-1]
            series = Series(ours, joined)
            ratio = percentile(series.measured, 0.5) / percentile(series.reference, 0.5)
            print(
                f"{size} visits, n={args.n}: {told('trace', ours)}; {told('self-join', joined)} ({ratio:.3f}x); {told('look-up', looked)}",
                flush=True,
            )
        db.close()
        server.remove()
    growth = [percentile(results[1][i], 0.5) / percentile(results[0][i], 0.5) for i in (0, 2)]
    print(f"growth from {args.small} to {args.large}: trace {growth[0]:.2f}x (limit 3x), look-up {growth[1]:.2f}x (limit 1.5x)")
    return int(growth[0] > 3 or growth[1] > 1.5)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    sys.exit(main())
