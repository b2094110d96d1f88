"""A set of events -> the rows people see. The kiosk and the province use this same code.

The result is a function of the *set*: any order of arrival gives the same rows. A correction, void or exit names the root
event; any void wins, else the last by (at, kiosk, epoch, seq); a deed counts once however often it was written.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kiosk.domain.events import Body, Key, Kind

ROOTS = frozenset({Kind.VISIT, Kind.DECLARATION})
AMENDMENTS = frozenset({Kind.CORRECTION, Kind.LEAVE})


class Fact(NamedTuple):
    """One opened event. `at`: ms UTC from its header."""

    key: Key
    at: int
    body: Body

    @property
    def rank(self) -> tuple[int, Key]:
        return self.at, self.key


@dataclass(frozen=True, slots=True)
class Visit:
    """One arrival. `number`: dense per kiosk and day; `source`: hu1, cccd, proxy, moh, …; `since`: when the person declared;
    `subjects`: look-up names; `left_at`: exit or None. Times in ms UTC."""

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


@dataclass(frozen=True, slots=True)
class Declaration:
    """One health declaration, after its corrections. `fields`: form.yaml's keys with the answers; `desk`: the rules' outcome."""

    key: Key
    deed: str
    at: int
    mode: str
    desk: bool
    subjects: tuple[str, ...]
    fields: dict[str, Any] = field(default_factory=dict)
    voided: bool = False
    amended: int = 0


Row = Visit | Declaration


@dataclass(frozen=True, slots=True)
class Projection:
    """`rows` by canonical root key; `waiting`: amendments whose target has not come (or is no root)."""

    rows: dict[Key, Row]
    waiting: tuple[Key, ...]


def target_of(body: Body) -> Key | None:
    """The root that an amendment names, or None if it names none properly."""
    try:
        return Key.parse(str(body.fields.get("target", "")))
    except ValueError:
        return None


def settle(roots: Sequence[Fact], amendments: Sequence[Fact]) -> Row:
    """The row of one deed. `roots`: every event that wrote it (at least one); `amendments`: all that name any of them."""
    root = min(roots, key=lambda fact: fact.rank)
    corrections = sorted((a for a in amendments if a.body.kind == Kind.CORRECTION), key=lambda fact: fact.rank)
    voided = any(a.body.fields.get("void") for a in corrections)
    changes: list[dict[str, Any]] = [c for a in corrections if isinstance(c := a.body.fields.get("changes"), dict) and c]
    fields: dict[str, Any] = {**root.body.fields, **(changes[-1] if changes else {})}
    subjects = tuple(str(s) for s in fields.get("subjects", ()))
    if root.body.kind == Kind.DECLARATION:
        shown = {k: v for k, v in fields.items() if k not in ("subjects", "desk", "mode")}
        mode, desk = str(fields.get("mode", "new")), bool(fields.get("desk"))
        return Declaration(root.key, root.body.deed, root.at, mode, desk, subjects, shown, voided, len(amendments))
    left = [a.at for a in amendments if a.body.kind == Kind.LEAVE]
    return Visit(
        root.key,
        root.body.deed,
        root.at,
        int(fields.get("no", 0)),
        str(fields.get("source", "")),
        str(fields.get("verdict", "")),
        fields.get("since"),
        subjects,
        max(left, default=None),
        voided,
        len(amendments),
    )


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
        if fact.body.kind in AMENDMENTS:
            target = target_of(fact.body)
            if target in unique and unique[target].body.kind in ROOTS:
                amendments[target].append(fact)
            else:
                waiting.append(fact.key)
    rows = [settle(roots, [a for root in roots for a in amendments[root.key]]) for roots in deeds.values()]
    return Projection({row.key: row for row in sorted(rows, key=lambda row: row.key)}, tuple(sorted(waiting)))
