"""The main job from end to end: a province of its own, a kiosk enrolled through the real call, the real window, drawn voters.

The voters are drawn into webcam frames beforehand; everything after the camera is what an officer uses. `province` is another
process: nothing of it is imported here.
"""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QKeyEvent
from PySide6.QtWidgets import QApplication

from kiosk import compose, homes
from kiosk.app import Program
from kiosk.demo_voters import Voter
from kiosk.devices import drawing
from kiosk.devices.clock import SystemClock
from kiosk.devices.keystore import FileKeyStore
from kiosk.devices.stage import Scene, Stage
from kiosk.domain.verdict import Act
from kiosk.errors import Code, KioskError
from kiosk.ports import Frame, Order
from kiosk.security.vault import Secrets
from kiosk.sync import enrol
from kiosk.ui.widgets.fields import Field
from kiosk.ui.window import ShownVerdict

STATION = "46-474-19750-03"
NAME, COMMUNE = "Khu vực bỏ phiếu số 3", "19750"
FINGER_MS = 90  # no finger is faster

log = logging.getLogger(__name__)
TYPED = {
    "full_name": "Hồ Thị Ẩn",
    "birth_date": "1946",
    "phone": "không có",
    "current.hamlet": "Tổ dân phố 3",
    "current.ward": "Phường Tây Lộc",
    "current.district": "Thành phố Huế",
}


# -- what is around -----------------------------------------------------------------------------------------------


