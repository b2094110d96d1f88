"""A province of its own for each test, on SQLite and again on PostgreSQL, and one served over TLS from a process of its own."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from province import authority, enrol, settings, stations
from province.calls import Calls
from province.cli import main
from province.db import Database
from province.opener import Opener
from province.settings import Home
from tests import postgres as servers
from tests.postgres import Postgres
from tests.wire import DAY, STATION, Kiosk, Post

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60


class Office:
    """A province in this process: the same calls without the socket."""

    def __init__(self, home: Home) -> None:
        self.home, self.authority, self.db = home, authority.load(home), Database(home.url)
        self.calls = Calls(self.db, self.authority)
        self.opener = Opener(self.db, home)

    def post(self, kind: str, data: bytes) -> tuple[int, bytes]:
        return self.calls.answer(kind, data)

    def code(self, minutes: int = 10) -> str:
        return enrol.new_code(self.db, self.authority, STATION, settings.now(), minutes)[0]

    def kiosk(self) -> Kiosk:
        return Kiosk(self.post, self.code())

    def open_all(self) -> int:
        total = 0
        while (done := self.opener.step()) or self.opener.more:
            total += done
        return total

    def rows(self, name: str) -> list[tuple[object, ...]]:
        """A table's rows in the order of its key, read with plain SQL."""
        with self.db.read() as conn:
            return sorted((tuple(row) for row in conn.exec_driver_sql(f"SELECT * FROM {name}")), key=repr)

    def station(self) -> stations.StationRow:
        return stations.overview(self.db)[0]


def make_home(path: Path, url: str = "") -> Home:
    """A province made by its commands; `url`: an empty database's, or "" for the embedded file."""
    where = ["--home", str(path), "--database-url", url]
    assert main(["init", *where, "--day", DAY, "--day", "2021-05-24"]) == 0
    assert main(["station", "add", *where, "--code", STATION, "--name", "Khu vực bỏ phiếu số 1", "--commune", "19750"]) == 0
    return Home(path, url)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server a session."""
    if servers.BIN is None:
        pytest.skip(servers.MISSING)
    out = Postgres()
    yield out
    out.remove()


@pytest.fixture(scope="session")
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once by the commands (Argon2id takes its time) and copied for each test."""
    return make_home(tmp_path_factory.mktemp("fresh") / "province").path


@pytest.fixture(scope="session")
def fresh_on_postgres(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same on PostgreSQL; every test begins with what is in its database now."""
    out = make_home(tmp_path_factory.mktemp("fresh") / "province", postgres.create())
    postgres.keep(out.database_url)
    return out


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Every test that asks for it runs on both engines."""
    if request.param == "sqlite":
        out = Office(Home(Path(shutil.copytree(request.getfixturevalue("fresh_home"), tmp_path / "province"))))
        yield out
        out.db.close()
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    fresh: Home = request.getfixturevalue("fresh_on_postgres")
    postgres.reset(fresh.database_url)
    monkeypatch.setenv("PROVINCE_DATABASE_URL", fresh.database_url)  # for the commands
    out = Office(Home(Path(shutil.copytree(fresh.path, tmp_path / "province")), fresh.database_url))
    yield out
    out.db.close()


class Server:
    """`province serve` as people run it, with the root key taken away first."""

    def __init__(self, home: Home, *more: str) -> None:
        self.home = home
        home.root_key.unlink(missing_ok=True)
        argv = [sys.executable, "-m", "province", "serve", "--home", str(home.path), "--port", "0", "--json", *more]
        argv += ["--database-url", home.database_url] if home.database_url else []
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the server did not start"
        self.url = json.loads(line)["ready"]
        self.session = requests.Session()
        self.session.verify = str(home.ca)
        self.session.trust_env = False

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.url + path, timeout=30)

    def post(self, kind: str, data: bytes) -> tuple[int, bytes]:
        answer = self.session.post(f"{self.url}/v1/{kind}", data, timeout=30)
        return answer.status_code, answer.content

    def stop(self) -> int:
        self.session.close()
        self.process.terminate()
        code = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def until(said: Callable[[], bool]) -> None:
    """Asks the server again and again; it is another process and works at its own pace."""
    end = time.monotonic() + PATIENCE_S
    while not said():
        assert time.monotonic() < end, "the server did not get there"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    out = Server(make_home(tmp_path_factory.mktemp("served") / "province"))
    yield out
    out.stop()


@pytest.fixture
def enrolled(server: Server, capsys: pytest.CaptureFixture[str]) -> Callable[[], Kiosk]:
    """Makes kiosks of the served station, each with a code of its own from the command line."""

    def make() -> Kiosk:
        return Kiosk(server.post, code_from(server.home, capsys))

    return make


def code_from(home: Home, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    capsys.readouterr()
    assert main(["enrol-code", "--home", str(home.path), "--station", STATION, "--json", *more]) == 0
    return str(json.loads(capsys.readouterr().out)["code"])


__all__ = ["Office", "Post", "Server", "code_from", "make_home", "until"]
