"""Officers at this kiosk: signing in, setting PINs, and who may do it. The province gives names and roles; PINs are made here.

Every try is counted before its PIN is looked at. What happened is told to the session, which brings it into the journal.
"""

import base64
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from kiosk.crypto.kdf import Costs, stretch
from kiosk.domain import pin as pins
from kiosk.domain import text
from kiosk.domain.events import Kind
from kiosk.domain.protocol import OfficerRow
from kiosk.errors import Code, KioskError
from kiosk.ports import Clock, KeyStore
from kiosk.security.calibrate import calibrate
from kiosk.security.session import NOBODY, Officer, Session
from kiosk.security.tries import Tries
from kiosk.security.vault import Lid, Slot, Vault


class Credentials(msgspec.Struct, frozen=True):
    """What an officer gives: id (or name), and PIN or phrase. `how`: "window" or "command"."""

    officer: str
    pin: str
    how: str = "command"

    def __repr__(self) -> str:
        return f"Credentials({self.officer!r})"


class Standing(msgspec.Struct, frozen=True):
    """An officer as the lists show them. `pin`: none, first (given out of band, to be replaced), set; `wait_s`: until the next try."""

    id: str
    name: str
    role: str
    pin: str
    phrase: bool
    wait_s: int


def find(lid: Lid, named: str) -> OfficerRow:
    """By id, or by name if only one has it. Raises KioskError(OFFICER_UNKNOWN)."""
    rows = lid.people.officers
    exact = [row for row in rows if row.id == named]
    found = exact or [row for row in rows if text.fold(row.name) == text.fold(named[:200])]
    if len(found) > 1:
        raise KioskError(Code.OFFICER_UNKNOWN, why="several of this name: " + ", ".join(row.id for row in found))
    if not found:
        raise KioskError(Code.OFFICER_UNKNOWN)
    return found[0]


def unlock(lid: Lid, given: Credentials, tries: Tries, clock: Clock) -> tuple[bytes, Officer]:
    """(DEK, officer). Raises KioskError(OFFICER_UNKNOWN | PIN_WAIT | PIN_WRONG | KEYS_UNREADABLE)."""
    row = find(lid, given.officer)
    slot = lid.slot(row.id)
    if slot is None:
        raise KioskError(Code.PIN_WRONG, officer=row.id, why="no PIN")
    if not slot.costs.sane():
        raise KioskError(Code.KEYS_UNREADABLE, file="vault.json", why="costs")
    tries.begin(row.id, clock.now())
    dek = lid.dek(row.id, stretch(pins.canonical(given.pin), _salt(slot), slot.costs))
    if dek is None:
        raise KioskError(Code.PIN_WRONG, officer=row.id, tries=tries.count(row.id))
    tries.right(row.id)
    return dek, Officer(row.id, row.name, row.role)


