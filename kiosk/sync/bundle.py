"""The stick at the kiosk: everything that waits, as the very calls that the network would have carried, in one file; and the answers home.

Written beside, fsynced, read back, then renamed: what stands there under its name is whole. No transport here, and no event is touched.
"""

import contextlib
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec

from kiosk.crypto import sign
from kiosk.domain import protocol, stick
from kiosk.domain.protocol import PROVINCE, BatchAnswer, Envelope, FeedCall, FeedPage, HaveCall, Manifest, Problem, Untrusted, pack
from kiosk.errors import Code, KioskError, code_of
from kiosk.ports import Clock
from kiosk.store.bundles import Bundles
from kiosk.store.feed import Filing
from kiosk.store.outbox import Outbox
from kiosk.sync.uploader import DISK, Credentials

EVENTS, BYTES = 1_000, 512 * 1024
MAX_FILE = 512 * 1024 * 1024
WORTH = {"magic": "foreign", "cut": "cut", "torn": "torn", "type": "foreign", "end": "torn", "digest": "torn"}


class Written(msgspec.Struct, frozen=True):
    """`events` in the file; `bytes` of the file; `digest`: its SHA-256 as hex."""

    events: int
    bytes: int
    digest: str


class Taken(msgspec.Struct, frozen=True):
    """`events`: newly acknowledged; `refused`: newly put aside by the province; `feed`: rows of the feed; `rejected`: answers and receipts
    that were not used, of which `unproven`: receipts that are not about our bytes, `problems`: calls that the province refused, by its
    code; the others are not signed by the province or not to our calls. `trouble`: "" or why the file ends early (foreign, cut, torn)."""

    events: int = 0
    bytes: int = 0
    digest: str = ""
    refused: int = 0
    feed: int = 0
    rejected: int = 0
    trouble: str = ""
    unproven: int = 0
    problems: dict[str, int] = msgspec.field(default_factory=dict)

    def plus(self, more: "Taken") -> "Taken":
        """Both together: sums, the later digest, the first trouble."""
        names = ("events", "bytes", "refused", "feed", "rejected", "unproven")
        sums = {name: getattr(self, name) + getattr(more, name) for name in names}
        problems = {code: self.problems.get(code, 0) + more.problems.get(code, 0) for code in {**self.problems, **more.problems}}
        return Taken(**sums, digest=more.digest or self.digest, trouble=self.trouble or more.trouble, problems=problems)


