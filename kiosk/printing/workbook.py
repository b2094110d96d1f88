"""A table as an XLSX workbook: text cells are typed as text, so that no name is ever computed; whole numbers are numbers."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from kiosk.domain import cells


def write(file: Path | IO[bytes], title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Writes one sheet and returns its rows without the header. Raises OSError."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("".join(c for c in cells.clean(title) if c not in "[]:*?/\\")[:31] or "1")

    def typed(value: object) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return WriteOnlyCell(sheet, value)
        made = WriteOnlyCell(sheet, cells.clean(value))
        made.data_type = "s"  # after the value: openpyxl takes "=…" for a formula
        return made

    sheet.append([typed(name) for name in header])
    count = 0
    for row in rows:
        sheet.append([typed(value) for value in row])
        count += 1
    book.save(file)
    return count
