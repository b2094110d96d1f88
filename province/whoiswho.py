"""Who the contacts of a trace are. A day's hashes say nothing of another day's: that two are one person shows in their opened bodies.

Two are one where an ID number is the same, in what was scanned or in the declaration that it leads to. A phone, which a family shares,
joins nobody.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from province import tracing
from province.asking import told_of
from province.reader import Reader

Particulars = tuple[str, str, str, str]


class Identity(NamedTuple):
    """`particulars`: name, phone, address, ID number, each may be ""; `subject`: a name to trace on with, or ""; `numbers`: "id:…"."""

    particulars: Particulars
    subject: str = ""
    numbers: frozenset[str] = frozenset()


def identity(conn: Connection, reader: Reader, spell: tracing.Spell) -> Identity:
    """Of whoever made a visit: its body names somebody, whose newest declaration says more."""
    said = tracing.fields_of(conn, reader, spell.station, spell.key, spell.day)
    names = [str(name) for name in said.get("subjects", ())]
    strong = [name for name in names if not name.startswith("phone:")]
    told = told_of(conn, reader, strong or names, 1) if names else []
    fields = told[0].fields if told else {}
    more = [str(name) for name in fields.get("subjects", ())] if strong else []  # what a phone leads to may be somebody else's
    return Identity(particulars(fields), names[0] if names else "", frozenset(n for n in (*names, *more) if n.startswith("id:")))


def particulars(fields: dict[str, Any]) -> Particulars:
    home = fields.get("current") or fields.get("permanent") or {}
    levels = ("hamlet", "ward", "district", "province")
    address = ", ".join(str(home[level]) for level in levels if home.get(level)) if isinstance(home, dict) else str(home)
    return str(fields.get("full_name", "")), str(fields.get("phone", "")), address, str(fields.get("id_number", ""))


def united(found: Sequence[tuple[tracing.Contact, Identity]]) -> list[tuple[tracing.Contact, Identity]]:
    """Each person once, longest together first."""
    groups: list[tuple[set[str], list[tuple[tracing.Contact, Identity]]]] = []
    for each in found:
        numbers, members = set(each[1].numbers), [each]
        for group in [g for g in groups if g[0] & numbers]:
            groups.remove(group)
            numbers, members = numbers | group[0], group[1] + members
        groups.append((numbers, members))
    whole = [(tracing.merged([contact for contact, _ in members]), _best([who for _, who in members])) for _, members in groups]
    named = {contact.who: who for contact, who in whole}
    return [(contact, named[contact.who]) for contact in tracing.ranked(contact for contact, _ in whole)]


def _best(found: Sequence[Identity]) -> Identity:
    """The one that says most; a number to go on with before a phone or a pass."""
    best = max(found, key=lambda who: (bool(who.particulars[0]), len(who.numbers)))
    numbers = frozenset[str]().union(*(who.numbers for who in found))
    subject = next((who.subject for who in found if who.subject.startswith("id:")), best.subject)
    return Identity(best.particulars, subject, numbers)
