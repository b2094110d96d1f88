"""The fault soak's quick tier: the kinds that tell most, on SQLite; and that its oracle sees what it is there to see."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability import fault_oracle as oracle
from tests.durability import faults

QUICK = ("html_200", "kill_on_answer", "rst_mid_body", "after_answer", "before_store", "before_commit", "eight_copies", "forged_receipt",
         "open_before_commit", "lost_after", "old_receipt", "kill_mid_body")  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_faults_on_the_way_neither_lose_nor_double_nor_acknowledge_what_is_not_held(tmp_path: Path) -> None:
    tally = faults.run(tmp_path, 600, len(QUICK), "sqlite", 1, print, QUICK)
    assert tally.findings == []
    assert sum(tally.struck.values()) >= len(QUICK) - 1 and tally.in_flight >= len(QUICK) - 2


@pytest.mark.slow
def test_two_copies_of_one_home_are_found_and_every_byte_of_both_is_kept(tmp_path: Path) -> None:
    assert faults.copied_home(tmp_path, 40) == []


def sides(written: int, held: int, acked: int, have: int, opened: int) -> oracle.Sides:
    out = oracle.Sides()
    for seq in range(1, written + 1):
        out.written["e"][seq] = b"%d" % seq
    for seq in range(1, held + 1):
        out.held["e"][seq] = b"%d" % seq
    out.acked, out.have = {"e": acked}, {"e": (have, opened)}
    return out


def test_the_oracle_is_content_with_what_is_right() -> None:
    assert oracle.now(sides(9, 5, 4, 5, 3)) == [] and oracle.end(sides(9, 9, 9, 9, 9)) == []


@pytest.mark.parametrize(
    "wrong,said",
    [
        (sides(9, 3, 4, 3, 3), "acknowledged and lost: e:4"),
        (sides(9, 5, 4, 6, 3), "have 6, gapless to 5"),
        (sides(9, 5, 4, 4, 5), "opened 5, have 4"),
    ],
)
def test_the_oracle_sees_what_is_wrong_at_once(wrong: oracle.Sides, said: str) -> None:
    assert any(said in fault for fault in oracle.now(wrong))


def test_the_oracle_sees_other_bytes_a_hole_and_what_nobody_wrote() -> None:
    other = sides(5, 5, 5, 5, 5)
    other.held["e"][3] = b"?"
    assert "acknowledged and lost: e:3" in oracle.now(other) and "lost: e:3" in oracle.end(other)
    hole = sides(5, 5, 0, 5, 0)
    del hole.held["e"][2]
    assert any("gapless to 1" in fault for fault in oracle.now(hole))
    assert any("nobody wrote" in fault for fault in oracle.end(sides(4, 5, 4, 5, 5)))


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[oracle.Province]:
    with sqlite3.connect(tmp_path / "province.db") as conn:
        for table in ("epoch (epoch, opening)", "event (epoch, kind, sealed)", "deed (deed, kind)", "visit (deed)", "rollup (visits)"):
            conn.execute(f"CREATE TABLE {table}")
    out = oracle.Province(tmp_path, "")
    yield out
    out.close()


def test_the_oracle_counts_visits_against_deeds(empty: oracle.Province, tmp_path: Path) -> None:
    assert oracle.deeds(empty, tmp_path) == []
    with sqlite3.connect(tmp_path / "province.db") as conn:
        conn.execute("INSERT INTO visit VALUES ('a')")
    assert oracle.deeds(empty, tmp_path) == ["1 visits of 0 deeds"]
