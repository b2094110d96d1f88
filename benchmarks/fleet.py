"""The whole province at closing time: many kiosks, a day of visits each, all starting at the same instant. The real uploader and real
HTTPS; journals in memory, many kiosks in a few processes. Beside one client that sends as many rows one kiosk after the other.

Usage: python -m benchmarks.fleet [--kiosks 93] [--visits 956] [--processes 2] [--servers 1] [--engine postgresql] [--faults 0.01]
The province's own size is --kiosks 930. A fault: an answer that was on its way is lost. CPU of clients and of server apart.
"""

import argparse
import multiprocessing
import random
import resource
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from benchmarks import rig
from benchmarks.rig import Office, Server
from kiosk.crypto import chain
from kiosk.devices.clock import SystemClock
from kiosk.domain.protocol import Batch, BatchAnswer, Span
from kiosk.errors import Code, KioskError
from kiosk.ports import Answer
from kiosk.store.outbox import Counts, Saved
from kiosk.sync.http import HttpTransport
from kiosk.sync.uploader import Credentials, Uploader
from tests.wire import Epoch, Kiosk

TIMES, TWICE = 1.5, 0.02
PATIENCE_S = 600.0


@dataclass(frozen=True)
class Member:
    """What one kiosk's process needs of it."""

    kiosk: str
    seed: bytes
    service: bytes
    epoch: Epoch


class Queue:
    """The outbox in memory: what store.Outbox does with rows; only a genuine receipt about our own head counts."""

    def __init__(self, member: Member) -> None:
        self._m, self._have, self._opened, self.sent = member, 0, 0, 0

    def next(self, max_events: int, max_bytes: int) -> Batch | None:
        epoch, first = self._m.epoch, self._have + 1
        if first > len(epoch.events):
            return None
        last, room = first, max_bytes - len(epoch.events[first - 1])
        while last < len(epoch.events) and last - first + 1 < max_events and room >= len(epoch.events[last]):
            room -= len(epoch.events[last])
            last += 1
        self.sent += sum(len(event) for event in epoch.events[first - 1 : last])
        span = Span(epoch.id, first, last, epoch.heads[first - 1], epoch.heads[last], epoch.events[first - 1 : last])
        return Batch([epoch.signed], [span])

    def unsettled(self) -> list[str]:
        return [self._m.epoch.id]

    def save(self, answer: BatchAnswer) -> Saved:
        before, rejected = self._have, 0
        for r in (r for r in answer.receipts if r.epoch == self._m.epoch.id):
            true = r.kiosk == self._m.kiosk and r.genuine(self._m.service) and self._m.epoch.heads[r.to_seq] == r.digest
            rejected += not true
            if true:
                self._have, self._opened = max(self._have, r.have), max(self._opened, r.opened)
        return Saved(self._have - before, len(answer.refusals), tuple(answer.forked), rejected)

    def park(self, epoch: str, seq: int, until: int) -> None:
        raise SystemExit(f"wrong result: {epoch}:{seq} never got through")

    def conflicted(self) -> list[str]:
        return []

    def counts(self) -> Counts:
        total = len(self._m.epoch.events)
        return Counts(total, total - self._have, self._have, self._opened, 0, None)


class Lossy:
    """The real transport, that now and then loses an answer which was on its way."""

    def __init__(self, url: str, ca: bytes, share: float, rng: random.Random) -> None:
        self._real, self._share, self._rng, self.failed = HttpTransport(url, ca), share, rng, 0

    def post(self, path: str, body: bytes) -> Answer:
        self.failed += 1
        answer = self._real.post(path, body)
        if self._rng.random() < self._share:
            raise KioskError(Code.OFFLINE, why="cut", sent=True)
        self.failed -= answer.status == 200
        return answer

    def close(self) -> None:
        self._real.close()


def drain(member: Member, url: str, ca: bytes, share: float, seed: int) -> tuple[int, int]:
    """(bytes of events sent, calls that failed) until every receipt is in. Raises SystemExit when it takes too long."""
    rng, queue = random.Random(f"{seed}{member.kiosk}"), Queue(member)
    transport = Lossy(url, ca, share, rng)
    sync = Uploader(queue, transport, Credentials(member.kiosk, member.seed, member.service), SystemClock(), rng)
    end = time.monotonic() + PATIENCE_S
    while True:
        sync.step()
        if not queue.counts().waiting:
            break
        if time.monotonic() > end:
            raise SystemExit("wrong result: receipts are missing")
        time.sleep(min(1.0, sync.delay_s()))
    transport.close()
    return queue.sent, transport.failed


