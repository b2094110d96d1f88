"""How long to wait before the next call: full jitter up to 300 s, never less than the province asked for.

Pure: the random source and the clock's reading come in as arguments.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from random import Random

BASE_S, CAP_S = 1.0, 300.0
# Retry-After may come unsigned, from a portal or a proxy: it may slow a kiosk, never silence it for the day
FLOOR_CAP_S = 900.0


def jitter(attempt: int, rng: Random) -> float:
    """Seconds after the `attempt`-th failure in a row (1, 2 …): uniform between 0 and the doubled ceiling ("full jitter")."""
    return rng.uniform(0.0, min(CAP_S, BASE_S * 2.0 ** min(max(attempt, 0), 16)))


def after_failure(attempt: int, rng: Random, floor_s: float = 0.0) -> float:
    """Jitter on top of the floor, so that kiosks given the same Retry-After do not come back at the same instant."""
    return bounded(floor_s, FLOOR_CAP_S) + jitter(attempt, rng)


def spread(spread_s: float, rng: Random) -> float:
    """A random share of the time over which the province wants its kiosks spread."""
    return rng.uniform(0.0, bounded(spread_s, FLOOR_CAP_S))


def bounded(seconds: float, most: float) -> float:
    """`seconds` within 0 … `most`; anything that is not a number is 0."""
    return min(max(seconds, 0.0), most) if math.isfinite(seconds) else 0.0


def retry_after_s(headers: Mapping[str, str]) -> float:
    """The Retry-After header (RFC 9110, 10.2.3) in seconds, 0 without one.

    A date is read against the answer's own Date: this machine's clock may be years off.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return bounded(float(value[:9]), FLOOR_CAP_S)
    until, since = _date(value), _date(headers.get("date", ""))
    return bounded((until - since).total_seconds(), FLOOR_CAP_S) if until and since else 0.0


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return date if date.tzinfo else None
