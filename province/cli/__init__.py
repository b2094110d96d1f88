"""The province's commands; `--json` prints JSON, one object a line, and words for people go to standard error.

Exit 0 done, 1 refused (the message says what, and what to do), 2 wrong usage.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from province.cli import aside, down, keep, known, people, places, run, setup, show, trace, web
from province.db import AWAY
from province.settings import Refused, default_home

ROOMS = (setup, people, down, known, show, aside, web, places, trace, keep, run)
COMMANDS = tuple(room.add_commands for room in ROOMS)


def parser() -> argparse.ArgumentParser:
    out = argparse.ArgumentParser(prog="province", description="the provincial server")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--home", type=Path, default=default_home(), help="the data directory (or PROVINCE_HOME)")
    common.add_argument("--database-url", default=os.environ.get("PROVINCE_DATABASE_URL", ""), help="instead of the embedded file")
    common.add_argument("--json", action="store_true", help="JSON, one object a line, on standard output")
    commands = out.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in COMMANDS:
        add(commands, common)
    return out


def main(argv: Sequence[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no Vietnamese
    given = list(sys.argv[1:] if argv is None else argv)
    if given == ["help"]:
        parser().print_help()
        return 0
    args = parser().parse_args(given)
    try:
        return int(args.run(args))
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
    except AWAY as error:
        said = getattr(error, "orig", error)
        sys.stderr.write(f"Cơ sở dữ liệu không dùng được: {said}.\nThe database cannot be used; nothing was changed.\n")
    except OSError as error:
        sys.stderr.write(f"{error.filename or ''} {error.strerror}\n")
    except KeyboardInterrupt:
        return 130
    return 1
