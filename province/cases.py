"""Requests to trace a case: one account asks, another releases, the opener answers. Every step is in the chained log.

Both use their second factor for it. A request that nobody released within a day is over; a result is kept for a day and then emptied.
"""

import secrets
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, select, update

from kiosk.crypto import seal
from kiosk.domain import identity
from kiosk.domain.passes import hu1
from kiosk.domain.passes.model import Issuer, Reading
from kiosk.domain.text import BadText, clean
from province import accounts, actlog, officials, places, question, tables, tables_official, tracing, whoiswho
from province.asking import told_of
from province.authority import Authority
from province.db import Database
from province.reader import UNREADABLE, Reader
from province.settings import Refused, event_day

TRACE, OFFICER, STATION, KIOSK = (tables.table(m) for m in (tables_official.Trace, tables.Officer, tables.Station, tables.Kiosk))
DAY_MS = 24 * 3_600_000
MOST_DAYS, MOST_MARGIN = 21, 24 * 60
MOST_RING = 20  # people to go on with in one request
PURPOSE = b"trace"


class Asked(msgspec.Struct, frozen=True):
    """What is asked for. `subject`: "id:…", "phone:…" or "hu1:…"; `margin`, `stay`: minutes. A further ring: `of`: the request whose
    contacts these are, `more`: the others of them, `left_out`: the cases of the rings before."""

    subject: str
    days: tuple[str, ...]
    margin: int
    stay: int
    more: tuple[str, ...] = ()
    of: str = ""
    ring: int = 1
    left_out: tuple[str, ...] = ()


class Where(msgspec.Struct, frozen=True):
    """A spell as people read it. Times ms UTC; `exact`: an exit was recorded; `place`, `place_name`: of a QR place, or ""."""

    station: str
    name: str
    place: str
    entered: int
    left: int
    exact: bool
    source: str
    place_name: str = ""


class Person(msgspec.Struct, frozen=True):
    """Somebody who was there. `name`, `phone`, `address`, `id_number`: from the newest declaration, or ""; `person`: voter, team, service,
    companion, officer; `minutes`: together; `subject`: a name to trace on with (next ring), or ""; `met`: which of the cases, by their
    place in Result.everybody."""

    rank: int
    name: str
    phone: str
    address: str
    id_number: str
    person: str
    minutes: int
    first: int
    last: int
    where: list[Where]
    subject: str = ""
    met: tuple[int, ...] = (0,)


class Result(msgspec.Struct, frozen=True):
    """What the tracing team gets. `more`: a further ring's other cases."""

    case: Person
    contacts: list[Person]
    made_at: int
    more: list[Person] = []

    @property
    def everybody(self) -> list[Person]:
        """The cases."""
        return [self.case, *self.more]


class Case(msgspec.Struct, frozen=True):
    """A request as pages and commands show it; `asked` only for those who may see it."""

    id: str
    at: int
    asked_by: str
    reason: str
    decided_by: str
    decided_at: int
    state: str
    asked: Asked


def subject(db: Database, authority: Authority, kind: str, text: str) -> str:
    """The look-up name of what was typed. `kind`: number, phone, pass (its signature is checked). Raises Refused."""
    try:
        typed = clean(text, 400)
        if kind == "number":
            return identity.check_id(typed).subject
        if kind == "phone" and (phone := identity.check_phone(typed)[0]).startswith("+"):
            return f"phone:{phone}"
        read = hu1.read(typed.encode(), issuers(db, authority), None) if kind == "pass" else None
        if read is not None and read.reading is Reading.VERIFIED:
            return read.subjects[0]
    except BadText:
        pass
    raise Refused("Số, điện thoại hoặc mã chưa đúng.\nThe number, phone or code is not right.")


def issuers(db: Database, authority: Authority) -> dict[bytes, Issuer]:
    """Every pass issuer of the province."""
    with db.read() as conn:
        rows = conn.execute(select(KIOSK.c.issuer_id, KIOSK.c.issuer_public, KIOSK.c.revoked_at)).all()
    known = {bytes(row.issuer_id): Issuer(bytes(row.issuer_id), bytes(row.issuer_public), row.revoked_at) for row in rows}
    return known | {authority.issuer.id: Issuer(authority.issuer.id, authority.issuer.public)}


def stay_of(db: Database, now: int) -> int:
    """Minutes that a visit without an exit is taken to have lasted, by the policy of now."""
    with db.read() as conn:
        return question.policy(conn, now).stay_minutes


