"""`kiosk check`: reads a trust list, a rule set or a form and names the line of a mistake. Nothing is taken over and nothing is changed."""

import argparse
from functools import partial
from pathlib import Path

from kiosk.cli import output
from kiosk.cli.read import content
from kiosk.domain import formfile, policyfile
from kiosk.domain.datafile import Mistake
from kiosk.domain.passes import trustlist
from kiosk.errors import Code, KioskError

KINDS = ("trust", "rules", "form")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", type=Path)
    parser.add_argument("--kind", choices=KINDS, help="else by what stands in the file")


def run(args: argparse.Namespace) -> int:
    code = 0
    for file in args.file:
        text, line, why = content(file), 0, ""
        kind = args.kind or kind_of(text)
        try:
            if kind == "trust":
                trustlist.parse(text, partial(_beside, file))
            elif kind == "form":
                formfile.parse(text)
            else:
                policyfile.parse(text)
        except Mistake as mistake:
            code, line, why = 1, mistake.line, str(mistake)
        if args.json:
            output.emit({"file": file.name, "kind": kind, "ok": not why, "line": line, "why": why})
        elif why:
            output.complain(KioskError(Code.BAD_FILE, file=file.name, why=why))
        else:
            print(f"{file.name}: {kind}, ok")
    return code


def _beside(file: Path, name: str) -> str:
    """A key in a file beside the list."""
    return content(file.parent / Path(name).name)


def kind_of(text: str) -> str:
    """What a file wants to be, by the words in it."""
    if any(word in text for word in ("dcc_trust_list", "shc_issuers", "hu1_issuers")):
        return "trust"
    return "form" if "\nfields:" in text or text.startswith("fields:") else "rules"
