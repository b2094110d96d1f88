"""Sessions of browsers. The cookie is 32 random bytes; the database keeps its hash, and the content under a key that only the cookie
holds. Signing in always makes a new one (no fixation); closing an account closes its sessions.
"""

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, select, update

from kiosk.crypto import seal
from province import tables, tables_web
from province.db import Database

SESSION = tables.table(tables_web.Session)
BY_HASH = select(SESSION).where(SESSION.c.token_hash == bindparam("name"))  # made once: every page asks it
HOUR = 3_600_000
TTL_MS = {"pending": HOUR // 2, "step": HOUR // 6, "citizen": 14 * 24 * HOUR, "unit": 12 * HOUR, "official": 12 * HOUR}
IDLE_MS = {"pending": HOUR // 2, "step": HOUR // 6, "citizen": 14 * 24 * HOUR, "unit": 2 * HOUR, "official": HOUR // 2}
CLOCK_MS = 5 * 60_000


@dataclass
class Session:
    """A live session. `token`: the cookie's text; `kind`: see tables_web.Session; `box`: its content, JSON-like."""

    token: str
    kind: str
    subject: str = ""
    created_at: int = 0
    box: dict[str, Any] = field(default_factory=dict)


def _bytes(token: str) -> bytes:
    """The cookie's 32 bytes, or b""."""
    if len(token) != 43:
        return b""
    try:
        raw = base64.urlsafe_b64decode(token + "=")
    except (binascii.Error, ValueError):
        return b""
    return raw if len(raw) == 32 else b""


def _key(raw: bytes) -> bytes:
    return seal.derive(raw, b"hue-session-box-v1")


def begin(db: Database, kind: str, subject: str, box: dict[str, Any], now: int) -> Session:
    raw = secrets.token_bytes(32)
    row = {"token_hash": sha256(raw).digest(), "kind": kind, "subject": subject, "created_at": now, "seen_at": now}
    sealed = seal.wrap(_key(raw), msgspec.msgpack.encode(box), b"session")
    with db.write() as conn:
        conn.execute(delete(SESSION).where(SESSION.c.expires_at < now))
        conn.execute(SESSION.insert(), row | {"box": sealed, "expires_at": now + TTL_MS[kind]})
    return Session(base64.urlsafe_b64encode(raw).decode().rstrip("="), kind, subject, now, box)


def load(db: Database, token: str, now: int) -> Session | None:
    """The session of a cookie, or None if there is none, or it is over: too old, idle too long, or of a clock that has since gone back."""
    raw = _bytes(token)
    if not raw:
        return None
    name = sha256(raw).digest()
    with db.read() as conn:
        row = conn.execute(BY_HASH, {"name": name}).first()
    if row is None or not row.created_at - CLOCK_MS <= now < row.expires_at or now - row.seen_at > IDLE_MS[row.kind]:
        return None
    try:
        box = msgspec.msgpack.decode(seal.unwrap(_key(raw), row.box, b"session"))
    except seal.Unopenable:
        return None
    if now - row.seen_at > 60_000:
        with db.write() as conn:
            conn.execute(update(SESSION).where(SESSION.c.token_hash == name).values(seen_at=now))
    return Session(token, row.kind, row.subject, row.created_at, box)


def save(db: Database, session: Session) -> None:
    """Keeps the session's box."""
    raw = _bytes(session.token)
    sealed = seal.wrap(_key(raw), msgspec.msgpack.encode(session.box), b"session")
    with db.write() as conn:
        conn.execute(update(SESSION).where(SESSION.c.token_hash == sha256(raw).digest()).values(box=sealed))


def end(db: Database, token: str) -> None:
    raw = _bytes(token)
    with db.write() as conn:
        conn.execute(delete(SESSION).where(SESSION.c.token_hash == sha256(raw).digest()))


def end_all(db: Database, subject: str) -> int:
    """Every session of an account; how many there were."""
    with db.write() as conn:
        return len(conn.execute(delete(SESSION).where(SESSION.c.subject == subject).returning(SESSION.c.kind)).all())


def listed(db: Database, subject: str) -> list[tuple[str, str, int, int]]:
    """(first 8 digits of the hash, kind, begun, last seen) of an account's sessions, newest first."""
    with db.read() as conn:
        rows = conn.execute(select(SESSION).where(SESSION.c.subject == subject).order_by(SESSION.c.created_at.desc())).all()
    return [(row.token_hash.hex()[:8], row.kind, row.created_at, row.seen_at) for row in rows]
