"""The cameras of this machine as window and commands use them: what was chosen, as in a mirror or not, knobs, still pictures.

Waits for drivers and disks: never on the window's thread. Records nothing about voters; no picture is kept.
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.devices import chosen
from kiosk.errors import Code, KioskError
from kiosk.settings import Settings

if TYPE_CHECKING:  # OpenCV loads when a camera is first asked for
    from kiosk.devices.aside import Aside
    from kiosk.devices.controls import Control
    from kiosk.ports import Camera
    from kiosk.ports import Code as Found
    from kiosk.scanner import Scanner


def remembered(home: Path, settings: Settings) -> Settings:
    """The settings with the camera that was last chosen here on the page; a command line's choice goes before it."""
    choice = chosen.load(home)
    return replace(settings, camera=choice.camera) if choice.camera else settings


def make_scanner(settings: Settings, camera: "Camera | None" = None) -> "Scanner":
    """The scanner with every engine this machine has, on the camera of the settings or a given one; loads OpenCV."""
    from kiosk.devices import camera as cameras
    from kiosk.devices.aside import Aside
    from kiosk.devices.decoder import Cascade
    from kiosk.devices.hints import Hints
    from kiosk.devices.quality import Quality
    from kiosk.scanner import Scanner

    def open_camera() -> "Camera":
        return camera if camera is not None else cameras.open_camera(settings.camera)

    aside = Aside()
    decoder = Cascade(aside=aside)
    return Scanner(
        open_camera,
        decoder,
        time.monotonic,
        settings.repeat_seconds,
        Quality(),
        hints=Hints(decoder),
        person=_of_a_person,
        let_go=aside.close,
    )


def _of_a_person(raw: bytes) -> bool:
    """May this code be a voter's? An unknown text may be another app's and counts; a payment, a place, a network, a link do not."""
    from kiosk.domain.passes import Kind, read

    said = read(raw)
    others = (Kind.LOCATION, Kind.VIETQR, Kind.WIFI, Kind.OTHER)
    return said.kind not in others and (said.kind is not Kind.UNKNOWN or said.reason == "look_at_phone")


class Equipment:
    """`scanner`: given when there is one."""

    def __init__(self, home: Path, settings: Settings) -> None:
        self._home, self._settings = home, settings
        self._choice = chosen.load(home)
        self._aside: Aside | None = None
        self.scanner: Scanner | None = None
        self.camera = settings.camera
        self.consent: Callable[[], object] = lambda: None  # raises unless the lead may and does; writes the audit entry

    def here(self) -> list[tuple[int, str]]:
        """(index, name) of the cameras that are plugged in now; their names are remembered."""
        from kiosk.devices.camera import list_cameras

        listed = list_cameras()
        new = [name for _, name in listed if name not in self._choice.seen]
        if new:
            self._keep(replace(self._choice, seen=(*self._choice.seen, *new)[-chosen.MOST :]))
        return listed

    def use(self, spec: str) -> None:
        """Another camera from the next frame on, and at the next start. An index is remembered by its name; an address and a file are
        taken as they are; a camera that is not plugged in now, if it was once; "" is the best one here.

        Raises KioskError(CAMERA_MISSING), naming what is here, or KioskError(BAD_INPUT) for an address without a host."""
        from kiosk.devices.camera import host_of, is_path, open_camera

        listed = self.here()
        name = next((name for index, name in listed if str(index) == spec), spec)
        if "://" in name:
            if not host_of(name):
                raise KioskError(Code.BAD_INPUT, value=spec[:60], allowed="http://… | rtsp://…")
        elif name and name not in self._choice.seen:
            if not is_path(name):
                raise self._missing(spec, listed)
            name = os.path.abspath(os.path.expanduser(name))
        self.camera = name
        self._keep(replace(self._choice, camera=self.camera))
        if self.scanner is not None:
            camera = self.camera
            self.scanner.use(lambda: open_camera(camera))

    def mirrored(self, camera: str) -> bool:
        """Is this camera's preview shown as in a mirror? Chosen for it, else the machine's setting."""
        return self._choice.mirror.get(camera, self._settings.mirror)

    def mirror(self, camera: str, mirrored: bool) -> None:
        """For one camera by its name. Raises KioskError(CAMERA_MISSING) for a name that no camera here bears or ever bore."""
        from kiosk.devices.camera import name_of

        listed = self.here()
        if camera not in {*self._choice.seen, *self._choice.mirror, name_of(self._choice.camera), name_of(self.camera)}:
            raise self._missing(camera, listed)
        self._keep(replace(self._choice, mirror=self._choice.mirror | {camera: mirrored}))

    def controls(self) -> list["Control"]:
        """The knobs of the camera in use, if its driver has any."""
        from kiosk.devices.controls import Controls

        index = self._index()
        return Controls(index).all() if index is not None else []

    def turn(self, name: str, value: int) -> bool:
        """One knob; False where it is not there."""
        from kiosk.devices.controls import Controls

        index = self._index()
        return index is not None and Controls(index).set(name, value)

    def picture(self, path: Path) -> list["Found"]:
        """The codes in a still picture, read in the process beside. Raises KioskError(BAD_FILE)."""
        from kiosk.devices.aside import Aside

        if self._aside is None:
            self._aside = Aside()
        return self._aside.file(path)

    def capture(self) -> Path:
        """One picture of the camera for the hotline, with the lead's consent: what can be decoded is blurred, and it expires.

        Recorded as an audit entry before the file is there. Raises KioskError(LEAD_NEEDED | LOCKED | CAMERA_MISSING | DISK_*).
        """
        from kiosk.devices import capture, captures

        self.expire()
        frame = self.scanner.latest if self.scanner is not None else None
        if frame is None:
            raise KioskError(Code.CAMERA_MISSING, camera=self.camera)
        self.consent()
        return capture.save(frame, self._home / captures.FOLDER)

    def expire(self) -> None:
        """Captures older than a day go; at the start of the program and before each new one."""
        from kiosk.devices import captures

        captures.expire(self._home / captures.FOLDER)

    def close(self) -> None:
        if self._aside is not None:
            self._aside.close()

    def _index(self) -> int | None:
        from kiosk.devices.camera import list_cameras

        name = self.scanner.name if self.scanner is not None else ""
        return next((index for index, known in list_cameras() if known == name), None)

    @staticmethod
    def _missing(spec: str, listed: list[tuple[int, str]]) -> KioskError:
        here = " | ".join(f"{index}: {name}" for index, name in listed)
        return KioskError(Code.CAMERA_MISSING, camera=spec[:60], here=here or "—")

    def _keep(self, choice: chosen.Chosen) -> None:
        self._choice = choice
        chosen.save(self._home, choice)
