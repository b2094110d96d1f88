"""The opener: the one process that holds the days' private keys. It reads what has arrived and moves `opened`.

Rows and the new `opened` are one transaction: killed at any point it neither loses nor doubles. What cannot be read is recorded
as refused and gone past; an epoch whose day key is not here waits and is named in /health.
"""

import json
import os
import sys
import threading
from typing import Any

from sqlalchemy import select, update

from kiosk.crypto import seal
from kiosk.domain.projection import Fact
from province import asking, backfill, campaigns, cases, known, quarantine, settings, tables, webrecords
from province.authority import derived
from province.db import AWAY, Database, insert_ignore
from province.projector import Projector
from province.reader import NoKey, Reader
from province.settings import Home

EPOCH, EVENT = tables.table(tables.Epoch), tables.table(tables.Event)
REFUSAL, WORKER = tables.table(tables.Refusal), tables.table(tables.Worker)
CHUNK = 200  # events in one transaction
EPOCHS = 100  # epochs looked at in one step
IDLE_S = 0.2
BREATH_S = 0.05  # after a step that was not full: what comes meanwhile is one transaction, not one each
ALIVE_MS = 5_000
FORGET_MS = 3_600_000
FULL = "ổ đĩa đầy, chưa mở đọc tiếp được; hãy giải phóng ổ / the disk is full, nothing more is opened: free some room"


class Opener:
    """`step()` opens what is there now. One is enough; a second one does no harm. `more`: a new station has not heard everything so far."""

    def __init__(self, db: Database, home: Home) -> None:
        self.db, self.reader = db, Reader(home)
        self._said_at, self._missing = 0, set[str]()
        self._forgot_at = settings.now()
        self.more = False
        wrap = home.wrap_key.read_bytes()
        self._ask_key, self._trace_key = derived(wrap, asking.PURPOSE), derived(wrap, cases.PURPOSE)

    def step(self) -> int:
        """One pass; returns how many events it went past (0: nothing to do)."""
        self.reader.let_go()
        quarantine.step(self.db, settings.now())  # what it lets in is opened below
        done, missing = self.project()
        now = settings.now()
        done += asking.answer_waiting(self.db, self.reader, self._ask_key)
        done += cases.answer_waiting(self.db, self.reader, self._trace_key, now)
        try:
            self.more = backfill.step(self.db, self.reader, now)
        except NoKey as error:
            self.more = False
            missing.add(error.day)
        self._forget(settings.now())
        self._say(missing, settings.now())
        return done

    def project(self) -> tuple[int, set[str]]:
        """Rows of what has arrived: (how many events it went past, days whose key is not here). The audit runs this alone."""
        missing: set[str] = set()
        done = 0
        with self.db.read() as conn:
            waiting = select(EPOCH).where(EPOCH.c.opened_seq < EPOCH.c.have_seq).order_by(EPOCH.c.received_at)
            epochs = conn.execute(waiting).fetchmany(EPOCHS)
        for epoch in epochs:
            try:
                done += self._advance(epoch)
            except NoKey as error:
                missing.add(error.day)
        return done + webrecords.open_waiting(self.db, self.reader, settings.now()), missing

    def _advance(self, epoch: Any) -> int:
        """The next events of one epoch: read outside the transaction, written inside it."""
        facts, refused = self._read(epoch)
        seen, now = len(facts) + len(refused), settings.now()
        place = {"station_id": epoch.station_id, "event_day": epoch.event_day, "kiosk_id": epoch.kiosk_id, "epoch": epoch.epoch}
        c = EPOCH.c
        mine = (c.station_id == epoch.station_id, c.kiosk_id == epoch.kiosk_id, c.epoch == epoch.epoch)
        with self.db.write() as conn:
            if conn.execute(select(c.opened_seq).where(*mine).with_for_update()).scalar_one() != epoch.opened_seq:
                return 0  # another opener was here
            insert_ignore(conn, REFUSAL, [{**place, "seq": seq, "reason": "unreadable", "at": now} for seq in refused])
            Projector(conn, self.reader, epoch.station_id, epoch.event_day, now).run(facts)
            moved = {"opened_seq": epoch.opened_seq + seen, "unreadable": c.unreadable + len(refused)}
            conn.execute(update(EPOCH).where(*mine).values(moved))
        return seen

    def _read(self, epoch: Any) -> tuple[list[Fact], list[int]]:
        """(facts, seqs that cannot be read). Raises NoKey."""
        e, first = EVENT.c, epoch.opened_seq + 1
        where = (e.station_id == epoch.station_id, e.event_day == epoch.event_day, e.kiosk_id == epoch.kiosk_id, e.epoch == epoch.epoch)
        run = e.seq.between(first, min(epoch.have_seq, epoch.opened_seq + CHUNK))
        with self.db.read() as conn:
            rows = conn.execute(select(e.seq, e.sealed).where(*where, run).order_by(e.seq)).all()
        self.reader.day(epoch.event_day)  # a key that is away is no reason to call an event unreadable
        facts: list[Fact] = []
        refused: list[int] = []
        for row in rows:
            try:
                room = self.reader.room(epoch.kiosk_id, epoch.epoch, epoch.opening)
                facts.append(self.reader.open(room, row.seq, row.sealed))
            except seal.Unopenable:
                refused.append(row.seq)
        return facts, refused

    def _forget(self, now: int) -> None:
        """Each hour, known people whose declaration no policy would accept any more."""
        if 0 <= now - self._forgot_at < FORGET_MS:
            return
        self._forgot_at = now
        oldest = campaigns.oldest_known(self.db, now)
        if oldest is not None:
            with self.db.write() as conn:
                known.expire(conn, oldest, now)

    def _say(self, missing: set[str], now: int) -> None:
        """A sign of life every few seconds, or at once when a day's key is found missing or comes back."""
        if missing == self._missing and 0 <= now - self._said_at < ALIVE_MS:
            return
        self._said_at, self._missing = now, missing
        row = {"name": "opener", "pid": os.getpid(), "at": now, "detail": json.dumps(sorted(missing))}
        with self.db.write() as conn:
            if not insert_ignore(conn, WORKER, [row]):
                conn.execute(update(WORKER).where(WORKER.c.name == "opener").values(row))


def run(opener: Opener, stop: threading.Event) -> None:
    """Steps until told to stop; a database that is busy, full or away is waited for."""
    while not stop.is_set():
        try:
            busy = opener.step() or opener.more
        except AWAY as error:
            said = str(getattr(error, "orig", error)).partition("\n")[0][:120]
            sys.stderr.write(f"opener: {FULL if 'full' in said else said}\n")
            busy = False
            stop.wait(5)
        if busy < CHUNK:
            stop.wait(BREATH_S if busy else IDLE_S)


def stop_with_parent(stop: threading.Event) -> None:
    """Sets `stop` when standard input ends: the parent holds its other end, however the parent dies."""

    def watch() -> None:
        while os.read(0, 1024):  # not sys.stdin: its lock would be held when the interpreter ends
            pass
        stop.set()

    threading.Thread(target=watch, name="parent", daemon=True).start()
