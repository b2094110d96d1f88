"""Pictures to bytes, as hard as it takes: `Alone` asks one engine once, `QrDecoder` tries everything on one picture, and `Cascade`
reads a live camera on a budget.

zxing-cpp first, on the grey frame as it is; prepared variants and other engines only where it finds nothing. Frames are never made
smaller before the first look. An engine that is not on this machine is named in `missing`.
"""

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from kiosk.devices import variants
from kiosk.devices.aside import Aside
from kiosk.devices.engines import ZBAR, ZXING, Effort, Engine, Grey, Looked, load_all, to_grey
from kiosk.devices.locate import CELL, Place, around, places
from kiosk.devices.variants import Variant
from kiosk.ports import Code

__all__ = ["ZBAR", "ZXING", "Alone", "Cascade", "QrDecoder", "to_grey"]

# CPU seconds of this thread; Windows counts those in steps of 16 ms, so the wall's there
spent: Callable[[], float] = time.perf_counter if sys.platform == "win32" else time.thread_time

SHARE = 0.35  # of a full look's cost that helpers may add to a frame, in the long run
FULL_EVERY = 4  # frames; the others are looked at quickly, and what is worth it in them fully
BURST = 30.0  # plain looks saved up at most: what a hand that has just come up may cost at once
PER_FRAME = 7.0  # plain looks one frame may cost on top: a frame's answer must come before the next frame
FIRST_COST = 0.003  # seconds: a plain look, before the first was measured
ASIDE_EVERY = 10  # frames in which somebody tries in vain: the second engine costs ten looks
TRACK_FRAMES = 12  # frames for which the place of the last code is looked at first
WHOLE_EVERY = 4  # while tracking, every so many frames the whole frame is read: a second code may have come up


def _moved(code: Code, place: Place, factor: float) -> Code:
    """A code found in a prepared cut, its corners back in the frame's pixels."""
    box = tuple((round(x / factor) + place.left, round(y / factor) + place.top) for x, y in code.box)
    return Code(code.raw, code.engine, box)


def look_at(engine: Engine, grey: Grey, place: Place, variant: Variant | None) -> list[Code]:
    """One engine on one place, prepared by `variant` (None: as it is)."""
    cut = place.cut(grey)
    if min(cut.shape) < 4:
        return []
    made = cut if variant is None else variant.prepare(cut)
    found = engine(made, Effort.ENLARGED if made.shape[1] > cut.shape[1] else Effort.FULL).codes
    return [_moved(code, place, made.shape[1] / cut.shape[1]) for code in found]


class Alone:
    """One engine, the grey picture as it is: the reference that everything else is measured against."""

    def __init__(self, engine: str) -> None:
        self._loaded, self.missing = load_all((engine,))
        self.engines = tuple(self._loaded)

    def decode(self, image: NDArray[np.uint8]) -> list[Code]:
        grey = to_grey(image)
        return [code for engine in self._loaded.values() for code in (engine(grey).codes if grey is not None else [])]


class QrDecoder:
    """The Decoder port for one picture at a time, with no frame to follow: everything is tried until something is read.

    `wanted`: the engines to try for, in their order.
    """

    def __init__(self, wanted: tuple[str, ...] = (ZXING, ZBAR)) -> None:
        self._loaded, self.missing = load_all(wanted)
        self.engines = tuple(self._loaded)

    def decode(self, image: NDArray[np.uint8]) -> list[Code]:
        """The codes in a BGR, BGRA or grey uint8 picture; empty for none, and for anything that is no picture."""
        grey = to_grey(image)
        if grey is None:
            return []
        looked = {name: engine(grey) for name, engine in islice(self._loaded.items(), 1)}
        for first in looked.values():
            if first.codes:
                return first.codes
        damaged = [around(box, grey.shape) for first in looked.values() for box in first.damaged]
        return next((codes for codes in self._attempts(grey, damaged) if codes), [])

    def _attempts(self, grey: Grey, damaged: list[Place]) -> Iterator[list[Code]]:
        """What each further attempt read, likeliest first."""
        whole = Place(0, 0, grey.shape[1], grey.shape[0])
        worth = damaged + places(grey, 3)
        main = next(iter(self._loaded.values()), None)
        others = list(self._loaded.values())[1:]
        if main is not None:
            for variant in (None, variants.SHARP, *variants.TURNS, *variants.MORE):
                for place in worth:
                    yield look_at(main, grey, place, variant)
            for variant in variants.WHOLE:
                yield look_at(main, grey, whole, variant)
        for engine in others:
            yield look_at(engine, grey, whole, None)
            for place in worth:
                yield look_at(engine, grey, place, variants.SHARP)