def work(members: list[Member], urls: list[str], ca: bytes, share: float, seed: int, go: Event, out: Any) -> None:
    """One process: a thread a kiosk, all let go at the same instant."""
    results: list[tuple[int, int]] = []

    def one(i: int, member: Member) -> None:
        go.wait()
        results.append(drain(member, urls[i % len(urls)], ca, share, seed))

    threading.stack_size(512 * 1024)
    threads = [threading.Thread(target=one, args=each) for each in enumerate(members)]
    for thread in threads:
        thread.start()
    out.put("ready")
    for thread in threads:
        thread.join()
    used = resource.getrusage(resource.RUSAGE_SELF)
    out.put((len(results), sum(sent for sent, _ in results), sum(bad for _, bad in results), used.ru_utime + used.ru_stime))


def members(office: Office, kiosks: int, visits: int) -> tuple[list[Member], list[Member]]:
    """Enrolled kiosks with two sealed days each, one to be sent at once, one in turn. Intake opens nothing, so one day's sealed bytes serve
    all; chains are each one's own."""
    first: list[bytes] = []

    def day(kiosk: Kiosk, parent: Epoch | None = None) -> Epoch:
        epoch = kiosk.epoch(parent)
        if not first:
            kiosk.visits(epoch, visits)
            first.extend(epoch.events)
            return epoch
        epoch.events = first
        epoch.heads += chain.heads(kiosk.name, epoch.id, epoch.heads[0], first)
        return epoch

    made: list[list[Member]] = [[], []]
    for _ in range(kiosks):
        kiosk = office.kiosk()
        earlier = day(kiosk)
        for members_, epoch in zip(made, (earlier, day(kiosk, earlier)), strict=True):
            members_.append(Member(kiosk.name, kiosk.seed, kiosk.service, epoch))
    return made[0], made[1]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kiosks", type=int, default=93)
    parser.add_argument("--visits", type=int, default=956)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--servers", type=int, default=1)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--faults", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    with rig.province(args.engine) as (home, _):
        office = Office(home)
        in_turn, at_once = members(office, args.kiosks, args.visits)
        servers = [Server(home, "--no-opener") for _ in range(args.servers)]
        try:
            return measure(args, office, servers, home.ca, at_once, in_turn)
        finally:
            for server in servers:
                server.stop()
            office.close()


def measure(
    args: argparse.Namespace, office: Office, servers: list[Server], ca_file: Path, at_once: list[Member], in_turn: list[Member]
) -> int:
    ca, urls, pids = ca_file.read_bytes(), [s.url for s in servers], [s.process.pid for s in servers]
    start = time.perf_counter()
    for member in in_turn:
        drain(member, urls[0], ca, 0.0, args.seed)
    alone = time.perf_counter() - start
    context = multiprocessing.get_context("fork")
    go, out = context.Event(), context.Queue()
    shares = [at_once[i :: args.processes] for i in range(args.processes)]
    fleet = [context.Process(target=work, args=(share, urls, ca, args.faults, args.seed, go, out)) for share in shares]
    for process in fleet:
        process.start()
    for _ in fleet:
        out.get()
    before, start = rig.cpu_s(*pids), time.perf_counter()
    go.set()
    said = [out.get(timeout=PATIENCE_S + 60) for _ in fleet]
    took, server_cpu = time.perf_counter() - start, rig.cpu_s(*pids) - before
    for process in fleet:
        process.join()
    done, sent, failed, client_cpu = (sum(column) for column in zip(*said, strict=True))
    unique = sum(len(event) for member in at_once for event in member.epoch.events)
    rows, twice = args.kiosks * args.visits, sent / unique - 1
    if done != args.kiosks or office.count("event") != 2 * rows:
        raise SystemExit(f"wrong result: {done} kiosks done, {office.count('event')} of {2 * rows} rows")
    good = took <= TIMES * alone and twice <= TWICE
    print(
        f"fleet: {args.kiosks} kiosks x {args.visits} visits at the same instant {took:.1f} s, {took / alone:.2f}x of one client's"
        f" {alone:.1f} s (at most {TIMES}x), {twice:.1%} of the bytes sent twice (at most {TWICE:.0%}) {'ok' if good else 'OVER'}"
    )
    print(
        f"fleet: n={rows} rows, all receipts in, {failed} failed calls ({args.faults:.1%} of answers lost on purpose), {args.engine},"
        f" {args.servers} server processes; CPU: clients {client_cpu:.1f} s, server {server_cpu:.1f} s; seed {args.seed}"
    )
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
