"""The tables of the kiosk's database. STRICT, columns TEXT, INTEGER, BLOB only; times are INTEGER milliseconds UTC.

`epoch` and `event` are never altered and triggers refuse UPDATE and DELETE on them; the rest is computed, or is the province's answer.
"""

from sqlalchemy import BLOB, INTEGER, TEXT, Column, Index
from sqlmodel import Field, SQLModel

STRICT = {"sqlite_strict": True}
CLUSTERED = {**STRICT, "sqlite_with_rowid": False}  # one page less to seal and sync at every COMMIT than a table and its index


def text(primary: bool = False, null: bool = False) -> Column[str]:
    return Column(TEXT, primary_key=primary, nullable=null)


def integer(primary: bool = False, null: bool = False) -> Column[int]:
    return Column(INTEGER, primary_key=primary, nullable=null, autoincrement=False)


def blob(primary: bool = False, null: bool = False) -> Column[bytes]:
    return Column(BLOB, primary_key=primary, nullable=null)


class Migration(SQLModel, table=True):
    """Which numbered steps have been taken."""

    __table_args__ = STRICT
    number: int = Field(sa_column=integer(primary=True))
    name: str = Field(sa_column=text())
    at: int = Field(sa_column=integer())


class Epoch(SQLModel, table=True):
    """One run of the journal. `ordinal`: order of minting; `head`: the chain after the opening (seq 0)."""

    __table_args__ = (Index("epoch_by_ordinal", "ordinal"), STRICT)
    epoch: str = Field(sa_column=text(primary=True))
    ordinal: int = Field(sa_column=integer())
    event_day: str = Field(sa_column=text())
    boot: str = Field(sa_column=text())
    machine: str = Field(sa_column=text())
    reason: str = Field(sa_column=text())
    opening: bytes = Field(sa_column=blob())
    signature: bytes = Field(sa_column=blob())
    head: bytes = Field(sa_column=blob())
    at: int = Field(sa_column=integer())


class Event(SQLModel, table=True):
    """One immutable event. `sealed`: the event bytes as chained and uploaded; `head`: the chain after it."""

    __table_args__ = CLUSTERED
    epoch: str = Field(sa_column=text(primary=True))
    seq: int = Field(sa_column=integer(primary=True))
    kind: int = Field(sa_column=integer())
    at: int = Field(sa_column=integer())
    deed: bytes = Field(sa_column=blob())
    sealed: bytes = Field(sa_column=blob())
    head: bytes = Field(sa_column=blob())


class ReceiptRow(SQLModel, table=True):
    """The province's signed word, kept as it came."""

    __tablename__ = "receipt"
    __table_args__ = (Index("receipt_by_epoch", "epoch", "have"), STRICT)
    number: int = Field(sa_column=integer(primary=True))
    epoch: str = Field(sa_column=text())
    from_seq: int = Field(sa_column=integer())
    to_seq: int = Field(sa_column=integer())
    digest: bytes = Field(sa_column=blob())
    have: int = Field(sa_column=integer())
    opened: int = Field(sa_column=integer())
    at: int = Field(sa_column=integer())
    signature: bytes = Field(sa_column=blob())


class RefusalRow(SQLModel, table=True):
    """An event the province put aside, and why. The event stays."""

    __tablename__ = "refusal"
    __table_args__ = STRICT
    epoch: str = Field(sa_column=text(primary=True))
    seq: int = Field(sa_column=integer(primary=True))
    reason: str = Field(sa_column=text())
    at: int = Field(sa_column=integer())


class ParkedRow(SQLModel, table=True):
    """An event that alone did not get through: passed over until then (ms UTC), so that the others do not wait for it."""

    __tablename__ = "parked"
    __table_args__ = CLUSTERED
    epoch: str = Field(sa_column=text(primary=True))
    seq: int = Field(sa_column=integer(primary=True))
    until: int = Field(sa_column=integer())


class BundleCall(SQLModel, table=True):
    """A call that went out on a stick: only answers to these are believed when they come home. `asked`: the feed's cursors, MessagePack."""

    __tablename__ = "bundle_call"
    __table_args__ = CLUSTERED
    nonce: bytes = Field(sa_column=blob(primary=True))
    kind: str = Field(sa_column=text())
    asked: bytes = Field(sa_column=blob())
    at: int = Field(sa_column=integer())


class WorkingDay(SQLModel, table=True):
    """Which day is open. The last opened one without `closed_at` counts. `purged`: 1, its readable rows are gone for ever."""

    __tablename__ = "working_day"
    __table_args__ = STRICT
    event_day: str = Field(sa_column=text(primary=True))
    opened_at: int = Field(sa_column=integer())
    closed_at: int | None = Field(sa_column=integer(null=True))
    purged: int | None = Field(sa_column=integer(null=True))


class LogHead(SQLModel, table=True):
    """The province's log of who looked at what: the head at a line's number. Kept, so that nobody there can edit the past."""

    __tablename__ = "log_head"
    __table_args__ = CLUSTERED
    number: int = Field(sa_column=integer(primary=True))
    head: bytes = Field(sa_column=blob())
    at: int = Field(sa_column=integer())


