"""The feed at its source: rows published under a counter per scope, raised under that scope's row lock in the writing transaction.

So a kiosk's cursor is one number a scope and misses nothing, whoever commits late (a plain `id > last` missed 43 % of late commits).
"""

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, delete, or_, select, update

from kiosk.domain import feed
from kiosk.domain.feed import MAX_ROW, FeedKind
from kiosk.domain.protocol import FeedCall, FeedItem, FeedPage
from province import tables
from province.db import Database, insert_ignore
from province.standing import Sender

ROW, SCOPE, STATION = tables.table(tables.FeedRow), tables.table(tables.FeedScope), tables.table(tables.Station)
PAGE_ROWS, PAGE_BYTES, URGENT_ROWS = 500, 256 * 1024, 200
CHUNK = 400  # keys named in one statement


class Entry(NamedTuple):
    """A row to publish. `body`: the kind's struct, or None to withdraw it."""

    kind: FeedKind
    key: str
    body: object | None


def publish(conn: Connection, scope: str, kind: FeedKind, key: str, body: object | None, now: int) -> int:
    """Sets a row (`body`: the kind's struct) or withdraws it (None); returns its counter. `now`: ms UTC."""
    return publish_all(conn, scope, [Entry(kind, key, body)], now)


def publish_all(conn: Connection, scope: str, entries: Sequence[Entry], now: int) -> int:
    """Sets and withdraws rows of one scope, each (kind, key) at most once; returns the last counter. Raises ValueError for a row that
    no page could carry.

    The scope's row is locked first and until COMMIT: whoever comes later gets a higher counter and commits later. Who writes to several
    scopes in one transaction takes them in alphabetical order, or two writers may wait for each other.
    """
    packed = [(e, b"" if e.body is None else msgspec.msgpack.encode(e.body)) for e in entries]
    for entry, body in packed:
        if len(body) > MAX_ROW:
            raise ValueError(f"{entry.kind} {entry.key}: {len(body)} bytes")
    insert_ignore(conn, SCOPE, [{"scope": scope, "counter": 0, "floor": 0}])
    conn.execute(update(SCOPE).where(SCOPE.c.scope == scope).values(counter=SCOPE.c.counter + len(entries)))
    last = int(conn.execute(select(SCOPE.c.counter).where(SCOPE.c.scope == scope)).scalar_one())
    by_kind: dict[str, list[str]] = {}
    for entry in entries:
        by_kind.setdefault(entry.kind.value, []).append(entry.key)
    for kind, keys in by_kind.items():
        for i in range(0, len(keys), CHUNK):
            conn.execute(delete(ROW).where(ROW.c.scope == scope, ROW.c.kind == kind, ROW.c.key.in_(keys[i : i + CHUNK])))
    insert_ignore(conn, ROW, [_row(scope, e, body, last - len(packed) + i, now) for i, (e, body) in enumerate(packed, 1)])
    return last


def _row(scope: str, entry: Entry, body: bytes, counter: int, now: int) -> dict[str, Any]:
    urgent = entry.kind in (FeedKind.ISSUER, FeedKind.KIOSK) and getattr(entry.body, "revoked_from", None) is not None
    row = {"scope": scope, "kind": entry.kind.value, "key": entry.key, "counter": counter}
    return row | {"body": body, "at": now, "urgent": urgent}


def live(conn: Connection, scope: str, kind: FeedKind) -> Iterator[tuple[str, bytes]]:
    """(key, body) of every row of a kind that is not withdrawn."""
    found = conn.execute(select(ROW.c.key, ROW.c.body).where(ROW.c.scope == scope, ROW.c.kind == kind.value).order_by(ROW.c.key))
    return ((row.key, row.body) for row in found.all() if row.body)


def headers(db: Database) -> list[dict[str, Any]]:
    """Every row without its body: scope, kind, key, counter, at, bytes (0: withdrawn)."""
    with db.read() as conn:
        found = conn.execute(select(ROW).order_by(ROW.c.scope, ROW.c.counter)).all()
    return [{"scope": r.scope, "kind": r.kind, "key": r.key, "counter": r.counter, "at": r.at, "bytes": len(r.body)} for r in found]


def forget(conn: Connection, before: int) -> int:
    """Drops withdrawals older than `before` (ms UTC); kiosks that have not heard of them by then fill their tables again.

    Returns how many rows went.
    """
    old = conn.execute(select(ROW.c.scope, ROW.c.counter).where(ROW.c.body == b"", ROW.c.at < before)).all()
    floors: dict[str, int] = {}
    for row in old:
        floors[row.scope] = max(row.counter, floors.get(row.scope, 0))
    for scope in sorted(floors):
        raised = floors[scope]
        conn.execute(update(SCOPE).where(SCOPE.c.scope == scope, SCOPE.c.floor < raised).values(floor=raised))
        conn.execute(delete(ROW).where(ROW.c.scope == scope, ROW.c.body == b"", ROW.c.counter <= raised))
    return len(old)


