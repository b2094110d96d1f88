"""Lid, session and sleep: the real bus with a logind that a test moves, and the meaning of every message on both systems."""

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest
from jeepney import DBusAddress, MessageType, message_bus, new_error, new_method_return, new_signal
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from kiosk.devices import power, power_windows
from kiosk.devices.power_logind import MANAGER, PATH, PROPERTIES, SERVICE, SESSION, Logind

OWN = "/org/freedesktop/login1/session/_31"


class Manager:
    """A logind on a bus of its own: answers what is asked of it, and says what a test tells it to say."""

    def __init__(self, address: str) -> None:
        self.lid = False
        self._bus: DBusConnection = open_dbus_connection(address)
        self._bus.send_and_get_reply(message_bus.RequestName(SERVICE))
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                with self._lock:
                    message = self._bus.receive(timeout=0.05)
            except TimeoutError:
                continue
            if message.header.message_type is not MessageType.method_call:
                continue
            member = {key.name: value for key, value in message.header.fields.items()}["member"]
            if member == "GetSessionByPID":
                answer = new_method_return(message, "o", (OWN,))
            elif member == "Get" and message.body[1] == "LidClosed":
                answer = new_method_return(message, "v", (("b", self.lid),))
            else:
                answer = new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")
            with self._lock:
                self._bus.send(answer)

    def say(self, path: str, interface: str, member: str, signature: str = "", body: tuple[object, ...] = ()) -> None:
        with self._lock:
            self._bus.send(new_signal(DBusAddress(path, interface=interface), member, signature or None, body))

    def close(self) -> None:
        self._stop.set()
        self._thread.join(2)
        self._bus.close()


@pytest.fixture(scope="module")
def bus() -> Iterator[str]:
    """A message bus of this test's own."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("needs dbus-daemon (Debian: dbus), which this machine has not")
    argv = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
    daemon = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert daemon.stdout is not None
    yield daemon.stdout.readline().strip()
    daemon.terminate()
    daemon.wait(10)
    daemon.stdout.close()


@pytest.fixture
def manager(bus: str) -> Iterator[Manager]:
    made = Manager(bus)
    yield made
    made.close()


class Ticking:
    """A monotonic clock that runs two seconds a look, so that the lid is asked for at each step."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 2.5
        return self.now


def heard(port: Logind) -> str:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if why := port.step():
            return why
    return ""


def test_the_bus_tells_of_sleep_lock_and_switch(bus: str, manager: Manager) -> None:
    port = Logind(bus)
    assert port.step() == "" and port.listening
    manager.say(PATH, MANAGER, "PrepareForSleep", "b", (False,))  # it has woken up: nothing to do
    manager.say(PATH, MANAGER, "PrepareForSleep", "b", (True,))
    assert heard(port) == "sleep"
    manager.say(OWN, SESSION, "Lock")
    assert heard(port) == "lock"
    manager.say(OWN, PROPERTIES, "PropertiesChanged", "sa{sv}as", (SESSION, {"Active": ("b", False)}, []))
    assert heard(port) == "session"
    manager.say(OWN, PROPERTIES, "PropertiesChanged", "sa{sv}as", (SESSION, {"LockedHint": ("b", True)}, []))
    assert heard(port) == "lock"
    port.close()


def test_the_lid_is_asked_for_and_told_once_each_time_it_closes(bus: str, manager: Manager) -> None:
    port = Logind(bus, Ticking())
    assert port.step() == ""
    manager.lid = True
    assert heard(port) == "lid"
    assert [port.step() for _ in range(3)] == ["", "", ""]
    manager.lid = False
    assert port.step() == ""
    manager.lid = True
    assert heard(port) == "lid"
    port.close()


def test_another_session_s_lock_is_not_ours(bus: str, manager: Manager) -> None:
    port = Logind(bus)
    port.step()
    manager.say("/org/freedesktop/login1/session/other", SESSION, "Lock")
    manager.say(OWN, SESSION, "Lock")
    assert heard(port) == "lock" and port.step() == ""
    port.close()


def test_a_machine_without_a_bus_tells_nothing_and_does_not_hurry() -> None:
    port = Logind("unix:path=/nowhere/at/all")
    assert port.step() == "" and port.pause_s == 1.0 and not port.listening
    assert power.Silent().step() == "" and power.watcher().pause_s >= 0


@pytest.mark.parametrize(
    ("message", "wparam", "why"),
    [
        (power_windows.WM_WTSSESSION_CHANGE, power_windows.WTS_SESSION_LOCK, "lock"),
        (power_windows.WM_WTSSESSION_CHANGE, power_windows.WTS_CONSOLE_DISCONNECT, "session"),
        (power_windows.WM_WTSSESSION_CHANGE, power_windows.WTS_SESSION_LOGOFF, "session"),
        (power_windows.WM_WTSSESSION_CHANGE, 0x8, ""),  # unlocked
        (power_windows.WM_POWERBROADCAST, power_windows.PBT_APMSUSPEND, "sleep"),
        (power_windows.WM_POWERBROADCAST, 0x12, ""),  # it has woken up
        (0x0010, 0, ""),
    ],
)
def test_what_windows_says_means(message: int, wparam: int, why: str) -> None:
    assert power_windows.meaning(message, wparam) == why


def test_windows_tells_of_the_lid_by_its_own_guid() -> None:
    closed, open_ = (power_windows.PowerSetting(power_windows.LID, 4, state) for state in (0, 1))
    other = power_windows.PowerSetting(power_windows.Guid(1, 2, 3), 4, 0)
    kind, change = power_windows.WM_POWERBROADCAST, power_windows.PBT_POWERSETTINGCHANGE
    assert [power_windows.meaning(kind, change, said) for said in (closed, open_, other, None)] == ["lid", "", "", ""]
