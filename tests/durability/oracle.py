"""Reads a kiosk's home with its own SQL, its own key derivation and its own decryption: never the product's own counters."""

import base64
import hmac
import json
import struct
import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import sqlcipher3.dbapi2 as sqlcipher
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

DICTIONARIES = {int(path.name): path.read_bytes() for path in (Path(__file__).parents[2] / "data" / "dict").iterdir()}


Given = tuple[str, str]  # officer's id, PIN


def hkdf(secret: bytes, info: bytes, salt: bytes = b"") -> bytes:
    """RFC 5869, SHA-256, one block."""
    return hmac.digest(hmac.digest(salt or bytes(32), secret, sha256), info + b"\x01", sha256)


def dek(home: Path, given: Given | None = None) -> bytes:
    """The DEK from vault.json and the file key store; by an officer's PIN once there is one."""
    vault = json.loads((home / "vault.json").read_text())
    stored = (home / "device.secret").read_bytes()
    device = stored if len(stored) == 32 else base64.b64decode(json.loads(stored)[f"device-{vault['id']}"])
    if given is not None:
        return _by_pin(vault, device, *given)
    wrapped = base64.b64decode(vault["device"])
    return AESGCM(hkdf(device, b"kiosk-device-kek-v1")).decrypt(wrapped[:12], wrapped[12:], f"kiosk-vault-v1:{vault['id']}:device".encode())


def _by_pin(vault: dict[str, Any], device: bytes, officer: str, pin: str) -> bytes:
    """Device secret, then PIN, then the officer's X25519 key: decision 0034."""

    def opened(key: bytes, sealed: bytes, aad: str) -> bytes:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], aad.encode())

    slot = next(one for one in vault["slots"] if one["officer"] == officer)
    salt, costs = base64.b64decode(slot["salt"]), slot["costs"]
    stretched = hash_secret_raw(pin.encode(), salt, costs["passes"], costs["memory_kib"], costs["lanes"], 32, Type.ID)
    inner = f"{officer}:{slot['salt']}:{costs['memory_kib']}:{costs['passes']}:{costs['lanes']}"
    outer, kek = f"kiosk-vault-v1:{vault['id']}:officer:{inner}", hkdf(device, b"kiosk-officer-kek-v2")
    way = opened(kek, base64.b64decode(slot["way"]), outer)
    private = X25519PrivateKey.from_private_bytes(opened(hkdf(stretched, b"kiosk-pin-kek-v1", salt), way[32:], inner))
    sealed = opened(kek, base64.b64decode(slot["wrapped"]), outer)
    shared = private.exchange(X25519PublicKey.from_public_bytes(sealed[:32]))
    return opened(hkdf(shared, b"kiosk-content-key-v1", sealed[:32] + way[:32]), sealed[32:], outer)


@dataclass(frozen=True)
class Row:
    epoch: str
    seq: int
    kind: int
    deed: str
    fields: dict[str, Any]
    sha256: str


@dataclass(frozen=True)
class Ledger:
    """Every event, opened; `faults`: what does not hold (chain, gap, key)."""

    rows: list[Row]
    faults: list[str]


def parts(*items: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(i)) + i for i in items)


def connect(home: Path, key: bytes | None = None) -> Any:
    conn = sqlcipher.connect(str(home / "journal.db"))
    conn.execute(f"PRAGMA key=\"x'{(key or dek(home)).hex()}'\"")
    return conn


def ledger(home: Path, skip_lost_keys: bool = False, given: Given | None = None) -> Ledger:
    key, rows, faults = dek(home, given), list[Row](), list[str]()
    conn = connect(home, key)
    for epoch, opening in conn.execute("SELECT epoch, opening FROM epoch ORDER BY ordinal").fetchall():
        said = msgspec.msgpack.decode(opening)
        raw, kiosk = bytes.fromhex(epoch), said["kiosk"].encode()
        wrapped = (home / "keyring" / epoch).read_bytes()
        try:
            content = AESGCM(key).decrypt(wrapped[:12], wrapped[12:], b"kiosk-keyring-v1" + raw)
        except InvalidTag:
            if not skip_lost_keys:
                raise
            continue
        head = sha256(b"kiosk-chain-v1" + parts(kiosk, raw, bytes(32), opening)).digest()
        found = conn.execute("SELECT seq, kind, deed, sealed, head FROM event WHERE epoch=? ORDER BY seq", (epoch,)).fetchall()
        for expected, (seq, kind, deed, sealed, claimed) in enumerate(found, 1):
            head = sha256(b"kiosk-chain-v1" + parts(kiosk, raw, head, sealed)).digest()
            if seq != expected or head != claimed:
                faults.append(f"{epoch}:{seq} chain")
                head = claimed
            aad = parts(sealed[:14], kiosk, said["station"].encode(), said["event_day"].encode(), raw)
            packed = AESGCM(content).decrypt(sealed[14:26], sealed[26:], aad)
            body = json.loads(zlib.decompressobj(-15, DICTIONARIES[said["dictionary"]]).decompress(packed))
            if body["deed"] != deed.hex():
                faults.append(f"{epoch}:{seq} deed")
            rows.append(Row(epoch, seq, kind, body["deed"], body["f"], sha256(sealed).hexdigest()))
    conn.close()
    return Ledger(rows, faults)


def hashes(home: Path) -> dict[tuple[str, int], str]:
    """SHA-256 of every event's bytes as they lie in the database, opened or not."""
    conn = connect(home)
    found = conn.execute("SELECT epoch, seq, sealed FROM event").fetchall()
    conn.close()
    return {(epoch, seq): sha256(sealed).hexdigest() for epoch, seq, sealed in found}


def readable(home: Path) -> list[Row]:
    """Every event that opens; those of an epoch whose key is gone are left out."""
    return ledger(home, skip_lost_keys=True).rows


def sealed(home: Path) -> set[tuple[str, int]]:
    """(epoch, seq) of the events in `journal.sealed`, frame by frame, up to the first that is not whole."""
    data, at, found = (home / "journal.sealed").read_bytes(), len(b"HUE-KIOSK-JOURNAL-1\n"), set[tuple[str, int]]()
    while at + 8 <= len(data):
        length, crc = struct.unpack_from(">II", data, at)
        frame = data[at + 8 : at + 8 + length]
        if len(frame) != length or zlib.crc32(frame) != crc:
            break
        if frame[:1] == b"E":
            raw, seq = struct.unpack_from(">8sI", frame, 1)
            found.add((raw.hex(), seq))
        at += 8 + length
    return found
