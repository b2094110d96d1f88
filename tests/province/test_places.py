"""QR places: ids, codes, changes from two sides, and what the station's kiosks are told."""

import json
from pathlib import Path
from typing import Any

import cv2
import msgspec
import pytest

from kiosk.devices.decoder import QrDecoder
from kiosk.domain import poster
from kiosk.domain.events import Kind
from kiosk.domain.feed import FeedKind, PlaceRow
from province import places
from province.cli import main
from province.settings import Refused
from tests.province.conftest import Office
from tests.wire import STATION, visit

NOW = 1_621_735_200_000


def row(place: str = "1975001A", at: int = NOW, **more: str) -> PlaceRow:
    return msgspec.structs.replace(PlaceRow(place, STATION, "Cổng chính", "entrance", at=at), **more)


def change(office: Office, made: PlaceRow, base_at: int = 0, by: str = "kiosk:k1") -> bool:
    with office.db.write() as conn:
        return places.change(conn, places.key(office.authority), made, base_at, by, NOW)


def test_a_poster_s_code_is_an_address_in_capitals_that_only_the_province_can_make(office: Office) -> None:
    change(office, row())
    shown = places.get(office.db, "1975001A")
    assert shown is not None
    code = poster.url(places.base(office.db), shown.row.id, shown.row.mac)
    assert code == code.upper() and len(code) <= 67  # version 4 at level Q, alphanumeric
    assert poster.read(code) == ("1975001A", shown.row.mac) == poster.read(code.lower())
    letters = code.rsplit("/", 1)[1]
    assert places.by_code(office.db, office.authority, "1975001A", letters) == shown
    other = ("A" if letters[0] != "A" else "B") + letters[1:]
    assert places.by_code(office.db, office.authority, "1975001A", other) is None
    assert places.by_code(office.db, office.authority, "1975001B", letters) is None


def test_ids_are_readable_and_never_given_twice(office: Office) -> None:
    with office.db.write() as conn:
        assert places.new_id(conn, STATION) == "1975001A"
    change(office, row())
    with office.db.write() as conn:
        assert places.new_id(conn, STATION) == "1975001B"


def test_changes_from_two_sides_both_stay_and_the_clash_is_shown(office: Office) -> None:
    change(office, row())
    assert change(office, row(at=NOW + 2, name="Cổng sau"), NOW, "account:phuong")
    assert not places.get(office.db, "1975001A").conflict  # type: ignore[union-attr]
    assert change(office, row(at=NOW + 1, name="Cổng bên"), NOW)  # made without knowing the other, and older
    shown = places.get(office.db, "1975001A")
    assert shown is not None and shown.conflict and shown.row.name == "Cổng sau"
    assert [each.name for _, _, each in places.history(office.db, "1975001A")] == ["Cổng chính", "Cổng bên", "Cổng sau"]
    places.settle(office.db, "1975001A")
    assert not places.get(office.db, "1975001A").conflict  # type: ignore[union-attr]


def test_the_same_change_twice_is_one(office: Office) -> None:
    assert change(office, row())
    assert not change(office, row())
    assert places.count(office.db) == 1


def test_kiosks_are_told_of_what_stands(office: Office) -> None:
    change(office, row())
    change(office, row(at=NOW + 5, withdrawn=True), NOW)
    told = [r for r in office.rows("feed_row") if r[1] == FeedKind.PLACE.value]
    assert len(told) == 1
    said = msgspec.msgpack.decode(next(v for v in told[0] if isinstance(v, bytes)), type=PlaceRow)
    assert said.withdrawn and said.mac == poster.mac(places.key(office.authority), "1975001A")
    assert places.listed(office.db, lambda _station: True) == []


def test_a_search_is_folded_and_bounded_by_scope(office: Office) -> None:
    change(office, row(name="Nhà văn hoá Tây Lộc"))
    assert [s.row.id for s in places.listed(office.db, lambda _s: True, "nha van hoa tay loc")] == ["1975001A"]
    assert places.listed(office.db, lambda _s: True, "100%") == []
    assert places.listed(office.db, lambda _s: False, "nha") == []


@pytest.mark.parametrize("bad", [{"name": ""}, {"kind": "booth"}, {"name": "a\u202eb"}, {"id": "x"}, {"name": "x" * 121}])
def test_a_bad_place_is_refused_in_words(bad: dict[str, str]) -> None:
    with pytest.raises(Refused):
        places.checked(row(**bad))