class FeedRow(SQLModel, table=True):
    """A row of the province's feed as it came; a withdrawn one is not here. `build`: which filling of its scope it belongs to;
    `sound`: 0 for one that is kept for the checksum alone, since it cannot be believed or understood."""

    __tablename__ = "feed"
    __table_args__ = CLUSTERED
    kind: str = Field(sa_column=text(primary=True))
    key: str = Field(sa_column=text(primary=True))
    scope: str = Field(sa_column=text(primary=True))
    build: int = Field(sa_column=integer(primary=True))
    body: bytes = Field(sa_column=blob())
    sound: int = Field(sa_column=integer())


class FeedCursor(SQLModel, table=True):
    """Where this kiosk stands in a scope. `build`: the filling that readers see; `at`: ms UTC of the last whole run; `shadow`: the
    filling that is made beside it, and how far, until it is swapped in."""

    __tablename__ = "feed_cursor"
    __table_args__ = CLUSTERED
    scope: str = Field(sa_column=text(primary=True))
    counter: int = Field(sa_column=integer())
    build: int = Field(sa_column=integer())
    at: int = Field(sa_column=integer())
    shadow: int | None = Field(sa_column=integer(null=True))
    shadow_counter: int = Field(sa_column=integer())


class FeedHash(SQLModel, table=True):
    """By whom a poster arrival is found: one row for each hash of an ARRIVAL row. `at`: ms UTC of the arrival."""

    __tablename__ = "feed_hash"
    __table_args__ = (Index("feed_hash_by_key", "key"), CLUSTERED)
    hash: str = Field(sa_column=text(primary=True))
    key: str = Field(sa_column=text(primary=True))
    scope: str = Field(sa_column=text(primary=True))
    build: int = Field(sa_column=integer(primary=True))
    at: int = Field(sa_column=integer())


class Anchor(SQLModel, table=True):
    """The newest root-signed row of each campaign and revocation. Never replaced by an older one, nor withdrawn by anybody but the root.
    `rank`: a campaign's policy version, or a revocation's moment."""

    __table_args__ = CLUSTERED
    kind: str = Field(sa_column=text(primary=True))
    key: str = Field(sa_column=text(primary=True))
    rank: int = Field(sa_column=integer())
    body: bytes = Field(sa_column=blob())


class VisitRow(SQLModel, table=True):
    """Projection: one arrival. `number`: dense per kiosk and day; `source`: hu1, cccd, proxy, moh …; `ticket`: 0 for none."""

    __tablename__ = "visit"
    __table_args__ = CLUSTERED
    epoch: str = Field(sa_column=text(primary=True))
    seq: int = Field(sa_column=integer(primary=True))
    event_day: str = Field(sa_column=text())
    number: int = Field(sa_column=integer())
    at: int = Field(sa_column=integer())
    deed: str = Field(sa_column=text())
    source: str = Field(sa_column=text())
    verdict: str = Field(sa_column=text())
    since: int | None = Field(sa_column=integer(null=True))
    left_at: int | None = Field(sa_column=integer(null=True))
    person: str = Field(sa_column=text())
    ticket: int = Field(sa_column=integer())
    place: str = Field(sa_column=text())
    voided: int = Field(sa_column=integer())
    amended: int = Field(sa_column=integer())


class DeclarationRow(SQLModel, table=True):
    """Projection: one declaration as it stands. `fields`: JSON of form.yaml's keys; `name_folded` is searched."""

    __tablename__ = "declaration"
    __table_args__ = (Index("declaration_by_name", "name_folded"), CLUSTERED)
    epoch: str = Field(sa_column=text(primary=True))
    seq: int = Field(sa_column=integer(primary=True))
    event_day: str = Field(sa_column=text())
    at: int = Field(sa_column=integer())
    deed: str = Field(sa_column=text())
    mode: str = Field(sa_column=text())
    desk: int = Field(sa_column=integer())
    name_folded: str = Field(sa_column=text())
    fields: str = Field(sa_column=text())
    ticket: int = Field(sa_column=integer())
    completes: str = Field(sa_column=text())
    voided: int = Field(sa_column=integer())
    amended: int = Field(sa_column=integer())


class DeferRow(SQLModel, table=True):
    """Projection: a ticket handed out, and why. What became of it is projection.tickets'."""

    __tablename__ = "defer"
    __table_args__ = CLUSTERED
    epoch: str = Field(sa_column=text(primary=True))
    seq: int = Field(sa_column=integer(primary=True))
    event_day: str = Field(sa_column=text())
    at: int = Field(sa_column=integer())
    deed: str = Field(sa_column=text())
    ticket: int = Field(sa_column=integer())
    reason: str = Field(sa_column=text())
    voided: int = Field(sa_column=integer())
    amended: int = Field(sa_column=integer())


