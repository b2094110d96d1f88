"""The vault: a random DEK wrapped by the device secret, and the kiosk's secrets wrapped by the DEK.

As long as there is no officer the DEK hangs on the device secret alone (`kiosk status` says so). Never logs, never prints a key.
"""

import base64
import binascii
import os
from pathlib import Path

import msgspec

from kiosk.crypto import seal
from kiosk.domain.protocol import Enrolment
from kiosk.errors import Code, KioskError
from kiosk.ports import KeyStore
from kiosk.security import files

NAME = "vault.json"


class Secrets(msgspec.Struct, frozen=True):
    """What enrolment gave and made. `kiosk_seed` signs envelopes, openings and mirror heads; `issuer_seed` signs voter slips."""

    kiosk_seed: bytes
    issuer_seed: bytes
    enrolment: Enrolment
    server: str


class VaultFile(msgspec.Struct, frozen=True):
    """On disk: `device` = DEK under the device secret, `content` = Secrets under the DEK; both base64."""

    version: int
    id: str
    device: str
    content: str


class Vault:
    """An open vault. `dek`: 32 bytes; `secrets`: what was enrolled; `where`: where the device secret lives ("os" or "file")."""

    def __init__(self, path: Path, vault_id: str, dek: bytes, device: bytes, secrets: Secrets, where: str) -> None:
        self.path, self.id, self.dek, self._device, self.secrets, self.where = path, vault_id, dek, device, secrets, where

    @classmethod
    def create(cls, home: Path, keystore: KeyStore, secrets: Secrets) -> "Vault":
        """Makes the device secret, the DEK and the file. Raises KioskError(ALREADY_ENROLLED) and leaves the old one alone."""
        path = home / NAME
        if path.exists():
            raise KioskError(Code.ALREADY_ENROLLED, home=home)
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        vault_id, device, dek = os.urandom(8).hex(), os.urandom(32), os.urandom(32)
        keystore.put(_secret_name(vault_id), device)
        vault = cls(path, vault_id, dek, device, secrets, keystore.where)
        vault.save()
        return vault

    @classmethod
    def open(cls, home: Path, keystore: KeyStore) -> "Vault":
        """Raises KioskError(NOT_ENROLLED) without a vault, KEYS_UNREADABLE when it is damaged or from another machine."""
        path = home / NAME
        try:
            stored = msgspec.json.decode(path.read_bytes(), type=VaultFile)
        except FileNotFoundError:
            if used(home):  # enrolling again would not bring the journal back
                raise KioskError(Code.KEYS_UNREADABLE, file=NAME, why="missing") from None
            raise KioskError(Code.NOT_ENROLLED, home=home) from None
        except (OSError, msgspec.DecodeError) as error:
            raise KioskError(Code.KEYS_UNREADABLE, file=NAME) from error
        device = keystore.get(_secret_name(stored.id))
        if device is None:
            raise KioskError(Code.KEYS_UNREADABLE, file="device secret")
        try:
            dek = seal.unwrap(_kek(device), base64.b64decode(stored.device), _aad(stored.id, "device"))
            content = seal.unwrap(dek, base64.b64decode(stored.content), _aad(stored.id, "content"))
            secrets = msgspec.msgpack.decode(content, type=Secrets)
        except (seal.Unopenable, binascii.Error, msgspec.DecodeError) as error:
            raise KioskError(Code.KEYS_UNREADABLE, file=NAME) from error
        return cls(path, stored.id, dek, device, secrets, keystore.where)

    def save(self) -> None:
        """Writes the file whole. Raises OSError."""
        wrapped = seal.wrap(_kek(self._device), self.dek, _aad(self.id, "device"))
        content = seal.wrap(self.dek, msgspec.msgpack.encode(self.secrets), _aad(self.id, "content"))
        stored = VaultFile(1, self.id, base64.b64encode(wrapped).decode(), base64.b64encode(content).decode())
        files.write(self.path, msgspec.json.encode(stored))


def used(home: Path) -> bool:
    """True if a journal lies here, whether or not its vault does."""
    return any((home / name).exists() for name in ("journal.db", "journal.sealed", "keyring"))


def _secret_name(vault_id: str) -> str:
    return f"device-{vault_id}"


def _kek(device: bytes) -> bytes:
    return seal.derive(device, b"kiosk-device-kek-v1")


def _aad(vault_id: str, part: str) -> bytes:
    return f"kiosk-vault-v1:{vault_id}:{part}".encode()
