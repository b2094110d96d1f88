"""Official accounts (tài khoản công vụ; letter 63/CV-BCĐ, annex 2, part 6): rights, a second factor, and who may grant what.

The Department's administrators grant rights; nobody grants themselves. Password and TOTP (RFC 6238) both, each code once.
"""

import hmac
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

import pyotp
from sqlalchemy import select, update

from kiosk.crypto import seal
from province import accounts, actlog, sessions, tables
from province.accounts import Account
from province.authority import Authority
from province.db import Database
from province.settings import VIETNAM, Refused, event_day

ACCOUNT = tables.table(tables.Account)
RIGHTS: dict[str, tuple[str, str]] = {
    "lookup": ("Kiểm tra trong tỉnh", "look up in the province"),
    "trace": ("Truy vết", "contact tracing"),
    "release": ("Duyệt truy vết", "release a trace"),
    "desk": ("Bàn trực", "the operators' desk"),
}
STEP_S = 30
SLACK = 1  # steps that a phone's clock may be off


def _seal_name(username: str) -> bytes:
    return b"totp" + username.encode()


def new_secret() -> str:
    return pyotp.random_base32()


def uri(username: str, secret: str) -> str:
    """What an authenticator app scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name="Thừa Thiên Huế")


def set_factor(db: Database, authority: Authority, username: str, secret: str, code: str, now: int) -> None:
    """Sets the second factor once its first code was right. Raises Refused."""
    if _step(secret, code, now) is None:
        raise Refused("Mã chưa đúng; xem lại giờ của điện thoại.\nThe code is wrong: check the phone's clock.")
    sealed = seal.wrap(authority.derived(b"totp"), secret.encode(), _seal_name(username))
    with db.write() as conn:
        first = update(ACCOUNT).where(ACCOUNT.c.username == username, ACCOUNT.c.totp.is_(None)).values(totp=sealed, totp_last=0)
        if conn.execute(first.returning(ACCOUNT.c.username)).first() is None:
            raise Refused("Tài khoản đã có mã xác thực hai lớp.\nThis account has a second factor already.")
        actlog.write(conn, username, "factor_set", now)


def _step(secret: str, code: str, now: int) -> int | None:
    """The time step of a right code, or None."""
    clean = code.strip().replace(" ", "")
    if len(clean) != 6 or not clean.isascii() or not clean.isdigit():
        return None
    made, here = pyotp.TOTP(secret), now // 1000 // STEP_S
    return next((s for s in range(here - SLACK, here + SLACK + 1) if hmac.compare_digest(made.generate_otp(s), clean)), None)


def check_factor(db: Database, authority: Authority, username: str, code: str, now: int) -> bool:
    """True for a right code that was not used before (nor an older one)."""
    with db.write() as conn:
        row = conn.execute(select(ACCOUNT).where(ACCOUNT.c.username == username).with_for_update()).first()
        if row is None or row.totp is None:
            return False
        secret = seal.unwrap(authority.derived(b"totp"), row.totp, _seal_name(username)).decode()
        step = _step(secret, code, now)
        if step is None or step <= row.totp_last:
            return False
        conn.execute(update(ACCOUNT).where(ACCOUNT.c.username == username).values(totp_last=step))
    return True


def may(account: Account, right: str) -> bool:
    return account.state == "active" and account.role in ("official", "operator", "administrator") and right in account.rights


def until_ms(text: str) -> int | None:
    """The end of a day, ms UTC, from 2021-06-30; None for "": no end. Raises Refused."""
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(event_day(text.strip()))
    except ValueError as error:
        raise Refused("Ngày hết hạn viết như 2021-06-30.\nWrite the last day as 2021-06-30.") from error
    return int(datetime.combine(day + timedelta(days=1), time.min, VIETNAM).timestamp() * 1000)


def last_day(expires_at: int | None) -> str:
    """The last day of an account, ISO, or ""."""
    return "" if expires_at is None else datetime.fromtimestamp(expires_at / 1000 - 1, VIETNAM).date().isoformat()


def grant(db: Database, by: str, username: str, rights: Iterable[str], now: int, reason: str, until: str | None = None) -> None:
    """Sets an official's rights and ends their sessions. `until`: the account's last day, "" for none, None to leave it as it is.
    Raises Refused: unknown right, not an administrator, oneself."""
    wanted, maker, found = tuple(sorted(set(rights))), accounts.get(db, by), accounts.get(db, username)
    if by == username:
        raise Refused("Không ai tự cấp quyền cho mình.\nNobody grants themselves.")
    if maker is None or maker.role != "administrator" or maker.state != "active":
        raise Refused(f"{by} không phải quản trị viên.\n{by} is no administrator.")
    if found is None or found.role not in ("official", "operator", "administrator") or not set(wanted) <= RIGHTS.keys():
        raise Refused("Không có tài khoản công vụ hoặc quyền đó.\nNo such official account, or no such right.")
    if not reason.strip():
        raise Refused("Cần lý do.\nA reason is needed.")
    ends = {} if until is None else {"expires_at": until_ms(until)}
    if (ends.get("expires_at") or now + 1) <= now:
        raise Refused(f"Ngày {until} đã qua: tài khoản sẽ không đăng nhập được.\n{until} has passed: the account could not sign in.")
    accounts.change(db, username, rights=wanted, **ends)
    said = f"{', '.join(wanted) or '-'}{f' (đến {until})' if until else ''}: {reason.strip()}"
    actlog.note(db, by, "granted", now, username, said)


def reset_factor(db: Database, by: str, username: str, now: int, reason: str) -> None:
    """Takes a lost second factor away and ends the sessions; the next sign-in sets a new one. Raises Refused."""
    if by == username or (maker := accounts.get(db, by)) is None or maker.role != "administrator":
        raise Refused("Chỉ quản trị viên khác làm được việc này.\nOnly another administrator can do this.")
    accounts.change(db, username, totp=None, totp_last=0)
    actlog.note(db, by, "factor_reset", now, username, reason)


def leave_everywhere(db: Database, username: str, now: int) -> int:
    """Ends every session of an account; how many there were."""
    count = sessions.end_all(db, username)
    actlog.note(db, username, "sessions_ended", now, str(count))
    return count
