"""The commands: one module each, loaded only when called, so that `kiosk scan` never loads Qt.

A command module has `add_arguments(parser)` and `run(args) -> int` (0 done, 1 refused or found wrong, 2 wrong usage).
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from kiosk import __version__, crash, homes, i18n, log
from kiosk.cli import output
from kiosk.errors import Code, KioskError, code_of
from kiosk.store import locks

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module, one line of help)
    "window": ("kiosk.cli.window", "opens the window (the default)"),
    "demo": ("kiosk.cli.demo", "the whole path with its own province and replay camera"),
    "enrol": ("kiosk.cli.enrol", "enrols this kiosk with a one-time code"),
    "read": ("kiosk.cli.read", "what a code says; nothing is recorded"),
    "decode": ("kiosk.cli.decode", "the scanner's decoder on pictures or a video"),
    "scan": ("kiosk.cli.scan", "records a scan as the window would"),
    "seen": ("kiosk.cli.seen", "the officer saw a declaration on the voter's phone (F5)"),
    "declare": ("kiosk.cli.declare", "a declaration by proxy, from JSON"),
    "defer": ("kiosk.cli.defer", "in first, declare later: a numbered ticket (F11)"),
    "leave": ("kiosk.cli.leave", "an exit: code, event, ticket or nameless (F6)"),
    "tickets": ("kiosk.cli.tickets", "tickets whose holders have not declared"),
    "check": ("kiosk.cli.check", "a trust list, rule set or form: the line of a mistake"),
    "conflicts": ("kiosk.cli.conflicts", "the same person or code twice, here or elsewhere: both events"),
    "lookup": ("kiosk.cli.lookup", "people and declarations known here; a number nobody knows is asked of the province"),
    "correct": ("kiosk.cli.correct", "corrects or voids an event by a new one"),
    "day": ("kiosk.cli.day", "opens the working day, or shows it"),
    "sync": ("kiosk.cli.sync", "uploads what waits, takes receipts"),
    "bundle": ("kiosk.cli.bundle", "the stick: what waits goes out in a file, receipts come home"),
    "notices": ("kiosk.cli.notices", "the province's notices that stand"),
    "status": ("kiosk.cli.status", "station, journal and what the province holds"),
    "verify": ("kiosk.cli.verify", "chain, database, second copy, receipts, running numbers"),
    "journal": ("kiosk.cli.journal", "events' headers, no personal data"),
    "rebuild": ("kiosk.cli.rebuild", "projections from the journal"),
    "restore": ("kiosk.cli.restore", "the journal again from journal.sealed"),
    "print": ("kiosk.cli.paper", "paper: slip, declaration, poster, notice, blank forms, day report …; the print queue"),
    "audit": ("kiosk.cli.audit", "who did what here; for the lead, without a voter in it"),
    "export": ("kiosk.cli.export", "a CSV or XLSX file for the lead: counts by kind and hour, or the people who declared, with a reason"),
    "officers": ("kiosk.cli.officers", "who may sign in here; sets PINs"),
    "close": ("kiosk.cli.close", "closes the day: tally, the lead's signature, report, manifest; --reopen REASON"),
    "purge": ("kiosk.cli.purge", "a closed day that the province has opened whole leaves this laptop: new keys, a signed certificate"),
    "remove": ("kiosk.cli.remove", "cleans this laptop for its owner: nothing of the station stays but a signed certificate"),
    "paper": ("kiosk.cli.keyed", "a numbered paper form keyed in later, once only"),
    "places": ("kiosk.cli.places", "QR places of this station: list, add, edit, withdraw, use"),
    "cameras": ("kiosk.cli.cameras", "the cameras here: choose, mirror, knobs, a picture for the hotline"),
    "doctor": ("kiosk.cli.doctor", "what this machine has and lacks"),
}

HOMELESS = frozenset({"read", "decode", "check", "demo", "doctor"})  # doctor finds what is wrong with it

LOST = (
    "Không ghi được kết quả ra chỗ được chỉ định. Việc vừa làm vẫn được lưu: xem kiosk journal.\n"
    "The answer could not be written out. What was done is kept: see kiosk journal."
)


def default_home() -> Path:
    named = os.environ.get("KIOSK_HOME")
    if named:
        return Path(named)
    from platformdirs import user_data_path  # here: it costs a tenth of the window's first paint

    return user_data_path("hue-kiosk")


def parser_for(name: str) -> argparse.ArgumentParser:
    module, text = COMMANDS[name]
    parser = argparse.ArgumentParser(prog=f"kiosk {name}" if name != "window" else "kiosk", description=text)
    parser.add_argument("--home", type=_home, default=default_home(), help="the data directory (or KIOSK_HOME)")
    parser.add_argument("--json", action="store_true", help="JSON, one object a line, on standard output")
    parser.add_argument("--lang", choices=("vi", "en"), default=os.environ.get("KIOSK_LANG", "vi"))
    import_module(module).add_arguments(parser)
    return parser


def _home(text: str) -> Path:
    """Raises ArgumentTypeError: an empty word, as a variable that is not set leaves it, is not this folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError("DIR?")
    return Path(text)


