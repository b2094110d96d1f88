"""The form that read well last, in the kiosk's home: a shipped file that somebody has broken does not stop the desk."""

import contextlib
from pathlib import Path

from kiosk.domain import form
from kiosk.security import files
from kiosk.security.vault import NAME as VAULT

FILE = "form.kept.yaml"


class FormCopy:
    """domain.form.Kept in a file of `home`."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def load(self) -> str | None:
        try:
            return (self._home / FILE).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def save(self, text: str) -> None:
        """Only in a home that is enrolled. A disk that refuses costs the copy, not the form."""
        if (self._home / VAULT).exists():
            with contextlib.suppress(OSError):
                files.write(self._home / FILE, text.encode())


def keep_in(home: Path) -> None:
    """From now on the form is kept there."""
    form.keep_in(FormCopy(home))
