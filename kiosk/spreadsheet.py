"""Tables for the lead: counts by kind and hour, or the people who declared here, as a CSV or XLSX file that no program computes.

Both are a lead's; the people also need a reason. The act stands in the journal before the file stands on the disk: a list that nobody
answers for must not exist. What anybody answered about their health does not leave in a table.
"""

from collections import defaultdict
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import msgspec

from kiosk import words
from kiosk.domain import cells, text
from kiosk.domain.events import Kind
from kiosk.domain.form import form
from kiosk.errors import Code, KioskError, code_of
from kiosk.i18n import N_, _, language
from kiosk.printing import workbook
from kiosk.security import files
from kiosk.station import Station
from kiosk.store import export, register
from kiosk.store.engine import Connection, Database
from kiosk.words.labels import DEFER_REASONS, GENDERS, KINDS, MODES, SOURCES

COUNTS, PEOPLE = "counts", "people"
SUFFIXES = (".csv", ".xlsx")
FILES = {COUNTS: "so-dem", PEOPLE: "nguoi-khai"}
TITLES = {COUNTS: N_("Số đếm theo giờ"), PEOPLE: N_("Người đã khai")}
VOIDED = N_("Lượt vào đã hủy")
DETAILS = {"visit": SOURCES, "declaration": MODES, "defer": DEFER_REASONS}
ORDER = ("visit", "voided", "declaration", "defer", "leave", "sighting")
COLUMNS = ("full_name", "birth_date", "gender", "id_number", "phone", "email", "current")  # who it is and how they are reached
Row = Sequence[object]


class Exported(msgspec.Struct, frozen=True):
    """What stands in `file` now. `rows`: without the header."""

    file: Path
    what: str
    event_day: str
    rows: int


class Spreadsheets:
    """`folder`: where the window's files go."""

    def __init__(self, station: Station, database: Database, folder: Path) -> None:
        self._station, self._database, self._folder = station, database, folder

    def keep(self, what: str, suffix: str, reason: str = "") -> Exported:
        """Into the folder of the papers, under a name that says day and kiosk. Raises as `export`."""
        day = self._station.last_day()
        if day is None:
            raise KioskError(Code.NO_DAY)
        file = self._folder / f"{FILES.get(what, what)}-{day}-{self._station.info.label}{suffix}"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritten(file, error) from error
        return self.export(file, what, day, reason)

    def export(self, file: Path, what: str = COUNTS, event_day: str = "", reason: str = "") -> Exported:
        """A file of its own, mode 0600, whole or not there at all; one that stands there is replaced. `event_day` "": the open day, else
        the one closed last.

        Raises KioskError(BAD_INPUT | NO_DAY | DAY_UNKNOWN | DAY_EMPTY | DAY_PURGED | LEAD_NEEDED | LOCKED | FILE_NOT_WRITTEN or the
        store's own).
        """
        why = self._checked(file, what, reason)
        day = event_day or self._station.last_day()
        if day is None:
            raise KioskError(Code.NO_DAY)
        with self._database.read() as conn:
            if not export.known(conn, day):
                listed = self._station.identity.campaign(day) is not None
                raise KioskError(Code.DAY_EMPTY if listed else Code.DAY_UNKNOWN, day=day[:20])
            if register.is_purged(conn, day):  # its figures would all be nought
                raise KioskError(Code.DAY_PURGED, day=day)
        if what != COUNTS:
            self._station.allow("people_export")
        self._station.require("lead", "export")
        with self._database.read() as conn:
            header, rows = _counts(conn, day) if what == COUNTS else self._people(conn, day)
        data = _bytes(file, what, header, rows)
        facts: dict[str, str | int] = {"kind": what, "count": len(rows), "day": day}
        self._tell({**facts, "reason": why} if why else facts)
        try:
            files.write(file, data)
        except OSError as error:
            raise _unwritten(file, error) from error
        return Exported(file, what, day, len(rows))

    def _tell(self, facts: dict[str, str | int]) -> None:
        """Into the journal; on a Monday when no day is open or may be opened, into the nearest day, which stays closed."""
        try:
            self._station.audit("export", **facts)
        except KioskError as error:
            if error.code is not Code.NO_DAY:
                raise
            self._station.record(Kind.AUDIT, {"what": "export", **facts})

    @staticmethod
    def _checked(file: Path, what: str, reason: str) -> str:
        """The reason, cleaned. Before anybody is asked for a PIN. Raises KioskError(BAD_INPUT | FILE_NOT_WRITTEN)."""
        if what not in FILES:
            raise KioskError(Code.BAD_INPUT, value=what[:20], allowed=" | ".join(FILES))
        if file.suffix.lower() not in SUFFIXES:
            raise KioskError(Code.BAD_INPUT, value=file.name[:40], allowed=" | ".join(SUFFIXES))
        if not file.parent.is_dir() or file.is_symlink() or (file.exists() and not file.is_file()):
            raise KioskError(Code.FILE_NOT_WRITTEN, file=str(file), why="not_a_file")
        if what == COUNTS and not reason.strip():
            return ""
        try:
            return text.clean(reason, 200)
        except text.BadText as bad:
            raise KioskError(Code.BAD_INPUT, value="reason", allowed="1-200", why=bad.reason) from bad

    def _people(self, conn: Connection, day: str) -> tuple[list[str], list[Row]]:
        label, own = self._station.info.label, {field.key: field for field in form().fields}
        named = [own[key].en if language() == "en" else own[key].vi for key in COLUMNS]
        header = [_("Ngày"), _("Giờ"), _("Số lượt"), _("Hình thức"), *named, _("Đã sửa")]

        def row(one: export.Person) -> Row:
            number = f"{label}-{one.number:06d}" if one.number else ""
            said = [_said(key, one.fields.get(key)) for key in COLUMNS]
            return [day, words.hour_minute(one.at), number, words.label(MODES, one.mode), *said, _("có") if one.amended else ""]

        return header, [row(one) for one in export.people(conn, day)]


