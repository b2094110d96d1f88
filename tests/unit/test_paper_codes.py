"""Every code on paper is read back from the page: at 100 and 150 dpi, turned by 20 degrees, small and blurred; by us and by pyzbar."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageFilter

from kiosk.crypto import sign
from kiosk.devices.decoder import QrDecoder
from kiosk.domain import poster as address
from kiosk.domain import ticketcode
from kiosk.domain.events import Key
from kiosk.domain.passes import hu1
from kiosk.printing import day_report, notice, poster, slip
from tests import builders
from tests.unit.test_printing import FULL

PASSES = 12
SEED = sign.generate()
AT = builders.at("08:41")


def pass_text() -> str:
    return hu1.make(hu1.Claims(os.urandom(8), AT, 72, 1983, "TTM", "F"), b"abc", SEED)


def one_slip(size: str) -> Callable[[Path], str]:
    def make(file: Path) -> str:
        text = pass_text()
        slip.render(slip.Slip(text, builders.AREA.name, builders.AREA.code, "TTM", "F", "1983", AT, AT, AT, "K1-000123"), file, size)
        return text

    return make


def ticket(file: Path) -> str:
    code = ticketcode.make(Key("k7q2m4aabbcc", "9f3ac2017be4d051", 118), 17)
    slip.render_ticket(slip.Ticket(17, code, builders.AREA.name, builders.AREA.code, "K1", AT), file)
    return code


def board(size: str) -> Callable[[Path], str]:
    def make(file: Path) -> str:
        place = "1975001K7Q2"
        url = address.url("https://tuongtac.thuathienhue.gov.vn", place, address.mac(os.urandom(32), place))
        assert len(url) <= 67
        poster.render(poster.Poster(url, place, "Cổng chính", "entrance", "Khu vực bỏ phiếu số 1", "Phường Tây Lộc", AT), file, size)
        return url

    return make


def voter_notice(file: Path) -> str:
    notice.render(notice.Notice("Khu vực bỏ phiếu số 1", "Phường Tây Lộc", "2021-05-23", "07:00", "19:00", AT), file)
    return notice.FORM_URL


def report(file: Path) -> str:
    day_report.render(FULL, file)
    return day_report.totals(FULL)


PAPERS: dict[str, Callable[[Path], str]] = {
    "slip-a6": one_slip("a6"),
    "slip-80": one_slip("80"),
    "ticket": ticket,
    "poster-a4": board("a4"),
    "poster-a3": board("a3"),
    "poster-column": board("column"),
    "notice": voter_notice,
    "report": report,
}


def rendered(file: Path, dpi: float) -> Image.Image:
    """The last page, grey: the report's code is there, the others have one."""
    with pypdfium2.PdfDocument(file) as document:
        shot: Image.Image = document[len(document) - 1].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
        return shot


def views(file: Path) -> dict[str, Image.Image]:
    fine = rendered(file, 150)
    half = fine.resize((fine.width // 2, fine.height // 2), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(1))
    turned = fine.rotate(20, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    return {"100 dpi": rendered(file, 100), "150 dpi": fine, "turned": turned, "half, blurred": half}


def ours(image: Image.Image) -> set[str]:
    return {code.raw.decode() for code in QrDecoder().decode(np.asarray(image))}


@pytest.mark.parametrize("paper", PAPERS)
def test_a_printed_code_is_read_by_our_decoder(paper: str, tmp_path: Path) -> None:
    file = tmp_path / "paper.pdf"
    said = PAPERS[paper](file)
    for name, view in views(file).items():
        assert said in ours(view), name


@pytest.mark.parametrize("paper", PAPERS)
def test_a_printed_code_is_read_by_pyzbar(paper: str, tmp_path: Path) -> None:
    pyzbar = pytest.importorskip("pyzbar.pyzbar", reason="pyzbar or its library is not here")
    file = tmp_path / "paper.pdf"
    said = PAPERS[paper](file)
    for name, view in views(file).items():
        assert said in {code.data.decode() for code in pyzbar.decode(view, [pyzbar.ZBarSymbol.QRCODE])}, name


def test_many_slips_are_all_read(tmp_path: Path) -> None:
    file, missed = tmp_path / "slip.pdf", []
    for number in range(PASSES):
        said = one_slip(("a6", "80")[number % 2])(file)
        missed += [(number, name) for name, view in views(file).items() if said not in ours(view)]
    assert missed == []


def test_the_board_is_read_from_two_metres(tmp_path: Path) -> None:
    """15 cm at two metres in a frame of 1280: the code is 69 pixels wide. 50 boards, each somewhere else between the pixels."""
    file, missed, decoder = tmp_path / "board.pdf", [], QrDecoder()
    for number in range(50):
        said = PAPERS["poster-a4"](file)
        scale = 69 / (151 / 25.4 * 72)
        page = rendered(file, 72 * scale * 8)
        page = page.crop((number % 8, number // 8, page.width - page.width % 8, page.height - page.height % 8))
        small = page.resize((round(page.width / 8), round(page.height / 8)), Image.Resampling.BOX)
        frame = np.full((720, 1280), 140, np.uint8)
        frame[300 : 300 + small.height, 600 : 600 + small.width] = np.asarray(small)
        if said not in {code.raw.decode() for code in decoder.decode(frame)}:
            missed.append(number)
    assert missed == []


def test_a_long_address_is_refused_and_no_unreadable_board_is_made(tmp_path: Path) -> None:
    from kiosk.errors import Code, KioskError

    made = poster.Poster("HTTPS://" + "A" * 60 + "/D/X/Y", "X", "Cổng", "entrance", "Khu vực", "Phường", AT)
    with pytest.raises(KioskError) as caught:
        poster.render(made, tmp_path / "board.pdf")
    assert caught.value.code is Code.BAD_INPUT and not list(tmp_path.iterdir())
    assert poster.CODES["a4"] >= poster.SMALLEST and min(poster.CODES.values()) >= poster.SMALLEST
