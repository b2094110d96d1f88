"""The day report: what one kiosk checked on one day, on A4, to be signed and filed.

It counts checks of health declarations at the entrance and says so: no share of voters, no turnout, nobody's name but officers'.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, KeepTogether, Table

from kiosk.domain import vntime
from kiosk.printing import fonts, frame
from kiosk.printing.figures import bars, qr
from kiosk.printing.frame import WIDTH, Flowables, Paper
from kiosk.printing.plain import paragraph
from kiosk.words.labels import KINDS, MODES, REFUSALS, SOURCES

TITLE = "Báo cáo kiểm tra khai báo y tế"
DISCLAIMER = "Không phải số liệu bầu cử"
SCOPE = "Báo cáo chỉ đếm việc kiểm tra khai báo y tế ở lối vào của một máy."
HOURS = range(7, 19)
MOST_LISTED = 40
COLUMNS = (0.1, 0.7, 0.2)
CHART = 36 * mm
FEWEST_ROWS = 34 * mm  # a section's title, its table's head and three rows: less is not begun at a page's foot
SPLIT_SECTION = frame.style(fonts.SERIF_BOLD, spaceBefore=9, spaceAfter=4)  # its table goes on overleaf; keepWithNext would push it whole
UNKNOWN = "…………………"
WARD_WORDS = ("Phường ", "Xã ", "Thị trấn ")


class EpochLine(msgspec.Struct, frozen=True):
    """One run of the journal. `last`: its last seq; `head`: 32 bytes of its chain; `have`, `opened`: the province's newest receipt."""

    epoch: str
    last: int
    head: bytes
    have: int = 0
    opened: int = 0

    @property
    def waiting(self) -> int:
        return max(0, self.last - self.have)


class Aside(msgspec.Struct, frozen=True):
    """An event that the province keeps aside. `key`: "kiosk:epoch:seq"; `reason`: a word of words.REFUSALS."""

    key: str
    reason: str


class TallyLine(msgspec.Struct, frozen=True):
    """One entrance: visits that count here, of them opened at the province, and counted by hand where somebody did (else None)."""

    entrance: str
    here: int
    opened: int
    counted: int | None = None

    @property
    def agrees(self) -> bool:
        return self.here == self.opened and self.counted in (None, self.here)


class DayReport(msgspec.Struct, frozen=True):
    """Finished numbers of one kiosk and one working day. Times in ms UTC, `event_day` ISO.

    `arrivals`: visits that count by source (hu1, cccd, proxy, moh …); `declarations`: by mode (new, supplement, proxy);
    `hours`: visits by hour of the day in Vietnam; `first`, `last`: running numbers of visits, 0 without any; `conflicts`: people or
    codes shown or counted at another kiosk or place too; `events`: all of the day, `kinds`: the same by kind's word; `tally`: per entrance;
    `others`: visits of the station's other kiosks, read from their reports; `again`: how often a printer had it before.
    """

    station: str
    station_code: str
    ward: str
    district: str
    kiosk: str
    label: str
    event_day: str
    made_at: int
    opened_at: int | None = None
    closed_at: int | None = None
    officers: tuple[str, ...] = ()
    arrivals: Mapping[str, int] = msgspec.field(default_factory=dict)
    declarations: Mapping[str, int] = msgspec.field(default_factory=dict)
    health_desk: int = 0
    repeated: int = 0
    conflicts: int = 0
    not_confirmed: int = 0
    other_codes: int = 0
    deferred: int = 0
    corrected: int = 0
    voided: int = 0
    hours: Mapping[int, int] = msgspec.field(default_factory=dict)
    first: int = 0
    last: int = 0
    events: int = 0
    kinds: Mapping[str, int] = msgspec.field(default_factory=dict)
    epochs: tuple[EpochLine, ...] = ()
    aside: tuple[Aside, ...] = ()
    tally: tuple[TallyLine, ...] = ()
    others: Mapping[str, int] = msgspec.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    again: int = 0

    @property
    def visits(self) -> int:
        return sum(self.arrivals.values())

    @property
    def waiting(self) -> int:
        return sum(line.waiting for line in self.epochs)


