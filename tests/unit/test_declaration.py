"""The form and what makes a declaration good; people and numbers are invented."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain import declaration as d
from kiosk.domain import passes
from kiosk.domain.policy import Rules

QUESTIONS = [f"exposures.{q.value}" for q in d.form().exposures] + [f"symptoms.{q.value}" for q in d.form().symptoms]


def answers(**changed: Any) -> dict[str, Any]:
    return {key: value for key, value in (d.example() | changed).items() if value is not ...}


def test_the_form_is_the_letters_three_exposures_and_six_symptoms_in_its_order() -> None:
    assert [q.value for q in d.form().exposures] == ["contact_case", "from_epidemic_area", "contact_from_area"]
    assert [q.vi for q in d.form().symptoms] == ["Sốt", "Ho", "Khó thở", "Viêm phổi", "Đau họng", "Mệt mỏi"]
    assert [m.value for m in d.form().modes] == ["new", "supplement", "proxy"]
    assert all(f.vi and f.en and f.type in {*d.CHECKS, "address", "table", "datetime", "officer", "station"} for f in d.form().fields)


def test_what_tracing_does_not_need_is_off_by_default() -> None:
    assert {f.key for f in d.form().fields if not f.enabled} == {"religion", "ethnicity", "marital", "education", "occupation"}
    checked = d.check(answers(religion="Phật giáo"))
    assert "religion" not in checked.fields and checked.warnings["religion"] == "not_asked"
    assert d.check(answers(religion="Phật giáo"), frozenset({"religion"})).fields["religion"] == "Phật giáo"
    assert d.check(answers(religion="x"), frozenset({"religion"})).errors == {"religion": "bad_choice"}


def test_the_example_is_a_good_declaration_and_survives_json() -> None:
    said = d.from_json(json.loads(json.dumps(d.example())))
    assert said.mode == "proxy"
    assert said.fields["birth_date"] == "1983-07-25"
    assert said.fields["current"]["ward_code"] == "19801"
    assert json.loads(json.dumps(said.fields)) == said.fields
    assert d.from_json(said.fields | {"mode": said.mode}) == said


def test_an_empty_form_answers_nothing_by_itself() -> None:
    checked = d.check({})
    assert [key for key, reason in checked.errors.items() if reason == "unanswered"] == QUESTIONS
    assert checked.fields["exposures"] == {} and checked.fields["symptoms"] == {}
    assert checked.errors["id_number"] == "id_or_phone"
    assert {key for key, reason in checked.errors.items() if reason == "required"} == {"full_name", "birth_date", "gender", "current"}
    with pytest.raises(d.FormIncomplete):
        checked.declaration()


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_must_be_answered(question: str) -> None:
    table, key = question.split(".")
    for blank in (..., None, ""):
        rows = {k: v for k, v in (d.example()[table] | {key: blank}).items() if v is not ...}
        assert d.check(answers(**{table: rows})).errors == {question: "unanswered"}
    assert d.check(answers(**{table: d.example()[table] | {key: "no"}})).errors == {question: "bad_shape"}


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        ({"id_number": ..., "phone": ...}, {"id_number": "id_or_phone"}),
        ({"id_number": ...}, {}),
        ({"phone": ...}, {}),
        ({"id_number": ..., "phone": "0905 123 456", "phone_of": "relative"}, {}),
        ({"id_number": "0461830001"}, {"id_number": "bad_length"}),
        ({"id_number": "٠٤٦١٨٣٠٠٠١٢٣"}, {"id_number": "bad_digits"}),
        ({"phone": "gọi con trai"}, {"phone": "bad_phone"}),
        ({"birth_date": "1950"}, {}),
        ({"birth_date": 1950}, {}),
        ({"birth_date": "31/02/1983"}, {"birth_date": "bad_date"}),
        ({"full_name": " "}, {"full_name": "required"}),
        ({"full_name": "a\x00b"}, {"full_name": "control_chars"}),
        ({"full_name": "\u202eabc"}, {"full_name": "bidi"}),
        ({"full_name": ["a"]}, {"full_name": "bad_shape"}),
        ({"full_name": "x" * 101}, {"full_name": "too_large"}),
        ({"gender": "N"}, {"gender": "bad_choice"}),
        ({"gender": True}, {"gender": "bad_shape"}),
        ({"mode": "other"}, {"mode": "bad_choice"}),
        ({"proxy_reason": "lazy"}, {"proxy_reason": "bad_choice"}),
        ({"email": "a@b"}, {"email": "bad_email"}),
        ({"email": "mau@example.vn"}, {}),
        ({"country": ...}, {}),
        ({"country": "12"}, {"country": "bad_country"}),
        ({"current": {}}, {"current": "required"}),
        ({"current": ","}, {"current": "required"}),
        ({"current": {"ward": 3}}, {"current": "bad_shape"}),
        ({"current": {"street": "x"}}, {"current": "bad_shape"}),
        ({"current": ["x"]}, {"current": "bad_shape"}),
        ({"symptoms": None}, {"symptoms": "bad_shape"}),
        ({"symptoms": d.example()["symptoms"] | {"cold": True}}, {"symptoms.cold": "unknown_field"}),
        ({"favourite": "x"}, {"favourite": "unknown_field"}),
        ({"declared_at": "x", "station": "y"}, {}),
    ],
)
def test_what_is_good_and_what_is_an_error(changed: dict[str, Any], errors: dict[str, str]) -> None:
    checked = d.check(answers(**changed))
    assert checked.errors == errors
    assert set(checked.errors.values()) <= d.REASONS


@pytest.mark.parametrize(
    ("changed", "warnings"),
    [
        ({}, {}),
        ({"birth_date": "1984"}, {"id_number": "year_mismatch"}),
        ({"gender": "M"}, {"id_number": "gender_mismatch"}),
        ({"phone": "01234567890"}, {"phone": "odd_phone"}),
        ({"full_name": "<b>Mẫu</b>"}, {"full_name": "odd_name"}),
        ({"current": {"province": "Tỉnh Thừa Thiên Huế", "ward": "Phường Lạ"}}, {"current": "ward_unknown"}),
    ],
)
def test_a_warning_never_blocks(changed: dict[str, Any], warnings: dict[str, str]) -> None:
    checked = d.check(answers(**changed))
    assert checked.warnings == warnings
    assert set(warnings.values()) <= d.WARNINGS
    assert checked.declaration().fields["full_name"]


def test_nobody_is_born_tomorrow_but_a_reset_clock_does_not_say_so() -> None:
    newborn = answers(id_number=..., birth_date="24/05/2021")
    assert d.check(newborn, today="2021-05-23").errors == {"birth_date": "bad_date"}
    assert d.check(answers(), today="2010-01-01").errors == {}


def test_an_address_typed_as_one_text_becomes_levels() -> None:
    address = d.check(answers(current="Tổ dân phố 3, An Cựu, Thành phố Huế, Thừa Thiên Huế")).fields["current"]
    assert address == d.example()["current"] | {"ward_code": "19801"}


def test_the_provinces_rules_lead_to_the_health_desk() -> None:
    def desk(table: str, key: str) -> bool:
        return d.outcome(d.from_json(answers(**{table: d.example()[table] | {key: True}})), Rules())

    assert not d.outcome(d.from_json(d.example()), Rules())
    for question in QUESTIONS:
        table, key = question.split(".")
        assert desk(table, key) is (key != "fatigue")
    everything = d.from_json(answers(symptoms=dict.fromkeys(d.example()["symptoms"], True)))
    assert not d.outcome(everything, Rules({}))
    assert d.asked_again(everything.fields, Rules()) == ("symptoms.fatigue",)
    assert d.asked_again(d.example(), Rules()) == ()


def test_a_person_is_found_by_both_numbers_and_the_own_phone_only() -> None:
    said = d.from_json(answers(old_id="191500001", phone="0905123456"))
    assert d.subjects(said.fields) == ("id:046183000123", "id:191500001", "phone:+84905123456")
    assert d.subjects(said.fields | {"phone_of": "relative"}) == ("id:046183000123", "id:191500001")
    assert d.subjects({"phone": "không có"}) == ()


def test_a_scanned_card_fills_the_form_and_leaves_the_questions_open() -> None:
    card = "046183000123|191500001|Trần Thị Mẫu|25071983|Nữ|Tổ dân phố 3, An Cựu, Thành phố Huế, Thừa Thiên Huế|01052021"
    shown = passes.read(card.encode())
    filled = d.prefill(shown.fields)
    assert filled["permanent"]["ward"] == "Phường An Cựu"
    assert not {"current", "exposures", "symptoms"} & filled.keys()
    assert not {"full_name", "birth_date", "gender", "permanent", "id_number"} & d.check(filled).errors.keys()
    assert set(d.subjects(d.check(filled).fields)) == set(shown.subjects)


plain = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
json_values = plain | st.lists(plain, max_size=3) | st.dictionaries(st.text(max_size=8), plain, max_size=3)


@given(st.dictionaries(st.sampled_from([*d.example(), "email", "permanent", "travel_14d", "x"]), json_values), json_values)
def test_no_json_raises_anything_but_form_incomplete(changed: dict[str, Any], other: Any) -> None:
    checked = d.check(d.example() | changed)
    assert set(checked.errors.values()) <= d.REASONS and set(checked.warnings.values()) <= d.WARNINGS
    for content in (d.example() | changed, other):
        try:
            d.from_json(content)
        except d.FormIncomplete as incomplete:
            assert incomplete.errors
