"""A day and a backlog over a slow link: 300 ms round trip, 256 kbit/s each way, 2 % of segments lost (tests/link.py), TLS on, the real
uploader and the real server. The backlog beside one plain POST of as many bytes over the same link in the same run.

Usage: python -m benchmarks.link [--visits 820] [--backlog 5000] [--days 5] [--pairs 3]
"""

import argparse
import http.server
import ssl
import statistics
import sys
import tempfile
import threading
import time
from http.client import HTTPSConnection
from pathlib import Path

from benchmarks import rig
from benchmarks.rig import Server
from kiosk import compose
from kiosk.domain.events import Kind
from province.settings import Home
from tests.link import EDGE, link

DAY_S, SHARE = 7.0, 0.75


class Sink(http.server.BaseHTTPRequestHandler):
    """Takes one large POST and answers when it has all of it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(65536, left)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def sink(home: Home) -> http.server.ThreadingHTTPServer:
    out = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(home.server, home.server_key)
    out.socket = context.wrap_socket(out.socket, server_side=True)
    threading.Thread(target=out.serve_forever, daemon=True).start()
    return out


def plain_post(home: Home, port: int, size: int, seed: int) -> float:
    """Seconds that one large POST of incompressible bytes takes, from a cold socket."""
    with link(port, EDGE, seed) as line:
        conn = HTTPSConnection("localhost", line.port, context=ssl.create_default_context(cafile=str(home.ca)), timeout=300)
        start = time.perf_counter()
        conn.request("POST", "/", bytes(size))
        status = conn.getresponse().status
        took = time.perf_counter() - start
        conn.close()
    if status != 200:
        raise SystemExit(f"wrong result: {status}")
    return took


def send(parts: compose.Parts, port: int, seed: int) -> tuple[float, int]:
    """(seconds from a cold socket until everything that waits is acknowledged, bytes that went up)."""
    with link(port, EDGE, seed) as line:
        sync = parts.uploader
        sync.close()
        sync._transport._base = f"https://localhost:{line.port}"  # type: ignore[attr-defined]
        sync._ask_first = True  # as at every start
        start = time.perf_counter()
        while parts.outbox.counts().waiting:
            if sync.step().state != "ok":
                raise SystemExit(f"wrong result: {sync.state.detail}")
            time.sleep(min(0.02, sync.delay_s()))
        took, up = time.perf_counter() - start, line.up
        sync.close()
    return took, up


def arrive(parts: compose.Parts, visits: int, since: int) -> None:
    rig.write(parts, Kind.VISIT, [rig.visit_fields(since + i) for i in range(visits)])


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=820)
    parser.add_argument("--backlog", type=int, default=5000)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=3)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder, rig.province("sqlite") as (home, _):
        office, server = rig.Office(home), Server(home, "--no-opener")
        plain = sink(home)
        with rig.enrolled(Path(folder) / "kiosk", office, server.url) as parts:
            parts.uploader.drain(lambda _: None, lambda: parts.outbox.counts().waiting == 0)
            days, written = list[float](), 0
            for number in range(args.days):
                arrive(parts, args.visits, written)
                written += args.visits
                days.append(send(parts, server.port, number)[0])
            shares, speeds = list[float](), list[float]()
            for number in range(args.pairs):
                arrive(parts, args.backlog, written)
                written += args.backlog
                if number % 2:
                    took, up = send(parts, server.port, 100 + number)
                    reference = plain_post(home, plain.server_port, up, 100 + number)
                else:
                    reference = plain_post(home, plain.server_port, args.backlog * 120, 100 + number) / (args.backlog * 120)
                    took, up = send(parts, server.port, 100 + number)
                    reference *= up
                shares.append(reference / took)
                speeds.append(up / took)
            if office.count("event") < written or not days or not shares:
                raise SystemExit("wrong result: events are missing")
        plain.shutdown()
        server.stop()
        office.close()
    day, share = statistics.median(days), statistics.median(shares)
    print(
        f"link: a day of {args.visits} visits from a cold socket {day:.2f} s (under {DAY_S:.0f} s) {'ok' if day < DAY_S else 'OVER'}"
        f"  [{min(days):.2f}..{max(days):.2f}] n={len(days)}"
    )
    print(
        f"link: a backlog of {args.backlog} events at {share:.2f} of one plain POST (at least {SHARE})"
        f" {'ok' if share >= SHARE else 'UNDER'}  [{min(shares):.2f}..{max(shares):.2f}] n={len(shares)} pairs,"
        f" {statistics.median(speeds):,.0f} bytes/s"
    )
    return int(day >= DAY_S or share < SHARE)


if __name__ == "__main__":
    sys.exit(main())
