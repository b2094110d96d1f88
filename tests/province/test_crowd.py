"""The spread that a server asks for follows the crowd before its door and its own pace."""

from contextlib import ExitStack

from province import crowd
from province.crowd import Crowd


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_quiet_server_asks_nobody_to_wait() -> None:
    place = Crowd(Clock())
    with ExitStack() as stack:
        for _ in range(crowd.QUIET):
            stack.enter_context(place.visit())
        assert place.spread_s() == 0
    assert place.inside == 0


def test_a_crowd_is_spread_over_the_time_that_its_batches_take() -> None:
    clock = Clock()
    place = Crowd(clock)
    with ExitStack() as stack:
        for _ in range(104):
            stack.enter_context(place.visit())
        assert place.spread_s() == 100 * crowd.PACE_S
        for _ in range(200):
            clock.now += 0.2
            place.batch_done()
        assert 19 < place.spread_s() < 20.1
        clock.now += 3600  # a night without batches is no slow batch
        place.batch_done()
        assert place.spread_s() < 25


def test_what_a_lone_batch_takes_is_no_measurement_and_nobody_waits_for_ever() -> None:
    clock = Clock()
    place = Crowd(clock)
    for _ in range(50):
        clock.now += 0.9
        place.batch_done()
    assert place.pace_s == crowd.PACE_S
    place.inside = 10**6
    assert place.spread_s() == crowd.MOST_S
