"""Two server processes on one PostgreSQL behind Debian's nginx, with docs/nginx.conf: a real kiosk uploads through it, one process dies."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from benchmarks import rig
from kiosk.domain.events import Kind
from tests.durability import fault_oracle as oracle
from tests.postgres import BIN, MISSING

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
CONFIG = Path(__file__).parents[2] / "docs" / "nginx.conf"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: nginx)"),
    pytest.mark.skipif(BIN is None, reason=MISSING),
]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


class Front:
    """nginx with the shipped configuration, its paths and ports replaced."""

    def __init__(self, home: Path, ports: list[int]) -> None:
        assert NGINX is not None
        self.port = free_port()
        text = CONFIG.read_text().replace("HOME", str(home)).replace("PORT", f"127.0.0.1:{self.port}")
        for ours, theirs in zip(re.findall(r"127\.0\.0\.1:88\d\d", text), ports, strict=True):
            text = text.replace(ours, f"127.0.0.1:{theirs}")
        user = "user root;\n" if os.geteuid() == 0 else ""
        (home / "nginx.conf").write_text(user + text)
        self.process = subprocess.Popen([NGINX, "-c", str(home / "nginx.conf"), "-g", "daemon off;"], stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < end, (home / "nginx.log").read_text()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[rig.Home, list[rig.Server], Front]]:
    with rig.province("postgresql", tmp_path) as (home, _):
        servers = [rig.Server(home), rig.Server(home, "--no-opener")]
        front = Front(home.path, [server.port for server in servers])
        yield home, servers, front
        front.stop()
        for server in servers:
            server.stop()


@pytest.mark.timeout(240)
def test_a_kiosk_uploads_through_nginx_and_a_dead_process_is_made_good_by_the_other(
    house: tuple[rig.Home, list[rig.Server], Front], tmp_path: Path
) -> None:
    home, servers, front = house
    office, url = rig.Office(home), f"https://localhost:{front.port}"
    with rig.enrolled(tmp_path / "kiosk", office, url) as parts:
        for _ in range(2):
            rig.write(parts, Kind.VISIT, [rig.visit_fields(i) for i in range(60)])
            assert parts.uploader.drain(lambda _: None, lambda: not parts.outbox.counts().waiting).waiting == 0
        servers[1].process.kill()
        servers[1].process.wait()
        rig.write(parts, Kind.VISIT, [rig.visit_fields(i) for i in range(300)])
        state = parts.uploader.drain(lambda _: None, lambda: False)
        assert (state.state, state.waiting, state.refused) == ("ok", 0, 0) and state.opened == state.events > 420
    look = oracle.Province(home.path, home.database_url)
    assert oracle.end(oracle.look(tmp_path / "kiosk", look)) == [] and oracle.deeds(look, home.path / "opener") == []
    look.close()
    office.close()
    with requests.Session() as session:
        session.verify, session.trust_env = str(home.ca), False
        assert session.get(f"{url}/health", timeout=10).json()["ok"]
        too_large = session.post(f"{url}/v1/events", bytes(3 * 1024 * 1024), timeout=30)
        assert too_large.status_code == 413 and too_large.headers["content-type"] == "application/msgpack"  # signed by the province
