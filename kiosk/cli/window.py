"""`kiosk`: opens the window."""

import argparse
import dataclasses
import os
import sys

from kiosk import i18n
from kiosk.cli import output
from kiosk.equipment import remembered
from kiosk.i18n import _
from kiosk.settings import load


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--camera", help="a name or number (kiosk doctor lists them), a picture, a video, a folder or a URL")
    parser.add_argument("--windowed", action="store_true", help="not full screen")


def run(args: argparse.Namespace) -> int:
    """Exit 1 without a screen, and when a window is open on this home already."""
    settings = load(args.home)
    if args.lang == i18n.SOURCE and "KIOSK_LANG" not in os.environ:
        i18n.use(settings.language)
    settings = remembered(args.home, settings) if args.camera is None else dataclasses.replace(settings, camera=args.camera)
    if args.windowed:
        settings = dataclasses.replace(settings, fullscreen=False)
    if not has_screen():
        output.say(_("Máy này không có màn hình. Chạy kiosk demo --headless, hoặc dùng các lệnh khác (kiosk help)."))
        return 1
    from kiosk import app  # Qt is loaded here, and by no other command

    return app.run(args.home, settings)


def has_screen() -> bool:
    """Qt ends the process when there is no display; look first."""
    return sys.platform in ("win32", "darwin") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
