"""The uploader, step by step, over a real journal: whatever comes back instead of an answer, everything arrives once."""

import gzip
import os
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from kiosk import __version__
from kiosk.cli import sync
from kiosk.crypto import sign
from kiosk.domain.events import Kind
from kiosk.domain.protocol import Batch, BatchAnswer, HaveCall, Problem, envelope
from kiosk.errors import Code, KioskError
from kiosk.ports import Answer
from kiosk.security.keyring import Keyring
from kiosk.store import migrations
from kiosk.store.engine import Database
from kiosk.store.journal import DICTIONARY, Draft, Identity, Journal
from kiosk.store.outbox import Outbox, Saved
from kiosk.sync import uploader
from kiosk.sync.state import SyncRequest, SyncState
from kiosk.sync.uploader import Credentials, Uploader
from tests import builders, fakes
from tests.fakes import Honest

KIOSK = "a1b2c3"
PAGE = b"<!DOCTYPE html><html><body>Free Wi-Fi: sign in</body></html>"


class Day:
    """A kiosk with a journal, and a province that answers in memory; `write` records visits."""

    def __init__(self, home: Path) -> None:
        self.clock, made, seed = builders.Clock(), builders.province(), sign.generate()
        me = Identity(KIOSK, "K1", builders.AREA.code, seed, os.urandom(32), (made.campaign,), builders.at("06:00"), __version__)
        key = os.urandom(32)
        self.database = Database(home / "journal.db", key)
        migrations.migrate(self.database, self.clock.wall)
        self.journal = Journal(me, Keyring(home, key), self.clock.machine_id, {DICTIONARY: b"come_in verdict subjects"})
        self.outbox = Outbox(self.database, KIOSK, sign.public(made.service))
        self.province = fakes.FakeTransport(made, KIOSK, sign.public(seed), self.clock)
        self.credentials = Credentials(KIOSK, seed, sign.public(made.service))
        self.written = 0
        self.sync = self.fresh()

    def fresh(self) -> Uploader:
        """As after a restart of the program."""
        return Uploader(self.outbox, self.province, self.credentials, self.clock, random.Random(7), pause=self.clock.forward)

    def write(self, count: int) -> None:
        with self.database.write() as conn:
            for _ in range(count):
                self.written += 1
                fields = {"no": self.written, "source": "hu1", "verdict": "come_in", "since": None, "subjects": []}
                draft = Draft(Kind.VISIT, fields, os.urandom(8))
                self.journal.append(conn, builders.ELECTION_DAY, [draft], self.clock.now(), "-", 1)

    def steps(self, count: int) -> SyncState:
        """`count` steps, each as soon as it is of use."""
        for _ in range(count):
            self.clock.forward(self.sync.delay_s() + 0.001)
            self.sync.step()
        return self.sync.state

    def until_acknowledged(self, most: int = 40) -> None:
        for _ in range(most):
            if self.steps(1).waiting == 0:
                return
        raise AssertionError(self.sync.state)


@pytest.fixture
def day(tmp_path: Path) -> Day:
    return Day(tmp_path)


def test_what_waits_is_sent_signed_for_and_opened(day: Day) -> None:
    day.write(3)
    state = day.steps(2)
    assert (state.state, state.waiting, state.acknowledged, state.opened, state.sent) == ("ok", 0, 3, 3, 3)
    assert [path for path, _ in day.province.calls] == ["/v1/have", "/v1/events"]
    assert state.last_receipt_at == day.clock.wall and state.settled


def answered(status: int, body: bytes, **headers: str) -> Callable[[Honest], Answer]:
    return lambda honest: Answer(status, body, {k.replace("_", "-"): v for k, v in headers.items()})


NOT_ANSWERS: dict[str, tuple[Callable[[Honest], Answer], str]] = {
    "a portal's page, 200": (answered(200, PAGE, content_type="text/html"), "portal"),
    "a portal's page that calls itself something else": (answered(200, b"\n " + PAGE, content_type="application/msgpack"), "portal"),
    "a redirect, 302": (answered(302, b"", location="http://wifi.example/login"), "portal"),
    "no content, 204": (answered(204, b""), "portal"),
    "network authentication required, 511": (answered(511, PAGE, content_type="text/html"), "portal"),
    "gzip HTML": (answered(200, gzip.compress(PAGE), content_encoding="gzip"), "portal"),
    "JSON of another shape": (answered(200, b'{"status":"ok","received":3}', content_type="application/json"), "refused"),
    "a server's error page, 500": (answered(500, PAGE, content_type="text/html"), "refused"),
    "a gateway's error page, 502": (answered(502, PAGE, content_type="text/html"), "refused"),
    "nothing at all, 200": (answered(200, b""), "refused"),
}


