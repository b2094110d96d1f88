"""What the province says now: campaigns, pass issuers, the station's particulars, notices, revocations. The feed's word where it is
newer, the enrolment's until then. One object for the whole program; `refresh()` after a page was taken, by whichever process.
"""

import contextlib
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kiosk.domain.feed import FeedKind, KioskRow, NoticeRow, TrustRow
from kiosk.domain.passes.model import Issuer
from kiosk.domain.policy import Campaign, Station
from kiosk.domain.protocol import Enrolment, IssuerRow, SignedCampaign, Untrusted
from kiosk.store import feed
from kiosk.store.engine import Connection, Database
from kiosk.store.journal import Identity

if TYPE_CHECKING:
    from kiosk.domain.passes.trust import TrustLists

STALE_S = 24 * 3600  # a feed older than this is shown in amber


class Directory:
    """`issuers` is one mapping that lives as long as the program and is changed in place; `identity.campaigns` is replaced whole."""

    def __init__(self, database: Database, identity: Identity, enrolment: Enrolment, own: Issuer) -> None:
        self._database, self._identity, self._enrolment, self._own = database, identity, enrolment, own
        self._enrolled = identity.campaigns
        self._lock = threading.Lock()
        self._seen: object = None
        self.issuers: dict[bytes, Issuer] = {}
        self.lists: TrustLists | None = None  # whose signatures on certificates count; None until a list has come
        self.area: Station = enrolment.station
        self.revoked = False
        self._notices: tuple[NoticeRow, ...] = ()
        self.taken_at: int | None = None

    def refresh(self) -> bool:
        """Reads the feed again if it has moved since; True if it had. Raises KioskError when the database cannot be read."""
        with self._lock, self._database.read() as conn:
            self.taken_at = feed.taken_at(conn)
            now = feed.state(conn)
            if now == self._seen:
                return False
            self._campaigns(conn)
            self._issuers(conn)
            self._lists(conn)
            area = feed.get(conn, FeedKind.STATION, self._identity.station, Station)
            if area is not None and area.code == self._identity.station:
                self.area = area
            self._notices = tuple(sorted(feed.rows(conn, FeedKind.NOTICE, NoticeRow).values(), key=lambda row: row.at))
            self.revoked = self._identity.kiosk in feed.anchors(conn, FeedKind.KIOSK, KioskRow)
            self._seen = now
            return True

    @property
    def layouts(self) -> tuple[str, ...]:
        """Of codes that are not public, of every campaign's policy."""
        return tuple(dict.fromkeys(layout for campaign in self._identity.campaigns for layout in campaign.policy.layouts))

    def notices(self, now: int) -> tuple[NoticeRow, ...]:
        """Those that stand at `now` (ms UTC), oldest first."""
        return tuple(row for row in self._notices if row.until is None or now < row.until)

    def age_s(self, now: int) -> int:
        """Seconds since the last whole run of the feed, or since the enrolment if there was none. `now`: ms UTC."""
        return max(0, now - (self.taken_at or self._enrolment.at)) // 1000

    def stale(self, now: int) -> bool:
        return self.age_s(now) > STALE_S

    def _campaigns(self, conn: Connection) -> None:
        """Each campaign in its newest version; those that only the feed knows come after the enrolment's."""
        found = {c.id: c for c in self._enrolled}
        root = self._enrolment.trust.root
        for signed in feed.anchors(conn, FeedKind.CAMPAIGN, SignedCampaign).values():
            with contextlib.suppress(Untrusted):  # was verified before it was stored; a damaged row must not become policy
                said = signed.read(root)
                if said.id not in found or said.policy.version >= found[said.id].policy.version:
                    found[said.id] = said
        made: tuple[Campaign, ...] = tuple(found.values())
        if made != self._identity.campaigns:
            self._identity.campaigns = made

    def _lists(self, conn: Connection) -> None:
        """Trust lists: each was read before it was kept (feed.Filing), so one with a mistake never took the place of the old one."""
        rows = feed.anchors(conn, FeedKind.TRUST, TrustRow)
        if rows:
            from kiosk.domain.passes import trustlist  # YAML and PEM cost start-up time, and few provinces send a list

            self.lists = trustlist.of_rows((row.at, row.body) for row in rows.values())

    def _issuers(self, conn: Connection) -> None:
        """The enrolment's, then the feed's, then the root's revocations over both; this kiosk's own among them."""
        known = dict(_by_id(self._enrolment.issuers))
        known.setdefault(self._own.id, self._own)
        known |= _by_id(feed.rows(conn, FeedKind.ISSUER, IssuerRow).values())
        known |= _by_id(feed.anchors(conn, FeedKind.ISSUER, IssuerRow).values())
        self.issuers.update(known)
        for gone in set(self.issuers) - set(known):
            del self.issuers[gone]


def _by_id(rows: Iterable[IssuerRow]) -> dict[bytes, Issuer]:
    return {row.id: Issuer(row.id, row.public, row.revoked_from) for row in rows}
