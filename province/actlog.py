"""The log of officials: every opening, grant, release and refusal, in one hash chain. Its head goes out to the kiosks, so that nobody who
can edit the database can edit the past without being found.

    head_n = SHA-256("hue-log-v1" | fields(head_(n-1), number, at, account, what, target, reason))
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, select, update

from kiosk.crypto import chain
from province import tables, tables_official
from province.db import Database, insert_ignore
from province.settings import Refused

HEAD, LINE = tables.table(tables_official.LogHead), tables.table(tables_official.LogLine)
NAME = "log"
ACTS: dict[str, tuple[str, str]] = {
    "signed_in": ("đăng nhập", "signed in"),
    "refused": ("bị từ chối: sai mật khẩu hoặc mã", "was refused: wrong password or code"),
    "granted": ("cấp quyền cho", "granted rights to"),
    "closed": ("đóng tài khoản", "closed an account"),
    "approved": ("duyệt đơn vị", "let a unit in"),
    "factor_set": ("đặt mã hai lớp", "set the second factor"),
    "factor_reset": ("bỏ mã hai lớp của", "took the second factor away from"),
    "sessions_ended": ("đăng xuất mọi nơi", "signed out everywhere"),
    "outbox_read": ("xem hộp thư mã xác thực", "read the outbox of codes"),
    "looked_up": ("tra cứu theo số", "looked a number up"),
    "opened_details": ("xem chi tiết tờ khai", "opened a declaration's details"),
    "opened_pass": ("xem tờ khai theo mã", "opened a declaration by its pass"),
    "trace_asked": ("yêu cầu truy vết", "asked for a trace"),
    "trace_approved": ("duyệt truy vết", "released a trace"),
    "trace_refused": ("không duyệt truy vết", "refused a trace"),
    "trace_read": ("xem kết quả truy vết", "read a trace"),
    "quarantine_released": ("nhận phần để riêng của máy", "let in what was set aside of kiosk"),
    "day_dropped": ("hủy dữ liệu của ngày", "dropped the data of a day"),
    "conflict_settled": ("ghi chú chỗ trái nhau", "settled a conflict"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One act as people read it. `at`: ms UTC."""

    number: int
    at: int
    account: str
    what: str
    target: str
    reason: str


def _head(before: bytes, line: Line) -> bytes:
    words = (line.account, line.what, line.target, line.reason)
    parts = [before, line.number.to_bytes(8, "big"), line.at.to_bytes(8, "big", signed=True), *(word.encode() for word in words)]
    return sha256(b"hue-log-v1" + chain.fields(*parts)).digest()


def write(conn: Connection, account: str, what: str, now: int, target: str = "", reason: str = "") -> int:
    """Adds a line in the caller's transaction: what it tells of and the line are there together, or neither. Returns its number."""
    assert what in ACTS, what
    insert_ignore(conn, HEAD, [{"name": NAME, "number": 0, "head": chain.ZERO}])
    conn.execute(update(HEAD).where(HEAD.c.name == NAME).values(number=HEAD.c.number + 1))  # the lock: whoever comes later waits
    row = conn.execute(select(HEAD).where(HEAD.c.name == NAME)).one()
    line = Line(int(row.number), now, account, what, target[:120], reason[:300])
    head = _head(bytes(row.head), line)
    values = {name: getattr(line, name) for name in ("number", "at", "account", "what", "target", "reason")}
    conn.execute(LINE.insert(), values | {"head": head})
    conn.execute(update(HEAD).where(HEAD.c.name == NAME).values(head=head))
    return line.number


def note(db: Database, account: str, what: str, now: int, target: str = "", reason: str = "") -> int:
    """The same in a transaction of its own."""
    with db.write() as conn:
        return write(conn, account, what, now, target, reason)


def lines(db: Database, account: str = "", limit: int = 500) -> list[Line]:
    """Newest first; of one account, or of all."""
    statement = select(LINE).order_by(LINE.c.number.desc()).limit(limit)
    if account:
        statement = statement.where(LINE.c.account == account)
    with db.read() as conn:
        return [Line(r.number, r.at, r.account, r.what, r.target, r.reason) for r in conn.execute(statement)]


def dropped(conn: Connection) -> set[str]:
    """ISO days whose data were destroyed."""
    return set(conn.execute(select(LINE.c.target).where(LINE.c.what == "day_dropped")).scalars())


def tip(conn: Connection) -> tuple[int, bytes]:
    """(number, head) of the newest line; (0, zeros) before the first."""
    row = conn.execute(select(HEAD).where(HEAD.c.name == NAME)).first()
    return (0, chain.ZERO) if row is None else (int(row.number), bytes(row.head))


def head(text: str) -> tuple[int, bytes] | None:
    """"12:ab34…", as kiosk status says it; None for nothing. Raises Refused."""
    number, _, digest = text.partition(":")
    try:
        return (int(number), bytes.fromhex(digest)) if text else None
    except ValueError as error:
        raise Refused("--head phải như 12:ab34….\n--head is written 12:ab34….") from error


def verify(db: Database, known: tuple[int, bytes] | None = None) -> list[str]:
    """What is wrong with the chain, in words; [] if nothing is. `known`: a head that a kiosk holds, or one written down."""
    return list(_verify(db, known))


def _verify(db: Database, known: tuple[int, bytes] | None) -> Iterator[str]:
    before, number = chain.ZERO, 0
    with db.read() as conn:
        last = tip(conn)
        for row in conn.execute(select(LINE).order_by(LINE.c.number)):
            number += 1
            if row.number != number:
                yield f"line {number} is missing"
                number = row.number
            before_this = _head(before, Line(row.number, row.at, row.account, row.what, row.target, row.reason))
            if before_this != bytes(row.head):
                yield f"line {row.number} was changed, or one before it is gone"
            before = bytes(row.head)
            if known is not None and row.number == known[0] and before != known[1]:
                yield f"line {row.number} is not the one that a kiosk was told of"
    if (number, before) != last:
        yield f"the log ends at {number}, its head says {last[0]}"
    if known is not None and known[0] > number:
        yield f"a kiosk was told of line {known[0]}, the log ends at {number}"
