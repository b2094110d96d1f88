"""Tra cứu on a real home: numbers are free, names and details leave a record, what the province said is kept with its age."""

from pathlib import Path

import msgspec
import pytest

from kiosk import compose
from kiosk.domain import declaration
from kiosk.domain.verdict import Act
from kiosk.errors import Code, KioskError
from kiosk.lookup import LookUps
from kiosk.station import LOOKS_FREE
from kiosk.store.told import Told
from tests import builders

HIT_MS = builders.at("07:12")


class Office:
    """Answers as the province would, or fails."""

    def __init__(self, said: Told | KioskError) -> None:
        self.said, self.asked = said, list[str]()

    def ask(self, subject: str) -> Told:
        self.asked.append(subject)
        if isinstance(self.said, KioskError):
            raise self.said
        return self.said


class Place:
    def __init__(self, home: Path) -> None:
        builders.enrolled_home(home)
        self.clock = builders.Clock()
        self.parts = compose.open_parts(home, clock=self.clock)
        self.office = Office(Told(True, HIT_MS, "come_in", builders.at("08:00")))
        self.lookups = LookUps(self.parts.database, self.parts.journal.identity, self.parts.station, self.clock, lambda: self.office)

    def declare(self, **changed: object) -> str:
        said = declaration.example() | changed
        event = self.parts.station.declare(declaration.check(said).declaration()).event
        self.clock.forward(60)
        return event

    def audits(self) -> list[dict[str, object]]:
        with self.parts.database.read() as conn:
            facts = [f.body.fields for f in self.parts.journal.facts(conn) if f.body.kind == 7]
        return [f for f in facts if f.get("what") in ("name_search", "details_opened", "lookups_many")]


@pytest.fixture
def place(home: Path) -> Place:
    return Place(home)


def test_a_number_is_free_and_a_name_is_recorded_without_saying_whose(place: Place) -> None:
    place.declare()
    for typed in ("046183000123", "046 183 000 123"):
        answer = place.lookups.find(typed)
        assert answer.by_number and [(h.short_name, h.id_masked, h.verdict) for h in answer.hits] == [
            ("T. T. Mẫu", "••••••••0123", Act.ALREADY_IN)
        ]
    assert place.audits() == []
    assert [hit.name for hit in place.lookups.find("Mẫu 1983", "paper_differs").hits] == ["Trần Thị Mẫu"]
    recorded = place.audits()
    assert [(f["what"], f["reason"], f["count"]) for f in recorded] == [("name_search", "paper_differs", 1)]
    assert not any(word in str(recorded) for word in ("Mẫu", "mau", "0123", "1983"))


def test_details_are_opened_with_a_reason_in_the_journal_first(place: Place) -> None:
    place.declare()
    place.declare(mode="supplement")
    hit = place.lookups.find("046183000123").hits[0]
    said = place.lookups.details(hit.event, "health_desk")
    assert said.mode == "supplement" and said.fields["full_name"] == "Trần Thị Mẫu" and not said.symptoms
    assert [one.mode for one in said.earlier] == ["proxy"]
    assert [(f["what"], f["reason"], f["target"]) for f in place.audits()] == [("details_opened", "health_desk", hit.event)]


@pytest.mark.parametrize(("event", "reason"), [("x", "other"), ("a:00112233445566ff:1", "other"), ("", "because"), ("a:b:c", "other")])
def test_what_is_no_declaration_or_no_reason_is_refused_and_nothing_recorded(place: Place, event: str, reason: str) -> None:
    place.declare()
    with pytest.raises(KioskError) as refused:
        place.lookups.details(event, reason)
    assert refused.value.code in (Code.EVENT_UNKNOWN, Code.BAD_INPUT) and place.audits() == []


