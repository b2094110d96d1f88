"""Tables of what is known of people: for the online question (question.py) declarations by the hash of a person's numbers, and how often
each kiosk asks; for the feed the stations that have not been told so far of what was known before them (backfill.py)."""

from sqlalchemy import BigInteger, Index

from province.tables import BY_STATION, Row, compare_by_bytes, ms, pk


class Known(Row, table=True):
    """One declaration under one name of its person. `subject`: 16 bytes of HMAC under a key that is not in the database."""

    __table_args__ = (Index("known_root", "station_id", "event_day", "kiosk_id", "epoch", "seq"), {"info": {"class": "subject"}})
    subject: bytes = pk()
    station_id: str = pk()
    event_day: str = pk()
    kiosk_id: str = pk()
    epoch: str = pk()
    seq: int = pk(sa_type=BigInteger)
    declared_at: int = ms()
    desk: bool


class Asked(Row, table=True):
    """Questions of one kiosk in one hour. `hour`: its beginning, ms UTC."""

    __table_args__ = BY_STATION
    station_id: str = pk()
    kiosk_id: str = pk()
    hour: int = pk(sa_type=BigInteger)
    questions: int = ms(0)


class Newcomer(Row, table=True):
    """A station that was added after people had declared. `stage`: the table that is gone through, declaration or visit; `after`: JSON of
    the last key that was told, or "". The row goes when all is told."""

    __table_args__ = BY_STATION
    station_id: str = pk()
    stage: str = "declaration"
    after: str = ""
    added_at: int = ms()


compare_by_bytes()
