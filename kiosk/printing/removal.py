"""The certificate of a removal: this laptop keeps nothing of the station any more; what its journal held, and who answers for it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table

from kiosk.domain import vntime
from kiosk.printing import fonts
from kiosk.printing.frame import BODY, CELL, CELL_HEAD, GRID, SECTION, WIDTH, Paper, build, facts, heading, signatures, style
from kiosk.printing.plain import paragraph

TITLE = "Biên bản dọn máy"
GONE = (
    "Đã xóa khỏi máy: nhật ký và bản mã hóa của nó, dữ liệu đọc được, mọi khóa và mã PIN, mục của máy trong kho khóa của hệ điều hành, "
    "giấy tờ đã lưu, hình chụp hỗ trợ, phiếu kiểm tra, cài đặt và nhật ký kỹ thuật. Máy không còn thuộc khu vực bỏ phiếu nào."
)
WHOLE = "Trước khi xóa, tỉnh đã ký nhận và mở đủ mọi sự kiện của mọi chuỗi dưới đây."
FORCED = (
    "Trước khi xóa, tỉnh CHƯA mở đủ. Toàn bộ sự kiện và bản nhật ký mã hóa đã chép ra ngoài, đọc lại đúng từng byte; "
    "bản chép phải về tới tỉnh."
)
SMALL = style(fonts.SANS, 8, leading=10)
DIGITS = 16  # of a digest, enough to tell files apart


class Removed(msgspec.Struct, frozen=True):
    """`days`: ISO, each with "" or "purged"; `at`: ms UTC; `events`: all that the journal held; `chains`: (epoch, last, opened, head as
    hex); `why`: what stood against it, in words; `reason`: the lead's; `copies`: (file name, SHA-256 as hex)."""

    station: str
    ward: str
    label: str
    kiosk: str
    days: Sequence[tuple[str, str]]
    at: int
    by: str
    events: int
    chains: Sequence[tuple[str, int, int, str]]
    why: Sequence[str] = ()
    reason: str = ""
    copies: Sequence[tuple[str, str]] = ()


def render(said: Removed, file: Path) -> int:
    """Writes the pages and returns how many there are. Raises KioskError(PRINT_FAILED)."""
    fonts.register()
    moment = vntime.local(said.at)
    days = ", ".join("/".join(reversed(day.split("-"))) + (" (đã xóa trước đó)" if how else "") for day, how in said.days)
    known = facts(
        [
            ("Khu vực bỏ phiếu", f"{said.station} · {said.ward}" if said.ward else said.station),
            ("Máy", f"{said.label} ({said.kiosk})"),
            ("Ngày làm việc", days or "Không có"),
            ("Dọn lúc", f"{moment:%H:%M:%S} ngày {moment:%d/%m}/{moment.year:04d}"),
            ("Người phụ trách", said.by or "—"),
            ("Sự kiện trong nhật ký", f"{said.events}"),
        ]
    )
    story = [*heading(TITLE, "Không phải số liệu bầu cử"), known, Spacer(0, 3 * mm), paragraph(GONE, BODY, 800)]
    story += [paragraph(FORCED if said.why else WHOLE, BODY, 400)]
    if said.why:
        story += [paragraph(f"- {line}", BODY, 200) for line in said.why]
        story += [paragraph(f"Lý do của người phụ trách: {said.reason}", BODY, 300)]
        story += [paragraph(f"{name} · SHA-256 {digest[:DIGITS]}…", SMALL, 160) for name, digest in said.copies]
    story += [paragraph("Các chuỗi nhật ký đã có trên máy", SECTION), _chains(said)] if said.chains else []
    story += [Spacer(0, 5 * mm), signatures("Cán bộ kỹ thuật", "Người phụ trách lối vào")]
    return build(story, Paper(f"{TITLE} – {said.label}", said.station, said.at), file)


def _chains(said: Removed) -> Table:
    cells = [[paragraph(text, CELL_HEAD) for text in ("Chuỗi", "Số cuối", "Tỉnh đã mở", "Đầu chuỗi (SHA-256)")]]
    for epoch, last, opened, head in said.chains:
        halves = paragraph(f"{head[:32]} {head[32:]}", SMALL, 80)
        cells.append([paragraph(epoch, SMALL), paragraph(last, CELL), paragraph(opened, CELL), halves])
    return Table(cells, [share * WIDTH for share in (0.25, 0.12, 0.18, 0.45)], repeatRows=1, style=[*GRID])
