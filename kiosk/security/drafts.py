"""The form that is being filled in, kept through a crash and a lock: one sealed file under the DEK, gone when the form is saved.

It may lag behind the screen by half a second and never stands on the disk in clear. A damaged one is no draft: nothing of it was promised.
"""

import contextlib
from pathlib import Path

from kiosk.crypto import seal
from kiosk.errors import KioskError, code_of
from kiosk.security import files

NAME = "draft.sealed"
LABEL = b"kiosk-draft-v1"
DEED = 8  # bytes that begin a draft: the deed under which it will be saved


class Drafts:
    def __init__(self, home: Path, dek: bytes) -> None:
        self._path, self._dek = home / NAME, dek

    def keep(self, draft: bytes) -> None:
        """Durable when it returns. `draft`: the deed's 8 bytes, then the content; empty: there is none any more. Raises KioskError."""
        try:
            if draft:
                files.write(self._path, seal.wrap(self._dek, draft, LABEL))
            else:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            raise KioskError(code_of(error), file=NAME) from error

    def kept(self) -> tuple[bytes, bytes]:
        """(deed, draft as it was kept), or two empty ones."""
        with contextlib.suppress(OSError, seal.Unopenable):
            draft = seal.unwrap(self._dek, self._path.read_bytes(), LABEL)
            return draft[:DEED], draft
        return b"", b""
