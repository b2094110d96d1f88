"""The start-of-day check, standing: hold up the card, press the F-keys, scan the card with the USB scanner, read what is green.

Four things at once, none of them in order, a minute at most. The rest (disk, printer, database, province …) is looked at meanwhile.
"""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QInputMethodEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from kiosk import checks
from kiosk.checks import Finding
from kiosk.i18n import _
from kiosk.ui.services import CheckDesk
from kiosk.ui.threads import Lane
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, row

LOOK_MS, LIMIT_S = 200, 60
CARD_FRAMES = 30  # frames in which the card was read: enough to judge light and focus
COLOURS = {"ok": "#0B7A3B", "limited": "#B45309", "missing": "#B91C1C", "": "#8A99AF"}
LAST_F, LONGEST = 12, 500


class Lamp(QWidget):
    """A round lamp: green, amber, red or not yet known; its word is the accessible name."""

    def __init__(self) -> None:
        super().__init__()
        self.state = ""
        self.setFixedSize(22, 22)

    def show_state(self, state: str) -> None:
        words = {"ok": _("Tốt"), "limited": _("Lưu ý"), "missing": _("Hỏng")}
        self.state = state
        self.setAccessibleName(words.get(state, _("đang xem…")))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(COLOURS[self.state]))
        painter.drawEllipse(self.rect().adjusted(2, 2, -2, -2))
        painter.end()


class Task(QWidget):
    """One thing the person does, its lamp, and what came of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.lamp, self.text = Lamp(), PlainLabel(text, 17, QFont.Weight.DemiBold, wrap=True)
        self.result = PlainLabel("", 15, soft=True, wrap=True)
        layout = row(self.lamp, column(self.text, self.result, gap=2), gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.show_found([])

    def show_found(self, found: Sequence[Finding]) -> None:
        """The worst of them is the lamp's colour; cures stand below."""
        self.lamp.show_state(checks.worst(found) if found else "")
        told = [finding.cure for finding in found if finding.cure] or [finding.detail for finding in found]
        self.result.setText(" ".join(told) if told else _("chưa xem"))


