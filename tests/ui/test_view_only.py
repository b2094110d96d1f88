"""A damaged database and a full disk, as the officer sees them: what stands on screen, the paper list, the one button that helps."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from kiosk import compose
from tests import builders
from tests.ui.conftest import Front


def damage(home: Path) -> None:
    """A few arrivals, a clean end, and one flipped bit in the middle of the database."""
    builders.enrolled_home(home)
    with compose.open_parts(home, clock=builders.Clock()) as parts:
        for _ in range(3):
            parts.station.seen("moh")
        parts.mirror.step()
    data = bytearray((home / "journal.db").read_bytes())
    data[len(data) // 2] ^= 1
    (home / "journal.db").write_bytes(data)


def test_a_damaged_journal_is_shown_sends_to_paper_and_is_restored_by_one_button(
    open_front: Callable[..., Front], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(home)
    monkeypatch.setattr(builders, "enrolled_home", lambda home, **_more: home)  # it is enrolled already
    front = open_front()
    front.wait_to_read("Chế độ chỉ xem: dữ liệu bị hỏng, ghi sổ giấy")
    front.wait_to_read("Vào 3 · Khai hộ 0")
    front.paste(front.voter_pass().decode())
    front.wait_for_title("CHƯA LƯU ĐƯỢC VÀO MÁY")
    assert front.reads("G001")
    front.press(Qt.Key.Key_F2)
    form = front.window.load_pages().form
    front.wait(form.isVisible)
    assert form.note.isVisible() and "Chế độ chỉ xem: máy chưa lưu được. Dùng tờ khai giấy" in form.note.text()
    form.steps.setCurrentIndex(1)
    form._step(1)
    assert form.note.isVisible(), "on the questions, too"
    front.press(Qt.Key.Key_Escape)
    button = next(b for b in front.window.findChildren(QPushButton) if b.isVisible() and b.text() == "Khôi phục")
    front.click(button)
    front.wait_to_read("Đã khôi phục nhật ký: đối chiếu các lượt cuối với sổ giấy")
    front.paste(front.voter_pass().decode())
    front.wait_for_title("MỜI VÀO")
    assert front.reads("K1-000004")
    front.press(Qt.Key.Key_F2)
    front.wait(lambda: form.isVisible() and "Chế độ chỉ xem" not in form.note.text())
    front.press(Qt.Key.Key_Escape)
    front.camera.hold(front.voter_pass())
    front.wait(lambda: front.station.today().visits == 5)


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="mounting a small file system needs root on Linux")
def test_a_full_disk_at_the_start_shows_the_day_and_saves_again_when_there_is_room(
    open_front: Callable[..., Front], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.durability.test_disk import fill

    if os.system(f"mount -t tmpfs -o size=2m tmpfs '{home}' 2>/dev/null"):
        pytest.skip("mount is refused here")
    try:
        builders.enrolled_home(home)
        with compose.open_parts(home, clock=builders.Clock()) as parts:
            parts.station.seen("moh")
            parts.mirror.step()
        monkeypatch.setattr(builders, "enrolled_home", lambda home, **_more: home)
        other = fill(home, 0)
        front = open_front()
        front.wait_to_read("Chế độ chỉ xem: ổ đĩa không nhận thêm, ghi sổ giấy")
        front.wait_to_read("Vào 1 · Khai hộ 0")
        front.paste(front.voter_pass().decode())
        front.wait_for_title("CHƯA LƯU ĐƯỢC VÀO MÁY")
        front.press(Qt.Key.Key_F7)
        page = front.window.load_pages().today
        front.wait(lambda: page.isVisible() and page.visits.number.text() == "1")
        front.press(Qt.Key.Key_Escape)
        other.unlink()
        front.paste(front.voter_pass().decode())
        front.wait_for_title("MỜI VÀO")
        front.wait(lambda: not front.reads("Chế độ chỉ xem"))
        front.window.close()
    finally:
        os.system(f"umount -l '{home}'")