def render(report: DayReport, file: Path) -> int:
    """Writes the report to `file` and returns its number of pages. Raises KioskError(PRINT_FAILED)."""
    fonts.register()
    day = dt.date.fromisoformat(report.event_day)
    place = report.ward
    for word in WARD_WORDS:
        place = place.removeprefix(word)
    story = [
        *frame.head(
            f"UBND {report.ward}" if report.ward else "Ủy ban nhân dân", report.station, place or "Huế", vntime.local(report.made_at).date()
        ),
        *frame.heading(TITLE, f"Ngày bầu cử {day:%d/%m}/{day.year} · Máy {report.label}"),
        paragraph(DISCLAIMER, frame.CENTRED_BOLD_ITALIC),
        paragraph(SCOPE, frame.CENTRED_ITALIC),
        *_general(report),
        *_arrivals(report),
        *_hours(report),
        *_others(report),
        *_tally(report),
        *_journal(report),
        KeepTogether([*_notes(report), *_end(report)]),  # no page of signatures alone
    ]
    again = f" · bản in lại {report.again}" if report.again else ""
    footer = f"{report.station_code} · máy {report.label} ({report.kiosk}) · {report.event_day} · dấu số liệu {fingerprint(report)}{again}"
    title = f"{TITLE} {day:%d/%m}/{day.year} – {report.station} – {report.label}"
    return frame.build(story, Paper(title, report.station, report.made_at, footer), file)


