"""The register: who is known here, which day is open, what happened today. Reads only what the projections hold."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select, update

from kiosk.domain import projection
from kiosk.domain.events import Key
from kiosk.domain.feed import EnteredRow
from kiosk.domain.projection import Ticket
from kiosk.domain.verdict import NOBODY, Known
from kiosk.domain.vntime import ZONE, local
from kiosk.errors import Code, KioskError
from kiosk.store import feed, projections
from kiosk.store.engine import Prepared
from kiosk.store.journal import EPOCH, EVENT, Identity
from kiosk.store.projections import DECLARATION, DEFER, LEAVE, SIGHTING, SUBJECT, VISIT
from kiosk.store.tables import ReceiptRow, WorkingDay

DAY: Any = WorkingDay.__table__  # type: ignore[attr-defined]
RECEIPT: Any = ReceiptRow.__table__  # type: ignore[attr-defined]

OPEN_DAY = Prepared(select(DAY.c.event_day, func.max(DAY.c.opened_at)).where(DAY.c.closed_at.is_(None)))  # SQLite: the day of that maximum
ROOTS_OF = Prepared(select(SUBJECT.c.epoch, SUBJECT.c.seq).where(SUBJECT.c.hash == bindparam("hash")))
ENTERED = Prepared(
    select(VISIT.c.at, VISIT.c.source, VISIT.c.ticket).where(
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
OWN_EPOCH = Prepared(select(EPOCH.c.ordinal).where(EPOCH.c.epoch == bindparam("epoch")))
NEWEST = select(EPOCH.c.epoch, EPOCH.c.reason).order_by(EPOCH.c.ordinal.desc()).limit(1).subquery()
LAST_VISIT = Prepared(
    select(VISIT.c.number, VISIT.c.event_day)
    .where(VISIT.c.epoch == select(NEWEST.c.epoch).where(NEWEST.c.reason.not_like("carried:%")).scalar_subquery())
    .order_by(VISIT.c.seq.desc())  # a carried epoch's rows may stand under the epoch that it carries on
    .limit(1)
)


def find(conn: Connection, subjects: tuple[str, ...], event_day: str, station_key: bytes) -> Known:
    """What is known of a person by any of their look-up names: what was written here, then what the province's feed says.

    `declaration` and `entered_event` without the kiosk's name: "epoch:seq".
    """
    if not subjects:
        return NOBODY
    entered: int | None = None
    first = ""  # the event of that arrival
    ticket = 0  # of the arrival, when the declaration was put off
    said: Any = None
    key: tuple[str, int] = ("", 0)
    hashes = [projections.subject_hash(station_key, subject) for subject in subjects]
    for digest in hashes:
        for epoch, seq in ROOTS_OF.run(conn, {"hash": digest}).fetchall():
            visit = ENTERED.first(conn, epoch=epoch, seq=seq, event_day=event_day)
            if visit is not None:
                if entered is None or visit[0] < entered:
                    entered, first = visit[0], f"{epoch}:{seq}"
                ticket = visit[2] if visit[1] == "defer" else ticket
                continue
            declared = DECLARED.first(conn, epoch=epoch, seq=seq)
            if declared is not None and (said is None or declared[0] > said[0]):
                said, key = declared, (epoch, seq)
    poster = _by_poster(conn, hashes, event_day) if entered is None else None
    nowhere = entered is None and poster is None  # the province counts a board's arrivals among those of other kiosks
    other = _elsewhere(conn, hashes, event_day) if nowhere else None
    if other is not None:
        return Known(other_at=other.at, other_event=other.event, ticket=ticket)
    told = [row for digest in hashes if (row := feed.person(conn, digest)) is not None]
    newest = max(told, key=lambda row: row.declared_at, default=None)
    if newest is not None and (said is None or newest.declared_at > said[0]):
        return Known(entered, poster, newest.declared_at, newest.desk, ticket=ticket, elsewhere=True, entered_event=first)
    if said is None:
        return Known(entered, poster, ticket=ticket, entered_event=first)
    fields = msgspec.json.decode(said[2], type=dict[str, Any])
    name, gender, born = (str(fields.get(k) or "") for k in ("full_name", "gender", "birth_date"))
    return Known(entered, poster, said[0], bool(said[1]), name, gender, born[:4], f"{key[0]}:{key[1]}", entered_event=first)


@lru_cache(8)
def day_of(event_day: str) -> tuple[int, int]:
    """[first, last) of a day in Vietnam, ms UTC."""
    first = int(datetime.combine(date.fromisoformat(event_day), time.min, ZONE).timestamp() * 1000)
    return first, first + 86_400_000


def _elsewhere(conn: Connection, hashes: list[bytes], event_day: str) -> EnteredRow | None:
    """The first arrival today that another kiosk counted; our own that came back down the feed are not another's."""
    found = [row for digest in hashes for row in feed.entered(conn, digest, *day_of(event_day)) if not _ours(conn, row)]
    return min(found, key=lambda row: row.at, default=None)


