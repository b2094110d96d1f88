"""The feed as this kiosk holds it: read by the register, the window and the passes; written by the feed's step alone."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from kiosk.domain.feed import FeedKind
from kiosk.domain.protocol import FeedItem
from kiosk.store.engine import Prepared
from kiosk.store.tables import FeedCursor, FeedRow

FEED: Any = FeedRow.__table__  # type: ignore[attr-defined]
CURSOR: Any = FeedCursor.__table__  # type: ignore[attr-defined]
T = TypeVar("T")

ONE = Prepared(
    select(FEED.c.body).where(
        FEED.c.kind == bindparam("kind"),
        FEED.c.key == bindparam("key"),
        FEED.c.build == select(CURSOR.c.build).where(CURSOR.c.scope == FEED.c.scope).scalar_subquery(),
    )
)


def rows(conn: Connection, kind: FeedKind, body: type[T]) -> dict[str, T]:
    """Key -> body of every live row of a kind."""
    joined = FEED.join(CURSOR, (CURSOR.c.scope == FEED.c.scope) & (CURSOR.c.build == FEED.c.build))
    found = conn.execute(select(FEED.c.key, FEED.c.body).select_from(joined).where(FEED.c.kind == kind.value).order_by(FEED.c.key))
    return {row.key: msgspec.msgpack.decode(row.body, type=body) for row in found}


def get(conn: Connection, kind: FeedKind, key: str, body: type[T]) -> T | None:
    """One live row, or None."""
    found = ONE.first(conn, kind=kind.value, key=key)
    return None if found is None else msgspec.msgpack.decode(found[0], type=body)


def cursors(conn: Connection) -> dict[str, int]:
    """Scope -> the last counter taken."""
    return {row.scope: row.counter for row in conn.execute(select(CURSOR.c.scope, CURSOR.c.counter))}


def taken_at(conn: Connection) -> int | None:
    """ms UTC of the newest page, or None."""
    return max((row.at for row in conn.execute(select(CURSOR.c.at))), default=None)


def take(conn: Connection, items: Iterable[FeedItem], counters: Mapping[str, int], now: int) -> None:
    """Files one page and moves the cursors, inside the caller's write transaction."""
    builds = {row.scope: row.build for row in conn.execute(select(CURSOR.c.scope, CURSOR.c.build))}
    for item in items:
        build = builds.get(item.scope, 0)
        if not item.body:
            conn.execute(delete(FEED).where(FEED.c.build == build, FEED.c.kind == item.kind, FEED.c.key == item.key))
            continue
        values = {"build": build, "kind": item.kind, "key": item.key, "scope": item.scope, "body": item.body}
        conn.execute(insert(FEED).values(**values).on_conflict_do_update(index_elements=["build", "kind", "key"], set_=values))
    for scope, counter in counters.items():
        values = {"scope": scope, "counter": counter, "build": builds.get(scope, 0), "at": now}
        conn.execute(insert(CURSOR).values(**values).on_conflict_do_update(index_elements=["scope"], set_={"counter": counter, "at": now}))
