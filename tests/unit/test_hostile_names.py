"""Two hundred hostile names (tests/vectors/hostile_names.json) through every door: the cleaning room, paper, CSV, XLSX, HTML. The window
is in tests/ui/test_hostile_window.py."""

import csv
import io
import json
import time
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pypdf
import pytest

from kiosk.domain import cells, text
from kiosk.domain.declaration import check, example
from kiosk.printing import forms, workbook
from province.web import pages
from tests import builders

NAMES = builders.hostile_names()
LIMIT = 120


def accepted() -> list[str]:
    """What the door lets through, as it lets it through."""
    out: list[str] = []
    for name in NAMES:
        try:
            out.append(text.clean(name, LIMIT))
        except text.BadText as bad:
            assert bad.reason in text.REASONS
    return out


def test_the_corpus_has_two_hundred_names_of_every_kind() -> None:
    kinds = {entry["kind"] for entry in json.loads(builders.HOSTILE.read_text("utf-8"))["names"]}
    assert len(set(NAMES)) >= 200
    assert kinds >= {"markup", "formula", "quotes", "bidi", "invisible", "control", "marks", "length", "real"}


def test_the_door_refuses_by_name_or_lets_in_one_line_of_composed_text() -> None:
    let_in = accepted()
    assert 80 < len(let_in) < len(NAMES), "some of each"
    for name in let_in:
        assert 0 < len(name) <= LIMIT and name == unicodedata.normalize("NFC", name) and name == name.strip()
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") for c in name), name.encode("unicode_escape")
    for odd in ("H'Hen Niê", "O'Connor Đặng", "Ksor H'Bơ Khăp", "Ơ", "Nguyễn-Phạm Thị"):
        assert odd in let_in, "a real name is nobody's attack"


def test_the_form_takes_every_name_or_says_what_is_wrong_with_it() -> None:
    for name in NAMES:
        judged = check(example() | {"full_name": name})
        assert judged.errors == {} or set(judged.errors) == {"full_name"}, name[:40].encode("unicode_escape")


def test_a_spreadsheet_computes_none_of_them() -> None:
    raw = cells.csv_bytes(["name", "count"], [(name, 7) for name in NAMES])
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert len(rows) == len(NAMES) + 1 and all(len(row) == 2 and row[1] in ("7", "count") for row in rows)
    for name, (shown, _count) in zip(NAMES, rows[1:], strict=True):
        assert shown.isprintable() and len(shown) <= cells.LONGEST + 1
        assert not shown.lstrip() or shown.lstrip()[0] not in cells.FORMULA, name[:40]
    assert cells.cell(-5) == "-5" and cells.cell("-5") == "'-5" and cells.cell(None) == "" and cells.cell("Trần") == "Trần"


def test_a_workbook_holds_them_as_text(tmp_path: Path) -> None:
    file = tmp_path / "names.xlsx"
    assert workbook.write(file, "Danh sách [1]: */", ["name", "count"], [(name, 7) for name in NAMES]) == len(NAMES)
    sheet = openpyxl.load_workbook(file).active
    assert sheet is not None
    cells_read = [(row[0], row[1]) for row in sheet.iter_rows(min_row=2)]
    assert len(cells_read) == len(NAMES)
    assert {name.data_type for name, _count in cells_read if name.value is not None} == {"s"}
    assert {count.data_type for _name, count in cells_read} == {"n"}


@pytest.mark.slow
def test_paper_draws_them_as_text_and_opens_no_file(tmp_path: Path) -> None:
    """Raw, past the door, as an old record might hold them: a page each would be slow, so ten share one document."""
    shown = "".join(NAMES)
    assert "file:///etc/passwd" in shown
    began = time.process_time()
    for number, name in enumerate(NAMES):
        if number % 16 == 0:
            fields = example() | {"full_name": name, "current": {"ward": name, "hamlet": name}}
            file = tmp_path / f"{number}.pdf"
            page = forms.PaperDeclaration("K1-000001", name, "46-1", name, fields, officer=name, printed_at=1_621_730_000_000)
            assert forms.render(page, file) >= 1
            data = file.read_bytes()
            assert b"/EmbeddedFile" not in data and b"/URI" not in data and b"/JavaScript" not in data and b"root:" not in data
    read = pypdf.PdfReader(tmp_path / "0.pdf").pages[0].extract_text()
    assert "<b>Trần Thị Mẫu</b>" in read.replace("\n", " "), "markup is drawn, not obeyed"
    assert time.process_time() - began < 60, "a bound against hanging, not a measure"


def test_the_provinces_pages_escape_them() -> None:
    env = pages.Pages(None)._templates.env  # type: ignore[arg-type]  # no request is answered here
    template = env.get_template("diary.html")
    plain = template.render(passes=[], now=0, csrf="", account=None)
    for name in NAMES:
        one = SimpleNamespace(number=1, who=name, mine=True, at=1_621_730_000_000, until=1)
        html = template.render(passes=[one], now=0, csrf="", account=None)
        inside = html[html.index("<b>", html.index('<ul class="list">')) + 3 :].split("</b>")[0]
        assert "<" not in inside and ">" not in inside and '"' not in inside, name[:40]
        assert html.count("<script") == plain.count("<script")
    unescaped = [
        line for file in (pages.FOLDER / "templates").glob("*.html") for line in file.read_text("utf-8").splitlines() if "safe" in line
    ]
    assert {line.strip() for line in unescaped} == {"{{ qr | safe }}"}, "only codes that were drawn here"
