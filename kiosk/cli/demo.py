"""`kiosk demo`: the whole path with its own province and a replay camera; with a screen in the window, else headless."""

import argparse
import dataclasses
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kiosk.cli import output
from kiosk.cli.window import has_screen
from kiosk.i18n import _
from kiosk.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--headless", action="store_true", help="no screen: keys are pressed by the program, pictures are kept")
    parser.add_argument("--voters", type=int, default=60)
    parser.add_argument("--out", type=Path, help="kiosk, province, papers and pictures are left here")
    parser.add_argument("--pace", type=float, help="seconds between voters; 0: as fast as it goes")
    parser.add_argument("--seed", type=int, help="the same queue again")
    parser.add_argument("--camera", help="with a screen: a camera instead of the drawn voters")


def run(args: argparse.Namespace) -> int:
    if args.voters < 1 or (args.pace is not None and args.pace < 0):
        output.say("kiosk demo: --voters >= 1, --pace >= 0")
        return 2
    if getattr(sys, "frozen", False):  # kiosk.spec packs the entrance's program, not the province's
        output.say(_("Bản cài này không kèm máy chủ của tỉnh. Xem trình diễn: lấy mã nguồn rồi chạy ./run. Không có gì bị thay đổi."))
        return 1
    headless = args.headless or not has_screen()
    if headless:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is loaded
    out = args.out or Path("out") / time.strftime("demo-%Y%m%d-%H%M%S")
    from kiosk import demo_run  # Qt is loaded here

    settings = Settings(fullscreen=False, sound=not headless, language=args.lang)
    camera = None if headless else args.camera or demo_run.webcam()
    if camera:
        settings = dataclasses.replace(settings, camera=camera)
    pace = args.pace if args.pace is not None else 3.0
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(10**6)
    output.say(_("Bản trình diễn: máy chủ tỉnh và kiosk riêng, dữ liệu hư cấu, trong {folder}.").format(folder=out))
    told = demo_run.play(demo_run.Show(out, settings, args.voters, pace, seed, headless, drawn=camera is None), _bar(args.voters))
    output.say("")
    output.say(_("Báo cáo, ảnh màn hình và dữ liệu nằm trong {folder}.").format(folder=out))
    if args.json:
        output.emit(told)
    else:
        for key, value in told.items():
            print(f"{key}: {value}")
    return int(bool(told["waiting"] or told["refused"] or told["problems"]))


def _bar(voters: int) -> Callable[[int], None]:
    told = 0

    def show(done: int) -> None:
        """A voter who is looked at, then declares, is told twice."""
        nonlocal told
        if done == told:
            return
        told = done
        if sys.stderr.isatty() or done % 10 == 0 or done == voters:
            full = 30 * done // voters
            end = "" if sys.stderr.isatty() else "\n"
            sys.stderr.write(f"{chr(13) if not end else ''}[{'#' * full}{'.' * (30 - full)}] {done}/{voters}{end}")
            sys.stderr.flush()

    return show
