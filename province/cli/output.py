"""How commands speak: JSON lines on standard output for scripts, words on standard error for people."""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any


def emit(args: argparse.Namespace, content: Mapping[str, Any]) -> None:
    """One object: a JSON line under --json, else `name: value` lines; flushed, since a script may wait for it."""
    plain = "\n".join(f"{name}: {value}" for name, value in content.items())
    sys.stdout.write((json.dumps(content, ensure_ascii=False) if args.json else plain) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
