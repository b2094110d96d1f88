"""Who is signed in at this program, and what that lets them do. Holds no key and no PIN.

While a kiosk has no officer with a PIN (demonstration, training, before the first lead) everything is allowed and events carry `-`.
"""

import os
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from kiosk.domain.events import Kind
from kiosk.errors import Code, KioskError

NOBODY = "-"
LEAD_MS = 60_000  # a lead's word for somebody else holds for one task, and no longer than this


class Officer(msgspec.Struct, frozen=True):
    """`role`: officer, lead or technician."""

    id: str
    name: str
    role: str


class Untold(msgspec.Struct):
    """A fact that is not yet in the journal. `deed` makes it count once, however often it is written; `tried`: it may be there."""

    kind: Kind
    officer: str
    fields: dict[str, Any]
    deed: bytes = msgspec.field(default_factory=lambda: os.urandom(8))
    tried: bool = False


class Session:
    """`secured`: somebody has a PIN here. Read from every thread; written by sign-in, hand-over and lock."""

    def __init__(self, secured: bool = False) -> None:
        self.secured = secured
        self.officer: Officer | None = None
        self.withdrawn = ""  # the name of who was signed in when the province took them off the list
        self.on_told: Callable[[bytes], object] = lambda deed: None
        self._lead: tuple[Officer, int] | None = None
        self._untold: list[Untold] = []
        self._lock = threading.Lock()

    @property
    def id(self) -> str:
        """The officer's id as events carry it."""
        return self.officer.id if self.officer else NOBODY

    @property
    def role(self) -> str:
        return self.officer.role if self.officer else "officer"

    def vouch(self, lead: Officer, mono: int) -> None:
        """A lead has given the PIN for the next task of whoever is signed in. `mono`: ms since boot. Raises KioskError(LEAD_NEEDED)."""
        if lead.role != "lead":
            self.tell(Kind.AUDIT, {"what": "lead_refused", "task": "vouch", "target": lead.id})
            raise KioskError(Code.LEAD_NEEDED, role=lead.role)
        self._lead = (lead, mono)

    def require(self, role: str, mono: int, task: str = "") -> Officer | None:
        """Who answers for a task of `role`: the officer signed in, or the lead who vouched, whose word is then used up.

        None while nobody has a PIN here: then everything is allowed. Raises KioskError(LEAD_NEEDED | LOCKED); the refusal waits to be told.
        """
        if not self.secured:
            return None
        if self.officer is None:
            raise KioskError(Code.LOCKED)
        if self.officer.role == role:
            return self.officer
        lead, self._lead = self._lead, None
        if role == "lead" and lead is not None and 0 <= mono - lead[1] <= LEAD_MS:
            return lead[0]
        self.tell(Kind.AUDIT, {"what": "lead_refused", "task": task})
        raise KioskError(Code.LEAD_NEEDED, task=task, role=self.officer.role)

    # -- facts on their way into the journal ------------------------------------------------------------------------

    def tell(self, kind: Kind, fields: dict[str, Any], deed: bytes | None = None, officer: str = "") -> None:
        """To be written with the next event: a sign-in must not fail because no day is open yet. `officer`: if not the one signed in."""
        with self._lock:
            self._untold.append(Untold(kind, officer or self.id, fields, deed or os.urandom(8)))

    def untold(self) -> tuple[Untold, ...]:
        with self._lock:
            return tuple(self._untold)

    def told(self, deed: bytes) -> None:
        """It was found in the journal."""
        with self._lock:
            self._untold = [one for one in self._untold if one.deed != deed]
        self.on_told(deed)
