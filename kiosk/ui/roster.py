"""Who is on duty, as the window asks for it: the officers' acts, each followed by its event. Every call but the properties is a lane's."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from kiosk.errors import KioskError
from kiosk.security.officers import Credentials, Officers, Standing
from kiosk.security.session import Officer
from kiosk.station import Station
from kiosk.store.audit import Entry, table

HOW = "window"
T = TypeVar("T")


class Roster(msgspec.Struct, frozen=True):
    """`officers` of the open vault; `station` writes what they do into the journal."""

    officers: Officers
    station: Station
    papers: Path

    @property
    def secured(self) -> bool:
        """Somebody has a PIN here."""
        return self.officers.session.secured

    @property
    def officer(self) -> Officer | None:
        """Who is signed in."""
        return self.officers.session.officer

    @property
    def withdrawn(self) -> str:
        """The name of who was on duty until the province took them off the list; "" otherwise."""
        return self.officers.session.withdrawn

    @property
    def phrase_needed(self) -> bool:
        return self.officers.phrase_needed

    def standings(self) -> Sequence[Standing]:
        return self.officers.list()

    def sign_in(self, officer: str, pin: str) -> Officer:
        """Unlocks, or takes the shift over. Raises KioskError(PIN_WRONG | PIN_WAIT …)."""
        return self._told(lambda: self.officers.sign_in(Credentials(officer, pin, HOW)))

    def sign_out(self, what: str) -> None:
        """`what`: sign_out or hand_over; the stay ends."""
        self._told(lambda: self.officers.sign_out(what))

    def vouch(self, officer: str, pin: str) -> Officer:
        """A lead's word for the next task. Raises KioskError(LEAD_NEEDED | PIN_*)."""
        return self._told(lambda: self.officers.vouch(Credentials(officer, pin, HOW)))

    def set_pin(self, officer: str, pin: str) -> Standing:
        return self._told(lambda: self.officers.set_pin(officer, pin))

    def drop(self, officer: str) -> None:
        self._told(lambda: self.officers.drop(officer))

    def clear_wait(self, officer: str) -> None:
        self._told(lambda: self.officers.clear_wait(officer))

    def note(self, what: str, **facts: str | int | bool) -> None:
        """An audit fact; it waits for the next event if it cannot be written now."""
        self._told(lambda: self.officers.audit(what, **facts))

    def audited(self) -> Sequence[Entry]:
        """The audit, newest first. Raises KioskError(LEAD_NEEDED)."""
        return self.station.audited()

    def export_audit(self) -> Path:
        """The audit as a CSV file among the papers. Raises KioskError(LEAD_NEEDED), OSError."""
        found, file = self.station.audited(), self.papers / "nhat-ky-thao-tac.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(table(tuple(found)), "utf-8-sig", newline="")
        self.station.audit("export", kind="audit", count=len(found))
        return file

    def _told(self, act: Callable[[], T]) -> T:
        try:
            done = act()
        except KioskError:
            self.station.tell()
            raise
        self.station.tell()
        return done
