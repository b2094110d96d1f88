"""What is given out beforehand: the A5 notice for voters, and the words for the commune's loudspeaker (a sheet to read from).

Both say the same three things: declare at home, bring the phone or papers, scan at the entrance.
"""

from pathlib import Path

import msgspec
from reportlab.lib.pagesizes import A4, A5
from reportlab.lib.units import mm

from kiosk.domain import vntime
from kiosk.printing import fonts
from kiosk.printing.frame import Paper
from kiosk.printing.pictures import picture
from kiosk.printing.sheet import ACCENT, GROUND, SOFT, Sheet, words
from kiosk.words.faults import HOTLINE

FORM_URL = "HTTPS://TUONGTAC.THUATHIENHUE.GOV.VN"  # the letter's web form (annex 2); upper case stays in the code's small alphabet
ADVICE = (
    ("form", "Khai báo y tế ở nhà", "Trên Hue-S, hoặc quét mã bên dưới để khai trên web."),
    ("papers", "Mang điện thoại, giấy tờ", "Không có điện thoại thông minh: cán bộ ở lối vào khai giúp."),
    ("scan", "Đến nơi thì quét mã QR", "Bảng mã đặt trước lối vào. Mã chỉ để truy vết khi có ca bệnh."),
)


class Notice(msgspec.Struct, frozen=True):
    """`day`: ISO date of polling; `opens`, `closes`: "07:00"; `form_url`: where to declare at home, in the alphanumeric set."""

    station: str
    ward: str
    day: str
    opens: str
    closes: str
    printed_at: int
    form_url: str = FORM_URL

    @property
    def date(self) -> str:
        return "/".join(reversed(self.day.split("-")))


def announcement(notice: Notice) -> str:
    """The loudspeaker text: about sixty words, one breath a sentence."""
    return (
        f"Kính mời bà con đi bầu cử ngày {notice.date}, từ {notice.opens} đến {notice.closes}. "
        "Để phòng dịch, xin khai báo y tế trước ở nhà trên Hue-S. "
        "Khi đi, mang theo điện thoại hoặc giấy tờ, đeo khẩu trang. Đến nơi, quét mã QR đặt trước lối vào. "
        "Ai không có điện thoại thông minh, cán bộ sẽ khai giúp."
    )


def render(notice: Notice, file: Path) -> int:
    """Writes the A5 notice and returns its pages (1). Raises KioskError(PRINT_FAILED)."""
    wide, high = A5
    edge, middle = 9 * mm, A5[0] / 2
    inner = wide - 2 * edge
    sheet = Sheet(wide, high, Paper(f"Thông báo phòng dịch khi đi bầu cử – {notice.station}", notice.station, notice.printed_at))
    where = f"{notice.station} · {notice.ward}" if notice.ward else notice.station
    y = sheet.line(middle, 7 * mm, where, 11, align="centre", wide=inner, colour=SOFT)
    sheet.box(edge, y + 1 * mm, inner, 19 * mm, fill=ACCENT, line=None, round_=2.5 * mm)
    below = sheet.line(
        middle, y + 2.5 * mm, f"BẦU CỬ NGÀY {notice.date}", 22, fonts.SANS_BOLD, align="centre", wide=inner - 6 * mm, colour=GROUND
    )
    sheet.line(
        middle,
        below - 1 * mm,
        f"từ {notice.opens} đến {notice.closes} · ba việc để phòng dịch",
        11,
        align="centre",
        wide=inner,
        colour=GROUND,
    )
    y += 24 * mm
    side = 30 * mm
    for n, (name, title, told) in enumerate(ADVICE, 1):
        sheet.draw(edge, y, picture(name, side))
        x, room = edge + side + 4 * mm, inner - side - 4 * mm
        below = sheet.block(x, y + 3 * mm, room, f"{n}. {title}", words(16, fonts.SANS_BOLD, leading=1.15))
        sheet.block(x, below + 0.5 * mm, room, told, words(11.5))
        y += side + 2 * mm
    code = 44 * mm
    sheet.code(edge, y, notice.form_url, code)
    x, room = edge + code + 3 * mm, inner - code - 3 * mm
    below = sheet.block(x, y + 5 * mm, room, "Khai báo y tế trên web", words(14, fonts.SANS_BOLD))
    below = sheet.block(x, below, room, notice.form_url.removeprefix("HTTPS://").lower(), words(10.5))
    below = sheet.block(x, below + 1 * mm, room, "Giữ mã QR hiện ra cuối cùng để đưa ở lối vào.", words(10.5))
    sheet.block(x, below + 1 * mm, room, "Đã khai với Bộ Y tế thì không cần khai lại.", words(10.5))
    sheet.rule(edge, high - 14 * mm, inner)
    sheet.line(middle, high - 12.5 * mm, f"Cần giúp về hệ thống: {HOTLINE}", 12, fonts.SANS_BOLD, align="centre", wide=inner)
    return sheet.save(file)


def render_announcement(notice: Notice, file: Path) -> int:
    """Writes the sheet for whoever reads it out, in large letters on A4, and returns its pages (1). Raises KioskError(PRINT_FAILED)."""
    wide, high = A4
    edge = 20 * mm
    inner = wide - 2 * edge
    title = f"Bài đọc loa truyền thanh – {notice.station}"
    sheet = Sheet(wide, high, Paper(title, notice.station, notice.printed_at))
    y = sheet.line(edge, edge, "BÀI ĐỌC LOA TRUYỀN THANH", 17, fonts.SANS_BOLD, wide=inner, colour=ACCENT)
    y = sheet.line(edge, y, f"{notice.station} · {notice.ward}", 12, wide=inner, colour=SOFT)
    y = sheet.block(edge, y + 8 * mm, inner, announcement(notice), words(24, leading=1.6), limit=600)
    y = sheet.rule(edge, y + 12 * mm, inner)
    told = "Đọc chậm, rõ, hai lần; sáng và chiều ba ngày trước ngày bầu cử, và sáng ngày bầu cử."
    y = sheet.block(edge, y + 3 * mm, inner, told, words(12))
    moment = vntime.local(notice.printed_at)
    sheet.line(edge, y + 2 * mm, f"Cần giúp về hệ thống: {HOTLINE} · in ngày {moment:%d/%m}/{moment.year:04d}", 10, wide=inner, colour=SOFT)
    return sheet.save(file)
