"""Known declarations: hashes that only the station's own kiosks can look up, for the people of its commune, and gone when voided or old."""

import hmac
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from kiosk.domain.events import Kind
from kiosk.domain.feed import ArrivalRow, FeedKind, PersonRow, station_scope
from province import backfill, feed, known, settings, stations
from province.opener import Opener
from tests.province.conftest import Office
from tests.wire import NOW, STATION, Kiosk, declaration, visit

NEIGHBOUR, ELSEWHERE = "46-474-19750-02", "46-474-19744-01"


@pytest.fixture
def kiosk(office: Office) -> Kiosk:
    stations.add(office.db, office.authority, NEIGHBOUR, "Khu vực 2", "19750", [], NOW)
    stations.add(office.db, office.authority, ELSEWHERE, "Khu vực 1", "19744", [], NOW)
    return office.kiosk()


def living_in(ward: str, **more: Any) -> dict[str, Any]:
    return {**declaration(**more), "current": {"ward_code": ward}}


def told(office: Office, station: str) -> dict[str, PersonRow]:
    """What the feed says at a station, read with plain SQL."""
    with office.db.read() as conn:
        scope, kind = station_scope(station), "person"
        found = conn.exec_driver_sql(f"SELECT key, body FROM feed_row WHERE scope = '{scope}' AND kind = '{kind}'").all()
    return {key: msgspec.msgpack.decode(body, type=PersonRow) for key, body in found if body}


def hashed(office: Office, station: str, subject: str) -> str:
    with office.db.read() as conn:
        sealed = conn.exec_driver_sql(f"SELECT key FROM station WHERE station_id = '{station}'").scalar_one()
    return hmac.new(office.authority.open_station_key(station, sealed), subject.encode(), sha256).digest()[:16].hex()


def send(office: Office, kiosk: Kiosk, *fields: dict[str, Any]) -> list[Any]:
    epoch = kiosk.epoch()
    keys = [kiosk.add(epoch, Kind.DECLARATION, each) for each in fields]
    kiosk.send(epoch.span(), openings=[epoch])
    assert office.open_all() == len(fields)
    return [epoch, *keys]


def test_a_declaration_is_known_at_its_station_and_where_the_person_lives_and_nowhere_else(office: Office, kiosk: Kiosk) -> None:
    send(office, kiosk, living_in("19744", desk=True))
    for station, knows in ((STATION, True), (ELSEWHERE, True), (NEIGHBOUR, False)):
        rows = told(office, station)
        assert rows == ({hashed(office, station, "id:046183000123"): PersonRow(NOW, True)} if knows else {})
    assert set(told(office, STATION)) != set(told(office, ELSEWHERE)), "each station has a key of its own"


def test_only_the_newest_counts_and_a_void_takes_it_back(office: Office, kiosk: Kiosk) -> None:
    epoch = kiosk.epoch()
    kiosk.add(epoch, Kind.DECLARATION, living_in("19750"), at=NOW)
    newest = kiosk.add(epoch, Kind.DECLARATION, living_in("19750", desk=True), at=NOW + 60_000)
    kiosk.send(epoch.span(), openings=[epoch])
    office.open_all()
    assert list(told(office, NEIGHBOUR).values()) == [PersonRow(NOW + 60_000, True)]
    kiosk.add(epoch, Kind.CORRECTION, {"target": str(newest), "void": True, "reason": "nhầm", "role": "officer", "changes": {}})
    kiosk.send(epoch.span(3))
    office.open_all()
    assert told(office, NEIGHBOUR) == {}


def test_opening_the_same_again_publishes_nothing_twice(office: Office, kiosk: Kiosk) -> None:
    send(office, kiosk, living_in("19750"))
    before = [r["counter"] for r in feed.headers(office.db)]
    send(office, kiosk, living_in("19750"))
    assert [r["counter"] for r in feed.headers(office.db)] == before


