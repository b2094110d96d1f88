"""The uploader: takes what waits from the outbox, one batch in flight, and hands the province's signed answers back to it.

A thread repeats step(); the close of day and `kiosk sync` call the same step() through drain(). Nothing is sent inside a transaction,
no event is touched, and only outbox.save() says what counts as acknowledged.
"""

import os
import random
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from kiosk.domain.protocol import MAX_BYTES, MAX_EVENTS, Batch, BatchAnswer, FeedPage, HaveCall, Manifest, ManifestAnswer, pack
from kiosk.errors import Code, KioskError
from kiosk.ports import Clock, Transport
from kiosk.security.vault import Secrets
from kiosk.settings import Settings
from kiosk.store import syncnote
from kiosk.store.outbox import Counts, Saved
from kiosk.sync import answers, backoff
from kiosk.sync.feed import Feed
from kiosk.sync.http import HttpTransport
from kiosk.sync.state import SyncRequest, SyncState, of_error

LEAST_BYTES = 1024
ASK_S, ASK_CAP_S, IDLE_S = 2.0, 60.0, 300.0  # while something is not opened: 2, 4 … 60 s; when all is: a sign of life
PATIENCE_S = 60.0  # drain: without any progress for so long, say so instead of going on
T = TypeVar("T", BatchAnswer, FeedPage, ManifestAnswer)
COUNTED = ("events", "waiting", "acknowledged", "opened", "refused", "last_receipt_at", "parked", "aside", "apart")
STRIKES, PARKED_MS = 3, 30 * 60_000
DISK = frozenset({Code.DISK_FULL, Code.DISK_READ_ONLY, Code.VIEW_DISK})
DISK_TRIES = 3  # back-off while our own disk refuses: the province is not in trouble, and some seconds are enough
LINK = frozenset({Code.OFFLINE, Code.PORTAL, Code.TLS})
POLL_S = 1.0  # a thread looks at least so often for a request of another process


class Credentials(msgspec.Struct, frozen=True):
    """`kiosk` and its Ed25519 `seed` sign what goes up; `service` is the province's public key that signs what comes back."""

    kiosk: str
    seed: bytes
    service: bytes


class Queue(Protocol):
    """What the uploader needs of store.Outbox."""

    def next(self, max_events: int, max_bytes: int) -> Batch | None: ...
    def unsettled(self) -> list[str]: ...
    def again(self, epochs: Collection[str]) -> Batch | None: ...
    def save(self, answer: BatchAnswer) -> Saved: ...
    def counts(self) -> Counts: ...
    def park(self, epoch: str, seq: int, until: int) -> None: ...
    def conflicted(self) -> list[str]: ...


