"""Keeps data/locale/*.po in step with the code: `python tools/catalog.py` says what is missing or unused, `--write` rewrites.

New sentences are written with an empty translation, unused ones are dropped, the order is the code's.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kiosk.i18n import LANGUAGES, SOURCE, parse  # noqa: E402

MARKERS = {"_", "gettext", "N_"}
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""


def marked(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """(sentence, file) of every marked literal in the kiosk's and the province's code. An f-string is none."""
    for folder in ("kiosk", "province"):
        for file in sorted((root / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKERS and node.args:
                    argument = node.args[0]
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield argument.value, file.relative_to(root).as_posix()


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


def rewritten(sentences: dict[str, str], old: dict[str, str], language: str) -> str:
    entries = [f"#: {file}\nmsgid {quoted(text)}\nmsgstr {quoted(old.get(text, ''))}\n" for text, file in sentences.items()]
    return "\n".join([HEADER.format(language=language), *entries])


def main() -> int:
    sentences: dict[str, str] = {}
    for text, file in marked():
        sentences.setdefault(text, file)
    faults = 0
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        po = ROOT / "data" / "locale" / f"{language}.po"
        old = parse(po.read_text("utf-8"), po) if po.exists() else {}
        if "--write" in sys.argv:
            po.write_text(rewritten(sentences, old, language), "utf-8", newline="\n")
        missing = [text for text in sentences if not old.get(text)]
        unused = [text for text in old if text and text not in sentences]
        faults += len(missing) + len(unused)
        for word, texts in (("missing", missing), ("unused", unused)):
            for text in texts:
                print(f"{language}: {word}: {text}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
