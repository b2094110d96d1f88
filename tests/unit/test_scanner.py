"""Camera + decoder + debounce, one frame a step, on a clock that the test moves."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk import errors
from kiosk.errors import KioskError
from kiosk.ports import Code, Frame, Sighting
from kiosk.scanner import Scanner

A, B, C = b"first voter", b"second voter", b"third voter"
BOX = ((1, 2), (3, 2), (3, 4), (1, 4))


class Hall:
    """A camera, its decoder and their clock: `show` what is in view, `pull` the plug. Thirty frames a second."""

    name = "hall"

    def __init__(self, repeat: float = 5.0) -> None:
        self.now, self.view, self.plugged, self.opened, self.closed = 100.0, (), True, 0, 0  # type: float, tuple[bytes, ...], bool, int, int
        self.engines: tuple[str, ...] = ("drawn",)
        self.missing: dict[str, str] = {}
        self.condition: errors.Code | None = None
        self.scanner = Scanner(self.open, self, self.clock, repeat, lambda frame: self.condition, self.wait)

    def open(self) -> "Hall":
        self.opened += 1
        if not self.plugged:
            raise KioskError(errors.Code.CAMERA_MISSING, camera=self.name)
        return self

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def read(self) -> Frame | None:
        if not self.plugged:
            raise KioskError(errors.Code.CAMERA_LOST, camera=self.name)
        self.now += 1 / 30
        return Frame(np.zeros((72, 128), np.uint8), self.now, round(self.now * 30))

    def close(self) -> None:
        self.closed += 1

    def decode(self, image: NDArray[np.uint8]) -> list[Code]:
        return [Code(raw, "drawn", BOX) for raw in self.view]

    def watch(self, seconds: float, *view: bytes) -> list[bytes]:
        """What is taken while `view` is before the camera."""
        self.view, until = view, self.now + seconds
        taken = []
        while self.now < until:
            sighting = self.scanner.step()
            taken += [sighting.raw] if sighting else []
        return taken


def test_a_code_in_view_is_one_sighting() -> None:
    assert Hall().watch(4.5, A) == [A]


def test_a_code_that_stays_is_taken_again_after_the_repeat_time() -> None:
    assert Hall(repeat=5).watch(11, A) == [A, A, A]


def test_a_code_that_left_and_came_back_is_taken_at_once() -> None:
    hall = Hall(repeat=60)
    assert hall.watch(0.5, A) + hall.watch(1.1) + hall.watch(0.5, A) == [A, A]


def test_a_blurred_second_is_not_a_departure() -> None:
    hall = Hall(repeat=60)
    assert hall.watch(0.5, A) + hall.watch(0.8) + hall.watch(0.5, A) + hall.watch(0.8) + hall.watch(0.5, A) == [A]


def test_another_code_is_taken_at_once() -> None:
    hall = Hall()
    assert hall.watch(0.1, A) + hall.watch(0.1, B) == [A, B]


def test_two_codes_in_view_are_each_taken_once_one_a_frame() -> None:
    hall = Hall()
    assert hall.watch(4, A, B, C) == [A, B, C]


def test_a_sighting_carries_its_frame_and_eight_fresh_bytes() -> None:
    hall = Hall()
    hall.view = (A, B)
    first, second = hall.scanner.step(), hall.scanner.step()
    assert isinstance(first, Sighting) and isinstance(second, Sighting)
    assert first.frame_at == pytest.approx(100 + 1 / 30) and first.engine == "drawn" and first.box == BOX
    assert len(first.deed) == len(second.deed) == 8 and first.deed != second.deed


def test_the_preview_has_the_newest_frame_and_the_boxes_found_in_it() -> None:
    hall = Hall()
    hall.watch(0.1, A)
    assert hall.scanner.latest is not None and hall.scanner.latest.at == hall.now
    assert hall.scanner.boxes == (BOX,)
    hall.watch(0.05)
    assert not hall.scanner.boxes


def test_what_troubles_the_picture_is_told_and_scanning_goes_on() -> None:
    hall = Hall()
    hall.condition = errors.Code.CAMERA_DARK
    assert hall.watch(0.1, A) == [A] and hall.scanner.condition is errors.Code.CAMERA_DARK
    hall.condition = None
    hall.watch(0.05)
    assert hall.scanner.condition is None


def test_a_machine_without_engines_says_so() -> None:
    hall = Hall()
    hall.engines = ()
    hall.watch(0.1)
    assert hall.scanner.condition is errors.Code.ENGINE_MISSING


def test_a_plug_pulled_mid_scan_is_a_condition_and_scanning_resumes_when_it_is_back() -> None:
    hall = Hall()
    assert hall.watch(0.2, A) == [A]
    hall.plugged = False
    assert hall.watch(10, A) == []
    assert hall.scanner.condition is errors.Code.CAMERA_MISSING and hall.scanner.latest is None and hall.closed == 1
    hall.plugged = True
    assert hall.watch(4.5, B) == [B]
    assert hall.scanner.condition is None


def test_a_camera_that_is_not_there_is_tried_ever_more_rarely() -> None:
    hall = Hall()
    hall.plugged = False
    opened: list[float] = []
    while hall.now < 130:
        before = hall.opened
        hall.scanner.step()
        opened += [hall.now] if hall.opened > before else []
        hall.now += 0.001
    gaps = np.diff(opened)
    assert gaps[:3] == pytest.approx([0.5, 1.0, 2.0], abs=0.2) and gaps[3:] == pytest.approx([4.0] * (len(gaps) - 3), abs=0.2)


def test_a_camera_that_opens_and_dies_is_not_hammered() -> None:
    hall = Hall()
    dead: Callable[[], Frame | None] = lambda: (_ for _ in ()).throw(KioskError(errors.Code.CAMERA_LOST))  # noqa: E731
    hall.read = dead  # type: ignore[method-assign]
    hall.watch(20)
    assert hall.opened <= 9 and hall.closed == hall.opened


def test_a_frame_that_is_late_is_no_trouble() -> None:
    hall = Hall()
    hall.watch(0.1)
    hall.read = lambda: None  # type: ignore[method-assign]
    assert hall.scanner.step() is None and hall.scanner.condition is None and hall.closed == 0


def test_another_camera_is_used_from_the_next_step() -> None:
    hall, other = Hall(), Hall()
    hall.watch(0.1, A)
    hall.scanner.use(other.open)
    hall.scanner.step()
    assert (hall.closed, other.opened) == (1, 1)


def test_memory_does_not_grow_with_the_voters() -> None:
    hall = Hall()
    for n in range(500):
        hall.watch(0.05, b"%d" % n)
    assert len(hall.scanner._debounce._known) < 40
