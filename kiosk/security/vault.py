"""The vault: a random DEK, wrapped; and the kiosk's secrets wrapped by the DEK. Never logs, never prints a key.

As long as no officer has a PIN the DEK hangs on the device secret alone (`kiosk status` says so). With the first PIN that wrapping is
gone: from then on each officer has a key pair whose private half lies under Argon2id(PIN), the DEK is sealed to its public half, and both
lie under the device secret. A change of PIN makes one pair anew; a new DEK and device secret (a purge) need nobody's PIN.
"""

import base64
import binascii
import hmac
import os
from pathlib import Path

import msgspec

from kiosk.crypto import seal
from kiosk.crypto.kdf import Costs
from kiosk.domain.protocol import Enrolment, OfficerRow
from kiosk.errors import Code, KioskError
from kiosk.ports import KeyStore
from kiosk.security import files

NAME = "vault.json"
PUBLIC = 32  # bytes of a public key, before the private one in Slot.way


class Secrets(msgspec.Struct, frozen=True):
    """What enrolment gave and made. `kiosk_seed` signs envelopes, openings and mirror heads; `issuer_seed` signs voter slips.
    `server`: "" for training, which talks to nobody."""

    kiosk_seed: bytes
    issuer_seed: bytes
    enrolment: Enrolment
    server: str


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One officer's way in, base64. `way`: the officer's X25519 key, its private half under the PIN; `wrapped`: the DEK sealed to it; both
    under the device secret. `first`: the PIN was given out of band and is to be replaced; `phrase`: four words; `set_at`: ms UTC."""

    officer: str
    salt: str
    costs: Costs
    way: str = ""
    wrapped: str = ""
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


class VaultFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On disk, all base64: `device` = DEK under the device secret, "" once an officer has a PIN; `content` = Secrets under the DEK.

    An unknown name is one that was damaged: read over, it would take the officers or their ways in away without a word.
    """

    version: int
    id: str
    device: str
    content: str
    people: str = ""
    slots: list[Slot] = []


class Lid(msgspec.Struct, frozen=True):
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
            aad, device = _slot_aad(self.stored.id, slot), officer_kek(self.device)
            way = seal.unwrap(device, base64.b64decode(slot.way), aad)
            private = seal.unwrap(pin_kek(key, slot), way[PUBLIC:], _pin_aad(slot))
            return seal.open_key(private, seal.unwrap(device, base64.b64decode(slot.wrapped), aad), aad)
        except seal.Unopenable:
            return None
        except binascii.Error as error:
            raise KioskError(Code.KEYS_UNREADABLE, file=NAME) from error

    def ways_whole(self) -> bool:
        """True if the device secret opens every officer's way as far as the PIN, and the seal of the DEK behind it."""
        try:
            for slot in self.stored.slots:
                aad, device = _slot_aad(self.stored.id, slot), officer_kek(self.device)
                seal.unwrap(device, base64.b64decode(slot.way), aad)
                seal.unwrap(device, base64.b64decode(slot.wrapped), aad)
        except (seal.Unopenable, binascii.Error):
            return False
        return True

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
    """An open vault. `dek`, `device`: 32 bytes each; `secrets`: what was enrolled; `where`: where the device secret lives (os, file)."""

    def __init__(self, path: Path, vault_id: str, dek: bytes, device: bytes, secrets: Secrets, where: str) -> None:
        self.path, self.id, self.dek, self.device, self.secrets, self.where = path, vault_id, dek, device, secrets, where

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

    def renewed(self, folder: Path) -> "Vault":
        """The same secrets for a vault that is to be written to `folder`: new id, new DEK, new device secret (not stored yet)."""
        return Vault(folder / NAME, os.urandom(8).hex(), os.urandom(32), os.urandom(32), self.secrets, self.where)

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
        slot = Slot(officer, base64.b64encode(salt).decode(), costs, "", "", first, phrase, set_at)
        private = seal.generate_day()
        return self._shut(slot, seal.day_public(private) + seal.wrap(pin_kek(key, slot), private, _pin_aad(slot)))

    def taken_over(self, slot: Slot, old: "Vault") -> Slot:
        """The officer of the `old` vault opens this one by the same PIN, which nobody gives for it. Raises KioskError(KEYS_UNREADABLE)."""
        try:
            return self._shut(slot, seal.unwrap(officer_kek(old.device), base64.b64decode(slot.way), _slot_aad(old.id, slot)))
        except (seal.Unopenable, binascii.Error) as error:
            raise KioskError(Code.KEYS_UNREADABLE, file=NAME) from error

    def _shut(self, slot: Slot, way: bytes) -> Slot:
        """`way`: public half and, under the PIN, the private one."""
        aad, device = _slot_aad(self.id, slot), officer_kek(self.device)
        sealed = seal.wrap(device, seal.seal_key(way[:PUBLIC], self.dek, aad), aad)
        both = (base64.b64encode(part).decode() for part in (seal.wrap(device, way, aad), sealed))
        return msgspec.structs.replace(slot, **dict(zip(("way", "wrapped"), both, strict=True)))

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
        wrapped = "" if slots else base64.b64encode(seal.wrap(_kek(self.device), self.dek, _aad(self.id, "device"))).decode()
        self._replace(VaultFile(3, self.id, wrapped, self._content(), self._people(), slots))

    def _replace(self, stored: VaultFile) -> None:
        files.write(self.path, msgspec.json.encode(stored))

    def _content(self) -> str:
        return base64.b64encode(seal.wrap(self.dek, msgspec.msgpack.encode(self.secrets), _aad(self.id, "content"))).decode()

    def _people(self) -> str:
        said = self.secrets.enrolment
        people = People(said.kiosk, said.label, said.station.code, said.station.name, said.station.ward, said.officers)
        return base64.b64encode(seal.wrap(_people_key(self.device), msgspec.msgpack.encode(people), _aad(self.id, "people"))).decode()


def used(home: Path) -> bool:
    """True if a journal lies here, whether or not its vault does."""
    return any((home / name).exists() for name in ("journal.db", "journal.sealed", "keyring"))


def officer_kek(device: bytes) -> bytes:
    """The outer of the two: without the device secret there is nothing to try a PIN on."""
    return seal.derive(device, b"kiosk-officer-kek-v2")


def pin_kek(key: bytes, slot: Slot) -> bytes:
    """The inner: from the stretched PIN alone, so that it outlives a change of the device secret."""
    return seal.derive(key, b"kiosk-pin-kek-v1", base64.b64decode(slot.salt))


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
    return _aad(vault_id, f"officer:{_pin_aad(slot).decode()}")


def _pin_aad(slot: Slot) -> bytes:
    costs = slot.costs
    return f"{slot.officer}:{slot.salt}:{costs.memory_kib}:{costs.passes}:{costs.lanes}".encode()
