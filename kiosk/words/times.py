"""Times as people read them. Vietnam is UTC+7 all year, in code: Windows brings no table of zones."""

from datetime import UTC, datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7), "UTC+7")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local(ms: int) -> datetime:
    """`ms` UTC as a Vietnamese date and time; readings beyond the calendar's end become its end."""
    try:
        return (EPOCH + timedelta(milliseconds=ms)).astimezone(VIETNAM)
    except OverflowError:
        return datetime(9999, 12, 31, 23, 59, tzinfo=VIETNAM) if ms > 0 else datetime(1, 1, 1, tzinfo=VIETNAM)


def hour_minute(ms: int) -> str:
    """ "08:41" """
    return f"{local(ms):%H:%M}"


def day_month(ms: int) -> str:
    """ "23/05" """
    return f"{local(ms):%d/%m}"


def full(ms: int) -> str:
    """ "08:41 23/05/2021" """
    moment = local(ms)
    return f"{moment:%H:%M %d/%m}/{moment.year:04d}"  # %Y pads years below 1000 on some systems only
