"""Each paper looks as it did when somebody last judged it, within a tolerance, and says the same words exactly."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.papers import sheets

ANEW = "look at the page; if it is meant: python -m tests.papers.sheets"


@pytest.mark.parametrize("name", sheets.PAPERS)
def test_a_paper_looks_and_reads_as_it_did(name: str, tmp_path: Path) -> None:
    picture, text = sheets.made(name, tmp_path)
    assert text == (sheets.REFERENCE / f"{name}.txt").read_text("utf-8"), ANEW
    with Image.open(sheets.REFERENCE / f"{name}.png") as kept:
        assert sheets.differs(picture, np.asarray(kept)) == "", ANEW


def test_the_tolerance_sees_what_an_eye_sees() -> None:
    """A page shifted by one picture point, a line gone, a box gone, a shade everywhere; and not the noise of another renderer."""
    with Image.open(sheets.REFERENCE / "slip-a6.png") as kept:
        page = np.asarray(kept)
    dark = int(np.argmin(page.mean(axis=1)))
    blank = page.copy()
    blank[max(0, dark - 2) : dark + 2] = 255
    for other in (np.roll(page, 1, axis=0), np.roll(page, 1, axis=1), blank, page // 2 + 127, page[:, :-1]):
        assert sheets.differs(other, page)
    noise = np.random.default_rng(1).integers(-1, 2, page.shape)
    assert sheets.differs(np.clip(page.astype(np.int16) + noise // 2, 0, 255).astype(np.uint8), page) == ""


def test_no_paper_is_forgotten() -> None:
    """Whatever the kiosk can print has a picture here."""
    from kiosk.papers import FILES

    known = {name.split("-a")[0].split("-8")[0].split("-column")[0] for name in sheets.PAPERS}
    assert set(FILES) <= known, set(FILES) - known
    assert {file.stem for file in sheets.REFERENCE.iterdir()} == set(sheets.PAPERS)
