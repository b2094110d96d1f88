"""The certificate of a purge: what left this laptop, what stays sealed in it, the heads it can be checked by, and who signs for it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table

from kiosk.domain import vntime
from kiosk.printing import fonts
from kiosk.printing.frame import BODY, CELL, CELL_HEAD, GRID, WIDTH, Paper, build, facts, heading, signatures, style
from kiosk.printing.plain import paragraph

TITLE = "Biên bản xóa dữ liệu trên máy"
KINDS = {
    "visit": "lượt vào", "declaration": "tờ khai", "leave": "lượt ra", "defer": "phiếu vào trước", "correction": "sửa, hủy",
    "sighting": "mã không tính lượt", "audit": "việc của cán bộ", "day": "mở, chốt ngày", "place": "điểm QR", "stay": "ca trực",
}  # fmt: skip
BY_POLICY = "Máy tự xóa khi hết hạn theo quy định của tỉnh"
SMALL = style(fonts.SANS, 8, leading=10)
STAYS = (
    "Máy này không còn mở được sự kiện nào của ngày trên: dữ liệu đọc được, khóa của ngày và khóa cũ của máy đã xóa. "
    "Bản mã hóa của nhật ký còn ở máy, chỉ tỉnh mở được. Tỉnh đã ký nhận và mở đủ từng chuỗi dưới đây trước khi xóa."
)


class Purged(msgspec.Struct, frozen=True):
    """`day`: ISO; `at`: ms UTC; `kinds`, `rows`: counts by kind and by table; `chains`: (epoch, last, opened, head as hex, the epoch that
    carried its tail on or "")."""

    station: str
    ward: str
    label: str
    day: str
    at: int
    by: str
    events: int
    kinds: Mapping[str, int]
    rows: Mapping[str, int]
    chains: Sequence[tuple[str, int, int, str, str]]
    pages: int


def render(said: Purged, file: Path) -> int:
    """Writes the pages and returns how many there are. Raises KioskError(PRINT_FAILED)."""
    fonts.register()
    moment = vntime.local(said.at)
    kinds = "; ".join(f"{KINDS.get(kind, kind)}: {count}" for kind, count in sorted(said.kinds.items()))
    known = facts(
        [
            ("Khu vực bỏ phiếu", f"{said.station} · {said.ward}" if said.ward else said.station),
            ("Máy", said.label),
            ("Ngày làm việc đã xóa", "/".join(reversed(said.day.split("-")))),
            ("Xóa lúc", f"{moment:%H:%M:%S} ngày {moment:%d/%m}/{moment.year:04d}"),
            ("Người phụ trách", said.by or "—"),
            ("Sự kiện còn mã hóa", f"{said.events} ({kinds})"),
            ("Dòng đọc được đã xóa", f"{sum(said.rows.values())}"),
            ("Trang giấy và ảnh đã xóa", f"{said.pages}"),
        ]
    )
    cells = [[paragraph(text, CELL_HEAD) for text in ("Chuỗi", "Số cuối", "Tỉnh đã mở", "Đầu chuỗi (SHA-256)")]]
    for epoch, last, opened, head, into in said.chains:
        halves = paragraph(f"{head[:32]} {head[32:]}", SMALL, 80)
        name = f"{epoch} (đoạn cuối chép sang {into})" if into else epoch
        cells.append([paragraph(name, SMALL, 80), paragraph(last, CELL), paragraph(opened, CELL), halves])
    table = Table(cells, [share * WIDTH for share in (0.25, 0.12, 0.18, 0.45)], repeatRows=1, style=[*GRID])
    story = [*heading(TITLE, "Không phải số liệu bầu cử"), known, Spacer(0, 3 * mm), paragraph(STAYS, BODY, 600), Spacer(0, 2 * mm), table]
    story += [Spacer(0, 5 * mm), signatures("Cán bộ kỹ thuật", "Người phụ trách lối vào")]
    return build(story, Paper(TITLE, said.station, said.at), file)
