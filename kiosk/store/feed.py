"""The feed as this kiosk holds it: read by the register, the window and the passes; written by the feed's step alone.

A page is filed in one short transaction. A scope that must be fetched again is filled beside the old one and swapped by one row.
"""

from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from kiosk.crypto import sign
from kiosk.domain import feed
from kiosk.domain.feed import ArrivalRow, EnteredRow, FeedKind, KioskRow, PersonRow, TrustRow
from kiosk.domain.protocol import FeedItem, FeedPage, IssuerRow, SignedCampaign, Untrusted, revocation_text
from kiosk.store.engine import Database, Prepared
from kiosk.store.tables import Anchor, FeedCursor, FeedHash, FeedRow

FEED: Any = FeedRow.__table__  # type: ignore[attr-defined]
CURSOR: Any = FeedCursor.__table__  # type: ignore[attr-defined]
HASH: Any = FeedHash.__table__  # type: ignore[attr-defined]
ANCHOR: Any = Anchor.__table__  # type: ignore[attr-defined]
T = TypeVar("T")
AT_ONCE = 100  # rows in one transaction: a scan waits some ten milliseconds at most
LIVE = (CURSOR.c.scope == FEED.c.scope) & (CURSOR.c.build == FEED.c.build) & (FEED.c.sound == 1)

ONE = Prepared(
    select(FEED.c.body)
    .select_from(FEED.join(CURSOR, (CURSOR.c.scope == FEED.c.scope) & (CURSOR.c.build == FEED.c.build)))
    .where(FEED.c.kind == bindparam("kind"), FEED.c.key == bindparam("key"), FEED.c.sound == 1)
)
BEGINNING = Prepared(
    select(FEED.c.body)
    .select_from(FEED.join(CURSOR, (CURSOR.c.scope == FEED.c.scope) & (CURSOR.c.build == FEED.c.build)))
    .where(FEED.c.kind == bindparam("kind"), FEED.c.key >= bindparam("first"), FEED.c.key < bindparam("last"), FEED.c.sound == 1)
)
ARRIVED = Prepared(
    select(func.min(HASH.c.at))
    .select_from(HASH.join(CURSOR, (CURSOR.c.scope == HASH.c.scope) & (CURSOR.c.build == HASH.c.build)))
    .where(HASH.c.hash == bindparam("hash"), HASH.c.at >= bindparam("since"), HASH.c.at < bindparam("until"))
)
ADD, ADD_HASH = Prepared(insert(FEED)), Prepared(insert(HASH))
DROP = Prepared(delete(FEED).where(*(FEED.c[name] == bindparam(name) for name in ("kind", "key", "scope", "build"))))
DROP_HASHES = Prepared(delete(HASH).where(*(HASH.c[name] == bindparam(name) for name in ("key", "scope", "build"))))


class Taken(msgspec.Struct, frozen=True):
    """What filing a page did. `rows`: filed; `again`: scopes that are filled beside from now on; `whole`: the run has ended and every
    checksum fits; `swapped`: scopes whose new filling is now read."""

    rows: int
    again: tuple[str, ...]
    whole: bool
    swapped: tuple[str, ...]


# -- readers ------------------------------------------------------------------------------------------------------------------


def rows(conn: Connection, kind: FeedKind, body: type[T]) -> dict[str, T]:
    """Key -> body of every live row of a kind."""
    joined = FEED.join(CURSOR, LIVE)
    found = conn.execute(select(FEED.c.key, FEED.c.body).select_from(joined).where(FEED.c.kind == kind.value).order_by(FEED.c.key))
    return {row.key: msgspec.msgpack.decode(row.body, type=body) for row in found}


def get(conn: Connection, kind: FeedKind, key: str, body: type[T]) -> T | None:
    """One live row, or None."""
    found = ONE.first(conn, kind=kind.value, key=key)
    return None if found is None else msgspec.msgpack.decode(found[0], type=body)


def person(conn: Connection, digest: bytes) -> PersonRow | None:
    """The newest declaration that the province knows under a person's hash."""
    return get(conn, FeedKind.PERSON, digest.hex(), PersonRow)


def arrived(conn: Connection, digest: bytes, since: int, until: int) -> int | None:
    """When the person of this hash confirmed an arrival by this station's poster, first in `since` <= ms UTC < `until`; or None."""
    found = ARRIVED.first(conn, hash=digest.hex(), since=since, until=until)
    return None if found is None else found[0]


def entered(conn: Connection, digest: bytes, since: int, until: int) -> list[EnteredRow]:
    """Where else the person of this hash was counted in `since` <= ms UTC < `until`, first arrival first."""
    name = digest.hex()
    rows = BEGINNING.run(conn, {"kind": FeedKind.ENTERED.value, "first": f"{name}:", "last": f"{name};"}).fetchall()
    found = [msgspec.msgpack.decode(row[0], type=EnteredRow) for row in rows]
    return sorted((row for row in found if since <= row.at < until), key=lambda row: (row.at, row.event))


