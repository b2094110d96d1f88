"""PINs, phrases, costs and tries: what stands between a stolen laptop and its data."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.crypto.kdf import FLOOR_KIB, MOST_PASSES, WANTED_KIB, Costs, stretch
from kiosk.domain import pin, text
from kiosk.errors import Code, KioskError
from kiosk.ports import Now
from kiosk.security import calibrate
from kiosk.security.tries import Tries, wait_s


class Machine:
    """A fake timer: seconds of one stretch on a machine that takes `whole` seconds at 128 MiB and three passes."""

    def __init__(self, whole: float) -> None:
        self.whole, self.asked = whole, 0

    def __call__(self, costs: Costs) -> float:
        self.asked += 1
        return self.whole * costs.memory_kib / WANTED_KIB * costs.passes / 3


@pytest.mark.parametrize("whole", [0.02, 0.1, 0.3, 0.49, 0.5, 0.62, 0.99, 1.01, 1.4, 1.9])
def test_the_calibrator_lands_between_half_a_second_and_one(whole: float) -> None:
    machine = Machine(whole)
    costs = calibrate.calibrate(machine)
    assert 0.5 <= machine(costs) <= 1.0 or costs.passes == MOST_PASSES
    assert costs.memory_kib >= FLOOR_KIB and costs.passes >= 3 and costs.lanes == 2 and machine.asked <= 8


@pytest.mark.parametrize("whole", [0.5, 0.62, 1.0])
def test_a_machine_that_fits_gets_128_mib_and_three_passes(whole: float) -> None:
    assert calibrate.calibrate(Machine(whole)) == Costs(WANTED_KIB, 3, 2)


@pytest.mark.parametrize("whole", [2.5, 30.0])
def test_however_slow_it_never_goes_below_64_mib_and_three_passes(whole: float) -> None:
    assert calibrate.calibrate(Machine(whole)) == Costs(FLOOR_KIB, 3, 2)


def test_a_timer_that_stands_still_ends_too() -> None:
    assert calibrate.calibrate(lambda _costs: 0.0) == Costs(WANTED_KIB, MOST_PASSES, 2)


def test_the_stretch_is_argon2id_of_the_standard() -> None:
    """Against argon2-cffi's own PHC form: same salt, same costs, same 32 bytes."""
    import base64

    from argon2 import PasswordHasher, Type

    salt = bytes(range(16))
    phc = PasswordHasher(2, 1024, 1, 32, type=Type.ID).hash("280516", salt=salt)
    assert base64.b64decode(phc.rsplit("$", 1)[1] + "=") == stretch("280516", salt, Costs(1024, 2, 1))


def test_the_word_list_is_long_everyday_and_without_doubles() -> None:
    words = pin.words()
    assert len(words) >= 2048
    assert len({text.fold(word) for word in words}) == len(words), "two words are alike without their marks"
    assert all(len(word.split()) == 2 and word == word.lower() and word.replace(" ", "").isalpha() for word in words)


def test_a_phrase_is_four_words_however_it_is_typed() -> None:
    phrase = pin.new_phrase()
    for typed in (phrase, phrase.upper(), text.fold(phrase), text.fold(phrase).replace(" - ", " "), f"  {phrase} "):
        assert pin.is_phrase(typed) and pin.canonical(typed) == pin.canonical(phrase)
    three, five = " ".join(phrase.split(" - ")[:3]), f"{phrase} {pin.words()[0]}"
    assert not any(pin.is_phrase(other) for other in (three, five, "", "xin chao cac ban oi ba con"))
    assert len({pin.new_phrase() for _ in range(50)}) == 50


@pytest.mark.parametrize(
    ("secret", "needed", "why"),
    [
        ("739104", False, ""),
        ("12345", False, "short"),
        ("7391047391047", False, "long"),
        ("123456", False, "plain"),
        ("987654", False, "plain"),
        ("111111", False, "plain"),
        ("121212", False, "plain"),
        ("matkhau", False, "digits"),
        ("٧٣٩١٠٤", False, "digits"),
        ("739104", True, "phrase"),
    ],
)
def test_what_an_officer_may_choose(secret: str, needed: bool, why: str) -> None:
    assert pin.problem(secret, needed) == why


def test_a_phrase_is_good_everywhere() -> None:
    assert pin.problem(pin.new_phrase(), True) == pin.problem(pin.new_phrase(), False) == ""


# -- tries ----------------------------------------------------------------------------------------------------------------


NOW = Now(wall=1_000_000_000, mono=60_000, boot="b001")


def later(seconds: int, now: Now = NOW) -> Now:
    return replace(now, mono=now.mono + seconds * 1000, wall=now.wall + seconds * 1000)


def refused(tries: Tries, now: Now) -> int:
    with pytest.raises(KioskError) as error:
        tries.begin("a", now)
    assert error.value.code is Code.PIN_WAIT
    return int(str(error.value.facts["seconds"]))


def test_five_are_free_then_15_seconds_that_double() -> None:
    assert [wait_s(n) for n in (0, 4, 5, 6, 7, 8)] == [0, 0, 15, 30, 60, 120] and wait_s(500) == 3600


def test_a_wait_outlives_the_program_and_runs_on_the_boots_own_clock(tmp_path: Path) -> None:
    for _ in range(5):
        Tries(tmp_path).begin("a", NOW)
    assert refused(Tries(tmp_path), later(1)) == 14
    assert refused(Tries(tmp_path), replace(later(1), wall=NOW.wall + 10**9)) == 14  # the wall clock was set forward
    Tries(tmp_path).begin("b", NOW)  # another officer
    Tries(tmp_path).begin("a", later(15))
    assert refused(Tries(tmp_path), later(16)) == 29


def test_after_a_restart_the_wait_begins_again(tmp_path: Path) -> None:
    for _ in range(5):
        Tries(tmp_path).begin("a", NOW)
    booted = Now(NOW.wall + 10**8, 5_000, "b002")
    assert refused(Tries(tmp_path), booted) == 15
    assert refused(Tries(tmp_path), later(10, booted)) == 5
    Tries(tmp_path).begin("a", later(15, booted))


def test_a_right_one_and_a_lead_clear_it_and_what_failed_stays_to_be_told(tmp_path: Path) -> None:
    tries = Tries(tmp_path)
    for _ in range(4):
        tries.begin("a", NOW)
    tries.begin("a", NOW)
    tries.right("a")
    assert tries.count("a") == 0 and [(one.officer, one.count) for one in tries.take()] == [("a", 4)]
    assert tries.take() == []
    tries.begin("a", NOW)
    (again,) = tries.take()
    assert again.count == 1
    tries.told({again.deed})
    assert [one.count for one in Tries(tmp_path).take()] == [4]
    for _ in range(4):
        tries.begin("b", NOW)
    tries.clear("b")
    assert tries.left_s("b", NOW) == 0


def test_a_disk_that_takes_nothing_does_not_make_tries_free(tmp_path: Path) -> None:
    tries = Tries(tmp_path / "gone")
    for _ in range(5):
        tries.begin("a", NOW)
    assert refused(tries, NOW) == 15
