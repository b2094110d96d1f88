"""A trace as files for the tracing team: CSV and XLSX in which no text is ever a formula, a timeline, and a PDF. Names are only text."""

import csv
import io
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from kiosk.domain.vntime import local
from kiosk.printing import contacts
from province.cases import Case, Person, Result, Where

HEAD = ("Hạng", "Họ và tên", "Điện thoại", "Nơi ở", "Số giấy tờ", "Là ai", "Phút cùng nơi", "Từ", "Đến", "Nơi")
STARTS = ("=", "+", "-", "@", "\t", "\r")
WHO = {"voter": "cử tri", "team": "tổ bầu cử", "service": "phục vụ, báo chí", "companion": "người đi cùng", "officer": "cán bộ lối vào"}


def inert(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)
    return f"'{clean}" if clean.startswith(STARTS) else clean


def clock(at: int) -> str:
    return f"{local(at):%H:%M %d/%m/%Y}" if at else ""


def cells(one: Person) -> list[str]:
    where = "; ".join(_where(w) for w in one.where)
    own = [str(one.rank), one.name or "chưa rõ tên", one.phone, one.address, one.id_number, WHO.get(one.person, one.person)]
    return [*own, str(one.minutes), clock(one.first), clock(one.last), where]


def _where(w: Where) -> str:
    return f"{w.name or w.station} {w.place} {clock(w.entered)[:5]}–{clock(w.left)[:5]}{'' if w.exact else ' (ước)'}"


def to_csv(result: Result) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(HEAD)
    writer.writerows([inert(cell) for cell in cells(one)] for one in result.contacts)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def to_xlsx(result: Result) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Tiếp xúc"
    for line in (list(HEAD), *(cells(one) for one in result.contacts)):
        sheet.append([""] * len(line))
        for column, text in enumerate(line, 1):
            cell = sheet.cell(sheet.max_row, column)
            cell.value = inert(text)
            cell.data_type = "s"  # typed as text, whatever it begins with
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def to_svg(result: Result, most: int = 30) -> str:
    """The timeline: the case on top, contacts below, one bar a spell. Plain SVG, no script."""
    people = [result.case, *result.contacts[:most]]
    spells = [w for one in people for w in one.where]
    if not spells:
        return ""
    first, last = min(w.entered for w in spells), max(w.left for w in spells)
    scale, rows = 860 / max(1, last - first), []
    for n, one in enumerate(people):
        y = 24 + 24 * n
        name = escape(one.name or ("ca bệnh" if n == 0 else f"#{one.rank}"))[:60]
        rows.append(f'<text x="0" y="{y + 14}" font-size="13">{name}</text>')
        for w in one.where:
            x, wide = 220 + (w.entered - first) * scale, max(3.0, (w.left - w.entered) * scale)
            fill = "#0f766e" if n else "#1e293b"
            rows.append(f'<rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="16" fill="{fill}" fill-opacity="{1 if w.exact else 0.5}"/>')
    high = 40 + 24 * len(people)
    ends = f'<text x="220" y="14" font-size="12">{clock(first)}</text>'
    ends += f'<text x="1080" y="14" font-size="12" text-anchor="end">{clock(last)}</text>'
    label = "Dòng thời gian: ca bệnh và người tiếp xúc"
    return f'<svg class="line" viewBox="0 0 1080 {high}" role="img" aria-label="{label}">{ends}{"".join(rows)}</svg>'


def to_pdf(result: Result, case: Case, file: Path) -> int:
    """Writes the list on A4 and returns its pages."""
    lines = [cells(one) for one in result.contacts]
    facts = [
        f"Yêu cầu {case.id}: {case.asked_by}, duyệt: {case.decided_by}. Lý do: {case.reason}",
        f"Ngày: {', '.join(case.asked.days)}. Khoảng đệm {case.asked.margin} phút, ở lại {case.asked.stay} phút khi không ghi lượt ra.",
    ]
    return contacts.render(cells(result.case), lines, facts, result.made_at, file)


def content_of(result: Result, case: Case, kind: str) -> bytes:
    """A result as a file of `kind`: csv, xlsx, svg, pdf."""
    if kind == "csv":
        return to_csv(result)
    if kind == "xlsx":
        return to_xlsx(result)
    if kind == "svg":
        return to_svg(result).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).encode()
    with tempfile.TemporaryDirectory() as folder:
        to_pdf(result, case, file := Path(folder) / "contacts.pdf")
        return file.read_bytes()
