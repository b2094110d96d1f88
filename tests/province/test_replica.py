"""A streaming replica: it holds what the primary acknowledged, answers `busy` while it only reads, and goes on when it is promoted."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from province.settings import Home
from tests.postgres import BIN, MISSING, Postgres
from tests.province.conftest import Office, make_home
from tests.wire import Refused

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BIN is None, reason=MISSING)]


@pytest.fixture
def pair() -> Iterator[tuple[Postgres, Postgres]]:
    primary = Postgres()
    standby = primary.standby()
    yield primary, standby
    standby.remove()
    shutil.rmtree(primary.folder, ignore_errors=True)


def caught_up(primary: Postgres, standby: Postgres) -> bool:
    return standby.sql(f"SELECT pg_last_wal_replay_lsn() >= '{primary.sql('SELECT pg_current_wal_lsn()').strip()}'") == "t\n"


def test_a_replica_only_reads_until_it_is_promoted_and_then_loses_nothing(pair: tuple[Postgres, Postgres], tmp_path: Path) -> None:
    primary, standby = pair
    url = primary.create()
    office = Office(make_home(tmp_path / "province", url))
    kiosk = office.kiosk()
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 5)
    kiosk.send(epoch.span(), openings=[epoch])
    end = time.monotonic() + 20
    while not caught_up(primary, standby):
        assert time.monotonic() < end
    office.db.close()
    primary.stop()
    there = Office(Home(tmp_path / "province", standby.url(Postgres.name_of(url))))
    kiosk.post = there.post
    kiosk.visits(epoch, 2)
    with pytest.raises(Refused, match="busy"):
        kiosk.send(epoch.span())
    assert len(there.rows("event")) == 5
    standby.run("pg_ctl", "-D", str(standby.data), "-w", "promote")
    answer = kiosk.send(epoch.span())
    assert (answer.receipts[0].have, answer.duplicates) == (7, 5)
    assert there.open_all() == 7
    there.db.close()
