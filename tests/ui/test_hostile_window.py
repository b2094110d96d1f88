"""Hostile names in the window: drawn as they are written, in every label, and never in a title, a tool tip's markup or the clipboard."""

import os
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from kiosk.domain.declaration import check, example, from_json
from kiosk.ports import Sighting
from tests import builders
from tests.ui.conftest import Front

NAME = "Thạch Ngọc Bửu Chăm"


def let_in() -> list[str]:
    """The names the form lets in."""
    return [name for name in builders.hostile_names() if not check(example() | {"full_name": name}).errors]


def texts(front: Front) -> list[str]:
    """Everything a widget of this program says, titles and tool tips too."""
    said: list[str] = []
    for widget in QApplication.allWidgets():
        said += [widget.windowTitle(), widget.toolTip(), widget.accessibleName(), widget.accessibleDescription(), widget.whatsThis()]
        if isinstance(widget, QLabel | QAbstractButton):
            said.append(widget.text())
    return said


def test_no_widget_draws_a_name_as_markup(front: Front) -> None:
    """Each name is declared and its card shown, in all pages that are there; labels stay plain text, buttons get no shortcut from it."""
    names = let_in()
    assert len(names) > 30
    front.window.load_pages()
    for number, name in enumerate(names):
        said = front.station.declare(from_json(example() | {"full_name": name, "id_number": f"046183{number:06d}"}))
        front.window.show_verdict(said)
        card = f"046184{number:06d}|191500001|".encode() + name.encode() + builders.CARD.split("Trần Thị Mẫu".encode())[1]
        front.window.show_verdict(front.station.scan(Sighting(os.urandom(8), card, "typed")))
        labels = [label for label in QApplication.allWidgets() if isinstance(label, QLabel)]
        assert {label.textFormat() for label in labels} == {Qt.TextFormat.PlainText}
    assert not [tip for tip in texts(front) if "<" in tip and any(name in tip for name in names)]


def test_a_name_is_in_no_title_and_not_on_the_clipboard(front: Front) -> None:
    QApplication.clipboard().clear()
    front.station.declare(from_json(example() | {"full_name": NAME, "id_number": "046183000123"}))
    said = front.station.scan(Sighting(os.urandom(8), builders.CARD.replace("Trần Thị Mẫu".encode(), NAME.encode()), "typed"))
    front.window.show_verdict(said)
    for key in (Qt.Key.Key_F2, Qt.Key.Key_Escape, Qt.Key.Key_F7, Qt.Key.Key_Escape):
        front.press(key)
        tops: list[QWidget] = QApplication.topLevelWidgets()
        assert not [top.windowTitle() for top in tops if NAME in top.windowTitle() or "046183" in top.windowTitle()]
    assert NAME not in QApplication.clipboard().text() and QApplication.clipboard().text() == ""
    shown: Callable[[str], bool] = front.reads
    assert not shown(NAME), "the large card has initials and a given name, not the name"
