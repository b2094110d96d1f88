"""Camera + decoder + debounce, one frame a step, on a clock that the test moves."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk import errors, words
from kiosk.devices.camera import open_camera
from kiosk.devices.quality import Quality
from kiosk.errors import KioskError
from kiosk.ports import Code, Frame, Hint, Sighting
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
        self.people: set[bytes] = {A, B, C}
        self.hint: Hint | None = None
        self.boxes: dict[bytes, tuple[tuple[int, int], ...]] = {}
        self.image: NDArray[np.uint8] = np.zeros((72, 128), np.uint8)
        self.scanner = Scanner(
            self.open,
            self,
            self.clock,
            repeat,
            lambda frame: self.condition,
            self.wait,
            lambda frame: self.hint,
            lambda raw: raw in self.people,
        )

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
        return Frame(self.image, self.now, round(self.now * 30))

    def close(self) -> None:
        self.closed += 1

    def decode(self, image: NDArray[np.uint8]) -> list[Code]:
        return [Code(raw, "drawn", self.boxes.get(raw, BOX)) for raw in self.view]

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


POSTER, CANTEEN = b"the poster on the wall", b"the canteen's payment code"


def at(x: int, y: int = 36) -> tuple[tuple[int, int], ...]:
    return ((x - 4, y - 4), (x + 4, y - 4), (x + 4, y + 4), (x - 4, y + 4))


def test_two_persons_in_view_are_a_question_and_nobody_is_taken() -> None:
    hall = Hall()
    hall.boxes = {A: at(90), B: at(30)}
    assert hall.watch(3, A, B) == []
    assert [code.raw for code in hall.scanner.pick] == [B, A], "left to right, as the officer sees them"


def test_the_one_that_was_picked_is_the_officers_and_the_other_is_not_taken_behind_their_back() -> None:
    hall = Hall(repeat=60)
    hall.watch(0.5, A, B)
    hall.scanner.choose(B)
    assert hall.watch(5, A, B) == [] and hall.scanner.pick == ()


def test_when_one_of_two_goes_the_other_is_taken() -> None:
    hall = Hall()
    assert hall.watch(0.5, A, B) + hall.watch(1.2, A) == [A] and hall.scanner.pick == ()


def test_one_that_flickers_does_not_answer_the_question() -> None:
    hall = Hall()
    hall.watch(0.5, A, B)
    assert hall.watch(0.3, A) + hall.watch(0.3, A, B) + hall.watch(0.5) == []
    assert {code.raw for code in hall.scanner.pick} == {A, B}


def test_two_that_both_go_leave_no_question() -> None:
    hall = Hall()
    hall.watch(0.5, A, B)
    assert hall.watch(1.5) == [] and hall.scanner.pick == ()


def test_a_next_voter_beside_one_who_was_taken_is_no_question() -> None:
    hall = Hall(repeat=60)
    assert hall.watch(0.5, A) + hall.watch(0.5, A, B) == [A, B]


def test_a_person_goes_before_a_poster_however_near_that_is() -> None:
    hall = Hall(repeat=60)
    hall.boxes = {A: at(10), POSTER: at(64)}
    assert hall.watch(3, POSTER, A) == [A], "and the poster is not taken afterwards"


def test_of_two_that_are_nobodys_the_one_nearest_the_aiming_frame_is_answered() -> None:
    hall = Hall(repeat=60)
    hall.boxes = {POSTER: at(10), CANTEEN: at(70)}
    assert hall.watch(3, POSTER, CANTEEN) == [CANTEEN]


def test_a_poster_alone_is_answered_so_that_the_officer_hears_what_it_is() -> None:
    assert Hall(repeat=60).watch(1, POSTER) == [POSTER]


def test_a_second_code_of_the_same_voter_is_not_lost_in_the_firsts_pause() -> None:
    hall = Hall(repeat=60)
    assert hall.watch(0.2, A) + hall.watch(0.1) + hall.watch(0.2, B) + hall.watch(0.2, C) == [A, B, C]


def test_who_tries_in_vain_is_told_what_would_help_and_for_how_long() -> None:
    hall = Hall()
    hall.hint = Hint.CLOSER
    hall.watch(4)
    assert hall.scanner.hint is Hint.CLOSER and 3.5 < hall.scanner.trying_s < 4.1
    hall.watch(0.1, A)
    assert hall.scanner.hint is None and hall.scanner.trying_s == 0


def test_a_hand_that_goes_is_forgotten_after_a_moment() -> None:
    hall = Hall()
    hall.hint = Hint.TILT
    hall.watch(2)
    hall.hint = None
    hall.watch(0.3)
    assert hall.scanner.trying_s > 0, "a blurred moment is not a departure"
    hall.watch(0.5)
    assert hall.scanner.hint is None and hall.scanner.trying_s == 0


def test_a_picture_out_of_focus_for_seconds_is_the_lens_trouble() -> None:
    hall = Hall()
    hall.hint = Hint.FOCUS
    hall.watch(4)
    assert hall.scanner.condition is None
    hall.watch(2)
    assert hall.scanner.condition is errors.Code.CAMERA_BLURRED


def test_a_sighting_carries_its_frame_and_eight_fresh_bytes() -> None:
    hall = Hall()
    hall.view = (A,)
    first, hall.view = hall.scanner.step(), (B,)
    second = hall.scanner.step()
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


def test_nothing_is_taken_from_a_frozen_picture_until_it_moves() -> None:
    hall = Hall(repeat=5)
    hall.scanner = Scanner(hall.open, hall, hall.clock, 5, Quality(), hall.wait)
    hall.image = np.full((72, 128), 120, np.uint8)
    hall.image[:8, :8] = 250  # not a bare wall
    assert hall.watch(30, A) == [A] and hall.scanner.condition is errors.Code.CAMERA_FROZEN
    assert hall.scanner.latest is not None and hall.scanner.boxes == ()
    hall.image = hall.image + np.uint8(1)
    assert hall.watch(0.1, A) == [A] and hall.scanner.condition is None


def test_a_question_in_a_picture_that_froze_is_dropped() -> None:
    hall = Hall()
    assert hall.watch(0.5, A, B) == [] and hall.scanner.pick
    hall.condition = errors.Code.CAMERA_FROZEN
    assert hall.watch(2, A, B) == [] and hall.scanner.pick == ()


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
    assert gaps[:2] == pytest.approx([0.25, 0.5], abs=0.1) and gaps[2:] == pytest.approx([1.0] * (len(gaps) - 2), abs=0.2)


def test_a_file_that_is_no_camera_is_named_in_the_line(tmp_path: Path) -> None:
    file, hall = tmp_path / "note.txt", Hall()
    file.write_text("no picture")
    scanner = Scanner(lambda: open_camera(str(file)), hall, hall.clock, wait=hall.wait)
    assert scanner.step() is None and scanner.condition is errors.Code.CAMERA_FILE
    line = words.condition(scanner.condition, scanner.name).line
    assert "note.txt" in line and "amera" in line and str(tmp_path) not in line


def test_a_camera_that_was_opened_beforehand_is_the_one_that_is_read() -> None:
    hall = Hall()
    hall.scanner.prepare()
    hall.view = (A,)
    assert hall.scanner.step() is not None and hall.opened == 1


def test_what_failed_beforehand_is_said_at_the_first_step_and_tried_again() -> None:
    hall = Hall()
    hall.plugged = False
    hall.scanner.prepare()
    assert hall.scanner.step() is None and hall.scanner.condition is errors.Code.CAMERA_MISSING and hall.opened == 1
    hall.plugged, hall.view, hall.now = True, (A,), hall.now + 1
    assert hall.scanner.step() is not None and hall.opened == 2


def test_a_camera_that_was_opened_for_nothing_is_let_go() -> None:
    hall = Hall()
    hall.scanner.prepare()
    hall.scanner.close()
    assert (hall.opened, hall.closed) == (1, 1)


def test_whoever_stood_there_last_is_not_shown_to_whoever_signs_in_next() -> None:
    hall = Hall()
    hall.watch(0.5, A)
    hall.scanner.close()
    assert hall.scanner.latest is None
    hall.plugged = False
    assert hall.scanner.step() is None and hall.scanner.latest is None


def test_a_camera_that_rests_is_opened_again_by_the_next_step() -> None:
    hall, closed = Hall(), threading.Event()
    closes = hall.close

    def close() -> None:
        closes()
        closed.set()

    hall.close = close  # type: ignore[method-assign]
    hall.scanner.prepare()
    hall.scanner.rest()
    assert closed.wait(20)
    hall.view = (A,)
    assert hall.scanner.step() is not None and (hall.opened, hall.closed) == (2, 1)


def test_a_camera_that_opens_and_dies_is_not_hammered() -> None:
    hall = Hall()
    dead: Callable[[], Frame | None] = lambda: (_ for _ in ()).throw(KioskError(errors.Code.CAMERA_LOST))  # noqa: E731
    hall.read = dead  # type: ignore[method-assign]
    hall.watch(20)
    assert hall.opened <= 22 and hall.closed == hall.opened


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
    assert len(hall.scanner._acceptance._known) < 40
