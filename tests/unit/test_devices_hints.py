"""What is said to a person whose code cannot be read: one kind of trouble, one hint; nothing to furniture and nothing to nobody."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from kiosk.devices.decoder import Cascade
from kiosk.devices.hints import Hints
from kiosk.ports import Frame, Hint
from tests import webcam
from tests.webcam import Image, Look

LONG = b"https://example.invalid/" + b"Ab1-" * 80
WITHOUT = Look(4.0, focus=0.5, noise=3)


def said(images: list[Image], seconds: float = 3.0) -> list[Hint | None]:
    """What is said while a camera shows these pictures, thirty a second, over and over, and nothing is read."""
    decoder, answers = Cascade(), []
    hints = Hints(decoder)
    for n in range(round(30 * seconds)):
        image = images[n % len(images)]
        if decoder.decode(image):
            raise AssertionError("it was read")
        answers.append(hints(Frame(image, n / 30, n)))
    return answers


def hand(look: Look, sway: float = 3.0, raw: bytes = LONG) -> list[Image]:
    """A hand that holds a phone, a little unsteadily."""
    return [webcam.draw(raw, replace(look, x=sway * n, y=sway * (n % 2)), default_rng(n)) for n in range(5)]


TROUBLE: dict[str, tuple[Look, float, Hint]] = {
    "too far away": (Look(0.9, focus=0.6), 3, Hint.CLOSER),
    "out of focus": (Look(3.4, focus=3.2), 3, Hint.FOCUS),
    "a lamp in the glass": (Look(3.4, mirror=1.0), 3, Hint.TILT),
    "a hand that shakes": (Look(3.4, focus=2.8), 30, Hint.STILL),
    "a dark screen": (Look(3.4, focus=2.6, gain=0.3), 3, Hint.LIGHT),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_each_trouble_has_its_hint(trouble: str) -> None:
    look, sway, expected = TROUBLE[trouble]
    answers = said(hand(look, sway))
    assert answers[:6] == [None] * 6, "most codes are read at the next look"
    given = [answer for answer in answers[12:] if answer is not None]
    assert given and given.count(expected) > 0.8 * len(given), {hint: given.count(hint) for hint in set(given)}


def test_what_hangs_on_the_wall_is_furniture_after_a_while() -> None:
    still = webcam.draw(LONG, Look(3.4, focus=3.2), default_rng(1))
    noisy = [np.clip(still.astype(np.int16) + default_rng(n).integers(-3, 4, still.shape), 0, 255).astype(np.uint8) for n in range(5)]
    answers = said(noisy, 9.0)
    assert answers[60] is not None and answers[-20:] == [None] * 20


def test_an_empty_hall_is_told_nothing() -> None:
    assert set(said([webcam.empty(seed) for seed in range(4)])) == {None}
