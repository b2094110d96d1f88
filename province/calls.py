"""The calls of the wire: envelope verified first, body parsed after, answer signed after COMMIT. No HTTP here."""

from collections.abc import Callable, Iterator
from hashlib import sha256

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import DataError

from kiosk.crypto import sign
from kiosk.domain import protocol
from kiosk.domain.protocol import (
    PROVINCE,
    BatchAnswer,
    EnrolCall,
    Envelope,
    FeedCall,
    FeedPage,
    HaveCall,
    KnownAnswer,
    KnownCall,
    Manifest,
    ManifestAnswer,
    Problem,
    Untrusted,
)
from province import actlog, enrol, intake, question, settings, standing, tables
from province.authority import Authority
from province.chains import is_epoch
from province.crowd import Crowd
from province.db import AWAY, Database, insert_ignore
from province.feed import Pages

NO_NONCE = bytes(16)
STATUS = {"unknown_kiosk": 403, "revoked": 403, "signature": 403, "bad_code": 403, "used_code": 403, "expired_code": 403}
MANIFEST, DAY = tables.table(tables.Manifest), tables.table(tables.CampaignDay)


class Refuse(Exception):
    """The whole call is refused, with a signed Problem."""

    def __init__(self, code: str, retry_after_s: int = 0) -> None:
        super().__init__(code)
        self.problem = Problem(code, retry_after_s)


