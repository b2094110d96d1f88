"""The vault: a random DEK, wrapped; and the kiosk's secrets wrapped by the DEK. Never logs, never prints a key.

As long as no officer has a PIN the DEK hangs on the device secret alone (`kiosk status` says so). With the first PIN that wrapping is
gone: from then on the DEK is wrapped once for each officer, under Argon2id(PIN) x device secret. A change of PIN wraps 32 bytes again.
"""

import base64
import binascii
import hmac
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from kiosk.crypto import seal
from kiosk.crypto.kdf import Costs
from kiosk.domain.protocol import Enrolment, OfficerRow
from kiosk.errors import Code, KioskError
from kiosk.ports import KeyStore
from kiosk.security import files

NAME = "vault.json"


class Secrets(msgspec.Struct, frozen=True):
    """What enrolment gave and made. `kiosk_seed` signs envelopes, openings and mirror heads; `issuer_seed` signs voter slips.
    `server`: "" for training, which talks to nobody."""

    kiosk_seed: bytes
    issuer_seed: bytes
    enrolment: Enrolment
    server: str


class Slot(msgspec.Struct, frozen=True):
    """One officer's way in. `wrapped`: the DEK under the officer's KEK, base64; `first`: the PIN was given out of band and is to be
    replaced; `phrase`: four words; `set_at`: ms UTC."""

    officer: str
    salt: str
    costs: Costs
    wrapped: str
    first: bool = False
    phrase: bool = False
    set_at: int = 0


class People(msgspec.Struct, frozen=True):
    """What the sign-in page must know before anybody has signed in; sealed under the device secret alone."""

    kiosk: str = ""
    label: str = ""
    station: str = ""
    name: str = ""
    ward: str = ""
    officers: list[OfficerRow] = []


class VaultFile(msgspec.Struct, frozen=True):
    """On disk, all base64: `device` = DEK under the device secret, "" once an officer has a PIN; `content` = Secrets under the DEK."""

    version: int
    id: str
    device: str
    content: str
    people: str = ""
    slots: list[Slot] = []