class Province:
    """The provincial server, in its own process and data directory, on the loopback."""

    def __init__(self, home: Path) -> None:
        self.home, self.url = home, ""
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Sets it up and serves it; returns a one-time code. Raises KioskError(INTERNAL) with its last words."""
        self._run("init")
        self._run("station", "add", "--code", STATION, "--name", NAME, "--commune", COMMUNE)
        argv = [sys.executable, "-m", "province", "serve", "--home", str(self.home), "--port", "0", "--json"]
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=_environment())
        if hasattr(os, "setpriority"):  # in truth it is another machine: it has the turns that the window leaves
            os.setpriority(os.PRIO_PROCESS, self._process.pid, 10)
        assert self._process.stdout is not None
        try:
            self.url = json.loads(self._process.stdout.readline())["ready"]
        except (ValueError, KeyError) as error:
            raise KioskError(Code.INTERNAL, what="province serve") from error
        return str(json.loads(self._run("enrol-code", "--station", STATION, "--json"))["code"])

    def _run(self, *argv: str) -> str:
        command = [sys.executable, "-m", "province", *argv, "--home", str(self.home)]
        done = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)
        if done.returncode:
            raise KioskError(Code.INTERNAL, what=f"province {argv[0]}", cause=done.stderr.strip()[-200:])
        return done.stdout

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None


def _environment() -> dict[str, str]:
    """The province is found where this program was found."""
    root = str(Path(__file__).resolve().parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))}


class Gate:
    """The stage as a camera that shows nothing faster than somebody stands before it: an unpaced demo must not burn the machine."""

    def __init__(self, stage: Stage, paced: bool) -> None:
        self.name, self._stage, self._paced = stage.name, stage, paced
        self._somebody = threading.Event()
        self._next: int | None = None

    def present(self, index: int) -> None:
        self._next = index
        self._somebody.set()

    def clear(self) -> None:
        self._next = None
        self._stage.clear()
        self._somebody.clear()

    def read(self) -> Frame | None:
        if not self._paced and not self._somebody.wait(0.1):
            return None
        index, self._next = self._next, None
        if index is not None:  # drawn on the camera's thread: the window must not wait for it
            self._stage.present(index)
        return replace(self._stage.read(), at=time.monotonic())  # drawing is not the camera's time

    def close(self) -> None:
        self._stage.close()


class Tally(msgspec.Struct):
    """What happened, for the summary."""

    scanned: int = 0
    declared: int = 0
    unread: int = 0
    verdicts: Counter[str] = msgspec.field(default_factory=Counter)
    latencies: list[float] = msgspec.field(default_factory=list)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return round(ordered[int(share * (len(ordered) - 1))] * 1000, 1) if ordered else 0.0


# -- the officer --------------------------------------------------------------------------------------------------


class Conductor(QObject):
    """Sends voters before the camera one by one and, `officer`, presses the keys an officer would press. Lives on the UI thread."""

    def __init__(self, voters: Sequence[Voter], gate: Gate, pace: float, officer: bool, done: Callable[[], object]) -> None:
        super().__init__()
        self.voters, self.gate, self.pace, self.officer, self.done = voters, gate, pace, officer, done
        self.tally, self.at = Tally(), -1
        self.on_voter: Callable[[int], object] = lambda _n: None
        self.on_page: Callable[[str], object] = lambda _name: None
        self.program: Program | None = None
        self._patience = QTimer(self, singleShot=True, interval=6000 if officer else 15_000)
        self._patience.timeout.connect(self._give_up)
        self._act = QTimer(self, singleShot=True, interval=10_000)
        self._act.timeout.connect(self._lost)
        self._begin = QTimer(self, interval=50)
        self._begin.timeout.connect(self._when_ready)

    def conduct(self, program: Program) -> None:
        self.program = program
        program.window.verdict_shown.connect(self._shown, Qt.ConnectionType.QueuedConnection)  # it is told from inside a paint
        self._begin.start()

    def _when_ready(self) -> None:
        assert self.program is not None
        if self.program.window.scanner is not None and self.program.scanner is not None and self.program.scanner.name:
            self._begin.stop()
            self._next()

    def _next(self) -> None:
        assert self.program is not None
        if not self.officer and self.program.window.pages.currentWidget() is not self.program.window.scan:
            QTimer.singleShot(500, self._next)  # the person at the keyboard is busy with a form
            return
        self.at += 1
        if self.at >= len(self.voters):
            self.done()
            return
        self.gate.present(2 * self.at)
        self._patience.start()

    def _give_up(self) -> None:
        """Not read: the voter holds it closer (the easy twin of the scene); not read even so: the next one."""
        self.gate.present(2 * self.at + 1)
        self.tally.unread += 1
        if self.tally.unread < 2 * len(self.voters):
            self._patience.start()

    def _shown(self, shown: ShownVerdict) -> None:
        """A verdict stands on the screen: what an officer does next."""
        self._patience.stop()
        self._act.stop()
        self.gate.clear()
        act = shown.verdict.act
        self.tally.verdicts[act.value] += 1
        if shown.frame_at:
            self.tally.scanned += 1
            self.tally.latencies.append(shown.painted_at - shown.frame_at)
        elif shown.verdict.reason == "declared":
            self.tally.declared += 1
        self.on_page(act.value)
        wait = round(self.pace * 1000)
        if self.officer and shown.frame_at and act in (Act.CARD, Act.UNVERIFIED, Act.DECLARE, Act.OUT_OF_DATE, Act.NOT_CONFIRMED):
            self._act.start()
            QTimer.singleShot(wait // 3, self._declare)
        elif self.officer and shown.frame_at and act is Act.LOOK:
            self._act.start()
            QTimer.singleShot(wait // 3, self._seen)
        else:
            self.on_voter(self.at + 1)
            QTimer.singleShot(wait, self._next)

    def _lost(self) -> None:
        """An act that the officer began and that never became a verdict: a fault of the program, and the show goes on."""
        log.error("no verdict for voter %d (%s)", self.at + 1, self.voters[self.at].scene.label)
        self.press(Qt.Key.Key_Escape)
        self._next()

    def _seen(self) -> None:
        self.press(Qt.Key.Key_F5)
        self.on_page("f5")
        QTimer.singleShot(FINGER_MS, lambda: self.press(Qt.Key.Key_1, "1"))  # faster is a USB scanner typing

    def _declare(self) -> None:
        """F2, the missing fields, the three and the six, Enter."""
        assert self.program is not None
        self.press(Qt.Key.Key_F2)
        QTimer.singleShot(0, self._particulars)

    def _particulars(self, left: int = 12) -> None:
        assert self.program is not None
        form = self.program.window.load_pages().form
        if form.steps.currentIndex() == 1 or left == 0:
            QTimer.singleShot(0, self._questions)
            return
        here = next((f for f in form.particulars.order if f.editor is QApplication.focusWidget() or f.editor.hasFocus()), None)
        if here is not None and not here.value.strip():
            if here.key in TYPED or here.key == "id_number":
                self.type(TYPED.get(here.key) or f"1915{self.at:05d}")
            else:
                self.press(Qt.Key.Key_1, "1")
        if here is not None and here.key == "phone":
            self.on_page("form-1")
        QTimer.singleShot(0, lambda: self._confirm(here, left))

    def _confirm(self, here: Field | None, left: int) -> None:
        """Enter, unless the one key has led on already."""
        if here is None or here.editor.hasFocus():
            self.press(Qt.Key.Key_Return, "\r")
        QTimer.singleShot(0, lambda: self._particulars(left - 1))

    def _questions(self) -> None:
        """The notice has been read out; no to the three, a fever or none of the six, Enter."""
        feverish = self.voters[self.at].feverish
        keys = [(Qt.Key.Key_1, "1"), *3 * [(Qt.Key.Key_2, "2")], *feverish * [(Qt.Key.Key_1, "1")], (Qt.Key.Key_0, "0")]
        self._each(keys, self._save)

    def _each(self, keys: Sequence[tuple[Qt.Key, str]], then: Callable[[], object]) -> None:
        """Key after key: a keyboard leaves the window its turn between two of them."""
        if not keys:
            then()
            return
        self.press(*keys[0])
        QTimer.singleShot(0, lambda: self._each(keys[1:], then))

    def _save(self) -> None:
        self.on_page("form-2")
        self.press(Qt.Key.Key_Return, "\r")

    # -- keys, as a keyboard sends them -------------------------------------------------------------------------------

    def _target(self) -> QObject:
        """The window that the system would hand a key to; it knows who has the focus."""
        assert self.program is not None
        return QGuiApplication.focusWindow() or self.program.window.windowHandle()

    def press(self, key: Qt.Key, text: str = "") -> None:
        """One key; a function key goes to its button, since an offscreen window is not always the active one that shortcuts want."""
        assert self.program is not None
        number = key.value - Qt.Key.Key_F1.value + 1
        if 1 <= number <= 12:
            self.program.window.keys.buttons[number].click()
            return
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(self._target(), QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, text))

    def type(self, text: str) -> None:
        """Vietnamese comes from an input method, so it is committed as one does."""
        event = QInputMethodEvent()
        event.setCommitString(text)
        assert self.program is not None
        QApplication.sendEvent(QApplication.focusWidget() or self.program.window, event)


# -- the whole ----------------------------------------------------------------------------------------------------


class Ready(msgspec.Struct, frozen=True):
    """Everything in place, the window not yet open."""

    province: Province
    home: Path
    secrets: Secrets


def prepare(out: Path) -> Ready:
    """Province up, kiosk enrolled through the real call. Raises KioskError."""
    home = out / "kiosk"
    if os.path.lexists(home):
        raise KioskError(Code.ALREADY_ENROLLED, home=home)
    _make(out)
    province = Province(out / "province")
    try:
        code = province.start()
        enrol.enrol(home, province.url, code, FileKeyStore(home / "device.secret"), SystemClock())
        with compose.open_parts(home) as parts:
            parts.station.begin_day(parts.station.likely_day() or "")
            return Ready(province, home, parts.vault.secrets)
    except BaseException:
        province.stop()
        raise


def _make(out: Path) -> None:
    """Raises KioskError(FILE_NOT_WRITTEN) with `folder` and `why`."""
    why = homes.trouble(out)
    if not why:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError:  # /proc takes no folder from anybody
            why = "no_right_to_write"
        except OSError as error:
            why = error.strerror or type(error).__name__
    if why:
        raise KioskError(Code.FILE_NOT_WRITTEN, folder=out, why=why)


def staged(voters: Sequence[Voter], seed: int, paced: bool) -> Gate:
    """The drawn queue: scene 2i as the voter holds it at first, 2i+1 held closer."""
    scenes = [s for v in voters for s in (v.scene, Scene(v.scene.payload, v.scene.look, False, v.scene.label))]
    for scene in scenes:
        drawing.qr_modules(scene.payload)  # kept: making a code takes longer than a frame has
    return Gate(Stage(scenes, seed, paced=paced), paced)


def summary(parts: compose.Parts, tally: Tally) -> dict[str, Any]:
    """The last line of `kiosk demo` (CLI: a stable promise)."""
    counts = parts.outbox.counts()
    latency = {"p50": tally.percentile(0.5), "p95": tally.percentile(0.95)}
    return {
        "scanned": tally.scanned,
        "verdicts": dict(tally.verdicts),
        "declared": tally.declared,
        "events": counts.events,
        "acknowledged": counts.acknowledged,
        "opened": counts.opened,
        "refused": counts.refused,
        "waiting": counts.waiting,
        "frame_to_verdict_ms": latency,
        "held_closer": tally.unread,
    }


def close_of_day(parts: compose.Parts, out: Path) -> Path:
    """Everything sent and receipted, then the report on paper. Raises KioskError."""
    parts.mirror.step()
    end = time.monotonic() + 120
    parts.uploader.drain(lambda _state: None, lambda: time.monotonic() > end)
    return parts.papers.print(Order("report"), out / "papers" / f"bao-cao-{parts.station.day()}.pdf").file
