"""`province serve`: uvicorn under TLS, in several processes where PostgreSQL is the database; the opener as a child process."""

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
SWITCH_S = 0.0005  # at Python's 5 ms a request that has its answer from the database waits so long for one that computes, ten times over
CONNECTIONS = 2048  # every kiosk of a province may hold one; beyond, plain 503


class Child:
    """A process of ours beside the server, started again when it dies. It reads the end of its standard input as "the parent is gone"."""

    def __init__(self, home: Home, *argv: str, fds: tuple[int, ...] = ()) -> None:
        self._argv = [sys.executable, "-m", "province", *argv, "--home", str(home.path), "--with-parent"]
        if home.database_url:
            self._argv += ["--database-url", home.database_url]
        rooms = str(Path(province.__file__).resolve().parent.parent)  # found from any working directory
        self._env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (rooms, os.environ.get("PYTHONPATH"))))}
        self._fds = fds
        self._child: subprocess.Popen[bytes] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"{argv[0]}-watch", daemon=True)

    def start(self) -> None:
        self.step()
        self._thread.start()

    def step(self) -> None:
        """Starts the child if there is none alive."""
        if self._child is None or self._child.poll() is not None:
            pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
            self._child = subprocess.Popen(self._argv, stdin=pipe, stdout=nothing, env=self._env, pass_fds=self._fds)

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
        # Named TCP: asyncio sets TCP_NODELAY on no other, and an answer in two writes then waits 40 ms for the client's late ACK.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError as error:
        raise Refused(f"Không mở được {host}:{port} ({error.strerror}).\nCannot listen on {host}:{port}: choose another --port.") from error
    return sock


def serve(home: Home, host: str, port: int, ready: Callable[[str], None], opens: bool = True, workers: int = 1) -> int:
    """Serves until SIGINT or SIGTERM. `ready` gets the URL once it answers; `opens`: with an opener of its own; `workers`: web processes
    on the same port, this one among them. Raises Refused."""
    if workers > 1 and (Database(home.url).embedded or os.name != "posix"):
        raise Refused(
            "Nhiều tiến trình web cần PostgreSQL, trên Linux hoặc macOS; SQLite chỉ cho một nơi ghi.\n"
            "Several web processes need PostgreSQL, on Linux or macOS: SQLite lets one write at a time."
        )
    sock = listen(host, port)
    name = "localhost" if host in ("127.0.0.1", "::1", "0.0.0.0", "::") else host
    url = f"https://{name}:{sock.getsockname()[1]}"
    children = [Child(home, "serve", "--port", "0", "--socket", str(sock.fileno()), fds=(sock.fileno(),)) for _ in range(workers - 1)]
    children += [Child(home, "opener")] if opens else []
    return _run(home, sock, lambda: ready(url), children)


def serve_beside(home: Home, fd: int) -> int:
    """One more web process on a socket that its parent holds; ends when standard input does."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    threading.Thread(target=watch, name="parent", daemon=True).start()
    return _run(home, socket.socket(fileno=fd), lambda: None, [])


def _run(home: Home, sock: socket.socket, ready: Callable[[], None], children: list[Child]) -> int:
    held = authority.load(home)
    db = Database(home.url)
    db.create()
    db.check()
    config = uvicorn.Config(
        create_app(db, held),
        ssl_keyfile=home.server_key,
        ssl_certfile=home.server,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=2,  # an idle TLS connection never answers the goodbye; what is cut is sent again
        limit_concurrency=CONNECTIONS,
    )
    for child in children:
        child.start()
    signal.signal(signal.SIGTERM, _leave)  # uvicorn raises the signal again when it has finished
    sys.setswitchinterval(SWITCH_S)
    try:
        _Server(config, ready).run(sockets=[sock])
    except (KeyboardInterrupt, SystemExit):
        return 0
    finally:
        for child in children:
            child.stop()
        db.close()
    return 0


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
