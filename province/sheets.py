"""A trace as files for the tracing team: CSV and XLSX in which no text is ever a formula, a timeline, and a PDF. Names are only text."""

import csv
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from kiosk.domain.vntime import local
from kiosk.printing import contacts
from province.cases import Case, Person, Result, Where

HEAD = ("Hạng", "Họ và tên", "Điện thoại", "Nơi ở", "Số giấy tờ", "Là ai", "Phút cùng nơi", "Từ", "Đến", "Nơi", "Gặp ai")
LEFT, BARS, ROW, HOUR = 240, 1000, 32, 3_600_000  # the timeline's units; ms
STARTS = ("=", "+", "-", "@", "\t", "\r")
WHO = {"voter": "cử tri", "team": "tổ bầu cử", "service": "phục vụ, báo chí", "companion": "người đi cùng", "officer": "cán bộ lối vào"}


def inert(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)
    return f"'{clean}" if clean.startswith(STARTS) else clean


def clock(at: int) -> str:
    return f"{local(at):%H:%M %d/%m/%Y}" if at else ""


def several_days(result: Result) -> bool:
    """Is a time alone not enough to say when?"""
    every = (w for one in (*result.everybody, *result.contacts) for w in one.where)
    return len({local(at).date() for w in every for at in (w.entered, w.left)}) > 1


def cells(one: Person, result: Result, dated: bool) -> list[str]:
    """`dated`: each stay says its day."""
    where = "; ".join(_where(w, dated) for w in one.where)
    own = [str(one.rank), one.name or "chưa rõ tên", phone(one.phone), one.address, one.id_number, WHO.get(one.person, one.person)]
    return [*own, str(one.minutes), clock(one.first), clock(one.last), where, met(one, result)]


def met(one: Person, result: Result) -> str:
    """The cases that somebody met, by name."""
    cases = result.everybody
    return ", ".join(cases[n].name or f"ca {n + 1}" for n in one.met if n < len(cases)) if one.rank else ""


def phone(number: str) -> str:
    """As people dial it here: 0905 123 456."""
    local_ = f"0{number[3:]}" if number.startswith("+84") else number
    return f"{local_[:4]} {local_[4:7]} {local_[7:]}" if len(local_) == 10 and local_.isdigit() else local_


def spot(w: Where) -> str:
    """The station, and the place in it: Khu vực bỏ phiếu số 1, Cổng chính (TL1-A)."""
    place = f"{w.place_name} ({w.place})" if w.place_name else w.place
    return ", ".join(part for part in (w.name or w.station, place) if part)


def _where(w: Where, dated: bool) -> str:
    came, left = local(w.entered), local(w.left)
    day = f"{came:%d/%m} " if dated else ""
    next_day = f"{left:%d/%m} " if dated and left.date() != came.date() else ""
    return f"{spot(w)} {day}{came:%H:%M}–{next_day}{left:%H:%M}{'' if w.exact else ' (ước)'}"


def to_csv(result: Result) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(HEAD)
    dated = several_days(result)
    writer.writerows([inert(cell) for cell in cells(one, result, dated)] for one in result.contacts)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def to_xlsx(result: Result) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Tiếp xúc"
    dated = several_days(result)
    for line in (list(HEAD), *(cells(one, result, dated) for one in result.contacts)):
        sheet.append([""] * len(line))
        for column, text in enumerate(line, 1):
            cell = sheet.cell(sheet.max_row, column)
            cell.value = inert(text)
            cell.data_type = "s"  # typed as text, whatever it begins with
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def to_svg(result: Result, most: int = 30) -> str:
    """The timeline: the cases on top, contacts below, one bar a spell, paler where it ends by the policy's stay. Plain SVG, no script."""
    people = [*result.everybody, *result.contacts[:most]]
    spells = [w for one in people for w in one.where]
    if not spells:
        return ""
    first, last = min(w.entered for w in spells), max(w.left for w in spells)
    dated = several_days(result)
    scale, cases, rows = BARS / max(1, last - first), len(result.everybody), _hours(first, last, 32 + ROW * len(people), dated)
    for n, one in enumerate(people):
        y = 32 + ROW * n
        name = escape((one.name or (f"ca {n + 1}" if n < cases else f"số {one.rank}"))[:28])
        weight = ' font-weight="700"' if n < cases else ""
        rows.append(f'<text x="0" y="{y + 19}" font-size="17"{weight}>{name}</text>')
        for w in one.where:
            x, wide = LEFT + (w.entered - first) * scale, max(3.0, (w.left - w.entered) * scale)
            fill = "#1e293b" if n < cases else "#0f766e"
            said = escape(_where(w, dated))
            rows.append(
                f'<rect x="{x:.1f}" y="{y + 3}" width="{wide:.1f}" height="22" fill="{fill}" fill-opacity="{1 if w.exact else 0.5}">'
                f"<title>{said}</title></rect>"
            )
    label = "Dòng thời gian: ca bệnh và người tiếp xúc"
    high = 40 + ROW * len(people)
    ends = f'<text x="{LEFT}" y="16" font-size="15">{clock(first)}</text>'
    ends += f'<text x="{LEFT + BARS}" y="16" font-size="15" text-anchor="end">{clock(last)}</text>'
    return f'<svg class="line" viewBox="0 0 {LEFT + BARS} {high}" role="img" aria-label="{label}">{ends}{"".join(rows)}</svg>'


def _hours(first: int, last: int, low: int, dated: bool) -> list[str]:
    """A thin line at every full hour, or every few where there are many; with the day where there are several."""
    step = max(1, -(-(last - first) // (12 * HOUR))) * HOUR
    at = range(-(-first // step) * step, last, step)
    scale = BARS / max(1, last - first)
    out, said = [], "%H:%M %d/%m" if dated else "%H:%M"
    for t in at:
        x = LEFT + (t - first) * scale
        out.append(f'<path d="M{x:.1f} 22V{low}" stroke="#cbd5e1"/>')
        if LEFT + 190 < x < LEFT + BARS - 190:  # clear of the two ends
            out.append(f'<text x="{x:.1f}" y="16" font-size="13" text-anchor="middle" fill="#475569">{local(t):{said}}</text>')
    return out


def to_pdf(result: Result, case: Case, file: Path) -> int:
    """Writes the list on A4 and returns its pages."""
    dated = several_days(result)
    lines = [cells(one, result, dated) for one in result.contacts]
    ring = f" Vòng {case.asked.ring}, tiếp theo yêu cầu {case.asked.of}." if case.asked.of else ""
    facts = [
        f"Yêu cầu {case.id}: {case.asked_by}, duyệt: {case.decided_by}. Lý do: {case.reason}.{ring}",
        f"Ngày: {days(case.asked.days)}. Khoảng đệm {case.asked.margin} phút, ở lại {case.asked.stay} phút khi không ghi lượt ra.",
    ]
    return contacts.render([cells(one, result, dated) for one in result.everybody], lines, facts, result.made_at, file)


def days(found: Sequence[str]) -> str:
    """ISO days as people read them: 23/05/2021, or 21/05/2021 – 23/05/2021."""
    read = ["/".join(reversed(day.split("-"))) for day in found]
    return read[0] if len(read) == 1 else f"{read[0]} – {read[-1]}"


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
