"""The list of contacts of a traced case, for the tracing team: A4, Vietnamese administrative layout. What is in it was released by two."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import CondPageBreak, Spacer, Table

from kiosk.domain import vntime
from kiosk.printing.frame import BODY, CELL, CELL_BOLD, CELL_HEAD, GRID, SECTION, WIDTH, Paper, build, head, heading, signatures
from kiosk.printing.plain import paragraph

COLUMNS = ("TT", "Họ và tên, điện thoại", "Nơi ở", "Phút", "Gặp lúc, ở đâu")
TABLE_TITLE = ParagraphStyle("contacts", SECTION, keepWithNext=0)
STAYS = 8  # lines in one row
FIRST_LINES = 120  # points: the title, the head and a line or two
SHARES = (0.07, 0.26, 0.25, 0.09, 0.33)


def render(cases: Sequence[Sequence[str]], contacts: Sequence[Sequence[str]], facts: Sequence[str], made_at: int, file: Path) -> int:
    """Writes the list and returns its pages. `cases`, `contacts`: rank, name, phone, address, number, who, minutes, first, last, where,
    whom they met; `facts`: sentences about the request; `made_at`: ms UTC. Raises KioskError(PRINT_FAILED)."""
    day: dt.date = vntime.local(made_at).date()
    story = head("Tỉnh Thừa Thiên Huế", "Ban Chỉ đạo phòng, chống dịch COVID-19", "Huế", day)
    story += heading("Danh sách tiếp xúc", "Chỉ dùng để phòng, chống dịch; không sao gửi cho người khác")
    story += [paragraph(fact, BODY, 300) for fact in facts]
    story.append(paragraph("Ca bệnh" if len(cases) == 1 else f"Ca bệnh và người cần theo dõi: {len(cases)}", SECTION))
    for case in cases:
        said = " · ".join(part for part in case[1:4] if part)
        story += [paragraph(said, BODY), paragraph(f"Đã ở: {case[9] or 'không thấy lượt nào'}", BODY, 20_000)]
    # the title stays with the table's first lines, not with the whole table, which would go to the next page
    story += [CondPageBreak(FIRST_LINES), paragraph(f"Người tiếp xúc: {len(contacts)}", TABLE_TITLE)]
    story += [_table(contacts, len(cases) > 1), Spacer(0, 12)]
    story.append(signatures("Người lập danh sách", "Người duyệt"))
    return build(story, Paper("Danh sách tiếp xúc", "Ban Chỉ đạo phòng, chống dịch COVID-19", made_at, "Mật: chỉ dùng để truy vết"), file)


def _table(contacts: Sequence[Sequence[str]], several: bool) -> Table:
    """`several`: cases, so each line says whom."""
    rows = [[paragraph(text, CELL_HEAD) for text in COLUMNS]]
    for rank, name, phone, address, _number, who, minutes, first, _last, place, met in contacts:
        lines = [f"{first}", *place.split("; "), *([f"Gặp {met}"] if several else [])]
        stays = [lines[at : at + STAYS] for at in range(0, len(lines), STAYS)]
        named = [paragraph(name, CELL_BOLD), paragraph(" · ".join(part for part in (phone, who) if part), CELL)]
        rows.append(
            [paragraph(rank, CELL), named, paragraph(address, CELL), paragraph(minutes, CELL), [paragraph(line, CELL) for line in stays[0]]]
        )
        for more in stays[1:]:  # a row never outgrows its page, and no stay is left out
            rows.append([paragraph(rank, CELL), [paragraph("(tiếp)", CELL)], "", "", [paragraph(line, CELL) for line in more]])
    return Table(rows, [share * WIDTH for share in SHARES], style=GRID, repeatRows=1)