def _ours(conn: Connection, row: EnteredRow) -> bool:
    epoch = row.event.split(":")[1] if row.event.count(":") == 2 else ""
    return OWN_EPOCH.first(conn, epoch=epoch) is not None


def _by_poster(conn: Connection, hashes: list[bytes], event_day: str) -> int | None:
    """When the person confirmed today's arrival by the poster, or None."""
    found = [at for digest in hashes if (at := feed.arrived(conn, digest, *day_of(event_day))) is not None]
    return min(found, default=None)


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
    last = max((day for campaign in identity.campaigns for day in campaign.days), default=None)
    return day_of(last)[1] if last else 0


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


def nearest_day(identity: Identity, wall: int) -> str:
    """Today if it is a campaign day, else the next one, else the last. Raises KioskError(NO_DAY) where there is none at all."""
    days = sorted(day for campaign in identity.campaigns for day in campaign.days)
    if not days:
        raise KioskError(Code.NO_DAY)
    today = local(wall).date().isoformat()
    return next((day for day in days if day >= today), days[-1])


def is_closed(conn: Connection, event_day: str) -> bool:
    """True for a day that was open and is closed."""
    return conn.execute(select(DAY.c.closed_at).where(DAY.c.event_day == event_day)).scalar() is not None


def is_purged(conn: Connection, event_day: str) -> bool:
    """True once the day's readable rows are gone: nothing can be counted on top of them."""
    return bool(conn.execute(select(DAY.c.purged).where(DAY.c.event_day == event_day)).scalar())


def mark_purged(conn: Connection, days: Iterable[str]) -> None:
    """A journal that was built again from its second copy does not know it by itself."""
    conn.execute(update(DAY).where(DAY.c.event_day.in_(list(days)), DAY.c.purged.is_(None)).values(purged=1))


def last_day(conn: Connection) -> str | None:
    """The open day, else the one that was closed last."""
    newest = select(DAY.c.event_day).order_by(DAY.c.closed_at.is_(None).desc(), DAY.c.closed_at.desc()).limit(1)
    found = conn.execute(newest).scalar()
    return None if found is None else str(found)


def closed_at(conn: Connection, event_day: str) -> int | None:
    """ms UTC, None while it is open or was never opened."""
    found = conn.execute(select(DAY.c.closed_at).where(DAY.c.event_day == event_day)).scalar()
    return None if found is None else int(found)


def closed_days(conn: Connection) -> list[tuple[str, int]]:
    """(day, ms UTC of its close) of those whose rows are still here, oldest first."""
    here = select(DAY.c.event_day, DAY.c.closed_at).where(DAY.c.closed_at.is_not(None), DAY.c.purged.is_(None))
    return [(row.event_day, row.closed_at) for row in conn.execute(here.order_by(DAY.c.event_day))]


def close_day(conn: Connection, event_day: str, now: int) -> None:
    conn.execute(update(DAY).where(DAY.c.event_day == event_day).values(closed_at=now))


class Tally(msgspec.Struct, frozen=True):
    """One entrance's visits that count, deeds once. `place`: "" where the lane named none; `opened`: those that the province has opened."""

    place: str
    here: int
    opened: int


