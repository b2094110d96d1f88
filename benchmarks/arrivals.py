"""200 arrivals a second offered to the poster's page for a minute, open loop: each is sent when it is due, whoever is still waiting.

From many loopback addresses, so that the limit against floods is not what is measured. Beside it the same page at one a second.
Usage: python -m benchmarks.arrivals [--rate 200] [--seconds 60] [--postgresql] [--workers 1]
"""

import argparse
import asyncio
import contextlib
import ssl
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psutil

from benchmarks.pairs import percentile
from kiosk.domain import poster
from kiosk.domain.feed import PlaceRow
from province import authority, places, sessions, settings
from province.db import Database
from province.settings import Home
from province.web.guard import VISITOR, Guard, cookie
from tests import postgres
from tests.contract.served import STATION, Province

CONNECTIONS = 96  # phones that hold a connection; each sends from an address of its own


@dataclass
class Tally:
    """`took`: seconds from when an arrival was due to its last byte; `statuses`: how each was answered."""

    took: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    first: float = 0.0
    last: float = 0.0


class Client:
    """Connections from loopback addresses; a request waits for a free one and its waiting counts."""

    def __init__(self, url: str, ca: Path) -> None:
        parts = urlsplit(url)
        self.port, self.tls = parts.port or 443, ssl.create_default_context(cafile=str(ca))
        self.free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def open(self) -> None:
        for n in range(CONNECTIONS):
            self.free.put_nowait(await self._connect(n))

    async def _connect(self, n: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        local = (f"127.0.{1 + n // 200}.{1 + n % 200}", 0)
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=self.tls, server_hostname="localhost", local_addr=local)

    async def post(self, path: str, cookies: str, body: bytes) -> int:
        reader, writer = await self.free.get()
        head = f"POST {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\nCookie: {cookies}\r\n"
        head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            writer.write(head.encode() + body)
            await writer.drain()
            answer = await reader.readuntil(b"\r\n\r\n")
            length = next((int(line.split(b":")[1]) for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
            await reader.readexactly(length)
            status = int(answer.split(b" ")[1])
        finally:
            self.free.put_nowait((reader, writer))
        return status

    def close(self) -> None:
        while not self.free.empty():
            self.free.get_nowait()[1].close()


async def offer(client: Client, path: str, people: list[str], csrf: str, rate: float) -> Tally:
    """Sends one arrival of each of `people` (cookies), `rate` a second."""
    tally, loop = Tally(), asyncio.get_running_loop()
    body = urlencode({"csrf": csrf}).encode()
    begin = tally.first = loop.time() + 0.1

    async def one(n: int, cookies: str) -> None:
        due = begin + n / rate
        await asyncio.sleep(max(0.0, due - loop.time()))
        status = await client.post(path, cookies, body)
        tally.took.append(loop.time() - due)
        tally.statuses[status] = tally.statuses.get(status, 0) + 1
        tally.last = loop.time()

    await asyncio.gather(*(one(n, cookies) for n, cookies in enumerate(people)))
    return tally


def prepare(home: Home, count: int) -> tuple[str, list[str], str]:
    """(the poster's path, one signed-in visitor's cookies each, the token of their forms)."""
    db, held, now = Database(home.url), authority.load(home), settings.now()
    row = PlaceRow("1975001A", STATION, "Cổng chính", "entrance", at=now)
    with db.write() as conn:
        places.change(conn, places.key(held), row, 0, "account:bench", now)
    shown = places.get(db, "1975001A")
    assert shown is not None
    path = "/" + poster.url("https://h", "1975001A", shown.row.mac).split("/", 3)[3]
    people = []
    for n in range(count):
        session = sessions.begin(db, "citizen", "", {"phone": f"+849{n:08d}"}, now)
        people.append(f"{cookie('citizen')}={session.token}; {VISITOR}=bench")
    csrf = Guard(db, held, settings.now).csrf("bench")
    db.close()
    return path, people, csrf


def cpu_s(process: psutil.Process) -> dict[str, float]:
    """CPU seconds so far of the server's processes, by what they are."""
    out = {"web": 0.0, "opener": 0.0}
    for each in (process, *process.children(recursive=True)):
        times = each.cpu_times()
        out["opener" if "opener" in each.cmdline() else "web"] += times.user + times.system
    return out


async def run(
    server: psutil.Process, url: str, ca: Path, path: str, people: list[str], csrf: str, rate: float, slow: int
) -> tuple[Tally, Tally, dict[str, float]]:
    """One a second, then `rate` a second; and the server's CPU seconds of the second part."""
    client = Client(url, ca)
    await client.open()
    quiet = await offer(client, path, people[:slow], csrf, 1.0)
    before = cpu_s(server)
    busy = await offer(client, path, people[slow:], csrf, rate)
    after = cpu_s(server)
    client.close()
    return quiet, busy, {name: after[name] - before[name] for name in after}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL of its own")
    parser.add_argument("--workers", type=int, default=1, help="web processes")
    args = parser.parse_args(argv)
    slow, count = 15, int(args.rate * args.seconds)
    if count < 1:
        print("n=0: nothing was measured", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        database: tuple[str, ...] = ()
        if args.postgresql:
            cluster = postgres.Postgres()
            stack.callback(cluster.remove)
            database = ("--database-url", cluster.create())
        province = Province(Path(folder) / "province", *database)
        home = Home(province.home, database[1] if database else "")
        start = time.perf_counter()
        path, people, csrf = prepare(home, count + slow)
        print(f"{count + slow} visitors signed in, {time.perf_counter() - start:.0f} s", file=sys.stderr)
        province.start(*(("--workers", str(args.workers)) if args.workers > 1 else ()))
        try:
            assert province.process is not None
            server = psutil.Process(province.process.pid)
            quiet, busy, cpu = asyncio.run(run(server, province.url, home.ca, path, people, csrf, args.rate, slow))
        finally:
            province.stop()
        db = Database(home.url)
        with db.read() as conn:
            filed = conn.exec_driver_sql("SELECT count(*) FROM web_record").scalar_one()
        db.close()
    errors = sum(n for status, n in busy.statuses.items() if status >= 500)
    served = len(busy.took) / (busy.last - busy.first)
    slowest, beside = percentile(busy.took, 0.99), percentile(quiet.took, 0.99)
    engine = f"PostgreSQL, {args.workers} processes" if args.postgresql else "embedded SQLite"
    print(
        f"arrivals ({engine}): {args.rate:.0f}/s offered for {args.seconds} s, n={len(busy.took)}: {served:.0f}/s served,"
        f" server errors {errors}, p50 {percentile(busy.took, 0.5) * 1000:.0f} ms,"
        f" p99 {slowest * 1000:.0f} ms against {beside * 1000:.0f} ms at one a second"
        f" (n={len(quiet.took)}, {slowest / beside:.1f}x); CPU an arrival: web {cpu['web'] / len(busy.took) * 1000:.1f} ms,"
        f" opener {cpu['opener'] / len(busy.took) * 1000:.1f} ms; answers {busy.statuses}, {filed} on file"
    )
    return int(errors > 0 or filed != count + slow or busy.statuses.get(303) != count)


if __name__ == "__main__":
    sys.exit(main())
