"""The other half of the officer's job on a real encrypted file: tickets, late declarations, exits, supplements, corrections."""

import os
from pathlib import Path
from typing import Any

import pytest

from kiosk import words
from kiosk.desk import series
from kiosk.domain import passes, ticketcode
from kiosk.domain.declaration import Declaration, example, from_json
from kiosk.domain.events import Key
from kiosk.domain.passes import hu1
from kiosk.domain.verdict import Act, Verdict
from kiosk.errors import Code, KioskError
from kiosk.ports import Sighting
from tests import builders
from tests.store.test_station import CARD_NUMBER, PHONE, Entrance, entrance, voter

__all__ = ["entrance"]


def leaves(entrance: Entrance, raw: bytes) -> Verdict:
    entrance.clock.forward(7)
    return entrance.station.leave(Sighting(os.urandom(8), raw, "zxing-cpp"))


def states(entrance: Entrance) -> list[tuple[int, str]]:
    return [(t.number, t.state) for t in entrance.station.today().tickets]


@pytest.mark.parametrize("reason", ["refused", "not_yet", "closing"])
def test_in_first_declare_later_counts_an_arrival_and_says_nothing_of_health(reason: str, entrance: Entrance) -> None:
    said = entrance.station.defer(reason)
    assert (said.act, said.ticket, said.number, said.arrival) == (Act.DEFERRED, 1, 1, True)
    assert entrance.station.defer(reason).ticket == 2
    bodies = [row for row in entrance.sql("SELECT kind FROM event ORDER BY seq")]
    assert bodies == [(8,), (6,), (1,), (6,), (1,)]
    today = entrance.station.today()
    assert (today.visits, today.declared, len(today.waiting_tickets)) == (2, 0, 2)
    assert entrance.sql("SELECT count(*) FROM subject") == [(0,)]


def test_a_ticket_is_closed_by_a_declaration_that_names_it_and_gives_the_arrival_its_person(entrance: Entrance) -> None:
    first = entrance.station.defer("not_yet")
    entrance.clock.forward(600)
    said = entrance.station.declare(voter(), ticket=first.ticket)
    assert (said.act, said.number, said.since) == (Act.DECLARED, 0, first.at), "nobody is counted twice"
    assert states(entrance) == [(1, "declared")] and entrance.station.today().visits == 1
    again = entrance.show(builders.CARD)
    assert (again.act, again.since) == (Act.ALREADY_IN, first.at), "the card now finds the arrival"
    entrance.station.correct(said.event, "nhầm người", void=True)
    assert states(entrance) == [(1, "open")]
    assert entrance.show(builders.CARD).act is Act.CARD


def test_a_ticket_before_the_camera_asks_for_its_declaration_at_any_laptop_of_the_station(entrance: Entrance) -> None:
    given, lane = entrance.station.defer("not_yet"), entrance.station.defer("lane")
    mine, other = ticketcode.make(Key.parse(given.event), given.ticket), ticketcode.make(Key("0a1b", "0" * 16, 7), 2017)
    for code, number, since in ((mine, 1, given.at), (ticketcode.make(Key.parse(lane.event), lane.ticket), 2, None), (other, 2017, None)):
        shown = entrance.show(code.encode())
        assert (shown.act, shown.reason, shown.ticket, shown.since) == (Act.DECLARE, "ticket_open", number, since)
        assert f"Phiếu {number} chưa khai" in words.verdict(shown).next_step
    entrance.station.declare(voter(), ticket=1)
    done = entrance.show(mine.lower().encode())
    assert (done.act, done.reason, done.since) == (Act.ALREADY_IN, "ticket_done", given.at)
    for torn in (b"HUT1:", b"HUT1:0a1b:00:1/3", mine.encode()[:-1] + b"x", b"HUT1:" + b"9" * 300):
        shown = entrance.show(torn)
        assert (shown.act, shown.reason) == (Act.NOT_CONFIRMED, "not_a_ticket")
    assert entrance.station.today().visits == 1


def test_symptoms_that_are_told_on_the_way_out_lead_to_the_health_desk(entrance: Entrance) -> None:
    first = entrance.station.defer("closing")
    feverish = voter(symptoms=example()["symptoms"] | {"fever": True})
    assert entrance.station.declare(feverish, ticket=first.ticket).act is Act.HEALTH_DESK
    assert entrance.station.today().visits == 1


def test_a_card_that_was_shown_before_f11_finds_the_arrival_unless_the_voter_refused(entrance: Entrance) -> None:
    entrance.station.defer("refused", subjects=(f"id:{CARD_NUMBER}",))
    assert entrance.show(builders.CARD).act is Act.CARD, "who refused is written down by nobody"
    entrance.station.defer("not_yet", subjects=(f"id:{CARD_NUMBER}",))
    shown = entrance.show(builders.CARD)
    assert (shown.act, shown.reason, shown.ticket) == (Act.ALREADY_IN, "ticket_open", 2)
    assert entrance.station.defer("not_yet", subjects=(f"id:{CARD_NUMBER}",)).act is Act.ALREADY_IN


