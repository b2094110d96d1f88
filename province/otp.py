"""One-time codes by SMS (letter 63/CV-BCĐ, annex 2, part 2): bound to a phone and a purpose, five tries, five minutes.

Whoever asks gets the same answer for every phone. Codes and phones are kept as keyed hashes only.
"""

import hmac
import secrets
from hashlib import sha256

from sqlalchemy import delete, select, update

from province import sms, tables, tables_web
from province.authority import Authority
from province.db import Database, insert_ignore

OTP = tables.table(tables_web.Otp)
VALID_MS, TRIES = 5 * 60_000, 5
WINDOW_MS, MOST = 10 * 60_000, 3  # messages to one phone: a stranger must not be able to flood it, nor to guess for ever
CLOCK_MS = 60_000
PURPOSES = ("declare", "arrive")


def _hash(authority: Authority, *parts: str) -> bytes:
    return hmac.digest(authority.derived(b"otp"), "\0".join(parts).encode(), sha256)


def send(db: Database, authority: Authority, phone: str, purpose: str, now: int) -> None:
    """Makes a code and sends it, unless this phone has had its share. `phone`: E.164. Says nothing of which it was."""
    assert purpose in PURPOSES
    settings = sms.load(db)
    code = f"{secrets.randbelow(10**settings.digits):0{settings.digits}d}"
    mine = _hash(authority, phone)
    c = OTP.c
    where = (c.phone_hash == mine, c.purpose == purpose)
    fresh = {"code_hash": _hash(authority, phone, purpose, code), "tries": 0, "sent_at": now, "expires_at": now + VALID_MS}
    with db.write() as conn:
        first = {"phone_hash": mine, "purpose": purpose, "sent": 1, "window_at": now, **fresh}
        if not insert_ignore(conn, OTP, [first]):
            row = conn.execute(select(OTP).where(*where).with_for_update()).one()
            inside = row.window_at - CLOCK_MS <= now < row.window_at + WINDOW_MS
            if inside and row.sent >= MOST:
                return
            counted = {"sent": row.sent + 1} if inside else {"sent": 1, "window_at": now}
            conn.execute(update(OTP).where(*where).values(**fresh, **counted))
        conn.execute(delete(OTP).where(c.expires_at < now - WINDOW_MS))
    text = f"{settings.sender}: Mã xác thực của bạn là {code}, dùng trong 5 phút. Không đưa mã cho người khác."
    sms.deliver(db, authority, phone, text, now)


def check(db: Database, authority: Authority, phone: str, purpose: str, code: str, now: int) -> bool:
    """True once for the right code. Every wrong one uses up a try; a clock that jumped back does not make a code good for longer."""
    mine = _hash(authority, phone)
    c = OTP.c
    where = (c.phone_hash == mine, c.purpose == purpose)
    with db.write() as conn:
        row = conn.execute(select(OTP).where(*where).with_for_update()).first()
        if row is None or row.tries >= TRIES or not row.sent_at - CLOCK_MS <= now < row.expires_at:
            return False
        conn.execute(update(OTP).where(*where).values(tries=row.tries + 1))
        if not hmac.compare_digest(row.code_hash, _hash(authority, phone, purpose, code)):
            return False
        conn.execute(update(OTP).where(*where).values(tries=TRIES, expires_at=now))  # used; what was sent still counts
    return True
