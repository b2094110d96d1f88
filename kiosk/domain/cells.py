"""Tables for other programs: CSV that a spreadsheet does not compute. Every value is text; one that looks like a formula is quoted.

A name "=HYPERLINK(…)" in a list that an official opens in a spreadsheet would run there. OWASP's rule: a cell that begins with
= + - @, a tab or a line break (or the wide forms a spreadsheet folds to them) gets an apostrophe in front. XLSX has typed cells
and needs no apostrophe (kiosk/printing/workbook.py).
"""

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA = frozenset("=+-@|%;\t\r\n\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b")
LONGEST = 2_000  # characters in one cell
BOM = "\ufeff"  # without it Excel reads Vietnamese as something else


def clean(value: object) -> str:
    """One line of text without controls, of bearable length."""
    text = str(value if value is not None else "")[: 2 * LONGEST]
    return "".join(c if c.isprintable() else " " for c in text).encode("utf-8", "replace").decode()[:LONGEST]


def cell(value: object) -> str:
    """A value as a CSV cell; a whole number stays a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raw = str(value if value is not None else "")
    text = clean(value)
    return f"'{text}" if raw[:1] in FORMULA or text.lstrip()[:1] in FORMULA else text


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """UTF-8 with a byte-order mark, CRLF, every cell quoted (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([cell(name) for name in header])
    writer.writerows([cell(value) for value in row] for row in rows)
    return (BOM + out.getvalue()).encode()