class Cascade:
    """The Decoder port for a live camera: one plain look a frame, and helpers on a budget while nothing is found.

    Costs are counted in plain looks of this very machine, so a slow laptop gets fewer helpers, not fewer frames. `trying`: how many
    frames in a row something stood there that could not be read; `place`: where (None: nothing that looks like a code). `aside`: the
    process in which the second engine looks at every `ASIDE_EVERY`th of those frames; its answer comes a frame or two later.
    """

    def __init__(self, wanted: tuple[str, ...] = (ZXING, ZBAR), aside: Aside | None = None) -> None:
        self._loaded, self.missing = load_all(wanted)
        self.engines = tuple(self._loaded)
        self._aside, self._offered = aside, (Place(0, 0, 1, 1), 1.0)
        self.place: Place | None = None
        self.trying = 0
        self._plain, self._saved = FIRST_COST, BURST
        self._turn, self._frames, self._tracked_at = 0, 0, -TRACK_FRAMES
        self._track: Place | None = None

    def decode(self, image: NDArray[np.uint8]) -> list[Code]:
        """The codes in this frame; call it with the frames of one camera in their order."""
        grey = to_grey(image)
        main = next(iter(self._loaded.values()), None)
        if grey is None or main is None:
            return []
        self._frames += 1
        codes = self._follow(main, grey)
        if not codes:
            looked = self._look(main, grey)
            codes = looked.codes or self._helped(main, grey, looked)
        self._saved = min(BURST, self._saved + SHARE)
        if codes:
            self.trying, self._tracked_at = 0, self._frames
            self._track = self.place = around(codes[0].box, grey.shape, 0.5) if codes[0].box else None
        return codes

    def _follow(self, main: Engine, grey: Grey) -> list[Code]:
        """The place where a code was read a moment ago, alone; nothing when the whole frame is due."""
        if self._track is None or self._frames - self._tracked_at > TRACK_FRAMES or self._frames % WHOLE_EVERY == 0:
            return []
        return look_at(main, grey, self._track, None)

    def _look(self, main: Engine, grey: Grey) -> Looked:
        """The whole frame as it is; every fourth time inverted and smaller too, which costs four times as much."""
        if self._frames % FULL_EVERY != 1:
            return main(grey, Effort.QUICK)
        began = spent()
        looked = main(grey)
        self._plain += 0.1 * (min(spent() - began, 4 * self._plain) - self._plain)
        return looked

    def _helped(self, main: Engine, grey: Grey, looked: Looked) -> list[Code]:
        """Variants and other engines, likeliest first, while the budget lasts."""
        began, plain = spent(), self._plain
        worth = [around(box, grey.shape) for box in looked.damaged[:2]]
        worth += places(grey, 2) if len(worth) < 2 else []
        self.place = worth[0] if worth else None
        self.trying = self.trying + 1 if worth else 0
        codes = self._from_aside(grey, worth)
        room = 0.0 if codes else min(PER_FRAME, self._saved) * plain
        for attempt in self._turns(main, grey, worth):
            if spent() - began >= room:
                break
            self._turn += 1
            if codes := attempt():
                break
        self._saved -= (spent() - began) / plain
        return codes

    def _from_aside(self, grey: Grey, worth: list[Place]) -> list[Code]:
        """What the second engine found in an earlier frame; and, when it is its turn, this frame's likeliest place for it."""
        if self._aside is None:
            return []
        found = self._aside.answer() or []
        place, factor = self._offered
        if worth and self.trying % ASIDE_EVERY == 1:
            cut = worth[0].cut(grey)
            if min(cut.shape) >= CELL:
                made = variants.SHARP.prepare(cut)
                self._offered = worth[0], made.shape[1] / cut.shape[1]
                self._aside.offer(ZBAR, made)
        return [_moved(code, place, factor) for code in found]

    def _turns(self, main: Engine, grey: Grey, worth: list[Place]) -> Iterator[Callable[[], list[Code]]]:
        """The best variant on the likeliest place in each frame; the others take turns over the frames."""
        if not worth:
            return
        if self._frames % FULL_EVERY != 1:
            yield partial(look_at, main, grey, worth[0], None)
        yield partial(look_at, main, grey, worth[0], variants.SHARP)
        for _ in range(len(variants.TURNS)):
            yield partial(look_at, main, grey, worth[0], variants.TURNS[self._turn % len(variants.TURNS)])
            if len(worth) > 1 and self._turn % 3 == 0:
                yield partial(look_at, main, grey, worth[1], variants.SHARP)
