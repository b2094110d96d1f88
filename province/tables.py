"""The province's tables, under the schema rules that let it grow to PostgreSQL and Citus without a rewrite.

Event tables: primary key begins (station_id, event_day), no other UNIQUE, no trigger, no serial; on PostgreSQL they are
partitioned by day, then by station. Small reference tables hold what is unique in the whole province. Times: INTEGER ms UTC.
Nothing personal beyond `subject_hash`, which dies with its day's key. No queries here.
"""

from typing import Any

from sqlalchemy import BigInteger, Index, MetaData, String, Table
from sqlalchemy.orm import registry
from sqlmodel import AutoString, Field, SQLModel

SCHEMA = 1
EVENT_TABLES = (
    "event", "span", "quarantine", "aside", "refusal", "visit", "declaration", "defer", "leave", "link", "deed", "web_record", "stay",
)  # fmt: skip
PARTITIONED: dict[str, Any] = {"postgresql_partition_by": "RANGE (event_day)", "info": {"class": "event"}}
REFERENCE: dict[str, Any] = {"info": {"class": "reference"}}
BY_STATION: dict[str, Any] = {"info": {"class": "station"}}


class Row(SQLModel, registry=registry(metadata=MetaData())):
    """Own metadata: the kiosk's tables live in other files and other processes."""


def pk(**more: Any) -> Any:
    return Field(primary_key=True, **more)


def ms(default: Any = ...) -> Any:
    return Field(default, sa_type=BigInteger)


# -- reference ------------------------------------------------------------------------------------------------------------


class Meta(Row, table=True):
    __table_args__ = REFERENCE
    name: str = pk()
    value: str


class Account(Row, table=True):
    """People who sign in. `password`: Argon2id in PHC form; `role`: administrator, operator, unit, official; `scope`: "" (the province),
    "district:474", "commune:19750" or "station:…": what a unit may see; `rights`: JSON list of an official's rights; `state`: active,
    pending (registered, not let in yet), closed; `failed`, `wait_until`: wrong passwords in a row, and until when none is tried;
    `totp`: the second factor's secret under the wrap key."""

    __table_args__ = REFERENCE
    username: str = pk()
    password: str
    role: str
    name: str = ""
    unit: str = ""
    phone: str = ""
    scope: str = ""
    rights: str = "[]"
    state: str = "active"
    failed: int = 0
    wait_until: int = ms(0)
    totp: bytes | None = None
    totp_last: int = ms(0)
    created_at: int = ms()
    expires_at: int | None = ms(None)


class Station(Row, table=True):
    """A polling area. `station_id` is its code; `key`: the station key, sealed under the home's wrap key."""

    __table_args__ = REFERENCE
    station_id: str = pk()
    name: str
    commune: str
    ward: str = ""
    district: str = ""
    hamlets: str = "[]"
    key: bytes
    created_at: int = ms()


class Officer(Row, table=True):
    """Names and roles go down to the kiosks. `first_key`: a first PIN given out of band, stretched by Argon2id with `first_salt` and
    sealed under the home's wrap key; the officer's own PIN is never here."""

    __table_args__ = REFERENCE
    id: str = pk()
    station_id: str = Field(foreign_key="station.station_id")
    name: str
    role: str
    first_salt: bytes | None = None
    first_key: bytes | None = None
    created_at: int = ms()


class Kiosk(Row, table=True):
    """One enrolled laptop, one station for ever; re-enrolment is a new row."""

    __table_args__ = REFERENCE
    kiosk_id: str = pk()
    station_id: str = Field(foreign_key="station.station_id", index=True)
    label: str
    public: bytes = Field(unique=True)
    issuer_id: bytes = Field(unique=True)
    issuer_public: bytes
    app: str
    machine: str
    enrolled_at: int = ms()
    revoked_at: int | None = ms(None)
    revoked_why: str = ""


class EnrolCode(Row, table=True):
    """A one-time code, by the hash of its secret."""

    __tablename__ = "enrol_code"
    __table_args__ = REFERENCE
    code_hash: bytes = pk()
    station_id: str = Field(foreign_key="station.station_id")
    expires_at: int = ms()
    used_by: str | None = None


class Campaign(Row, table=True):
    """`body`: the campaign's MessagePack as the root signed it."""

    __table_args__ = REFERENCE
    id: str = pk()
    body: bytes
    signature: bytes
    created_at: int = ms()


class CampaignDay(Row, table=True):
    __tablename__ = "campaign_day"
    __table_args__ = REFERENCE
    event_day: str = pk()
    campaign_id: str = Field(foreign_key="campaign.id")


class FeedScope(Row, table=True):
    """How far a scope has counted; its row's lock puts the writers of that scope in order. `floor`: withdrawals up to this counter
    have been forgotten, so that a cursor below it must begin again."""

    __tablename__ = "feed_scope"
    __table_args__ = REFERENCE
    scope: str = pk()
    counter: int = ms(0)
    floor: int = ms(0)


