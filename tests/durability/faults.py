"""Faults between the real uploader, the real server and the real opener, one after the other, while a kiosk goes on writing.

Usage: python -m tests.durability.faults [--events 20000] [--faults 150] [--engine sqlite] [--seed N]
The oracle runs after each fault and at the end. Last line: how many faults struck, how many of them a batch in flight or half stored,
what was lost or doubled. Exit 1 on any finding, or when fewer faults struck than half of what was asked.
"""

import argparse
import contextlib
import multiprocessing
import random
import shutil
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from benchmarks import rig
from kiosk import compose
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain.events import Kind
from tests.durability import fault_children as children
from tests.durability import fault_oracle as oracle
from tests.durability import running
from tests.durability.fault_proxy import NETWORK, Fault, Proxy
from tests.wire import Kiosk

BODY = ("rst_mid_body", "kill_mid_body")
CERTIFICATES = ("expired", "other_host", "self_signed")
KIOSK = ("before_send", "after_answer", "before_store", "after_store")
SERVER = ("before_commit", "after_commit")
OPENER = ("open_before_commit", "open_after_commit")
DISK = ("kiosk_disk_full", "server_disk_full")
DATABASE = ("database_killed",)
EVERY = (*NETWORK, *BODY, *CERTIFICATES, *KIOSK, *SERVER, *OPENER, *DISK, *children.CLOCKS)
IN_FLIGHT = {*BODY, *KIOSK[1:], *SERVER, *OPENER, *DISK, *DATABASE}  # besides what the proxy says of its own
PATIENCE_S = 25.0

CONTEXT = multiprocessing.get_context("forkserver")


@dataclass
class Tally:
    struck: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    silent: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def wait(until: Callable[[], bool], seconds: float = PATIENCE_S, every_s: float = 0.01) -> bool:
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            return False
        time.sleep(every_s)
    return True


class House:
    """The three processes and the proxy between them; `write` is the kiosk's other process, which goes on all the time."""

    def __init__(self, home: rig.Home, office: rig.Office, kiosk: Path, postgres: rig.Postgres | None) -> None:
        self.home, self.kiosk, self.postgres, self.office = home, kiosk, postgres, office
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        certificates = {"genuine": (home.server, home.server_key), **wrong_certificates(home, kiosk.parent)}
        self.proxy = Proxy(self.port, home.ca, certificates, {"kill_server": self.kill_server})
        self.url = f"https://localhost:{self.proxy.port}"
        self.running: dict[str, BaseProcess] = {}
        self.struck = CONTEXT.Event()
        self.start("server")
        self.start("opener")

    def start(self, name: str, fatal: str = "") -> None:
        """Starts a process, in place of the one that runs or has died."""
        self.stop(name)
        self.struck.clear()
        where: tuple[Any, ...] = (self.home.path, self.home.database_url)
        if name == "kiosk":
            process = CONTEXT.Process(target=children.kiosk, args=(self.kiosk, self.url, fatal, self.struck))
        elif name == "server":
            process = CONTEXT.Process(target=children.server, args=(*where, self.port, fatal, self.struck))
        else:
            process = CONTEXT.Process(target=children.opener, args=(*where, fatal))
        process.daemon = True
        process.start()
        self.running[name] = process
        if name == "server" and not wait(self.listening):
            raise SystemExit("the server did not start")

    def listening(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self, name: str) -> None:
        process = self.running.pop(name, None)
        if process is not None:
            process.kill()
            process.join()

    def kill_server(self) -> None:
        self.running["server"].kill()
        self.running["server"].join()

    def dead(self, name: str) -> bool:
        return not self.running[name].is_alive()

    def close(self) -> None:
        for name in list(self.running):
            self.stop(name)
        self.proxy.close()


