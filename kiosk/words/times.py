"""Times as people read them, on the clock of the hall."""

from kiosk.domain.vntime import local
from kiosk.i18n import N_, _, gettext

ANOTHER_DAY = N_("Chú ý: ngày vừa mở là {opened}, không phải hôm nay ({today}). Mở nhầm thì mở lại đúng ngày.")


def hour_minute(ms: int) -> str:
    """ "08:41" """
    return f"{local(ms):%H:%M}"


def keyed_in(number: int, at: int) -> str:
    """A paper form that was keyed in later: its number and the time written on it (ms UTC)."""
    said = _("Đã nhập tờ giấy G{number:03d}, giờ trên giấy {time}. Cử tri không cần làm gì thêm.")
    return said.format(number=number, time=hour_minute(at))


def keyed_in_vain(number: int) -> str:
    return _("Tờ giấy G{number:03d} chưa nhập được. Giữ tờ giấy, khi máy lưu lại được thì vào F8 nhập lại.").format(number=number)


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


def day(iso: str) -> str:
    """2021-05-23 -> 23/05/2021; other text as it is."""
    parts = iso.split("-")
    return "/".join(reversed(parts)) if len(parts) == 3 else iso


def day_ended(iso: str) -> str:
    """It was open when an earlier day was opened again."""
    told = _("Ngày {day} đang mở đã khép lại, chưa ký; xong thì mở lại ngày đó rồi chốt.")
    return told.format(day=day(iso))


def another_day(opened: str, today: str) -> str:
    """A working day was opened that is not today's. Both as YYYY-MM-DD."""
    return gettext(ANOTHER_DAY).format(opened=day(opened), today=day(today))
