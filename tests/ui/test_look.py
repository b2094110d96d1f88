"""What an officer at arm's length can read and hit: contrast, sizes, nothing cut off, in both themes and languages."""

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics, QFontMetricsF, QRawFont
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from kiosk import app, i18n, words
from kiosk.domain.passes.model import Kind
from kiosk.domain.verdict import Act, Person, Verdict
from kiosk.errors import Code, KioskError
from kiosk.i18n import LANGUAGES
from kiosk.ui import present, theme
from kiosk.ui.teller import sentence
from kiosk.ui.widgets.bars import KeyButton, Sentence
from kiosk.ui.widgets.card import VerdictCard
from kiosk.ui.widgets.fields import Field
from kiosk.ui.widgets.fit import Headline
from kiosk.ui.widgets.icons import STROKES
from kiosk.ui.widgets.preview import Preview
from tests import builders
from tests.ui.conftest import Front, settings

AT = builders.at("08:41")
VERDICT = Verdict(Act.COME_IN, Kind.HU1, arrival=True, person=Person("T. T. Mẫu", "F", "1983"), since=AT, number=123, event="k:e:1", at=AT)
CARD_AT_1366 = (838, 548)  # px, the card's place with the condition line shown


@pytest.mark.parametrize("look", theme.THEMES.values(), ids=lambda look: look.name)
def test_every_text_stands_out_from_its_ground(look: theme.Theme) -> None:
    pairs = [(ink, ground) for ink in (look.ink, look.soft) for ground in (look.page, look.card, look.field)]
    pairs += [
        (look.on_accent, look.accent),
        (look.trouble, look.trouble_ground),
        (look.ink, look.trouble_ground),
        (look.trouble, look.card),
    ]
    assert min(theme.contrast(*pair) for pair in pairs) >= 4.5
    assert theme.contrast(look.edge, look.card) >= 3.0  # the border of what can be pressed


@pytest.mark.parametrize("role", words.Role)
def test_white_stands_out_from_every_verdicts_colour(role: words.Role) -> None:
    assert theme.contrast(words.INK, words.COLOURS[role]) >= 5.0


def test_every_verdict_has_a_drawn_icon() -> None:
    assert {words.verdict(replace(VERDICT, act=act)).icon for act in Act} <= STROKES.keys()


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("act", Act)
def test_a_verdicts_title_is_64_points_or_more_and_nothing_on_its_card_is_cut(act: Act, language: str, qtbot: QtBot) -> None:
    app.application(settings())
    i18n.use(language)
    card = VerdictCard()
    qtbot.addWidget(card)
    card.resize(*CARD_AT_1366)
    card.show()
    card.show_card(present.card(replace(VERDICT, act=act), "K1"))
    points, lines = card.title.fitted()
    least = 64 if language == "vi" and act is not Act.DEFERRED else 52  # the longest titles, on the smallest screen
    assert points >= least, lines
    assert " ".join(lines) == card.title.text()
    for label in card.findChildren(QLabel):
        if label.isVisible() and not isinstance(label, Headline):
            assert label.height() >= label.heightForWidth(label.width()), label.text()


def too_small(root: QWidget) -> list[str]:
    return [b.text() for b in root.findChildren(QPushButton) if b.isVisible() and min(b.height(), b.width()) < 44]


def cut_off(root: QWidget) -> list[str]:
    """Buttons whose words do not fit."""
    out = []
    for button in root.findChildren(QPushButton):
        needed = QFontMetricsF(button.font()).horizontalAdvance(button.text())
        if isinstance(button, KeyButton):
            needed = QFontMetricsF(button.letters(button.points)).horizontalAdvance(button.text()) + button.width() - 16 - button.room()
        if button.isVisible() and needed > button.width() - 16:
            out.append(button.text())
    for field in root.findChildren(Field):
        if field.isVisible() and QFontMetricsF(field.label.font()).horizontalAdvance(field.label.text()) > field.label.width():
            out.append(field.label.text())
    return out


@pytest.mark.parametrize("language", ["vi", "en"])
def test_all_keys_are_written_in_one_size(open_front: type, language: str) -> None:
    i18n.use(language)
    front: Front = open_front()
    keys = front.window.keys.buttons.values()
    assert len({key.points for key in keys}) == 1
    assert front.window.width() == 1366 and cut_off(front.window.keys) == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_target_is_44_pixels_and_its_words_fit(open_front: type, language: str) -> None:
    i18n.use(language)
    front: Front = open_front()
    for key in (None, Qt.Key.Key_F5, Qt.Key.Key_F2, Qt.Key.Key_F7, Qt.Key.Key_F9):
        if key is not None:
            front.press(key)
        QApplication.processEvents()
        assert (too_small(front.window), cut_off(front.window)) == ([], [])
    form = front.window.load_pages().form
    form.particulars.put(
        {"full_name": "An Thử", "id_number": "191234567", "birth_date": "1950", "gender": "M", "current": {"hamlet": "1", "ward": "x"}}
    )
    front.press(Qt.Key.Key_F2)
    form.to_questions()
    QApplication.processEvents()
    assert form.questions.isVisible()
    assert (too_small(front.window), cut_off(front.window)) == ([], [])


def test_the_window_is_in_be_vietnam_pro_with_every_vietnamese_letter(qtbot: QtBot) -> None:
    app.application(settings())
    font = QRawFont.fromFont(theme.font())
    letters = "ÀÁẢÃẠĂẮẰẲẴẶÂẤẦẨẪẬĐÈÉẺẼẸÊẾỀỂỄỆÌÍỈĨỊÒÓỎÕỌÔỐỒỔỖỘƠỚỜỞỠỢÙÚỦŨỤƯỨỪỬỮỰÝỲỶỸỴ"
    assert font.familyName() == theme.FAMILY
    assert [letter for letter in letters + letters.lower() if not font.supportsCharacter(ord(letter))] == []


def test_the_preview_paints_the_newest_frame_and_mirrors_it_for_the_person_who_aims(qtbot: QtBot) -> None:
    import numpy as np

    from kiosk.ports import Frame

    class Mailbox:
        """A slot with one frame: its left half is white."""

        name, hint, trying_s, pick = "", None, 0.0, ()

        def __init__(self, number: int) -> None:
            image = np.zeros((90, 160, 3), np.uint8)
            image[:, :80] = 255
            self.latest, self.boxes, self.condition = Frame(image, 0.0, number), (), None

        def choose(self, raw: bytes) -> None: ...
        def step(self) -> None: ...
        def close(self) -> None: ...

    for mirrored, left_is_white in ((False, True), (True, False)):
        preview = Preview(mirrored)
        qtbot.addWidget(preview)
        preview.resize(320, 180)
        preview.show()
        preview.watch(Mailbox(7))
        preview.poll()
        assert preview.number == 7
        picture = preview.grab().toImage()
        assert (picture.pixelColor(12, 90).lightness() > 200) is left_is_white
        assert (picture.pixelColor(308, 90).lightness() > 200) is not left_is_white


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_fault_is_cut_off_before_it_says_what_to_do(language: str, qtbot: QtBot) -> None:
    app.application(settings())
    i18n.use(language)
    line = Sentence()
    qtbot.addWidget(line)
    line.resize(1240, Sentence.HIGH)
    for code in Code:
        line.setText(sentence(KioskError(code, at="08:41")))
        shown = QFontMetrics(line.font()).boundingRect(QRect(0, 0, line.width(), 4000), int(Qt.TextFlag.TextWordWrap), line.text())
        assert shown.height() <= Sentence.HIGH, code
    line.setText("x")
    assert line.font().pointSizeF() == Sentence.SIZES[0]