@dataclass(frozen=True, slots=True)
class Lid:
    """A closed vault: who may open it. `where`: where the device secret lives ("os" or "file")."""

    path: Path
    stored: VaultFile
    device: bytes
    where: str
    people: People

    @classmethod
    def look(cls, home: Path, keystore: KeyStore) -> "Lid":
        """Raises KioskError(NOT_ENROLLED) without a vault, KEYS_UNREADABLE when it is damaged or from another machine."""
        path = home / NAME
        stored = _read(path, home)
        device = keystore.get(secret_name(stored.id))
        if device is None:
            raise KioskError(Code.KEYS_UNREADABLE, file="device secret")
        people = People()
        if stored.people:
            try:
                opened = seal.unwrap(_people_key(device), base64.b64decode(stored.people), _aad(stored.id, "people"))
                people = msgspec.msgpack.decode(opened, type=People)
            except (seal.Unopenable, binascii.Error, msgspec.DecodeError, UnicodeDecodeError) as error:
                raise KioskError(Code.KEYS_UNREADABLE, file=NAME) from error
        return cls(path, stored, device, keystore.where, people)

    @property
    def secured(self) -> bool:
        """True once an officer has a PIN here."""
        return bool(self.stored.slots)

    def slot(self, officer: str) -> Slot | None:
        return next((slot for slot in self.stored.slots if slot.officer == officer), None)

    def open(self) -> "Vault":
        """By the device secret alone. Raises KioskError(LOCKED) once an officer has a PIN, KEYS_UNREADABLE."""
        if self.secured:
            raise KioskError(Code.LOCKED)
        try:
            return self._opened(seal.unwrap(_kek(self.device), base64.b64decode(self.stored.device), _aad(self.stored.id, "device")))
        except (seal.Unopenable, binascii.Error) as error:
            raise KioskError(Code.KEYS_UNREADABLE, file=NAME) from error

    def dek(self, officer: str, key: bytes) -> bytes | None:
        """The DEK by the officer's stretched PIN (`key`, 32 bytes), or None: wrong PIN. Raises KioskError(KEYS_UNREADABLE)."""
        slot = self.slot(officer)
        if slot is None:
            return None
        try:
            salt, wrapped = base64.b64decode(slot.salt), base64.b64decode(slot.wrapped)
            return seal.unwrap(officer_kek(key, self.device, salt), wrapped, _slot_aad(self.stored.id, slot))
        except seal.Unopenable:
            return None
        except binascii.Error as error:
            raise KioskError(Code.KEYS_UNREADABLE, file=NAME) from error

    def opened_by(self, dek: bytes) -> "Vault":
        """Raises KioskError(KEYS_UNREADABLE)."""
        return self._opened(dek)

    def _opened(self, dek: bytes) -> "Vault":
        try:
            content = seal.unwrap(dek, base64.b64decode(self.stored.content), _aad(self.stored.id, "content"))
            secrets = msgspec.msgpack.decode(content, type=Secrets)
        except (seal.Unopenable, binascii.Error, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise KioskError(Code.KEYS_UNREADABLE, file=NAME) from error
        return Vault(self.path, self.stored.id, dek, self.device, secrets, self.where)


class Vault:
    """An open vault. `dek`: 32 bytes; `secrets`: what was enrolled; `where`: where the device secret lives ("os" or "file")."""

    def __init__(self, path: Path, vault_id: str, dek: bytes, device: bytes, secrets: Secrets, where: str) -> None:
        self.path, self.id, self.dek, self._device, self.secrets, self.where = path, vault_id, dek, device, secrets, where

    @classmethod
    def create(cls, home: Path, keystore: KeyStore, secrets: Secrets, now: int = 0) -> "Vault":
        """Makes the device secret, the DEK and the file; a first PIN of the enrolment locks it at once. Raises KioskError(ALREADY_ENROLLED)
        and leaves the old one alone."""
        path = home / NAME
        if path.exists():
            raise KioskError(Code.ALREADY_ENROLLED, home=home)
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        vault_id, device, dek = os.urandom(8).hex(), os.urandom(32), os.urandom(32)
        keystore.put(secret_name(vault_id), device)
        firsts = secrets.enrolment.first_pins
        secrets = msgspec.structs.replace(secrets, enrolment=msgspec.structs.replace(secrets.enrolment, first_pins=[]))
        vault = cls(path, vault_id, dek, device, secrets, keystore.where)
        slots = [
            vault.wrapped(first.officer, first.key, first.salt, Costs(first.memory_kib, first.passes, first.lanes), first=True, set_at=now)
            for first in firsts
        ]
        vault._write(slots)
        return vault

    @classmethod
    def open(cls, home: Path, keystore: KeyStore) -> "Vault":
        """By the device secret alone. Raises KioskError(NOT_ENROLLED | LOCKED | KEYS_UNREADABLE)."""
        return Lid.look(home, keystore).open()

    def renewed(self, folder: Path) -> tuple["Vault", bytes]:
        """The same secrets for a vault that is to be written to `folder`: new id, new DEK, new device secret (returned, not stored yet)."""
        device = os.urandom(32)
        return Vault(folder / NAME, os.urandom(8).hex(), os.urandom(32), device, self.secrets, self.where), device

    def write(self, slots: list[Slot]) -> None:
        """The file of a new vault; without slots the device secret alone opens it. Raises OSError."""
        self._write(slots)

    def slots(self) -> list[Slot]:
        """As they lie in the file now: another program may have set a PIN."""
        return _read(self.path, self.path.parent).slots

    def wrapped(
        self, officer: str, key: bytes, salt: bytes, costs: Costs, *, first: bool = False, phrase: bool = False, set_at: int = 0
    ) -> Slot:
        """The DEK for one officer. `key`: the stretched PIN, 32 bytes; `salt`: 16 bytes."""
        slot = Slot(officer, base64.b64encode(salt).decode(), costs, "", first, phrase, set_at)
        sealed = seal.wrap(officer_kek(key, self._device, salt), self.dek, _slot_aad(self.id, slot))
        return msgspec.structs.replace(slot, wrapped=base64.b64encode(sealed).decode())

    def put(self, slot: Slot) -> None:
        """Sets an officer's slot in place of the old one; with the first the device secret alone opens no more. Raises OSError."""
        stored = _read(self.path, self.path.parent)
        slots = [other for other in stored.slots if other.officer != slot.officer]
        self._replace(msgspec.structs.replace(stored, device="", slots=[*slots, slot]))

    def drop(self, officer: str) -> None:
        """Takes an officer's way in. The caller leaves one lead. Raises OSError."""
        stored = _read(self.path, self.path.parent)
        slots = [slot for slot in stored.slots if slot.officer != officer]
        if slots:
            self._replace(msgspec.structs.replace(stored, slots=slots))

    def learn(self, secrets: Secrets) -> None:
        """The enrolment changed (officers by the feed). Raises OSError."""
        self.secrets = secrets
        stored = _read(self.path, self.path.parent)
        self._replace(msgspec.structs.replace(stored, content=self._content(), people=self._people()))

    def same(self, dek: bytes) -> bool:
        return hmac.compare_digest(dek, self.dek)

    def _write(self, slots: list[Slot]) -> None:
        wrapped = "" if slots else base64.b64encode(seal.wrap(_kek(self._device), self.dek, _aad(self.id, "device"))).decode()
        self._replace(VaultFile(2, self.id, wrapped, self._content(), self._people(), slots))

    def _replace(self, stored: VaultFile) -> None:
        files.write(self.path, msgspec.json.encode(stored))

    def _content(self) -> str:
        return base64.b64encode(seal.wrap(self.dek, msgspec.msgpack.encode(self.secrets), _aad(self.id, "content"))).decode()

    def _people(self) -> str:
        said = self.secrets.enrolment
        people = People(said.kiosk, said.label, said.station.code, said.station.name, said.station.ward, said.officers)
        return base64.b64encode(seal.wrap(_people_key(self._device), msgspec.msgpack.encode(people), _aad(self.id, "people"))).decode()


def used(home: Path) -> bool:
    """True if a journal lies here, whether or not its vault does."""
    return any((home / name).exists() for name in ("journal.db", "journal.sealed", "keyring"))


def officer_kek(key: bytes, device: bytes, salt: bytes) -> bytes:
    """Argon2id(PIN) x device secret: whoever lacks either has nothing to try."""
    return seal.derive(key + device, b"kiosk-officer-kek-v1", salt)


def _read(path: Path, home: Path) -> VaultFile:
    try:
        return msgspec.json.decode(path.read_bytes(), type=VaultFile)
    except FileNotFoundError:
        if used(home):  # enrolling again would not bring the journal back
            raise KioskError(Code.KEYS_UNREADABLE, file=NAME, why="missing") from None
        raise KioskError(Code.NOT_ENROLLED, home=home) from None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise KioskError(Code.KEYS_UNREADABLE, file=NAME) from error


def secret_name(vault_id: str) -> str:
    """Under what the device secret of a vault lies in the key store."""
    return f"device-{vault_id}"


def _kek(device: bytes) -> bytes:
    return seal.derive(device, b"kiosk-device-kek-v1")


def _people_key(device: bytes) -> bytes:
    return seal.derive(device, b"kiosk-people-v1")


def _aad(vault_id: str, part: str) -> bytes:
    return f"kiosk-vault-v1:{vault_id}:{part}".encode()


def _slot_aad(vault_id: str, slot: Slot) -> bytes:
    costs = slot.costs
    return _aad(vault_id, f"officer:{slot.officer}:{slot.salt}:{costs.memory_kib}:{costs.passes}:{costs.lanes}")
