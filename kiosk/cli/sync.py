"""`kiosk sync [--once|--drain]`: uploads what waits and takes the receipts; where the window runs, it asks the window to."""

import argparse
import time
from pathlib import Path

from kiosk import words
from kiosk.cli import opened, output
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.store import locks
from kiosk.sync.state import SyncRequest, SyncState, coarse
from kiosk.sync.uploader import PATIENCE_S, Uploader

HOLDER_S = 75.0  # how long another process may take over one step: its whole call, and a little


def add_arguments(parser: argparse.ArgumentParser) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="one batch at most")
    how.add_argument("--drain", action="store_true", help="until the province has also opened everything")
    parser.add_argument("--manifest", action="store_true", help="first tell the province what there is of the open day (end of day)")


def run(args: argparse.Namespace) -> int:
    """Exit 0 when what was asked for is done: with --once a good answer, else nothing waits (--drain: and all is opened).

    1 also while the province keeps events apart that no other epoch has carried on: they are in quarantine there, and count nowhere."""
    if not args.home.is_dir():
        raise KioskError(Code.NOT_ENROLLED, home=args.home)
    got = _lock_or_answer(args.home, args.once)
    if isinstance(got, SyncState):
        state = got
    else:
        with got, opened.enrolled(args.home) as parts:
            if parts.station.tell():  # who signed in for this is sent with the rest: afterwards nothing new waits
                parts.mirror.step()
            day = parts.station.day() if args.manifest else None
            if day is not None and not parts.uploader.announce(parts.outbox.manifest(day)):
                output.say(_("Chưa báo được cho tỉnh hôm nay có bao nhiêu sự kiện; máy vẫn gửi."))
            state = _own(parts.uploader, args.once, args.drain)
            parts.uploader.close()
    _show(state, args.json)
    done = state.settled if args.drain else state.waiting == 0 or args.once
    return int(not (done and state.state == "ok" and (args.once or not state.apart)))


def _own(uploader: Uploader, once: bool, drain: bool) -> SyncState:
    progress = _Progress()
    if drain:
        return uploader.drain(progress, lambda: False)
    sent, since = 0, time.monotonic()
    while True:
        state = uploader.step()
        if state.sent > sent:
            sent, since = state.sent, time.monotonic()
        full = state.state == "disk"  # receipts cannot be kept, and everything is to be offered all the same
        if (uploader.offered or time.monotonic() - since >= PATIENCE_S if full else _ended(state)) or (once and state.sent):
            return state
        progress(state)
        time.sleep(min(uploader.delay_s(), 5.0))


def _ended(state: SyncState) -> bool:
    """Nothing more is to be gained now: all is in but what is parked, or the link or the province is in trouble. Of a revoked kiosk
    the province still takes events, and keeps them apart."""
    return state.state not in ("ok", "fork", "revoked") or (state.waiting <= state.parked and not state.feed_due)


def _lock_or_answer(home: Path, once: bool) -> locks.Held | SyncState:
    """The `uploader` lock; or, as long as another process holds it, the state after the steps we asked that one for.

    Raises KioskError(HOME_BUSY) naming the holder if it neither answers nor lets go.
    """
    requests, total = SyncRequest(home), SyncState()
    while (lock := locks.acquire(home, "uploader")) is None:
        token, end = requests.ask(), time.monotonic() + HOLDER_S
        while (answer := requests.answer(token)) is None:
            if (lock := locks.acquire(home, "uploader")) is not None:
                requests.pending()  # taken back: we do it ourselves
                return lock
            if time.monotonic() > end:
                raise KioskError(Code.HOME_BUSY, holder=locks.holder(home, "uploader"), home=home)
            time.sleep(0.1)
        total = answer.on_top_of(total)
        if once or _ended(total):
            return total
    return lock


class _Progress:
    """A line on standard error whenever it differs from the one before."""

    def __init__(self) -> None:
        self._said = ""

    def __call__(self, state: SyncState) -> None:
        text = _("Chờ gửi {waiting} · tỉnh đã nhận {acknowledged} · đã mở {opened}")
        line = text.format(waiting=state.waiting, acknowledged=state.acknowledged, opened=state.opened)
        if state.state != "ok":
            line += "\n" + words.sync_state(state.state)
        if line != self._said:
            self._said = line
            output.say(line)


def _show(state: SyncState, as_json: bool) -> None:
    if as_json:
        answer = {
            "sent": state.sent,
            "acknowledged": state.newly_acknowledged,
            "duplicate": state.duplicate,
            "refused": state.newly_refused,
        }
        link = {"state": coarse(state.state), "link": state.state, "detail": state.detail}
        output.emit({**answer, "waiting": state.waiting, "opened": state.opened, "aside": state.aside, **link})
    else:
        output.say("\n".join(words.sync_report(state)))
    if state.state != "ok":
        output.say(f"{words.sync_state(state.state)} {state.detail}")
