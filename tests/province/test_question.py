"""có / chưa có: the province answers a kiosk from what the opener remembered, under hashes that the database alone cannot make."""

from typing import Any

import pytest

from kiosk.domain.events import Kind
from kiosk.domain.protocol import KnownAnswer, KnownCall
from province import conflicts, question
from tests.province.conftest import Office
from tests.wire import NOW, Kiosk, Refused, declaration

HOUR = 3_600_000


def ask(kiosk: Kiosk, subject: str) -> KnownAnswer:
    return kiosk.call("known", KnownCall(subject), KnownAnswer)


def send(office: Office, kiosk: Kiosk, *fields: dict[str, Any]) -> Any:
    epoch = kiosk.epoch()
    for each in fields:
        kiosk.add(epoch, Kind.DECLARATION, each)
    kiosk.send(epoch.span(), openings=[epoch])
    office.open_all()
    return epoch


def test_the_whole_province_is_asked_and_only_when_and_what_next_is_told(office: Office) -> None:
    sender, other = office.kiosk(), office.kiosk()
    nobody = ask(other, "id:046183000123")
    assert (nobody.known, nobody.declared_at, nobody.step) == (False, None, "declare_now")
    send(office, sender, declaration(desk=False))
    said = ask(other, "id:046183000123")
    assert (said.known, said.declared_at) == (True, NOW) and said.step in ("come_in", "out_of_date")
    assert not ask(other, "id:046183000124").known


def test_the_next_step_is_the_policys(office: Office) -> None:
    kiosk = office.kiosk()
    send(office, kiosk, declaration(desk=True))
    key = question.key_of(office.authority.wrap_key)
    with office.db.read() as conn:
        steps = [question.answer(conn, key, "id:046183000123", at).step for at in (NOW + HOUR, NOW + 80 * HOUR)]
    assert steps == ["health_desk", "out_of_date"]


def test_a_voided_declaration_is_not_known_any_more(office: Office) -> None:
    kiosk = office.kiosk()
    epoch = send(office, kiosk, declaration())
    assert ask(kiosk, "id:046183000123").known
    target = f"{kiosk.name}:{epoch.id}:1"
    kiosk.add(epoch, Kind.CORRECTION, {"target": target, "void": True, "reason": "x", "role": "officer", "changes": {}})
    kiosk.send(epoch.span(2))
    office.open_all()
    assert not ask(kiosk, "id:046183000123").known


@pytest.mark.parametrize("subject", ["", "046183000123", "name:mau", "id:", "id:" + "1" * 200, "id:\x00", "id:٠٤٦"])
def test_what_is_no_number_is_refused(office: Office, subject: str) -> None:
    with pytest.raises(Refused) as refused:
        ask(office.kiosk(), subject)
    assert refused.value.code == "shape"


def test_questions_are_counted_and_no_number_is_kept(office: Office) -> None:
    kiosk = office.kiosk()
    for n in range(3):
        ask(kiosk, f"id:04618300{n:04}")
    with office.db.read() as conn:
        counted = question.asked(conn)
        assert [(row[1], row[3]) for row in counted] == [(kiosk.name, 3)]
        assert not any("04618300" in str(row) for name in ("known", "asked") for row in conn.exec_driver_sql(f"SELECT * FROM {name}"))


def test_a_kiosk_that_asks_more_than_an_entrance_can_is_alarmed_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "ALARM", 3)
    kiosk, quiet = office.kiosk(), office.kiosk()
    ask(quiet, "id:046183000001")
    for n in range(5):
        ask(kiosk, f"id:04618300{n:04}")
    alerts = [(row.kiosk, row.alerts) for row in office.station().kiosks]
    assert alerts == [(kiosk.name, ["asks"]), (quiet.name, [])]
    (one,) = conflicts.listed(office.db)
    assert (one.kind, [side.event for side in one.sides]) == ("asks", [kiosk.name])
