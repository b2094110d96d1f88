"""The register: who is known here, which day is open, what happened today. Reads only what the projections hold."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select, update

from kiosk.domain.verdict import NOBODY, Known
from kiosk.domain.vntime import ZONE, local
from kiosk.errors import Code, KioskError
from kiosk.store import projections
from kiosk.store.engine import Prepared
from kiosk.store.journal import EPOCH, EVENT, Identity
from kiosk.store.projections import DECLARATION, SIGHTING, SUBJECT, VISIT
from kiosk.store.tables import ReceiptRow, WorkingDay

DAY: Any = WorkingDay.__table__  # type: ignore[attr-defined]
RECEIPT: Any = ReceiptRow.__table__  # type: ignore[attr-defined]

OPEN_DAY = Prepared(select(DAY.c.event_day, func.max(DAY.c.opened_at)).where(DAY.c.closed_at.is_(None)))  # SQLite: the day of that maximum
ROOTS_OF = Prepared(select(SUBJECT.c.epoch, SUBJECT.c.seq).where(SUBJECT.c.hash == bindparam("hash")))
ENTERED = Prepared(
    select(VISIT.c.at).where(
        VISIT.c.epoch == bindparam("epoch"),
        VISIT.c.seq == bindparam("seq"),
        VISIT.c.event_day == bindparam("event_day"),
        VISIT.c.voided == 0,
    )
)
DECLARED = Prepared(
    select(DECLARATION.c.at, DECLARATION.c.desk, DECLARATION.c.fields).where(
        DECLARATION.c.epoch == bindparam("epoch"), DECLARATION.c.seq == bindparam("seq"), DECLARATION.c.voided == 0
    )
)
LAST_VISIT = Prepared(
    select(VISIT.c.number, VISIT.c.event_day)
    .where(VISIT.c.epoch == select(EPOCH.c.epoch).order_by(EPOCH.c.ordinal.desc()).limit(1).scalar_subquery())
    .order_by(VISIT.c.seq.desc())
    .limit(1)
)


def find(conn: Connection, subjects: tuple[str, ...], event_day: str, station_key: bytes) -> Known:
    """What is known of a person by any of their look-up names."""
    if not subjects:
        return NOBODY
    entered: int | None = None
    said: Any = None
    for subject in subjects:
        for epoch, seq in ROOTS_OF.run(conn, {"hash": projections.subject_hash(station_key, subject)}).fetchall():
            visit = ENTERED.first(conn, epoch=epoch, seq=seq, event_day=event_day)
            if visit is not None:
                entered = min(visit[0], entered or visit[0])
                continue
            declared = DECLARED.first(conn, epoch=epoch, seq=seq)
            if declared is not None and (said is None or declared[0] > said[0]):
                said = declared
    if said is None:
        return Known(entered_at=entered)
    fields = msgspec.json.decode(said[2], type=dict[str, Any])
    name, gender, born = (str(fields.get(k) or "") for k in ("full_name", "gender", "birth_date"))
    return Known(entered, None, said[0], bool(said[1]), name, gender, born[:4])


def next_number(conn: Connection, event_day: str) -> int:
    """Dense per kiosk and working day, visits only; voided ones keep theirs. The newest epoch's last visit has the highest."""
    last = LAST_VISIT.first(conn)
    if last is not None and last[1] == event_day:
        return int(last[0]) + 1
    return int(conn.execute(select(func.max(VISIT.c.number)).where(VISIT.c.event_day == event_day)).scalar() or 0) + 1


def open_day(conn: Connection) -> str | None:
    """The day that was opened last and not closed; never from the wall clock."""
    day = OPEN_DAY.first(conn)[0]
    return None if day is None else str(day)


def ceiling(identity: Identity) -> int:
    """The end of the last campaign day, ms UTC: a clock that shows more is wrong, or the election is over; it proves nothing."""
    last = max((date.fromisoformat(day) for campaign in identity.campaigns for day in campaign.days), default=date.min)
    return int((datetime.combine(last, time.min, ZONE) + timedelta(days=1)).timestamp() * 1000)


def floor(conn: Connection, identity: Identity) -> int:
    """The floor clock, ms UTC: the latest of last event, last receipt and enrolment; no honest clock shows less.

    Of all epochs: the newest may have begun in 2010. Events from beyond the ceiling, when the clock was ahead, do not count.
    """
    last_event = conn.execute(select(func.max(EVENT.c.at)).where(EVENT.c.at < ceiling(identity))).scalar() or 0
    last_receipt = conn.execute(select(func.max(RECEIPT.c.at))).scalar() or 0
    return max(last_event, last_receipt, identity.enrolled_at)


