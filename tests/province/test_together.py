"""Group commit: everybody gets their own answer after COMMIT, fewer transactions than callers, and a failure is everybody's."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from threading import Barrier, Event, Thread

import psutil
import pytest
import requests

from kiosk.domain.events import Kind
from kiosk.domain.feed import ArrivalRow
from province import settings, webrecords
from province.arrivals import Arrivals, _Arrival
from province.cli import main
from province.settings import Home
from province.together import Together
from tests.postgres import Postgres
from tests.province.conftest import Office, Server
from tests.wire import STATION


def test_who_comes_while_one_writes_is_written_with_the_others() -> None:
    first, go = Event(), Event()
    batches: list[list[int]] = []

    def write(work: Sequence[int]) -> list[int]:
        batches.append(list(work))
        if len(batches) == 1:
            first.set()
            assert go.wait(10)
        return [2 * n for n in work]

    both: Together[int, int] = Together(write, most=30)
    answers: dict[int, int] = {}
    threads = [Thread(target=lambda n=n: answers.update({n: both.do(n)})) for n in range(41)]  # type: ignore[misc]
    threads[0].start()
    assert first.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(both._waiting) < 40:
        pass
    go.set()
    for thread in threads:
        thread.join(10)
    assert answers == {n: 2 * n for n in range(41)}
    assert [len(batch) for batch in batches] == [1, 30, 10]


def test_a_transaction_that_fails_fails_for_everybody_in_it_and_nobody_else() -> None:
    together = Barrier(2)

    def write(work: Sequence[str]) -> list[str]:
        if "bad" in work:
            raise OSError("disk")
        return list(work)

    one: Together[str, str] = Together(write)
    failed: list[str] = []

    def ask(word: str) -> None:
        together.wait(10)
        try:
            one.do(word)
        except OSError:
            failed.append(word)

    threads = [Thread(target=ask, args=(word,)) for word in ("bad", "good")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert "bad" in failed and one.do("good") == "good"
    with pytest.raises(OSError, match="disk"):
        one.do("bad")


def test_arrivals_of_a_moment_are_filed_once_each_and_each_phone_hears_whether_it_was_new(office: Office) -> None:
    arrivals = Arrivals(office.db, office.authority, settings.now)
    (campaign, day), now = arrivals.campaign(), settings.now()

    def arrival(n: int) -> _Arrival:
        record = f"{n:016x}"
        fields: dict[str, object] = {"no": 0, "source": "poster", "verdict": "came_by_poster", "since": None, "place": "1975001A"}
        fields["subjects"] = [f"phone:+8490512345{n}"]
        sealed = webrecords.sealed(campaign, day, STATION, record, Kind.VISIT, fields, now)
        return _Arrival(sealed, ArrivalRow(record, "1975001A", now, (), record[:4].upper()))

    assert arrivals._file([arrival(1), arrival(2), arrival(1)]) == [True, True, False]
    assert arrivals._file([arrival(2), arrival(3)]) == [False, True]
    assert [row[2] for row in office.rows("web_record")] == [f"{n:016x}" for n in (1, 2, 3)]
    assert len([row for row in office.rows("feed_row") if "arrival" in row]) == 3
    assert office.open_all() == 3
    assert [row[3] for row in office.rows("visit")] == [f"{n:016x}" for n in (1, 2, 3)] and office.rows("web_waiting") == []


def test_several_processes_serve_one_port_on_postgresql_and_count_together(
    postgres: Postgres, fresh_on_postgres: Home, tmp_path: Path
) -> None:
    postgres.reset(fresh_on_postgres.database_url)
    home = Home(Path(shutil.copytree(fresh_on_postgres.path, tmp_path / "province")), fresh_on_postgres.database_url)
    server = Server(home, "--workers", "2", "--no-opener")
    try:
        beside = [each for each in psutil.Process(server.process.pid).children() if "serve" in each.cmdline()]
        assert len(beside) == 1
        answers = [requests.get(server.url + "/dan", verify=str(home.ca), timeout=30).status_code for _ in range(20)]  # a connection each
        assert answers == [200] * 20
        told = server.get("/metrics").text
        assert 'province_requests_total{route="/dan",status="2xx"} 20.0' in told
    finally:
        assert server.stop() == 0
    psutil.wait_procs(beside, timeout=20)
    assert not beside[0].is_running()


def test_several_processes_on_sqlite_are_refused_in_words(fresh_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--home", str(fresh_home), "--port", "0", "--workers", "2"]) == 1
    assert "PostgreSQL" in capsys.readouterr().err
