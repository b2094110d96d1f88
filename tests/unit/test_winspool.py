"""The Windows spooler through another Api: its bits become our words, a PDF becomes pages, a refusal is a named trouble."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zxingcpp

from kiosk.devices import winspool
from kiosk.devices.winspool import Sheet, WindowsPrinter, state_of
from kiosk.errors import Code, KioskError
from kiosk.printing import slip
from tests import builders


class Desk:
    """A spooler that keeps what it is given."""

    def __init__(self, status: tuple[int, int] | None = (0, 0), job: int = 7) -> None:
        self.says, self.job, self.pages = status, job, list[Sheet]()

    def printers(self) -> tuple[list[str], str]:
        return ["HP"], "HP"

    def status(self, name: str) -> tuple[int, int] | None:
        return self.says

    def print(self, name: str, title: str, pages: Iterator[Sheet]) -> int:
        self.pages += pages
        return self.job


@pytest.mark.parametrize(
    ("status", "attributes", "why"),
    [
        (0, 0, ""),
        (0x10, 0, "out_of_paper"),
        (0x1, 0, "paused"),
        (0x80, 0, "error"),
        (0x8 | 0x2, 0, "error"),
        (0, 0x400, "error"),
        (0x400, 0, ""),
    ],
)
def test_bits_become_words(status: int, attributes: int, why: str) -> None:
    assert state_of(status, attributes).why == why and state_of(status, attributes).ready is (why == "")


def test_a_page_arrives_as_rows_whose_code_is_read(tmp_path: Path) -> None:
    at = builders.at("08:41")
    slip.render(slip.Slip("HU1:ABC123", "Khu vực 1", "46", "TTM", "F", "1983", at, at, at), tmp_path / "slip.pdf")
    desk = Desk()
    assert WindowsPrinter("HP", desk).print(tmp_path / "slip.pdf", "phieu") == "HP-7"
    (page,) = desk.pages
    stride = (3 * page.wide + 3) // 4 * 4
    assert len(page.rows) == stride * page.high
    picture = np.frombuffer(page.rows, np.uint8).reshape(page.high, stride)[:, : 3 * page.wide].reshape(page.high, page.wide, 3)
    assert [code.text for code in zxingcpp.read_barcodes(np.ascontiguousarray(picture))] == ["HU1:ABC123"]


def test_troubles_are_named(tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-nothing")
    assert WindowsPrinter("HP", Desk(None)).status().why == "none"
    for printer, file in ((WindowsPrinter("HP", Desk(job=0)), tmp_path / "none.pdf"), (WindowsPrinter("HP", Desk()), tmp_path / "bad.pdf")):
        with pytest.raises(KioskError) as caught:
            printer.print(file, "x")
        assert caught.value.code is Code.PRINT_FAILED
    assert winspool.DPI == 300
