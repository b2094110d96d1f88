"""The officer's other half as commands: what scripts get, and how they are refused."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kiosk.cli import main
from kiosk.domain import form as forms
from kiosk.domain.declaration import example
from kiosk.shipped import data_dir
from tests import builders

Run = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command on an enrolled home: (exit code, JSON lines, what was said to people)."""
    builders.enrolled_home(home, builders.province_for_today(), enrolled_at=0)

    def command(*argv: str) -> tuple[int, list[dict[str, Any]], str]:
        capsys.readouterr()
        code = main([argv[0], "--home", str(home), "--json", *argv[1:]])
        out = capsys.readouterr()
        return code, [json.loads(line) for line in out.out.splitlines()], out.err

    return command


def name(event: dict[str, Any]) -> str:
    return f"{event['kiosk']}:{event['epoch']}:{event['seq']}"


def test_a_ticket_its_list_its_declaration_and_the_exit(run: Run, tmp_path: Path) -> None:
    code, (given,), _ = run("defer", "--reason", "not_yet")
    assert (code, given["verdict"], given["ticket"]) == (0, "in_first_declare_later", 1)
    run("defer", "--reason", "closing")
    _, open_, _ = run("tickets")
    assert [(t["ticket"], t["reason"], t["state"]) for t in open_] == [(1, "not_yet", "open"), (2, "closing", "open")]
    file = tmp_path / "said.json"
    file.write_text(json.dumps(example()), "utf-8")
    code, (said,), _ = run("declare", "--file", str(file), "--ticket", "1")
    assert (code, said["verdict"], said["number"]) == (0, "declaration_kept", 0)
    code, (gone,), _ = run("leave", "--ticket", "2")
    assert (code, gone["verdict"], gone["reason"]) == (0, "left", "ticket_open")
    assert run("tickets")[1] == []
    assert [t["state"] for t in run("tickets", "--all")[1]] == ["declared", "left"]


def test_what_cannot_be_read_from_standard_input_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"{"), "utf-8"))
    code, lines, said = run("declare", "--file", "-")
    assert (code, lines) == (1, []) and "file=stdin" in said and "file=-" not in said


def test_an_exit_by_code_by_event_and_nameless(run: Run, tmp_path: Path) -> None:
    _, (seen,), _ = run("seen", "--kind", "moh", "--person", "service")
    code, (by_event,), _ = run("leave", name(seen["event"]))
    assert (code, by_event["reason"]) == (0, "left")
    assert run("leave", "046183000123")[1][0]["reason"] == "left_unknown"
    assert run("leave", "--nameless")[1][0]["reason"] == "left_nameless"
    for wrong in (("leave", "--ticket", "99"), ("declare", "--file", str(_example(tmp_path)), "--ticket", "99")):
        code, lines, told = run(*wrong)
        assert (code, lines) == (1, []) and "KS-310" in told and "99" in told
    assert run("leave", " ")[0] == 2
    assert run("leave")[0] == 2 and run("leave", "x", "--nameless")[0] == 2
    code, lines, told = run("leave", f"{seen['event']['kiosk']}:{'0' * 16}:7")
    assert (code, lines) == (1, []) and "KS-304" in told
    assert run("leave", "***", "--base64")[0] == 1
    kiosk, epoch = seen["event"]["kiosk"], seen["event"]["epoch"]
    for typed, code_ in ((f"{kiosk}:{epoch[:-1]}g:3", "KS-304"), (f"{kiosk}:{epoch}", "KS-304"), ("K1-000099", "KS-304"), ("17", "KS-501")):
        code, lines, told = run("leave", typed)
        assert (code, lines) == (1, []) and code_ in told and typed in told
    code, (again,), _ = run("leave", "K1-000001")
    assert (code, again["verdict"], again["event"], again["since"]) == (0, "already_left", None, by_event["at"])