class Stick:
    """Exports and takes home. Raises KioskError throughout."""

    def __init__(self, outbox: Outbox, filing: Filing, bundles: Bundles, me: Credentials, clock: Clock) -> None:
        self._outbox, self._filing, self._bundles, self._me, self._clock = outbox, filing, bundles, me, clock

    def export(self, file: Path, event_day: str | None, everything: bool = False) -> Written:
        """Writes what waits (`everything`: all events once more) to `file`. Raises KioskError(FILE_NOT_WRITTEN)."""
        events = 0
        nonces: list[tuple[bytes, str, bytes]] = []

        def calls() -> Iterator[bytes]:
            nonlocal events
            if event_day is not None:
                yield self._call("manifest", self._outbox.manifest(event_day), nonces)
            for batch in self._outbox.batches(EVENTS, BYTES, everything):
                events += sum(len(span.events) for span in batch.spans)
                yield self._call("events", batch, nonces)
            yield self._call("have", HaveCall(), nonces)
            yield self._call("feed", FeedCall(self._filing.cursors()), nonces)

        size, digest = write(file, calls())
        self._bundles.remember(nonces, self._clock.now().wall)
        return Written(events, size, digest)

    def _call(self, kind: str, content: Manifest | protocol.Batch | HaveCall | FeedCall, nonces: list[tuple[bytes, str, bytes]]) -> bytes:
        nonce = os.urandom(16)
        asked = msgspec.msgpack.encode(content.cursors) if isinstance(content, FeedCall) else b""
        nonces.append((nonce, kind, asked))
        sealed = pack(self._me.seed, self._me.kiosk, kind, nonce, self._clock.now().wall, content)
        return msgspec.msgpack.encode(stick.Call(kind, sealed))

    def receipts(self, file: Path) -> Taken:
        """Takes the province's answers home. Raises KioskError(BAD_FILE) for a file in which nothing is to be found, RECEIPTS_NOT_KEPT
        when our disk takes nothing more; what it took before stays."""
        data = read(file)
        found = stick.read(data, stick.RECEIPTS, stick.ANSWER)
        if not found.frames and found.trouble:
            raise KioskError(Code.BAD_FILE, file=file.name, why=WORTH[found.trouble])
        taken = Taken(bytes=len(data), digest=sha256(data).hexdigest(), trouble=WORTH[found.trouble] if found.trouble else "")
        for frame in found.frames:
            try:
                taken = taken.plus(self._answer(frame))
            except Untrusted:
                taken = taken.plus(Taken(rejected=1))
            except KioskError as error:
                if error.code not in DISK:
                    raise
                raise KioskError(Code.RECEIPTS_NOT_KEPT, file=file.name, why=error.code.value) from error
        return taken

    def _answer(self, frame: bytes) -> Taken:
        """One answer. Raises Untrusted when it is not the province's, or to no call of ours."""
        sealed = protocol.envelope(frame)
        if sealed.sender != PROVINCE or not sign.verify(self._me.service, sealed.signature, sealed.signed()):
            raise Untrusted("signature")
        asked = self._bundles.asked(sealed.nonce)
        if asked is None or (sealed.kind != asked.kind and sealed.kind != "problem"):
            raise Untrusted("nonce")
        if sealed.kind in ("events", "have"):
            saved = self._outbox.save(protocol.decode(sealed.body, BatchAnswer))
            return Taken(saved.acknowledged, refused=saved.refused, rejected=saved.rejected, unproven=saved.rejected)
        if sealed.kind == "feed":
            return self._feed(sealed, msgspec.msgpack.decode(asked.asked, type=dict[str, int]))
        if sealed.kind == "problem":
            return Taken(rejected=1, problems={protocol.decode(sealed.body, Problem).code: 1})
        return Taken()

    def _feed(self, sealed: Envelope, asked: dict[str, int]) -> Taken:
        """A page that begins no later than where we stand; what the network has brought since is not taken back."""
        page, stands = protocol.decode(sealed.body, FeedPage), self._filing.cursors()
        scopes = {scope for scope, counter in page.cursors.items() if asked.get(scope, 0) <= stands.get(scope, 0) <= counter}
        kept = [item for item in page.rows if item.scope in scopes and item.counter > stands.get(item.scope, 0)]
        cursors = {scope: page.cursors[scope] for scope in scopes}
        sums = {scope: said for scope, said in page.checksums.items() if scope in scopes}
        part = msgspec.structs.replace(page, rows=kept, cursors=cursors, checksums=sums, must_refetch=[])
        return Taken(feed=self._filing.take(part, sealed.at).rows)


def write(file: Path, calls: Iterator[bytes]) -> tuple[int, str]:
    """(bytes, SHA-256 as hex) of the file that now stands there whole. Raises KioskError(FILE_NOT_WRITTEN)."""
    beside = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    digest, count = sha256(stick.BUNDLE), 0
    try:
        with beside.open("wb") as out:
            out.write(stick.BUNDLE)
            for call in calls:
                piece = stick.frame(stick.CALL, call)
                out.write(piece)
                digest.update(piece)
                count += 1
            last = stick.end(count, digest.digest())
            digest.update(last)
            out.write(last)
            out.flush()
            os.fsync(out.fileno())
        if sha256(beside.read_bytes()).digest() != digest.digest():
            raise KioskError(Code.FILE_NOT_WRITTEN, file=file.name, why="read back")
        os.replace(beside, file)
        _sync_folder(file.parent)
        return file.stat().st_size, digest.hexdigest()
    except OSError as error:
        raise KioskError(Code.FILE_NOT_WRITTEN, file=file.name, why=code_of(error).value, what=error.strerror or "") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """The name too is on the stick when we say so; a stick's file system may not know how."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read(file: Path) -> bytes:
    """Raises KioskError(BAD_FILE)."""
    try:
        if file.stat().st_size > MAX_FILE:
            raise KioskError(Code.BAD_FILE, file=file.name, why="too_large")
        return file.read_bytes()
    except OSError as error:
        raise KioskError(Code.BAD_FILE, file=file.name, why=error.strerror or "") from error
