"""Accounts of people who sign in with a name and a password: units that keep QR places, operators, administrators, officials.

Passwords are Argon2id. Five wrong ones in a row cost 15 s, doubling. Whether a name exists is told to nobody.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update

from kiosk.domain import lists
from kiosk.domain.text import BadText, clean
from province import sessions, tables
from province.db import Database, insert_ignore
from province.settings import STATION_CODE, Refused

ACCOUNT, STATION = tables.table(tables.Account), tables.table(tables.Station)
ROLES = ("administrator", "operator", "unit", "official")
STATES = ("active", "pending", "closed")
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")
LEAST_PASSWORD, MOST_PASSWORD = 10, 200
TRIES, WAIT_MS, MOST_WAIT_MS = 5, 15_000, 3_600_000
SCOPE = re.compile(r"|district:([0-9]{3})|commune:([0-9]{5})|station:(.+)")


@dataclass(frozen=True, slots=True)
class Account:
    """One account without its secrets. `scope`: "" (the province), district:474, commune:19750, station:…; times ms UTC."""

    username: str
    role: str
    name: str
    unit: str
    phone: str
    scope: str
    rights: tuple[str, ...]
    state: str
    created_at: int
    expires_at: int | None
    second_factor: bool

    def sees(self, station: str) -> bool:
        """True if a station's code (46-474-19750-01) lies in this account's scope."""
        kind, _, what = self.scope.partition(":")
        shape = STATION_CODE.fullmatch(station)
        if not self.scope:
            return self.role != "unit"
        if shape is None:
            return False
        return {"district": station.split("-")[1] == what, "commune": shape[1] == what, "station": station == what}.get(kind, False)


@cache
def hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    """A hash to try passwords of unknown names against: the same time goes by."""
    return hasher().hash("nobody")


def _of(row: Any) -> Account:
    return Account(
        row.username,
        row.role,
        row.name,
        row.unit,
        row.phone,
        row.scope,
        tuple(json.loads(row.rights)),
        row.state,
        row.created_at,
        row.expires_at,
        row.totp is not None,
    )


def get(db: Database, username: str) -> Account | None:
    with db.read() as conn:
        row = conn.execute(select(ACCOUNT).where(ACCOUNT.c.username == username)).first()
    return None if row is None else _of(row)


def everybody(db: Database) -> list[Account]:
    with db.read() as conn:
        return [_of(row) for row in conn.execute(select(ACCOUNT).order_by(ACCOUNT.c.created_at))]


def check_password(password: str) -> None:
    """Raises Refused."""
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD or len(set(password)) < 4:
        raise Refused("Mật khẩu cần ít nhất 10 ký tự, không lặp lại một chữ.\nA password needs 10 characters, not one repeated.")


def check_scope(db: Database, scope: str) -> None:
    """Raises Refused for a place that is not there."""
    shape = SCOPE.fullmatch(scope)
    district, commune, station = shape.groups() if shape else (None, None, None)
    with db.read() as conn:
        known = station is None or conn.execute(select(STATION.c.station_id).where(STATION.c.station_id == station)).first() is not None
    codes = {u.district_code for u in lists.units()} if district else {u.code for u in lists.units()}
    if shape is None or not known or (district or commune or next(iter(codes))) not in codes:
        raise Refused(f"Không có phạm vi {scope[:60]!r}.\nNo such scope: district:474, commune:19750, station:46-474-19750-01, or nothing.")


def add(
    db: Database,
    username: str,
    password: str,
    role: str,
    now: int,
    *,
    name: str = "",
    unit: str = "",
    phone: str = "",
    scope: str = "",
    rights: tuple[str, ...] = (),
    state: str = "active",
    expires_at: int | None = None,
) -> None:
    """Raises Refused."""
    if not USERNAME.fullmatch(username):
        raise Refused("Tên đăng nhập: 3-40 chữ thường, số, dấu . _ -\nA user name: 3-40 of a-z, 0-9, . _ -")
    check_password(password)
    check_scope(db, scope)
    if role not in ROLES or state not in STATES or (role == "unit" and not scope):
        raise Refused(f"Vai trò {role!r} cần phạm vi.\nA unit needs a scope.")
    try:
        texts = {key: clean(value, 120) if value else "" for key, value in (("name", name), ("unit", unit), ("phone", phone))}
    except BadText as error:
        raise Refused(f"Tên không dùng được ({error.reason}).\nThe name cannot be used ({error.reason}).") from error
    row = {"username": username, "password": hasher().hash(password), "role": role, "scope": scope, "rights": json.dumps(sorted(rights))}
    more = {"state": state, "failed": 0, "wait_until": 0, "totp": None, "totp_last": 0, "created_at": now, "expires_at": expires_at}
    with db.write() as conn:
        if not insert_ignore(conn, ACCOUNT, [row | texts | more]):
            raise Refused(f"Tên đăng nhập {username} không dùng được, hãy chọn tên khác.\nThat user name cannot be used: choose another.")


def sign_in(db: Database, username: str, password: str, now: int) -> Account | None:
    """The account, or None: wrong name, wrong password, not let in yet, closed, expired, or made to wait. Nobody is told which."""
    c = ACCOUNT.c
    with db.read() as conn:
        row = conn.execute(select(ACCOUNT).where(c.username == username)).first()
    good = _matches(row.password if row is not None else _nobody(), password)
    if row is None or now < row.wait_until <= now + MOST_WAIT_MS:
        return None
    if not good:
        with db.write() as conn:  # counted in the database: guesses sent at the same moment are as many tries
            counted = update(ACCOUNT).where(c.username == username).values(failed=c.failed + 1).returning(c.failed)
            failed = int(conn.execute(counted).scalar_one())
            wait = min(WAIT_MS * 2 ** min(failed - TRIES, 20), MOST_WAIT_MS) if failed >= TRIES else 0
            conn.execute(update(ACCOUNT).where(c.username == username).values(wait_until=now + wait if wait else 0))
        return None
    if row.state != "active" or (row.expires_at is not None and now >= row.expires_at):
        return None
    if row.failed or row.wait_until:
        with db.write() as conn:
            conn.execute(update(ACCOUNT).where(c.username == username).values(failed=0, wait_until=0))
    return _of(row)


def _matches(kept: str, password: str) -> bool:
    try:
        return hasher().verify(kept, password[: MOST_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return False


def change(db: Database, username: str, **values: Any) -> None:
    """Sets columns of an account and ends its sessions: what it may do has changed. Raises Refused."""
    if "rights" in values:
        values["rights"] = json.dumps(sorted(values["rights"]))
    if "password" in values:
        check_password(values["password"])
        values |= {"password": hasher().hash(values["password"]), "failed": 0, "wait_until": 0}
    if "scope" in values:
        check_scope(db, values["scope"])
    with db.write() as conn:
        if (
            conn.execute(update(ACCOUNT).where(ACCOUNT.c.username == username).values(**values).returning(ACCOUNT.c.username)).first()
            is None
        ):
            raise Refused(f"Không có tài khoản {username[:40]!r}.\nNo such account.")
    sessions.end_all(db, username)


def live(db: Database, username: str, now: int) -> Account | None:
    """The account of a session, if it may still act."""
    found = get(db, username)
    return None if found is None or found.state != "active" or (found.expires_at or now + 1) <= now else found
