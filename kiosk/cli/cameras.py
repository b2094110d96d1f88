"""`kiosk cameras`: which cameras are here and which is used; chooses one, shows it as in a mirror, turns its knobs; a support capture."""

import argparse

from kiosk.cli import opened, output
from kiosk.devices import camera, capture, captures, chosen
from kiosk.devices.controls import Controls
from kiosk.equipment import Equipment, remembered
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.ports import Camera, Frame
from kiosk.settings import load


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--use", metavar="CAMERA", help="from now on: a name, a number, an address; remembered by name")
    parser.add_argument("--mirror", nargs=2, metavar=("NAME", "on|off"), help="show this camera as in a mirror")
    parser.add_argument("--set", nargs=3, metavar=("NAME", "KNOB", "VALUE"), help="turn a knob of this camera's driver")
    parser.add_argument("--capture", action="store_true", help="one blurred picture for the hotline; needs the lead")


def run(args: argparse.Namespace) -> int:
    """Exit 1 for a camera or a knob that is not there."""
    if args.use is not None or args.mirror is not None:  # looking leaves nothing behind
        args.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = remembered(args.home, load(args.home))
    desk = Equipment(args.home, settings)
    if args.use is not None:
        desk.use(args.use)
    if args.mirror is not None:
        if args.mirror[1] not in ("on", "off"):
            raise KioskError(Code.BAD_INPUT, value=args.mirror[1][:20], allowed="on | off")
        desk.mirror(args.mirror[0], args.mirror[1] == "on")
    listed = desk.here()
    if args.set is not None and not _turned(listed, *args.set):
        output.say(_("Camera này không có nút chỉnh đó."))
        return 1
    if args.capture:
        return _capture(args, desk.camera)
    choice = chosen.load(args.home)
    for index, name in listed:
        knobs = {knob.name: [knob.least, knob.value, knob.most] for knob in Controls(index).all()}
        used = name == choice.camera or (not choice.camera and (index, name) == camera.best(listed))
        line = {"index": index, "name": name, "used": used, "mirror": desk.mirrored(name), "knobs": knobs}
        line["built_in"] = camera.built_in(index)
        if args.json:
            output.emit(line)
        else:
            print(f"{'*' if used else ' '} {index}: {name}", *(f"{k}={v[1]} ({v[0]}…{v[2]})" for k, v in knobs.items()), sep="  ")
    away = choice.camera if choice.camera and choice.camera not in [name for _, name in listed] else ""
    if away:
        name = camera.name_of(away)  # not the address: it may hold a password
        line = {"index": None, "name": name, "used": True, "mirror": desk.mirrored(name), "knobs": {}, "built_in": False}
        if args.json:
            output.emit(line)
        else:
            print(f"* {name}")
    elif not listed:
        output.say(_("Không tìm thấy camera nào"))
    return 0


def _turned(listed: list[tuple[int, str]], name: str, knob: str, value: str) -> bool:
    if not value.lstrip("-").isdigit():
        raise KioskError(Code.BAD_INPUT, value=value[:20], allowed="number")
    index = next((index for index, known in listed if known == name), None)
    return index is not None and Controls(index).set(knob, int(value))


def _capture(args: argparse.Namespace, spec: str) -> int:
    """As the window's: the lead's consent is an audit entry, then one frame, blurred."""
    with opened.enrolled(args.home) as parts:
        parts.station.allow("camera_capture")
        parts.station.require("lead", "camera_capture")
        source = camera.open_camera(spec)
        try:
            frame = _warm(source)
        finally:
            source.close()
        if frame is None:
            raise KioskError(Code.CAMERA_MISSING, camera=spec or "—")
        captures.expire(args.home / captures.FOLDER)
        parts.station.audit("camera_capture")
        file = capture.save(frame, args.home / captures.FOLDER)
    if args.json:
        output.emit({"file": str(file)})
    else:
        print(file)
    return 0


def _warm(source: Camera) -> Frame | None:
    """The tenth frame: a sensor needs a moment to find its exposure."""
    frame = None
    for _n in range(10):
        frame = source.read() or frame
    return frame
