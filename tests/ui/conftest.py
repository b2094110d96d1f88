"""A real window on a real encrypted home, driven by keys, mouse and a camera held in the hand."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import segno
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from kiosk import app, compose
from kiosk.app import Program
from kiosk.domain.policy import Policy
from kiosk.ports import Frame
from kiosk.settings import Settings
from kiosk.station import Station
from tests import builders

WAIT_MS = 20_000  # generous: a loaded machine, not a pace


class HandCamera:
    """A camera before which a code is held. Frames are noisy, as a real camera's are."""

    name = "hand"

    def __init__(self) -> None:
        self.closed = 0
        self._code: bytes | None = None
        self._number = 0
        self._tick = threading.Event()
        noise = np.random.default_rng(1)
        self._empty = [noise.integers(96, 112, (480, 640, 3), np.uint8) for _ in range(4)]

    def hold(self, code: bytes | None) -> None:
        """Holds a code up, or takes it away."""
        self._code = code

    def read(self) -> Frame | None:
        if self._tick.wait(0.03):  # closed meanwhile; whoever reads again has opened it again
            self._tick.clear()
        image = self._empty[self._number % 4].copy()
        if self._code is not None:
            modules = np.array([list(line) for line in segno.make(self._code, micro=False, encoding="utf-8").matrix], np.uint8)
            picture = np.kron(np.pad(1 - modules, 4, constant_values=1), np.ones((5, 5), np.uint8)) * 255
            height, width = picture.shape
            image[60 : 60 + height, 160 : 160 + width] = picture[:, :, None]
        self._number += 1
        return Frame(image, time.monotonic(), self._number)

    def close(self) -> None:
        self.closed += 1
        self._tick.set()


class Front:
    """The window as an officer has it: what can be read on it, and keys."""

    def __init__(self, program: Program, camera: HandCamera, clock: builders.Clock, qtbot: QtBot) -> None:
        self.program, self.camera, self.clock, self.qtbot = program, camera, clock, qtbot
        self.window = program.window

    @property
    def station(self) -> Station:
        assert self.program.parts is not None
        return self.program.parts.station

    @property
    def title(self) -> str:
        """The large card's title."""
        card = self.window.scan.card
        return card.title.text() if card.isVisible() else ""

    def reads(self, text: str) -> bool:
        """`text` stands in a visible label or button."""
        widgets: list[QLabel | QPushButton] = [*self.window.findChildren(QLabel), *self.window.findChildren(QPushButton)]
        return any(text in widget.text() for widget in widgets if widget.isVisible())

    def wait(self, what: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(what, timeout=WAIT_MS)

    def wait_to_read(self, text: str) -> None:
        self.wait(lambda: self.reads(text))

    def wait_for_title(self, title: str) -> None:
        self.wait(lambda: self.title == title)

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """A key where the focus is."""
        QTest.keyClick(self.focus(), key, modifier)

    def type(self, text: str) -> None:
        """Text where the focus is; Vietnamese letters as an input method commits them."""
        if text.isascii():
            QTest.keyClicks(self.focus(), text)
        else:
            event = QInputMethodEvent()
            event.setCommitString(text)
            QApplication.sendEvent(self.focus(), event)

    def focus(self) -> QWidget:
        widget = QApplication.focusWidget()
        assert widget is not None, "nothing has the focus"
        return widget

    def tab_to(self, target: QWidget) -> None:
        """Tab until `target` has the focus, as a keyboard user would."""
        for _ in range(60):
            if self.focus() is target:
                return
            self.press(Qt.Key.Key_Tab)
        raise AssertionError(f"Tab does not reach {target.accessibleName()}")

    def click(self, widget: QWidget) -> None:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)

    def paste(self, text: str) -> None:
        QApplication.clipboard().setText(text)
        self.press(Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)

    def voter_pass(self, hours_ago: float = 1) -> bytes:
        assert self.program.parts is not None
        return builders.voter_pass(self.program.parts.vault.secrets, self.clock.wall, hours_ago)


def settings(**changes: object) -> Settings:
    return Settings(fullscreen=False, sound=False, **changes)  # type: ignore[arg-type]


@pytest.fixture
def open_front(home: Path, qtbot: QtBot) -> Iterator[Callable[..., Front]]:
    """Opens the window at 1366x768 on an enrolled home, the clock standing on the election day unless told otherwise."""
    opened: list[Front] = []

    def make(clock: builders.Clock | None = None, enrolled_at: int | None = None, policy: Policy | None = None, **changes: object) -> Front:
        made = {"made_by": builders.province(policy=policy)} if policy is not None else {}
        builders.enrolled_home(home, enrolled_at=enrolled_at, **made)
        clock, camera, chosen = clock or builders.Clock(), HandCamera(), settings(**changes)
        app.application(chosen)
        parts = compose.open_parts(home, chosen, clock)
        front = Front(Program(home, chosen, camera, parts), camera, clock, qtbot)
        front.window.resize(1366, 768)
        front.window.show()
        front.window.activateWindow()
        front.program.start()
        front.wait(lambda: front.window.scanner is not None)
        opened.append(front)
        return front

    yield make
    for front in opened:
        front.window.close()
        if front.program.parts is not None:  # a laptop that was cleaned has none
            front.program.parts.close()
        front.window.deleteLater()


@pytest.fixture
def front(open_front: Callable[..., Front]) -> Front:
    return open_front()
