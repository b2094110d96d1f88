"""The start-of-day check as one page: what was looked at, green, amber or red in words, the cure, and who signs for it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table

from kiosk.domain import vntime
from kiosk.printing import fonts
from kiosk.printing.frame import (
    CELL_HEAD,
    GRID,
    WIDTH,
    Paper,
    build,
    facts,
    heading,
    signatures,
    style,
)
from kiosk.printing.plain import paragraph

STATES = {"ok": "Tốt", "limited": "Lưu ý", "missing": "HỎNG"}
MOST = 24  # rows on one page
PLAIN, BOLD = style(size=10.5, leading=12.5), style(fonts.SERIF_BOLD, 10.5, leading=12.5)


class StartCheck(msgspec.Struct, frozen=True):
    """`rows`: (what, state, what was found, cure); `day`: the working day, ISO or ""; times ms UTC."""

    station: str
    ward: str
    label: str
    day: str
    checked_at: int
    made_at: int
    rows: Sequence[tuple[str, str, str, str]]
    seconds: float = 0.0


def _rows(rows: Sequence[tuple[str, str, str, str]]) -> list[tuple[str, str, str, str]]:
    """What needs a hand first; of what is well, one row for each kind, so that all of it stands on one page."""
    order = {"missing": 0, "limited": 1}
    bad = sorted((row for row in rows if row[1] != "ok"), key=lambda row: order.get(row[1], 2))
    good: dict[str, list[str]] = {}
    for what, state, detail, _cure in rows:
        if state == "ok":
            good.setdefault(what, []).append(detail)
    return [*bad, *((what, "ok", "; ".join(details), "") for what, details in good.items())][:MOST]


def render(check: StartCheck, file: Path) -> int:
    """Writes the page and returns how many there are. Raises KioskError(PRINT_FAILED)."""
    fonts.register()
    moment = vntime.local(check.checked_at)
    worst = "missing" if any(state == "missing" for _, state, _, _ in check.rows) else "limited"
    bad = sum(state != "ok" for _, state, _, _ in check.rows)
    verdict = "Máy sẵn sàng." if not bad else f"Có {bad} mục cần xem lại" + (", trong đó có mục hỏng." if worst == "missing" else ".")
    known = facts(
        [
            ("Khu vực bỏ phiếu", f"{check.station} · {check.ward}" if check.ward else check.station or "chưa ghi danh"),
            ("Máy", check.label or "chưa ghi danh"),
            ("Ngày làm việc", "/".join(reversed(check.day.split("-"))) if check.day else "chưa mở"),
            ("Kiểm tra lúc", f"{moment:%H:%M:%S} ngày {moment:%d/%m}/{moment.year:04d}, trong {check.seconds:.0f} giây"),
            ("Kết luận", verdict),
        ]
    )
    cells = [[paragraph(text, CELL_HEAD) for text in ("Mục", "Mức", "Thấy gì", "Cách xử lý")]]
    wide = []
    for what, state, detail, cure in _rows(check.rows):
        wide += [("SPAN", (2, len(cells)), (3, len(cells)))] if not cure else []
        told = STATES.get(state, state)
        cells.append([paragraph(what, BOLD), paragraph(told, PLAIN), paragraph(detail, PLAIN, 200), paragraph(cure, PLAIN, 200)])
    shares = (0.2, 0.11, 0.32, 0.37)
    table = Table(cells, [share * WIDTH for share in shares], repeatRows=1, style=[*GRID, *wide])
    story = [*heading("Phiếu kiểm tra đầu ngày", "Máy ở lối vào khu vực bỏ phiếu"), known, Spacer(0, 3 * mm), table, Spacer(0, 4 * mm)]
    story.append(signatures("Cán bộ kỹ thuật", "Người phụ trách lối vào"))
    return build(story, Paper("Phiếu kiểm tra đầu ngày", check.station, check.made_at), file)
