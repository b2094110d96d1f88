"""Vietnam's time: a fixed UTC+7 in code, since Windows ships no zone data. Milliseconds UTC in, text out; no clock here."""

import datetime as dt

ZONE = dt.timezone(dt.timedelta(hours=7), "+07")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def local(at: int) -> dt.datetime:
    """`at` (ms UTC) on the clock of the hall; times outside years 1-9999 are held at the ends."""
    at = max(-62_135_500_000_000, min(at, 253_402_000_000_000))
    return (EPOCH + dt.timedelta(milliseconds=at)).astimezone(ZONE)


def iso_day(at: int) -> str:
    """YYYY-MM-DD in Vietnam."""
    return local(at).date().isoformat()
