"""Two hundred hostile names on every paper: only text comes out. No script, no action, no file, no link; markup stays letters."""

import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdf
import pypdfium2
import pytest

from kiosk.domain import declaration
from kiosk.printing import forms, notice, poster, slip
from tests import builders

AT = builders.at("08:41")
FORBIDDEN = (
    *("/JS", "/JavaScript", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/URI"),
    *("/OpenAction", "/AA", "/SubmitForm", "/GoToR", "/RichMedia"),
)


def paper_declaration(name: str, file: Path) -> None:
    fields = declaration.check(declaration.example()).declaration().fields
    fields |= {"full_name": name, "id_number": name, "travel_14d": name, "current": {"hamlet": name, "ward": name}}
    forms.render(forms.PaperDeclaration("K1-000001", name, name, name, fields, "proxy", AT, name, AT), file)


def paper_slip(name: str, file: Path) -> None:
    slip.render(slip.Slip("HU1:ABC", name, name, name, "F", name, AT, AT, AT, name), file)


def paper_board(name: str, file: Path) -> None:
    poster.render(poster.Poster("HTTPS://X.VN/D/AB12/ABCDEFGHIJKLMNOP", "AB12", name, "entrance", name, name, AT, spot=name), file)


def paper_notice(name: str, file: Path) -> None:
    notice.render(notice.Notice(name, name, "2021-05-23", "07:00", "19:00", AT), file)


def paper_register(name: str, file: Path) -> None:
    forms.render_register(name, name, name, AT, file, 1)


PAPERS: dict[str, Callable[[str, Path], None]] = {
    "declaration": paper_declaration,
    "slip": paper_slip,
    "board": paper_board,
    "notice": paper_notice,
    "register": paper_register,
}


def keys(thing: object, seen: set[int]) -> Iterator[str]:
    """Every dictionary key and name in a PDF, by pypdf's own reading."""
    if isinstance(thing, pypdf.generic.IndirectObject):
        if thing.idnum in seen:
            return
        seen.add(thing.idnum)
        thing = thing.get_object()
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield str(key)
            yield from keys(value, seen)
    elif isinstance(thing, list):
        for value in thing:
            yield from keys(value, seen)
    elif isinstance(thing, pypdf.generic.NameObject):
        yield str(thing)


@pytest.mark.parametrize("paper", PAPERS)
def test_hostile_names_are_only_text(paper: str, tmp_path: Path) -> None:
    file, names = tmp_path / "paper.pdf", builders.hostile_names()
    assert len(names) >= 200
    for name in names[:: 1 if paper == "slip" else 5]:
        PAPERS[paper](name, file)
        reader = pypdf.PdfReader(file)
        found = set(keys(reader.trailer, set()))
        assert not found & set(FORBIDDEN), (name[:40], found & set(FORBIDDEN))
        assert len(reader.pages) <= 3


def test_markup_and_formulas_stand_on_the_page_letter_by_letter(tmp_path: Path) -> None:
    file = tmp_path / "paper.pdf"
    for name in ("<b>Mẫu</b>", "=HYPERLINK(1)", "&amp;Trần", "<img src='x'/>"):
        paper_declaration(name, file)
        with pypdfium2.PdfDocument(file) as document:
            text = document[0].get_textpage().get_text_range()
        assert name in " ".join(unicodedata.normalize("NFC", text).split())
