"""Both sides' databases read with plain SQL and opened with the oracle's own decryption; never the product's counters.

At every instant: what the kiosk counts as acknowledged is at the province, byte for byte; `opened` passes no hole. At the end: the
bytes at both sides are the same, each once, and every deed of the kiosk is one row of the province.
"""

import json
import sqlite3
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.durability.oracle import DICTIONARIES, connect, parts


@dataclass
class Sides:
    """epoch -> seq -> SHA-256 of the event's bytes, on each side; the kiosk's best receipts; the province's positions."""

    written: dict[str, dict[int, bytes]] = field(default_factory=lambda: defaultdict(dict))
    acked: dict[str, int] = field(default_factory=dict)
    held: dict[str, dict[int, bytes]] = field(default_factory=lambda: defaultdict(dict))
    aside: set[bytes] = field(default_factory=set)
    have: dict[str, tuple[int, int]] = field(default_factory=dict)
    doubled: int = 0


class Province:
    """Plain SQL on either engine."""

    def __init__(self, home: Path, url: str) -> None:
        self.home = home
        file = f"file:{home / 'province.db'}?mode=ro"
        self._conn: Any = psycopg.connect(url, autocommit=True) if url else sqlite3.connect(file, uri=True)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return list(self._conn.execute(query).fetchall())

    def close(self) -> None:
        self._conn.close()


def look(kiosk: Path, province: Province) -> Sides:
    """The kiosk first: what it believes now must be true of a province that is read later."""
    out = Sides()
    conn = connect(kiosk)
    out.acked = dict(conn.execute("SELECT epoch, max(min(have, to_seq)) FROM receipt GROUP BY epoch").fetchall())
    for epoch, seq, sealed in conn.execute("SELECT epoch, seq, sealed FROM event"):
        out.written[epoch][seq] = sha256(sealed).digest()
    conn.close()
    out.have = {e: (have, opened) for e, have, opened in province.rows("SELECT epoch, have_seq, opened_seq FROM epoch")}
    for epoch, seq, sealed in province.rows("SELECT epoch, seq, sealed FROM event"):
        out.doubled += seq in out.held[epoch]
        out.held[epoch][seq] = sha256(bytes(sealed)).digest()
    out.aside = {sha256(bytes(sealed)).digest() for (sealed,) in province.rows("SELECT sealed FROM quarantine")}
    return out


def now(sides: Sides) -> list[str]:
    """What must hold at every instant; the events of other kiosks are passed over."""
    faults = [f"doubled: {sides.doubled}"] * bool(sides.doubled)
    for epoch, have in sides.acked.items():
        lost = [seq for seq in range(1, have + 1) if sides.held[epoch].get(seq) != sides.written[epoch].get(seq)]
        faults += [f"acknowledged and lost: {epoch}:{seq}" for seq in lost[:3]]
    for epoch, (have, opened) in sides.have.items():
        gapless = next(seq for seq in range(1, len(sides.held[epoch]) + 2) if seq not in sides.held[epoch]) - 1
        if not 0 <= opened <= have <= gapless:
            faults.append(f"{epoch}: opened {opened}, have {have}, gapless to {gapless}")
    return faults


def end(sides: Sides, forked: bool = False) -> list[str]:
    """When all is quiet: the same bytes, each once; of a fork every byte is held or set aside."""
    faults = now(sides)
    for epoch, events in sides.written.items():
        there = sides.held[epoch]
        missing = [seq for seq, digest in events.items() if there.get(seq) != digest and not (forked and digest in sides.aside)]
        faults += [f"lost: {epoch}:{seq}" for seq in missing[:3]]
        if not forked and (strange := set(there) - set(events)):
            faults.append(f"{epoch}: {len(strange)} events nobody wrote")
        if not forked and sides.have.get(epoch) != (len(events), len(events)):
            faults.append(f"{epoch}: {len(events)} written, have and opened {sides.have.get(epoch)}")
    return faults


def deeds(province: Province, days: Path) -> list[str]:
    """Every event at the province opened with this oracle's own hands; each deed that arrived is one visit."""
    seen: set[str] = set()
    keys: dict[str, tuple[bytes, bytes, tuple[bytes, ...]]] = {}
    for epoch, opening in province.rows("SELECT epoch, opening FROM epoch"):
        said = msgspec.msgpack.decode(bytes(opening))
        place = (said["kiosk"].encode(), said["station"].encode(), said["event_day"].encode(), bytes.fromhex(epoch))
        keys[epoch] = (_content_key(days / f"{said['event_day']}.key", said["content_key"], place), DICTIONARIES[said["dictionary"]], place)
    for epoch, kind, sealed in province.rows("SELECT epoch, kind, sealed FROM event"):
        content, dictionary, place = keys[epoch]
        data = bytes(sealed)
        packed = AESGCM(content).decrypt(data[14:26], data[26:], parts(data[:14], *place))
        body = json.loads(zlib.decompressobj(-15, dictionary).decompress(packed))
        if kind == 1:
            seen.add(body["deed"])
    filed = Counter(deed for (deed,) in province.rows("SELECT deed FROM deed WHERE kind = 1"))
    visits = province.rows("SELECT count(*) FROM visit")[0][0]
    faults = [f"deed {deed} has no row" for deed in list(seen - set(filed))[:3]]
    faults += [f"{visits} visits of {len(seen)} deeds"] * (visits != len(seen))
    counted = province.rows("SELECT coalesce(sum(visits), 0) FROM rollup")[0][0]
    return faults + [f"rollup {counted} of {len(seen)}"] * (int(counted) != len(seen))


def _content_key(day: Path, sealed: bytes, place: tuple[bytes, ...]) -> bytes:
    private = X25519PrivateKey.from_private_bytes(day.read_bytes())
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    shared = private.exchange(X25519PublicKey.from_public_bytes(sealed[:32]))
    info = HKDF(algorithm=SHA256(), length=32, salt=sealed[:32] + public, info=b"kiosk-content-key-v1").derive(shared)
    return AESGCM(info).decrypt(sealed[32:44], sealed[44:], parts(b"kiosk-epoch-v1", *place))