def ask(db: Database, authority: Authority, by: str, asked: Asked, reason: str, code: str, now: int) -> str:
    """A new request; its id. Raises Refused."""
    _allowed(db, authority, by, "trace", code, now)
    if not reason.strip():
        raise Refused("Cần lý do.\nA reason is needed.")
    try:
        days = tuple(sorted({event_day(day) for day in asked.days}))
    except ValueError as error:
        raise Refused("Ngày viết như 2021-05-23.\nWrite days as 2021-05-23.") from error
    if not 1 <= len(days) <= MOST_DAYS or not 0 <= asked.margin <= MOST_MARGIN or not 1 <= asked.stay <= MOST_MARGIN:
        raise Refused(f"Từ 1 đến {MOST_DAYS} ngày, khoảng đệm 0-1440 phút.\n1 to {MOST_DAYS} days, a margin of 0-1440 minutes.")
    name = secrets.token_hex(6)
    sealed = _seal(authority, name, msgspec.structs.replace(asked, days=days))
    row = {"id": name, "at": now, "asked_by": by, "reason": reason.strip()[:300], "state": "asked", "question": sealed, "result": b""}
    with db.write() as conn:
        conn.execute(TRACE.insert(), row | {"decided_by": "", "decided_at": 0})
        actlog.write(conn, by, "trace_asked", now, name, reason)
    return name


def next_ring(db: Database, authority: Authority, by: str, name: str, ranks: Sequence[int], reason: str, code: str, now: int) -> str:
    """A new request for the contacts of contacts, over the same days; released like any other. `ranks`: of the contacts to go on with.
    Raises Refused."""
    found, result = get(db, authority, name), read(db, authority, by, name, now)
    if found is None or result is None:
        raise Refused("Yêu cầu này chưa có kết quả.\nThis request has no result.")
    chosen = [one for one in result.contacts if one.rank in set(ranks)]
    if not 1 <= len(chosen) <= MOST_RING:
        raise Refused(f"Chọn từ 1 đến {MOST_RING} người để hỏi tiếp.\nChoose 1 to {MOST_RING} people to go on with.")
    if nameless := [str(one.rank) for one in chosen if not one.subject]:
        said = ", ".join(nameless)
        raise Refused(f"Người số {said} không có số hay mã để tìm tiếp.\nNumber {said} left no number or code to go on with.")
    asked = found.asked
    first, *more = dict.fromkeys(one.subject for one in chosen)
    before = (asked.subject, *asked.more, *asked.left_out)
    further = Asked(first, asked.days, asked.margin, asked.stay, tuple(more), name, asked.ring + 1, before)
    return ask(db, authority, by, further, reason, code, now)


def decide(db: Database, authority: Authority, by: str, name: str, release: bool, code: str, now: int, reason: str = "") -> None:
    """Another account's word on a request, once. Raises Refused: the same person, no right, too late, decided before."""
    _allowed(db, authority, by, "release", code, now)
    with db.write() as conn:
        row = conn.execute(select(TRACE).where(TRACE.c.id == name).with_for_update()).first()
        if row is None or row.state != "asked" or not row.at <= now < row.at + DAY_MS:
            raise Refused("Yêu cầu này không còn chờ duyệt.\nThis request is not waiting any more.")
        if row.asked_by == by:
            raise Refused("Người yêu cầu không tự duyệt.\nWhoever asked cannot release it.")
        state = "approved" if release else "refused"
        conn.execute(update(TRACE).where(TRACE.c.id == name).values(state=state, decided_by=by, decided_at=now))
        actlog.write(conn, by, "trace_approved" if release else "trace_refused", now, name, reason)


def read(db: Database, authority: Authority, by: str, name: str, now: int) -> Result | None:
    """The result, for one of the two who asked and released; None while there is none. Every reading is logged. Raises Refused."""
    found = get(db, authority, name)
    account = accounts.live(db, by, now)
    if found is None or account is None or by not in (found.asked_by, found.decided_by):
        raise Refused("Chỉ người yêu cầu và người duyệt xem được kết quả.\nOnly the two who asked and released may read it.")
    with db.read() as conn:
        row = conn.execute(select(TRACE).where(TRACE.c.id == name)).one()
    if row.state != "done" or not row.result:
        return None
    actlog.note(db, by, "trace_read", now, name)
    return msgspec.msgpack.decode(seal.unwrap(authority.derived(PURPOSE), row.result, _result(name)), type=Result)


def get(db: Database, authority: Authority, name: str) -> Case | None:
    with db.read() as conn:
        row = conn.execute(select(TRACE).where(TRACE.c.id == name)).first()
    return None if row is None else _case(authority, row)


def listed(db: Database, authority: Authority, limit: int = 100) -> list[Case]:
    """Newest first."""
    with db.read() as conn:
        rows = conn.execute(select(TRACE).order_by(TRACE.c.at.desc()).limit(limit)).all()
    return [_case(authority, row) for row in rows]


def _case(authority: Authority, row: Any) -> Case:
    asked = msgspec.msgpack.decode(seal.unwrap(authority.derived(PURPOSE), row.question, row.id.encode()), type=Asked)
    return Case(row.id, row.at, row.asked_by, row.reason, row.decided_by, row.decided_at, row.state, asked)


def _seal(authority: Authority, name: str, asked: Asked) -> bytes:
    return seal.wrap(authority.derived(PURPOSE), msgspec.msgpack.encode(asked), name.encode())


def _result(name: str) -> bytes:
    return b"result" + name.encode()


