"""What the server's figures share: a province in a folder of its own (SQLite or PostgreSQL), its processes and their CPU, kiosks with
ready-made batches, and a plain HTTPS client that costs as little as one can.

Nothing is measured here.
"""

import contextlib
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from kiosk import compose
from kiosk.crypto import sign
from kiosk.devices.clock import SystemClock
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain import protocol
from kiosk.domain.events import Kind
from kiosk.settings import Settings
from kiosk.store.journal import Draft
from kiosk.sync import enrol as enrolling
from province import authority, enrol, settings, stations
from province.calls import Calls
from province.cli import main as province_main
from province.db import Database
from province.settings import Home
from tests import postgres as servers
from tests.postgres import Postgres
from tests.wire import DAY, NOW, STATION, Epoch, Kiosk

ROOT = Path(__file__).parents[1]
DURABLE = ("max_connections=60", "max_wal_size=4GB")  # all else as Debian ships it: fsync and synchronous_commit are on
TICK = os.sysconf("SC_CLK_TCK")


class Server:
    """One `province serve` as people run it."""

    def __init__(self, home: Home, *more: str, log: int = subprocess.DEVNULL) -> None:
        argv = [sys.executable, "-m", "province", "serve", "--home", str(home.path), "--port", "0", "--json", *more]
        env = {**os.environ, "PROVINCE_DATABASE_URL": home.database_url}
        self.home = home
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log or None, cwd=ROOT, text=True, env=env)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the server did not start")
        self.url = str(json.loads(line)["ready"])
        self.port = int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()


def cpu_s(*pids: int) -> float:
    """User and system seconds of these processes so far."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / TICK
    return total


def family_cpu_s(parent: int) -> float:
    """As cpu_s, with the children, those that ended and were waited for too."""
    total = 0.0
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(entry.name) == parent:
                total += sum(map(int, fields[11:15])) / TICK
            elif int(fields[1]) == parent:
                total += sum(map(int, fields[11:13])) / TICK
    return total


def today() -> tuple[str, str]:
    """Today and tomorrow in Vietnam, for programs that read the machine's clock."""
    now = settings.today()
    return now.isoformat(), (now + timedelta(days=1)).isoformat()


@contextlib.contextmanager
def province(engine: str, folder: Path | None = None, more_stations: Sequence[str] = ()) -> Iterator[tuple[Home, Postgres | None]]:
    """A home with one station, or more; `engine`: sqlite, postgresql. Told to end, a program still takes its PostgreSQL away."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.ExitStack() as stack:
        folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = None
        if engine == "postgresql":
            if servers.BIN is None:
                raise SystemExit(servers.MISSING)
            postgres = Postgres(settings=DURABLE)
            stack.callback(postgres.remove)
        url = postgres.create() if postgres else ""
        path = folder / "province"
        with contextlib.redirect_stdout(sys.stderr), contextlib.redirect_stderr(open(os.devnull, "w")):
            where = ["--home", str(path), "--database-url", url]
            if province_main(["init", *where, *(word for day in (DAY, *today()) for word in ("--day", day))]):
                raise SystemExit("no province")
        home = Home(path, url)
        with Database(home.url) as db:
            for code in (STATION, *more_stations):
                stations.add(db, authority.load(home), code, "Khu vực bỏ phiếu", code[7:12], (), settings.now())
        yield home, postgres


class Office:
    """The province's own calls, in this process: for preparing, and for looking afterwards."""

    def __init__(self, home: Home) -> None:
        self.home, self.authority, self.db = home, authority.load(home), Database(home.url)
        self.calls = Calls(self.db, self.authority)

    def kiosk(self, station: str = STATION) -> Kiosk:
        return Kiosk(self.calls.answer, enrol.new_code(self.db, self.authority, station, settings.now(), 10)[0])

    def count(self, table: str) -> int:
        with self.db.read() as conn:
            return int(conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())

    def close(self) -> None:
        self.db.close()


@dataclass(frozen=True)
class Ready:
    """An envelope to be sent as it is, and how many events it holds."""

    envelope: bytes
    events: int