class Officers:
    """The officers of an open vault. `costs`: what a new PIN is stretched with, asked when the first is set."""

    def __init__(
        self, home: Path, vault: Vault, keystore: KeyStore, clock: Clock, session: Session, costs: Callable[[], Costs] = calibrate
    ) -> None:
        self._home, self._vault, self._keystore, self._clock, self.session = home, vault, keystore, clock, session
        self._costs = costs
        self._tries = Tries(home)
        session.on_told = lambda deed: self._tries.told({deed.hex()})

    @property
    def phrase_needed(self) -> bool:
        """No key store of the system: a PIN alone would be too little, the device secret lies in a file."""
        return self._vault.where != "os"

    @property
    def must_change(self) -> bool:
        """A first PIN, given out of band, opens a machine without a key store for one thing only: setting the officer's own phrase."""
        mine = self.session.officer
        slot = self.lid().slot(mine.id) if mine is not None and self.phrase_needed else None
        return slot is not None and slot.first

    def lid(self) -> Lid:
        return Lid.look(self._home, self._keystore)

    def list(self) -> tuple[Standing, ...]:
        return standing(self.lid(), self._tries, self._clock)

    def find(self, named: str) -> Officer:
        """Raises KioskError(OFFICER_UNKNOWN)."""
        row = find(self.lid(), named)
        return Officer(row.id, row.name, row.role)

    # -- signing in and out -----------------------------------------------------------------------------------------

    def check(self, given: Credentials) -> Officer:
        """Whose PIN this is; the vault is open already. Raises as `unlock`."""
        dek, officer = unlock(self.lid(), given, self._tries, self._clock)
        if not self._vault.same(dek):
            raise KioskError(Code.KEYS_UNREADABLE, file="vault.json")
        return officer

    def sign_in(self, given: Credentials, known: Officer | None = None) -> Officer:
        """The officer is signed in from now on: a stay begins. `known`: the PIN was checked by opening the vault.

        Raises as `unlock`; KioskError(OFFICER_UNKNOWN) for one whom the province has taken off the list since.
        """
        try:
            officer = known or self.check(given)
        except KioskError as error:
            if error.code in (Code.PIN_WRONG, Code.PIN_WAIT):
                self._tell_refusals()  # unlocked, so the chain can have them at once
            raise
        row = find(self.lid(), officer.id)  # the feed may have brought another list since the vault was opened
        officer, self.session.withdrawn = Officer(row.id, row.name, row.role), ""
        before = self.session.officer
        if before is not None and before.id != officer.id:  # left without handing over
            self.sign_out("hand_over")
        self.session.officer = officer
        self._tell_refusals()
        if before is not None and before.id == officer.id:
            self.audit("unlocked", how=given.how)
            return officer
        self.audit("sign_in", how=given.how, role=officer.role)
        if given.how == "window":
            self.session.tell(Kind.STAY, {"what": "begin"})
        return officer

    def sign_out(self, what: str = "sign_out") -> None:
        """The stay ends. `what`: sign_out, or hand_over when the next officer signs in at once."""
        if self.session.officer is not None:
            self.session.tell(Kind.STAY, {"what": "end"})
            self.audit(what)
            self.session.officer = None

    def vouch(self, given: Credentials) -> Officer:
        """A lead gives the PIN for the next task of whoever is signed in. Raises KioskError(LEAD_NEEDED) and as `unlock`."""
        lead = self.check(given)
        self.session.vouch(lead, self._clock.now().mono)
        return lead

    def audit(self, what: str, **facts: str | int | bool) -> None:
        self.session.tell(Kind.AUDIT, {"what": what, **facts})

    def _tell_refusals(self) -> None:
        for one in self._tries.take():
            fields = {"what": "sign_in_refused", "target": one.officer, "count": one.count, "last": one.at}
            self.session.tell(Kind.AUDIT, fields, bytes.fromhex(one.deed), NOBODY)

    # -- PINs -------------------------------------------------------------------------------------------------------

    def set_pin(self, named: str, pin: str) -> Standing:
        """A new PIN or phrase: one's own, or anybody's with a lead; the first of all is a lead's. 32 bytes are wrapped again.

        Raises KioskError(OFFICER_UNKNOWN | PIN_WEAK | LEAD_NEEDED | LOCKED | DISK_*).
        """
        row = find(self.lid(), named)
        self._allowed(row)
        if why := pins.problem(pin, self.phrase_needed):
            raise KioskError(Code.PIN_WEAK, why=why)
        old, salt, costs = next((s for s in self._vault.slots() if s.officer == row.id), None), os.urandom(16), self._chosen()
        key = stretch(pins.canonical(pin), salt, costs)
        if old is not None and self.lid().dek(row.id, stretch(pins.canonical(pin), _salt(old), old.costs)):
            raise KioskError(Code.PIN_WEAK, why="same")
        slot = self._vault.wrapped(row.id, key, salt, costs, phrase=pins.is_phrase(pin), set_at=self._clock.now().wall)
        self._vault.put(slot)
        self._tries.clear(row.id)
        self.audit("pin_set", target=row.id)
        if not self.session.secured:  # the first lead: from now on somebody must be signed in
            self.session.secured = True
            self.session.officer = Officer(row.id, row.name, row.role)
            self.session.tell(Kind.STAY, {"what": "begin"})
        return next(one for one in self.list() if one.id == row.id)

    def _allowed(self, row: OfficerRow) -> None:
        if not self.session.secured:
            if row.role != "lead":
                raise KioskError(Code.LEAD_NEEDED, task="pin", role=row.role)
        elif self.session.officer is None:
            raise KioskError(Code.LOCKED)
        elif self.session.officer.id != row.id:
            self.session.require("lead", self._clock.now().mono, "pin")

    def _chosen(self) -> Costs:
        own = [slot.costs for slot in self._vault.slots() if not slot.first]
        return own[0] if own else self._costs()

    def drop(self, named: str) -> None:
        """Takes an officer's PIN away; the last lead's stays. Raises KioskError(OFFICER_UNKNOWN | LEAD_NEEDED | BAD_INPUT)."""
        row = find(self.lid(), named)
        self.session.require("lead", self._clock.now().mono, "pin")
        self._keep_a_lead({row.id})
        self._vault.drop(row.id)
        self.audit("officer_set", target=row.id, change="pin_removed")

    def clear_wait(self, named: str) -> None:
        """A lead lifts the wait after wrong PINs."""
        row = find(self.lid(), named)
        self.session.require("lead", self._clock.now().mono, "wait")
        self._tries.clear(row.id)
        self.audit("officer_set", target=row.id, change="wait_cleared")

    def _keep_a_lead(self, leaving: set[str]) -> None:
        leads = {row.id for row in self.lid().people.officers if row.role == "lead"}
        if not any(slot.officer in leads - leaving for slot in self._vault.slots()):
            raise KioskError(Code.BAD_INPUT, value="officer", why="last lead")

    def learn(self, rows: Sequence[OfficerRow]) -> bool:
        """Names and roles as the feed has them now; who is gone loses the way in, but for the last lead. True if anything changed."""
        said = self._vault.secrets.enrolment
        if not rows or {row.id: row for row in rows} == {row.id: row for row in said.officers}:
            return False
        gone = {row.id for row in said.officers} - {row.id for row in rows}
        leads = {row.id for row in rows if row.role == "lead"}
        slots = self._vault.slots()
        if slots and not any(slot.officer in leads for slot in slots):  # nobody could open this kiosk any more
            return False
        secrets = self._vault.secrets
        self._vault.learn(msgspec.structs.replace(secrets, enrolment=msgspec.structs.replace(said, officers=[*rows])))
        for slot in slots:
            if slot.officer in gone:
                self._vault.drop(slot.officer)
        self.audit("officer_set", change="feed", count=len(rows))
        self._still_on_duty({row.id: row for row in rows})
        return True

    def _still_on_duty(self, rows: dict[str, OfficerRow]) -> None:
        """Whoever is signed in works on as what the new list says; who is not on it, not at all."""
        mine = self.session.officer
        if mine is None:
            return
        row = rows.get(mine.id)
        if row is None:
            self.session.withdrawn = mine.name
            self.sign_out()
        else:
            self.session.officer = Officer(row.id, row.name, row.role)


def standing(lid: Lid, tries: Tries, clock: Clock) -> tuple[Standing, ...]:
    """Everybody who is known here, leads first; the vault may be closed."""
    now = clock.now()

    def one(row: OfficerRow) -> Standing:
        slot = lid.slot(row.id)
        pin = "none" if slot is None else "first" if slot.first else "set"
        return Standing(row.id, row.name, row.role, pin, slot is not None and slot.phrase, tries.left_s(row.id, now))

    order = {"lead": 0, "officer": 1, "technician": 2}
    return tuple(one(row) for row in sorted(lid.people.officers, key=lambda row: (order[row.role], text.name_key(row.name))))


def _salt(slot: Slot) -> bytes:
    return base64.b64decode(slot.salt)
