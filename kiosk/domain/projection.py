"""A set of events -> the rows people see. The kiosk and the province use this same code.

The result is a function of the *set*: any order of arrival gives the same rows. A correction or void names the root event; any
void wins, else the last by (at, kiosk, epoch, seq); a deed counts once however often it was written. An exit, and a declaration
made after the arrival, are roots of their own and say more of the visit they name. What several kiosks of one station say of one
ticket meets in `tickets` and `repeated`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from kiosk.domain.events import Body, Key, Kind

ROOTS = frozenset({Kind.VISIT, Kind.DECLARATION, Kind.DEFER, Kind.LEAVE})
OF_A_VISIT = frozenset({Kind.LEAVE, Kind.DECLARATION})  # roots of their own that may also say more of a visit
NOT_OF_THE_FORM = frozenset({"subjects", "desk", "mode", "ticket", "arrival", "completes", "carried", "paper", "paper_at"})
DAY_MS = 86_400_000
VOTER = "voter"


class Fact(NamedTuple):
    """One opened event. `at`: ms UTC from its header."""

    key: Key
    at: int
    body: Body

    @property
    def rank(self) -> tuple[int, Key]:
        return self.at, self.key


class Visit(msgspec.Struct, frozen=True):
    """One arrival. `number`: dense per kiosk and day; `source`: hu1, cccd, proxy, moh, defer, …; `since`: when the person declared;
    `subjects`: look-up names; `left_at`: exit or None; `person`: voter, team, service or companion; `ticket`: the number handed out
    or taken in, 0 for none; `place`: the lane's place id. Times in ms UTC."""

    key: Key
    deed: str
    at: int
    number: int
    source: str
    verdict: str
    since: int | None
    subjects: tuple[str, ...]
    left_at: int | None = None
    voided: bool = False
    amended: int = 0
    person: str = VOTER
    ticket: int = 0
    place: str = ""


class Declaration(msgspec.Struct, frozen=True):
    """One health declaration, after its corrections. `fields`: form.yaml's keys with the answers; `desk`: the rules' outcome;
    `ticket`: the ticket it closes, 0 for none; `completes`: key of the declaration it completes, or ""."""

    key: Key
    deed: str
    at: int
    mode: str
    desk: bool
    subjects: tuple[str, ...]
    fields: dict[str, Any] = msgspec.field(default_factory=dict)
    voided: bool = False
    amended: int = 0
    ticket: int = 0
    completes: str = ""


class Defer(msgspec.Struct, frozen=True):
    """A ticket handed out. `reason`: refused, not_yet, closing (the voter went in first), or lane (sent to the other table)."""

    key: Key
    deed: str
    at: int
    ticket: int
    reason: str
    voided: bool = False
    amended: int = 0
    subjects: tuple[str, ...] = ()


class Leave(msgspec.Struct, frozen=True):
    """Somebody went out. `target`: the visit it closes where that kiosk knew it; else `subjects` or `ticket` name the person."""

    key: Key
    deed: str
    at: int
    target: str
    ticket: int
    subjects: tuple[str, ...] = ()
    voided: bool = False
    amended: int = 0


Row = Visit | Declaration | Defer | Leave


class Projection(msgspec.Struct, frozen=True):
    """`rows` by canonical root key; `waiting`: amendments whose target has not come (or is no root)."""

    rows: dict[Key, Row]
    waiting: tuple[Key, ...]


class Ticket(msgspec.Struct, frozen=True):
    """What became of one ticket. `visit`: the arrival it went with, None for a lane's; times in ms UTC."""

    number: int
    at: int
    reason: str
    key: Key
    visit: Key | None = None
    declared_at: int | None = None
    left_at: int | None = None
    voided: bool = False

    @property
    def state(self) -> str:
        """open, declared, left or voided."""
        if self.voided:
            return "voided"
        return "declared" if self.declared_at is not None else "left" if self.left_at is not None else "open"


