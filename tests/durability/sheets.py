"""Hostile names through LibreOffice itself: our CSV and our XLSX are opened headless and written again as a workbook. Whatever it then
calls a formula, or computed, or lost, is a finding.

Usage: python -m tests.durability.sheets     (half a minute; needs `soffice` on the path or in $SOFFICE, else it says "not tried")
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import openpyxl

from kiosk.domain import cells
from kiosk.printing import workbook
from tests import builders

LIVE = ("=1+1", '=HYPERLINK("http://hue.example/","x")', "+84905000123", "-5", "@SUM(1)", "=cmd|' /C calc'!A0", "046183000123", "Trần")
AS_TEXT = "CSV:44,34,76,1,,0,false,true,false"  # comma, quote, UTF-8; numbers are looked for, as when it is opened by hand
LIMIT_S = 120


def round_trip() -> tuple[bool, str]:
    """(did all hold, a line)."""
    program = os.environ.get("SOFFICE") or shutil.which("soffice")
    if program is None:
        return True, "not tried (no LibreOffice)"
    names = [*LIVE, *builders.hostile_names()]
    rows = [(name, 7) for name in names]
    with tempfile.TemporaryDirectory(prefix="sheets-") as named:
        folder = Path(named)
        (folder / "csv").mkdir()
        (folder / "csv" / "names.csv").write_bytes(cells.csv_bytes(["name", "count"], rows))
        workbook.write(folder / "names.xlsx", "names", ["name", "count"], rows)
        found = _judge(_through(program, folder, folder / "csv" / "names.csv", AS_TEXT), [cells.cell(name) for name in names])
        found += _judge(_through(program, folder, folder / "names.xlsx", ""), [cells.clean(name) for name in names])
        raw = folder / "csv" / "names.csv"
        raw.write_text("name,count\n" + "".join(f"{name},7\n" for name in ("=1+1", "=2*3")), "utf-8")
        if len(_judge(_through(program, folder, raw, AS_TEXT), ["=1+1", "=2*3"])) < 2:
            found.append("a cell that nobody quoted was not caught: this harness sees nothing")
    for finding in found[:10]:
        print(finding)
    return not found, f"names={len(names)} files=2 findings={len(found)}"


def _through(program: str, folder: Path, file: Path, reader: str) -> Path:
    out = folder / f"out-{file.suffix[1:]}"
    words = [program, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--norestore", "--convert-to", "xlsx"]
    words += [f"--infilter={reader}"] * bool(reader) + ["--outdir", str(out), str(file)]
    ran = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    made = out / "names.xlsx"
    if not made.exists():
        raise SystemExit(f"soffice wrote nothing: {ran.stderr[-300:]}")
    return made


def _judge(file: Path, expected: list[str]) -> list[str]:
    found: list[str] = []
    with zipfile.ZipFile(file) as parts:
        for name in parts.namelist():
            if name.startswith("xl/worksheets/") and (b"<f>" in parts.read(name) or b"<f " in parts.read(name)):
                found.append(f"{file.parent.name}: a formula in {name}")
            if "externalLink" in name or "<hyperlink" in parts.read(name).decode("utf-8", "replace"):
                found.append(f"{file.parent.name}: a link in {name}")
    sheet = openpyxl.load_workbook(file).active
    assert sheet is not None
    rows = list(sheet.iter_rows(min_row=2, max_col=2))
    if len(rows) != len(expected):
        found.append(f"{file.parent.name}: {len(rows)} rows of {len(expected)}")
    for (name, count), wanted in zip(rows, expected, strict=False):
        plain = name.data_type in "nb" and wanted.lower() in (str(name.value).lower(), f"0{name.value}")  # 7, true: no text, and harmless
        if name.data_type == "f" or (not plain and " ".join(str(name.value or "").split()) != " ".join(wanted.split())):
            found.append(f"{file.parent.name}: {wanted[:40]!r} became {str(name.value)[:40]!r}")
        if count.value != 7:
            found.append(f"{file.parent.name}: the count beside {wanted[:40]!r} is {str(count.value)[:20]!r}")
    return found


if __name__ == "__main__":
    good, line = round_trip()
    print(f"sheets: {line}")
    sys.exit(int(not good))
