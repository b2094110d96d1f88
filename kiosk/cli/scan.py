"""`kiosk scan`: records as the window would. `--stdin` answers each line only after COMMIT, flushed."""

import argparse
import base64
import binascii
import os
import string
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from kiosk import compose, words
from kiosk.cli import opened, output
from kiosk.domain.verdict import Act, Verdict
from kiosk.errors import Code, KioskError
from kiosk.ports import Sighting

LONGEST_LINE = 64 * 1024  # characters that are kept, a multiple of four: far more than any code has
BASE64 = (string.ascii_letters + string.digits + "+/=").encode()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("payload", nargs="*", help="code strings")
    parser.add_argument("--base64", action="store_true", help="payloads are base64")
    parser.add_argument("--picture", type=Path, help="the code in a still picture (dropped on the window)")
    parser.add_argument("--stdin", action="store_true", help="one base64 payload a line from standard input")


def run(args: argparse.Namespace) -> int:
    if args.picture is not None and not args.payload and not args.stdin:
        args.payload, args.base64 = [base64.b64encode(_in_picture(args.picture)).decode()], True
    if bool(args.payload) == bool(args.stdin):
        output.say("kiosk scan: PAYLOAD… hoặc/or --stdin")
        return 2
    texts = _lines(sys.stdin.buffer) if args.stdin else [p.encode(errors="surrogateescape") for p in args.payload]
    with opened.enrolled(args.home) as parts:
        stop, wake = threading.Event(), threading.Event()
        mirror = threading.Thread(target=_follow, args=(parts.mirror.step, stop, wake), name="mirror")
        if args.stdin:
            parts.station.writer.on_commit.append(wake.set)
            mirror.start()
        try:
            return _answer(parts, _payloads(texts, args.stdin or args.base64), args.json or args.stdin)
        finally:
            stop.set()
            wake.set()
            if args.stdin:
                mirror.join()
            parts.mirror.step()


def _in_picture(path: Path) -> bytes:
    """The only code in a picture, read in a process beside. Raises KioskError(BAD_FILE) for none, and for several: eyes must choose."""
    from kiosk.devices.aside import Aside  # here: a typed code loads no OpenCV

    aside = Aside()
    try:
        codes = aside.file(path)
    finally:
        aside.close()
    if len(codes) != 1:
        raise KioskError(Code.BAD_FILE, file=path.name, why="several_codes" if codes else "no_code")
    return codes[0].raw


def _answer(parts: compose.Parts, payloads: Iterable[bytes | None], as_json: bool) -> int:
    """One answer a payload; exit 1 if any could not be read or saved."""
    code = 0
    for raw in payloads:
        if raw is None:
            code = 1
            _refuse(as_json)
            continue
        verdict = parts.station.scan(Sighting(os.urandom(8), raw, "typed"))
        code = code or int(verdict.act is Act.NOT_SAVED)
        show(verdict, as_json)
    return code


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """Line by line. Of one without end its beginning, which is too large for a code; the rest is looked at, not kept: if there is anything
    but base64 in it, so is in what is yielded."""
    while line := source.readline(LONGEST_LINE):
        rest = line
        while len(rest) == LONGEST_LINE and not rest.endswith(b"\n"):
            rest = source.readline(LONGEST_LINE)
            line = line if not rest.strip().translate(None, BASE64) else b"!"
        yield line


def _payloads(lines: Iterable[bytes], encoded: bool) -> Iterator[bytes | None]:
    for line in lines:
        if not encoded:
            yield line
            continue
        try:
            yield base64.b64decode(line.strip(), validate=True)
        except binascii.Error:
            yield None


def _refuse(as_json: bool) -> None:
    error = KioskError(Code.BAD_INPUT, value="base64", allowed="base64 (RFC 4648)")
    if as_json:
        output.emit({"verdict": "reject", "reason": "bad_base64", "kind": "other", "event": None, "at": None})
    output.complain(error)


def event_json(event: str) -> dict[str, object] | None:
    if not event:
        return None
    kiosk, epoch, seq = event.split(":")
    return {"kiosk": kiosk, "epoch": epoch, "seq": int(seq)}


def show(verdict: Verdict, as_json: bool) -> None:
    """JSON as CLI.md promises, or the title, the next step and the number as the window would say them."""
    if as_json:
        answer = {"verdict": verdict.act.value, "reason": verdict.reason, "kind": verdict.kind.value, "event": event_json(verdict.event)}
        output.emit({**answer, "at": verdict.at, "number": verdict.number, "ticket": verdict.ticket, "since": verdict.since})
        return
    said = words.verdict(verdict)
    print(f"{said.icon} {said.title}\n  {said.next_step}" + (f"\n  {said.detail}" if said.detail else ""))


def _follow(step: object, stop: threading.Event, wake: threading.Event) -> None:
    assert callable(step)
    while not stop.is_set():
        wake.wait(1.0)
        wake.clear()
        step()