@pytest.mark.parametrize("current", [None, "19750", {"ward_code": 19750}, {"ward_code": ""}, {"ward_code": "x' OR 1=1"}, []])
def test_an_address_of_hostile_shape_tells_nobody(office: Office, kiosk: Kiosk, current: Any) -> None:
    send(office, kiosk, {**declaration(), "current": current})
    assert len(told(office, STATION)) == 1 and not told(office, NEIGHBOUR)


def test_without_the_wrap_key_events_are_opened_and_nobody_is_told(office: Office, kiosk: Kiosk) -> None:
    office.home.wrap_key.unlink()
    send(office, kiosk, living_in("19750"))
    assert not told(office, STATION) and len(office.rows("declaration")) == 1


def test_old_rows_are_withdrawn(office: Office, kiosk: Kiosk) -> None:
    send(office, kiosk, living_in("19750"))
    with office.db.write() as conn:
        feed.publish(conn, station_scope(STATION), FeedKind.ARRIVAL, "a", ArrivalRow("a", "p", NOW), NOW)
        assert known.expire(conn, NOW, NOW + 1) == 0
        assert known.expire(conn, NOW + 1, NOW + 1) == 3
        assert known.expire(conn, NOW + 1, NOW + 1) == 0
    assert not told(office, STATION)


def test_a_station_added_later_hears_of_those_who_declared_and_came_before_it(
    office: Office, kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between any two of its pieces it goes on, and what was voided, corrected or written twice counts as it stands."""
    monkeypatch.setattr(backfill, "CHUNK", 2)
    now, late = settings.now(), "46-474-19750-03"
    epoch = kiosk.epoch()
    for i in range(5):
        kiosk.add(epoch, Kind.DECLARATION, living_in("19750", subject=f"id:{i:012d}", desk=i == 4), at=now + i)
    kiosk.add(epoch, Kind.DECLARATION, living_in("19744", subject="id:000000000077"), at=now)
    kiosk.add(epoch, Kind.DECLARATION, living_in("19750", subject="id:000000000088"), at=NOW)  # counts under no policy any more
    void = kiosk.add(epoch, Kind.DECLARATION, living_in("19750", subject="id:000000000099"), at=now)
    kiosk.add(epoch, Kind.VISIT, {**visit(1, "id:000000000001"), "since": now}, at=now)
    moved = kiosk.add(epoch, Kind.DECLARATION, living_in("19744", subject="id:000000000066"), at=now)
    for target, changes in ((void, {}), (moved, {"current": {"ward_code": "19750"}})):
        said = {"target": str(target), "void": target == void, "reason": "nhầm", "role": "lead", "changes": changes}
        kiosk.add(epoch, Kind.CORRECTION, said, at=now + 9)
    kiosk.send(epoch.span(), openings=[epoch])
    assert office.open_all() == 12
    stations.add(office.db, office.authority, late, "Khu vực 3", "19750", [], now)
    assert not told(office, late)
    office.opener.step()
    assert office.opener.more and len(told(office, late)) < 6  # a new opener takes over in the middle
    office.opener = Opener(office.db, office.home)
    office.open_all()
    expected = {f"id:{i:012d}": PersonRow(now + i, i == 4) for i in range(5)} | {"id:000000000066": PersonRow(now, False)}
    assert told(office, late) == {hashed(office, late, subject): row for subject, row in expected.items()}
    assert [key.split(":")[1:] for key in entered(office, late)] == [[STATION, kiosk.name]]
    counters = [r["counter"] for r in feed.headers(office.db)]
    assert office.rows("newcomer") == [] and office.open_all() == 0
    assert [r["counter"] for r in feed.headers(office.db)] == counters


def entered(office: Office, station: str) -> list[str]:
    with office.db.read() as conn:
        scope = station_scope(station)
        return list(conn.exec_driver_sql(f"SELECT key FROM feed_row WHERE scope = '{scope}' AND kind = 'entered'").scalars())
