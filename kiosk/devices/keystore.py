"""Where the device secret lies: the system's key store, or a file of mode 0600 where there is none.

Keeps bytes under a name and nothing else; what they unlock is the vault's business. A key store that writes plain text to a
file is no key store: the file here says openly what it is (`where`).
"""

import base64
import binascii
import contextlib
import hashlib
import json
import os
from pathlib import Path

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError

from kiosk.errors import Code, KioskError
from kiosk.ports import KeyStore

FILE = "device.secret"
PROBE = "probe"


def _real(backend: KeyringBackend) -> bool:
    """False for the backends that fail, forget, or keep plain text (keyrings.alt)."""
    module = type(backend).__module__
    if module.endswith((".fail", ".null")) or module.startswith("keyrings.alt") or "laintext" in type(backend).__name__:
        return False
    try:
        return bool(backend.priority > 0)
    except (RuntimeError, OSError):  # keyring's way to say that a backend cannot work here
        return False


def name_of(backend: KeyringBackend) -> str:
    return type(backend).__module__.removeprefix("keyring.backends.")


def system_backend() -> KeyringBackend | None:
    """The system's key store, or None; nothing is asked of it yet."""
    backend = keyring.get_keyring()
    parts = getattr(backend, "backends", None)  # the chainer stands for several, among them perhaps a plain one
    for candidate in [backend] if parts is None else parts:
        if _real(candidate):
            return candidate
    return None


class OsKeyStore:
    """The system's: Secret Service, Windows Credential Locker, macOS Keychain.

    `service`: the entry's first name, different for each data directory. Raises KioskError(KEYS_UNREADABLE) where there is
    no real backend, or it does not give back what it was given (locked, no session).
    """

    where = "os"

    def __init__(self, service: str, backend: KeyringBackend | None = None) -> None:
        found = backend if backend is not None else system_backend()
        if found is None or not _real(found):
            raise KioskError(Code.KEYS_UNREADABLE, why="no key store")
        self._service, self._backend = service, found
        self.name = name_of(found)
        if self.get(PROBE) is None:
            self.put(PROBE, b"1")
            if self.get(PROBE) != b"1":
                raise KioskError(Code.KEYS_UNREADABLE, why="the key store forgets")

    def get(self, name: str) -> bytes | None:
        """Raises KioskError(KEYS_UNREADABLE) when the store is locked or gone."""
        try:
            text = self._backend.get_password(self._service, name)
            return None if text is None else base64.b64decode(text, validate=True)
        except (KeyringError, OSError, RuntimeError, binascii.Error) as error:
            raise KioskError(Code.KEYS_UNREADABLE, why=type(error).__name__) from error

    def put(self, name: str, secret: bytes) -> None:
        """Raises KioskError(KEYS_UNREADABLE)."""
        try:
            self._backend.set_password(self._service, name, base64.b64encode(secret).decode())
        except (KeyringError, OSError, RuntimeError) as error:
            raise KioskError(Code.KEYS_UNREADABLE, why=type(error).__name__) from error

    def delete(self, name: str) -> None:
        """Raises KioskError(KEYS_UNREADABLE) where the secret is still there afterwards."""
        try:
            with contextlib.suppress(PasswordDeleteError):  # its word for "not there"; looked at below
                self._backend.delete_password(self._service, name)
        except (KeyringError, OSError, RuntimeError) as error:
            raise KioskError(Code.KEYS_UNREADABLE, why=type(error).__name__) from error
        if self.get(name) is not None:
            raise KioskError(Code.KEYS_UNREADABLE, why="the key store keeps what was deleted")

    def forget(self) -> None:
        self.delete(PROBE)


class FileKeyStore:
    """A JSON file of mode 0600, replaced whole and flushed to the disk before `put` returns."""

    where = "file"
    name = "file"

    def __init__(self, path: Path) -> None:
        self._path = path

    def _load(self) -> dict[str, bytes]:
        try:
            content = json.loads(self._path.read_text("ascii"))
            return {str(name): base64.b64decode(text, validate=True) for name, text in content.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise KioskError(Code.KEYS_UNREADABLE, why=f"{self._path.name}: {type(error).__name__}") from error

    def get(self, name: str) -> bytes | None:
        """Raises KioskError(KEYS_UNREADABLE) when the file is there and cannot be read."""
        return self._load().get(name)

    def put(self, name: str, secret: bytes) -> None:
        """Raises KioskError(KEYS_UNREADABLE) rather than replace a file it cannot read; OSError when the disk refuses."""
        self._save(self._load() | {name: secret})

    def delete(self, name: str) -> None:
        """Raises KioskError(KEYS_UNREADABLE) or OSError, as `put`."""
        secrets = self._load()
        if secrets.pop(name, None) is not None:
            self._save(secrets)

    def forget(self) -> None:
        """The file itself, once no secret is in it."""
        if not self._load():
            self._path.unlink(missing_ok=True)

    def _save(self, secrets: dict[str, bytes]) -> None:
        text = json.dumps({k: base64.b64encode(v).decode() for k, v in secrets.items()})
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self._path)
        if hasattr(os, "O_DIRECTORY"):  # the name, too, must survive a power cut
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def best(home: Path) -> KeyStore:
    """The key store for the data directory `home`: the file if this home began with one, else the system's, else the file."""
    file = home / FILE
    if not file.exists():
        service = "hue-kiosk " + hashlib.sha256(str(home.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
        try:
            return OsKeyStore(service)
        except KioskError:
            pass
    return FileKeyStore(file)
