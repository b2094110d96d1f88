"""This machine's TOML: defaults, slips named, wrong values refused with the key's name."""

from pathlib import Path

import pytest

from kiosk.errors import Code, KioskError
from kiosk.settings import FILE, Settings, load
from kiosk.shipped import data_dir


def written(home: Path, text: str) -> Path:
    (home / FILE).write_text(text, "utf-8")
    return home


def test_a_machine_without_a_file_has_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings()
    assert load(tmp_path).papers(tmp_path) == tmp_path / "papers"


def test_the_file_says_what_differs_and_a_camera_may_be_a_plain_number(tmp_path: Path) -> None:
    settings = load(written(tmp_path, 'camera = 2\nmirror = true\ntheme = "hall"\nentrance = "Lối vào 2"\nrepeat_seconds = 8\n'))
    assert (settings.camera, settings.mirror, settings.theme) == ("2", True, "hall")
    assert (settings.entrance, settings.repeat_seconds) == ("Lối vào 2", 8.0)


def test_a_key_nobody_knows_is_named_and_does_no_harm(tmp_path: Path) -> None:
    settings = load(written(tmp_path, 'langage = "en"\n[lane]\nnumber = 1\n'))
    assert settings.unknown == ("lane", "langage")
    assert settings.language == "vi"


def test_the_file_cannot_set_what_is_not_a_key(tmp_path: Path) -> None:
    assert load(written(tmp_path, 'unknown = ["x"]\n')).unknown == ("unknown",)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('language = "fr"', "language"),
        ('theme = ""', "theme"),
        ("repeat_seconds = nan", "repeat_seconds"),
        ("repeat_seconds = 0", "repeat_seconds"),
        ("repeat_seconds = true", "repeat_seconds"),
        ('mirror = "yes"', "mirror"),
        ('entrance = "a\\u202eb"', "entrance"),
        (f'printer = "{"x" * 501}"', "printer"),
        ("camera = true", "camera"),
    ],
)
def test_a_wrong_value_is_refused_by_its_key(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(KioskError) as caught:
        load(written(tmp_path, text))
    assert caught.value.code is Code.BAD_FILE
    assert (caught.value.facts["file"], caught.value.facts["key"]) == (FILE, key)


@pytest.mark.parametrize("content", [b"camera = ", b"\xff\xfe", b"camera = 1\ncamera = 2\n"])
def test_a_file_that_is_not_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(KioskError) as caught:
        load(tmp_path)
    assert caught.value.code is Code.BAD_FILE


def test_the_shipped_folder_is_found_in_a_checkout_and_in_the_built_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (data_dir() / "form.yaml").is_file()
    monkeypatch.setattr("sys._MEIPASS", str(tmp_path), raising=False)
    assert data_dir() == tmp_path / "data"
