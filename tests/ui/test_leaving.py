"""The evening by keys and painted text: the close with a lead's PIN, deeds on paper and here, what leaves the laptop, the morning after."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from kiosk.domain import declaration
from kiosk.domain.events import Kind
from kiosk.domain.policy import Policy
from kiosk.domain.verdict import Act
from kiosk.errors import Code
from kiosk.ui.guard import State
from tests import builders
from tests.builders import ELECTION_DAY, LEAD, OFFICER
from tests.fakes import MemoryPrinter
from tests.ui.conftest import Front
from tests.ui.test_duty import sign_in, signed, signed_in, told

__all__ = ["signed"]
NEXT = "2021-05-24"
DAYS = (ELECTION_DAY, NEXT)


def printing(front: Front) -> MemoryPrinter:
    """Every paper of this window goes into memory; a purge opens other papers, so each is asked anew."""
    printer = MemoryPrinter()
    papers = front.program.papers

    def in_memory() -> object:
        made = papers()
        made.open_printer = lambda _name: printer
        return made

    front.program.papers = in_memory  # type: ignore[method-assign,assignment]
    services = front.window.services
    assert services is not None
    in_memory()
    return printer


def visits(front: Front) -> int:
    assert front.program.parts is not None
    with front.program.parts.database.read() as conn:
        return int(conn.exec_driver_sql("SELECT count(*) FROM visit").scalar_one())


def rows(front: Front, kind: Kind) -> list[dict[str, object]]:
    assert front.program.parts is not None
    with front.program.parts.database.read() as conn:
        return [fact.body.fields for fact in front.program.parts.journal.facts(conn) if fact.body.kind == kind]


def answered(front: Front, made_by: builders.Province) -> None:
    """The province holds and opens what there is, and from now on whatever is written, at once."""
    parts = front.program.parts
    assert parts is not None
    parts.station.tell()
    parts.station.writer.on_commit.append(lambda: builders.receive(parts, made_by))
    builders.receive(parts, made_by)


def a_day(front: Front) -> None:
    front.station.declare(declaration.check(declaration.example()).declaration())
    front.station.seen("moh")


def close(front: Front) -> None:
    """An officer is on duty, so the window asks for the lead's PIN; then it prints, tells and locks."""
    front.press(Qt.Key.Key_F10)
    page = front.window.load_pages().close
    front.wait(lambda: len(page.rows) == 1)
    front.click(page.close_it)
    front.wait_to_read("Mời người phụ trách")
    assert front.station.day() == ELECTION_DAY, "not before the PIN"
    sign_in(front, LEAD)
    front.wait(lambda: front.station.day() is None)
    front.wait_to_read("MÁY ĐANG KHÓA")


def test_the_close_asks_the_lead_signs_prints_tells_and_locks(signed: Callable[..., Front]) -> None:
    front = signed()
    signed_in(front, OFFICER)
    printer = printing(front)
    a_day(front)
    close(front)
    front.wait(lambda: len(printer.history) == 1)
    assert front.window.duty.guard.state is State.STOPPED
    (closed,) = (said for said in rows(front, Kind.DAY) if said["what"] == "closed")
    assert closed["by"] == LEAD.id and closed["visits"] == 2
    sign_in(front, OFFICER)
    front.wait(lambda: front.window.duty.guard.state is State.OPEN)
    front.press(Qt.Key.Key_F10)
    front.wait_to_read("Đã chốt ngày 23/05/2021")
    page = front.window.load_pages().close
    front.click(page.again)
    front.wait_to_read("Ghi lý do mở lại ngày.")
    page.reason.setFocus()
    front.type("có người đến muộn")
    front.press(Qt.Key.Key_Return)
    sign_in(front, LEAD)
    front.wait(lambda: front.station.day() == ELECTION_DAY)
    assert rows(front, Kind.DAY)[-1] == {"what": "reopened", "reason": "có người đến muộn"}


def test_beginning_the_day_prints_the_folder_or_says_that_it_was_skipped(open_front: Callable[..., Front]) -> None:
    front = open_front(clock=builders.Clock(wall=builders.at("08:00", "2021-05-10")), enrolled_at=builders.at("08:00", "2021-05-10"))
    printer = printing(front)
    front.wait_to_read("Bắt đầu ngày")
    front.window.acts.ask_day()
    front.wait_to_read("Bắt đầu ngày nào?")
    front.press(Qt.Key.Key_1)
    front.wait_to_read("In bộ giấy dự phòng?")
    front.press(Qt.Key.Key_2)
    front.wait_to_read("Không in bộ giấy dự phòng. Cần thì bấm F8 rồi phím 4.")
    assert printer.history == [] and front.station.day() == ELECTION_DAY
    front.press(Qt.Key.Key_F8)
    front.press(Qt.Key.Key_4)
    front.wait(lambda: len(printer.history) == 3)


