"""The words are complete, in both languages, and say nothing they must not."""

import importlib
import pkgutil
import re
import unicodedata
from collections.abc import Iterator
from types import ModuleType

import pytest

import kiosk.domain
from kiosk import i18n, words
from kiosk.domain.events import Kind as EventKind
from kiosk.domain.passes.model import Kind
from kiosk.domain.verdict import Act, Person, Verdict
from kiosk.errors import Code
from kiosk.shipped import data_dir
from kiosk.words import faults, labels, reasons, verdicts
from tools import catalog

MORNING = 1621734060000  # 08:41 on 23/05/2021 in Vietnam
FORBIDDEN = re.compile(
    r"niêm phong|seal the|từ chối cử tri|không được bầu|không được vào|cấm|turned? away|may not vote|dương tính|positive", re.IGNORECASE
)


@pytest.fixture(autouse=True)
def vietnamese() -> Iterator[None]:
    i18n.use("vi")
    yield
    i18n.use("vi")


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        yield importlib.import_module(info.name)


def sentences() -> dict[str, str]:
    return dict(catalog.marked())


def test_every_sentence_has_its_english_and_no_entry_is_unused() -> None:
    texts = {text for text in i18n.parse((data_dir() / "locale" / "en.po").read_text("utf-8")) if text}
    english = i18n.catalog("en")
    assert {text for text in sentences() if text not in english} == set(), "python tools/catalog.py --write, then translate"
    assert texts - set(sentences()) == set()


def test_a_translation_fills_in_the_same_places() -> None:
    places = re.compile(r"\{\w*\}")
    for text, english in i18n.catalog("en").items():
        assert sorted(places.findall(text)) == sorted(places.findall(english)), text


def test_sentences_are_composed_and_say_nothing_forbidden() -> None:
    for text, english in i18n.catalog("en").items():
        assert unicodedata.is_normalized("NFC", text), text
        assert not FORBIDDEN.search(text) and not FORBIDDEN.search(english), text
        assert text == text.strip() and english == english.strip(), text


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("act", Act)
def test_every_verdict_has_a_title_that_fits_and_a_next_step(act: Act, language: str) -> None:
    i18n.use(language)
    for verdict in (Verdict(act, Kind.HU1), Verdict(act, Kind.HU1, "expired", since=MORNING, number=999, event="K:00:1")):
        card = words.verdict(verdict)
        assert 3 <= len(card.title) <= 40 and card.next_step and card.icon
        assert max(map(len, card.title.split())) <= 15, "a word this long leaves the card at 64 pt"
        assert len(card.next_step) <= 110 and "{" not in card.title + card.next_step + card.detail + card.saved
        assert card.sound in ("high", "low", "low_low", "long_low")


def test_red_is_for_the_machine_only_and_the_hall_cannot_tell_the_health_desk_from_a_declaration() -> None:
    roles = {act: row.role for act, row in verdicts.TABLE.items()}
    assert [act for act, role in roles.items() if role is words.Role.TROUBLE] == [Act.NOT_SAVED]
    desk, declare = verdicts.TABLE[Act.HEALTH_DESK], verdicts.TABLE[Act.DECLARE]
    assert (desk.role, desk.sound) == (declare.role, declare.sound)


def test_white_words_are_readable_on_every_colour() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    for role in words.Role:
        assert 1.05 / (luminance(words.COLOURS[role]) + 0.05) >= 5.0, role


def test_a_time_is_vietnam_s_whatever_the_machine_believes() -> None:
    card = words.verdict(Verdict(Act.ALREADY_IN, Kind.HU1, "entered", since=MORNING))
    assert card.title == "ĐÃ VÀO LÚC 08:41"
    assert words.verdict(Verdict(Act.COME_IN, Kind.HU1, since=MORNING)).detail == "Khai lúc 08:41 ngày 23/05"
    assert words.full(MORNING) == "08:41 23/05/2021"
    assert words.full(2**80).endswith("12/9999") and words.full(-(2**80)).endswith("0001")


