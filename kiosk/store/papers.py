"""What paper needs of the store: declarations and tickets by their event, and the queue of prints. A print never touches an event."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, or_, select, update

from kiosk.domain.events import Key
from kiosk.store.projections import DECLARATION, VISIT
from kiosk.store.tables import PrintJobRow

JOB: Any = PrintJobRow.__table__  # type: ignore[attr-defined]
WAITING, PRINTED, DROPPED = "waiting", "printed", "dropped"


class Declared(msgspec.Struct, frozen=True):
    """One declaration as it stands. `deed`: hex; `number`: of the arrival that came with it, 0 without one; times ms UTC."""

    key: Key
    deed: str
    at: int
    mode: str
    fields: dict[str, Any]
    number: int = 0


class Job(msgspec.Struct, frozen=True):
    """A paper in the queue; the columns of PrintJobRow."""

    number: int
    at: int
    paper: str
    target: str
    size: str
    detail: dict[str, Any]
    printer: str
    state: str
    again: int
    tries: int
    next_at: int
    why: str
    job: str


def declaration(conn: Connection, key: Key) -> Declared | None:
    """The declaration that `key` names, or that was made in one deed with the visit it names; None without one, or if it was voided."""
    visit = conn.execute(select(VISIT.c.deed, VISIT.c.number).where(VISIT.c.epoch == key.epoch, VISIT.c.seq == key.seq)).first()
    same = DECLARATION.c.deed == visit.deed if visit else (DECLARATION.c.epoch == key.epoch) & (DECLARATION.c.seq == key.seq)
    row = conn.execute(select(DECLARATION).where(same, DECLARATION.c.voided == 0)).first()
    if row is None:
        return None
    number = visit.number if visit else conn.execute(select(VISIT.c.number).where(VISIT.c.deed == row.deed)).scalar()
    fields = msgspec.json.decode(row.fields, type=dict[str, Any])
    return Declared(Key(key.kiosk, row.epoch, row.seq), row.deed, row.at, row.mode, fields, int(number or 0))


def newest_declaration(conn: Connection, event_day: str) -> tuple[str, int] | None:
    """(epoch, seq) of the day's last declaration that counts."""
    newest = select(DECLARATION.c.epoch, DECLARATION.c.seq).where(DECLARATION.c.event_day == event_day, DECLARATION.c.voided == 0)
    row = conn.execute(newest.order_by(DECLARATION.c.at.desc(), DECLARATION.c.seq.desc()).limit(1)).first()
    return (row.epoch, row.seq) if row else None


def printed_before(conn: Connection, paper: str, target: str, but: str = "") -> int:
    """How often this paper of this record came out of a printer; `but`: one that does not count (a file that was only looked at)."""
    where = (JOB.c.paper == paper, JOB.c.target == target, JOB.c.state == PRINTED, JOB.c.printer != but)
    return int(conn.execute(select(func.count()).select_from(JOB).where(*where)).scalar_one()) if target else 0


def add(conn: Connection, job: Job) -> int:
    """Files a job and returns its number; `job.number` is not looked at."""
    number = int(conn.execute(select(func.max(JOB.c.number))).scalar() or 0) + 1
    values = msgspec.structs.asdict(job) | {"number": number, "detail": msgspec.json.encode(job.detail).decode()}
    conn.execute(insert(JOB).values(**values))
    return number


def due(conn: Connection, now: int) -> Job | None:
    """The oldest waiting job whose time has come."""
    row = conn.execute(select(JOB).where(JOB.c.state == WAITING, JOB.c.next_at <= now).order_by(JOB.c.number).limit(1)).first()
    return _job(row) if row else None


def next_due(conn: Connection) -> int | None:
    """ms UTC at which something may be tried again; None: nothing waits."""
    at = conn.execute(select(func.min(JOB.c.next_at)).where(JOB.c.state == WAITING)).scalar()
    return None if at is None else int(at)


def jobs(conn: Connection, newest: int = 20) -> list[Job]:
    """What waits, and the newest others; newest first."""
    waits = select(JOB).where(or_(JOB.c.state == WAITING, JOB.c.number > select(func.max(JOB.c.number) - newest).scalar_subquery()))
    return [_job(row) for row in conn.execute(waits.order_by(JOB.c.number.desc()))]


def stuck(conn: Connection) -> int:
    """How many jobs wait after at least one try."""
    return int(conn.execute(select(func.count()).select_from(JOB).where(JOB.c.state == WAITING, JOB.c.tries > 0)).scalar_one())


def change(conn: Connection, numbers: Sequence[int], **values: Any) -> None:
    conn.execute(update(JOB).where(JOB.c.number.in_(numbers)).values(**values))


def _job(row: Any) -> Job:
    values = {name: getattr(row, name) for name in Job.__struct_fields__}
    return Job(**values | {"detail": msgspec.json.decode(row.detail, type=dict[str, Any])})