class Calls:
    """Answers POST /v1/<kind>. `clock`: ms UTC. Safe for threads."""

    def __init__(self, db: Database, authority: Authority, clock: Callable[[], int] = settings.now) -> None:
        self.db, self.authority, self.clock = db, authority, clock
        self.crowd = Crowd()
        self._pages = Pages(db)
        self._known_key = question.key_of(authority.wrap_key)

    def answer(self, kind: str, data: bytes, stick: bool = False) -> tuple[int, bytes]:
        """(HTTP status, signed envelope). Never raises for anything that came over the wire. `stick`: an administrator brings it in a
        file: it says nothing of the kiosk's clock or last contact."""
        nonce = NO_NONCE
        try:
            call = protocol.envelope(data)
            nonce = call.nonce
            if call.kind != kind:
                raise Refuse("shape")
            content = self._enrol(call) if kind == "enrol" else self._from_kiosk(call, data, stick)
        except Untrusted:
            return self.refuse(Problem("shape"), nonce)
        except Refuse as refused:
            return self.refuse(refused.problem, nonce)
        except DataError:  # text that PostgreSQL cannot hold (U+0000) is nobody's id
            return self.refuse(Problem("shape"), nonce)
        except (*AWAY, intake.Raced):  # locked, full or away: the kiosk keeps everything and comes again
            return self.refuse(Problem("busy", 5), nonce, 503)
        return 200, protocol.pack(self.authority.service_seed, PROVINCE, kind, nonce, self.clock(), content)

    def refuse(self, problem: Problem, nonce: bytes = NO_NONCE, status: int = 0) -> tuple[int, bytes]:
        sealed = protocol.pack(self.authority.service_seed, PROVINCE, "problem", nonce, self.clock(), problem)
        return status or STATUS.get(problem.code, 400), sealed

    def _from_kiosk(self, call: Envelope, data: bytes, stick: bool) -> object:
        handlers = {"events": self._events, "have": self._have, "manifest": self._manifest, "feed": self._feed, "known": self._known}
        handler = handlers.get(call.kind)
        if handler is None:
            raise Refuse("shape")
        sender = standing.sender(self.db, call.sender)
        if sender is None:
            if call.kind == "events":
                intake.keep_stray(self.db, call, data, self.clock(), capped=not stick)
            raise Refuse("unknown_kiosk")
        if not sign.verify(sender.public, call.signature, call.signed()):
            raise Refuse("signature")
        if sender.revoked and call.kind != "events":  # its events are still taken, into quarantine
            raise Refuse("revoked")
        return handler(sender._replace(stick=stick), call)

    def _events(self, sender: standing.Sender, call: Envelope) -> BatchAnswer:
        answer = intake.take(self.db, sender, call, self.clock())
        self.crowd.batch_done()
        return self._signed(answer)

    def _have(self, sender: standing.Sender, call: Envelope) -> BatchAnswer:
        answer = standing.have(self.db, sender, protocol.decode(call.body, HaveCall), self.clock())
        with self.db.write() as conn:
            standing.contact(conn, sender, call.at, self.clock())
        return self._signed(answer)

    def _feed(self, sender: standing.Sender, call: Envelope) -> FeedPage:
        asked, now = protocol.decode(call.body, FeedCall), self.clock()
        page = self._pages.page(sender, asked, now)
        with self.db.write() as conn:
            standing.contact(conn, sender, call.at, now)
        return msgspec.structs.replace(page, spread_s=self.crowd.spread_s())

    def _known(self, sender: standing.Sender, call: Envelope) -> KnownAnswer:
        """có / chưa có. The number is hashed here and goes no further."""
        asked, now = protocol.decode(call.body, KnownCall), self.clock()
        if not question.well_formed(asked.subject):
            raise Refuse("shape")
        with self.db.write() as conn:
            question.count(conn, sender.station, sender.kiosk, now)
            return question.answer(conn, self._known_key, asked.subject, now)

    def further_pages(self, call: Envelope, answer: Envelope) -> Iterator[bytes]:
        """The rest of a run of the feed for a stick, where the kiosk cannot ask again: signed answers to the same call."""
        sender = standing.sender(self.db, call.sender)
        page, cursors = protocol.decode(answer.body, FeedPage), protocol.decode(call.body, FeedCall).cursors
        while sender is not None and page.more:
            before, cursors = cursors, {**cursors, **page.cursors, **dict.fromkeys(page.must_refetch, 0)}
            if cursors == before:
                return
            page = self._pages.page(sender, FeedCall(cursors), self.clock())
            yield protocol.pack(self.authority.service_seed, PROVINCE, "feed", call.nonce, self.clock(), page)

    def _signed(self, answer: BatchAnswer) -> BatchAnswer:
        receipts = [receipt.sealed(self.authority.service_seed) for receipt in answer.receipts]
        with self.db.look() as conn:
            log = actlog.tip(conn)  # a thousand kiosks remember it: the log's past cannot be edited unseen
        return msgspec.structs.replace(answer, receipts=receipts, spread_s=self.crowd.spread_s(), now=self.clock(), log=log)

    def _manifest(self, sender: standing.Sender, call: Envelope) -> ManifestAnswer:
        said, now = protocol.decode(call.body, Manifest), self.clock()
        if len(said.epochs) > 1000 or not all(is_epoch(epoch) and 0 <= seq < 1 << 32 for epoch, seq, _ in said.epochs):
            raise Refuse("shape")
        row = {"station_id": sender.station, "event_day": said.event_day, "kiosk_id": sender.kiosk, "digest": sha256(call.body).digest()}
        envelope = {"body": call.body, "nonce": call.nonce, "at": call.at, "signature": call.signature, "received_at": now}
        with self.db.write() as conn:
            if conn.execute(select(DAY.c.event_day).where(DAY.c.event_day == said.event_day)).first() is None:
                return ManifestAnswer(False, now)
            insert_ignore(conn, MANIFEST, [row | envelope])
            standing.contact(conn, sender, call.at, now)
        return ManifestAnswer(True, now)

    def _enrol(self, call: Envelope) -> protocol.Enrolment:
        asked = protocol.decode(call.body, EnrolCall)
        if call.sender != "new" or not sign.verify(asked.kiosk_public, call.signature, call.signed()):
            raise Refuse("signature")
        try:
            return enrol.enrol(self.db, self.authority, asked, self.clock())
        except enrol.NotEnrolled as error:
            raise Refuse(error.code) from error
