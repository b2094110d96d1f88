"""Times as people read them, on the clock of the hall."""

from kiosk.domain.vntime import local


def hour_minute(ms: int) -> str:
    """ "08:41" """
    return f"{local(ms):%H:%M}"


def day_month(ms: int) -> str:
    """ "23/05" """
    return f"{local(ms):%d/%m}"


def day_month_time(ms: int) -> str:
    """ "08:41:07 23/05" """
    return f"{local(ms):%H:%M:%S %d/%m}"


def full(ms: int) -> str:
    """ "08:41 23/05/2021" """
    moment = local(ms)
    return f"{moment:%H:%M %d/%m}/{moment.year:04d}"  # %Y pads years below 1000 on some systems only
