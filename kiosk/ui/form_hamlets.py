"""The station's hamlets, one digit each; the one whose hour it is stands out and is taken by Enter. A suggestion, never an answer."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtWidgets import QPushButton, QWidget

from kiosk.domain.text import fold
from kiosk.i18n import N_, _, gettext
from kiosk.ui.widgets.basics import restyle, row

SHOWN = 9
SHORT = {"to dan pho ": N_("Tổ {number}"), "khu pho ": N_("Khu {number}")}


class Hamlets(QWidget):
    """`take(hamlet)`: one was chosen. More than nine: 0 turns the page."""

    def __init__(self, take: Callable[[str], object]) -> None:
        super().__init__()
        self._take, self._page = take, 0
        self.hamlets: tuple[str, ...] = ()
        self.suggested = ""
        self.buttons: list[QPushButton] = []
        for number in range(SHOWN + 1):
            made = QPushButton()
            made.setProperty("answer", True)
            made.setFocusPolicy(self.focusPolicy())
            made.clicked.connect(partial(self._pressed, (number + 1) % 10))
            made.hide()
            self.buttons.append(made)
        self.setLayout(row(*self.buttons, None, gap=8))

    def _pressed(self, digit: int, _checked: bool = False) -> None:
        self.press(str(digit))

    def show_hamlets(self, hamlets: Sequence[str], suggested: str) -> None:
        """`suggested`: the hamlet whose announced hour it is, or ""."""
        self.hamlets, self.suggested = tuple(hamlets), suggested if suggested in hamlets else ""
        self._page = self.hamlets.index(self.suggested) // SHOWN if self.suggested else 0
        self._show()

    def _show(self) -> None:
        here = self.hamlets[self._page * SHOWN :][:SHOWN]
        for number, made in enumerate(self.buttons[:SHOWN], 1):
            hamlet = here[number - 1] if number <= len(here) else ""
            text = _("{number} {hamlet}").format(number=number, hamlet=_short(hamlet))
            made.setText(_("{text} · Enter").format(text=text) if hamlet == self.suggested else text)
            made.setToolTip(hamlet)
            made.setVisible(bool(hamlet))
            restyle(made, "ring", bool(hamlet) and hamlet == self.suggested)
        self.buttons[SHOWN].setText(_("0 Thêm…"))
        self.buttons[SHOWN].setVisible(len(self.hamlets) > SHOWN)

    def press(self, text: str) -> bool:
        """A digit; False when it means nothing here."""
        if not (text.isascii() and text.isdigit() and len(text) == 1):
            return False
        place = self._page * SHOWN + int(text) - 1
        if text == "0" and len(self.hamlets) > SHOWN:
            self._page = (self._page + 1) % -(-len(self.hamlets) // SHOWN)
            self._show()
            return True
        if text == "0" or place >= len(self.hamlets):
            return False
        self._take(self.hamlets[place])
        return True


def _short(hamlet: str) -> str:
    """"Tổ dân phố 3" -> "Tổ 3"; long names are cut."""
    folded = fold(hamlet)
    for begin, text in SHORT.items():
        if folded.startswith(begin):
            return gettext(text).format(number=hamlet[len(begin) :])
    return hamlet if len(hamlet) <= 16 else f"{hamlet[:15]}…"