class FeedRow(Row, table=True):
    """A row of the feed (kiosk/domain/feed.py) as it stands; an empty `body` withdraws it. `urgent`: a revocation, sent first."""

    __tablename__ = "feed_row"
    __table_args__ = (Index("feed_row_counter", "scope", "counter"), REFERENCE)
    scope: str = pk()
    kind: str = pk()
    key: str = pk()
    counter: int = ms()
    body: bytes
    at: int = ms()
    urgent: bool = False


class Place(Row, table=True):
    """A QR place as it stands. `body`: MessagePack of feed.PlaceRow; `folded`: what a search looks at;
    `conflict`: see province/places.py."""

    __table_args__ = REFERENCE
    place_id: str = pk()
    station_id: str = Field(foreign_key="station.station_id", index=True)
    at: int = ms()
    body: bytes
    conflict: bool = False
    folded: str = ""


class PlaceChange(Row, table=True):
    """Every change of a place that came. `by`: kiosk:… or account:…; `base_at`: the version its maker saw."""

    __tablename__ = "place_change"
    __table_args__ = REFERENCE
    place_id: str = pk()
    at: int = pk(sa_type=BigInteger)
    by: str = pk()
    base_at: int = ms()
    body: bytes
    taken_at: int = ms()


class Stray(Row, table=True):
    """An upload signed by a kiosk that is not known here: kept whole, never dropped, until somebody knows whose it is. `trouble`: why it
    could not be taken when its kiosk was known again: signature, shape."""

    __table_args__ = REFERENCE
    digest: bytes = pk()
    sender: str
    body: bytes
    received_at: int = ms()
    trouble: str = ""


class Worker(Row, table=True):
    """A helper process's last sign of life."""

    __table_args__ = REFERENCE
    name: str = pk()
    pid: int
    at: int = ms()
    detail: str = ""


# -- by station -----------------------------------------------------------------------------------------------------------


class Epoch(Row, table=True):
    """One run of a journal. `state`: open, forked; `max_seq`: the highest event stored, gaps or not; `unreadable`: how many."""

    __table_args__ = BY_STATION
    station_id: str = pk()
    kiosk_id: str = pk()
    epoch: str = pk()
    event_day: str
    opening: bytes
    signature: bytes
    parent_epoch: str | None = None
    parent_seq: int | None = ms(None)
    have_seq: int = ms(0)
    have_head: bytes
    max_seq: int = ms(0)
    opened_seq: int = ms(0)
    unreadable: int = ms(0)
    state: str = "open"
    received_at: int = ms()


class Contact(Row, table=True):
    """A kiosk's last call. `skew_ms`: its clock minus ours; shown, never a reason to refuse."""

    __table_args__ = BY_STATION
    station_id: str = pk()
    kiosk_id: str = pk()
    at: int = ms()
    skew_ms: int = ms(0)
    app: str = ""


class Alert(Row, table=True):
    """`kind`: clone (two epochs continue one parent), fork (other bytes at a known place), asks (too many questions about people; no
    epoch)."""

    __table_args__ = BY_STATION
    station_id: str = pk()
    event_day: str = pk()
    kiosk_id: str = pk()
    epoch: str = pk()
    kind: str = pk()
    at: int = ms()


class Manifest(Row, table=True):
    """What a kiosk says there is, at close of day; `body` as the kiosk signed it (nonce, at, signature are the envelope's)."""

    __table_args__ = BY_STATION
    station_id: str = pk()
    event_day: str = pk()
    kiosk_id: str = pk()
    digest: bytes = pk()
    body: bytes
    nonce: bytes
    at: int = ms()
    signature: bytes
    received_at: int = ms()


class Rollup(Row, table=True):
    """What dashboards read instead of the event tables."""

    __table_args__ = BY_STATION
    station_id: str = pk()
    event_day: str = pk()
    visits: int = 0
    declarations: int = 0
    desk: int = 0
    updated_at: int = ms()


# -- events, partitioned by day and station -------------------------------------------------------------------------------


class Event(Row, table=True):
    __table_args__ = PARTITIONED
    station_id: str = pk()
    event_day: str = pk()
    kiosk_id: str = pk()
    epoch: str = pk()
    seq: int = pk(sa_type=BigInteger)
    kind: int
    at: int = ms()
    sealed: bytes
    sha256: bytes
    received_at: int = ms()


class Span(Row, table=True):
    """A gapless run of events as one batch brought it. (nonce, at, digest, signature): the envelope's, so that it can be proved."""

    __table_args__ = PARTITIONED
    station_id: str = pk()
    event_day: str = pk()
    kiosk_id: str = pk()
    epoch: str = pk()
    from_seq: int = pk(sa_type=BigInteger)
    to_seq: int = pk(sa_type=BigInteger)
    prev_head: bytes
    head: bytes
    nonce: bytes
    at: int = ms()
    digest: bytes
    signature: bytes


class Quarantine(Row, table=True):
    """Kept aside, never dropped. `reason`: conflict, no_campaign, revoked, shape. Seq 0 is an opening."""

    __table_args__ = PARTITIONED
    station_id: str = pk()
    event_day: str = pk()
    kiosk_id: str = pk()
    epoch: str = pk()
    seq: int = pk(sa_type=BigInteger)
    sha256: bytes = pk()
    kind: int
    at: int = ms()
    sealed: bytes
    reason: str
    received_at: int = ms()


