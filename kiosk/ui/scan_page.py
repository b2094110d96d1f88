"""The scan page: camera, verdict, the last three. Nothing modal: a new code replaces whatever the card area shows."""

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFont, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from kiosk import words
from kiosk.i18n import _
from kiosk.ui import theme
from kiosk.ui.choices import Choice, ChoicePanel
from kiosk.ui.wedge import Wedge
from kiosk.ui.widgets.basics import PlainLabel, Stack, button, column, row
from kiosk.ui.widgets.card import CardText, VerdictCard
from kiosk.ui.widgets.chips import Chips, ChipText
from kiosk.ui.widgets.preview import Preview

WIDE = 1600  # px
MOST_DROPPED = 8  # files
NUMBER_DIGITS, NUMBER_S = 6, 6.0  # of a ticket's number: the most digits, and how long between two of them
ALONE_MS = 90  # a digit is the officer's when no other key follows it so soon; else it begins a scanner's code


def _pictures(data: QMimeData) -> list[Path]:
    """The files dropped, a few at most: what is no picture is refused where it is read."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()][:MOST_DROPPED]


class Offers(QWidget):
    """The other ways when a code cannot be read. Each is a key too; nothing here is modal. `show_ways([(text, action)])`."""

    def __init__(self) -> None:
        super().__init__()
        self.title = PlainLabel(_("Chưa đọc được mã. Có thể:"), 16, QFont.Weight.DemiBold, wrap=True)
        self.scanner = PlainLabel(_("• Dùng máy quét USB: bấm cò, rọi vào mã"), 16, wrap=True)
        self._rows = column(self.title, self.scanner, gap=4)
        self.buttons: list[QPushButton] = []
        self.setLayout(self._rows)
        self.hide()

    def show_ways(self, ways: list[tuple[str, Callable[[], object]]]) -> None:
        """Once, when the window knows which pages it has."""
        for text, action in ways:
            made = button(text, action, focus=False)
            made.setProperty("quiet", True)
            self.buttons.append(made)
            self._rows.addWidget(made)


class ScanPage(QWidget):
    """`on_code(bytes, engine)`: a code typed by a scanner ("wedge") or pasted ("paste"); `on_number`: a ticket's number and Enter;
    `ready`: title and next step while nobody stands there."""

    def __init__(
        self,
        mirrored: bool,
        dim_seconds: float,
        on_code: Callable[[bytes, str], object],
        on_number: Callable[[int], object],
        ready: Callable[[], tuple[str, str]],
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)  # Telex must not rewrite what a scanner types
        self._on_code, self._on_number, self._ready, self._wedge = on_code, on_number, ready, Wedge()
        self.preview, self.card, self.chips = Preview(mirrored), VerdictCard(), Chips()
        self.panel = ChoicePanel(self._leave_panel)
        self.right = Stack()
        self.right.addWidget(self.card)
        self.right.addWidget(self.panel)
        self.hint = PlainLabel(self.invitation(), 18, QFont.Weight.DemiBold, wrap=True)
        self.offers = Offers()
        self.on_pictures: Callable[[list[Path]], object] | None = None
        self.setAcceptDrops(True)
        self.typed, self._number_at = "", 0.0  # a ticket's number on its way
        self.past = PlainLabel(_("Vừa xong"), 13, soft=True)
        self.past.hide()
        left = QWidget()
        left.setLayout(column(self.preview, self.hint, self.offers, 8, self.past, self.chips, None, gap=8))
        left.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.right.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self._sides = row(left, self.right, gap=16)
        self.setLayout(self._sides)
        self._dim = QTimer(self, singleShot=True, interval=round(dim_seconds * 1000))
        self._dim.timeout.connect(self.show_ready)
        self._alone = QTimer(self, singleShot=True, interval=ALONE_MS)
        self._alone.timeout.connect(self._digit_alone)
        self._digit = ""
        self.fresh = False  # a verdict stands on the card, and has not stepped back
        self.card.show_card(self.waiting_card())

    @staticmethod
    def _quiet(title: str, step: str) -> CardText:
        look = theme.current()
        return CardText(title, "▢", look.card, ink=look.soft, next_step=step)

    def waiting_card(self) -> CardText:
        """Before the journal is open."""
        return self._quiet(_("ĐANG MỞ SỔ"), _("Máy đang mở sổ ghi, xin chờ vài giây."))

    @staticmethod
    def invitation() -> str:
        """To the voter, who reads it on the screen that faces them or hears it from the officer."""
        return _("Xin tự cầm điện thoại, đưa mã vào khung")

    def say(self, hint: str, offer: bool) -> None:
        """What would help the person who tries in vain ("" when nobody does); after a while, the other ways."""
        if not self.typed:
            self.hint.setText(hint or self.invitation())
        if self.offers.isHidden() is offer:
            self.offers.setVisible(offer)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _pictures(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Still pictures: a voter's screenshot from a stick, a photograph of a slip."""
        pictures = _pictures(event.mimeData())
        if pictures and self.on_pictures is not None:
            event.acceptProposedAction()
            self.on_pictures(pictures)

    def show_ready(self) -> None:
        """The card steps back; the person's particulars leave the screen."""
        self.fresh = False
        self.card.show_card(self._quiet(*self._ready()))

    def hide_personal(self) -> None:
        """The person leaves the card at once; a verdict that was not saved keeps its warning."""
        if self.card.shown.person or not self.card.shown.border:
            self.leave_panel()
            self.show_ready()

    def show_fault(self, title: str, what: str, kept: str, cure: str) -> None:
        """The machine's own trouble, before the day can begin: black with a red border."""
        ground, border = words.COLOURS[words.Role.TROUBLE], words.TROUBLE_BORDER
        self.card.show_card(CardText(title, "⚠", ground, border=border, person="", detail=what, saved=kept, next_step=cure))

    def show_verdict(self, text: CardText, painted: Callable[[float], object], stays: bool) -> None:
        """A verdict at once, whatever was there. `stays`: until the next one (it was not saved)."""
        self.right.setCurrentWidget(self.card)
        self.card.show_card(text, painted)
        self.fresh = True
        if stays:
            self._dim.stop()
        else:
            self._dim.start()

    def push_chip(self, chip: ChipText) -> None:
        self.chips.push(chip)
        self.past.show()

    def ask(self, title: str, note: str, choices: list[Choice], default: int = 0) -> None:
        """Numbered choices in place of the card, until one is taken, Esc, or a new verdict. `default`: what Enter takes."""
        self._dim.stop()
        self._show_number("")
        self.panel.ask(title, note, choices, default)
        self.right.setCurrentWidget(self.panel)
        self.setFocus()

    @property
    def asking(self) -> bool:
        return self.right.currentWidget() is self.panel

    def _leave_panel(self) -> None:
        self.right.setCurrentWidget(self.card)
        self._dim.start()

    def leave_panel(self) -> None:
        """Esc."""
        if self.asking:
            self._leave_panel()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        now = time.monotonic()
        if event.matches(QKeySequence.StandardKey.Paste):
            text = QGuiApplication.clipboard().text()
            if text:
                self._on_code(text.encode("utf-8", "surrogatepass")[:65_536], "paste")
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            raw = self._wedge.enter(now)
            if raw is not None:
                self._alone.stop()
                self._show_number("")
                self._on_code(raw, "wedge")
            elif self.asking:
                self.panel.enter()
            elif self.typed:
                number = int(self.typed)
                self._show_number("")
                self._on_number(number)
        elif event.key() == Qt.Key.Key_Backspace and self.typed:
            self._show_number(self.typed[:-1])
        elif event.text() and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._wedge.key(event.text(), now)
            self._alone.stop()
            self._number(event.text(), now)
            if not self._wedge.busy and self.asking:
                self._digit = event.text()
                self._alone.start()
        else:
            super().keyPressEvent(event)

    def _number(self, text: str, now: float) -> None:
        """Digits typed by hand are a ticket's number; anything longer or other is a scanner's code."""
        if self.asking:
            return
        digits = self.typed if now - self._number_at < NUMBER_S else ""
        self._number_at = now
        wanted = digits + text if text.isascii() and text.isdigit() else ""
        self._show_number(wanted if len(wanted) <= NUMBER_DIGITS and wanted != "0" else "")

    def _show_number(self, typed: str) -> None:
        if typed != self.typed:
            self.typed = typed
            number = _("Phiếu số {number} · Enter").format(number=typed)
            self.hint.setText(number if typed else self.invitation())

    def _digit_alone(self) -> None:
        if self.asking:
            self._wedge.forget()
            self.panel.press(self._digit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The verdict gets what its longest title needs; on a large screen the picture gets the rest."""
        left = 37 if event.size().width() < WIDE else 45
        self._sides.setStretch(0, left)
        self._sides.setStretch(1, 100 - left)
        super().resizeEvent(event)

    def focusNextPrevChild(self, _next: bool) -> bool:
        """A Tab inside a scanner's code is a character, not a move: every target here has its own key."""
        return False
