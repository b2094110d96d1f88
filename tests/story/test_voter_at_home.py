"""A voter declares on the phone at home and walks to the entrance: the web, the feed and a kiosk, each in its own process.

One kiosk has been offline since the morning; the other hears from the province.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.compose import Parts
from kiosk.domain import poster
from kiosk.domain.feed import PlaceRow
from kiosk.domain.verdict import Act, Verdict
from kiosk.ports import Sighting
from province import authority, places, settings
from province.db import Database
from province.settings import Home
from tests import builders
from tests.contract.served import STATION, Province, enrolled, kiosk
from tests.province.web import Phone


@pytest.fixture
def province(tmp_path: Path) -> Iterator[Province]:
    out = Province(tmp_path / "province")
    out.start()
    yield out
    out.stop()


def shows(parts: Parts, code: bytes) -> Verdict:
    return parts.station.scan(Sighting(os.urandom(8), code, "zxing-cpp"))


def pulls(parts: Parts) -> None:
    parts.uploader.hurry()
    parts.uploader.drain(lambda _: None, lambda: False)


def board(province: Province) -> str:
    """The path of a QR board that the station has put up."""
    home = Home(province.home)
    db, held, now = Database(home.url), authority.load(home), settings.now()
    row = PlaceRow("1975001A", STATION, "Cổng chính", "entrance", at=now)
    with db.write() as conn:
        places.change(conn, places.key(held), row, 0, "account:phuong", now)
    shown = places.get(db, "1975001A")
    db.close()
    assert shown is not None
    return "/" + poster.url("https://h", "1975001A", shown.row.mac).split("/", 3)[3]


def test_a_voter_declares_at_home_and_is_welcome_at_a_kiosk_that_hears_nothing(province: Province, tmp_path: Path) -> None:
    # In the morning the kiosk is enrolled; then its network goes for the rest of the day.
    home = enrolled(province, tmp_path / "kiosk")
    phone = Phone(province.url, str(Home(province.home).ca), Home(province.home))

    # The voter declares on the web, keeps the picture of the code, and declares for the grandmother too.
    phone.sign_in("0905 123 456")
    phone.declare()
    phone.get("/khai-bao/to-khai?loai=ho")
    phone.declare(full_name="Nguyễn Thị Bà", id_number="", phone="", no_phone="1", birth_date="1941", proxy_reason="no_phone")
    grandmother, voter = phone.passes()
    province.stop()

    with kiosk(home) as parts:
        # The pass is verified without a network: come in, with what can be compared with a paper.
        said = shows(parts, voter.encode())
        assert (said.act, said.person.birth_year, said.person.gender) == (Act.COME_IN, "1983", "F")
        assert shows(parts, grandmother.encode()).act is Act.COME_IN
        # The same picture in another hand is seen.
        assert shows(parts, voter.encode()).act is Act.ALREADY_IN


def test_the_station_learns_who_declared_and_who_came_by_the_poster(province: Province, tmp_path: Path) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    phone = Phone(province.url, str(Home(province.home).ca), Home(province.home))
    where = board(province)
    phone.sign_in("0905 123 456")
    phone.declare()

    with kiosk(home) as parts:
        # An ID card is known here although nobody declared at this door: the province told its hash.
        parts.station.begin_day(parts.station.likely_day() or "")
        for _ in range(50):
            pulls(parts)
            if shows(parts, builders.CARD).act is not Act.CARD:
                break
        assert shows(parts, builders.CARD).act in (Act.COME_IN, Act.ALREADY_IN)

        # Another voter scans the board, and then shows the pass: confirmed already, counted once.
        other = Phone(province.url, str(Home(province.home).ca), Home(province.home))
        other.sign_in("0905 654 321")
        other.declare(full_name="Lê Văn Hai", id_number="046083000999", gender="M", phone="0905654321")
        code = other.passes()[0]
        other.get(where)
        other.post(where)
        assert "Đã xác nhận điểm đến" in other.page.text
        pulls(parts)
        before = parts.station.today().visits
        said = shows(parts, code.encode())
        assert said.act is Act.BY_POSTER
        assert parts.station.today().visits == before
