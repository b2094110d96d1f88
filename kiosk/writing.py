"""How an act is written: one transaction, its deed counted once, and what the session has to tell before it. Three outcomes: written,
not written, unknown; whoever stands at the table goes on with paper after the last two, and the voter goes in.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator

from msgspec.structs import replace

from kiosk import log
from kiosk.domain.events import Kind
from kiosk.domain.passes.model import Kind as Code_
from kiosk.domain.policy import Campaign
from kiosk.domain.verdict import Act, Verdict
from kiosk.errors import Code, CommitUnknown, KioskError, code_of
from kiosk.ports import Clock, Now
from kiosk.security.session import Session
from kiosk.store import register
from kiosk.store.engine import Connection, Database
from kiosk.store.journal import Draft, Journal, Written
from kiosk.store.unsure import Unsure


class Writer:
    """Safe to call from several threads: the write door lets one in at a time.

    `floor`: ms UTC that have certainly passed; `skew_ms`: how far the province's clock is ahead; `trouble`: why the last act could not be
    saved; `on_commit`: called after each COMMIT.
    """

    def __init__(self, database: Database, journal: Journal, clock: Clock, session: Session, unsure: Unsure) -> None:
        self._database, self._journal, self._clock, self._session, self._unsure = database, journal, clock, session, unsure
        self._me = journal.identity
        self.on_commit: list[Callable[[], None]] = []
        self.skew_ms = 0
        self.trouble: Code | None = None
        self._telling = threading.local()  # .deeds: told in this thread's transaction
        with database.read() as conn:
            self.floor = register.floor(conn, self._me)

    def write(self, act: Callable[[Connection, str], list[Draft]], said: list[Verdict], deed: bytes, now: Now, kind: Code_) -> Verdict:
        """Runs one act in one transaction; knows the three outcomes: written, not written, unknown."""
        try:
            with self.writing() as conn:
                day = self.day(conn, now)
                written = self._first_try(conn, deed, said) or self.append(conn, day, act(conn, day), now)
        except CommitUnknown as unknown:
            found = self._look_for(deed, now)
            if found is None:  # a full disk took no commit record; after a failed flush nobody can say
                return self._to_paper(deed, now, kind, unknown.why)
            written = found
        except KioskError as error:
            return self._to_paper(deed, now, kind, error.code)
        except OSError as error:
            return self._to_paper(deed, now, kind, code_of(error))
        self.trouble = None
        if now.wall < register.ceiling(self._me):
            self.floor = max(self.floor, now.wall)
        self.committed()
        return replace(said[0], event=str(written[-1].key), at=written[-1].at) if written else said[0]

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """The write door. What the session had to tell counts as told after COMMIT, and not a moment sooner."""
        self._telling.deeds = []
        with self._database.write() as conn:
            yield conn
        for deed in self._telling.deeds:
            self._session.told(deed)

    def day(self, conn: Connection, now: Now, told: bool = False) -> str:
        """The open day; opened now if the clocks agree on a campaign day. A closed one stays closed, but for what must be `told`.

        Raises KioskError(NO_DAY | DAY_CLOSED): the lead picks, or opens it again with a reason.
        """
        day = register.open_day(conn)
        if day is None:
            day = register.likely_day(conn, self._me, now.wall)
            if day is None:
                raise KioskError(Code.NO_DAY)
            if register.is_closed(conn, day):
                if told:
                    return day
                raise KioskError(Code.DAY_CLOSED, day=day)
            register.begin_day(conn, self._me, day, now.wall)
            self.append(conn, day, [Draft(Kind.DAY, {"what": "opened"}, os.urandom(8))], now)
        return day

    def append(self, conn: Connection, day: str, drafts: list[Draft], now: Now) -> list[Written]:
        """Nothing is written of an act that was done before; its verdict says when that was."""
        if not drafts:
            return []
        self._tell_in(conn, day, now)
        policy = self.campaign(day).policy.version
        return self._journal.append(conn, day, drafts, now, self._session.id, policy, self.skew_ms)

    def _tell_in(self, conn: Connection, day: str, now: Now) -> None:
        """What the session has to tell, before anything else. After a COMMIT of which nobody knows the journal is asked."""
        for fact in self._session.untold():
            if fact.deed in self._telling.deeds:
                continue  # a moment ago, in this transaction
            self._telling.deeds.append(fact.deed)
            if fact.tried and self._journal.by_deed(conn, fact.deed):
                continue
            fact.tried = True
            policy = self.campaign(day).policy.version
            self._journal.append(conn, day, [Draft(fact.kind, fact.fields, fact.deed)], now, fact.officer, policy, self.skew_ms)

    def tell(self) -> bool:
        """Writes what sign-in, hand-over and lock have to tell. False: it could not be written now and goes with the next event."""
        if not self._session.untold():
            return True
        now = self._clock.now()
        try:
            with self.writing() as conn:
                self._tell_in(conn, register.open_day(conn) or register.nearest_day(self._me, max(now.wall, self.floor)), now)
        except (KioskError, OSError):
            return False
        self.committed()
        return True

    def campaign(self, day: str | None) -> Campaign:
        found = self._me.campaign(day or "") or (self._me.campaigns[-1] if self._me.campaigns else None)
        if found is None:
            raise KioskError(Code.NO_DAY)
        return found

    def _look_for(self, deed: bytes, now: Now) -> list[Written] | None:
        """After an unknown COMMIT: close, reopen, look. Found counts only if the disk takes one more commit after it."""
        self._database.close()
        try:
            with self.writing() as conn:
                found = self._journal.by_deed(conn, deed)
                if not found:
                    return None
                day = self.day(conn, now)
                self.append(conn, day, [Draft(Kind.AUDIT, {"what": "commit_unknown", "found": True}, os.urandom(8))], now)
        except (KioskError, OSError):
            return None
        return found

    def _first_try(self, conn: Connection, deed: bytes, said: list[Verdict]) -> list[Written]:
        """A deed that went to paper may be tried again (the form keeps its own): if the first try turned up, that is the answer."""
        written = self._journal.by_deed(conn, deed) if self._unsure.knows(deed) else []
        first = self._journal.opened(conn, written[-1].key) if written else None
        if first is not None:
            fields = first.body.fields
            number, act = int(fields.get("no", 0)), Act(fields.get("verdict", Act.ALREADY_IN))
            said[:] = [Verdict(act, Code_.OTHER, "declared", bool(number), since=first.at, number=number)]
        return written

    def _to_paper(self, deed: bytes, now: Now, kind: Code_, code: Code) -> Verdict:
        self.trouble = code
        log.note("act.unsaved", code=code.value, ref=log.masked(deed.hex()))
        number = self._unsure.note(deed, now.wall, code)
        return Verdict(Act.NOT_SAVED, kind, code.value, number=number, at=now.wall)

    def committed(self) -> None:
        for wake in self.on_commit:
            wake()
