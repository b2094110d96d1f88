"""The tables behind the web for officials: the chained log of what they did. Same schema rules as tables.py."""

from sqlalchemy import BigInteger

from province.tables import REFERENCE, Row, compare_by_bytes, ms, pk


class LogHead(Row, table=True):
    """Where the log stands; its row's lock puts the writers in order. One row, `name` = "log"."""

    __tablename__ = "log_head"
    __table_args__ = REFERENCE
    name: str = pk()
    number: int = ms(0)
    head: bytes


class LogLine(Row, table=True):
    """One act. `what`: a word of officials.ACTS; `target`: an account, a case, or a keyed hash of a number: never a name or a number;
    `head`: SHA-256 over the head before and this line."""

    __tablename__ = "log_line"
    __table_args__ = REFERENCE
    number: int = pk(sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    at: int = ms()
    account: str
    what: str
    target: str = ""
    reason: str = ""
    head: bytes


class Ask(Row, table=True):
    """A question of an official to the opener, the only process that can open a body. `question`, `answer`: sealed, and emptied after
    a few minutes. `state`: asked, answered."""

    __tablename__ = "official_ask"
    __table_args__ = REFERENCE
    id: str = pk()
    kind: str
    at: int = ms()
    state: str
    question: bytes
    answer: bytes


class Trace(Row, table=True):
    """A contact tracing: asked for by one account and released by another. `question`, `result`: sealed. `state`: asked, approved, refused,
    done, failed, expired."""

    __table_args__ = REFERENCE
    id: str = pk()
    at: int = ms()
    asked_by: str
    reason: str
    decided_by: str = ""
    decided_at: int = ms(0)
    state: str
    question: bytes
    result: bytes


class ConflictNote(Row, table=True):
    """How a conflict was settled; the records themselves stay as they are."""

    __tablename__ = "conflict_note"
    __table_args__ = REFERENCE
    conflict: str = pk()
    account: str
    note: str
    at: int = ms()


compare_by_bytes()