class Aside(Row, table=True):
    """A whole upload with events in quarantine whose reason may pass (no_campaign, revoked), so that intake can be given it again:
    province/quarantine.py. `digest`: of the batch; `body`: the envelope as it came."""

    __table_args__ = PARTITIONED
    station_id: str = pk()
    event_day: str = pk()
    kiosk_id: str = pk()
    digest: bytes = pk()
    body: bytes
    received_at: int = ms()


class Refusal(Row, table=True):
    """An event that is stored and cannot be read."""

    __table_args__ = PARTITIONED
    station_id: str = pk()
    event_day: str = pk()
    kiosk_id: str = pk()
    epoch: str = pk()
    seq: int = pk(sa_type=BigInteger)
    reason: str
    at: int = ms()


class Visit(Row, table=True):
    """One arrival, by its root event's key. `subject_hash`: keyed by the day's key, empty when nobody was named."""

    __table_args__ = (
        Index("visit_entered", "station_id", "event_day", "entered_at"),
        Index("visit_subject", "subject_hash", "event_day"),
        PARTITIONED,
    )
    station_id: str = pk()
    event_day: str = pk()
    kiosk_id: str = pk()
    epoch: str = pk()
    seq: int = pk(sa_type=BigInteger)
    entered_at: int = ms()
    left_at: int | None = ms(None)
    number: int
    source: str
    verdict: str
    declared_at: int | None = ms(None)
    voided: bool
    subject_hash: bytes | None = None
    person: str = "voter"
    ticket: int = 0
    place: str = ""
    deed: str = ""


class Declaration(Row, table=True):
    """One declaration's outcome: when, how, and whether the rules led to the health desk. No answers."""

    __table_args__ = PARTITIONED
    station_id: str = pk()
    event_day: str = pk()
    kiosk_id: str = pk()
    epoch: str = pk()
    seq: int = pk(sa_type=BigInteger)
    declared_at: int = ms()
    mode: str
    desk: bool
    voided: bool
    subject_hash: bytes | None = None
    ticket: int = 0


class Defer(Row, table=True):
    """A ticket handed out: in first, declare later; or sent to the other table (`lane`). What became of it: province/tickets.py."""

    __table_args__ = PARTITIONED
    station_id: str = pk()
    event_day: str = pk()
    kiosk_id: str = pk()
    epoch: str = pk()
    seq: int = pk(sa_type=BigInteger)
    at: int = ms()
    ticket: int
    reason: str
    deed: str
    voided: bool
    subject_hash: bytes | None = None


class Leave(Row, table=True):
    """Somebody went out. `known`: that kiosk knew the visit, whose `left_at` says it; else `ticket` or `subject_hash` name the person."""

    __table_args__ = PARTITIONED
    station_id: str = pk()
    event_day: str = pk()
    kiosk_id: str = pk()
    epoch: str = pk()
    seq: int = pk(sa_type=BigInteger)
    at: int = ms()
    known: bool
    ticket: int
    voided: bool
    subject_hash: bytes | None = None


class Link(Row, table=True):
    """An amendment and the root it names. `event_day`: the target's, or "" while the target's epoch is not known here."""

    __table_args__ = PARTITIONED
    station_id: str = pk()
    event_day: str = pk()
    target_kiosk: str = pk()
    target_epoch: str = pk()
    target_seq: int = pk(sa_type=BigInteger)
    kiosk_id: str = pk()
    epoch: str = pk()
    seq: int = pk(sa_type=BigInteger)
    relation: str


class Stay(Row, table=True):
    """An officer began or ended a stay at this entrance: tracing sees officers too. `officer`: the id, no name."""

    __table_args__ = PARTITIONED
    station_id: str = pk()
    event_day: str = pk()
    kiosk_id: str = pk()
    epoch: str = pk()
    seq: int = pk(sa_type=BigInteger)
    deed: str
    officer: str
    what: str
    at: int = ms()


class Deed(Row, table=True):
    """Every root event that wrote a deed; a deed counts once however often it was written."""

    __table_args__ = PARTITIONED
    station_id: str = pk()
    event_day: str = pk()
    deed: str = pk()
    kiosk_id: str = pk()
    epoch: str = pk()
    seq: int = pk(sa_type=BigInteger)
    kind: int


def table(model: type[Row]) -> Table:
    """The core table of a model: batches go through core statements, the ORM costs seven times the CPU."""
    found: Table = Row.metadata.tables[str(model.__tablename__)]
    return found


TEXT = String().with_variant(String(collation="C"), "postgresql")  # keys are compared by their bytes on every engine, and quickly


def compare_by_bytes() -> None:
    """Gives every text column made so far that type; a module of tables ends with this call."""
    for made in Row.metadata.tables.values():
        for column in made.columns:
            if isinstance(column.type, AutoString):
                column.type = TEXT


compare_by_bytes()
