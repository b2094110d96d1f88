"""Each paper as a picture for docs/screens, rendered from the real PDF; called by tools/screens.py. The people are invented."""

import tempfile
from pathlib import Path

import pypdfium2
from PIL import Image

from kiosk import compose
from kiosk.domain import declaration
from kiosk.ports import Order
from tests import builders
from tests.papers import sheets

GROUND = "#7A8699"
SHEETS: dict[str, tuple[tuple[str, str], ...]] = {
    "paper-voter": (("slip", "a6"), ("slip", "80"), ("ticket", "a6")),
    "paper-forms": (("declaration", ""), ("form", "")),
    "paper-fallback": (("register", ""), ("card", "")),
    "paper-posters": (("poster", "a4"), ("poster", "a3"), ("poster", "column")),
    "paper-notice": (("notice", ""), ("announcement", "")),
    "paper-report": (("report", ""),),
}
DRAWN = {"paper-certificates": ("certificate", "removal"), "paper-checks": ("test-card", "start-check")}  # tests/papers/sheets.py
HIGH = 620  # px of each page


def picture(file: Path) -> list[Image.Image]:
    """The first two pages, HIGH pixels tall."""
    with pypdfium2.PdfDocument(file) as document:
        pages = [document[n] for n in range(min(len(document), 2))]
        return [page.render(scale=HIGH / page.get_height()).to_pil().convert("RGB") for page in pages]


def take(out: Path) -> None:
    """Writes SHEETS as PNG of a few colours."""
    with tempfile.TemporaryDirectory() as folder:
        home, clock = builders.enrolled_home(Path(folder) / "kiosk"), builders.Clock(wall=builders.at("08:41"))
        with compose.open_parts(home, clock=clock) as parts:
            said = parts.station.declare(declaration.check(declaration.example()).declaration()).event
            ticket = parts.station.defer("closing").event
            place = builders.place_told(parts, parts.places.add({"name": "Cổng chính", "kind": "entrance", "spot": "Cột trái cổng trường"}))
            parts.day.counted[""] = 2
            parts.day.close()
            targets = {"slip": said, "declaration": said, "ticket": ticket, "poster": place.id}
            for name, papers in SHEETS.items():
                pages: list[Image.Image] = []
                for paper, size in papers:
                    file = Path(folder) / "paper.pdf"
                    parts.papers.print(Order(paper, targets.get(paper, ""), size, {"count": 1} if paper == "form" else {}), file)
                    pages += picture(file)[: 2 if paper == "report" else 1]
                _sheet(pages).save(out / f"{name}.png", optimize=True)
        for name, drawn in DRAWN.items():
            pages = []
            for paper in drawn:
                file = Path(folder) / "paper.pdf"
                sheets.PAPERS[paper](file)
                pages += picture(file)[:1]
            _sheet(pages).save(out / f"{name}.png", optimize=True)


def _sheet(pages: list[Image.Image]) -> Image.Image:
    sheet = Image.new("RGB", (sum(page.width + 16 for page in pages) + 16, HIGH + 32), GROUND)
    x = 16
    for page in pages:
        sheet.paste(page, (x, 16))
        x += page.width + 16
    return sheet.quantize(48, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
