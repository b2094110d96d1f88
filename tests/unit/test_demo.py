"""The demonstration before its window: where it may be left, and how far it is."""

from pathlib import Path

import pytest

from kiosk import demo
from kiosk.cli.demo import _bar
from kiosk.errors import Code, KioskError


def test_a_folder_that_cannot_be_made_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("a file")
    for out, why in ((tmp_path / "note", "a_file_not_a_folder"), (tmp_path / "note" / "x", "under_a_file")):
        with pytest.raises(KioskError) as caught:
            demo.prepare(out)
        assert (caught.value.code, caught.value.facts) == (Code.FILE_NOT_WRITTEN, {"folder": out, "why": why})
    assert (tmp_path / "note").read_text() == "a file"


def test_each_tenth_voter_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    show = _bar(20)
    for done in (9, 10, 10, 11, 20, 20):
        show(done)
    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == ["10/20", "20/20"]
