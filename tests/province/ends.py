"""A real kiosk and a real province in one process: everything but the socket. `Wire` is the kiosk's transport."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from kiosk import compose
from kiosk.compose import Parts
from kiosk.devices.clock import SystemClock
from kiosk.devices.keystore import FileKeyStore
from kiosk.errors import Code, KioskError
from kiosk.ports import Answer, Clock
from kiosk.settings import Settings
from kiosk.sync import enrol
from tests.province.conftest import Office
from tests.wire import DAY


class Wire:
    """Carries calls to the office. `fault` is asked before each: it may raise, answer itself, or return None for the honest way."""

    def __init__(self, office: Office) -> None:
        self.office, self.calls = office, list[str]()
        self.fault: Callable[[str, bytes], Answer | None] = lambda path, body: None

    def post(self, path: str, body: bytes) -> Answer:
        self.calls.append(path.rpartition("/")[2])
        spoiled = self.fault(self.calls[-1], body)
        return spoiled if spoiled is not None else Answer(*self.office.post(self.calls[-1], body))

    def get(self, path: str) -> Answer:
        return Answer(200, msgspec.msgpack.encode(self.office.authority.trust))

    def close(self) -> None: ...


def enrolled(office: Office, home: Path) -> Path:
    enrol.enrol(home, "https://localhost", office.code(), FileKeyStore(home / "device.secret"), SystemClock(), lambda *_: Wire(office))
    return home


@contextlib.contextmanager
def opened(office: Office, home: Path, clock: Clock | None = None) -> Iterator[tuple[Parts, Wire]]:
    """The home, its day begun, its uploader on the wire and never waiting."""
    with compose.open_parts(home, Settings(), clock, FileKeyStore(home / "device.secret")) as parts:
        if parts.station.day() is None:
            parts.station.begin_day(DAY)
        wire = Wire(office)
        parts.uploader._transport = wire
        yield parts, wire


def settle(office: Office, parts: Parts, most: int = 60) -> None:
    """Steps on both sides until neither has anything to do."""
    for _ in range(most):
        parts.uploader.hurry()
        state = parts.uploader.step()
        if not office.open_all() and state.settled and not state.feed_due:
            return
    raise AssertionError(parts.uploader.state)


def copied(home: Path, to: Path) -> Path:
    """The whole data directory, as a backup or a second machine has it."""
    shutil.copytree(home, to)
    return to


def timeout(*_: object) -> None:
    raise KioskError(Code.OFFLINE, why="timeout", sent=True)


def deeds(office: Office) -> list[str]:
    """The deed of every visit that counts at the province, by plain SQL."""
    return [str(row[0]) for row in office_sql(office, "SELECT deed FROM visit")]


def office_sql(office: Office, sql: str) -> list[tuple[object, ...]]:
    with office.db.read() as conn:
        return [tuple(row) for row in conn.exec_driver_sql(sql)]


def written(parts: Parts, sql: str) -> list[tuple[object, ...]]:
    with parts.database.read() as conn:
        return [tuple(row) for row in conn.exec_driver_sql(sql)]


def a_deed() -> bytes:
    return os.urandom(8)