def tally(conn: Connection, event_day: str, opened: Mapping[str, int]) -> list[Tally]:
    """`opened`: epoch -> the last seq that the province's newest receipt says is opened."""
    here, there = Counter[str](), Counter[str]()
    seen: set[str] = set()
    rows = conn.execute(select(VISIT).where(VISIT.c.event_day == event_day, VISIT.c.voided == 0).order_by(VISIT.c.number)).all()
    for row in rows:
        if row.deed not in seen:
            seen.add(row.deed)
            here[row.place] += 1
            there[row.place] += row.seq <= opened.get(row.epoch, 0)
    return [Tally(place, here[place], there[place]) for place in sorted(here)]


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


def arrival(conn: Connection, subjects: tuple[str, ...], event_day: str, station_key: bytes) -> Any:
    """The row of the newest arrival today of the person with any of these look-up names, or None."""
    newest: Any = None
    for subject in subjects:
        for epoch, seq in ROOTS_OF.run(conn, {"hash": projections.subject_hash(station_key, subject)}).fetchall():
            row = visit_row(conn, Key("", epoch, seq))
            if row is not None and row.event_day == event_day and (newest is None or row.at > newest.at):
                newest = row
    return newest


def visit_row(conn: Connection, key: Key) -> Any:
    """An arrival that counts, or None."""
    return conn.execute(select(VISIT).where(VISIT.c.epoch == key.epoch, VISIT.c.seq == key.seq, VISIT.c.voided == 0)).first()


def left(conn: Connection, event_day: str, station_key: bytes, subjects: tuple[str, ...], ticket: int, target: Key | None) -> int | None:
    """When an exit was written that names the same person, ticket or arrival, ms UTC; for exits whose arrival is not known here."""
    named = func.max(LEAVE.c.at)
    of_day = (LEAVE.c.event_day == event_day, LEAVE.c.voided == 0)
    if target is not None:
        found = conn.execute(select(named).where(*of_day, LEAVE.c.target == str(target))).scalar()
    elif ticket:
        found = conn.execute(select(named).where(*of_day, LEAVE.c.target == "", LEAVE.c.ticket == ticket)).scalar()
    else:
        hashes = [projections.subject_hash(station_key, subject) for subject in subjects]
        whose = (LEAVE.c.epoch == SUBJECT.c.epoch, LEAVE.c.seq == SUBJECT.c.seq, SUBJECT.c.hash.in_(hashes))
        found = conn.execute(select(named).where(*of_day, *whose)).scalar() if hashes else None
    return None if found is None else int(found)


def came_back(conn: Connection, event_day: str, arrival: Key, since: int) -> bool:
    """True if the person of that arrival was seen at the entrance after `since` (ms UTC)."""
    seen = (SIGHTING.c.event_day == event_day, SIGHTING.c.other == str(arrival), SIGHTING.c.at > since)
    return conn.execute(select(SIGHTING.c.seq).where(*seen)).first() is not None


def is_exit(conn: Connection, key: Key) -> bool:
    """True if that event is an exit, whatever became of it."""
    return conn.execute(select(LEAVE.c.seq).where(LEAVE.c.epoch == key.epoch, LEAVE.c.seq == key.seq)).first() is not None


def arrival_numbered(conn: Connection, event_day: str, number: int) -> Any:
    """The arrival with this running number, counting or voided, or None."""
    return conn.execute(select(VISIT).where(VISIT.c.event_day == event_day, VISIT.c.number == number)).first()


def arrival_of_ticket(conn: Connection, event_day: str, ticket: int) -> Any:
    """The arrival that this kiosk gave the ticket to, or None."""
    return conn.execute(
        select(VISIT).where(VISIT.c.event_day == event_day, VISIT.c.ticket == ticket, VISIT.c.voided == 0).order_by(VISIT.c.at)
    ).first()


def ticket_given(conn: Connection, event_day: str, ticket: int) -> bool:
    """True if this kiosk handed that number out on the day, whatever became of it."""
    where = (DEFER.c.event_day == event_day, DEFER.c.ticket == ticket)
    return conn.execute(select(DEFER.c.seq).where(*where)).first() is not None