def target_of(body: Body) -> Key | None:
    """The root that an event names (a correction's or an exit's `target`, a late declaration's `arrival`); None if none properly."""
    if body.kind != Kind.CORRECTION and body.kind not in OF_A_VISIT:
        return None
    try:
        return Key.parse(str(body.fields.get("arrival" if body.kind == Kind.DECLARATION else "target") or ""))
    except ValueError:
        return None


def amends(body: Body) -> bool:
    """True for a correction, and for what names a visit: they are filed as links and wait for their root."""
    return body.kind == Kind.CORRECTION or target_of(body) is not None


def fits(amendment: Body, root: Body) -> bool:
    """A correction may name any root; an exit and a late declaration, a visit."""
    return root.kind in ROOTS if amendment.kind == Kind.CORRECTION else root.kind == Kind.VISIT


def settle(roots: Sequence[Fact], amendments: Sequence[Fact]) -> Row:
    """The row of one deed. `roots`: every event that wrote it (at least one); `amendments`: all that name any of them, and the
    corrections of those."""
    root = min(roots, key=lambda fact: fact.rank)
    if not amendments:  # nearly every event, for nearly all of the day
        fields = root.body.fields
        return _visit(root, fields, (), False, 0) if root.body.kind == Kind.VISIT else _other(root, fields, False, 0)
    own = {fact.key for fact in roots}
    corrections = sorted((a for a in amendments if a.body.kind == Kind.CORRECTION), key=lambda fact: fact.rank)
    mine = [c for c in corrections if target_of(c.body) in own]
    voided = any(c.body.fields.get("void") for c in mine)
    changes: list[dict[str, Any]] = [c for a in mine if isinstance(c := a.body.fields.get("changes"), dict) and c]
    last = changes[-1] if changes else {}
    taken_out = {key for key, value in last.items() if value is None}
    fields = {key: value for key, value in {**root.body.fields, **last}.items() if key not in taken_out}
    if root.body.kind == Kind.VISIT:
        return _visit(root, fields, _dependants(amendments, corrections), voided, len(mine))
    return _other(root, fields, voided, len(mine))


def _dependants(amendments: Sequence[Fact], corrections: Sequence[Fact]) -> list[Row]:
    """The exits and late declarations that name a visit, each settled with its own corrections; a deed once, voided ones left out."""
    deeds: dict[tuple[int, str], list[Fact]] = defaultdict(list)
    for fact in amendments:
        if fact.body.kind in OF_A_VISIT:
            deeds[fact.body.kind, fact.body.deed].append(fact)
    rows = [settle(facts, [c for c in corrections if target_of(c.body) in {f.key for f in facts}]) for facts in deeds.values()]
    return sorted((row for row in rows if not row.voided), key=lambda row: (row.at, row.key))


def _moment(fields: dict[str, Any], at: int) -> int:
    """When it happened: for a paper form that was keyed in later, the time on the paper."""
    written = fields.get("paper_at")
    return written if isinstance(written, int) and 0 <= at - written < DAY_MS else at


def _visit(root: Fact, fields: dict[str, Any], more: Sequence[Row], voided: bool, amended: int) -> Visit:
    declared = [row for row in more if isinstance(row, Declaration)]
    said = declared[-1].subjects if declared else ()
    return Visit(
        root.key,
        root.body.deed,
        _moment(fields, root.at),
        int(fields.get("no", 0)),
        str(fields.get("source", "")),
        str(fields.get("verdict", "")),
        declared[-1].at if declared else fields.get("since"),
        tuple(dict.fromkeys((*_subjects(fields), *said))),
        max((row.at for row in more if isinstance(row, Leave)), default=None),
        voided,
        amended,
        str(fields.get("person", VOTER)),
        int(fields.get("ticket") or 0),
        str(fields.get("place", "")),
    )


