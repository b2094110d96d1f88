"""Which language the program speaks. Vietnamese is the source, written in the code; others come from data/locale/*.po.

The catalog is read as text at first use, so that no compiled file has to be kept in step with it. One sentence is one
message: no plurals, no contexts, no pieces to be joined. It holds no words of its own.
"""

from functools import cache
from pathlib import Path

from kiosk.shipped import data_dir

SOURCE = "vi"
LANGUAGES = (SOURCE, "en")
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}

_language = SOURCE


def use(language: str) -> None:
    """Speaks `language` (one of LANGUAGES) from now on. Raises ValueError for any other."""
    global _language
    if language not in LANGUAGES:
        raise ValueError(language)
    _language = language


def language() -> str:
    """The language spoken now."""
    return _language


def gettext(text: str) -> str:
    """`text`, which is Vietnamese, in the language spoken now; itself where the catalog has no translation."""
    return translate(text, _language)


_ = gettext


def N_(text: str) -> str:
    """Marks a sentence of a table for the catalog; it is translated when shown."""
    return text


def translate(text: str, language: str) -> str:
    """`text` in `language`, whichever is spoken now."""
    return text if language == SOURCE else catalog(language).get(text, text)


@cache
def catalog(language: str) -> dict[str, str]:
    """Vietnamese sentence -> sentence in `language`; untranslated entries are left out. Raises OSError, BadCatalog."""
    file = data_dir() / "locale" / f"{language}.po"
    return {source: text for source, text in parse(file.read_text("utf-8"), file).items() if source and text}


class BadCatalog(ValueError):
    """A catalog with a line that this reader does not know, or a sentence twice."""


def parse(po: str, file: Path = Path("po")) -> dict[str, str]:
    """The entries of a PO file, the header under "". Only comments, msgid, msgstr and their continuation lines are known."""
    entries: dict[str, str] = {}
    source: str | None = None
    text: str | None = None

    def close() -> None:
        if source is not None:
            if text is None or source in entries:
                raise BadCatalog(f"{file.name}: {source[:60]!r}")
            entries[source] = text

    for number, line in enumerate(po.splitlines(), 1):
        word, _, rest = line.partition(" ")
        if not line.strip() or line.startswith("#"):
            continue
        if word == "msgid":
            close()
            source, text = _unquoted(rest, file, number), None
        elif word == "msgstr" and source is not None and text is None:
            text = _unquoted(rest, file, number)
        elif line.startswith('"') and source is not None:
            more = _unquoted(line, file, number)
            source, text = (source + more, None) if text is None else (source, text + more)
        else:
            raise BadCatalog(f"{file.name}:{number}")
    close()
    return entries


def _unquoted(quoted: str, file: Path, number: int) -> str:
    """The text between the quotes of one line. Raises BadCatalog."""
    quoted = quoted.strip()
    if len(quoted) < 2 or quoted[0] != '"' or quoted[-1] != '"':
        raise BadCatalog(f"{file.name}:{number}")
    out, letters = [], iter(quoted[1:-1])
    for letter in letters:
        if letter == '"':
            raise BadCatalog(f"{file.name}:{number}")
        if letter == "\\":
            escaped = next(letters, "")
            if escaped not in ESCAPES:
                raise BadCatalog(f"{file.name}:{number}")
            letter = ESCAPES[escaped]
        out.append(letter)
    return "".join(out)