class CheckPage(QWidget):
    """`keys`: the F-keys this window uses. `begin(desk)` starts anew; Esc or the button goes `back` and keeps what was found."""

    def __init__(self, lane: Lane, keys: Callable[[], Sequence[int]], back: Callable[[], object], report: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)  # a scanner's letters must meet the input method that corrupts them
        self._lane, self._keys, self._back = lane, keys, back
        self._desk: CheckDesk | None = None
        self._found: dict[str, list[Finding]] = {}
        self._pressed: list[int] = []
        self._typed, self._busy, self._seconds, self._read = "", False, 0.0, 0
        self.camera = Task(_("1. Giơ thẻ thử trước camera, giữ yên"))
        self.f_keys = Task(_("2. Bấm lần lượt các phím F ở hàng dưới"))
        self.scanner = Task(_("3. Dùng máy quét USB quét mã lớn trên thẻ (không có thì bỏ qua)"))
        self.sound = Task(_("4. Máy vừa kêu một tiếng: có nghe thấy không?"))
        heard = Finding("sound", "ok", _("Nghe thấy"))
        unheard = Finding("sound", "limited", _("Không nghe thấy"), _("Vặn to loa, bỏ tai nghe, xem biểu tượng loa bị gạch."))
        self.heard = button(_("Nghe thấy"), lambda: self._take("sound", [heard]), focus=False)
        self.unheard = button(_("Không nghe thấy"), lambda: self._take("sound", [unheard]), focus=False)
        self.verdict = PlainLabel("", 20, QFont.Weight.Bold, wrap=True)
        self.troubles, self.well = PlainLabel("", 15, wrap=True), PlainLabel("", 14, soft=True, wrap=True)
        self.print = button(_("In phiếu kiểm tra"), lambda: self._print(report), primary=True, focus=False)
        self.done = button(_("Esc · Xong"), self.finish, focus=False)
        self._lay_out()
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)

    def _lay_out(self) -> None:
        asked = row(self.heard, self.unheard, None, gap=12)
        tasks = panel(column(self.camera, self.f_keys, self.scanner, self.sound, asked, None, gap=16, margin=24))
        both = row(tasks, panel(column(self.verdict, self.troubles, self.well, None, gap=12, margin=24)), gap=16)
        both.setStretch(0, 45)
        both.setStretch(1, 55)
        layout = column(PlainLabel(_("Kiểm tra đầu ngày"), 24, QFont.Weight.Bold), both, row(self.done, self.print, None, gap=12), gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    @property
    def known(self) -> frozenset[str]:
        """The tasks of which something is known by now; "machine" for all that people need not do."""
        return frozenset(self._found)

    def begin(self, desk: CheckDesk) -> None:
        """Everything is looked at anew."""
        self._desk, self._found, self._pressed, self._typed = desk, {}, [], ""
        self._seconds, self._read = 0.0, 0
        for task in (self.camera, self.f_keys, self.scanner, self.sound):
            task.show_found([])
        self._show()
        desk.beep()
        self._lane.submit(desk.machine, lambda found: self._take("machine", found))
        self._timer.start()

    def finish(self) -> None:
        """Esc: what was found is kept with the day."""
        self._timer.stop()
        self._keep()
        self._desk = None
        self._back()

    def _keep(self) -> None:
        desk, found, seconds = self._desk, self._all(), self._seconds
        if desk is not None and "machine" in self._found:
            self._lane.submit(lambda: desk.keep(found, seconds), lambda _none: None)

    def _all(self) -> list[Finding]:
        """Everything that is known; what a person saw or heard goes before what the machine says of the same thing."""
        theirs = {task for task in self._found if task != "machine"}
        return [finding for task, found in self._found.items() for finding in found if task != "machine" or finding.item not in theirs]

    def _print(self, report: Callable[[], object]) -> None:
        """Kept first, on the same lane: the paper is made from what was kept."""
        self._keep()
        report()

    # -- what comes in --------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """A frame for the trial, on the lane: decoding never holds the window up."""
        self._seconds += LOOK_MS / 1000
        desk = self._desk
        if self._seconds > LIMIT_S:
            self._timer.stop()
        elif desk is not None and not self._busy and self._read < CARD_FRAMES:
            self._busy = True
            self._lane.submit(desk.look, self._looked, lambda _error: self._looked(([], 0)))

    def _looked(self, answer: tuple[list[Finding], int]) -> None:
        found, self._read = answer
        self._busy = False
        if found:
            self._take("camera", found)

    def _take(self, task: str, found: list[Finding]) -> None:
        self._found[task] = found
        shown = {"camera": self.camera, "f-keys": self.f_keys, "usb-scanner": self.scanner, "sound": self.sound}
        if task in shown:
            shown[task].show_found(found)
        self._show()

    def event(self, event: QEvent) -> bool:
        """F-keys come here as keys, not as the window's shortcuts: the check wants to see them."""
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._number(event):
            event.accept()
            return True
        return super().event(event)

    @staticmethod
    def _number(event: QKeyEvent) -> int:
        number = event.key() - Qt.Key.Key_F1 + 1
        return number if 1 <= number <= LAST_F else 0

    def keyPressEvent(self, event: QKeyEvent) -> None:
        number = self._number(event)
        if number and self._desk is not None:
            self._pressed.append(number)
            self._take("f-keys", [self._desk.keys(self._pressed, self._keys())])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enter()
        elif event.text() and event.text().isprintable():
            self._typed += event.text()
        else:
            super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """What an input method made of a scanner's letters: this is how they are found to be corrupted."""
        self._typed += event.commitString()
        event.accept()

    def inputMethodQuery(self, query: Qt.InputMethodQuery) -> object:
        return True if query is Qt.InputMethodQuery.ImEnabled else super().inputMethodQuery(query)

    def _enter(self) -> None:
        typed, self._typed = self._typed[-LONGEST:], ""
        if typed and self._desk is not None:
            self._take("usb-scanner", [self._desk.typed(typed)])

    # -- what is shown --------------------------------------------------------------------------------------------

    def _show(self) -> None:
        found = self._all()
        bad = [finding for finding in found if finding.state != "ok"]
        if "machine" not in self._found:
            self.verdict.setText(_("Đang kiểm tra…"))
        elif any(finding.state == "missing" for finding in bad):
            self.verdict.setText(_("Có mục hỏng: xử lý trước khi mở cửa."))
        else:
            self.verdict.setText(_("Có mục cần lưu ý, máy vẫn làm việc được.") if bad else _("Máy sẵn sàng."))
        marks = {"missing": "✖", "limited": "!"}
        order = sorted(bad, key=lambda finding: finding.state != "missing")
        lines = [f"{marks[finding.state]} {checks.item_label(finding.item)}: {finding.cure}" for finding in order]
        self.troubles.setText("\n".join(lines))
        well = dict.fromkeys(checks.item_label(finding.item) for finding in found if finding.state == "ok")
        self.well.setText("✔ " + " · ".join(well) if well else "")