def test_a_number_for_the_other_table_counts_nobody_until_that_table_does(entrance: Entrance) -> None:
    sent = entrance.station.defer("lane")
    assert (sent.act, sent.ticket, sent.number) == (Act.TO_TABLE, 1, 0)
    assert entrance.station.today().visits == 0
    said = entrance.station.declare(voter(), ticket=sent.ticket)
    assert (said.act, said.number, said.ticket) == (Act.COME_IN, 1, 1)
    assert states(entrance) == [(1, "declared")] and entrance.station.today().waiting_tickets == ()


def test_the_exit_closes_by_code_by_card_by_ticket_and_by_slip(entrance: Entrance) -> None:
    code = entrance.a_pass()
    entrance.show(code)
    deed = os.urandom(8)
    entrance.station.declare(voter(), deed)
    waiting = entrance.station.defer("closing")
    secrets = entrance.parts.vault.secrets
    claims = hu1.Claims(deed, entrance.clock.wall, 72, 1983, "TTM", "F", proxy=True)
    slip = hu1.make(claims, secrets.enrolment.issuer_id, secrets.issuer_seed).encode()
    assert hu1.subject(secrets.enrolment.issuer_id, deed) in passes_of(slip, entrance)
    assert [leaves(entrance, raw).reason for raw in (code, builders.CARD, slip)] == ["left", "left", "already_left"]
    assert entrance.show(slip).act is Act.ALREADY_IN and leaves(entrance, slip).reason == "left", "who came back may leave again"
    by_number = entrance.station.leave_by(ticket=waiting.ticket)
    assert (by_number.act, by_number.reason, by_number.ticket) == (Act.LEFT, "ticket_open", 1)
    by_code = leaves(entrance, b"HUT1:" + waiting.event.upper().encode())
    assert (by_code.act, by_code.reason, by_code.ticket, by_code.event) == (Act.ALREADY_LEFT, "ticket_open", 1, "")
    assert [row for row in entrance.sql("SELECT count(*) FROM visit WHERE left_at IS NOT NULL")] == [(3,)]
    assert states(entrance) == [(1, "left")] and entrance.station.today().left == 4
    assert entrance.station.today().corrected == 0, "an exit corrects nothing"


def passes_of(raw: bytes, entrance: Entrance) -> tuple[str, ...]:
    return passes.read(raw, entrance.parts.directory.issuers, entrance.clock.wall).subjects


def test_an_exit_of_somebody_this_machine_never_saw_is_kept_for_the_province(entrance: Entrance) -> None:
    assert leaves(entrance, entrance.a_pass()).reason == "left_unknown"
    assert entrance.station.leave_by(ticket=2017).reason == "left_unknown"
    assert entrance.station.leave_by().reason == "left_nameless"
    assert leaves(entrance, b"WIFI:S:x;;").act is Act.OTHER_CODE
    assert entrance.station.today().left == 3
    with pytest.raises(KioskError) as error:
        entrance.station.leave_by(event=f"{entrance.station.info.kiosk}:{'0' * 16}:9")
    assert error.value.code is Code.EVENT_UNKNOWN


def test_the_same_exit_again_writes_nothing_and_says_when_it_was(entrance: Entrance) -> None:
    code = entrance.a_pass()
    arrived = entrance.show(code)
    first = leaves(entrance, code)
    entrance.clock.forward(600)
    before = entrance.sql("SELECT count(*) FROM event")
    for again in (leaves(entrance, code), entrance.station.leave_by(event=arrived.event), entrance.station.leave_by(event="K1-000001")):
        assert (again.act, again.since, again.event, again.reason) == (Act.ALREADY_LEFT, first.at, "", "already_left")
        assert words.verdict(again).title == f"ĐÃ RA LÚC {words.hour_minute(first.at)}"
    assert entrance.sql("SELECT count(*) FROM event") == before and entrance.station.today().left == 1
    entrance.station.correct(first.event, "bấm nhầm", void=True)
    assert leaves(entrance, code).act is Act.LEFT, "an exit that was voided may be written again"


