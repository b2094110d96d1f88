"""Corrections and voids of what an act wrote, as drafts: the old event stays, and nothing is written twice without a word.

The station runs these inside its one transaction. No clock and no COMMIT here.
"""

from typing import Any

import msgspec

from kiosk.domain import declaration as form
from kiosk.domain.events import Key, Kind
from kiosk.domain.policy import Policy
from kiosk.domain.projection import ROOTS, VOTER, Fact
from kiosk.domain.vntime import local
from kiosk.errors import Code, KioskError
from kiosk.store import projections, register
from kiosk.store.engine import Connection
from kiosk.store.journal import Draft, Journal

REASONS = ("refused", "not_yet", "closing")  # why somebody goes in first and declares later
PERSONS = (VOTER, "team", "service", "companion")


class Bench(msgspec.Struct, frozen=True):
    """One act's surroundings. `at`: ms UTC; `deed`: 8 bytes; `place`: the lane's place id, or ""."""

    conn: Connection
    day: str
    at: int
    deed: bytes
    policy: Policy
    place: str = ""


class Corrections:
    """The corrections of one kiosk's own events."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def not_voided(self, conn: Connection, key: Key) -> None:
        """Raises KioskError(ALREADY_VOIDED), saying when."""
        root = self._journal.opened(conn, key)
        voids = [c for c in projections.corrections(conn, root, self._journal.opened) if c.body.fields.get("void")] if root else []
        if voids:
            raise KioskError(Code.ALREADY_VOIDED, event=str(key), at=f"{local(voids[0].at):%H:%M}")

    def correct(
        self, bench: Bench, target: Key, reason: str, role: str, void: bool, changes: dict[str, Any] | None, whole: bool
    ) -> list[Draft]:
        """Corrections of a root event, the named one first. `whole`: and of all that the same deed wrote (declaration and arrival).
        `changes`: field -> new value, None takes it out. Raises KioskError(EVENT_UNKNOWN | BAD_INPUT | FORM_INCOMPLETE)."""
        root = self._journal.opened(bench.conn, target)
        if root is None or root.body.kind not in ROOTS:
            raise KioskError(Code.EVENT_UNKNOWN, event=str(target)[:60])
        common = {"reason": reason, "role": role}
        if void or not changes:
            keys = self._keys_left(bench.conn, root, void, whole, reason)
            return [Draft(Kind.CORRECTION, {"target": str(k), "void": void, **common, "changes": {}}, bench.deed) for k in keys]
        if root.body.kind == Kind.DECLARATION:
            return self._declaration_anew(bench, target, root.body.fields, changes, common)
        self.not_voided(bench.conn, target)
        editable = {Kind.VISIT: "person", Kind.DEFER: "reason"}.get(Kind(root.body.kind), "")
        if set(changes) != {editable}:
            raise KioskError(Code.BAD_INPUT, value=", ".join(sorted(changes))[:40], allowed=editable or "--void")
        allowed(str(changes[editable]), PERSONS if editable == "person" else REASONS)
        if changes[editable] == self._as_it_stands(bench.conn, root).get(editable, VOTER):
            raise KioskError(Code.NOTHING_CHANGED, event=str(target))
        return [Draft(Kind.CORRECTION, {"target": str(target), "void": False, **common, "changes": changes}, bench.deed)]

    def _keys_left(self, conn: Connection, root: Fact, void: bool, whole: bool, reason: str) -> list[Key]:
        """What a void, or a bare note, still has to name: nothing twice. Raises KioskError(ALREADY_VOIDED | NOTHING_CHANGED)."""
        others = projections.of_deed(conn, root.key, root.body.deed) if whole else []
        said = projections.corrections(conn, root, self._journal.opened)
        if any(c.body.fields.get("void") for c in said):
            if not others:
                self.not_voided(conn, root.key)
            return others
        last = next((c for c in reversed(said)), None)
        if not void and last is not None and not last.body.fields.get("changes") and last.body.fields.get("reason") == reason:
            raise KioskError(Code.NOTHING_CHANGED, event=str(root.key), at=f"{local(last.at):%H:%M}")
        return [root.key, *others]

    def _as_it_stands(self, conn: Connection, root: Fact) -> dict[str, Any]:
        """A root's fields after its last correction."""
        changes = [c.body.fields.get("changes") or {} for c in projections.corrections(conn, root, self._journal.opened)]
        return {**root.body.fields, **next((c for c in reversed(changes) if c), {})}

    def _declaration_anew(
        self, bench: Bench, target: Key, root: dict[str, Any], changes: dict[str, Any], common: dict[str, str]
    ) -> list[Draft]:
        """The declaration with other answers: checked as a new one is, the rules asked again, and the arrival's person follows."""
        now = register.declaration(bench.conn, target)
        if now is None:
            self.not_voided(bench.conn, target)
            raise KioskError(Code.EVENT_UNKNOWN, event=str(target)[:60])
        said = form.check({**now.fields, **{k: v for k, v in changes.items() if k != "mode"}, "mode": now.mode})
        if said.errors:
            raise KioskError(Code.FORM_INCOMPLETE, fields=", ".join(sorted(said.errors)))
        made = said.declaration()
        subjects = [s for s in root.get("subjects", ()) if str(s).startswith("hu1:")]
        subjects = [*form.subjects(made.fields), *subjects]
        if made.fields == now.fields:
            raise KioskError(Code.NOTHING_CHANGED, event=str(target))
        new = {**made.fields, "subjects": subjects, "desk": form.outcome(made, bench.policy.rules)}
        kept = {"mode", "ticket", "arrival", "completes"}
        changed = {k: new.get(k) for k in sorted(new.keys() | root.keys() - kept) if new.get(k) != root.get(k)}
        first = Draft(Kind.CORRECTION, {"target": str(target), "void": False, **common, "changes": changed}, bench.deed)
        if new["subjects"] == list(root.get("subjects", ())):
            return [first]
        visits = projections.of_deed(bench.conn, target, projections.deed_of(bench.conn, target), (Kind.VISIT,))
        follow = {"void": False, **common, "changes": {"subjects": new["subjects"]}}
        return [first, *(Draft(Kind.CORRECTION, {"target": str(key), **follow}, bench.deed) for key in visits)]


def allowed(value: str, values: tuple[str, ...]) -> None:
    """Raises KioskError(BAD_INPUT)."""
    if value not in values:
        raise KioskError(Code.BAD_INPUT, value=value[:20], allowed=", ".join(values))
