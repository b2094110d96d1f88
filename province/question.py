"""có / chưa có: whether a person has declared anywhere in the province, for kiosks that ask (POST /v1/known).

The opener remembers each declaration under HMACs of the person's numbers; the key is derived from the home's wrap key, so neither the
database alone nor a kiosk can try numbers against it. A number comes with a question, is hashed in memory and never stored or logged.
What is answered: when, and the next step. How often each kiosk asks is counted; one that asks more than an entrance can is alarmed.
"""

import hmac
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from kiosk.crypto import seal
from kiosk.domain import verdict, vntime
from kiosk.domain.events import Key
from kiosk.domain.policy import Campaign, Policy
from kiosk.domain.projection import Declaration
from kiosk.domain.protocol import KnownAnswer
from province import tables, tables_known
from province.db import insert_ignore

CAMPAIGN = tables.table(tables.Campaign)
ALERT = tables.table(tables.Alert)
KNOWN, ASKED = tables.table(tables_known.Known), tables.table(tables_known.Asked)
LONGEST = 80
HOUR = 3_600_000
ALARM = 300  # questions of one kiosk in an hour: a voter every 15 s is 240, and most codes need no question


def key_of(wrap: bytes) -> bytes:
    """The key of the hashes, 32 bytes. `wrap`: the home's wrap key."""
    return seal.derive(wrap, b"hue-known-v1")


def hashed(key: bytes, subject: str) -> bytes:
    return hmac.new(key, subject.encode(), sha256).digest()[:16]


def remember(conn: Connection, key: bytes, station: str, day: str, rows: Sequence[Declaration]) -> None:
    """Declarations under every name of their persons; said again, it is the same. A voided one is forgotten."""
    forget(conn, station, day, [row.key for row in rows])
    made: list[dict[str, Any]] = []
    for row in rows:
        root = row.key
        place = {"station_id": station, "event_day": day, "kiosk_id": root.kiosk, "epoch": root.epoch, "seq": root.seq}
        names = () if row.voided else row.subjects
        named = {hashed(key, subject) for subject in names if well_formed(subject) or subject.startswith("hu1:")}  # passes, for tracing
        made += [{"subject": name, **place, "declared_at": row.at, "desk": row.desk} for name in sorted(named)]
    insert_ignore(conn, KNOWN, made)


def forget(conn: Connection, station: str, day: str, roots: Sequence[Key]) -> None:
    """What stood under these roots is taken out."""
    c = KNOWN.c
    runs: dict[tuple[str, str], list[int]] = defaultdict(list)
    for root in roots:
        runs[root.kiosk, root.epoch].append(root.seq)
    for (kiosk, epoch), seqs in runs.items():
        own = (c.station_id == station, c.event_day == day, c.kiosk_id == kiosk, c.epoch == epoch, c.seq.in_(seqs))
        conn.execute(delete(KNOWN).where(*own))


def forget_day(conn: Connection, day: str) -> int:
    """Retention: with the day's key go the hashes of its declarations. Returns how many."""
    count = conn.execute(select(func.count()).select_from(KNOWN).where(KNOWN.c.event_day == day)).scalar_one()
    conn.execute(delete(KNOWN).where(KNOWN.c.event_day == day))
    return int(count)


def well_formed(subject: str) -> bool:
    kind, _, number = subject.partition(":")
    return kind in ("id", "phone") and 0 < len(number) <= LONGEST and number.isascii() and number.isprintable()


def policy(conn: Connection, now: int) -> Policy:
    """That of the campaign whose days are nearest to `now`, ms UTC."""
    campaigns = [msgspec.msgpack.decode(row.body, type=Campaign) for row in conn.execute(select(CAMPAIGN)).all()]
    today = vntime.iso_day(now)
    found = sorted(campaigns, key=lambda c: (today not in c.days, max(c.days, default="") < today, c.id))
    return found[0].policy if found else Policy()


def answer(conn: Connection, key: bytes, subject: str, now: int) -> KnownAnswer:
    """The newest declaration of whoever bears this number. `now`: ms UTC."""
    where = KNOWN.c.subject == hashed(key, subject)
    row = conn.execute(select(KNOWN.c.declared_at, KNOWN.c.desk).where(where).order_by(KNOWN.c.declared_at.desc()).limit(1)).first()
    at, desk = (row.declared_at, bool(row.desk)) if row is not None else (None, False)
    return KnownAnswer(row is not None, at, verdict.next_step(at, desk, policy(conn, now), now).value, now)


def count(conn: Connection, station: str, kiosk: str, now: int) -> None:
    """One more question of this kiosk in this hour; the one that goes over ALARM sets an alert of the day."""
    hour = {"station_id": station, "kiosk_id": kiosk, "hour": now // HOUR * HOUR}
    insert_ignore(conn, ASKED, [{**hour, "questions": 0}])
    c = ASKED.c
    same = (c.station_id == station, c.kiosk_id == kiosk, c.hour == hour["hour"])
    conn.execute(update(ASKED).where(*same).values(questions=c.questions + 1))
    if conn.execute(select(c.questions).where(*same)).scalar_one() == ALARM:
        alert = {"station_id": station, "event_day": vntime.iso_day(now), "kiosk_id": kiosk, "epoch": "", "kind": "asks", "at": now}
        insert_ignore(conn, ALERT, [alert])


def asked(conn: Connection, station: str = "") -> list[tuple[str, str, int, int]]:
    """(station, kiosk, hour in ms UTC, questions), newest hour first."""
    rows = select(ASKED).order_by(ASKED.c.hour.desc(), ASKED.c.station_id, ASKED.c.kiosk_id)
    found = conn.execute(rows.where(ASKED.c.station_id == station) if station else rows).all()
    return [(row.station_id, row.kiosk_id, row.hour, row.questions) for row in found]
