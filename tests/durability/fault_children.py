"""The processes of the fault soak: the kiosk's uploader, the province's server, its opener. Each can be told where to die.

They run the real code; only their patience is shortened, and `fatal` names the point at which the process kills itself.
"""

import contextlib
import os
import resource
import signal
import sys
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import sqlalchemy

TIGHT = 8 * 1024  # bytes: no file may be written beyond, as on a full disk
DAY_MS = 86_400_000
CLOCKS = {"clock_minus_day": -DAY_MS, "clock_plus_day": DAY_MS, "clock_1970": None, "clock_2038": 2_147_483_647_000}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at_commit(engine: sqlalchemy.Engine) -> None:
    """The next COMMIT of this engine never happens."""
    sqlalchemy.event.listen(engine, "commit", lambda _: die())


def quiet() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    if "FAULTS_LOUD" not in os.environ:
        os.dup2(null, 2)


def kiosk(home: Path, url: str, fatal: str, struck: Event) -> None:
    """The uploader's loop. `fatal`: before_send, after_answer, before_store, after_store, disk_full, clock_…, or ""."""
    quiet()
    from kiosk import compose
    from kiosk.devices.clock import SystemClock
    from kiosk.devices.keystore import FileKeyStore
    from kiosk.ports import Now
    from kiosk.settings import Settings
    from kiosk.sync import backoff, uploader

    backoff.CAP_S, uploader.ASK_S, uploader.ASK_CAP_S = 0.05, 0.05, 0.1

    class Wrong(SystemClock):
        def now(self) -> Now:
            real, shift = super().now(), CLOCKS[fatal]
            wall = 1_000 + real.wall % 1000 if shift is None else real.wall + shift if abs(shift) <= DAY_MS else shift
            return Now(wall, real.mono, real.boot)

    clock = Wrong() if fatal in CLOCKS else SystemClock()
    with compose.open_parts(home, Settings(timeout_seconds=1.0, server_url=url), clock, FileKeyStore(home / "device.secret")) as parts:
        sync: Any = parts.uploader
        sync._transport._whole_s = 2.0
        outbox, transport = sync._outbox, sync._transport
        real_post, real_save = transport.post, outbox.save

        def post(path: str, body: bytes) -> Any:
            if path == "/v1/events" and fatal == "before_send":
                die()
            answer = real_post(path, body)
            if path == "/v1/events" and fatal == "after_answer":
                die()
            return answer

        def save(answer: Any) -> Any:
            if fatal == "before_store" and answer.receipts:
                parts.database._commit = lambda conn: die()  # type: ignore[method-assign]
            if fatal == "disk_full" and answer.receipts:
                struck.set()
                resource.setrlimit(resource.RLIMIT_FSIZE, (TIGHT, TIGHT))
            saved = real_save(answer)
            if fatal == "after_store" and saved.acknowledged:
                die()
            if fatal in CLOCKS and saved.acknowledged:
                struck.set()
            return saved

        transport.post, outbox.save = post, save
        while True:
            sync.step()
            time.sleep(min(0.05, sync.delay_s()))


def server(home: Path, url: str, port: int, fatal: str, struck: Event) -> None:
    """`province serve` without its opener. `fatal`: before_commit, after_commit (and before the answer), disk_full, or ""."""
    quiet()
    from province import calls, intake
    from province.db import Database
    from province.serve import serve
    from province.settings import Home

    real = intake.take

    def take(db: Database, *args: Any) -> Any:
        if fatal == "before_commit":
            at_commit(db.engine)
        if fatal == "disk_full":
            struck.set()
            resource.setrlimit(resource.RLIMIT_FSIZE, (TIGHT, TIGHT))
        out = real(db, *args)
        if fatal == "after_commit":
            die()
        return out

    calls.intake.take = take  # type: ignore[attr-defined]
    sys.exit(serve(Home(home, url), "127.0.0.1", port, lambda _: struck.set() if not fatal else None, opens=False))


def opener(home: Path, url: str, fatal: str) -> None:
    """The opener's loop. `fatal`: open_before_commit, open_after_commit, or ""."""
    quiet()
    from sqlalchemy.exc import OperationalError

    from province import opener as room
    from province.db import Database
    from province.settings import Home

    opens = room.Opener(Database(Home(home, url).url), Home(home, url))
    real = opens._advance

    def advance(epoch: Any) -> int:
        if fatal == "open_before_commit":
            at_commit(opens.db.engine)
        done = real(epoch)
        if fatal == "open_after_commit" and done:
            die()
        return done

    opens._advance = advance  # type: ignore[method-assign]
    parent = os.getppid()
    while os.getppid() == parent:
        with contextlib.suppress(OperationalError):
            if opens.step():
                continue
        time.sleep(0.02)
