"""Pass + what is known + policy + now -> what the screen tells the officer. Nobody is turned away."""

from itertools import product

import pytest

from kiosk.domain.passes.model import Kind, Pass, Reading
from kiosk.domain.policy import Policy
from kiosk.domain.verdict import HOUR, NOBODY, Act, Known, Person, judge, short_name

NOW = 1_621_735_200_000  # 23 May 2021
MAU = {"full_name": "Trần Thị Mẫu", "birth_date": "1983-07-25", "gender": "F", "id_number": "046183000123"}
CARD = Pass(Kind.CCCD, Reading.READ_UNSIGNED, fields=MAU, subjects=("id:046183000123",))


def hu1(declared_h_ago: float = 2, valid_h: float = 72, reading: Reading = Reading.VERIFIED) -> Pass:
    declared = NOW - int(declared_h_ago * HOUR)
    fields = {"initials": "TTM", "birth_year": "1983", "gender": "F"}
    return Pass(Kind.HU1, reading, fields=fields, subjects=("hu1:x",), declared_at=declared, expires_at=declared + int(valid_h * HOUR))


@pytest.mark.parametrize(
    ("shown", "act", "arrival"),
    [
        (hu1(), Act.COME_IN, True),
        (hu1(declared_h_ago=72), Act.COME_IN, True),
        (hu1(declared_h_ago=72.01, valid_h=100), Act.OUT_OF_DATE, False),
        (hu1(declared_h_ago=25, valid_h=24, reading=Reading.EXPIRED), Act.OUT_OF_DATE, False),
        (hu1(declared_h_ago=-24), Act.COME_IN, True),
        (hu1(declared_h_ago=-25), Act.NOT_CONFIRMED, False),
        (Pass(Kind.HU1, Reading.BAD_SIGNATURE), Act.NOT_CONFIRMED, False),
        (Pass(Kind.HU1, Reading.UNKNOWN_KEY, "revoked"), Act.NOT_CONFIRMED, False),
        (Pass(Kind.CCCD, Reading.REJECT, "bad_date"), Act.NOT_CONFIRMED, False),
        (CARD, Act.CARD, False),
        (Pass(Kind.CCCD, Reading.WARN, "year_mismatch", MAU), Act.CARD, False),
        (Pass(Kind.BHYT, Reading.READ_UNSIGNED, fields=MAU), Act.UNVERIFIED, False),
        (Pass(Kind.QRQG, Reading.READ_UNSIGNED, fields=MAU), Act.UNVERIFIED, False),
        (Pass(Kind.BARE_ID, Reading.READ_UNSIGNED, fields={"id_number": "191500001"}), Act.DECLARE, False),
        (Pass(Kind.MOH, Reading.SEEN, "open_on_phone"), Act.LOOK, False),
        (Pass(Kind.UNKNOWN, Reading.SEEN, "look_at_phone"), Act.LOOK, False),
        (Pass(Kind.LOCATION, Reading.NOT_A_PERSON, "place"), Act.OTHER_CODE, False),
        (Pass(Kind.WIFI, Reading.NOT_OURS, "wifi"), Act.OTHER_CODE, False),
    ],
)
def test_somebody_nobody_knows_yet(shown: Pass, act: Act, arrival: bool) -> None:
    verdict = judge(shown, NOBODY, Policy(), NOW)
    assert (verdict.act, verdict.arrival) == (act, arrival)


@pytest.mark.parametrize(
    "shown", [CARD, hu1(), Pass(Kind.BARE_ID, Reading.READ_UNSIGNED), Pass(Kind.QRQG, Reading.WARN, "year_mismatch", MAU)]
)
@pytest.mark.parametrize(
    ("known", "act", "arrival", "since"),
    [
        (Known(entered_at=NOW - 5, declared_at=NOW - 9), Act.ALREADY_IN, False, NOW - 5),
        (Known(by_poster_at=NOW - 7), Act.BY_POSTER, False, NOW - 7),
        (Known(declared_at=NOW - HOUR), Act.COME_IN, True, NOW - HOUR),
        (Known(declared_at=NOW - HOUR, health_desk=True), Act.HEALTH_DESK, True, NOW - HOUR),
        (Known(declared_at=NOW - 73 * HOUR), Act.OUT_OF_DATE, False, NOW - 73 * HOUR),
        (Known(declared_at=NOW - 73 * HOUR, health_desk=True), Act.OUT_OF_DATE, False, NOW - 73 * HOUR),
    ],
)
def test_what_is_known_here_goes_before_what_the_code_says(shown: Pass, known: Known, act: Act, arrival: bool, since: int) -> None:
    verdict = judge(shown, known, Policy(), NOW)
    assert (verdict.act, verdict.arrival, verdict.since) == (act, arrival, since)


def test_how_long_a_declaration_counts_is_the_provinces_to_say() -> None:
    known = Known(declared_at=NOW - 30 * HOUR)
    assert judge(CARD, known, Policy(validity_hours=24), NOW).act is Act.OUT_OF_DATE
    assert judge(hu1(declared_h_ago=30), NOBODY, Policy(validity_hours=24), NOW).act is Act.OUT_OF_DATE


def test_only_a_card_fills_the_form_and_a_large_card_shows_no_number() -> None:
    verdict = judge(CARD, NOBODY, Policy(), NOW)
    assert verdict.prefill == MAU
    assert verdict.person == Person("T. T. Mẫu", "F", "1983")
    assert judge(Pass(Kind.CCCD, Reading.REJECT, "bad_date", MAU), NOBODY, Policy(), NOW).prefill == {}


def test_names_are_shortened_to_initials_and_the_given_name() -> None:
    assert [short_name(n) for n in ("Trần Thị Mẫu", "Hiền", "")] == ["T. T. Mẫu", "Hiền", ""]


def test_a_pass_shows_what_is_known_of_its_holder() -> None:
    known = Known(declared_at=NOW - HOUR, name="Trần Thị Mẫu", gender="F", birth_year="1983")
    bare = Pass(Kind.BARE_ID, Reading.READ_UNSIGNED)
    assert judge(bare, known, Policy(), NOW).person == Person("T. T. Mẫu", "F", "1983")


def test_every_pair_of_code_and_knowledge_has_a_verdict_and_only_two_of_them_count_a_visit() -> None:
    knowns = [NOBODY, Known(entered_at=1), Known(by_poster_at=1), Known(declared_at=NOW), Known(declared_at=NOW, health_desk=True)]
    for kind, reading, known in product(Kind, Reading, knowns):
        verdict = judge(Pass(kind, reading, fields=MAU), known, Policy(), NOW)
        assert verdict.act not in (Act.NOT_SAVED, Act.DEFERRED)
        assert verdict.arrival == (verdict.act in (Act.COME_IN, Act.HEALTH_DESK))
        if reading in (Reading.REJECT, Reading.BAD_SIGNATURE, Reading.UNKNOWN_KEY, Reading.SEEN, Reading.NOT_A_PERSON, Reading.NOT_OURS):
            assert not verdict.arrival
            unsigned = kind in (Kind.HC1, Kind.SHC) and reading is Reading.UNKNOWN_KEY  # then it is a card like any other
            assert not verdict.prefill or unsigned
