"""What the journal of a day says of its people and its close: who was on duty at this entrance, and what the lead signed."""

import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from kiosk.domain.events import Body, Kind
from kiosk.errors import KioskError
from kiosk.store.journal import EPOCH, EVENT, Journal

KINDS = (Kind.STAY, Kind.AUDIT, Kind.DAY)
DUTY = ("begin", "sign_in", "unlocked")  # words by which somebody takes this entrance over


class Evening(msgspec.Struct, frozen=True):
    """`officers`: ids, as they came. As last signed, `counted`: entrance -> counted by hand, `others`: kiosk's label -> visits."""

    officers: tuple[str, ...] = ()
    counted: Mapping[str, int] = msgspec.field(default_factory=dict)
    others: Mapping[str, int] = msgspec.field(default_factory=dict)


def of_day(conn: Connection, journal: Journal, event_day: str) -> Evening:
    """Reads the few events of these kinds; one that does not open is passed over."""
    wanted = select(EVENT.c.epoch, EVENT.c.sealed).join(EPOCH, EPOCH.c.epoch == EVENT.c.epoch)
    wanted = wanted.where(EPOCH.c.event_day == event_day, EVENT.c.kind.in_([int(kind) for kind in KINDS]))
    bodies: list[Body] = []
    for row in conn.execute(wanted.order_by(EVENT.c.at, EPOCH.c.ordinal, EVENT.c.seq)):
        with contextlib.suppress(KioskError):
            bodies.append(journal.open(conn, row.epoch, row.sealed))
    on_duty = [body.officer for body in bodies if body.kind != Kind.DAY and body.fields.get("what") in DUTY and body.officer != "-"]
    closed = [body.fields for body in bodies if body.kind == Kind.DAY and body.fields.get("what") == "closed"]
    said = closed[-1] if closed else {}
    return Evening(tuple(dict.fromkeys(on_duty)), _counted(said), _numbers(said.get("others")))


def _counted(said: Mapping[str, Any]) -> dict[str, int]:
    """From [entrance, here, opened, counted or -1]."""
    lines = said.get("tally") or ()
    return {str(line[0]): int(line[3]) for line in lines if len(line) == 4 and isinstance(line[3], int) and line[3] >= 0}


def _numbers(said: object) -> dict[str, int]:
    return {str(label): n for label, n in said.items() if isinstance(n, int)} if isinstance(said, dict) else {}