def test_a_deed_on_paper_and_here_is_kept_or_voided_before_the_close(open_front: Callable[..., Front]) -> None:
    front = open_front()
    printing(front)
    for _ in range(2):
        front.station.seen("moh")
    parts = front.program.parts
    assert parts is not None
    with parts.database.read() as conn:
        deeds = [row[0] for row in conn.exec_driver_sql("SELECT deed FROM visit ORDER BY number")]
    for deed in deeds:
        parts.unsure.note(bytes.fromhex(deed), front.clock.wall, Code.COMMIT_UNKNOWN)
    assert Code.UNSURE_FOUND in parts.conditions()
    front.press(Qt.Key.Key_F10)
    front.wait_to_read("Giấy G001, máy ghi lúc 08:00")
    front.wait_to_read("Giấy G002, máy ghi lúc 08:00")
    page = front.window.load_pages().close
    front.click(page.close_it)
    front.wait_to_read("Người phụ trách chọn giữ hoặc hủy lượt đó")
    assert front.station.day() == ELECTION_DAY
    front.click(page.unsure[0].keep)
    front.wait(lambda: len(page.unsure) == 1)
    front.click(page.unsure[0].void)
    front.wait(lambda: page.unsure == [])
    assert front.station.today().visits == 1 and front.station.today().voided == 1
    assert Code.UNSURE_FOUND not in parts.conditions()
    front.click(page.close_it)
    front.wait(lambda: front.station.day() is None)


def test_a_closed_day_leaves_by_one_key_with_the_leads_pin(signed: Callable[..., Front]) -> None:
    made_by = builders.province(DAYS)
    front = signed(made_by)
    signed_in(front, OFFICER)
    printer = printing(front)
    a_day(front)
    front.press(Qt.Key.Key_F10)
    front.wait_to_read("X · Xóa dữ liệu, trả máy…")
    front.press(Qt.Key.Key_X)
    front.wait_to_read("1 · Ngày 23/05/2021")
    front.wait_to_read("Tỉnh chưa mở được")
    page = front.window.load_pages().giving
    front.press(Qt.Key.Key_1)
    assert visits(front) == 2, "a button that is off does nothing"
    close(front)
    sign_in(front, OFFICER)
    front.wait(lambda: front.window.duty.guard.state is State.OPEN)
    old = front.program.parts
    assert old is not None
    front.wait(lambda: len(printer.history) == 1)
    answered(front, made_by)
    front.press(Qt.Key.Key_F10)
    front.press(Qt.Key.Key_X)
    front.wait_to_read("Xóa được: tỉnh đã mở đủ. Máy tự xóa sau")
    front.press(Qt.Key.Key_1)
    sign_in(front, LEAD)
    front.wait(lambda: front.program.parts not in (None, old))
    front.wait(lambda: len(printer.history) == 2)
    assert visits(front) == 0 and front.station.session.id == OFFICER.id, "the same officer is on duty, without a PIN"
    front.window.open_return()
    front.wait_to_read("Đã xóa khỏi máy; bản mã hóa còn lại.")
    front.wait(page.isVisible)
    front.press(Qt.Key.Key_Escape)
    front.press(Qt.Key.Key_F10)
    front.wait_to_read("Ngày 23/05/2021 đã xóa khỏi máy (KS-221)")
    assert (LEAD.id, "purge") in told(front) or (OFFICER.id, "purge") in told(front)


def test_a_day_whose_time_is_over_leaves_by_itself_while_the_window_is_locked(signed: Callable[..., Front]) -> None:
    """Policy 0: as soon as the province has opened everything. The lock stays a lock."""
    made_by = builders.province(DAYS, Policy(purge_days=0))
    front = signed(made_by)
    signed_in(front, OFFICER)
    printer = printing(front)
    a_day(front)
    close(front)
    front.wait(lambda: len(printer.history) == 1)
    old = front.program.parts
    assert old is not None
    answered(front, made_by)
    front.program._look()
    front.wait(lambda: front.program.parts not in (None, old))
    front.wait(lambda: len(printer.history) == 2)
    assert visits(front) == 0 and front.window.duty.guard.state is State.STOPPED
    assert front.program.parts is not None and front.program.parts.purged()[0].by == "policy"
    assert old.station.seen("moh").act is Act.NOT_SAVED, "whoever still holds the old journal is sent to paper"
    assert visits(front) == 0
    front.press(Qt.Key.Key_F7)
    assert front.reads("MÁY ĐANG KHÓA")
    sign_in(front, OFFICER)
    front.wait(lambda: front.window.duty.guard.state is State.OPEN)


