"""Ctrl+S, Gửi về tỉnh: the words, sending and stopping by one key, the stick by its two, notices, and the amber strip."""

import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt

from kiosk.domain import feed as rows
from kiosk.domain.feed import FeedKind, NoticeRow
from kiosk.domain.protocol import FeedItem, FeedPage
from kiosk.errors import Code, KioskError
from kiosk.store.feed import Filing
from kiosk.sync.uploader import Credentials, Uploader
from tests.ui.conftest import Front

CTRL = Qt.KeyboardModifier.ControlModifier


class Nowhere:
    """A cable that is pulled."""

    def post(self, path: str, body: bytes) -> object:
        raise KioskError(Code.OFFLINE, why="connect", sent=False)

    def close(self) -> None: ...


def open_page(front: Front) -> None:
    parts = front.program.parts
    assert parts is not None
    secrets = parts.vault.secrets
    me = Credentials(secrets.enrolment.kiosk, secrets.kiosk_seed, secrets.enrolment.trust.service)
    parts.__dict__["uploader"] = Uploader(parts.outbox, Nowhere(), me, parts.clock, random.Random(7))  # type: ignore[arg-type]
    front.press(Qt.Key.Key_S, CTRL)
    front.wait_to_read("Gửi cho xong")


def test_the_page_says_what_waits_and_that_there_is_no_network(front: Front) -> None:
    front.station.seen("moh")
    open_page(front)
    front.wait_to_read("Tỉnh đã nhận 0 trong 2 sự kiện; còn 2 chờ gửi.")
    front.wait_to_read("Không có mạng, máy vẫn làm việc.")
    front.wait_to_read("Tin từ tỉnh:")
    front.press(Qt.Key.Key_Escape)
    front.wait(lambda: front.window.scan.isVisible())


def test_a_click_on_the_strip_opens_it_too(front: Front) -> None:
    open_page(front)
    front.press(Qt.Key.Key_Escape)
    front.wait(lambda: front.window.scan.isVisible())
    front.click(front.window.furnish().strip)
    front.wait_to_read("Gửi cho xong")


def test_enter_sends_until_done_and_enter_again_stops(front: Front) -> None:
    front.station.seen("moh")
    open_page(front)
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Enter · Dừng")
    front.press(Qt.Key.Key_Return)
    front.wait_to_read("Enter · Gửi cho xong")
    assert front.program.parts is not None and front.program.parts.outbox.counts().waiting == 2


def test_u_writes_to_the_stick_and_says_what_to_do(front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    monkeypatch.setenv("KIOSK_STICKS", str(stick))
    front.station.seen("moh")
    open_page(front)
    front.press(Qt.Key.Key_U)
    front.wait_to_read("Đã ghi 2 sự kiện ra USB. Mang USB về tỉnh")
    (file,) = stick.iterdir()
    assert file.name.startswith("hue-46-474-19750-01-K1-") and file.suffix == ".huebundle"
    front.press(Qt.Key.Key_N)
    front.wait_to_read("KS-502")  # no receipts there so far


def test_without_a_stick_the_officer_is_told_to_plug_one_in(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIOSK_STICKS", "")
    monkeypatch.setattr("kiosk.devices.sticks._mounted", list)
    open_page(front)
    front.press(Qt.Key.Key_U)
    front.wait_to_read("Không thấy USB nào.")


def test_notices_of_the_province_stand_on_the_page_as_plain_text(front: Front) -> None:
    hostile = NoticeRow("n1", "<b>Mưa to</b>: mở cửa bên", "urgent", front.clock.wall)
    assert front.program.parts is not None
    body = msgspec.msgpack.encode(hostile)
    items = [FeedItem(rows.ALL, 1, FeedKind.NOTICE.value, "n1", body)]
    filing = Filing(front.program.parts.database, front.program.parts.vault.secrets.enrolment.trust.root)
    filing.take(FeedPage(items, {rows.ALL: 1}, False, {rows.ALL: rows.fold([("notice", "n1", body)])}), front.clock.wall)
    open_page(front)
    front.wait_to_read("<b>Mưa to</b>: mở cửa bên")


def test_news_of_more_than_a_day_ago_is_amber_and_one_button_helps(front: Front) -> None:
    front.clock.forward(25 * 3600)
    look: Callable[[], None] = front.program._look
    look()
    front.wait(lambda: bool(front.window.furnish().strip.state.property("amber")))
    front.wait_to_read("Tin từ tỉnh đã quá một ngày")


def test_a_new_notice_stands_on_the_line_until_somebody_has_read_it(front: Front) -> None:
    parts = front.program.parts
    assert parts is not None
    body = msgspec.msgpack.encode(NoticeRow("n2", "Cửa bên đã mở", "info", front.clock.wall))
    filing = Filing(parts.database, parts.vault.secrets.enrolment.trust.root)
    page = FeedPage([FeedItem(rows.ALL, 1, "notice", "n2", body)], {rows.ALL: 1}, False, {rows.ALL: rows.fold([("notice", "n2", body)])})
    filing.take(page, front.clock.wall)
    front.program._look()
    front.wait_to_read("Tỉnh báo: Cửa bên đã mở")
    front.click(front.window.furnish().teller.line.help)
    front.wait(lambda: not front.reads("Tỉnh báo: Cửa bên đã mở"))
    assert (front.program.home / "notices.seen").read_text() == "n2\n"
    front.program._look()
    front.wait(lambda: front.window.furnish().status is not None and not front.window.furnish().status.unread)  # type: ignore[union-attr]
    assert not front.reads("Tỉnh báo: Cửa bên đã mở")
