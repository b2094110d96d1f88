"""What a camera shows is judged: black, frozen, dim, glaring, hazy; and forgotten as soon as it is well."""

import numpy as np
import pytest

from kiosk.devices.quality import Quality
from kiosk.devices.stage import Scene, Stage
from kiosk.errors import Code
from kiosk.ports import Frame
from tests import webcam

RNG = np.random.default_rng(3)


def noisy(level: int, at: float) -> Frame:
    image = np.clip(RNG.normal(level, 4, (720, 1280, 3)), 0, 255).astype(np.uint8)
    return Frame(image, at, 1)


def test_a_covered_lens_is_dark_after_a_second_and_well_again_at_once() -> None:
    quality = Quality()
    answers = [quality(noisy(8, at)) for at in (0.0, 0.5, 0.9, 1.0, 1.5)]
    assert answers == [None, None, None, Code.CAMERA_DARK, Code.CAMERA_DARK]
    assert quality(noisy(120, 1.6)) is None
    assert quality(noisy(8, 1.7)) is None


def test_the_same_frame_for_two_seconds_is_a_frozen_camera() -> None:
    quality, still = Quality(), noisy(120, 0.0).image
    assert [quality(Frame(still, at, 1)) for at in (0.0, 1.0, 1.9, 2.0)] == [None, None, None, Code.CAMERA_FROZEN]
    assert quality(noisy(120, 2.1)) is None


def test_a_dim_hall_is_neither() -> None:
    """Hard scenes include voters in a seventh of the light."""
    stage, quality = Stage([Scene(b"HU1:A", hard=True) for _ in range(30)], paced=False), Quality()
    for index in range(30):
        stage.present(index)
        for n in range(2):
            frame = stage.read()
            assert quality(Frame(frame.image, index * 3 + n * 1.5, frame.number)) in (None, Code.CAMERA_DIM)


def test_grey_frames_are_judged_too() -> None:
    quality = Quality()
    assert [quality(Frame(noisy(3, 0).image[:, :, 0], at, 1)) for at in (0.0, 2.0)] == [None, Code.CAMERA_DARK]


def hall(at: float, gain: float = 1.0, lift: float = 0.0) -> Frame:
    """The drawn hall in other light; `lift`: a veil of so many grey levels."""
    image = webcam.empty(1).astype(np.float32) * gain + lift + RNG.normal(0, 1, (720, 1280, 1))
    return Frame(np.clip(image, 0, 255).astype(np.uint8), at, 1)


@pytest.mark.parametrize(
    ("gain", "lift", "said"),
    [(1.0, 0, None), (0.25, 0, Code.CAMERA_DIM), (2.4, 0, Code.CAMERA_BRIGHT), (0.4, 110, Code.CAMERA_DIRTY), (0.0, 120, None)],
    ids=["well lit", "lights off", "against the sun", "a veil on the lens", "a bare wall"],
)
def test_poor_light_and_a_dirty_lens_are_said_after_three_seconds_and_forgotten(gain: float, lift: float, said: Code | None) -> None:
    quality = Quality()
    answers = [quality(hall(at, gain, lift)) for at in (0.0, 1.0, 2.9, 3.0, 4.0)]
    assert answers == [None, None, None, said, said]
    assert quality(hall(4.5)) is None