def test_a_day_whose_time_is_over_leaves_at_the_next_start_before_the_first_scan(signed: Callable[..., Front]) -> None:
    made_by = builders.province(DAYS)
    front = signed(made_by)
    signed_in(front, LEAD)
    front.station.seen("moh")
    answered(front, made_by)
    front.station.close_day(ELECTION_DAY, {})
    front.window.duty.sign_out()
    front.wait(lambda: front.program.parts is None)
    front.clock.forward(14 * 86_400 - 60)
    sign_in(front, OFFICER)
    front.wait(lambda: front.program.parts is not None)
    assert visits(front) == 1, "not a minute before the policy says"
    answered(front, made_by)
    front.window.duty.sign_out()
    front.wait(lambda: front.program.parts is None)
    front.clock.forward(60)
    sign_in(front, OFFICER)
    front.wait(lambda: front.program.parts is not None)
    parts = front.program.parts
    assert parts is not None and visits(front) == 0 and [said.by for said in parts.purged()] == ["policy"]
    assert front.station.session.id == OFFICER.id and [job.paper for job in parts.papers.jobs()] == ["certificate"]


def test_a_borrowed_laptop_is_cleaned_and_is_a_new_one_afterwards(signed: Callable[..., Front], home: Path) -> None:
    made_by = builders.province(DAYS)
    front = signed(made_by)
    signed_in(front, LEAD)
    printing(front)
    a_day(front)
    parts = front.program.parts
    assert parts is not None
    front.press(Qt.Key.Key_F9)
    front.wait_to_read("Xóa dữ liệu, trả máy…")
    front.click(front.window.load_pages().devices.give_back)
    front.wait_to_read("1 ngày chưa chốt")
    page = front.window.load_pages().giving
    front.press(Qt.Key.Key_D)
    front.type("K1")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Chưa dọn được máy này.")
    front.wait(lambda: front.program.parts is not None)
    assert visits(front) == 2, "nothing was deleted, and the journal is open again"
    answered(front, made_by)
    front.station.close_day(ELECTION_DAY, {})
    front.window.open_return()
    front.wait_to_read("Dọn được: tỉnh đã mở đủ, mọi ngày đã chốt.")
    page.name.setFocus()
    page.name.setText("")
    front.type("K2")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Gõ đúng tên máy (K1) để dọn.")
    page.name.setText("k1")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Đã dọn sạch máy. Biên bản:")
    front.wait(front.window.load_pages().enrol.isVisible)
    kept = {path.name for path in home.iterdir() if path.suffix not in (".lock", ".holder")}
    assert kept == {"removed"} and len(list((home / "removed").iterdir())) == 2


def test_a_lead_insists_and_the_journal_goes_to_the_stick_first(
    open_front: Callable[..., Front], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    front, reason = open_front(), "máy phải trả chiều nay"
    printing(front)
    front.station.seen("moh")
    front.window.open_return()
    page = front.window.load_pages().giving
    front.wait_to_read("1 ngày chưa chốt")
    page.reason.setFocus()
    front.type(reason)
    page.name.setText("K1")
    monkeypatch.setattr("kiosk.leaving.sticks", lambda: [])
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("(KS-505)")
    front.wait(lambda: front.program.parts is not None and front.station.today().visits == 1)
    stick = tmp_path / "usb"
    stick.mkdir()
    monkeypatch.setattr("kiosk.leaving.sticks", lambda: [stick])
    front.window.open_return()
    front.wait_to_read("1 ngày chưa chốt")
    page.reason.setText(reason)
    page.name.setFocus()
    page.name.setText("K1")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Đã dọn sạch máy. Biên bản:")
    assert sorted(file.suffix for file in stick.iterdir()) == [".huebundle", ".sealed"]
    assert not (home / "journal.db").exists()


def test_a_day_left_open_is_found_in_the_morning_and_closed_under_its_own_day(open_front: Callable[..., Front]) -> None:
    front = open_front()
    printing(front)
    front.station.seen("moh")
    front.clock.wall = builders.at("06:40", NEXT)
    front.window.services.look()  # type: ignore[union-attr]
    front.wait_to_read("Ngày làm việc trước chưa chốt")
    front.press(Qt.Key.Key_F10)
    front.wait_to_read("Chốt ngày 23/05/2021")
    front.click(front.window.load_pages().close.close_it)
    front.wait(lambda: front.station.day() is None)
    assert front.station.last_day() == ELECTION_DAY