def _counts(conn: Connection, day: str) -> tuple[list[str], list[Row]]:
    """A line for each kind and what it came from, a column for each hour between the first and the last, the sum at the end."""
    table: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for one in export.counts(conn, day):
        table[one.kind, one.word][one.hour] += one.n
        if one.kind in DETAILS:
            table[one.kind, ""][one.hour] += one.n  # all of the kind, in its first line
    seen = [hour for line in table.values() for hour in line]
    hours = range(min(seen), max(seen) + 1) if seen else range(0)
    header = [_("Ngày"), _("Loại"), _("Chi tiết"), *(f"{hour:02d}h" for hour in hours), _("Cộng")]
    rows: list[Row] = []
    for kind, word in sorted(table, key=lambda key: (ORDER.index(key[0]), key[1])):
        line = table[kind, word]
        named = _(VOIDED) if kind == "voided" else words.label(KINDS, kind)
        detail = words.label(DETAILS[kind], word) if word else _("tất cả")
        rows.append([day, named, detail, *(line.get(hour, 0) for hour in hours), sum(line.values())])
    return header, rows


def _said(key: str, value: object) -> str:
    """A field's value in one cell; an address from the hamlet up."""
    if isinstance(value, dict):
        return ", ".join(str(value[level]) for level in ("hamlet", "ward", "district", "province") if value.get(level))
    return words.label(GENDERS, str(value)) if key == "gender" and value else str(value or "")


def _bytes(file: Path, what: str, header: Sequence[str], rows: Sequence[Row]) -> bytes:
    if file.suffix.lower() == ".csv":
        return cells.csv_bytes(header, rows)
    out = BytesIO()
    try:
        workbook.write(out, _(TITLES[what]), header, rows)
    except OSError as error:
        raise _unwritten(file, error) from error
    return out.getvalue()


def _unwritten(file: Path, error: OSError) -> KioskError:
    return KioskError(Code.FILE_NOT_WRITTEN, file=file.name, why=code_of(error).value, what=error.strerror or "")