@pytest.mark.parametrize("name", NOT_ANSWERS)
def test_what_is_not_the_provinces_answer_acknowledges_nothing(day: Day, name: str) -> None:
    fault, expected = NOT_ANSWERS[name]
    day.write(3)
    day.steps(1)
    day.province.faults = [fault]
    state = day.steps(1)
    assert (state.state, state.waiting, state.acknowledged) == (expected, 3, 0)
    assert state.retry_at is not None and state.detail.startswith("KS-40")
    day.until_acknowledged()
    assert len(day.province.events) == 3 and day.sync.state.state == "ok"


def test_an_old_answer_is_not_an_answer(day: Day) -> None:
    day.write(1)
    day.steps(2)
    old = day.province.answers[-1]
    day.write(2)
    day.province.faults = [lambda honest: old]
    state = day.steps(1)
    assert "why=nonce" in state.detail and state.waiting == 2
    day.until_acknowledged()


def spoiled(change: Callable[[Day, BatchAnswer], BatchAnswer], day: Day, seed: bytes | None = None) -> Callable[[Honest], Answer]:
    """The honest answer, opened, changed, and signed again by the province's key (or by `seed`)."""

    def fault(honest: Honest) -> Answer:
        sealed = envelope(honest().body)
        content = msgspec.msgpack.decode(sealed.body, type=BatchAnswer)
        return day.province.signed(sealed.kind, sealed.nonce, change(day, content), seed)

    return fault


def _another_kiosks(day: Day, answer: BatchAnswer) -> BatchAnswer:
    receipts = [msgspec.structs.replace(r, kiosk="ffffff").sealed(day.province.province.service) for r in answer.receipts]
    return msgspec.structs.replace(answer, receipts=receipts)


def _other_digest(day: Day, answer: BatchAnswer) -> BatchAnswer:
    receipts = [msgspec.structs.replace(r, digest=bytes(32)).sealed(day.province.province.service) for r in answer.receipts]
    return msgspec.structs.replace(answer, receipts=receipts)


def _forged(day: Day, answer: BatchAnswer) -> BatchAnswer:
    return msgspec.structs.replace(answer, receipts=[r.sealed(sign.generate()) for r in answer.receipts])


@pytest.mark.parametrize("change", [_another_kiosks, _other_digest, _forged])
def test_a_receipt_that_is_not_about_our_bytes_acknowledges_nothing(day: Day, change: Callable[[Day, BatchAnswer], BatchAnswer]) -> None:
    day.write(3)
    day.steps(1)
    day.province.faults = [spoiled(change, day)]
    state = day.steps(1)
    assert (state.state, state.waiting) == ("refused", 3) and "why=receipt" in state.detail
    day.until_acknowledged()


def test_an_answer_signed_by_another_key_is_not_an_answer(day: Day) -> None:
    day.write(3)
    day.steps(1)
    day.province.faults = [spoiled(lambda _, answer: answer, day, seed=sign.generate())]
    state = day.steps(1)
    assert "why=signature" in state.detail and state.waiting == 3


def lost(honest: Honest) -> Answer:
    honest()
    raise KioskError(Code.OFFLINE, why="cut", sent=True)


def unreachable(honest: Honest) -> Answer:
    raise KioskError(Code.OFFLINE, why="connect", sent=False)


def test_after_a_lost_answer_it_asks_instead_of_sending_again(day: Day) -> None:
    day.write(5)
    day.steps(1)
    day.province.faults = [lost]
    assert day.steps(1).state == "offline"
    state = day.steps(1)
    assert (state.state, state.acknowledged, day.province.sizes()) == ("ok", 5, [5])


def test_a_restarted_program_that_lost_its_receipts_asks_for_them(day: Day) -> None:
    day.write(5)
    day.steps(1)
    day.province.faults = [lost]
    day.steps(1)
    day.sync = day.fresh()
    assert day.steps(1).acknowledged == 5
    assert day.province.sizes() == [5]