def likely_day(conn: Connection, identity: Identity, wall: int) -> str | None:
    """The campaign day that the clocks agree on, or None: then the lead picks.

    The floor clock (latest of last event, last receipt, enrolment) rescues a laptop that boots in 2010.
    """
    certain = floor(conn, identity)
    for moment in (max(certain, wall), certain):
        day = local(moment).date().isoformat()
        if identity.campaign(day):
            return day
    return None


def begin_day(conn: Connection, identity: Identity, event_day: str, now: int) -> None:
    """Opens (or reopens) a day. Raises KioskError(DAY_UNKNOWN) if no campaign names it."""
    try:
        date.fromisoformat(event_day)
    except ValueError:
        raise KioskError(Code.DAY_UNKNOWN, day=event_day[:20]) from None
    if identity.campaign(event_day) is None:
        raise KioskError(Code.DAY_UNKNOWN, day=event_day)
    conn.execute(update(DAY).where(DAY.c.closed_at.is_(None), DAY.c.event_day != event_day).values(closed_at=now))
    if conn.execute(select(DAY.c.event_day).where(DAY.c.event_day == event_day)).first():
        conn.execute(update(DAY).where(DAY.c.event_day == event_day).values(closed_at=None))
    else:
        conn.execute(insert(DAY).values(event_day=event_day, opened_at=now, closed_at=None))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of today's list; no name, no number of a person. `event`: "kiosk:epoch:seq"."""

    at: int
    number: int
    act: str
    source: str
    event: str
    voided: bool


@dataclass(frozen=True, slots=True)
class Today:
    """Counts of the open day; voided arrivals are in `voided` alone. `by_hour`: local hour -> arrivals."""

    event_day: str
    visits: int = 0
    declared: int = 0
    voided: int = 0
    corrected: int = 0
    opened_at: int | None = None
    first: int = 0
    highest: int = 0
    by_hour: dict[int, int] = field(default_factory=dict)
    by_source: dict[str, int] = field(default_factory=dict)
    by_verdict: dict[str, int] = field(default_factory=dict)
    by_mode: dict[str, int] = field(default_factory=dict)
    last: tuple[Line, ...] = ()


def today(conn: Connection, identity: Identity, event_day: str, lines: int = 20) -> Today:
    hour = (VISIT.c.at // 3_600_000 + 7) % 24  # Vietnam
    groups = conn.execute(
        select(VISIT.c.source, VISIT.c.verdict, hour.label("hour"), VISIT.c.voided, VISIT.c.amended > 0, func.count())
        .where(VISIT.c.event_day == event_day)
        .group_by(VISIT.c.source, VISIT.c.verdict, "hour", VISIT.c.voided, VISIT.c.amended > 0)
    ).all()
    sources, verdicts, hours, voided, corrected = Counter[str](), Counter[str](), Counter[int](), 0, 0
    for source, act, at, void, amended, count in groups:
        if void:
            voided += count
            continue
        sources[source], verdicts[act], hours[int(at)] = sources[source] + count, verdicts[act] + count, hours[int(at)] + count
        corrected += count if amended else 0
    shown = conn.execute(select(SIGHTING.c.verdict, func.count()).where(SIGHTING.c.event_day == event_day).group_by(SIGHTING.c.verdict))
    verdicts.update({verdict: count for verdict, count in shown})
    numbers = conn.execute(select(func.min(VISIT.c.number), func.max(VISIT.c.number)).where(VISIT.c.event_day == event_day)).one()
    newest = conn.execute(select(VISIT).where(VISIT.c.event_day == event_day).order_by(VISIT.c.number.desc()).limit(lines)).all()
    modes = conn.execute(
        select(DECLARATION.c.mode, func.count())
        .where(DECLARATION.c.event_day == event_day, DECLARATION.c.voided == 0)
        .group_by(DECLARATION.c.mode)
    )
    by_mode = {mode: count for mode, count in modes}
    opened = conn.execute(select(DAY.c.opened_at).where(DAY.c.event_day == event_day)).scalar()
    last = tuple(Line(v.at, v.number, v.verdict, v.source, f"{identity.kiosk}:{v.epoch}:{v.seq}", bool(v.voided)) for v in newest)
    return Today(
        event_day=event_day,
        visits=sources.total(),
        declared=sum(by_mode.values()),
        voided=voided,
        corrected=corrected,
        opened_at=opened,
        first=numbers[0] or 0,
        highest=numbers[1] or 0,
        by_hour=dict(hours),
        by_source=dict(sources),
        by_verdict=dict(verdicts),
        by_mode=by_mode,
        last=last,
    )


def epochs(conn: Connection) -> list[Any]:
    """Every epoch's row, oldest first."""
    return list(conn.execute(select(EPOCH).order_by(EPOCH.c.ordinal)).all())
