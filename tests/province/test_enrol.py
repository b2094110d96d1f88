"""A code works once, for ten minutes, and pins the province that gave it."""

import os

import msgspec
import pytest

from kiosk.crypto import sign
from kiosk.domain import protocol
from kiosk.domain.policy import Policy
from province import tables
from tests.province.conftest import Office
from tests.wire import STATION, Kiosk, Refused


def test_a_code_makes_a_kiosk_of_its_station(office: Office) -> None:
    kiosk = office.kiosk()
    said = kiosk.enrolment
    assert said.trust.genuine(kiosk.root_hash)
    assert (said.station.code, said.station.ward, said.label) == (STATION, "Phường Tây Lộc", "K1") or said.station.ward
    assert len(said.station_key) == 32 and len(said.issuer_id) == 3
    assert kiosk.campaign.policy == Policy() and list(kiosk.campaign.days) == ["2021-05-23", "2021-05-24"]
    assert protocol.IssuerRow(said.issuer_id, sign.public(kiosk.issuer)) in said.issuers


def test_kiosks_of_one_station_share_its_key_and_differ_in_all_else(office: Office) -> None:
    first, second = office.kiosk().enrolment, office.kiosk().enrolment
    assert first.station_key == second.station_key
    assert (first.label, second.label) == ("K1", "K2")
    assert first.kiosk != second.kiosk and first.issuer_id != second.issuer_id


def test_the_station_key_is_not_in_the_database(office: Office) -> None:
    key = office.kiosk().enrolment.station_key
    for file in office.home.path.glob("province.db*"):
        assert key not in file.read_bytes()


def test_a_used_code_is_refused_to_another_and_repeated_to_the_same_key(office: Office) -> None:
    code = office.code()
    kiosk = Kiosk(office.post, code)
    with pytest.raises(Refused, match="used_code"):
        Kiosk(office.post, code)
    kiosk.name = "new"
    again = kiosk.call("enrol", kiosk.enrol_call, protocol.Enrolment)  # the first answer was lost on the way
    assert (again.kiosk, again.issuer_id) == (kiosk.enrolment.kiosk, kiosk.enrolment.issuer_id)
    assert len(office.rows("kiosk")) == 1


def test_a_wrong_code_is_refused(office: Office) -> None:
    wrong = protocol.enrol_code(os.urandom(16), office.authority.trust.root)
    with pytest.raises(Refused, match="bad_code"):
        Kiosk(office.post, wrong)


def test_an_expired_code_is_refused(office: Office) -> None:
    with pytest.raises(Refused, match="expired_code"):
        Kiosk(office.post, office.code(minutes=0))


def test_a_key_belongs_to_one_kiosk_for_ever(office: Office) -> None:
    kiosk = office.kiosk()
    kiosk.name = "new"
    secret, _ = protocol.read_code(office.code())
    with pytest.raises(Refused, match="shape"):
        kiosk.call("enrol", msgspec.structs.replace(kiosk.enrol_call, code=secret), protocol.Enrolment)


def test_an_enrolment_signed_by_another_key_than_it_names_is_refused(office: Office) -> None:
    kiosk = office.kiosk()
    kiosk.name = "new"
    with pytest.raises(Refused, match="signature"):
        kiosk.call("enrol", kiosk.enrol_call, protocol.Enrolment, seed=sign.generate())


@pytest.mark.parametrize("change", [{"issuer_public": b"short"}, {"app": "<script>"}, {"machine": "x" * 500}])
def test_an_enrolment_of_odd_shape_is_refused_and_the_code_stays_good(office: Office, change: dict[str, object]) -> None:
    code = office.code()
    kiosk = office.kiosk()
    kiosk.name = "new"
    call = msgspec.structs.replace(kiosk.enrol_call, code=protocol.read_code(code)[0], **change)
    with pytest.raises(Refused, match="shape"):
        kiosk.call("enrol", call, protocol.Enrolment)
    assert Kiosk(office.post, code).enrolment.label == "K2"


def test_only_the_hash_of_a_code_is_stored(office: Office) -> None:
    secret, _ = protocol.read_code(office.code())
    table = tables.table(tables.EnrolCode)
    with office.db.read() as conn:
        stored = conn.execute(table.select()).one()
    assert secret not in stored.code_hash and len(stored.code_hash) == 32
