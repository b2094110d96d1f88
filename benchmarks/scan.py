"""`station.scan` (judge, seal, COMMIT) beside one plain SQLite FULL commit of the same rows; empty and with 100,000 visits before.

Usage: python -m benchmarks.scan [--n 100] [--before 100000] [--plant 3]
"""

import argparse
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from benchmarks import pairs
from kiosk import compose
from kiosk.domain.events import Kind
from kiosk.domain.verdict import Act
from kiosk.ports import Sighting
from kiosk.store import register
from kiosk.store.journal import Draft
from kiosk.store.tables import Event, Subject, VisitRow
from tests import builders


class Plain:
    """The reference: the rows a scan commits (event, visit, subject) in plain SQLite, WAL, FULL, one transaction, no rule and no seal."""

    def __init__(self, folder: Path) -> None:
        self.conn = sqlite3.connect(folder / "plain.db", isolation_level=None)
        self.conn.execute("PRAGMA journal_mode=WAL")
        self.conn.execute("PRAGMA synchronous=FULL")
        self.conn.execute("PRAGMA wal_autocheckpoint=4000")
        for table in (Event, VisitRow, Subject):
            self.conn.execute(str(CreateTable(table.__table__).compile(dialect=sqlite.dialect())))  # type: ignore[attr-defined]

    def commit(self, k: int, sealed: bytes) -> None:
        epoch, now, deed = "00" * 8, 1_621_723_200_000 + k, os.urandom(8)
        self.conn.execute("BEGIN IMMEDIATE")
        self.conn.execute("INSERT INTO event VALUES (?,?,?,?,?,?,?)", (epoch, k, 1, now, deed, sealed, os.urandom(32)))
        visit = (epoch, k, "2021-05-23", k, now, deed.hex(), "hu1", "come_in", now, None, "voter", 0, "", 0, 0)
        self.conn.execute("INSERT INTO visit VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", visit)
        self.conn.execute("INSERT INTO subject VALUES (?,?,?)", (os.urandom(16), epoch, k))
        self.conn.execute("COMMIT")


def passes(parts: compose.Parts, n: int) -> list[bytes]:
    """Valid passes of this kiosk's own issuer, all different."""
    return [builders.voter_pass(parts.vault.secrets, parts.clock.now().wall) for _ in range(n)]


def fill(parts: compose.Parts, visits: int) -> None:
    """That many arrivals through the journal itself, a thousand a transaction."""
    day, now = parts.station.likely_day() or "", parts.clock.now()
    for start in range(0, visits, 1000):
        with parts.database.write() as conn:
            first = register.next_number(conn, day)
            drafts = []
            for i in range(min(1000, visits - start)):
                fields = {"no": first + i, "source": "hu1", "verdict": "come_in", "since": now.wall}
                drafts.append(Draft(Kind.VISIT, {**fields, "subjects": [f"hu1:{os.urandom(11).hex()}"]}, os.urandom(8)))
            parts.journal.append(conn, day, drafts, now, "-", 1)
    parts.mirror.step()


def one(parts: compose.Parts, folder: Path, n: int, plant: float) -> list[pairs.Series]:
    shown, plain, sealed = passes(parts, n * 5), Plain(folder), os.urandom(200)
    parts.station.scan(Sighting(os.urandom(8), passes(parts, 1)[0], "typed"))  # opens the day and the epoch

    def scan(k: int) -> None:
        verdict = parts.station.scan(Sighting(os.urandom(8), shown[k], "typed"))
        if verdict.act is not Act.COME_IN or not verdict.event:
            raise SystemExit(f"wrong result: {verdict.act}")

    before = parts.outbox.counts().events
    series = pairs.interleave(scan, lambda k: plain.commit(k, sealed), n, plant=plant)
    if parts.outbox.counts().events != before + n * 5:
        raise SystemExit("wrong result: events are missing")
    return series


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--before", type=int, default=100_000)
    parser.add_argument("--plant", type=float, default=1.0)
    args = parser.parse_args(argv)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        made_by = builders.province_for_today()
        empty, full = Path(folder) / "empty", Path(folder) / "full"
        for home in (empty, full):
            builders.enrolled_home(home, made_by)
        with compose.open_parts(empty) as parts, compose.open_parts(full) as loaded:
            series = one(parts, empty, args.n, args.plant)
            results.append(pairs.report("station.scan", "one plain SQLite FULL commit of the same rows", series, 0.95, 2.5))
            start = time.perf_counter()
            fill(loaded, args.before)
            print(f"filled {args.before} visits in {time.perf_counter() - start:.0f} s", file=sys.stderr)
            fresh, more = passes(parts, args.n * 5), passes(loaded, args.n * 5)
            loaded.station.scan(Sighting(os.urandom(8), passes(loaded, 1)[0], "typed"))
            both = pairs.interleave(
                lambda k: loaded.station.scan(Sighting(os.urandom(8), more[k], "typed")),
                lambda k: parts.station.scan(Sighting(os.urandom(8), fresh[k], "typed")),
                args.n,
                plant=args.plant,
            )
            name = f"station.scan after {args.before} visits"
            results.append(pairs.report(name, "station.scan on an empty journal", both, 0.5, 1.2))
            results.append(pairs.report(name, "station.scan on an empty journal", both, 0.95, 1.5))
    return pairs.finish(results)


if __name__ == "__main__":
    sys.exit(main())
