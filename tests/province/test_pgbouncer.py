"""Behind pgbouncer in transaction mode, where each transaction may get another server connection."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres
from tests.province.conftest import Office, make_home
from tests.wire import DAY

PGBOUNCER = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed (Debian: pgbouncer)")]


@pytest.fixture
def pooled(postgres: Postgres, tmp_path: Path) -> Iterator[Office]:
    """An office whose every connection goes through a pool of two."""
    assert PGBOUNCER is not None
    folder = Path(tempfile.mkdtemp(prefix="pb", dir="/tmp"))
    url = postgres.create()
    name = Postgres.name_of(url)
    (folder / "users").write_text('"province" ""\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n{name} = host={postgres.folder} dbname={name}\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {folder}\n"
        f"auth_type = trust\nauth_file = {folder}/users\npool_mode = transaction\ndefault_pool_size = 2\nserver_reset_query =\n"
    )
    if postgres.as_user:
        for each in (folder, *folder.iterdir()):  # a command before this one may have left a umask that lets nobody else read
            shutil.chown(each, "postgres")
    process = subprocess.Popen([*postgres.as_user, PGBOUNCER, "-q", str(folder / "pgbouncer.ini")], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 10
    while not list(folder.glob(".s.PGSQL.*")):
        assert time.monotonic() < end, "pgbouncer did not start"
    port = next(folder.glob(".s.PGSQL.*")).name.rpartition(".")[2]
    office = Office(make_home(tmp_path / "province", f"postgresql://province@:{port}/{name}?host={folder}"))
    yield office
    office.db.close()
    process.terminate()
    process.wait(10)
    shutil.rmtree(folder)
    postgres.drop(url)


def test_uploads_opening_and_looking_share_two_connections(pooled: Office) -> None:
    kiosks = [pooled.kiosk() for _ in range(3)]
    epochs = [kiosk.epoch() for kiosk in kiosks]
    for _ in range(4):
        for kiosk, epoch in zip(kiosks, epochs, strict=True):
            kiosk.visits(epoch, 5)
            kiosk.send(epoch.span(), openings=[epoch])
        pooled.open_all()
        assert pooled.station().visits == sum(len(epoch.events) for epoch in epochs)
    with pooled.db.read() as first, pooled.db.read() as second:
        counted = [conn.exec_driver_sql("SELECT count(*) FROM visit WHERE event_day = %(day)s", {"day": DAY}) for conn in (first, second)]
        assert [row.scalar_one() for row in counted] == [60, 60]
