"""A province served from a process of its own, and kiosks enrolled at it over the socket."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from kiosk import cli as kiosk_cli
from kiosk import compose
from kiosk.compose import Parts
from kiosk.devices.clock import SystemClock
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain.vntime import ZONE
from kiosk.settings import Settings
from kiosk.sync import enrol
from province import cli as province_cli

STATION = "46-474-19750-01"
ROOT = Path(__file__).resolve().parents[2]
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *argv], capture_output=True, text=True, timeout=60, env=ENV)


def lines(program: str, *argv: str) -> list[dict[str, object]]:
    """A command of "kiosk" or "province" in this process: a new one costs a second."""
    said, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
        code = (kiosk_cli if program == "kiosk" else province_cli).main([*argv, "--json"])
    assert code == 0, told.getvalue()
    return [json.loads(line) for line in said.getvalue().splitlines()]


def office(home: Path, *argv: str) -> list[dict[str, object]]:
    """A command of the province."""
    return lines("province", *argv, "--home", str(home))


class Province:
    """A province of its own in `home`, served on one port; `stop` is the pulled cable."""

    def __init__(self, home: Path, *database: str) -> None:
        self.home, self.port, self.url, self.process = home, 0, "", None
        self.database = database  # ("--database-url", URL), or nothing
        lines("province", "init", "--home", str(home), *database)
        lines("province", "station", "add", "--home", str(home), *database, "--code", STATION, "--name", "Khu vực 1", "--commune", "19750")

    process: "subprocess.Popen[str] | None"

    def start(self, *more: str) -> None:
        argv = [sys.executable, "-m", "province", "serve", "--home", str(self.home), "--port", str(self.port), "--json"]
        argv += [*self.database, *more]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=ENV)
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["ready"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def code(self, *more: str, station: str = STATION) -> str:
        return str(lines("province", "enrol-code", "--home", str(self.home), "--station", station, *more)[0]["code"])

    def events(self, kiosk: str) -> dict[tuple[object, object], object]:
        """(epoch, seq) -> sha256 of what has arrived from it; a key that comes twice fails, and so does one put aside."""
        rows = [r for r in lines("province", "events", "--home", str(self.home), "--station", STATION) if r["kiosk"] == kiosk]
        assert len({(r["epoch"], r["seq"]) for r in rows}) == len(rows)
        return {(r["epoch"], r["seq"]): r["sha256"] for r in rows}


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
