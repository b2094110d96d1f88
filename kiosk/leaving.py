"""What the window asks about data that leaves this laptop, and the two acts between closing the journal and opening it again. No Qt."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from kiosk import compose, purging, removing
from kiosk.devices.sticks import sticks
from kiosk.errors import Code, KioskError
from kiosk.ports import Clock, Order
from kiosk.store import purge, register

__all__ = ["POLICY", "Day", "Leaving", "Stay", "after_purge", "due", "purge_day", "remove_all"]
POLICY, due = purging.POLICY, purging.due


class Day(msgspec.Struct, frozen=True):
    """A day that was begun here. `why` it may not go: reason -> how many; `until`: ms UTC when it goes by itself, None while it is open."""

    day: str
    purged: bool
    why: Mapping[str, int]
    until: int | None


class Stay(msgspec.Struct, frozen=True):
    """What is still on this laptop. `days`: newest first; `why` it may not be cleaned: reason -> how many."""

    label: str
    days: tuple[Day, ...]
    why: Mapping[str, int]


class Leaving(msgspec.Struct, frozen=True):
    """The window's questions (ui.services.LeaveDesk)."""

    parts: compose.Parts

    def look(self) -> Stay:
        """Raises KioskError when the journal cannot be read."""
        parts = self.parts
        gone = {one.day for one in parts.purged()}
        with parts.database.read() as conn:
            closed = {day: register.closed_at(conn, day) for day in reversed(purge.days(conn))}
        return Stay(parts.station.info.label, tuple(self._day(day, day in gone, at) for day, at in closed.items()), removing.look(parts))

    def _day(self, day: str, purged: bool, closed_at: int | None) -> Day:
        until = None if closed_at is None else closed_at + self.parts.purge_ms(day)
        return Day(day, purged, {} if purged else purging.look(self.parts, day).why, until)


def purge_day(home: Path, day: str, held: compose.Held, by: str, clock: Clock | None) -> purging.Done:
    """The journal was closed just now. Raises as purging.run."""
    return purging.run(home, day, clock=clock, held=held, by=by)


def after_purge(parts: compose.Parts, done: purging.Done) -> None:
    """The journal is open again: the audit is told, and the certificate goes to the print queue."""
    purging.tell(parts, done.said)
    parts.papers.submit(Order("certificate", done.said.day))


def remove_all(home: Path, held: compose.Held, by: str, reason: str, clock: Clock | None) -> removing.Done:
    """The journal was closed just now. With a `reason` all of it goes to the first stick before. Raises as removing.run, and NO_STICK."""
    insisting = None
    if reason:
        folders = sticks()
        if not folders:
            raise KioskError(Code.NO_STICK)
        insisting = removing.Insisting(reason, folders[0])
    return removing.run(home, insisting=insisting, clock=clock, held=held, by=by)
