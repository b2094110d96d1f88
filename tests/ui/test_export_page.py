"""X on the page Hôm nay, by keys: the counts, the people with a reason, and the lead's PIN where somebody else is on duty."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import openpyxl
from PySide6.QtCore import Qt

from kiosk.domain import declaration
from tests.builders import ELECTION_DAY, LEAD, OFFICER
from tests.ui.conftest import Front
from tests.ui.test_duty import sign_in, signed, signed_in, told

__all__ = ["signed"]


def declare(front: Front) -> None:
    front.station.declare(declaration.check(declaration.example()).declaration())


def open_export(front: Front) -> None:
    front.press(Qt.Key.Key_F7)
    front.press(Qt.Key.Key_X)
    front.wait_to_read("Xuất bảng tính (người phụ trách)")


def kept(front: Front, name: str) -> Path:
    assert front.program.parts is not None
    return front.program.parts.settings.papers(front.program.parts.home) / f"{name}-{ELECTION_DAY}-K1"


def test_counts_by_three_keys(front: Front) -> None:
    declare(front)
    open_export(front)
    front.press(Qt.Key.Key_2)
    front.wait_to_read("dòng trong")
    rows = list(csv.reader(io.StringIO(kept(front, "so-dem").with_suffix(".csv").read_text("utf-8-sig"))))
    assert ["Lượt vào", "tất cả"] in [row[1:3] for row in rows]


def test_people_want_a_reason_and_an_officers_lead(signed: Callable[..., Front]) -> None:
    front = signed()
    signed_in(front, OFFICER)
    declare(front)
    open_export(front)
    front.press(Qt.Key.Key_3)
    front.wait_to_read("Ghi lý do xuất danh sách người.")
    front.type("truy vết theo yêu cầu")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Mời người phụ trách")
    file = kept(front, "nguoi-khai").with_suffix(".xlsx")
    assert not file.exists() and (OFFICER.id, "export") not in told(front)
    sign_in(front, LEAD)
    front.wait_to_read("1 dòng trong")
    sheet = openpyxl.load_workbook(file).active
    assert sheet is not None and declaration.check(declaration.example()).fields["full_name"] in [cell.value for cell in sheet[2]]
    assert told(front)[-1][1] == "export"
    assert front.window.load_pages().export.reason.text() == ""


def test_names_that_are_hidden_do_not_leave_in_a_file(signed: Callable[..., Front]) -> None:
    front = signed()
    signed_in(front, LEAD)
    declare(front)
    guard = front.window.duty.guard
    guard.mono = lambda: guard._touched + 181
    guard.step()
    front.press(Qt.Key.Key_F7)
    front.press(Qt.Key.Key_X)
    front.wait(front.window.load_pages().signin.isVisible)
    assert not front.window.load_pages().export.isVisible()
