"""The second copy, `journal.sealed`: every committed event once more, in order, never written before its COMMIT.

A frame is length u32 | CRC-32 u32 | type u8 | payload. Types: O an opening, E an event, H a head signed by the kiosk.
One flipped bit in a WAL can drop committed rows and no check inside the database sees it; this file does.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import IO, Any, NamedTuple

import msgspec
from sqlalchemy import Connection, select

from kiosk.crypto import chain, sign
from kiosk.domain.protocol import SignedOpening
from kiosk.errors import Code, KioskError, code_of
from kiosk.security import files
from kiosk.store import locks
from kiosk.store.engine import Database
from kiosk.store.journal import EPOCH, EVENT, Identity

MAGIC = b"HUE-KIOSK-JOURNAL-1\n"
FRAME = struct.Struct(">II")
EVENT_HEAD = struct.Struct(">8sI")
LONGEST = 1 << 20
CHUNK = 500
MOVE_EVENTS, MOVE_S = 64, 30.0  # so many events, or so many seconds after the last time, the WAL goes into the database
BEGUN = "sealed.begun"  # a new copy until it has its name


class Frame(NamedTuple):
    type: bytes
    payload: bytes
    end: int


class OpeningFrame(msgspec.Struct, frozen=True, array_like=True):
    epoch: str
    opening: bytes
    signature: bytes


class HeadFrame(msgspec.Struct, frozen=True, array_like=True):
    """`signature` over b"kiosk-mirror-v1" + epoch | seq | head."""

    epoch: str
    seq: int
    head: bytes
    signature: bytes

    def text(self) -> bytes:
        return b"kiosk-mirror-v1" + chain.fields(bytes.fromhex(self.epoch), self.seq.to_bytes(8, "big"), self.head)


class Scan(msgspec.Struct):
    """What the file holds: `seqs` last seq by epoch, `heads` chain after it, `whole` bytes up to the last whole frame,
    `torn` bytes after it, `broken` a frame that is whole but does not fit (chain, signature)."""

    seqs: dict[str, int]
    heads: dict[str, bytes]
    whole: int = len(MAGIC)
    torn: int = 0
    broken: str = ""


def frame(kind: bytes, payload: bytes) -> bytes:
    data = kind + payload
    return FRAME.pack(len(data), zlib.crc32(data)) + data


def frames(file: IO[bytes], start: int) -> Iterator[Frame]:
    """Whole frames from `start` on; ends at the first torn one."""
    file.seek(start)
    at = start
    while len(head := file.read(FRAME.size)) == FRAME.size:
        length, crc = FRAME.unpack(head)
        if not 1 <= length <= LONGEST:
            return
        data = file.read(length)
        if len(data) != length or zlib.crc32(data) != crc:
            return
        at += FRAME.size + length
        yield Frame(data[:1], data[1:], at)


def take(scan: Scan, found: Frame, kiosk: str, public: bytes | None) -> None:
    """Follows the chain by one frame; sets `broken` where it does not hold. `public` None: signatures are not checked (start-up:
    the chain is compared with the database's own heads; `kiosk verify` checks every signature)."""
    if found.type == b"O":
        opening = msgspec.msgpack.decode(found.payload, type=OpeningFrame)
        if public and not sign.verify(public, opening.signature, b"kiosk-opening-v1" + opening.opening):
            scan.broken = f"opening {opening.epoch}"
            return
        scan.seqs.setdefault(opening.epoch, 0)
        scan.heads.setdefault(opening.epoch, chain.link(kiosk, opening.epoch, chain.ZERO, opening.opening))
    elif found.type == b"E":
        raw, seq = EVENT_HEAD.unpack_from(found.payload)
        epoch = raw.hex()
        if scan.seqs.get(epoch, -1) + 1 != seq:
            scan.broken = f"{epoch}:{seq}"
            return
        scan.heads[epoch] = chain.link(kiosk, epoch, scan.heads[epoch], found.payload[EVENT_HEAD.size :])
        scan.seqs[epoch] = seq
    elif found.type == b"H":
        head = msgspec.msgpack.decode(found.payload, type=HeadFrame)
        if scan.heads.get(head.epoch) != head.head or (public and not sign.verify(public, head.signature, head.text())):
            scan.broken = f"head {head.epoch}:{head.seq}"


def read(path: Path, kiosk: str, public: bytes | None, scan: Scan | None = None) -> Scan:
    """Reads the file (on from an earlier scan). A missing file is an empty one. Raises OSError."""
    scan = scan or Scan({}, {})
    if not path.exists():
        return Scan({}, {})
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return Scan({}, {}, 0, path.stat().st_size, "magic")
        for found in frames(file, scan.whole):
            try:
                take(scan, found, kiosk, public)
            except (msgspec.DecodeError, struct.error, ValueError):
                scan.broken = f"byte {scan.whole}"
            if scan.broken:
                break
            scan.whole = found.end
        scan.torn = path.stat().st_size - scan.whole
        if scan.torn and not scan.broken and _goes_on(file, scan.whole + 1):
            scan.broken = f"byte {scan.whole}"  # a power cut tears what was not flushed yet; a flushed step after the tear means damage
    return scan


def _goes_on(file: IO[bytes], start: int) -> bool:
    """True if steps that were flushed lie after `start`: a step ends with a head, so whole frames after a head are another step."""
    file.seek(start)
    rest, at, ended = file.read(4 * LONGEST), 0, False
    while at < len(rest) - FRAME.size:
        length, crc = FRAME.unpack_from(rest, at)
        data = rest[at + FRAME.size : at + FRAME.size + length] if 1 <= length <= LONGEST else b""
        if not (data and len(data) == length and data[:1] in b"OEH" and zlib.crc32(data) == crc):
            at += 1
            continue
        if ended:
            return True
        ended, at = data[:1] == b"H", at + FRAME.size + length
    return False


class Mirror:
    """Follows the journal. One writer among all processes of a home: whoever holds the `mirror` lock writes for all."""

    def __init__(self, home: Path, database: Database, identity: Identity) -> None:
        self.path, self._home, self._database, self._me = home / "journal.sealed", home, database, identity
        self._scan: Scan | None = None
        self._unmoved, self._moved_at = 0, monotonic()  # events since the last checkpoint, and when that was
        self.trouble: Code | None = None

    def step(self) -> bool:
        """Catches up with everything committed. True if something was written. Never raises for a full or failing disk."""
        if self._database.viewing is not None:
            return False  # nothing new was committed, and nothing can be written
        lock = None
        try:
            lock = locks.acquire(self._home, "mirror")
            return self._catch_up() if lock is not None else False  # another process is writing, for us too
        except OSError as error:
            refused = code_of(error)
            self.trouble = refused if refused in (Code.DISK_FULL, Code.DISK_READ_ONLY) else Code.MIRROR_BROKEN
            self._scan = None  # what the file holds now, only the file can tell
            return False
        except KioskError as error:
            self.trouble, self._scan = error.code, None  # frames were counted that were never written
            return False
        finally:
            if lock is not None:
                lock.close()

    def _catch_up(self) -> bool:
        scan = self._scan = read(self.path, self._me.kiosk, None, self._scan)
        if scan.broken:
            scan = self._set_aside()
        if scan.torn:
            with self.path.open("r+b") as file:
                file.truncate(scan.whole)
            scan.torn = 0
        wrote = False
        while data := self._next(scan):
            self._write(data, scan)
            wrote = True
        self.trouble = None
        self._checkpoint()
        return wrote

    def _checkpoint(self) -> None:
        """Now and then: after each, the WAL begins anew and the next COMMIT flushes twice, while a voter waits."""
        now = monotonic()
        if self._unmoved >= MOVE_EVENTS or (self._unmoved and now - self._moved_at >= MOVE_S):
            self._database.checkpoint()
            self._unmoved, self._moved_at = 0, now

    def _set_aside(self) -> Scan:
        """A copy that does not hold together is kept for the experts, and a whole new one is begun."""
        number = sum(1 for _ in self._home.glob("journal.sealed.*")) + 1
        self.path.rename(self.path.with_name(f"journal.sealed.{number}"))
        self._scan = Scan({}, {})
        return self._scan

    def _write(self, data: bytes, scan: Scan) -> None:
        if not self.path.exists():
            self._begin()
        with self.path.open("ab") as file:
            file.write(data)
            file.flush()
            os.fdatasync(file.fileno()) if hasattr(os, "fdatasync") else os.fsync(file.fileno())
            scan.whole = file.tell()

    def _begin(self) -> None:
        """The first line is on the disk before the name is: a power cut leaves no copy, or one that begins well and is torn at most."""
        files.write(self._home / BEGUN, MAGIC)
        (self._home / BEGUN).replace(self.path)
        files.sync_folder(self._home)

    def _next(self, scan: Scan) -> bytes:
        """Frames for up to CHUNK events that the file lacks, a signed head after each epoch; moves `scan` along."""
        out: list[bytes] = []
        with self._database.read() as conn:
            openings = conn.execute(select(EPOCH.c.epoch, EPOCH.c.opening, EPOCH.c.signature, EPOCH.c.head).order_by(EPOCH.c.ordinal)).all()
            for row in openings:
                if row.epoch not in scan.seqs:
                    out.append(frame(b"O", msgspec.msgpack.encode(OpeningFrame(row.epoch, row.opening, row.signature))))
                    scan.seqs[row.epoch], scan.heads[row.epoch] = 0, row.head
                events = self._after(conn, row.epoch, scan.seqs[row.epoch])
                for event in events:
                    out.append(frame(b"E", EVENT_HEAD.pack(bytes.fromhex(row.epoch), event.seq) + event.sealed))
                self._unmoved += len(events)
                if events:
                    scan.seqs[row.epoch], scan.heads[row.epoch] = events[-1].seq, events[-1].head
                    out.append(self._head(row.epoch, events[-1].seq, events[-1].head))
        return b"".join(out)

    def _head(self, epoch: str, seq: int, head: bytes) -> bytes:
        unsigned = HeadFrame(epoch, seq, head, b"")
        return frame(b"H", msgspec.msgpack.encode(HeadFrame(epoch, seq, head, sign.sign(self._me.seed, unsigned.text()))))

    @staticmethod
    def _after(conn: Connection, epoch: str, seq: int) -> list[Any]:
        query = select(EVENT.c.seq, EVENT.c.sealed, EVENT.c.head).where(EVENT.c.epoch == epoch, EVENT.c.seq > seq)
        return list(conn.execute(query.order_by(EVENT.c.seq).limit(CHUNK)).all())


def opening_of(frame_: Frame) -> tuple[str, SignedOpening]:
    said = msgspec.msgpack.decode(frame_.payload, type=OpeningFrame)
    return said.epoch, SignedOpening(said.opening, said.signature)