def test_at_an_exit_post_the_same_code_is_one_exit_for_ten_minutes_and_then_another(entrance: Entrance) -> None:
    code = entrance.a_pass()
    said = [leaves(entrance, code), leaves(entrance, code), entrance.station.leave_by(ticket=2017), entrance.station.leave_by(ticket=2017)]
    assert [v.reason for v in said] == ["left_unknown", "already_left", "left_unknown", "already_left"]
    entrance.clock.forward(600)
    assert leaves(entrance, code).reason == "left_again" and entrance.station.today().left == 3
    assert [entrance.station.leave_by().act for _ in range(2)] == [Act.LEFT, Act.LEFT], "the nameless are not one person"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [("17", "not_a_ticket"), ("phiếu 17", "not_a_ticket"), ("HUT1:0a:1", "not_a_ticket"), ("{kiosk}:{g}:3", "not_an_event"),
     ("{kiosk}{z}:3", "not_an_event"), ("{kiosk}:{z}", "not_an_event"), ("{kiosk} ", ""), ("qlg:9f:k0", "not_an_event")],
)  # fmt: skip
def test_what_was_meant_for_an_event_or_a_ticket_is_never_taken_for_a_code(typed: str, reason: str, entrance: Entrance) -> None:
    raw = typed.format(kiosk=entrance.station.info.kiosk, g="g" * 16, z="0" * 16).encode()
    entrance.station.leave_by()
    before = entrance.sql("SELECT count(*) FROM event")
    said = leaves(entrance, raw)
    assert (said.reason, bool(said.event)) == (reason or "look_at_phone", not reason)
    assert (entrance.sql("SELECT count(*) FROM event") == before) is bool(reason)


def test_a_void_or_a_correction_is_written_once_and_the_second_says_so(entrance: Entrance) -> None:
    said = entrance.declare(voter(phone=PHONE))
    event = entrance.station.lines(1)[0].declaration
    entrance.station.correct(event, "số mới", changes={"email": "a@b.vn"})
    entrance.station.correct(said.event, "là tổ bầu cử", changes={"person": "team"})
    entrance.station.correct(said.event, "xem sổ trực")
    entrance.clock.forward(300)
    before = entrance.sql("SELECT count(*) FROM event")
    again: list[tuple[str, str, dict[str, Any] | None]] = [
        (event, "số mới", {"email": "a@b.vn"}), (said.event, "là tổ bầu cử", {"person": "team"}), (said.event, "xem sổ trực", None)
    ]  # fmt: skip
    for target, reason, changes in again:
        with pytest.raises(KioskError) as error:
            entrance.station.correct(target, reason, changes=changes)
        assert error.value.code is Code.NOTHING_CHANGED
    assert entrance.sql("SELECT count(*) FROM event") == before
    entrance.station.correct(said.event, "bấm nhầm", void=True)
    at = words.hour_minute(entrance.clock.wall)
    entrance.clock.forward(300)
    entrance.station.correct(said.event, "bấm nhầm", void=True, whole=True)
    before = entrance.sql("SELECT count(*) FROM event")
    for act in (
        lambda: entrance.station.correct(said.event, "bấm nhầm", void=True),
        lambda: entrance.station.correct(said.event, "lần nữa", void=True, whole=True),
        lambda: entrance.station.correct(event, "sửa", changes={"email": None}),
        lambda: entrance.station.leave_by(event=said.event),
    ):
        with pytest.raises(KioskError) as error:
            act()
        assert error.value.code is Code.ALREADY_VOIDED and error.value.facts["at"] in (at, words.hour_minute(entrance.clock.wall))
    assert entrance.sql("SELECT count(*) FROM event") == before
    assert entrance.station.today().declared == 0, "the second void took the declaration that the first had left"


def test_the_same_declaration_again_is_one_and_says_when(entrance: Entrance) -> None:
    first = entrance.declare(voter())
    event = entrance.station.lines(1)[0].declaration
    entrance.clock.forward(300)
    before = entrance.sql("SELECT count(*) FROM event")
    again = entrance.declare(voter())
    assert (again.act, again.since, again.event, again.reason) == (Act.ALREADY_DECLARED, first.at, event, "declared_same")
    assert words.verdict(again).title == f"ĐÃ KHAI LÚC {words.hour_minute(first.at)}"
    assert entrance.sql("SELECT count(*) FROM event") == before
    changed = entrance.declare(voter(email="a@b.vn"))
    assert changed.act is Act.ALREADY_IN and changed.event != event, "what says something new is kept"
    entrance.void(first)
    assert entrance.declare(voter(email="a@b.vn")).number == 2, "who does not count as arrived is declared and counted"


def test_every_deed_of_the_day_can_be_undone_and_the_counts_follow(entrance: Entrance) -> None:
    declared = entrance.declare(voter())
    deferred = entrance.station.defer("not_yet")
    left = entrance.station.leave_by(event=declared.event)
    seen = entrance.station.seen("moh")
    today = entrance.station.today()
    assert (today.visits, today.declared, today.left, len(today.waiting_tickets)) == (3, 1, 1, 1)
    for said in (declared, deferred, left, seen):
        entrance.clock.forward(7)
        entrance.station.correct(said.event, "bấm nhầm", void=True, whole=True)
    today = entrance.station.today()
    assert (today.visits, today.declared, today.left, len(today.waiting_tickets)) == (0, 0, 0, 0)
    assert states(entrance) == [(1, "voided")]
    assert all(line.voided for line in today.last) and len(today.last) == 4
    assert entrance.sql("SELECT left_at FROM visit WHERE source = 'proxy'") == [(None,)]