def totals(report: DayReport) -> str:
    """What the QR says: the totals and the heads, in the code's alphanumeric set, for comparing a page with the province's table."""
    parts = [
        "BCYT1",
        report.station_code,
        report.label,
        report.event_day,
        f"V{report.visits}",
        f"N{report.first}-{report.last}",
        *(f"{letter}{report.declarations.get(mode, 0)}" for letter, mode in (("M", "new"), ("B", "supplement"), ("H", "proxy"))),
        f"E{report.events}",
        f"W{report.waiting}",
        *(f"{line.epoch}-{line.last}-{line.head.hex()[:8]}" for line in report.epochs[-3:]),
    ]
    return "/".join("".join(c if c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-." else "." for c in part.upper())[:48] for part in parts)


def fingerprint(report: DayReport) -> str:
    """Eight digits that are the same on each page of one report and differ when a total does."""
    return sha256(totals(report).encode()).hexdigest()[:8].upper()


def number(value: int) -> str:
    """ "4.000": thousands as Vietnam writes them."""
    return f"{value:,}".replace(",", ".")


def _moment(at: int | None) -> str:
    if at is None:
        return UNKNOWN
    moment = vntime.local(at)
    return f"{moment:%H} giờ {moment:%M}, ngày {moment:%d/%m}/{moment.year}"


def _general(report: DayReport) -> Flowables:
    numbers = f"{report.label}-{report.first:06d} đến {report.label}-{report.last:06d}" if report.last else "Không có lượt nào"
    rows = [
        ("Khu vực bỏ phiếu:", f"{report.station} ({report.station_code})"),
        ("Địa bàn:", ", ".join(part for part in (report.ward, report.district) if part) or UNKNOWN),
        ("Máy:", f"{report.label} ({report.kiosk})"),
        ("Bắt đầu ngày:", _moment(report.opened_at)),
        ("Chốt ngày:", _moment(report.closed_at) if report.closed_at is not None else "Chưa chốt khi lập báo cáo"),
        ("Lập báo cáo:", _moment(report.made_at)),
        ("Cán bộ ở lối vào:", ", ".join(report.officers) or UNKNOWN),
        ("Số thứ tự lượt vào:", numbers),
    ]
    return [paragraph("1. Thông tin chung", frame.SECTION), frame.facts(rows)]


def _counted(values: Mapping[str, int], labels: Mapping[str, str], always: Sequence[str]) -> list[tuple[str, int]]:
    """(label, count): those of `always` first, then the others that have any, in the labels' order."""
    others = [word for word in dict.fromkeys([*labels, *sorted(values)]) if word not in always and values.get(word)]
    words = [*always, *others]
    return [(labels.get(word, word), values.get(word, 0)) for word in words]


def _arrivals(report: DayReport) -> Flowables:
    rows = _counted(report.arrivals, SOURCES, ("hu1", "cccd", "proxy", "moh", "hues", "arrival"))
    counted = [(place, label, number(count)) for place, (label, count) in enumerate(rows, 1)]
    return [
        paragraph("2. Lượt vào theo cách xác nhận khai báo", frame.SECTION),
        frame.table(
            ("TT", "Cách xác nhận", "Số lượt"), [*counted, ("", "Tổng số lượt vào", number(report.visits))], COLUMNS, last_bold=True
        ),
    ]


def _others(report: DayReport) -> Flowables:
    modes = _counted(report.declarations, MODES, ("new", "supplement", "proxy"))
    rows = [
        *((f"Tờ khai lập tại máy: {label.lower()}", count) for label, count in modes),
        ("Mời qua bàn y tế", report.health_desk),
        ("Vào trước, khai sau", report.deferred),
        ("Quét lại mã đã vào", report.repeated),
        ("Một người hoặc một mã ở hai máy, hai nơi", report.conflicts),
        ("Mã chưa xác nhận được", report.not_confirmed),
        ("Mã khác, không phải mã khai báo", report.other_codes),
        ("Lượt đã sửa", report.corrected),
        ("Lượt đã hủy", report.voided),
    ]
    listed = [(place, label, number(count)) for place, (label, count) in enumerate(rows, 1)]
    title = paragraph("4. Tờ khai và việc khác ở lối vào", SPLIT_SECTION)
    return [CondPageBreak(FEWEST_ROWS), title, frame.table(("TT", "Nội dung", "Số lượng"), listed, COLUMNS)]


def _hours(report: DayReport) -> Flowables:
    busy = [hour for hour, count in report.hours.items() if count]
    shown = range(min([*busy, HOURS.start]), max([*busy, HOURS.stop - 1]) + 1)
    title = paragraph("3. Lượt vào theo giờ", frame.SECTION)
    if not busy:
        return [KeepTogether([title, paragraph("Trong ngày không có lượt vào nào được ghi.", frame.BODY)])]
    return [KeepTogether([title, bars({hour: report.hours.get(hour, 0) for hour in shown}, WIDTH, CHART)])]


def _tally(report: DayReport) -> Flowables:
    """Deeds once: here = opened at the province = counted by hand. Never beside ballots, voter cards or the roll."""
    title = paragraph("5. Đối chiếu lượt vào theo lối", frame.SECTION)
    if not report.tally and not report.others:
        return [KeepTogether([title, paragraph("Không có lượt vào nào để đối chiếu.", frame.BODY)])]
    header = ("TT", "Lối", "Máy ghi", "Tỉnh đã mở", "Đếm tay")
    rows = [
        (n, line.entrance, number(line.here), number(line.opened), "–" if line.counted is None else number(line.counted))
        for n, line in enumerate(report.tally, 1)
    ]
    story: Flowables = [title, frame.table(header, rows, (0.1, 0.39, 0.16, 0.2, 0.15))]
    if report.others:
        shown = "; ".join(f"máy {label} {number(count)}" for label, count in report.others.items())
        both = number(report.visits + sum(report.others.values()))
        story.append(paragraph(f"Máy khác của khu vực: {shown}. Cộng cả khu vực: {both} lượt.", frame.BODY))
    return [KeepTogether(story)]


def _grouped(head: bytes) -> str:
    text = head.hex()
    return " ".join(text[i : i + 8] for i in range(0, len(text), 8))


def _journal(report: DayReport) -> Flowables:
    story: Flowables = [paragraph("6. Nhật ký của máy và phần tỉnh đã nhận", frame.SECTION)]
    if report.events:
        told = f"Nhật ký có {number(report.events)} sự kiện; {number(report.waiting)} sự kiện còn chờ gửi về tỉnh."
        kinds = "; ".join(f"{label[:1].lower()}{label[1:]} {number(count)}" for label, count in _counted(report.kinds, KINDS, ()))
        story.append(paragraph(f"{told} Theo loại: {kinds}." if kinds else told, frame.BODY))
    else:
        story.append(paragraph("Nhật ký của ngày này chưa có sự kiện nào.", frame.BODY))
    if report.epochs:
        cells = [[paragraph(text, frame.CELL_HEAD) for text in ("Lượt nhật ký", "Sự kiện cuối", "Tỉnh đã nhận", "Tỉnh đã mở", "Chờ gửi")]]
        spans = []
        for line in report.epochs:
            numbers = (line.last, line.have, line.opened, line.waiting)
            cells.append([paragraph(line.epoch, frame.SMALL), *(paragraph(number(n), frame.CELL_NUMBER) for n in numbers)])
            spans += [("SPAN", (0, len(cells)), (-1, len(cells))), ("NOSPLIT", (0, len(cells) - 1), (-1, len(cells)))]
            cells.append([paragraph(f"Mã cuối chuỗi: {_grouped(line.head)}", frame.SMALL), "", "", "", ""])
        widths = [share * WIDTH for share in (0.26, 0.19, 0.205, 0.185, 0.16)]
        story.append(Table(cells, widths, repeatRows=1, style=[*frame.DENSE, *spans]))
    return story + _aside(report)


def _aside(report: DayReport) -> Flowables:
    if not report.aside:
        return [paragraph("Không có sự kiện nào bị tỉnh giữ riêng hay chưa đọc được.", frame.BODY)]
    rows = [[place, one.key, REFUSALS.get(one.reason, one.reason)] for place, one in enumerate(report.aside[:MOST_LISTED], 1)]
    story: Flowables = [
        paragraph(f"Có {number(len(report.aside))} sự kiện tỉnh giữ riêng để xem lại; máy vẫn còn giữ đủ.", frame.BODY),
        _texts(("TT", "Sự kiện", "Lý do"), rows, (0.1, 0.5, 0.4)),
    ]
    if len(report.aside) > MOST_LISTED:
        story.append(paragraph(f"Liệt kê {MOST_LISTED} sự kiện đầu; xem đủ bằng lệnh kiosk journal.", frame.BODY_ITALIC))
    return story


def _texts(header: Sequence[str], rows: Sequence[Sequence[object]], widths: Sequence[float]) -> Table:
    cells = [[paragraph(text, frame.CELL_HEAD) for text in header]]
    cells += [[paragraph(place, frame.CELL_CENTRED), paragraph(key, frame.SMALL), paragraph(why, frame.CELL)] for place, key, why in rows]
    return Table(cells, [share * WIDTH for share in widths], repeatRows=1, style=frame.DENSE)


def _notes(report: DayReport) -> Flowables:
    lines = report.notes[:MOST_LISTED] or ("Không có.",)
    return [paragraph("7. Ghi chú", frame.SECTION), *(paragraph(f"- {note}" if report.notes else note, frame.BODY) for note in lines)]


def _end(report: DayReport) -> Flowables:
    """The QR of the totals and the places to sign in one row, and below it what the code is."""
    side = 60 * mm  # read at half size and blurred, from a fax or a photograph of the page
    signed = frame.signatures("Người lập", "Người phụ trách lối vào", wide=WIDTH - side)
    told = "Mã này chứa các tổng số và mã cuối chuỗi ở trên để đối chiếu với tỉnh; không chứa tên hay số giấy tờ của ai."
    return [
        Table([[qr(totals(report), side), signed]], [side, WIDTH - side], style=frame.BARE),
        paragraph(f"{told} Dấu số liệu: {fingerprint(report)}.", frame.CELL),
    ]