def declared_ticket(conn: Connection, event_day: str, ticket: int) -> bool:
    """True if a declaration here names the ticket."""
    where = (DECLARATION.c.event_day == event_day, DECLARATION.c.ticket == ticket, DECLARATION.c.voided == 0)
    return conn.execute(select(DECLARATION.c.seq).where(*where)).first() is not None


def next_ticket(conn: Connection, event_day: str, series: int) -> int:
    """Dense per kiosk and day, in this kiosk's own thousand: 1, 2, … at the first laptop, 2001, 2002, … at the second."""
    given = int(conn.execute(select(func.count()).select_from(DEFER).where(DEFER.c.event_day == event_day)).scalar() or 0) + 1
    return series * 1000 + given if given < 1000 else (series or 1) * 100_000 + given


def tickets(conn: Connection, kiosk: str, event_day: str) -> tuple[Ticket, ...]:
    """What became of each ticket of the day, as far as this kiosk knows."""
    rows: list[projection.Row] = []
    for r in conn.execute(select(DEFER).where(DEFER.c.event_day == event_day)):
        rows.append(projection.Defer(Key(kiosk, r.epoch, r.seq), r.deed, r.at, r.ticket, r.reason, bool(r.voided)))
    if not rows:
        return ()
    for r in conn.execute(select(VISIT).where(VISIT.c.event_day == event_day, VISIT.c.ticket > 0)):
        key, gone = Key(kiosk, r.epoch, r.seq), bool(r.voided)
        rows.append(projection.Visit(key, r.deed, r.at, r.number, r.source, r.verdict, r.since, (), r.left_at, gone, ticket=r.ticket))
    for r in conn.execute(select(DECLARATION).where(DECLARATION.c.event_day == event_day, DECLARATION.c.ticket > 0)):
        key, gone = Key(kiosk, r.epoch, r.seq), bool(r.voided)
        rows.append(projection.Declaration(key, r.deed, r.at, r.mode, bool(r.desk), (), voided=gone, ticket=r.ticket))
    for r in conn.execute(select(LEAVE).where(LEAVE.c.event_day == event_day, LEAVE.c.ticket > 0)):
        rows.append(projection.Leave(Key(kiosk, r.epoch, r.seq), r.deed, r.at, r.target, r.ticket, (), bool(r.voided)))
    return tuple(projection.tickets(rows))


class Declared(msgspec.Struct, frozen=True):
    """A declaration as it stands. `event`: "kiosk:epoch:seq"; `fields`: form.yaml's keys."""

    event: str
    at: int
    mode: str
    fields: dict[str, Any]


def declaration(conn: Connection, key: Key) -> Declared | None:
    """A declaration that counts, or None."""
    where = (DECLARATION.c.epoch == key.epoch, DECLARATION.c.seq == key.seq, DECLARATION.c.voided == 0)
    row = conn.execute(select(DECLARATION).where(*where)).first()
    return None if row is None else Declared(str(key), row.at, row.mode, msgspec.json.decode(row.fields, type=dict[str, Any]))


def day_of_declaration(conn: Connection, key: Key) -> str:
    """The working day it was written on, "" for one that is not here."""
    where = (DECLARATION.c.epoch == key.epoch, DECLARATION.c.seq == key.seq)
    return str(conn.execute(select(DECLARATION.c.event_day).where(*where)).scalar() or "")


class Line(msgspec.Struct, frozen=True):
    """One line of today's list, one a deed; no name, no number of a person. `event`: "kiosk:epoch:seq" of what F4 takes; `kind`:
    visit, declaration (of somebody who was in), defer (a lane's ticket), leave; `declaration`: event of the deed's declaration, or ""."""

    at: int
    number: int
    act: str
    source: str
    event: str
    voided: bool
    kind: str = "visit"
    ticket: int = 0
    declaration: str = ""
    amended: bool = False