def batches(kiosk: Kiosk, epoch: Epoch, most: int = protocol.MAX_EVENTS, size: int = protocol.MAX_BYTES) -> list[Ready]:
    """The whole epoch in batches as the uploader cuts them."""
    out, first = [], 1
    while first <= len(epoch.events):
        last, room = first, size - len(epoch.signed.opening)
        room -= len(epoch.events[first - 1])
        while last < len(epoch.events) and last - first + 1 < most and room >= len(epoch.events[last]):
            room -= len(epoch.events[last])
            last += 1
        batch = protocol.Batch([epoch.signed], [epoch.span(first, last)])
        out.append(Ready(protocol.pack(kiosk.seed, kiosk.name, "events", os.urandom(16), NOW, batch), last - first + 1))
        first = last + 1
    return out


class Client:
    """Keeps one TLS connection and checks that each answer is the province's, signed."""

    def __init__(self, port: int, ca: Path, service: bytes) -> None:
        self._service = service
        context = ssl.create_default_context(cafile=str(ca))
        self._conn = http.client.HTTPSConnection("localhost", port, context=context, timeout=60)

    def send(self, ready: Ready) -> protocol.BatchAnswer:
        self._conn.request("POST", "/v1/events", ready.envelope, {"Content-Type": "application/msgpack"})
        response = self._conn.getresponse()
        data = response.read()
        sealed = protocol.envelope(data)
        if response.status != 200 or sealed.kind != "events" or not sign.verify(self._service, sealed.signature, sealed.signed()):
            raise SystemExit(f"wrong result: {response.status} {sealed.kind}")
        return protocol.decode(sealed.body, protocol.BatchAnswer)

    def close(self) -> None:
        self._conn.close()


@contextlib.contextmanager
def enrolled(home: Path, office: Office, url: str) -> Iterator[compose.Parts]:
    """A real kiosk, enrolled over the real way, opened, with its day begun."""
    code = enrol.new_code(office.db, office.authority, STATION, settings.now(), 10)[0]
    keys = FileKeyStore(home / "device.secret")
    enrolling.enrol(home, url, code, keys, SystemClock())
    with compose.open_parts(home, Settings(timeout_seconds=30.0), keystore=keys) as parts:
        parts.station.begin_day(today()[0])
        yield parts


def write(parts: compose.Parts, kind: Kind, fields: Sequence[dict[str, Any]]) -> None:
    """That many events through the journal itself, five hundred a transaction."""
    now, day = parts.clock.now(), today()[0]
    for start in range(0, len(fields), 500):
        with parts.database.write() as conn:
            drafts = [Draft(kind, each, os.urandom(8)) for each in fields[start : start + 500]]
            parts.journal.append(conn, day, drafts, now, "cb-0001", 1)


def visit_fields(no: int) -> dict[str, Any]:
    since = NOW + 977 * no
    return {"no": no + 1, "source": "hu1", "verdict": "come_in", "since": since, "subjects": [f"hu1:{os.urandom(11).hex()}"]}


def declaration_fields(no: int) -> dict[str, Any]:
    """A whole declaration of the form."""
    number, phone = f"046{os.urandom(4).hex()}"[:12], f"09{no * 7919 % 10**8:08d}"
    area = {"province": "Tỉnh Thừa Thiên Huế", "district": "Thành phố Huế", "ward": "Phường Tây Lộc", "ward_code": "19750"}
    area["hamlet"] = f"Tổ dân phố {1 + no % 14}"
    names = ("Trần Thị Mẫu", "Võ Văn Lành", "Hồ Thị Sen", "Tôn Nữ Diệu Hiền", "Lê Quang Đạo")
    return {
        "full_name": names[no % 5], "id_number": number, "birth_date": f"19{30 + no % 69}-0{1 + no % 9}-1{no % 10}", "phone": phone,
        "gender": "MF"[no % 2], "country": "VN", "current": area, "mode": "proxy", "proxy_reason": "no_phone", "desk": False,
        "subjects": [f"id:{number}", f"phone:+84{phone[1:]}"],
        "exposures": dict.fromkeys(("contact_case", "from_epidemic_area", "contact_from_area"), False),
        "symptoms": dict.fromkeys(("fever", "cough", "dyspnoea", "pneumonia", "sore_throat", "fatigue"), False),
    }  # fmt: skip