def test_another_day_than_todays_is_opened_and_said_and_a_word_is_no_date(run: Run, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, (shown,), _ = run("day")
    today, tomorrow = shown["days"]
    code, (opened,), _ = run("day", "open", tomorrow)
    assert (code, opened["event_day"], opened["today"]) == (0, tomorrow, today)
    assert main(["day", "open", tomorrow, "--home", str(home)]) == 0
    assert "không phải hôm nay" in capsys.readouterr().out
    assert "today" not in run("day", "open", today)[1][0]
    for word in ("tomorrow", "2021-02-30", "23/05/2021", "2021-5-23"):
        code, lines, told = run("day", "open", word)
        assert (code, lines) == (1, []) and "KS-223" in told and "YYYY-MM-DD" in told and word in told
    assert "KS-207" in run("day", "open", "2020-01-01")[2]


def test_why_a_day_may_not_be_purged_is_said_in_words(run: Run, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("seen", "--kind", "moh")
    assert run("purge", "--look")[1][0]["why"] == {"not_closed": 1, "not_opened": 2}
    assert main(["purge", "--look", "--home", str(home)]) == 1
    said = capsys.readouterr().out
    assert "not_opened" not in said and "1 ngày chưa chốt" in said and "Tỉnh chưa mở được 2 sự kiện" in said
    assert "not_opened" not in run("purge")[2]


def test_a_correction_by_file_is_checked_like_a_declaration(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "said.json"
    file.write_text(json.dumps(example()), "utf-8")
    _, (said,), _ = run("declare", "--file", str(file))
    arrival = name(said["event"])
    declaration = arrival.rpartition(":")[0] + f":{said['event']['seq'] - 1}"
    file.write_text('{"phone": "0905123456", "email": null}', "utf-8")
    code, (corrected,), _ = run("correct", declaration, "--reason", "số mới", "--set", str(file))
    assert code == 0 and corrected["event"]["seq"] > said["event"]["seq"]
    file.write_text('{"phone": "một hai ba"}', "utf-8")
    code, lines, told = run("correct", declaration, "--reason", "x", "--set", str(file))
    assert (code, lines) == (1, []) and "KS-503" in told
    for content in ("[]", "{}", "{", '{"phone": {"a": 1}}'):
        file.write_text(content, "utf-8")
        assert run("correct", declaration, "--reason", "x", "--set", str(file))[0] == 1
    code, (voided,), _ = run("correct", arrival, "--reason", "nhầm người", "--void", "--whole")
    assert code == 0 and voided["event"]
    again = run("declare", "--file", str(_example(tmp_path)))[1][0]
    assert (again["verdict"], again["number"]) == ("come_in", 2), "voided with its declaration, the voter comes in anew"


def test_a_running_number_names_its_arrival_and_a_ticket_its_paper(run: Run, tmp_path: Path) -> None:
    file = str(_example(tmp_path))
    run("declare", "--file", file)
    _, (given,), _ = run("defer", "--reason", "not_yet")
    assert given["ticket"] == 1
    for target in (["slip", "K1-000001"], ["declaration", "k1-1"], ["ticket"], ["ticket", "1"], ["ticket", "K1-000002"]):
        code, (printed,), _ = run("print", *target, "--out", str(tmp_path / "paper.pdf"))
        assert code == 0 and Path(printed["file"]).read_bytes().startswith(b"%PDF")
    assert "KS-310" in run("print", "ticket", "7")[2]
    _, (keyed,), _ = run("paper", "G001", "--at", "00:00", "--file", file)
    assert keyed["event"], "a paper form is kept under its number, though the same was declared"
    assert "KS-220" in run("paper", "G001", "--at", "00:00", "--file", file)[2]
    assert run("correct", "K1-000001", "--reason", "bấm nhầm", "--void", "--whole")[0] == 0
    code, _, told = run("correct", "K1-000001", "--reason", "bấm nhầm", "--void")
    assert code == 1 and "KS-308" in told and "at=" in told


def _example(folder: Path) -> Path:
    (folder / "again.json").write_text(json.dumps(example()), "utf-8")
    return folder / "again.json"


@pytest.mark.parametrize("completes", ["x", "a:b:c", "0a1b:0000000000000000:x"])
def test_a_supplement_names_an_event_or_is_refused(run: Run, tmp_path: Path, completes: str) -> None:
    code, lines, told = run("declare", "--file", str(_example(tmp_path)), "--completes", completes)
    assert (code, lines) == (1, []) and "KS-304" in told
    assert run("declare", "--file", str(_example(tmp_path)), "--ticket", "-3")[0] == 1


def test_a_broken_form_file_names_its_line_and_the_form_that_read_well_last_goes_on(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped, said = tmp_path / "data", _example(tmp_path)
    shutil.copytree(data_dir(), shipped)
    monkeypatch.setattr(forms, "data_dir", lambda: shipped)
    file = shipped / "form.yaml"
    text, broken = file.read_text("utf-8"), file.read_text("utf-8").replace("type: name, required", "type: nom, required", 1)
    line = next(n for n, row in enumerate(broken.splitlines(), 1) if "type: nom" in row)
    try:
        for spoiled in (broken, "{", ""):
            forms.form.cache_clear()
            file.write_text(spoiled, "utf-8")
            assert run("declare", "--file", str(said))[0] == 1, "none was kept so far"
            assert "KS-502" in run("declare", "--example")[2]
        forms.form.cache_clear()
        file.write_text(text, "utf-8")
        assert run("declare", "--file", str(said))[0] == 0 and (home / "form.kept.yaml").read_text("utf-8") == text
        forms.form.cache_clear()
        file.write_text(broken, "utf-8")
        code, (again,), _ = run("declare", "--file", str(said))
        assert (code, again["verdict"]) == (0, "already_declared")
        assert "KS-141" in run("status")[1][0]["conditions"]
        (found,) = [f for f in run("doctor")[1] if f["item"] == "form"]
        assert found["state"] == "limited" and f"dòng/line {line}:" in found["detail"] and "data/form.yaml" in found["detail"]
        assert (home / "form.kept.yaml").read_text("utf-8") == text, "what is broken is not kept"
    finally:
        forms.keep_in(None)
        forms.form.cache_clear()