@pytest.mark.parametrize("typed", ["", "   ", "\x00", "a\u202eb", "x" * 900, "!!!", "12"])
def test_what_is_no_question_is_refused_in_words(place: Place, typed: str) -> None:
    with pytest.raises(KioskError) as refused:
        place.lookups.find(typed)
    assert refused.value.code is Code.BAD_INPUT and place.audits() == []


def test_hostile_names_are_looked_for_and_harm_nothing(place: Place) -> None:
    place.declare(full_name="Mẫu'); DROP TABLE declaration;--")
    for typed in ("'); DROP TABLE declaration;--", "=1+1 cmd", "<b>Mẫu</b>", "mẫu drop", "🙂 Mẫu", "％ Ｍẫu"):
        place.lookups.find(typed)
    assert [h.name for h in place.lookups.find("mau drop table declaration").hits] == ["Mẫu'); DROP TABLE declaration;--"]


def test_by_code_whoever_a_card_names(place: Place) -> None:
    place.declare()
    answer = place.lookups.of_code(builders.CARD)
    assert answer.by_number and [h.short_name for h in answer.hits] == ["T. T. Mẫu"]
    assert answer.person.short_name == "T. T. Mẫu" and place.audits() == []
    for raw in (b"https://tokhaiyte.vn/x", b"\xff", b"WIFI:x"):
        with pytest.raises(KioskError):
            place.lookups.of_code(raw)


def test_the_provinces_answer_is_kept_with_its_age(place: Place) -> None:
    asked = place.lookups.find("191500077")
    assert not asked.hits and asked.told is None
    said = place.lookups.ask_province(asked.subjects)
    assert (said.known, said.declared_at, said.step) == (True, HIT_MS, "come_in")
    place.clock.forward(720)
    kept = place.lookups.find("191500077").told
    assert kept is not None and kept == said and kept.age_s(place.clock.wall) == 720
    assert place.office.asked == ["id:191500077"]


def test_a_province_that_does_not_answer_leaves_what_it_said_before(place: Place) -> None:
    subjects = place.lookups.find("191500077").subjects
    place.lookups.ask_province(subjects)
    place.office.said = KioskError(Code.OFFLINE, why="timeout")
    with pytest.raises(KioskError):
        place.lookups.ask_province(subjects)
    kept = place.lookups.find("191500077").told
    assert kept is not None and kept.known


def test_numbers_at_the_door_are_free_and_many_searches_by_name_are_noted_once(place: Place) -> None:
    place.declare()
    for _ in range(LOOKS_FREE + 5):
        place.lookups.find("046183000123")
    assert place.audits() == []
    for _ in range(LOOKS_FREE + 5):
        place.lookups.find("Trần Thị Mẫu")
    assert [f["what"] for f in place.audits()].count("lookups_many") == 1


def test_the_verdict_of_a_hit_is_what_a_scan_would_say(place: Place) -> None:
    event = place.declare(symptoms=declaration.example()["symptoms"] | {"fever": True})
    place.parts.station.correct(event, "thử", True)
    place.clock.forward(60)
    assert place.lookups.find("046183000123").hits[0].verdict is Act.HEALTH_DESK
    place.clock.forward(73 * 3600)
    assert place.lookups.find("046183000123").hits[0].verdict is Act.OUT_OF_DATE


def test_near_duplicates_are_hits_like_any_other(place: Place) -> None:
    place.declare()
    assert [h.name for h in place.lookups.similar({"full_name": "Tran Thi Mau", "birth_date": "1983-07-25"})] == ["Trần Thị Mẫu"]
    assert place.lookups.similar({"full_name": "\x00"}) == place.lookups.similar({}) == ()


def test_a_told_answer_survives_as_a_hash_and_no_number(place: Place) -> None:
    place.lookups.ask_province(("id:191500077",))
    with place.parts.database.read() as conn:
        rows = conn.exec_driver_sql("SELECT * FROM told").all()
    assert len(rows) == 1 and b"191500077" not in msgspec.json.encode([str(v) for v in rows[0]])