class Uploader:
    """`on_state` is told whenever the state changed; `pause` waits (seconds) between the steps of drain()."""

    def __init__(
        self,
        outbox: Queue,
        transport: Transport,
        identity: Credentials,
        clock: Clock,
        rng: random.Random,
        on_state: Callable[[SyncState], None] = lambda _: None,
        pause: Callable[[float], None] = time.sleep,
        feed: Feed | None = None,
        carry: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._outbox, self._transport, self._identity, self._clock, self._rng = outbox, transport, identity, clock, rng
        self._on_state, self._pause, self._feed, self._carry = on_state, pause, feed, carry
        self._feeds_turn = True
        self._strikes = 0  # failures of one event alone, while the province answers everything else
        self._turn = threading.Lock()  # one call in flight, whoever asks for it
        self._max_events, self._max_bytes = MAX_EVENTS, MAX_BYTES
        self._failures = 0
        self._hold_until = self._ask_at = 0.0  # monotonic seconds
        self._ask_every = ASK_S
        self._ask_first = True  # receipts may have been lost with the last run, or with the last answer
        self._forked: set[str] = set()
        self._revoked = False
        self._passed = 0  # events that wait and are passed over for now: parked, or with a receipt that the disk would not take
        self._prove_again = False  # `have` was answered, and may have proven nothing of an epoch that is forked
        self.state = self._told = SyncState()

    def step(self) -> SyncState:
        """At most one call: what may have been received before, then what waits, then whether it could be opened.

        Never raises KioskError: trouble is in the state, and in delay_s().
        """
        with self._turn:
            if self._mono() < self._hold_until:
                self._show(self.state.state, self.state.detail)  # the queue grows while we wait
                return self.state
            try:
                self._call()
            except KioskError as error:
                self._failed(error)
            return self.state

    def delay_s(self) -> float:
        """How long the thread may wait before the next step is of use; a commit wakes it earlier."""
        mono = self._mono()
        busy = self._ask_first or self._prove_again or not self.offered
        wanted = min(self._ask_at - mono, self._feed.wait_s(mono) if self._feed else self._ask_at)
        return max(0.0, self._hold_until - mono, 0.0 if busy else wanted)

    @property
    def offered(self) -> bool:
        """Nothing that waits is to be offered now: it is parked, or was received and our disk could not keep that."""
        return self.state.waiting <= self._passed

    def hurry(self) -> None:
        """Somebody asked for it now: no waiting before the next step (back-off goes on growing if it fails). Never blocks."""
        self._hold_until = self._ask_at = 0.0
        if self._feed is not None:
            self._feed.hurry()

    def drain(self, progress: Callable[[SyncState], None], cancelled: Callable[[], bool]) -> SyncState:
        """Steps until everything is held and opened, `cancelled()`, or nothing has moved for PATIENCE_S. Cancelling loses nothing."""
        self.hurry()
        best, since = (-1, -1), self._mono()
        while not cancelled():
            state = self.step()
            progress(state)
            if state.settled and not state.feed_due:
                break
            if (reached := (state.acknowledged, state.opened)) > best:
                best, since = reached, self._mono()
            elif self._mono() - since >= PATIENCE_S:
                break
            self._rest(cancelled, since + PATIENCE_S)
        return self.state

    def announce(self, manifest: Manifest) -> bool:
        """Tells the province at once what there is of a day, before it has all arrived. False: it could not be told now, `state` says
        why, and nothing is lost by it."""
        with self._turn:
            try:
                return self._exchange("manifest", manifest, ManifestAnswer).accepted
            except KioskError as error:
                self._show(of_error(error), str(error))
                return False

    def hand_over(self, manifest: Manifest, progress: Callable[[SyncState], None], cancelled: Callable[[], bool]) -> tuple[bool, SyncState]:
        """End of day: the manifest at once, then drain(); the manifest again when the link has come back meanwhile.

        Returns (the province knows what to expect, the state). Cancelling loses nothing: the rest goes on by itself.
        """
        known = self.announce(manifest)
        state = self.drain(progress, cancelled)
        if not known and state.state in ("ok", "fork") and not cancelled():
            known = self.announce(manifest)
        return known, self.state

    def serve(self, requests: SyncRequest) -> SyncState:
        """step(), and the answer to another process of this home that asked for one."""
        token = requests.pending()
        if token is not None:
            self.hurry()
        before, state = self.state, self.step()
        if token is not None:
            requests.done(token, state.since(before))
        return state

    def close(self) -> None:
        self._transport.close()

    def _rest(self, cancelled: Callable[[], bool], until: float) -> None:
        """Waits for the next useful step in small pieces, so that a cancel is heard at once."""
        end = min(self._mono() + self.delay_s(), until)
        while (left := end - self._mono()) > 0 and not cancelled():
            self._pause(min(max(left, 0.001), 0.2))

    def _call(self) -> None:
        if self._ask_first:
            return self._have([])
        due = self._feed if self._feed is not None and self._feed.due(self._mono()) else None
        if due is not None and due.first:
            return self._pull(due)
        batch = self._outbox.next(self._max_events, self._max_bytes)
        self._passed = self._outbox.counts().waiting if batch is None and self.state.waiting else 0
        if batch is not None:
            return self._send(batch)
        again = self._outbox.again(self._forked) if self._prove_again else None
        self._prove_again = False
        if again is not None:
            return self._offer_again(again)
        ask = self._mono() >= self._ask_at
        if due is not None and (self._feeds_turn or not ask):
            self._feeds_turn = False  # somebody who hurries us at every step gets both
            return self._pull(due)
        if ask:
            self._feeds_turn = True
            return self._have(self._outbox.unsettled())
        self._show(self.state.state, self.state.detail)

    def _send(self, batch: Batch) -> None:
        count = sum(len(span.events) for span in batch.spans)
        size = sum(len(event) for span in batch.spans for event in span.events)
        try:
            answer = self._exchange("events", batch, BatchAnswer)
        except KioskError as error:
            self._add(sent=count if error.facts.get("sent", True) else 0)
            if _too_much(error):
                self._max_events, self._max_bytes = max(1, count // 2), max(LEAST_BYTES, size // 2)
                if count == 1:
                    self._strike(batch)
            raise
        self._strikes = 0
        self._add(sent=count, duplicate=answer.duplicates)
        saved = self._save(answer)
        if not (saved.acknowledged or saved.refused):
            raise KioskError(Code.FORKED, epochs=len(saved.forked)) if saved.forked else KioskError(Code.SERVER_ODD, why="receipt")
        self._failures = 0
        self._max_events, self._max_bytes = min(MAX_EVENTS, self._max_events * 2), min(MAX_BYTES, self._max_bytes * 2)
        self._well(saved, answer)

    def _strike(self, batch: Batch) -> None:
        """One event alone did not get through. Before each try the province has answered `have`: it is not the link. After three
        it is parked for half an hour and shown, and the others go on."""
        self._strikes += 1
        if self._strikes >= STRIKES:
            self._strikes = 0
            span = batch.spans[0]
            self._outbox.park(span.epoch, span.from_seq, self._clock.now().wall + PARKED_MS)
            self._max_events, self._max_bytes = MAX_EVENTS, MAX_BYTES

    def _have(self, epochs: list[str]) -> None:
        self._ask_at = self._mono() + self._ask_every  # also when it fails
        answer = self._exchange("have", HaveCall(epochs), BatchAnswer)
        self._ask_first = False  # it is answered, whether or not our disk can keep the answer
        saved = self._save(answer)
        self._prove_again = bool(self._forked)
        self._asked(saved, answer)

    def _offer_again(self, batch: Batch) -> None:
        """What is held goes up once more, an event an epoch: the only question whose answer proves that our own history was opened."""
        answer = self._exchange("events", batch, BatchAnswer)
        self._add(sent=len(batch.spans), duplicate=answer.duplicates)
        self._asked(self._save(answer), answer)

    def _asked(self, saved: Saved, answer: BatchAnswer) -> None:
        """When to ask next: soon while something moves, ever later while nothing does, and at ease when all is opened."""
        before, counts = self.state.opened, self._outbox.counts()
        moved = saved.acknowledged > 0 or counts.opened > before
        settled = counts.waiting == 0 and counts.opened + counts.aside >= counts.events
        self._ask_every = ASK_S if moved or settled else min(ASK_CAP_S, self._ask_every * 2)
        self._ask_at = self._mono() + (IDLE_S if settled else self._ask_every)
        if saved.acknowledged or counts.waiting == 0:
            self._failures = 0
        self._well(saved, answer)

    def _pull(self, feed: Feed) -> None:
        """One page of the feed. What is wrong with the feed alone holds up no upload."""
        try:
            page = self._exchange("feed", feed.call(), FeedPage)
            feed.take(page, self._mono(), self._clock.now().wall)
        except KioskError as error:
            if error.code in LINK:
                feed.stumbled(self._mono(), bool(error.facts.get("sent", True)))
                raise
            feed.failed(self._mono())
            if error.facts.get("problem") in ("revoked", "unknown_kiosk"):
                raise
            return self._show(self.state.state, str(error))
        self._hold(backoff.spread(page.spread_s, self._rng))
        if self.state.state in ("offline", "portal", "tls"):
            self._failures = 0  # the way is open again
        quiet = not self._failures and not self._forked and not self._revoked
        self._show("ok" if quiet else self.state.state, "" if quiet else self.state.detail)

    def _exchange(self, kind: str, content: object, shape: type[T]) -> T:
        """One signed call, its answer verified, and the clocks compared (the call's middle against the province's stamp)."""
        nonce, before = os.urandom(16), self._clock.now()
        me = self._identity
        raw = self._transport.post(f"/v1/{kind}", pack(me.seed, me.kiosk, kind, nonce, before.wall, content))
        answer = answers.read(raw, me.service, kind, nonce, shape)
        if answer.now:
            middle = before.wall + (self._clock.now().mono - before.mono) / 2
            self.state = msgspec.structs.replace(self.state, clock_skew_s=round((middle - answer.now) / 1000, 1))
        return answer

    def _save(self, answer: BatchAnswer) -> Saved:
        saved = self._outbox.save(answer)
        self._add(newly_acknowledged=saved.acknowledged, newly_refused=saved.refused)
        self._forked |= set(saved.forked)
        self._revoked = any(refusal.reason == "revoked" for refusal in answer.refusals)
        for epoch in self._outbox.conflicted() if saved.forked else ():
            asked, self._ask_first = self._ask_first, True  # if it cannot be carried on now, the next `have` tries again
            self._carry(epoch)
            self._ask_first = asked
        if saved.acknowledged:  # then ask soon whether it could be opened
            self._failures, self._ask_every = 0, ASK_S
            self._ask_at = self._mono() + ASK_S
        return saved

    def _well(self, saved: Saved, answer: BatchAnswer) -> None:
        """After a good answer: the province's wish to be left alone for a while, then what is to be shown."""
        self._hold(backoff.spread(answer.spread_s, self._rng))
        if self._failures:  # a question was answered, but what failed before is still to be tried again
            self._show(self.state.state, self.state.detail)
        elif self._revoked:
            self._show("revoked", str(KioskError(Code.REVOKED, problem="revoked")))
        elif self._forked:
            self._show("fork", str(KioskError(Code.FORKED, epochs=len(self._forked))))
        else:  # a restored journal: the province holds epochs that this machine has lost
            strange = KioskError(Code.SERVER_ODD, why="receipt", rejected=saved.rejected)
            self._show("ok", str(strange) if saved.rejected else "")

    def _failed(self, error: KioskError) -> None:
        self._failures += 1
        if error.code in DISK:
            return self._disk(error)
        # if the province may hold what we sent, ask before sending the same bytes again
        self._ask_first = self._ask_first or bool(error.facts.get("sent", True))
        if error.facts.get("problem") == "revoked":  # the province answers us nothing more, but takes events and keeps them apart
            self._ask_first, self._revoked = False, True
        floor = error.facts.get("retry_after_s", 0.0)
        self._hold(backoff.after_failure(self._failures, self._rng, floor if isinstance(floor, int | float) else 0.0))
        self._show(of_error(error), str(error))

    def _disk(self, error: KioskError) -> None:
        """The province has answered and our disk cannot keep it: nothing is asked first, what has not been sent goes on."""
        self._failures = min(self._failures, DISK_TRIES)
        self._ask_every = min(ASK_CAP_S, self._ask_every * 2)
        self._ask_at = min(self._ask_at, self._mono() + self._ask_every)
        self._hold(backoff.after_failure(self._failures, self._rng))
        self._show(of_error(error), str(error))

    def _hold(self, seconds: float) -> None:
        self._hold_until = self._mono() + seconds
        retry_at = self._clock.now().wall + int(seconds * 1000) if seconds > 0 else None
        self.state = msgspec.structs.replace(self.state, retry_at=retry_at)

    def _show(self, state: str, detail: str) -> None:
        try:
            counts = self._outbox.counts()
            known: dict[str, Any] = {name: getattr(counts, name) for name in COUNTED}
        except KioskError as error:
            known, state, detail = {}, of_error(error), str(error)
        due = self._feed is not None and self._feed.due(self._mono())
        self.state = msgspec.structs.replace(self.state, state=state, detail=detail, feed_due=due, **known)
        if self.state != self._told:
            self._told = self.state
            self._on_state(self.state)

    def _add(self, **more: int) -> None:
        self.state = msgspec.structs.replace(self.state, **{name: getattr(self.state, name) + n for name, n in more.items()})

    def _mono(self) -> float:
        return self._clock.now().mono / 1000


def _too_much(error: KioskError) -> bool:
    """Would a smaller batch have a better chance? Too slow a link, too large a body, or one event the server stumbles over."""
    facts = error.facts
    slow = error.code is Code.OFFLINE and bool(facts.get("sent"))
    return slow or facts.get("status") in (413, 500) or facts.get("problem") == "too_large"


def make(
    home: Path,
    secrets: Secrets,
    outbox: Queue,
    clock: Clock,
    settings: Settings,
    feed: Feed,
    carry: Callable[[str], object],
) -> Uploader:
    """The uploader of an enrolled home; `carry`: writes a forked epoch's tail again.

    Raises KioskError(BAD_INPUT | TLS) when the address or the pinned CA is no such thing."""
    trust = secrets.enrolment.trust
    transport = HttpTransport(settings.server_url or secrets.server, trust.ca, read_s=settings.timeout_seconds)
    credentials = Credentials(secrets.enrolment.kiosk, secrets.kiosk_seed, trust.service)

    def note(state: SyncState) -> None:
        syncnote.write(home, syncnote.SyncNote(state.state, state.clock_skew_s or 0.0, clock.now().wall))

    return Uploader(outbox, transport, credentials, clock, random.SystemRandom(), note, feed=feed, carry=carry)
