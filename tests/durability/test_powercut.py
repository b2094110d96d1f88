"""Power cuts on the real writer: every answered scan is in whatever a disk could hold at that moment. `make soak` cuts many more."""

import random
from pathlib import Path

import pytest

from tests.durability import powercut, rewrap_cuts, running, tape
from tests.durability.tape import Op, Tape

IMAGES = 48


@pytest.mark.slow
def test_an_answered_scan_survives_a_power_cut_at_any_moment(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    if tape.tracer() is None:
        pytest.skip("strace is not installed, or tracing is refused here (ptrace)")
    seed = running.seed_of(None)
    out = powercut.campaign(IMAGES, seed, tmp_path)
    with capfd.disabled():
        print(f"\n{powercut.line(out, seed)}")
    assert out.findings == []
    assert sum(out.images.values()) == IMAGES and set(out.images) == set(powercut.KINDS)
    assert out.waiting > IMAGES // 2, "cuts while nothing waits for the disk prove nothing"
    assert out.answered > 5 * IMAGES


@pytest.mark.slow
def test_a_power_cut_while_a_pin_is_changed_leaves_the_old_or_the_new_one_never_neither(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if tape.tracer() is None:
        pytest.skip("strace is not installed, or tracing is refused here (ptrace)")
    seed = running.seed_of(None)
    out = rewrap_cuts.campaign(24, seed, tmp_path, each=12)
    with capfd.disabled():
        print(f"\n{rewrap_cuts.line(out, seed)}")
    assert out.findings == []
    assert sum(out.images.values()) == 24 and out.waiting and out.old and out.new


def test_the_images_hold_what_was_flushed_and_only_that_for_sure() -> None:
    """The harness itself, on a tape made by hand: two writes, a flush of the first, a name that no folder's flush has promised."""
    ops = [
        Op("create", 1, 1, 2, "new"),
        Op("write", 2, 2, 2, "new", data=b"A" * 1024),
        Op("sync", 3, 3, 2, "new"),
        Op("write", 4, 4, 1, "old", offset=2, data=b"zz"),
    ]
    recorded = Tape({"old": b"12345"}, ops, lines=5)
    assert powercut.Cut(recorded, 5).image("drop", random.Random(1)) == {"old": b"12345"}, "flushed, and nobody can find it"
    recorded.ops.append(Op("sync_folder", 5, 5))
    assert powercut.Cut(recorded, 6).image("drop", random.Random(1)) == {"old": b"12345", "new": b"A" * 1024}
    assert powercut.Cut(recorded, 5).image("drop", random.Random(1)) == {"old": b"12345"}, "the flush had not ended"
    seen = {powercut.Cut(recorded, 6).image("reorder", random.Random(i))["old"] for i in range(20)}
    assert seen == {b"12345", b"12zz5"}


def test_a_torn_write_keeps_whole_sectors_and_reads_zeros_where_nothing_came() -> None:
    recorded = Tape({"f": b"a" * 512}, [Op("write", 1, 1, 1, "f", offset=512, data=b"b" * 1024)], lines=2)
    seen = {powercut.Cut(recorded, 2).image("tear", random.Random(i))["f"] for i in range(40)}
    assert b"a" * 512 + bytes(512) + b"b" * 512 in seen
    assert all(len(data) % 512 == 0 and set(data) <= {97, 98, 0} for data in seen)


def test_an_empty_run_is_no_success() -> None:
    assert powercut.line(powercut.Outcome(), 1).endswith("FAILED")