def _other(root: Fact, fields: dict[str, Any], voided: bool, amended: int) -> Row:
    key, deed, at, ticket = root.key, root.body.deed, _moment(fields, root.at), int(fields.get("ticket") or 0)
    if root.body.kind == Kind.DEFER:
        return Defer(key, deed, at, ticket, str(fields.get("reason", "")), voided, amended)
    if root.body.kind == Kind.LEAVE:
        return Leave(key, deed, at, str(fields.get("target", "")), ticket, _subjects(fields), voided, amended)
    shown = {k: v for k, v in fields.items() if k not in NOT_OF_THE_FORM}
    mode, desk, completes = str(fields.get("mode", "new")), bool(fields.get("desk")), str(fields.get("completes", ""))
    return Declaration(key, deed, at, mode, desk, _subjects(fields), shown, voided, amended, ticket, completes)


def _subjects(fields: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(s) for s in fields.get("subjects", ()))


def project(facts: Iterable[Fact]) -> Projection:
    """All rows of a set of events; repeated facts count once."""
    unique = {fact.key: fact for fact in facts}
    deeds: dict[tuple[int, str], list[Fact]] = defaultdict(list)
    for fact in unique.values():
        if fact.body.kind in ROOTS:
            deeds[fact.body.kind, fact.body.deed].append(fact)
    amendments: dict[Key, list[Fact]] = defaultdict(list)
    waiting: list[Key] = []
    for fact in unique.values():
        if amends(fact.body):
            target = target_of(fact.body)
            if target in unique and fits(fact.body, unique[target].body):
                amendments[target].append(fact)
            else:
                waiting.append(fact.key)
    rows = [settle(roots, [a for root in roots for a in _named(root.key, amendments)]) for roots in deeds.values()]
    return Projection({row.key: row for row in sorted(rows, key=lambda row: row.key)}, tuple(sorted(waiting)))


def _named(root: Key, amendments: Mapping[Key, Sequence[Fact]]) -> list[Fact]:
    """All that name a root, and all that name those."""
    first = list(amendments.get(root, ()))
    return first + [b for a in first if a.body.kind in OF_A_VISIT for b in amendments.get(a.key, ())]


def tickets(rows: Iterable[Row]) -> list[Ticket]:
    """What became of each ticket of one station and day, whichever kiosk handed it out, declared it or saw its holder leave.

    The number alone links them. A number that was handed out twice (a kiosk was restored) is paired in order: the first declaration
    closes the first ticket.
    """
    everything = sorted(rows, key=lambda row: (row.at, row.key))
    declared, left = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
    for row in everything:
        if isinstance(row, Declaration) and row.ticket and not row.voided:
            declared[row.ticket].append(row.at)
        elif isinstance(row, Leave) and row.ticket and not row.voided and not row.target:
            left[row.ticket].append(row.at)
    visits = {row.deed: row for row in everything if isinstance(row, Visit)}
    out: list[Ticket] = []
    for row in everything:
        if isinstance(row, Defer):
            visit = visits.get(row.deed)
            gone = row.voided or (visit is not None and visit.voided)
            when = None if gone else _first(declared[row.ticket])
            out_at = visit.left_at if visit is not None and visit.left_at is not None else None if gone else _first(left[row.ticket])
            out.append(Ticket(row.ticket, row.at, row.reason, row.key, visit.key if visit else None, when, out_at, gone))
    return out


def _first(times: list[int]) -> int | None:
    return times.pop(0) if times else None


def repeated(rows: Iterable[Row]) -> frozenset[Key]:
    """Arrivals that are another kiosk's word for one that counts already: the same ticket, in first at one laptop and declared at
    another. The earliest counts."""
    seen: set[int] = set()
    again: set[Key] = set()
    for row in sorted(rows, key=lambda row: (row.at, row.key)):
        if isinstance(row, Visit) and row.ticket and not row.voided:
            if row.ticket in seen:
                again.add(row.key)
            seen.add(row.ticket)
    return frozenset(again)