def scopes_of(commune: str, station: str) -> tuple[str, ...]:
    """What a kiosk hears of, widest first."""
    return feed.ALL, feed.commune_scope(commune), feed.station_scope(station)


class Pages:
    """Answers the call for the feed. Keeps the checksum of a scope at its newest counter; safe for threads."""

    def __init__(self, db: Database) -> None:
        self._db, self._lock = db, Lock()
        self._sums: dict[str, tuple[int, tuple[int, bytes]]] = {}

    def page(self, sender: Sender, call: FeedCall, now: int) -> FeedPage:
        """The next rows for this kiosk: revocations first, then each scope in the order of its counter."""
        with self._db.read() as conn:
            commune = conn.execute(select(STATION.c.commune).where(STATION.c.station_id == sender.station)).scalar_one()
            scopes = scopes_of(commune, sender.station)
            tips = {r.scope: (r.counter, r.floor) for r in conn.execute(select(SCOPE).where(SCOPE.c.scope.in_(scopes)))}
            return self._page(conn, scopes, tips, call.cursors, now)

    def _page(
        self, conn: Connection, scopes: Sequence[str], tips: Mapping[str, tuple[int, int]], asked: Mapping[str, int], now: int
    ) -> FeedPage:
        stale = [s for s in scopes if not _usable(asked.get(s, 0), *tips.get(s, (0, 0)))]
        rows: list[FeedItem] = []
        cursors, sums, more = {}, {}, bool(stale)
        going = [s for s in scopes if s not in stale]
        rows += _items(conn, [_after(s, asked.get(s, 0)) & ROW.c.urgent for s in going], URGENT_ROWS)
        room, size = PAGE_ROWS, 0
        for scope in going:
            cursor, whole = asked.get(scope, 0), False
            if room > 0 and size < PAGE_BYTES:
                found = _items(conn, [_after(scope, cursor)], room)
                taken = _fitting(found, PAGE_BYTES - size, force=size == 0)
                rows += taken
                room, size = room - len(taken), size + sum(len(item.body) for item in taken)
                whole = len(taken) == len(found) < room + len(taken)
                tip = tips.get(scope, (0, 0))[0]
                cursor = max(cursor, tip if whole else 0, taken[-1].counter if taken else 0)
            cursors[scope] = cursor
            checksum = self._sum(conn, scope, cursor) if whole else None
            if checksum is None:
                more = True
            else:
                sums[scope] = checksum
        return FeedPage(rows, cursors, more, {} if more else sums, stale, now=now)

    def _sum(self, conn: Connection, scope: str, cursor: int) -> tuple[int, bytes] | None:
        """The checksum of the scope as it stands at `cursor`; None if somebody has written since."""
        with self._lock:
            kept = self._sums.get(scope)
        if kept is not None and kept[0] == cursor:
            newest = conn.execute(select(SCOPE.c.counter).where(SCOPE.c.scope == scope)).scalar() or 0
            return kept[1] if newest == cursor else None
        # one statement is one snapshot on every engine
        found = conn.execute(select(ROW.c.kind, ROW.c.key, ROW.c.body, ROW.c.counter).where(ROW.c.scope == scope)).all()
        if any(row.counter > cursor for row in found):
            return None
        made = feed.fold((row.kind, row.key, row.body) for row in found if row.body)
        with self._lock:
            self._sums[scope] = (cursor, made)
            if len(self._sums) > 4096:
                self._sums.pop(next(iter(self._sums)))
        return made


def _usable(cursor: int, counter: int, floor: int) -> bool:
    """False for a cursor that withdrawals have been forgotten behind, or that is ahead of us (a province from a backup)."""
    return 0 <= cursor <= counter and not 0 < cursor < floor


def _after(scope: str, cursor: int) -> Any:
    return (ROW.c.scope == scope) & (ROW.c.counter > cursor)


def _items(conn: Connection, where: Sequence[Any], most: int) -> list[FeedItem]:
    if not where:
        return []
    found = conn.execute(select(ROW).where(or_(*where)).order_by(ROW.c.scope, ROW.c.counter).limit(most))
    return [FeedItem(row.scope, row.counter, row.kind, row.key, row.body) for row in found]


def _fitting(items: list[FeedItem], room: int, force: bool) -> list[FeedItem]:
    """As many of the first items as fit into `room` bytes; with `force` at least one."""
    out: list[FeedItem] = []
    for item in items:
        if len(item.body) > room and (out or not force):
            break
        out.append(item)
        room -= len(item.body)
    return out