def lines(conn: Connection, kiosk: str, event_day: str, limit: int) -> tuple[Line, ...]:
    """The newest `limit` deeds of the day, newest first."""

    def newest(table: Any) -> Any:
        order = (table.c.at.desc(), table.c.epoch, table.c.seq.desc())
        return conn.execute(select(table).where(table.c.event_day == event_day).order_by(*order).limit(limit)).all()

    def event(row: Any) -> str:
        return f"{kiosk}:{row.epoch}:{row.seq}"

    visits = newest(VISIT)
    declared, deferred = newest(DECLARATION), newest(DEFER)
    of_deed = {row.deed: event(row) for row in declared}
    wanted = [row.deed for row in (*declared, *deferred)]
    arrived = {deed for (deed,) in conn.execute(select(VISIT.c.deed).where(VISIT.c.deed.in_(wanted)))} if wanted else set()
    found: list[tuple[int, int, Line]] = []

    def add(row: Any, number: int, act: str, source: str, kind: str, ticket: int, declaration: str = "") -> None:
        gone, amended = bool(row.voided), row.amended > 0
        found.append((row.at, row.seq, Line(row.at, number, act, source, event(row), gone, kind, ticket, declaration, amended)))

    for v in visits:
        add(v, v.number, v.verdict, v.source, "visit", v.ticket, of_deed.get(v.deed, ""))
    for d in declared:
        if d.deed not in arrived:
            add(d, 0, "declaration_kept", d.mode, "declaration", d.ticket, event(d))
    for d in deferred:
        if d.deed not in arrived:
            add(d, 0, "to_the_table", d.reason, "defer", d.ticket)
    for gone in newest(LEAVE):
        add(gone, 0, "left", "", "leave", gone.ticket)
    found.sort(key=lambda one: one[:2], reverse=True)
    return tuple(line for _, _, line in found[:limit])


class Today(msgspec.Struct, frozen=True):
    """Counts of the open day; voided arrivals are in `voided` alone. `by_hour`: local hour -> arrivals."""

    event_day: str
    visits: int = 0
    declared: int = 0
    voided: int = 0
    corrected: int = 0
    opened_at: int | None = None
    first: int = 0
    highest: int = 0
    by_hour: dict[int, int] = msgspec.field(default_factory=dict)
    by_source: dict[str, int] = msgspec.field(default_factory=dict)
    by_verdict: dict[str, int] = msgspec.field(default_factory=dict)
    by_mode: dict[str, int] = msgspec.field(default_factory=dict)
    by_person: dict[str, int] = msgspec.field(default_factory=dict)
    left: int = 0
    tickets: tuple[Ticket, ...] = ()
    last: tuple[Line, ...] = ()

    @property
    def waiting_tickets(self) -> tuple[Ticket, ...]:
        """Who is in and has not declared: neither declared nor gone."""
        return tuple(t for t in self.tickets if t.state == "open" and t.visit is not None)


def today(conn: Connection, identity: Identity, event_day: str, shown_lines: int = 20) -> Today:
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
    modes = conn.execute(
        select(DECLARATION.c.mode, func.count())
        .where(DECLARATION.c.event_day == event_day, DECLARATION.c.voided == 0)
        .group_by(DECLARATION.c.mode)
    )
    by_mode = {mode: count for mode, count in modes}
    opened = conn.execute(select(DAY.c.opened_at).where(DAY.c.event_day == event_day)).scalar()
    of_day = (VISIT.c.event_day == event_day, VISIT.c.voided == 0)
    persons = conn.execute(select(VISIT.c.person, func.count()).where(*of_day).group_by(VISIT.c.person))
    gone = conn.execute(select(func.count()).select_from(LEAVE).where(LEAVE.c.event_day == event_day, LEAVE.c.voided == 0)).scalar()
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
        by_person={person: count for person, count in persons},
        left=int(gone or 0),
        tickets=tickets(conn, identity.kiosk, event_day),
        last=lines(conn, identity.kiosk, event_day, shown_lines),
    )


def epochs(conn: Connection) -> list[Any]:
    """Every epoch's row, oldest first."""
    return list(conn.execute(select(EPOCH).order_by(EPOCH.c.ordinal)).all())