def all_entered(conn: Connection) -> list[tuple[bytes, EnteredRow]]:
    """(hash, row) of everybody who was counted in by another kiosk."""
    return [(bytes.fromhex(key.partition(":")[0]), row) for key, row in rows(conn, FeedKind.ENTERED, EnteredRow).items()]


def anchors(conn: Connection, kind: FeedKind, body: type[T]) -> dict[str, T]:
    """Key -> the newest root-signed row of a kind: campaigns, revocations of issuers and kiosks."""
    found = conn.execute(select(ANCHOR.c.key, ANCHOR.c.body).where(ANCHOR.c.kind == kind.value).order_by(ANCHOR.c.key))
    return {row.key: msgspec.msgpack.decode(row.body, type=body) for row in found}


def cursors(conn: Connection) -> dict[str, int]:
    """Scope -> the counter to ask from: where the live filling stands, or the one that is made beside it."""
    return {r.scope: r.counter if r.shadow is None else r.shadow_counter for r in conn.execute(select(CURSOR))}


def state(conn: Connection) -> tuple[tuple[Any, ...], ...]:
    """Differs from an earlier one whenever readers may see something else."""
    return tuple(tuple(r) for r in conn.execute(select(CURSOR.c.scope, CURSOR.c.counter, CURSOR.c.build).order_by(CURSOR.c.scope)))


def taken_at(conn: Connection) -> int | None:
    """ms UTC of the last whole run of the scope that has waited longest, or None."""
    return min((row.at for row in conn.execute(select(CURSOR.c.at))), default=None)


# -- the writer ---------------------------------------------------------------------------------------------------------------