def wrong_certificates(home: rig.Home, folder: Path) -> dict[str, tuple[Path, Path]]:
    """By the province's own CA but expired or for another host, and one that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

    ca = x509.load_pem_x509_certificate(home.ca.read_bytes())
    signer = load_pem_private_key(home.ca_key.read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    now, out = datetime.now(UTC), dict[str, tuple[Path, Path]]()
    kinds = (("expired", "localhost", -1, False), ("other_host", "example.vn", 99, False), ("self_signed", "localhost", 99, True))
    for name, host, ends, own in kinds:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        made = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(subject if own else ca.subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=900)).not_valid_after(now + timedelta(days=ends))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(key if own else signer, SHA256())
        )  # fmt: skip
        certificate, secret = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_bytes(made.public_bytes(Encoding.PEM))
        secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        out[name] = (certificate, secret)
    return out


class Soak:
    """One kiosk writes; faults strike; the oracle looks."""

    def __init__(self, house: House, parts: compose.Parts, rnd: random.Random, say: Callable[[str], None]) -> None:
        self.house, self.parts, self.rnd, self.say = house, parts, rnd, say
        self.tally, self.written = Tally(), 0
        self.province = oracle.Province(house.home.path, house.home.database_url)

    def write(self, count: int) -> None:
        rig.write(self.parts, Kind.VISIT, [rig.visit_fields(self.written + i) for i in range(count)])
        self.written += count

    def strike(self, name: str, events: int) -> None:
        """Arms one fault, lets the kiosk write, and waits until it has struck; then everything runs again."""
        house = self.house
        fault: Fault | None = None
        if name in (*KIOSK, *children.CLOCKS, "kiosk_disk_full"):
            house.start("kiosk", name.removeprefix("kiosk_"))
        elif name in (*SERVER, "server_disk_full"):
            house.start("server", name.removeprefix("server_"))
        elif name in OPENER:
            house.start("opener", name)
        elif name != "database_killed":
            fault = house.proxy.arm(name)
        if "kiosk" not in house.running or house.dead("kiosk"):
            house.start("kiosk")
        self.write(events)
        if name == "database_killed":
            assert house.postgres is not None
            house.postgres.stop("immediate")
            house.postgres.start()
            self.province.close()
            self.province = oracle.Province(house.home.path, house.home.database_url)
            hit = True
        elif fault is not None:
            hit = wait(fault.struck.is_set)
        elif name in children.CLOCKS or name.endswith("disk_full"):
            hit = wait(house.struck.is_set)
        else:
            hit = wait(lambda: house.dead(next(n for n, f in (("kiosk", KIOSK), ("server", SERVER), ("opener", OPENER)) if name in f)))
        house.proxy.disarm()
        self.note(name, hit, fault)
        for process in ("server", "opener", "kiosk"):
            ill = name.endswith("disk_full") or name in children.CLOCKS or name in (*KIOSK, *SERVER, *OPENER)
            if house.dead(process) or (ill and process == ("server" if name.startswith("server") else "kiosk")):
                house.start(process)

    def note(self, name: str, hit: bool, fault: Fault | None) -> None:
        if not hit:
            self.tally.silent.append(name)
        else:
            self.tally.struck[name] += 1
            self.tally.in_flight += name in IN_FLIGHT or bool(fault and fault.in_flight)
        found = oracle.now(oracle.look(self.house.kiosk, self.province))
        self.tally.findings += [f"after {name}: {each}" for each in found]
        word = "struck" if hit else "DID NOT STRIKE"
        self.say(f"{sum(self.tally.struck.values())}: {name} {word}, {self.written} written, {len(found)} findings")

    def finish(self) -> None:
        """All is let through; then both sides must be the same."""
        for process in ("server", "opener", "kiosk"):
            self.house.start(process)

        wait(lambda: not oracle.end(oracle.look(self.house.kiosk, self.province)), 180, 0.3)
        self.tally.findings += oracle.end(oracle.look(self.house.kiosk, self.province))
        self.tally.findings += oracle.deeds(self.province, self.house.home.path / "opener")
        refused = [data for data in self.house.proxy.copies if not data.startswith(b"HTTP/1.1 200")]
        self.tally.findings += [f"a copy was refused: {data[:60]!r}" for data in refused]


def plan(rnd: random.Random, count: int, engine: str) -> list[str]:
    """Every kind as often as the others, in an order of its own."""
    kinds = [name for name in (*EVERY, *DATABASE) if engine == "postgresql" or name not in DATABASE]
    kinds = [name for name in kinds if engine == "sqlite" or name != "server_disk_full"]
    out: list[str] = []
    while len(out) < count:
        out += rnd.sample(kinds, len(kinds))
    return out[:count]


def foreign_answer(office: rig.Office) -> bytes:
    """A genuine answer to another kiosk."""
    other = office.kiosk()
    kept: list[bytes] = []

    def post(kind: str, data: bytes) -> tuple[int, bytes]:
        status, answer = office.calls.answer(kind, data)
        kept.append(answer)
        return status, answer

    other.post = post
    epoch = other.epoch(day=rig.today()[0])
    Kiosk.visits(other, epoch, 3)
    other.send(epoch.span(), openings=[epoch])
    return kept[-1]


def run(folder: Path, events: int, count: int, engine: str, seed: int, say: Callable[[str], None], only: tuple[str, ...] = ()) -> Tally:
    rnd = random.Random(seed)
    CONTEXT.set_forkserver_preload(["tests.durability.fault_warm"])
    with rig.province(engine, folder) as (home, postgres):
        office = rig.Office(home)
        starter = rig.Server(home, "--no-opener")
        with rig.enrolled(folder / "kiosk", office, starter.url) as parts:
            starter.stop()
            house = House(home, office, folder / "kiosk", postgres)
            house.proxy.foreign = foreign_answer(office)
            soak = Soak(house, parts, rnd, say)
            try:
                faults = list(only) or plan(rnd, count, engine)
                for name in faults:
                    soak.strike(name, max(2, events // len(faults)))
                    if soak.tally.findings:
                        break
                if not soak.tally.findings:
                    soak.write(max(0, events - soak.written))
                    soak.finish()
            finally:
                house.close()
                soak.province.close()
                office.close()
    return soak.tally


def copied_home(folder: Path, events: int) -> list[str]:
    """One home is copied, both copies go on in the same epoch and both are sent: a fork. What was lost, of either (nothing)."""
    CONTEXT.set_forkserver_preload(["tests.durability.fault_warm"])
    homes = folder / "kiosk", folder / "twin"
    with rig.province("sqlite", folder) as (home, _):
        office, starter = rig.Office(home), rig.Server(home, "--no-opener")
        with rig.enrolled(homes[0], office, starter.url) as parts:
            rig.write(parts, Kind.VISIT, [rig.visit_fields(i) for i in range(events)])
        starter.stop()
        shutil.copytree(*homes)
        house = House(home, office, homes[0], None)
        look = oracle.Province(home.path, "")
        try:
            for number, each in enumerate(homes):
                with compose.open_parts(each, keystore=FileKeyStore(each / "device.secret")) as parts:
                    rig.write(parts, Kind.VISIT, [rig.visit_fields(events * (2 + number) + i) for i in range(events)])
            for each in (*homes, *homes):
                house.kiosk = each
                house.start("kiosk")
                wait(lambda each=each: not oracle.end(oracle.look(each, look), forked=True), 15, 0.2)  # type: ignore[misc]
                house.stop("kiosk")
            forked = look.rows("SELECT count(*) FROM alert WHERE kind = 'fork'")[0][0]
            faults = [] if forked else ["the fork was not found"]
            for each in homes:
                faults += oracle.end(oracle.look(each, look), forked=True)
            return faults
        finally:
            house.close()
            look.close()
            office.close()

def line(tally: Tally, events: int, engine: str, seed: int) -> str:
    struck = sum(tally.struck.values())
    lost = sum("lost" in each for each in tally.findings)
    doubled = sum("doubled" in each for each in tally.findings)
    return (
        f"faults={struck} kinds={len(tally.struck)} in_flight={tally.in_flight} silent={len(tally.silent)} events={events} engine={engine} "
        f"lost={lost} doubled={doubled} findings={len(tally.findings)} seed={seed}"
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--faults", type=int, default=150)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--only", action="append", default=[], metavar="FAULT")
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args(argv)
    seed = running.seed_of(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        tally = run(Path(folder), args.events, args.faults, args.engine, seed, lambda text: print(text, file=sys.stderr), tuple(args.only))
    for finding in tally.findings[:20]:
        print(finding)
    if tally.silent:
        print("did not strike:", *tally.silent)
    asked = len(args.only) or args.faults
    enough = sum(tally.struck.values()) * 2 >= asked
    good = enough and not tally.findings
    print(line(tally, args.events, args.engine, seed), "ok" if good else "FAILED")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
