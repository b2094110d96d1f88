"""A camera's own knobs, where its driver has them: exposure, focus, brightness, gain, backlight. Linux asks the driver (V4L2).

Other systems have their maker's program for it; there nothing is offered, rather than a knob that does nothing.
"""

import contextlib
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

QUERY, GET, SET = 0xC0445624, 0xC008561B, 0xC008561C  # VIDIOC_QUERYCTRL, VIDIOC_G_CTRL, VIDIOC_S_CTRL
LAYOUT = struct.Struct("II32siiiiI8x")  # v4l2_queryctrl: id, type, name, minimum, maximum, step, default, flags
VALUE = struct.Struct("Ii")  # v4l2_control: id, value
OFF = 0x1 | 0x4  # disabled, read-only

# name -> V4L2_CID; in the order in which one would try them
KNOBS = {
    "exposure_auto": 0x009A0901,
    "exposure": 0x009A0902,
    "focus_auto": 0x009A090C,
    "focus": 0x009A090A,
    "brightness": 0x00980900,
    "gain": 0x00980913,
    "backlight": 0x0098091C,
    "flicker": 0x00980918,
}

Call = Callable[[int, bytearray], object]


class Control(msgspec.Struct, frozen=True):
    """One knob: its range as the driver says it, and where it stands."""

    name: str
    least: int
    most: int
    step: int
    default: int
    value: int


class Controls:
    """The knobs of camera `index`. `call`: the driver's door (request, buffer to be filled); raises OSError where there is none."""

    def __init__(self, index: int, call: Call | None = None, device: Path = Path("/dev")) -> None:
        self._path, self._given = device / f"video{index}", call

    def all(self) -> list[Control]:
        """Those this driver has; none where it has none, or the camera is gone."""
        found: list[Control] = []
        with contextlib.suppress(OSError), self._door() as call:
            for name, number in KNOBS.items():
                with contextlib.suppress(OSError):
                    found += self._one(call, name, number)
        return found

    def set(self, name: str, value: int) -> bool:
        """Turns a knob, kept within its range. False where there is no such knob."""
        knob = next((control for control in self.all() if control.name == name), None)
        if knob is None:
            return False
        kept = min(max(value, knob.least), knob.most)
        try:
            with self._door() as call:
                call(SET, bytearray(VALUE.pack(KNOBS[name], kept)))
        except OSError:
            return False
        return True

    @staticmethod
    def _one(call: Call, name: str, number: int) -> list[Control]:
        asked = bytearray(LAYOUT.pack(number, 0, b"", 0, 0, 0, 0, 0))
        call(QUERY, asked)
        _, _, _, least, most, step, default, flags = LAYOUT.unpack(asked)
        if flags & OFF or least >= most:
            return []
        stands = bytearray(VALUE.pack(number, 0))
        call(GET, stands)
        return [Control(name, least, most, max(1, step), default, VALUE.unpack(stands)[1])]

    @contextlib.contextmanager
    def _door(self) -> Iterator[Call]:
        """The driver's door, open for the block. Raises OSError."""
        if self._given is not None:
            yield self._given
            return
        if fcntl is None:
            raise OSError("no such door on this system")
        handle = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        try:
            yield lambda request, buffer: fcntl.ioctl(handle, request, buffer, True)
        finally:
            os.close(handle)