def test_the_card_shows_initials_sex_and_year_and_the_number_as_printed() -> None:
    card = words.verdict(Verdict(Act.COME_IN, Kind.HU1, person=Person("T. T. Mẫu", "F", "1983"), number=123, event="K:00:9"))
    assert (card.person, card.saved) == ("T. T. Mẫu · nữ · 1983", "Đã lưu · số 000123")
    assert words.verdict(Verdict(Act.NOT_SAVED, Kind.HU1, number=7)).saved == ""


def test_another_kind_of_code_is_called_by_its_name() -> None:
    steps = {kind: words.verdict(Verdict(Act.OTHER_CODE, kind)).next_step for kind in (Kind.VIETQR, Kind.LOCATION, Kind.WIFI, Kind.OTHER)}
    assert len(set(steps.values())) == 4
    assert "thanh toán" in steps[Kind.VIETQR]


def test_the_province_may_name_the_health_desk_in_its_own_words() -> None:
    assert words.verdict(Verdict(Act.HEALTH_DESK, Kind.HU1), desk_title="MỜI SANG PHÒNG 2").title == "MỜI SANG PHÒNG 2"


def test_every_reason_and_warning_of_the_passes_has_a_sentence() -> None:
    said = {word for module in modules(kiosk.domain) for name in ("REASONS", "WARNINGS") for word in getattr(module, name, ())}
    assert said and said - set(reasons.REASONS) - {""} == set()


def test_an_unknown_word_gets_a_neutral_sentence() -> None:
    assert words.reason("from_a_newer_version") == reasons.NEUTRAL
    assert words.reason("") == ""
    assert words.kind_label("kind-9") == "kind-9"
    assert words.warnings(("year_mismatch", "year_mismatch", "")) == (reasons.REASONS["year_mismatch"],)


@pytest.mark.parametrize("code", Code)
def test_every_trouble_says_what_happened_what_is_kept_and_what_to_do(code: Code) -> None:
    for language in i18n.LANGUAGES:
        i18n.use(language)
        assert code in faults.FAULTS
        said = words.fault(code)
        assert all(sentence.endswith(".") for sentence in (said.title, said.kept, said.cure)), said
        assert words.condition(code).line and words.condition(code).button
    text = words.fault_text(code, {"file": "settings.toml"})
    assert text.startswith(code.value) and faults.FAULTS[code].title in text and said.title in text
    assert text.endswith("(file=settings.toml)")


def test_hostile_facts_stay_one_short_line() -> None:
    text = words.fault_text(Code.BAD_FILE, {"file": "\x1b[31m\u202e{0}%s\n" + "x" * 100_000})
    assert len(text) < 900 and text.count("\n") == 2
    assert "\x1b" not in text and "\u202e" not in text


def test_every_event_kind_and_every_kind_of_code_has_a_label() -> None:
    assert set(labels.KINDS) == {kind.word for kind in EventKind}
    assert all(words.act_label(act) == words.verdict(Verdict(act, Kind.HU1)).title for act in Act)
    states = {"ok", "offline", "portal", "tls", "refused", "revoked", "fork", "disk", "stale", "locked"}
    assert set(labels.SYNC_STATES) == states


@pytest.mark.parametrize(
    "po",
    ['msgid "a"', 'msgstr "a"', 'msgid "a"\nmsgstr "b"\nmsgid "a"\nmsgstr "c"', 'msgid "a\nmsgstr "b"', 'msgid "\\q"\nmsgstr ""', "what"],
)
def test_a_broken_catalog_is_refused(po: str) -> None:
    with pytest.raises(i18n.BadCatalog):
        i18n.parse(po)


def test_a_catalog_reads_escapes_and_continued_lines() -> None:
    assert i18n.parse('# note\nmsgid ""\n"a\\n"\n"b"\nmsgstr "\\"c\\""\n') == {"a\nb": '"c"'}


def test_an_unknown_language_is_an_error_and_a_missing_sentence_stays_vietnamese() -> None:
    with pytest.raises(ValueError, match="fr"):
        i18n.use("fr")
    assert i18n.translate("chưa có trong danh mục", "en") == "chưa có trong danh mục"
