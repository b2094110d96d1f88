"""`province serve`: uvicorn under TLS, and the opener as a child process that is started again when it dies."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn

import province
from province import authority
from province.app import create_app
from province.db import Database
from province.settings import Home, Refused

WATCH_S = 1.0
CONNECTIONS = 2048  # every kiosk of a province may hold one; beyond, plain 503


class OpenerProcess:
    """The child. It reads the end of its standard input as "the parent is gone"."""

    def __init__(self, home: Home) -> None:
        self._argv = [sys.executable, "-m", "province", "opener", "--home", str(home.path), "--with-parent"]
        if home.database_url:
            self._argv += ["--database-url", home.database_url]
        rooms = str(Path(province.__file__).resolve().parent.parent)  # found from any working directory
        self._env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (rooms, os.environ.get("PYTHONPATH"))))}
        self._child: subprocess.Popen[bytes] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="opener-watch", daemon=True)

    def start(self) -> None:
        self.step()
        self._thread.start()

    def step(self) -> None:
        """Starts the child if there is none alive."""
        if self._child is None or self._child.poll() is not None:
            self._child = subprocess.Popen(self._argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=self._env)

    def _watch(self) -> None:
        while not self._stop.wait(WATCH_S):
            self.step()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()
            try:
                self._child.wait(10)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def listen(host: str, port: int) -> socket.socket:
    """A bound socket (port 0: any free one). Raises Refused."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError as error:
        raise Refused(f"Không mở được {host}:{port} ({error.strerror}).\nCannot listen on {host}:{port}: choose another --port.") from error
    return sock


def serve(home: Home, host: str, port: int, ready: Callable[[str], None], opens: bool = True) -> int:
    """Serves until SIGINT or SIGTERM. `ready` gets the URL once it answers; `opens`: with an opener of its own. Raises Refused."""
    held = authority.load(home)
    db = Database(home.url)
    db.create()
    db.check()
    sock = listen(host, port)
    name = "localhost" if host in ("127.0.0.1", "::1", "0.0.0.0", "::") else host
    url = f"https://{name}:{sock.getsockname()[1]}"
    config = uvicorn.Config(
        create_app(db, held),
        ssl_keyfile=home.server_key,
        ssl_certfile=home.server,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        limit_concurrency=CONNECTIONS,
    )
    opener = OpenerProcess(home)
    if opens:
        opener.start()
    signal.signal(signal.SIGTERM, _leave)  # uvicorn raises the signal again when it has finished
    try:
        _Server(config, lambda: ready(url)).run(sockets=[sock])
    except (KeyboardInterrupt, SystemExit):
        return 0
    finally:
        if opens:
            opener.stop()
        db.close()
    return 0


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
