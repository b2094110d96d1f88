"""`kiosk read`: what a code says. Needs no enrolment, records nothing, asks nobody."""

import argparse
import base64
import binascii
import csv
import io
import os
import time
from collections.abc import Iterator
from functools import reduce
from operator import or_
from pathlib import Path

from msgspec.structs import replace

from kiosk import words
from kiosk.cli import output
from kiosk.domain import passes
from kiosk.domain.datafile import Mistake
from kiosk.domain.passes import Kind, Pass, trustlist
from kiosk.domain.passes.model import refused
from kiosk.domain.passes.trust import NOTHING, TrustLists
from kiosk.domain.policy import Policy
from kiosk.domain.verdict import NOBODY, judge
from kiosk.errors import Code, KioskError

LARGEST_FILE = 16 * 1024 * 1024
ID, PAYLOAD = "id", "payload_b64"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="*", metavar="TEXT", help="code strings")
    parser.add_argument("--base64", action="store_true", help="the strings are base64")
    parser.add_argument("--tsv", type=Path, metavar="FILE", help=f"a table with columns {ID} and {PAYLOAD}")
    parser.add_argument("--trust", type=Path, metavar="FILE", action="append", default=[], help="adds a trust list (JSON)")


def run(args: argparse.Namespace) -> int:
    if bool(args.text) == bool(args.tsv):
        output.say("kiosk read: TEXT… hoặc/or --tsv FILE")
        return 2
    now = time.time_ns() // 1_000_000
    lists = reduce(or_, (trusted(file) for file in args.trust), NOTHING)
    rows = table(args.tsv) if args.tsv else ((str(n), text) for n, text in enumerate(args.text, 1))
    code = 0
    for name, text in rows:
        raw = unpacked(text) if args.base64 or args.tsv else os.fsencode(text)
        if raw is None:
            code = 1
            output.complain(KioskError(Code.BAD_INPUT, value=name, allowed="base64 (RFC 4648)"))
        show(name, refused(Kind.UNKNOWN, "bad_base64") if raw is None else passes.read(raw, lists.issuers, now, lists), args.json, now)
    return code


def show(name: str, said: Pass, as_json: bool, now: int) -> None:
    """One line for a script, or what the window's card would say of a person nobody knows yet."""
    if as_json:
        output.emit({"id": name, "kind": said.kind, "verdict": said.reading, "reason": said.reason, "fields": said.fields})
        return
    name = name if name.isprintable() else ascii(name)
    card = words.verdict(judge(said, NOBODY, Policy(), now))
    parts = (f"{name}: {card.icon} {card.title}", card.person, card.detail, card.caution, card.next_step)
    print(" · ".join(part for part in parts if part))


def unpacked(text: str) -> bytes | None:
    """The bytes of a base64 text, or None. White space inside is ignored, any other stray letter is not."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def table(file: Path) -> Iterator[tuple[str, str]]:
    """(id, base64) of each row of a tab-separated table. Raises KioskError(BAD_FILE)."""
    rows = csv.DictReader(io.StringIO(content(file), newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    if not {ID, PAYLOAD} <= set(rows.fieldnames or ()):
        raise KioskError(Code.BAD_FILE, file=file.name, why=f"{ID}, {PAYLOAD}?")
    try:
        for row in rows:
            yield row[ID] or "", row[PAYLOAD] or ""
    except csv.Error as error:
        raise KioskError(Code.BAD_FILE, file=file.name, why=f"line {rows.line_num}: {error}") from error


def trusted(file: Path) -> TrustLists:
    """A trust list, whole or not at all. Without a date of its own it has the file's. Raises KioskError(BAD_FILE) naming the line."""
    try:
        lists = trustlist.parse(content(file), lambda name: content(file.parent / Path(name).name))
        return lists if lists.at is not None else replace(lists, at=int(file.stat().st_mtime * 1000))
    except Mistake as mistake:
        raise KioskError(Code.BAD_FILE, file=file.name, why=str(mistake)) from mistake


def content(file: Path) -> str:
    """A text file in UTF-8, whole. Raises KioskError(BAD_FILE)."""
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise KioskError(Code.BAD_FILE, file=file.name, why=f"> {LARGEST_FILE >> 20} MiB")
        return file.read_text("utf-8-sig")
    except OSError as error:
        raise KioskError(Code.BAD_FILE, file=file.name, why=error.strerror or "unreadable") from error
    except UnicodeDecodeError as error:
        raise KioskError(Code.BAD_FILE, file=file.name, why="UTF-8?") from error