def test_without_a_network_it_does_not_ask_first_and_the_queue_goes_on_growing(day: Day) -> None:
    day.steps(1)
    day.write(2)
    day.province.faults = [unreachable]
    assert day.steps(1).state == "offline"
    day.write(4)
    assert day.sync.step().waiting == 6  # still holding back: counted, not called
    assert len(day.province.calls) == 2
    day.until_acknowledged()
    assert [path for path, _ in day.province.calls[2:]] == ["/v1/events"]


def test_a_batch_that_times_out_is_halved_down_to_one_event_and_grows_back(day: Day) -> None:
    day.write(40)
    day.province.biggest = 1
    for _ in range(60):
        if 1 in day.province.sizes():
            break
        day.steps(1)
    sizes = day.province.sizes()[:6]
    assert (sizes[0], sizes[-1]) == (40, 1)
    assert all(after in (before // 2, before // 2 - 1) for before, after in pairwise(sizes))  # by bytes: an epoch's first event is longer
    day.province.biggest = 1_000
    day.until_acknowledged()
    assert day.province.sizes()[6:10] == [2, 4, 8, 16]
    assert len(day.province.events) == 40


def test_batches_hold_at_most_a_thousand_events_and_64_kib(day: Day) -> None:
    day.write(1_050)
    day.until_acknowledged()
    bodies = [sum(len(e) for s in c.spans for e in s.events) for _, c in day.province.calls if isinstance(c, Batch)]
    assert max(day.province.sizes()) <= 1_000 and max(bodies) <= 64 * 1024 and len(bodies) >= 2


def test_retry_after_is_a_floor(day: Day) -> None:
    day.write(1)
    day.province.faults = [answered(503, b"", retry_after="120")]
    day.sync.step()
    assert 120 <= day.sync.delay_s() <= 120 + 300
    day.clock.forward(119)
    day.sync.step()
    assert len(day.province.calls) == 1
    day.until_acknowledged()


def test_the_spread_that_the_province_wants_is_obeyed(day: Day) -> None:
    day.write(1)
    day.steps(1)
    day.province.spread_s = 60.0
    day.steps(1)
    assert 0 < day.sync.delay_s() <= 60
    calls = len(day.province.calls)
    day.write(1)
    day.sync.step()
    assert len(day.province.calls) == calls


def test_waits_grow_with_full_jitter_and_stay_under_five_minutes(day: Day) -> None:
    day.write(1)
    day.province.faults = [unreachable] * 200
    waits = []
    for _ in range(200):
        day.steps(1)
        waits.append(day.sync.delay_s())
    assert max(waits) <= 300 and max(waits) > 200 and min(waits[20:]) < 60


def test_somebody_who_presses_sync_now_does_not_wait(day: Day) -> None:
    day.write(1)
    day.province.faults = [answered(503, b"", retry_after="120")]
    day.sync.step()
    day.sync.hurry()
    assert day.sync.delay_s() == 0
    day.sync.step()
    assert day.sync.step().waiting == 0


def test_while_something_is_not_opened_it_asks_modestly(day: Day) -> None:
    day.province.opens = False
    day.write(3)
    day.until_acknowledged()
    calls = len(day.province.calls)
    start = day.clock.mono
    while day.clock.mono - start < 600_000:
        day.steps(1)
    asked = [content for _, content in day.province.calls[calls:]]
    assert 8 <= len(asked) <= 18 and all(isinstance(c, HaveCall) and len(c.epochs) == 1 for c in asked)
    day.province.opens = True
    assert day.steps(1).opened == 3


def test_the_clocks_are_compared_and_a_wrong_one_refuses_nothing(day: Day) -> None:
    day.province.ahead_ms = 86_400_000
    day.write(1)
    state = day.steps(2)
    assert state.clock_skew_s == -86_400 and state.waiting == 0


def test_a_revoked_kiosk_keeps_everything_and_says_so(day: Day) -> None:
    def revoked(honest: Honest) -> Answer:
        sealed = envelope(honest().body)
        return day.province.signed("problem", sealed.nonce, Problem("revoked", 60), status=403)

    day.write(2)
    day.province.faults = [revoked]
    state = day.steps(1)
    assert (state.state, state.waiting) == ("revoked", 2) and "problem=revoked" in state.detail and day.sync.delay_s() >= 60


def test_a_fork_is_shown_and_loses_nothing(day: Day) -> None:
    def forked(honest: Honest) -> Answer:
        sealed = envelope(honest().body)
        content = msgspec.msgpack.decode(sealed.body, type=BatchAnswer)
        return day.province.signed(sealed.kind, sealed.nonce, BatchAnswer([], forked=[content.receipts[0].epoch], now=content.now))

    day.write(2)
    day.steps(1)
    day.province.faults = [forked]
    state = day.steps(1)
    assert (state.state, state.waiting, state.events) == ("fork", 2, 2)


class Full(Outbox):
    """The disk takes nothing for so many answers."""

    answers = 1

    def _store(self, answer: BatchAnswer) -> Saved:
        if answer.receipts and self.answers:
            self.answers -= 1
            raise KioskError(Code.DISK_FULL)
        return super()._store(answer)


def test_a_receipt_that_cannot_be_stored_is_asked_for_again(day: Day) -> None:
    day.outbox = Full(day.database, KIOSK, day.credentials.service)
    day.sync = day.fresh()
    day.write(2)
    state = day.steps(2)
    assert (state.state, state.waiting) == ("disk", 2)
    assert day.steps(3).waiting == 0 and day.province.sizes() == [2]


def test_with_a_full_disk_sending_goes_on_and_nothing_is_called_received_until_it_is_stored(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync.time, "sleep", lambda seconds: day.clock.forward(seconds + 0.001))
    full = Full(day.database, KIOSK, day.credentials.service)
    day.outbox, day.province.biggest, full.answers = full, 4, 1_000
    day.sync = day.fresh()
    day.write(12)
    state = day.steps(20)
    assert sorted(day.province.events) == sorted(set(day.province.events)) and len(day.province.events) == 12
    assert (state.state, state.waiting, state.acknowledged) == ("disk", 12, 0) and state.duplicate == 0
    assert day.sync.delay_s() > 0, "and no rush while nothing is left to offer"
    day.write(3)
    state = sync._own(day.sync, once=False, drain=False)
    assert (state.state, len(day.province.events)) == ("disk", 15), "the command goes on too, and ends"
    full.answers = 0
    state = day.steps(3)
    assert (state.state, state.waiting, state.acknowledged) == ("ok", 0, 15)


def test_drain_goes_on_until_everything_is_opened(day: Day) -> None:
    day.write(30)
    day.province.biggest, day.province.opens = 8, False
    seen: list[SyncState] = []

    def progress(state: SyncState) -> None:
        seen.append(state)
        day.province.opens = state.waiting == 0

    state = day.sync.drain(progress, lambda: False)
    assert state.settled and state.opened == 30 and [s.acknowledged for s in seen] == sorted(s.acknowledged for s in seen)


def test_drain_gives_up_when_nothing_moves_and_loses_nothing(day: Day) -> None:
    day.write(3)
    day.province.faults = [unreachable] * 1_000
    start = day.clock.mono
    state = day.sync.drain(lambda _: None, lambda: False)
    assert (state.state, state.waiting) == ("offline", 3)
    assert uploader.PATIENCE_S <= (day.clock.mono - start) / 1000 <= uploader.PATIENCE_S + 1


def test_drain_can_be_cancelled_at_any_moment(day: Day) -> None:
    day.write(30)
    day.province.biggest = 5
    seen: list[SyncState] = []
    state = day.sync.drain(seen.append, lambda: len(seen) >= 6)
    assert len(seen) == 6 and state.waiting + state.acknowledged == 30
    day.until_acknowledged()
    assert len(day.province.events) == 30


def test_another_process_of_this_home_is_answered_by_the_holder(day: Day, tmp_path: Path) -> None:
    day.write(2)
    day.sync.step()
    asker, holder = SyncRequest(tmp_path), SyncRequest(tmp_path)
    token = asker.ask()
    assert asker.answer(token) is None
    day.sync.serve(holder)
    state = asker.answer(token)
    assert state is not None and (state.sent, state.newly_acknowledged, state.waiting) == (2, 2, 0)
    assert holder.pending() is None and asker.answer("another") is None


def test_the_strip_is_told_of_changes_only(day: Day) -> None:
    told: list[SyncState] = []
    sync = Uploader(day.outbox, day.province, day.credentials, day.clock, random.Random(7), on_state=told.append)
    for _ in range(5):
        sync.step()
    assert len(told) == 1 and told[0].state == "ok"