def test_the_address_on_posters_is_short_and_plain(office: Office) -> None:
    places.set_base(office.db, "https://qr.example.vn")
    assert places.base(office.db) == "https://qr.example.vn"
    for bad in ("ftp://x", "https://qr.example.vn/path", "https://" + "x" * 60):
        with pytest.raises(Refused):
            places.set_base(office.db, bad)


def test_a_place_made_at_a_kiosk_is_opened_given_its_code_and_told_back(office: Office) -> None:
    kiosk = office.kiosk()
    epoch = kiosk.epoch()
    made = msgspec.to_builtins(row("1975001K7Q2"))
    kiosk.add(epoch, Kind.PLACE, {"id": "1975001K7Q2", "what": "set", "base": 0, "place": made})
    kiosk.add(epoch, Kind.PLACE, {"id": "1975001BAD", "what": "set", "base": 0, "place": {"name": 5}})
    kiosk.add(epoch, Kind.PLACE, {"id": "1975001NNN", "what": "set", "base": 0, "place": made | {"name": ""}})
    kiosk.add(epoch, Kind.VISIT, {**visit(1), "place": "1975001K7Q2"})
    kiosk.send(epoch.span(), openings=[epoch])
    assert office.open_all() == 4
    (shown,) = places.listed(office.db, lambda _station: True)
    assert shown.row.mac == poster.mac(places.key(office.authority), "1975001K7Q2") and shown.row.web == places.base(office.db)
    with office.db.read() as conn:
        assert [r.place for r in conn.exec_driver_sql("SELECT place FROM visit")] == ["1975001K7Q2"]


def test_a_decision_by_somebody_who_saw_both_ends_the_conflict(office: Office) -> None:
    change(office, row())
    change(office, row(at=NOW + 2, name="Cổng sau"), NOW, "account:phuong")
    change(office, row(at=NOW + 1, name="Cổng bên"), NOW)
    told = [r for r in office.rows("feed_row") if r[1] == FeedKind.PLACE.value]
    said = [msgspec.msgpack.decode(v, type=PlaceRow) for r in told for v in r if isinstance(v, bytes)]
    assert [(rival.by, rival.name) for rival in said[0].rivals] == [("kiosk:k1", "Cổng bên")]
    change(office, row(at=NOW + 9, name="Cổng sau"), NOW + 2)
    shown = places.get(office.db, "1975001A")
    assert shown is not None and not shown.conflict and shown.row.rivals == ()


def test_the_commands_do_what_a_unit_does_on_its_pages(office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--home", str(office.home.path), "--json", *(["--database-url", office.home.database_url] if office.home.database_url else [])]
    capsys.readouterr()

    def told(*argv: str) -> dict[str, Any]:
        assert main(["places", *argv, *where]) == 0
        return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))

    made = told("add", "--station", STATION, "--name", "Cổng chính", "--kind", "entrance", "--keeper", "Lê Thị Giữ", "--hamlet", "Tổ 3")
    assert json.loads(made["address"]) == {**places.levels(STATION), "hamlet": "Tổ 3"} and made["keeper"] == "Lê Thị Giữ"
    changed = told("change", made["id"], "--spot", "cột bên trái")
    assert (changed["spot"], changed["name"], changed["url"]) == ("cột bên trái", "Cổng chính", made["url"])
    read = []
    for kind in ("png", "svg", "pdf"):
        told("board", made["id"], "--out", str(tmp_path / f"bang.{kind}"))
        read.append((tmp_path / f"bang.{kind}").read_bytes()[:5])
    assert read[0][1:4] == b"PNG" and b"<" in read[1] and read[2] == b"%PDF-"
    picture = cv2.imread(str(tmp_path / "bang.png"), cv2.IMREAD_GRAYSCALE)
    assert [code.raw.decode() for code in QrDecoder().decode(picture)] == [made["url"]]  # type: ignore[arg-type]
    assert main(["places", "board", made["id"], "--out", str(tmp_path / "bang.gif"), *where]) == 1
    assert main(["places", "change", "KHONG-CO", "--name", "x", *where]) == 1
    told("delete", made["id"])
    assert main(["places", "history", made["id"], *where]) == 0 and len(capsys.readouterr().out.splitlines()) == 3
