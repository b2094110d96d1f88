"""Looking people up in a real encrypted file: the index follows the journal, slips find, strangers are not found."""

import random
from pathlib import Path

import pytest

from benchmarks import lookup
from benchmarks.people import SLIPS, crowd
from kiosk import compose
from kiosk.domain import declaration, query
from kiosk.domain.text import fold
from kiosk.store import migrations, nameindex, search
from kiosk.store.engine import Connection, Database
from kiosk.store.search import Found
from tests import builders


@pytest.fixture
def parts(home: Path) -> compose.Parts:
    builders.enrolled_home(home)
    return compose.open_parts(home, clock=builders.Clock())


def declare(parts: compose.Parts, **changed: object) -> str:
    said = declaration.example() | {"phone": "0905123456"} | changed
    return parts.station.declare(declaration.check(said).declaration()).event


def names(parts: compose.Parts, typed: str) -> list[str]:
    with parts.database.read() as conn:
        return [found.person.full_name for found in search.by_name(conn, query.parse(typed))]


def rows(parts: compose.Parts) -> tuple[list[object], list[object]]:
    with parts.database.read() as conn:
        parts_of = conn.exec_driver_sql("SELECT word, year, epoch, seq FROM search_part ORDER BY 1, 2, 3, 4").all()
        counts = conn.exec_driver_sql("SELECT word, n FROM search_word WHERE n > 0 ORDER BY 1").all()
    return list(parts_of), list(counts)


SLIPPED = (
    "tran thi mau|Traanf Thij Maaux 1983|Tra6n2 Thi5 Ma6u4|Mẫu Thị Trần|mau 0123|mau 3456|Trn Thị Mẫu|tranthimau|Trần Mẫu 1983|0123"
).split("|")


@pytest.mark.parametrize("typed", SLIPPED)
def test_a_slip_still_finds_the_person(parts: compose.Parts, typed: str) -> None:
    declare(parts)
    declare(parts, full_name="Lê Văn Bảy", id_number="046070000999", birth_date="1970", gender="M", phone="0914000777")
    assert names(parts, typed)[0] == "Trần Thị Mẫu"
    parts.close()


def test_a_stranger_is_not_found(parts: compose.Parts) -> None:
    declare(parts)
    for typed in ("Phạm Quốc Hùng", "mau 9999", "Hồ Thị Ẩn 1950", "zzz"):
        assert names(parts, typed) == []
    parts.close()


def test_a_voided_declaration_is_not_found_and_a_corrected_one_by_its_new_name(parts: compose.Parts) -> None:
    first = declare(parts)
    declared = first.rsplit(":", 1)[0] + f":{int(first.rsplit(':', 1)[1]) - 1}"
    parts.station.correct(declared, "sai tên", changes={"full_name": "Trần Thị Mậu"})
    assert names(parts, "Trần Thị Mậu") == ["Trần Thị Mậu"]
    parts.station.correct(declared, "nhầm người", True)
    assert names(parts, "Trần Thị Mậu") == []
    assert rows(parts) == ([], [])
    parts.close()


def test_one_person_who_declared_twice_is_one_hit_with_the_newest(parts: compose.Parts) -> None:
    declare(parts)
    declare(parts, mode="supplement")
    with parts.database.read() as conn:
        found = search.by_name(conn, query.parse("mau"))
        by_number = search.by_subject(conn, parts.journal.identity.station_key, ("id:046183000123",))
    assert [one.mode for one in found] == [one.mode for one in by_number] == ["supplement"]
    parts.close()


def test_a_rebuild_makes_the_very_same_index(parts: compose.Parts) -> None:
    for one in crowd(40, seed=3):
        declare(parts, **one.fields())
    event = declare(parts)
    parts.station.correct(event.rsplit(":", 1)[0] + f":{int(event.rsplit(':', 1)[1]) - 1}", "thử", True)
    before = rows(parts)
    assert len(before[0]) > 150
    parts.journal.rebuild(parts.database)
    assert rows(parts) == before
    parts.close()


def test_equals_stand_in_vietnamese_order_by_given_name(parts: compose.Parts) -> None:
    given = ["An", "Ánh", "Ạn", "Ăn", "Đặng", "Dương", "Bình"]
    random.Random(1).shuffle(given)
    for n, name in enumerate(given):
        declare(parts, full_name=f"Nguyễn {name}", id_number=f"0461830{n:05}", phone="không có")
    assert names(parts, "Nguyễn") == [f"Nguyễn {name}" for name in ("An", "Ạn", "Ánh", "Ăn", "Bình", "Dương", "Đặng")]
    parts.close()


def test_near_duplicates_are_there_to_be_shown_before_a_new_person(parts: compose.Parts) -> None:
    declare(parts)
    with parts.database.read() as conn:
        like = search.similar(conn, {"full_name": "Trần Thị Mậu", "birth_date": "1983"})
        other = search.similar(conn, {"full_name": "Trần Văn Bảy", "birth_date": "1960"})
        nobody = search.similar(conn, {"full_name": ""})
    assert [one.person.full_name for one in like] == ["Trần Thị Mẫu"] and other == nobody == []
    parts.close()


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Six thousand people; the million is benchmarks/lookup.py's."""
    database = Database(tmp_path_factory.mktemp("crowd") / "journal.db", bytes(32))
    migrations.migrate(database, builders.at("06:00"))
    lookup.fill(database, list(crowd(6000)))
    return database


def test_eight_slips_each_are_found_among_six_thousand(crowded: Database, capsys: pytest.CaptureFixture[str]) -> None:
    rnd = random.Random(7)
    with crowded.read() as conn:
        share, typed = lookup.accuracy(conn, lookup.plant(list(crowd(6000)), 25, rnd), rnd)
    assert share >= lookup.FOUND and len(typed) == 25 * len(SLIPS), capsys.readouterr().out


def test_the_bulk_path_writes_what_the_projection_writes(crowded: Database) -> None:
    def all_of(conn: Connection) -> list[object]:
        return list(conn.exec_driver_sql("SELECT word, year, epoch, seq FROM search_part ORDER BY 1, 2, 3, 4").all())

    other = Database(crowded.path.with_name("other.db"), bytes(32))
    migrations.migrate(other, builders.at("06:00"))
    with other.write() as conn:
        for seq, one in enumerate(crowd(6000)):
            nameindex.add(conn, lookup.EPOCH, seq, one.fields())
    with crowded.read() as conn, other.read() as second:
        assert all_of(conn) == all_of(second)
        assert nameindex.vocabulary(conn) == nameindex.vocabulary(second)
    other.close()


def test_a_hit_says_no_more_than_a_comparison_needs(crowded: Database) -> None:
    with crowded.read() as conn:
        hits = search.by_name(conn, query.parse("Nguyễn Thị Lan"))
    assert hits and all((isinstance(one, Found) and fold("Lan") in one.words) or one.score < 1 for one in hits)
    assert [one.score for one in hits] == sorted((one.score for one in hits), reverse=True) or len({round(h.score, 2) for h in hits}) > 1
