"""The form in force: the shipped data/form.yaml, or the last one that read well where somebody has broken it. What makes an answer good
is declaration.py's; what is wrong with a file, formfile.py's.
"""

from functools import cache
from typing import Protocol

from kiosk import log
from kiosk.domain import formfile
from kiosk.domain.datafile import Mistake
from kiosk.domain.formshape import Field, Form
from kiosk.errors import Code, KioskError
from kiosk.shipped import data_dir

__all__ = ["Field", "Form", "Kept", "form", "keep_in", "mistake"]

NAME = "data/form.yaml"


class Kept(Protocol):
    """Where the last good form lies: a file of the kiosk's home."""

    def load(self) -> str | None: ...
    def save(self, text: str) -> None: ...


_kept: Kept | None = None
_mistake = ""


def keep_in(kept: Kept | None) -> None:
    """Where the form is kept when it reads well, and looked for when it does not. Before the first reading, which is the only one."""
    global _kept
    _kept = kept


def mistake() -> str:
    """Why the shipped file is not in force ("dòng/line 12: …"), "" while it is. As of the last reading."""
    return _mistake


@cache
def form() -> Form:
    """The form, read once. Raises KioskError(BAD_FILE) with the line, where somebody has broken it and no good one was kept."""
    global _mistake
    kept, _mistake = _kept.load() if _kept is not None else None, ""
    try:
        text = (data_dir() / "form.yaml").read_text("utf-8")
        found = formfile.parse(text)
    except (OSError, UnicodeDecodeError, Mistake) as error:
        why = str(error) if isinstance(error, Mistake) else type(error).__name__
        if kept is None:
            raise KioskError(Code.BAD_FILE, file=NAME, why=why) from error
        _mistake = why
        log.note("condition", where="form", code=Code.FORM_KEPT.value)
        return _older(kept, why)
    if _kept is not None and text != kept:
        _kept.save(text)
    return found


def _older(text: str, why: str) -> Form:
    """The kept copy; it read well once. Raises KioskError(BAD_FILE), about the shipped file, if that is broken too."""
    try:
        return formfile.parse(text)
    except Mistake as error:
        raise KioskError(Code.BAD_FILE, file=NAME, why=why) from error
