"""The tables behind the web for people: one-time codes, messages, sessions, and what people sent, sealed. Same schema rules as tables.py.

A phone number lies here only inside a seal or as a keyed hash; what a person declared only under the day's key.
"""

from sqlalchemy import Index

from province.tables import PARTITIONED, REFERENCE, Row, compare_by_bytes, ms, pk


class Otp(Row, table=True):
    """The newest one-time code of a phone for a purpose. `phone_hash`, `code_hash`: keyed hashes; `sent`: codes since
    `window_at`."""

    __table_args__ = REFERENCE
    phone_hash: bytes = pk()
    purpose: str = pk()
    code_hash: bytes
    tries: int = 0
    sent: int = 1
    window_at: int = ms()
    sent_at: int = ms()
    expires_at: int = ms()


class Message(Row, table=True):
    """The operator's outbox (where no gateway is set), and a trace of each message. `sealed`: phone and text under the wrap key, emptied
    when the code has expired. `state`: kept, sent, failed."""

    __tablename__ = "sms"
    __table_args__ = (Index("sms_at", "at"), REFERENCE)
    id: str = pk()
    at: int = ms()
    state: str
    sealed: bytes


class Session(Row, table=True):
    """A signed-in browser. `token_hash`: SHA-256 of the cookie; `kind`: pending, citizen, unit, step, official; `subject`: an account;
    `box`: its content under a key that only the cookie holds: neither a look at the database nor a backup reads it."""

    __table_args__ = (Index("session_subject", "subject"), REFERENCE)
    token_hash: bytes = pk()
    kind: str
    subject: str = ""
    box: bytes
    created_at: int = ms()
    seen_at: int = ms()
    expires_at: int = ms()


class WebRecord(Row, table=True):
    """What somebody sent over the web: a declaration or an arrival. `record`: 16 hex digits, also its deed and its epoch in visit and
    declaration rows (kiosk "web", seq 1); `sealed_key`: its own content key, sealed to the day; `sealed`: the event's bytes under it."""

    __tablename__ = "web_record"
    __table_args__ = PARTITIONED
    station_id: str = pk()
    event_day: str = pk()
    record: str = pk()
    kind: int
    at: int = ms()
    sealed_key: bytes
    sealed: bytes
    received_at: int = ms()


class WebWaiting(Row, table=True):
    """Records that the opener has not gone through; filed with them, taken out with their rows. `tried_at`: 0, or when it failed."""

    __tablename__ = "web_waiting"
    __table_args__ = REFERENCE
    record: str = pk()
    station_id: str
    event_day: str
    tried_at: int = ms(0)


compare_by_bytes()