def _allowed(db: Database, authority: Authority, by: str, right: str, code: str, now: int) -> None:
    account = accounts.live(db, by, now)
    if account is None or not officials.may(account, right):
        raise Refused("Tài khoản này không có quyền đó.\nThis account has no such right.")
    if not officials.check_factor(db, authority, by, code, now):
        actlog.note(db, by, "refused", now, "code")
        raise Refused("Mã hai lớp chưa đúng hoặc đã dùng.\nThe second factor's code is wrong or was used.")


def answer_waiting(db: Database, reader: Reader, key: bytes, now: int) -> int:
    """The opener's step: released requests are answered, old ones ended. How many it answered. One that cannot be read has failed, and
    holds up no other."""
    with db.read() as conn:
        rows = conn.execute(select(TRACE).where(TRACE.c.state.in_(["approved", "asked", "done"]))).all()
    done = 0
    for row in rows:
        old = now >= (row.decided_at or row.at) + DAY_MS
        if old or row.state != "approved":
            if old:
                with db.write() as conn:
                    conn.execute(update(TRACE).where(TRACE.c.id == row.id).values(state="expired", result=b""))
            continue
        try:
            state, sealed = "done", _answered(db, reader, key, row, now)
        except UNREADABLE as error:
            sys.stderr.write(f"opener: trace {row.id}: {type(error).__name__}\n")
            state, sealed = "failed", b""
        with db.write() as conn:
            conn.execute(update(TRACE).where(TRACE.c.id == row.id, TRACE.c.state == "approved").values(state=state, result=sealed))
        done += 1
    return done


def _answered(db: Database, reader: Reader, key: bytes, row: Any, now: int) -> bytes:
    """The sealed result. Raises one of UNREADABLE."""
    asked = msgspec.msgpack.decode(seal.unwrap(key, row.question, row.id.encode()), type=Asked)
    with db.read() as conn:
        found = result(conn, reader, asked, now)
    return seal.wrap(key, msgspec.msgpack.encode(found), _result(row.id))


def result(conn: Connection, reader: Reader, asked: Asked, now: int) -> Result:
    """The trace, with names where somebody declared."""
    subjects = (asked.subject, *asked.more)
    wanted = tracing.Question(subjects, asked.days, asked.margin * tracing.MINUTE, asked.stay * tracing.MINUTE, asked.left_out)
    found = tracing.trace(conn, reader, wanted)
    stations = {row.station_id: row.name for row in conn.execute(select(STATION.c.station_id, STATION.c.name))}
    officers = {row.id: row.name for row in conn.execute(select(OFFICER.c.id, OFFICER.c.name))}

    every = [spell for each in (*found.spells, *(contact.spells for contact in found.contacts)) for spell in each]
    named = places.names(conn, {spell.place for spell in every if spell.place})

    def spells(given: list[tracing.Spell]) -> list[Where]:
        own = ((s.station, stations.get(s.station, ""), s.place, s.entered, s.left, s.exact, s.source) for s in given)
        return [Where(*each, place_name=named.get(each[2], "")) for each in own]

    def case_of(subject: str, names: tuple[str, ...], given: list[tracing.Spell]) -> Person:
        own = told_of(conn, reader, [name for name in names if not name.startswith("phone:")] or list(names), 1)
        first, last = (given[0].entered, max(s.left for s in given)) if given else (0, 0)
        return Person(0, *whoiswho.particulars(own[0].fields if own else {}), "case", 0, first, last, spells(given), subject)

    def contact_of(rank: int, contact: tracing.Contact, who: whoiswho.Identity) -> Person:
        minutes, met = -(-contact.together_ms // tracing.MINUTE), tuple(sorted(contact.met))
        times, where = (minutes, contact.first, contact.last), spells(contact.spells)
        return Person(rank, *who.particulars, contact.person, *times, where, who.subject, met)

    def identity_of(contact: tracing.Contact) -> whoiswho.Identity:
        if contact.who[0] == "officer":
            return whoiswho.Identity((officers.get(contact.who[1], contact.who[1]), "", "", ""))
        return whoiswho.identity(conn, reader, contact.spells[0])

    case, *more = map(case_of, subjects, found.names, found.spells)
    people = whoiswho.united([(contact, identity_of(contact)) for contact in found.contacts])
    return Result(case, [contact_of(rank, *each) for rank, each in enumerate(people, 1)], now, more)


def days(since: str, until: str) -> tuple[str, ...]:
    """Every ISO day of a window. Raises Refused."""
    try:
        first, last = date.fromisoformat(event_day(since.strip())), date.fromisoformat(event_day((until or since).strip()))
    except ValueError as error:
        raise Refused("Ngày viết như 2021-05-23.\nWrite days as 2021-05-23.") from error
    if not 0 <= (last - first).days < MOST_DAYS:
        raise Refused(f"Từ 1 đến {MOST_DAYS} ngày.\n1 to {MOST_DAYS} days.")
    return tuple((first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1))
