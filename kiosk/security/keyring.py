"""The keyring: one fsynced file per epoch, its content key wrapped by the DEK. The kiosk's own copy lies here, never in an event."""

from pathlib import Path

from kiosk.crypto import seal
from kiosk.errors import Code, KioskError
from kiosk.security import files


class Keyring:
    def __init__(self, home: Path, dek: bytes) -> None:
        self._folder, self._dek = home / "keyring", dek
        self._open: dict[str, bytes] = {}

    def add(self, epoch: str, content_key: bytes) -> None:
        """Durable when it returns. Raises OSError."""
        if not self._folder.exists():
            self._folder.mkdir(exist_ok=True, mode=0o700)
            files.sync_folder(self._folder.parent)  # a key in a folder that a power cut takes away is no key
        files.write(self._folder / epoch, seal.wrap(self._dek, content_key, b"kiosk-keyring-v1" + bytes.fromhex(epoch)))
        self._open[epoch] = content_key

    def empty(self) -> bool:
        """True if no epoch was ever begun in this home."""
        return not self._folder.exists() or not any(self._folder.iterdir())

    def get(self, epoch: str) -> bytes:
        """32 bytes. Raises KioskError(KEYS_UNREADABLE) when the file is missing or damaged."""
        if (key := self._open.get(epoch)) is None:
            key = self._open[epoch] = self.fresh(epoch)
        return key

    def usable(self, epoch: str) -> bool:
        """Can this program seal under the epoch's key, from memory or from its file?"""
        try:
            return bool(self.get(epoch))
        except KioskError:
            return False

    def holds(self, epoch: str) -> bool:
        """Is the key in its file, whole?"""
        try:
            return bool(self.fresh(epoch))
        except KioskError:
            return False

    def fresh(self, epoch: str) -> bytes:
        """As `get`, read from the file again."""
        try:
            return seal.unwrap(self._dek, (self._folder / epoch).read_bytes(), b"kiosk-keyring-v1" + bytes.fromhex(epoch))
        except (OSError, seal.Unopenable) as error:
            raise KioskError(Code.KEYS_UNREADABLE, file=f"keyring/{epoch}") from error
