"""`kiosk remove`: cleans this laptop before it goes back; asks a lead's PIN and the kiosk's name, typed (or --yes)."""

import argparse
import contextlib
import sys
from pathlib import Path

from kiosk import compose, removing, words
from kiosk.cli import opened, output
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.settings import load
from kiosk.store import locks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--look", action="store_true", help="says whether it may be cleaned, and changes nothing")
    parser.add_argument("--yes", action="store_true", help="does not ask for the kiosk's name to be typed")
    parser.add_argument("--reason", default="", help="why, although the province has not opened everything; needs --copy")
    parser.add_argument("--copy", type=Path, metavar="FOLDER", help="a stick: the whole journal is written there first, and read back")
    parser.add_argument("--printer", help='for the certificate; "pdf" keeps the file alone')


def run(args: argparse.Namespace) -> int:
    if bool(args.reason.strip()) != (args.copy is not None):
        output.say(words.insisting())
        output.say("kiosk remove --reason TEXT --copy FOLDER")
        return 2
    settings = load(args.home)
    given = compose.environment(settings)
    with compose.open_parts(args.home, settings, given=given) as parts:
        opened.tell(parts)
        parts.mirror.step()
        parts.station.require("lead", "remove")  # before anything is said of what lies here
        why, label, held = opened.against(parts, lambda: removing.look(parts)), parts.station.info.label, parts.held
    if args.look:
        return _look(args, why)
    if why and args.copy is None:
        raise KioskError(Code.REMOVE_REFUSED, **why)
    if not args.yes and not _confirmed(label):
        raise KioskError(Code.NOT_CONFIRMED)
    insisting = removing.Insisting(args.reason, args.copy) if args.copy is not None else None
    with locks.hold(args.home, "window"):  # a window that waits for a sign-in would stand on a home that is gone
        done = removing.run(args.home, insisting=insisting, held=held)
    printer = "" if args.printer == "pdf" else _print(done, settings.printer if args.printer is None else args.printer)
    _unlocked(args.home)
    if args.json:
        told = {"label": done.said.label, "events": done.said.events, "why": done.said.why, "left": done.left}
        output.emit({"removed": True, **told, "certificate": str(done.certificate), "printer": printer})
        return 0
    print(words.removed(str(done.certificate)))
    if done.left:
        print(_("Không phải của chương trình này, còn nguyên:"), *done.left)
    return 0


def _print(done: removing.Done, printer: str) -> str:
    try:
        return removing.printed(done, printer)
    except KioskError as error:  # the laptop is clean; the page lies in `removed/`
        output.complain(error)
        return ""


def _unlocked(home: Path) -> None:
    for file in (home / "window.lock", home / "window.holder"):
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)


def _confirmed(label: str) -> bool:
    output.say(f"{words.remove_goes()}\n{words.remove_stays()}")
    sys.stderr.write(_("Gõ tên máy này ({label}) để dọn:").format(label=label) + " ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() == label.casefold()


def _look(args: argparse.Namespace, why: dict[str, int]) -> int:
    if args.json:
        output.emit({"may_go": not why, "why": why})
    else:
        print(*(words.why_not(why) if why else ["có thể dọn / may go"]), sep="\n")
    return 1 if why else 0