class LeaveRow(SQLModel, table=True):
    """Projection: somebody went out. `target`: the visit, "" where this kiosk does not know it."""

    __tablename__ = "leave"
    __table_args__ = CLUSTERED
    epoch: str = Field(sa_column=text(primary=True))
    seq: int = Field(sa_column=integer(primary=True))
    event_day: str = Field(sa_column=text())
    at: int = Field(sa_column=integer())
    deed: str = Field(sa_column=text())
    target: str = Field(sa_column=text())
    ticket: int = Field(sa_column=integer())
    voided: int = Field(sa_column=integer())
    amended: int = Field(sa_column=integer())


class SightingRow(SQLModel, table=True):
    """Projection: a code that was shown and counted nobody. `other`: event of the arrival before, if there was one."""

    __tablename__ = "sighting"
    __table_args__ = CLUSTERED
    epoch: str = Field(sa_column=text(primary=True))
    seq: int = Field(sa_column=integer(primary=True))
    event_day: str = Field(sa_column=text())
    at: int = Field(sa_column=integer())
    verdict: str = Field(sa_column=text())
    code: str = Field(sa_column=text())
    reason: str = Field(sa_column=text())
    other: str = Field(sa_column=text())


class Subject(SQLModel, table=True):
    """Projection: how a person is found. `hash`: 16 bytes of HMAC-SHA256 under the station key."""

    __table_args__ = CLUSTERED
    hash: bytes = Field(sa_column=blob(primary=True))
    epoch: str = Field(sa_column=text(primary=True))
    seq: int = Field(sa_column=integer(primary=True))


class Link(SQLModel, table=True):
    """Projection: an amendment and the root it names, which may not have come yet."""

    __table_args__ = (Index("link_by_target", "target"), CLUSTERED)
    epoch: str = Field(sa_column=text(primary=True))
    seq: int = Field(sa_column=integer(primary=True))
    target: str = Field(sa_column=text())


class PlaceChangeRow(SQLModel, table=True):
    """Projection: one change of a QR place, made here. `base`: `at` of the change its author had seen; `row`: JSON of feed.PlaceRow."""

    __tablename__ = "place_change"
    __table_args__ = CLUSTERED
    epoch: str = Field(sa_column=text(primary=True))
    seq: int = Field(sa_column=integer(primary=True))
    place: str = Field(sa_column=text())
    at: int = Field(sa_column=integer())
    what: str = Field(sa_column=text())
    base: int = Field(sa_column=integer())
    row: str = Field(sa_column=text())


class PrintJobRow(SQLModel, table=True):
    """A paper that was asked for. `paper`, `target`, `size`, `detail` (JSON): what to render, anew each time, so that no page of a person
    lies about; `state`: waiting, printed, dropped; `again`: how often it was printed before; `next_at`: not before, ms UTC."""

    __tablename__ = "print_job"
    __table_args__ = (Index("print_job_by_state", "state", "next_at"), STRICT)
    number: int = Field(sa_column=integer(primary=True))
    at: int = Field(sa_column=integer())
    paper: str = Field(sa_column=text())
    target: str = Field(sa_column=text())
    size: str = Field(sa_column=text())
    detail: str = Field(sa_column=text())
    printer: str = Field(sa_column=text())
    state: str = Field(sa_column=text())
    again: int = Field(sa_column=integer())
    tries: int = Field(sa_column=integer())
    next_at: int = Field(sa_column=integer())
    why: str = Field(sa_column=text())
    job: str = Field(sa_column=text())


class ToldRow(SQLModel, table=True):
    """What the province answered about somebody, newest answer only. `hash`: as in `subject`; `at`: ms UTC of the answer."""

    __tablename__ = "told"
    __table_args__ = CLUSTERED
    hash: bytes = Field(sa_column=blob(primary=True))
    known: int = Field(sa_column=integer())
    declared_at: int | None = Field(sa_column=integer(null=True))
    step: str = Field(sa_column=text())
    at: int = Field(sa_column=integer())


class SearchPart(SQLModel, table=True):
    """Projection: a word of somebody's name, or "#" and the last four digits of a number, and the declaration it stands in. `year`: of
    birth, 0 when nobody wrote it down."""

    __tablename__ = "search_part"
    __table_args__ = CLUSTERED
    word: str = Field(sa_column=text(primary=True))
    year: int = Field(sa_column=integer(primary=True))
    epoch: str = Field(sa_column=text(primary=True))
    seq: int = Field(sa_column=integer(primary=True))


class SearchWord(SQLModel, table=True):
    """Projection: how many declarations bear a word."""

    __tablename__ = "search_word"
    __table_args__ = CLUSTERED
    word: str = Field(sa_column=text(primary=True))
    n: int = Field(sa_column=integer())


PROJECTIONS: tuple[type[SQLModel], ...] = (
    VisitRow, DeclarationRow, DeferRow, LeaveRow, SightingRow, Subject, Link, SearchPart, SearchWord, PlaceChangeRow,
)  # fmt: skip
METADATA = SQLModel.metadata