def overview() -> str:
    lines = ["usage: kiosk [COMMAND] [--home DIR] [--json] …", ""]
    return "\n".join(lines + [f"  {name:10} {text}" for name, (_, text) in COMMANDS.items()])


def split(argv: Sequence[str]) -> tuple[str, list[str]]:
    """The command's name and its arguments; options before the name (`kiosk --home D scan`) go with it."""
    args = list(argv)
    takes_value = {"--home", "--lang"}
    i = 0
    while i < len(args) and args[i].startswith("-"):
        i += 2 if args[i] in takes_value else 1
    if i < len(args) and args[i] in COMMANDS:
        return args[i], args[:i] + args[i + 1 :]
    return "window", args


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; every KioskError becomes a sentence on standard error and exit 1, every fault of ours a report and KS-900."""
    output.prepare()
    if hasattr(os, "umask"):
        os.umask(0o077)  # whatever is made below is this user's alone: papers, pictures, bundles too
    words, began = list(sys.argv[1:] if argv is None else argv), time.monotonic()
    name, rest = split(words)
    locks.sign_as(name)
    log.note("program.started", command=name, version=__version__, python=platform.python_version(), system=platform.system())
    code = _guarded(words, named_home(rest))
    log.note("program.stopped", command=name, exit=code, ms=round(1000 * (time.monotonic() - began)))
    if log.troubled() and os.path.isdir(named_home(rest)):
        from kiosk import logfile  # a third of a second, for a command that went wrong

        logfile.open_log(named_home(rest))
        log.close_log()
    return code


def named_home(args: list[str]) -> Path:
    """The data directory as the command line says it, without asking the command's own parser."""
    for at, word in enumerate(args):
        if word.startswith("--home="):
            return Path(word.removeprefix("--home="))
        if word == "--home" and at + 1 < len(args):
            return Path(args[at + 1])
    return default_home()


def _guarded(words: list[str], home: Path) -> int:
    try:
        return _run(words)
    except KioskError as error:
        log.note("condition", where="command", code=error.code.value)
        output.complain(error)
        return 1
    except BrokenPipeError:
        output.drop()
        return 1
    except output.OutputLost:
        output.drop()
        output.say(LOST)
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        output.complain(KioskError(code_of(error), what=type(error).__name__, errno=error.errno))
        return 1
    except Exception as error:  # ours: told in words, kept as a report without a single value
        file = crash.report(home, error, "command")
        output.complain(KioskError(Code.INTERNAL, what=type(error).__name__, report=file))
        return 1


def _run(args: list[str]) -> int:
    if args[:1] in (["help"], ["-h"], ["--help"]):
        print(overview())
        return 0
    if args == ["--version"]:
        print(__version__)
        return 0
    name, rest = split(args)
    if name == "window" and rest and not rest[0].startswith("-"):
        output.say(f"kiosk: không có lệnh / no such command: {rest[0][:40]!r}\n{overview()}")
        return 2
    parsed = parser_for(name).parse_args(rest)
    i18n.use(parsed.lang)
    if name not in HOMELESS:
        homes.check(parsed.home)
    return int(import_module(COMMANDS[name][0]).run(parsed))
