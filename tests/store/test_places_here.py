"""The lead's places on a real home: changes are events, the board waits for the province's code, every visit names its lane's place."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zxingcpp

from kiosk import compose
from kiosk.domain import poster
from kiosk.domain.events import Key, Kind
from kiosk.domain.feed import PlaceRow, Rival
from kiosk.errors import Code, KioskError
from kiosk.ports import Order, Sighting
from kiosk.settings import load
from tests import builders
from tests.store.test_papers import picture_of

MAC_KEY = builders.PLACE_KEY


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock(wall=builders.at("09:00", "2021-05-20"))  # three days before the election


@pytest.fixture
def parts(home: Path, clock: builders.Clock) -> Iterator[compose.Parts]:
    builders.enrolled_home(home, enrolled_at=builders.at("08:00", "2021-05-20"))
    with compose.open_parts(home, clock=clock) as opened:
        yield opened


def scanned(parts: compose.Parts, row: PlaceRow, key: bytes = MAC_KEY) -> str:
    code = poster.url("https://qr.huecity.vn", row.id, poster.mac(key, row.id))
    return parts.station.scan(Sighting(b"12345678", code.encode(), "test")).reason


def test_a_place_made_without_a_network_is_an_event_and_no_day_is_opened(parts: compose.Parts) -> None:
    row = parts.places.add({"name": "Cổng chính", "kind": "entrance", "spot": "Cột trái"})
    assert parts.station.day() is None
    with parts.database.read() as conn:
        (found,) = conn.exec_driver_sql("SELECT e.epoch, e.seq, o.event_day FROM event e JOIN epoch o USING (epoch) WHERE kind = 9").all()
        fact = parts.journal.opened(conn, Key(parts.station.info.kiosk, found.epoch, found.seq))
    assert fact is not None and found.event_day == builders.ELECTION_DAY
    assert fact.body.fields["id"] == row.id and fact.body.fields["what"] == "set" and fact.body.fields["place"]["name"] == "Cổng chính"
    parts.mirror.step()
    assert parts.verify().ok


def test_a_rebuild_keeps_the_places(parts: compose.Parts) -> None:
    row = parts.places.add({"name": "Cổng chính", "kind": "entrance"})
    with parts.database.read() as conn:
        before = conn.exec_driver_sql("SELECT * FROM place_change").all()
    parts.journal.rebuild(parts.database)
    with parts.database.read() as conn:
        assert conn.exec_driver_sql("SELECT * FROM place_change").all() == before != []
    assert parts.places.get(row.id).row.name == "Cổng chính"


def test_the_board_is_printed_when_the_feed_has_brought_its_code(parts: compose.Parts, tmp_path: Path) -> None:
    row = parts.places.add({"name": "Cổng chính", "kind": "entrance"})
    with pytest.raises(KioskError) as caught:
        parts.papers.print(Order("poster", row.id), tmp_path / "board.pdf")
    assert caught.value.code is Code.PLACE_UNSIGNED
    row = builders.place_told(parts, row)
    assert parts.places.get(row.id).sent
    for size in ("a4", "a3", "column"):
        parts.papers.print(Order("poster", row.id, size), tmp_path / "board.pdf")
        (code,) = zxingcpp.read_barcodes(picture_of(tmp_path / "board.pdf", 60))
        assert code.text == poster.url("https://qr.huecity.vn", row.id, row.mac)


def test_a_board_without_a_place_is_the_only_one_s_else_the_places_are_named(parts: compose.Parts, tmp_path: Path) -> None:
    rows: list[str] = []
    for name in ("Cổng chính", "Cổng sau"):
        rows.append(parts.places.add({"name": name, "kind": "entrance"}).id)
        with pytest.raises(KioskError) as caught:
            parts.papers.print(Order("poster"), tmp_path / "board.pdf")
        assert caught.value.code is (Code.PLACE_UNSIGNED if len(rows) == 1 else Code.PLACE_NEEDED)
    assert set(str(caught.value.facts["places"]).split()) == set(rows)


def test_edit_and_withdraw_keep_the_code_and_the_history(parts: compose.Parts, clock: builders.Clock) -> None:
    row = builders.place_told(parts, parts.places.add({"name": "Cổng chính", "kind": "entrance"}))
    clock.forward(60)
    edited = parts.places.edit(row.id, {"name": "Cổng trước"})
    assert (edited.name, edited.kind, edited.mac) == ("Cổng trước", "entrance", row.mac)
    assert not parts.places.get(row.id).sent
    clock.wall -= 3_600_000  # the clock was set back: a change still follows what its author saw
    gone = parts.places.withdraw(row.id)
    assert gone.withdrawn and gone.at > edited.at and not gone.rivals
    with pytest.raises(KioskError) as again:
        parts.places.withdraw(row.id)
    assert again.value.code is Code.PLACE_UNKNOWN and again.value.facts["why"] == "withdrawn"
    with parts.database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM event WHERE kind = 9").scalar() == 3


def test_a_change_made_elsewhere_meanwhile_is_a_conflict_until_the_lead_decides(parts: compose.Parts, clock: builders.Clock) -> None:
    row = builders.place_told(parts, parts.places.add({"name": "Cổng chính", "kind": "entrance"}))
    clock.forward(60)
    mine = parts.places.edit(row.id, {"name": "Cổng trước"})
    rival = Rival("account:phuong", mine.at + 5, "Cổng bên", "entrance")
    builders.place_told(parts, msgspec.structs.replace(mine, at=mine.at + 6), rivals=(rival,))
    shown = parts.places.get(row.id)
    assert shown.row.rivals == (rival,)
    clock.forward(60)
    assert parts.places.edit(row.id, {"name": "Cổng bên"}).rivals == ()


def test_a_scanned_board_says_what_it_is(parts: compose.Parts, clock: builders.Clock) -> None:
    clock.wall = builders.at("08:00")
    fresh = parts.places.add({"name": "Cổng phụ", "kind": "exit"})
    assert scanned(parts, fresh) == "place_new"
    row = builders.place_told(parts, parts.places.add({"name": "Cổng chính", "kind": "entrance"}))
    assert scanned(parts, row) == "place_ours"
    assert scanned(parts, row, bytes(32)) == "place_forged"
    assert scanned(parts, msgspec.structs.replace(row, id="1975009ZZZZ")) == "place_elsewhere"
    parts.places.withdraw(row.id)
    assert scanned(parts, row) == "place_withdrawn"
    with parts.database.read() as conn:
        assert {r.verdict for r in conn.exec_driver_sql("SELECT verdict FROM sighting")} == {"other_code"}


def test_every_visit_names_the_place_of_its_lane(home: Path, parts: compose.Parts, clock: builders.Clock) -> None:
    clock.wall = builders.at("08:00")
    row = parts.places.add({"name": "Cổng chính", "kind": "entrance"})
    parts.station.seen("moh")
    parts.places.use(row.id)
    parts.station.seen("moh")
    assert load(home).place == row.id
    with parts.database.read() as conn:
        assert [r.place for r in conn.exec_driver_sql("SELECT place FROM visit ORDER BY number")] == ["", row.id]
    parts.places.withdraw(row.id)
    assert parts.station.place == "" and load(home).place == ""
    with pytest.raises(KioskError) as caught:
        parts.places.use(row.id)
    assert caught.value.code is Code.PLACE_UNKNOWN
    kinds = {Kind.PLACE.value}
    with parts.database.read() as conn:
        assert kinds < {r.kind for r in conn.exec_driver_sql("SELECT DISTINCT kind FROM event")}


def test_a_setting_is_changed_in_its_line_and_no_other(home: Path, parts: compose.Parts) -> None:
    (home / "settings.toml").write_text('# của máy này\ncamera = "1"\nplace = "X"\n', "utf-8")
    row = parts.places.add({"name": "Cổng chính", "kind": "entrance"})
    parts.places.use(row.id)
    assert (home / "settings.toml").read_text("utf-8") == f'# của máy này\ncamera = "1"\nplace = "{row.id}"\n'
