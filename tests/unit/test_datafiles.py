"""Rule sets and forms as files: the shipped ones are whole, a mistake is named by its line, a new field is one entry."""

import json
from pathlib import Path

import pytest

from kiosk.cli import main
from kiosk.domain import declaration, formfile, lists, policyfile
from kiosk.domain import form as forms
from kiosk.domain.datafile import LARGEST, Mistake, Source
from kiosk.domain.policy import Policy
from kiosk.shipped import data_dir

RULES = (data_dir() / "rules.yaml").read_text("utf-8")
FORM = (data_dir() / "form.yaml").read_text("utf-8")


def line_of(text: str, part: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


def test_the_shipped_rules_are_the_proposal_in_force_and_say_so() -> None:
    assert policyfile.parse(RULES) == Policy() and Policy().proposal
    questions = {q.value for table in ("exposures", "symptoms") for q in forms.form().table(table)}
    assert set(Policy().rules.answers) == questions


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("validity_hours: 72", "validity_hours: 0", "1-1440"),
        ("validity_hours: 72", "validity_hours: '72'", "'72'"),
        ("validity_hours: 72", "validity_hours: true", "True"),
        ("validity_hours: 72", "validity_hour: 72", "no such field"),
        ("  fatigue: ask", "  fatigue: home", "go, ask, desk"),
        ("  fatigue: ask", "  tired: ask", "no such question"),
        ("  fatigue: ask", "  fatigue: [ask]", "go, ask, desk"),
        ("areas: []", "areas: [{name: X, since: 31/02/2021}]", "YYYY-MM-DD"),
        ("areas: []", "areas: 7", "[…]"),
        ("layouts: []", 'layouts: ["{id_number}"]', "empty"),
        ("switched_off: []", "switched_off: [scan]", "ask_province"),
        ("switched_off: []", "switched_off: name_search", "[…]"),
        ("proposal: true", "proposal: maybe", "true, false"),
        ("proposal: true", "proposal: !!python/object/apply:os.system [x]", "constructor"),
        ("version: 1", "version: &a 1", ""),
    ],
)
def test_a_rule_set_with_a_mistake_names_its_line(old: str, new: str, word: str) -> None:
    text = RULES.replace(old, new, 1)
    if not word:
        assert policyfile.parse(text) == Policy()
        return
    with pytest.raises(Mistake) as found:
        policyfile.parse(text)
    assert found.value.line == line_of(text, new.split("\n")[0].strip()) and word in str(found.value)


def test_json_that_yaml_would_refuse_has_lines_too() -> None:
    assert Source('{\n\t"a": "\\ud83d\\ude00",\n\t"b": 2\n}').line(("b",)) == 3


NESTED = ("[" * 2000, "a: " + "[" * 13 + "]" * 13, "- " * 9000 + "x")


@pytest.mark.parametrize(
    "text", ["", "[]", "7", "a: *b", "a: &b [*b]", "{", "\t- x", "a: 1\na: 2\n- x", "x" * (LARGEST + 1), *NESTED]
)
def test_what_is_no_file_of_ours_is_refused_in_one_line(text: str) -> None:
    for parse in (policyfile.parse, formfile.parse):
        with pytest.raises(Mistake) as found:
            parse(text)
        assert "\n" not in str(found.value)


def test_the_shipped_form_is_whole() -> None:
    assert formfile.parse(FORM) == forms.form()


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("type: name, required", "type: nom, required", "type:"),
        ('key: old_id, vi: "Số CMND cũ"', 'key: full_name, vi: "Số CMND cũ"', "× 2"),
        ('en: "Former ID number"', "english: x", "en?"),
        ("type: email, source", "type: email, asked: true, source", "no such key"),
        ("required: contact, source", "required: perhaps, source", "required:"),
        ("version: 1", "version: one", "1, 2"),
    ],
)
def test_a_form_with_a_mistake_names_its_line(old: str, new: str, word: str) -> None:
    text = FORM.replace(old, new, 1)
    assert text != FORM
    with pytest.raises(Mistake) as found:
        formfile.parse(text)
    assert found.value.line == line_of(text, new) and word in str(found.value)


def test_a_new_field_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = '  - {key: village_head, vi: "Trưởng thôn", en: "Village head", type: name}\n'
    grown = formfile.parse(FORM.replace("fields:\n", "fields:\n" + entry, 1))
    assert grown.fields[0].key == "village_head" and len(grown.fields) == len(forms.form().fields) + 1
    monkeypatch.setattr(declaration, "form", lambda: grown)
    checked = declaration.check(declaration.example() | {"village_head": "Lê Văn  Cả"})
    assert checked.errors == {} and checked.fields["village_head"] == "Lê Văn Cả"


def test_a_command_says_which_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "rules.yaml"
    bad.write_text(RULES.replace("fatigue: ask", "fatigue: home"), "utf-8")
    assert main(["check", str(bad)]) == 1
    said = capsys.readouterr().err
    assert "KS-502" in said and "rules.yaml" in said and f"dòng/line {line_of(RULES, 'fatigue: ask')}" in said
    assert main(["check", "--json", str(data_dir() / "rules.yaml"), str(data_dir() / "form.yaml")]) == 0
    assert [json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()] == ["rules", "form"]
    assert lists.units()


def test_a_number_without_end_is_a_mistake_and_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "num.json"
    file.write_text('{"full_name": ' + "9" * 6000 + "}", "utf-8")
    for command in (["check", str(file)], ["read", "--trust", str(file), "abc"]):
        assert main([*command, "--home", str(tmp_path / "home")]) == 1
        assert "KS-900" not in capsys.readouterr().err
