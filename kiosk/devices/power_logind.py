"""systemd-logind over the system bus: PrepareForSleep, the session's Lock and Active, and the lid, which has no signal and is asked for.

Needs no library of the system: jeepney speaks the wire itself. A bus that is not there is looked for again, quietly.
"""

import contextlib
import os
import time
from collections.abc import Callable
from typing import Any

from jeepney import DBusAddress, MatchRule, Message, MessageType, Properties, message_bus, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection

SERVICE, MANAGER = "org.freedesktop.login1", "org.freedesktop.login1.Manager"
SESSION, PROPERTIES = "org.freedesktop.login1.Session", "org.freedesktop.DBus.Properties"
PATH = "/org/freedesktop/login1"
WAIT_S, ASK_S, AGAIN_S = 0.5, 2.0, 30.0


class Logind:
    """`bus`: an address, or SYSTEM. `session`: its object path; asked of logind by our process id when not given."""

    pause_s = 0.0

    def __init__(self, bus: str = "SYSTEM", mono: Callable[[], float] = time.monotonic) -> None:
        self._bus, self._mono = bus, mono
        self._connection: DBusConnection | None = None
        self._session = ""
        self._lid, self._asked, self._retry = False, 0.0, 0.0
        self.name = "logind"

    def step(self) -> str:
        """Waits at most half a second for a sign: lid, session, sleep, lock; or ""."""
        try:
            if self._connection is None:
                if self._mono() < self._retry:
                    self.pause_s = 1.0
                    return ""
                self._connect()
            return self._signal() or self._lid_closed()
        except (OSError, ValueError, KeyError, EOFError, RuntimeError):  # no bus, no logind, or it went away
            self.close()
            self._retry, self.pause_s = self._mono() + AGAIN_S, 1.0
            return ""

    @property
    def listening(self) -> bool:
        return self._connection is not None

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
        self._connection = None

    def _connect(self) -> None:
        self._connection = open_dbus_connection(self._bus)
        self._session = self._own_session()
        rules = [
            MatchRule(type="signal", interface=MANAGER, member="PrepareForSleep", path=PATH),
            MatchRule(type="signal", interface=SESSION, member="Lock"),
            MatchRule(type="signal", interface=PROPERTIES, member="PropertiesChanged", path=self._session or PATH),
        ]
        for rule in rules:
            self._call(message_bus.AddMatch(rule))
        self._lid = bool(self._property(PATH, MANAGER, "LidClosed"))
        self._asked, self.pause_s = self._mono(), 0.0

    def _own_session(self) -> str:
        manager = DBusAddress(PATH, bus_name=SERVICE, interface=MANAGER)
        try:
            return str(self._call(new_method_call(manager, "GetSessionByPID", "u", (os.getpid(),)))[0])
        except (OSError, RuntimeError):  # started by a service: no session of its own
            return ""

    def _call(self, message: Message) -> tuple[Any, ...]:
        assert self._connection is not None
        answer = self._connection.send_and_get_reply(message, timeout=2.0)
        if answer.header.message_type is MessageType.error:
            raise RuntimeError("refused")
        return tuple(answer.body)

    def _property(self, path: str, interface: str, name: str) -> object:
        try:
            return self._call(Properties(DBusAddress(path, bus_name=SERVICE, interface=interface)).get(name))[0][1]
        except RuntimeError:  # a machine without a lid
            return False

    def _signal(self) -> str:
        assert self._connection is not None
        try:
            message = self._connection.receive(timeout=WAIT_S)
        except TimeoutError:
            return ""
        return meaning(message, self._session)

    def _lid_closed(self) -> str:
        if self._mono() - self._asked < ASK_S:
            return ""
        self._asked = self._mono()
        before, self._lid = self._lid, bool(self._property(PATH, MANAGER, "LidClosed"))
        return "lid" if self._lid and not before else ""


def meaning(message: Message, session: str) -> str:
    """Why to lock, or "": before sleep, on the session's Lock, when another session becomes the active one."""
    fields = {key.name: value for key, value in message.header.fields.items()}
    member, path, body = fields.get("member"), fields.get("path"), message.body
    if member == "PrepareForSleep" and body and body[0] is True:
        return "sleep"
    if member == "Lock" and (not session or path == session):
        return "lock"
    if member == "PropertiesChanged" and path == session and len(body) >= 2 and body[0] == SESSION:
        changed = body[1]
        if "Active" in changed and changed["Active"][1] is False:
            return "session"
        if "LockedHint" in changed and changed["LockedHint"][1] is True:
            return "lock"
    return ""
