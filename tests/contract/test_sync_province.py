"""Kiosk and province over a real socket: enrolment, upload, receipts, a pulled cable; the oracle compares both sides' bytes."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from kiosk import compose
from kiosk.compose import Parts
from kiosk.devices.clock import SystemClock
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain.protocol import enrol_code
from kiosk.domain.vntime import ZONE
from kiosk.errors import Code, KioskError
from kiosk.settings import Settings
from kiosk.store import locks
from kiosk.sync import enrol
from kiosk.sync.state import SyncRequest
from kiosk.sync.uploader import POLL_S

STATION = "46-474-19750-01"
ROOT = Path(__file__).resolve().parents[2]
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *argv], capture_output=True, text=True, timeout=60, env=ENV)


def lines(*argv: str) -> list[dict[str, object]]:
    done = run(*argv, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class Province:
    """A province of its own in `home`, served on one port; `stop` is the pulled cable."""

    def __init__(self, home: Path) -> None:
        self.home, self.port, self.url, self.process = home, 0, "", None
        lines("province", "init", "--home", str(home))
        lines("province", "station", "add", "--home", str(home), "--code", STATION, "--name", "Khu vực 1", "--commune", "19750")

    process: "subprocess.Popen[str] | None"

    def start(self) -> None:
        argv = [sys.executable, "-m", "province", "serve", "--home", str(self.home), "--port", str(self.port), "--json"]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=ENV)
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["ready"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def code(self, *more: str) -> str:
        return str(lines("province", "enrol-code", "--home", str(self.home), "--station", STATION, *more)[0]["code"])

    def events(self, kiosk: str) -> dict[tuple[object, object], object]:
        """(epoch, seq) -> sha256 of what has arrived from it; a key that comes twice fails, and so does one put aside."""
        rows = [r for r in lines("province", "events", "--home", str(self.home), "--station", STATION) if r["kiosk"] == kiosk]
        assert len({(r["epoch"], r["seq"]) for r in rows}) == len(rows)
        return {(r["epoch"], r["seq"]): r["sha256"] for r in rows}


@pytest.fixture(scope="module")
def one_province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    made = Province(tmp_path_factory.mktemp("made") / "province")
    yield made
    made.stop()


@pytest.fixture
def province(one_province: Province) -> Province:
    """Made once, as making a CA and a first administrator takes seconds; up at the start of every test."""
    if one_province.process is None:
        one_province.start()
    return one_province


@contextlib.contextmanager
def kiosk(home: Path) -> Iterator[Parts]:
    """The enrolled home, opened, with its day begun; short time-outs."""
    with compose.open_parts(home, Settings(timeout_seconds=5.0), keystore=FileKeyStore(home / "device.secret")) as parts:
        if parts.station.day() is None:
            parts.station.begin_day(datetime.now(ZONE).date().isoformat())
        yield parts
        parts.uploader.close()


def enrolled(province: Province, home: Path, server: str = "", code: str = "") -> Path:
    enrol.enrol(home, server or province.url, code or province.code(), FileKeyStore(home / "device.secret"), SystemClock())
    return home


def assert_both_sides_hold_the_same(province: Province, home: Path) -> None:
    rows = lines("kiosk", "journal", "--home", str(home))
    written = {(r["epoch"], r["seq"]): r["sha256"] for r in rows}
    assert written and province.events(str(rows[0]["kiosk"])) == written


def arrive(parts: Parts, count: int) -> None:
    for _ in range(count):
        parts.station.seen("moh")


def test_what_an_enrolled_kiosk_writes_arrives_once_and_is_opened(province: Province, tmp_path: Path) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    with kiosk(home) as parts:
        arrive(parts, 25)
        state = parts.uploader.drain(lambda _: None, lambda: False)
        assert (state.state, state.waiting, state.refused, state.detail) == ("ok", 0, 0, "")
        assert state.opened == state.acknowledged == state.events >= 25
        assert state.clock_skew_s is not None and abs(state.clock_skew_s) < 5
        parts.mirror.step()
        assert parts.verify().ok
    assert_both_sides_hold_the_same(province, home)


def test_with_the_cable_pulled_the_queue_goes_on_and_then_all_arrives_once(province: Province, tmp_path: Path) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    with kiosk(home) as parts:
        arrive(parts, 5)
        assert parts.uploader.drain(lambda _: None, lambda: False).settled
        province.stop()
        arrive(parts, 7)
        parts.uploader.hurry()
        state = parts.uploader.step()
        assert (state.state, state.waiting) == ("offline", 7)
        arrive(parts, 3)
        assert parts.uploader.step().waiting == 10
        province.start()
        state = parts.uploader.drain(lambda _: None, lambda: False)
        assert state.state == "ok" and state.settled
    assert_both_sides_hold_the_same(province, home)


def test_a_receipt_lost_on_the_way_home_is_asked_for_and_nothing_doubles(province: Province, tmp_path: Path) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    with kiosk(home) as parts:
        arrive(parts, 5)
        transport = parts.uploader._transport

        class Deaf:
            def post(self, path: str, body: bytes) -> object:
                transport.post(path, body)
                raise KioskError(Code.OFFLINE, why="timeout", sent=True)

        parts.uploader.step()
        parts.uploader._transport = Deaf()  # type: ignore[assignment]
        assert parts.uploader.step().state == "offline"
        parts.uploader._transport = transport
        state = parts.uploader.drain(lambda _: None, lambda: False)
        assert state.settled and state.duplicate == 0
    assert_both_sides_hold_the_same(province, home)


def test_another_province_at_the_same_address_gets_nothing(province: Province, tmp_path: Path) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    province.stop()
    other = Province(tmp_path / "other")
    other.port = province.port
    other.start()
    try:
        with kiosk(home) as parts:
            arrive(parts, 2)
            state = parts.uploader.step()
            assert (state.state, state.waiting, state.sent) == ("tls", state.events, 0)
        assert lines("province", "events", "--home", str(other.home), "--station", STATION) == []
    finally:
        other.stop()


def refused(province: Province, home: Path, code: str) -> KioskError:
    with pytest.raises(KioskError) as error:
        enrolled(province, home, code=code)
    assert not (home / "vault.json").exists() and not (home / "device.secret").exists()
    return error.value


def test_a_code_is_taken_once_in_time_and_only_by_its_own_province(province: Province, tmp_path: Path) -> None:
    code = province.code()
    enrolled(province, tmp_path / "first", code=code)
    root = (province.home / "root.pub").read_bytes()
    cases = {
        "used_code": (Code.ENROL_REFUSED, code),
        "expired_code": (Code.ENROL_REFUSED, province.code("--minutes", "0")),
        "bad_code": (Code.ENROL_REFUSED, enrol_code(os.urandom(16), root)),
        "root": (Code.ENROL_UNTRUSTED, enrol_code(os.urandom(16), os.urandom(32))),
        "shape": (Code.ENROL_REFUSED, code[:-5]),
    }
    for why, (expected, typed) in cases.items():
        error = refused(province, tmp_path / why, typed)
        assert (error.code, error.facts["why"]) == (expected, why)


def test_a_code_may_be_typed_in_small_letters_and_without_dashes(province: Province, tmp_path: Path) -> None:
    assert (enrolled(province, tmp_path / "kiosk", code=province.code().lower().replace("-", " ")) / "vault.json").exists()


def test_an_enrolled_home_is_never_enrolled_again(province: Province, tmp_path: Path) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    before, code = (home / "vault.json").read_bytes(), province.code()
    with pytest.raises(KioskError) as error:
        enrolled(province, home, code=code)
    assert error.value.code is Code.ALREADY_ENROLLED and (home / "vault.json").read_bytes() == before
    enrolled(province, tmp_path / "another", code=code)  # the code was not used up


def test_without_a_server_enrolment_leaves_nothing_and_uses_nothing(province: Province, tmp_path: Path) -> None:
    code = province.code()
    province.stop()
    assert refused(province, tmp_path / "kiosk", code).code is Code.OFFLINE
    province.start()
    enrolled(province, tmp_path / "kiosk", code=code)


def test_the_commands_enrol_and_sync(province: Province, tmp_path: Path) -> None:
    home = str(tmp_path / "kiosk")
    told = lines("kiosk", "enrol", "--home", home, "--server", province.url, "--code", province.code())[0]
    assert told["station"] == STATION and told["kiosk"] and "epoch" in told
    lines("kiosk", "day", "open", datetime.now(ZONE).date().isoformat(), "--home", home)
    for _ in range(3):
        lines("kiosk", "seen", "--kind", "moh", "--home", home)
    said = lines("kiosk", "sync", "--drain", "--home", home)[-1]
    assert said["state"] == "ok" and said["waiting"] == 0 and said["duplicate"] == 0 and said["refused"] == 0
    assert said["sent"] == said["acknowledged"] == len(lines("kiosk", "journal", "--home", home)) >= 3
    assert lines("kiosk", "status", "--home", home)[0]["state"] == "ok"
    province.stop()
    lines("kiosk", "seen", "--kind", "moh", "--home", home)
    done = run("kiosk", "sync", "--once", "--json", "--home", home)
    assert done.returncode == 1 and json.loads(done.stdout)["state"] == "offline" and "Traceback" not in done.stderr


def test_while_the_window_holds_the_uploader_the_command_asks_it(province: Province, tmp_path: Path) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    with kiosk(home) as parts, locks.hold(home, "uploader"):
        arrive(parts, 4)
        stop, requests = threading.Event(), SyncRequest(home)

        def thread() -> None:
            while not stop.wait(POLL_S / 10):
                if (home / "sync.ask").exists():  # otherwise this window would send without being asked
                    parts.uploader.serve(requests)

        worker = threading.Thread(target=thread)
        worker.start()
        try:
            done = run("kiosk", "sync", "--json", "--home", str(home))
        finally:
            stop.set()
            worker.join()
        said = json.loads(done.stdout)
        assert (done.returncode, said["waiting"], said["state"]) == (0, 0, "ok"), done.stderr
        assert said["sent"] == said["acknowledged"] == parts.outbox.counts().events
        assert_both_sides_hold_the_same(province, home)
