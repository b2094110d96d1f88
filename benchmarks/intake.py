"""Intake on PostgreSQL: 4 clients send ready-made batches over TLS, beside one binary COPY of the same rows, in one transaction, into an
empty table with the same key and partitions. Five interleaved pairs; server CPU per million rows; then with bodies opened and projected.

Usage: python -m benchmarks.intake [--rows 20000] [--pairs 5] [--clients 4] [--servers 1] [--plant 3]
"""

import argparse
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from hashlib import sha256

import psycopg

from benchmarks import pairs, rig
from benchmarks.rig import Client, Office, Ready, Server
from province import db, tables
from province.settings import Home
from tests.wire import DAY, Epoch, Kiosk, declaration, visit

EVENT = tables.table(tables.Event)
LIMIT = 0.20
DECLARED = 4  # every fourth event is a declaration


def fill(kiosk: Kiosk, rows: int) -> Epoch:
    epoch = kiosk.epoch()
    for no in range(rows):
        kind, fields = (3, declaration()) if no % DECLARED == 0 else (1, visit(no))
        kiosk.add(epoch, kind, fields)
    return epoch


class Twin:
    """The reference's table: like `event`, empty for each round."""

    def __init__(self, url: str) -> None:
        self.conn = psycopg.connect(url, autocommit=True)

    def empty(self) -> None:
        self.conn.execute("DROP TABLE IF EXISTS twin")
        self.conn.execute("CREATE TABLE twin (LIKE event INCLUDING ALL) PARTITION BY RANGE (event_day)")
        for statement in db.day_partitions(DAY):
            if '"event' in statement:
                self.conn.execute(statement.replace('"event', '"twin'))

    def copy(self, rows: Sequence[tuple[object, ...]]) -> float:
        start = time.perf_counter()
        with self.conn.transaction(), self.conn.cursor() as cursor, cursor.copy("COPY twin FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["text", "text", "text", "text", "int8", "int4", "int8", "bytea", "bytea", "int8"])
            for row in rows:
                copy.write_row(row)
        took = time.perf_counter() - start
        found = self.conn.execute("SELECT count(*) FROM twin").fetchone()
        if found != (len(rows),):
            raise SystemExit("wrong result: COPY")
        return took


class Senders:
    """Clients that keep their connections; each has its share of every round."""

    def __init__(self, ports: Sequence[int], home: Home, service: bytes, count: int) -> None:
        self.clients = [Client(ports[i % len(ports)], home.ca, service) for i in range(count)]

    def send(self, shares: Sequence[Sequence[Ready]]) -> float:
        faults: list[BaseException] = []

        def work(client: Client, share: Sequence[Ready]) -> None:
            try:
                for ready in share:
                    answer = client.send(ready)
                    if answer.duplicates or answer.refusals or answer.receipts[0].to_seq < ready.events:
                        raise SystemExit("wrong result: receipt")
            except BaseException as error:
                faults.append(error)

        threads = [threading.Thread(target=work, args=pair) for pair in zip(self.clients, shares, strict=True)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - start
        if faults:
            raise faults[0]
        return took


def rows_of(epochs: Sequence[tuple[Kiosk, Epoch]]) -> list[tuple[object, ...]]:
    """What intake writes of them, for COPY."""
    out: list[tuple[object, ...]] = []
    for kiosk, epoch in epochs:
        for seq, event in enumerate(epoch.events, 1):
            key = (kiosk.enrolment.station.code, DAY, kiosk.name, epoch.id, seq)
            out.append((*key, event[5], int.from_bytes(event[6:14], "big"), event, sha256(event).digest(), 1))
    return out


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000, help="a round")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--servers", type=int, default=1)
    parser.add_argument("--plant", type=float, default=1.0)
    args = parser.parse_args(argv)
    with rig.province("postgresql") as (home, postgres):
        assert postgres is not None
        office, service = Office(home), rig.authority.load(home).trust.service
        kiosks = [office.kiosk() for _ in range(args.clients * (args.pairs + 1))]
        made = [(kiosk, fill(kiosk, args.rows // args.clients)) for kiosk in kiosks]
        rounds = [made[i : i + args.clients] for i in range(0, len(made), args.clients)]
        servers = [Server(home, "--no-opener") for _ in range(args.servers)]
        try:
            return measure(args, home, office, postgres, service, rounds, servers)
        finally:
            for server in servers:
                server.stop()
            office.close()


def measure(
    args: argparse.Namespace,
    home: Home,
    office: Office,
    postgres: rig.Postgres,
    service: bytes,
    rounds: list[list[tuple[Kiosk, Epoch]]],
    servers: list[Server],
) -> int:
    twin, senders = Twin(home.database_url), Senders([s.port for s in servers], home, service, args.clients)
    master = int((postgres.data / "postmaster.pid").read_text().split()[0])
    pids = [s.process.pid for s in servers]
    ratios, ours, theirs, cpu, base = list[float](), list[float](), list[float](), 0.0, 0.0
    for number, epochs in enumerate(rounds):
        shares, rows = [rig.batches(kiosk, epoch) for kiosk, epoch in epochs], rows_of(epochs)
        twin.empty()
        for side in ("copy", "intake") if number % 2 else ("intake", "copy"):
            if side == "copy":
                copied = twin.copy(rows)
                continue
            before, before_base = rig.cpu_s(*pids), rig.family_cpu_s(master)
            took = pairs.timed(partial(senders.send, shares), args.plant)
            if number:
                cpu, base = cpu + rig.cpu_s(*pids) - before, base + rig.family_cpu_s(master) - before_base
        if number == 0:
            continue  # both warm
        ours.append(len(rows) / took)
        theirs.append(len(rows) / copied)
        ratios.append(copied / took)
    n = sum(len(e.events) for epochs in rounds for _, e in epochs)
    if office.count("event") != n or not ratios:
        raise SystemExit(f"wrong result: {office.count('event')} of {n} rows")
    median, measured = statistics.median(ratios), n - sum(len(e.events) for _, e in rounds[0])
    print(
        f"intake: {median:.2f} of binary COPY (at least {LIMIT}) {'ok' if median >= LIMIT else 'UNDER'}"
        f"  [{min(ratios):.2f}..{max(ratios):.2f}]"
        f" n={measured} rows in {len(ratios)} pairs, {args.clients} clients, {args.servers} server processes,"
        f" {statistics.median(ours):,.0f} rows/s against {statistics.median(theirs):,.0f} rows/s;"
        f" CPU per million rows: server {cpu / measured * 1e6:.0f} s, PostgreSQL {base / measured * 1e6:.0f} s"
    )
    opened(home, n)
    return int(median < LIMIT)


def opened(home: Home, n: int) -> None:
    """The same rows opened and projected by the opener's own command."""
    env = {**os.environ, "PROVINCE_DATABASE_URL": home.database_url}
    start = time.perf_counter()
    argv = [sys.executable, "-m", "province", "opener", "--once", "--json", "--home", str(home.path)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=env)
    assert process.stdout is not None
    said = process.stdout.read()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    took = time.perf_counter() - start
    if f'"opened": {n}' not in said:
        raise SystemExit(f"wrong result: {said}")
    cpu = usage.ru_utime + usage.ru_stime
    print(f"opened and projected: {n} rows, {n / took:,.0f} rows/s, opener CPU per million rows {cpu / n * 1e6:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