class Filing:
    """Files pages. `root`: the province's root key, which signs campaigns and revocations."""

    def __init__(self, database: Database, root: bytes) -> None:
        self._database, self._root = database, root

    def cursors(self) -> dict[str, int]:
        with self._database.read() as conn:
            return cursors(conn)

    def take(self, page: FeedPage, now: int) -> Taken:
        """One page: keys and revocations first, in short transactions between which scans go on. `now`: ms UTC. Raises KioskError.

        The cursors move last: killed before that, the same page comes again and changes nothing.
        """
        with self._database.read() as conn:
            before = {row.scope: row for row in conn.execute(select(CURSOR))}
        fill = {scope: row.build if row.shadow is None else row.shadow for scope, row in before.items()}
        items = sorted(page.rows, key=lambda item: (feed.rank(item.kind), item.counter))
        for start in range(0, len(items), AT_ONCE):
            with self._database.write() as conn:
                for item in items[start : start + AT_ONCE]:
                    self._file_everywhere(conn, item, before.get(item.scope), fill.get(item.scope, 0))
        with self._database.read() as conn:  # a long reading holds up nobody
            wrong = [scope for scope, said in page.checksums.items() if checksum(conn, scope, fill.get(scope, 0)) != said]
        with self._database.write() as conn:
            taken = self._close(conn, page, before, fill, wrong, now)
        if taken.whole or taken.again:
            self._sweep()
        return taken

    def _file_everywhere(self, conn: Connection, item: FeedItem, before: Any, fill: int) -> None:
        self._file(conn, item, fill)
        if before is not None and before.build != fill and feed.rank(item.kind) <= feed.rank(FeedKind.KIOSK):
            self._file(conn, item, before.build)  # a revocation does not wait for the swap

    def _close(
        self, conn: Connection, page: FeedPage, before: dict[str, Any], fill: dict[str, int], wrong: list[str], now: int
    ) -> Taken:
        again = [s for s in page.must_refetch if s in before]
        for scope, counter in page.cursors.items():
            self._move(conn, scope, counter, before.get(scope), fill.get(scope, 0))
        swapped = [s for s in page.checksums if s not in wrong and s in before and before[s].shadow is not None]
        for scope in swapped:
            self._swap(conn, before[scope], page.cursors.get(scope, 0))
        for scope in {*again, *wrong}:
            self._begin_again(conn, scope)
        whole = not page.more and not again and not wrong
        if whole:
            conn.execute(update(CURSOR).where(CURSOR.c.scope.in_(list(page.cursors))).values(at=now))
        return Taken(len(page.rows), (*again, *wrong), whole, tuple(swapped))

    def _sweep(self) -> None:
        """Drops rows of fillings that nobody reads or fills any more, a few at a time."""
        for table in (FEED, HASH):
            names = [column.name for column in table.primary_key.columns]
            drop = Prepared(delete(table).where(*(table.c[name] == bindparam(name) for name in names)))
            joined = table.join(CURSOR, CURSOR.c.scope == table.c.scope)
            stale = (table.c.build != CURSOR.c.build) & (CURSOR.c.shadow.is_(None) | (table.c.build != CURSOR.c.shadow))
            find = select(*(table.c[name] for name in names)).select_from(joined).where(stale).limit(AT_ONCE)
            while True:
                with self._database.read() as conn:
                    gone = conn.execute(find).all()
                if not gone:
                    break
                with self._database.write() as conn:
                    for row in gone:
                        drop.run(conn, row._asdict())

    def _file(self, conn: Connection, item: FeedItem, build: int) -> None:
        where = {"key": item.key, "scope": item.scope, "build": build}
        DROP.run(conn, {"kind": item.kind, **where})
        if item.kind == FeedKind.ARRIVAL:
            DROP_HASHES.run(conn, where)
        if not item.body:
            return
        sound = self._believed(conn, item)
        ADD.run(conn, {"kind": item.kind, **where, "body": item.body, "sound": int(sound is not None)})
        for digest in dict.fromkeys(sound.hashes) if isinstance(sound, ArrivalRow) else ():
            ADD_HASH.run(conn, {"hash": digest, **where, "at": sound.at})

    def _believed(self, conn: Connection, item: FeedItem) -> Any:
        """The row's struct, or None where it cannot be believed or understood. Root-signed rows are anchored."""
        shape = feed.BODIES.get(item.kind)
        if shape is None:
            return None  # a kind of tomorrow
        try:
            body: object = msgspec.msgpack.decode(item.body, type=shape)
            return body if self._signed(conn, item, body) else None
        except (msgspec.DecodeError, UnicodeDecodeError, Untrusted, OverflowError):
            return None

    def _signed(self, conn: Connection, item: FeedItem, body: object) -> bool:
        """Does a row that needs the root's signature have it? Raises Untrusted."""
        if isinstance(body, SignedCampaign):
            said = body.read(self._root)
            return said.id == item.key and _anchor(conn, item, said.policy.version)
        if isinstance(body, IssuerRow | KioskRow) and body.revoked_from is not None:
            what, name = ("issuer", body.id) if isinstance(body, IssuerRow) else ("kiosk", body.kiosk.encode())
            if not sign.verify(self._root, body.signature, revocation_text(what, name, body.public, body.revoked_from)):
                return False
            _anchor(conn, item, -body.revoked_from)  # never loosened: the earliest moment stays
        if isinstance(body, TrustRow):
            return _readable(body) and _anchor(conn, item, body.at)
        if isinstance(body, IssuerRow):
            return body.id.hex() == item.key and len(body.public) == 32
        return True

    @staticmethod
    def _move(conn: Connection, scope: str, counter: int, before: Any, build: int) -> None:
        """The cursor of the filling that was asked for; a scope heard of for the first time begins its own."""
        if before is None:
            row = {"scope": scope, "counter": counter, "build": build, "at": 0, "shadow": None, "shadow_counter": 0}
            conn.execute(insert(CURSOR).values(**row))
            return
        column = "counter" if before.shadow is None else "shadow_counter"
        conn.execute(update(CURSOR).where(CURSOR.c.scope == scope).values({column: counter}))

    @staticmethod
    def _swap(conn: Connection, before: Any, counter: int) -> None:
        """By one row; the old filling is swept away afterwards."""
        values = {"build": before.shadow, "counter": counter, "shadow": None, "shadow_counter": 0}
        conn.execute(update(CURSOR).where(CURSOR.c.scope == before.scope).values(**values))

    @staticmethod
    def _begin_again(conn: Connection, scope: str) -> None:
        """A new filling beside the live one; an unfinished one is thrown away."""
        live, shadow = conn.execute(select(CURSOR.c.build, CURSOR.c.shadow).where(CURSOR.c.scope == scope)).one()
        fresh = max(live, shadow or 0) + 1
        conn.execute(update(CURSOR).where(CURSOR.c.scope == scope).values(shadow=fresh, shadow_counter=0))


def checksum(conn: Connection, scope: str, build: int) -> tuple[int, bytes]:
    """As the province computes it, over what we hold of a scope."""
    found = conn.execute(select(FEED.c.kind, FEED.c.key, FEED.c.body).where(FEED.c.scope == scope, FEED.c.build == build))
    return feed.fold((row.kind, row.key, row.body) for row in found)


def _readable(row: TrustRow) -> bool:
    """Only a whole list takes the place of the one before."""
    from kiosk.domain.passes import trustlist  # YAML and PEM cost start-up time, and few provinces send a list

    try:
        trustlist.parse(row.body.decode())
    except (trustlist.Mistake, UnicodeDecodeError):
        return False
    return True


def _anchor(conn: Connection, item: FeedItem, rank: int) -> bool:
    """Keeps the row if it is not older than the one that is kept. False: it is."""
    held = conn.execute(select(ANCHOR.c.rank).where(ANCHOR.c.kind == item.kind, ANCHOR.c.key == item.key)).scalar()
    if held is not None and held > rank:
        return False
    values = {"rank": rank, "body": item.body}
    row = insert(ANCHOR).values(kind=item.kind, key=item.key, **values)
    conn.execute(row.on_conflict_do_update(index_elements=["kind", "key"], set_=values))
    return True