def test_a_declaration_is_corrected_field_by_field_and_its_arrival_follows(entrance: Entrance) -> None:
    said = entrance.declare(voter(phone=PHONE))
    event = next(line.declaration for line in entrance.station.lines(5) if line.event == said.event)
    entrance.station.correct(event, "gõ nhầm số", changes={"id_number": "046183000999", "email": "a@b.vn"})
    entrance.station.correct(event, "thêm triệu chứng", changes={"symptoms": example()["symptoms"] | {"fever": True}, "email": None})
    now = entrance.station.declaration(event)
    assert now is not None and now.fields["id_number"] == "046183000999", "the second correction keeps the first"
    assert "email" not in now.fields and now.fields["symptoms"]["fever"] is True
    assert entrance.show(builders.CARD).act is Act.CARD
    assert entrance.show(builders.CARD.replace(b"046183000123|191500001", b"046183000999|")).act is Act.ALREADY_IN
    assert entrance.sql("SELECT desk, amended FROM declaration") == [(1, 2)]


@pytest.mark.parametrize(
    "changes",
    [{"full_name": "   "}, {"phone": "một"}, {"symptoms": {}}, {"what": "x"}, {"birth_date": "31/02/1990"}],
    ids=["empty", "phone", "unanswered", "no such field", "no such day"],
)
def test_a_bad_correction_is_refused_and_nothing_is_written(changes: dict[str, Any], entrance: Entrance) -> None:
    entrance.declare(voter())
    event = entrance.station.lines(1)[0].declaration
    before = entrance.sql("SELECT count(*) FROM event")
    with pytest.raises(KioskError) as error:
        entrance.station.correct(event, "x", changes=changes)
    assert error.value.code is Code.FORM_INCOMPLETE
    assert entrance.sql("SELECT count(*) FROM event") == before


def test_an_old_declaration_is_completed_by_a_new_one_that_names_it(entrance: Entrance) -> None:
    first = entrance.declare(voter())
    old = entrance.station.lines(1)[0].declaration
    entrance.void(first)
    entrance.clock.forward(entrance.station.policy.validity_hours * 3600)
    shown = entrance.show(builders.CARD)
    assert (shown.act, shown.completes) == (Act.OUT_OF_DATE, old)
    said = entrance.station.declare(supplement(), completes=old)
    assert (said.act, said.number) == (Act.COME_IN, 2)
    assert entrance.sql("SELECT mode, completes FROM declaration ORDER BY at") == [("proxy", ""), ("supplement", old)]
    later = entrance.station.declare(supplement(), completes=old)
    assert (later.act, later.number, later.since) == (Act.ALREADY_DECLARED, 0, said.at)
    later = entrance.station.declare(from_json(example() | {"mode": "supplement", "email": "a@b.vn"}), completes=old)
    assert (later.act, later.number) == (Act.DECLARED, 0)


def supplement() -> Declaration:
    return from_json(example() | {"mode": "supplement"})


def test_who_it_was_is_counted_beside_the_voters(entrance: Entrance) -> None:
    entrance.station.seen("moh", person="team")
    entrance.station.defer("not_yet", person="service")
    companion = entrance.declare(voter(person="companion"))
    assert entrance.station.today().by_person == {"team": 1, "service": 1, "companion": 1}
    entrance.station.correct(companion.event, "là cử tri", changes={"person": "voter"})
    assert entrance.station.today().by_person == {"team": 1, "service": 1, "voter": 1}
    with pytest.raises(KioskError):
        entrance.station.seen("moh", person="dog")


def test_a_rebuild_computes_the_same_rows(entrance: Entrance) -> None:
    ticket = entrance.station.defer("closing").ticket
    said = entrance.station.declare(voter(), ticket=ticket)
    entrance.station.correct(said.event, "sửa", changes={"id_number": "046183000777"})
    leaves(entrance, b"046183000777")
    tables = ("visit", "declaration", "defer", '"leave"', "subject", "link")
    before = {table: sorted(entrance.sql(f"SELECT * FROM {table}"), key=repr) for table in tables}
    entrance.parts.journal.rebuild(entrance.parts.database)
    assert {table: sorted(entrance.sql(f"SELECT * FROM {table}"), key=repr) for table in tables} == before


def test_the_second_laptop_has_its_own_thousand(home: Path) -> None:
    assert [series(label) for label in ("K1", "K2", "K12", "", "máy")] == [0, 2, 12, 0, 0]


