"""`kiosk declare`: a declaration by proxy from JSON with form.yaml's keys; declaration and arrival in one transaction."""

import argparse
import json
import sys
import time

from kiosk import formcopy, words
from kiosk.cli import opened, output
from kiosk.cli.scan import event_json, show
from kiosk.domain import declaration, vntime
from kiosk.domain.verdict import Act
from kiosk.errors import Code, KioskError

LARGEST = 256 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--file", help="a JSON file, or - for standard input")
    parser.add_argument("--ticket", type=int, default=0, metavar="N", help="the number the voter brought (F11, or from the other table)")
    parser.add_argument("--completes", default="", metavar="EVENT", help="the declaration that this one completes (khai bổ sung)")
    parser.add_argument("--example", action="store_true", help="prints one to copy from")


def run(args: argparse.Namespace) -> int:
    formcopy.keep_in(args.home)
    if args.example:
        print(json.dumps(declaration.example(), ensure_ascii=False, indent=2))
        return 0
    if not args.file:
        output.say("kiosk declare --file FILE|-  (--example)")
        return 2
    try:
        said = declaration.from_json(read_json(args.file), today=vntime.iso_day(int(time.time() * 1000)))
    except declaration.FormIncomplete as refused:
        errors = {key: words.field_problem(reason) for key, reason in refused.errors.items()}
        if args.json:
            output.emit({"errors": errors})
        output.complain(KioskError(Code.FORM_INCOMPLETE, fields=", ".join(sorted(errors))))
        return 1
    with opened.enrolled(args.home) as parts:
        verdict = parts.station.declare(said, ticket=args.ticket, completes=args.completes)
        parts.mirror.step()
    if args.json:
        output.emit({"event": event_json(verdict.event), "verdict": verdict.act.value, "at": verdict.at, "number": verdict.number})
    else:
        show(verdict, as_json=False)
    return int(verdict.act is Act.NOT_SAVED)


def read_json(name: str) -> object:
    """Raises KioskError(BAD_FILE)."""
    shown = "stdin" if name == "-" else name
    try:
        if name == "-":
            data = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with open(name, "rb") as file:
                data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise KioskError(Code.BAD_FILE, file=shown, why="too_large")
        content: object = json.loads(data.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise KioskError(Code.BAD_FILE, file=shown, why=_why(error)) from error
    return content


def _why(error: Exception) -> str:
    """In words where there are some: no such file, no file at all, the line of a slip in the JSON."""
    if isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError):
        return "not_a_file" if isinstance(error, IsADirectoryError) else "missing"
    if isinstance(error, json.JSONDecodeError):
        return f"JSON, dòng/line {error.lineno}: {error.msg}"
    if isinstance(error, UnicodeDecodeError):
        return "UTF-8?"
    return (error.strerror if isinstance(error, OSError) else None) or "bad_shape"
