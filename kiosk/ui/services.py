"""What the window may ask for, as one bundle of calls; app.py fills it, tests fill it with the same real things.

Every call but `sound`, `look` and `wall` is made on a lane, never on the UI thread: they open the journal, the network or the printer.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from kiosk.checks import Finding
from kiosk.domain.verdict import Verdict
from kiosk.errors import Code
from kiosk.ports import Code as FoundCode
from kiosk.ports import Order, PrinterState, PrintJob, Sighting

if TYPE_CHECKING:  # these rooms cost start-up time that the first paint must not pay
    from kiosk.domain.declaration import Declaration
    from kiosk.domain.feed import PlaceRow
    from kiosk.domain.policy import Policy
    from kiosk.lookup import LookUps
    from kiosk.station import StationInfo
    from kiosk.ui.roster import Roster
    from kiosk.words.sync import BroughtHome, Standing


def wall() -> int:
    """The machine's clock in ms UTC, for showing only."""
    return int(time.time() * 1000)


class LineLike(Protocol):
    """One line of today's list: no name, no number of a person."""

    @property
    def at(self) -> int: ...
    @property
    def number(self) -> int: ...
    @property
    def act(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def event(self) -> str: ...
    @property
    def voided(self) -> bool: ...
    @property
    def kind(self) -> str: ...
    @property
    def ticket(self) -> int: ...
    @property
    def declaration(self) -> str: ...
    @property
    def amended(self) -> bool: ...


class TicketLike(Protocol):
    """A ticket and what became of it. `state`: open, declared, left, voided."""

    @property
    def number(self) -> int: ...
    @property
    def at(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def state(self) -> str: ...


class DeclaredLike(Protocol):
    """A declaration as it stands."""

    @property
    def event(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def fields(self) -> dict[str, Any]: ...


class TodayLike(Protocol):
    """Counts of the open day, as station.today() gives them."""

    @property
    def event_day(self) -> str: ...
    @property
    def visits(self) -> int: ...
    @property
    def declared(self) -> int: ...
    @property
    def by_hour(self) -> dict[int, int]: ...
    @property
    def by_source(self) -> dict[str, int]: ...
    @property
    def left(self) -> int: ...
    @property
    def waiting_tickets(self) -> tuple[TicketLike, ...]: ...
    @property
    def last(self) -> tuple[LineLike, ...]: ...


class Desk(Protocol):
    """The officer's acts: kiosk.station.Station."""

    def scan(self, sighting: Sighting) -> Verdict: ...
    def leave(self, sighting: Sighting) -> Verdict: ...
    def leave_by(self, ticket: int = 0, event: str = "", deed: bytes | None = None) -> Verdict: ...
    def declare(
        self, said_by_voter: "Declaration", deed: bytes | None = None, ticket: int = 0, completes: str = ""
    ) -> Verdict: ...
    def paper(self, number: int, at: int, said: "Declaration") -> Verdict: ...
    def seen(self, kind: str, deed: bytes | None = None, person: str = "voter") -> Verdict: ...
    def defer(self, reason: str, deed: bytes | None = None, subjects: tuple[str, ...] = (), person: str = "voter") -> Verdict: ...
    def correct(
        self, event: str, reason: str, void: bool = False, changes: dict[str, Any] | None = None, whole: bool = False
    ) -> str: ...
    def ticket_given(self, number: int) -> int: ...
    def lines(self, limit: int) -> tuple[LineLike, ...]: ...
    def declaration(self, event: str) -> DeclaredLike | None: ...
    def today(self) -> TodayLike: ...
    def begin_day(self, event_day: str) -> str: ...


class CheckDesk(Protocol):
    """The start-of-day check: kiosk.checkup. `machine`, `look` and `keep` wait for devices and disks: call them on a lane."""

    def machine(self) -> list[Finding]: ...
    def look(self) -> tuple[list[Finding], int]:
        """The newest frame is tried: what is known of the camera by now, and in how many frames the card was read."""
        ...

    def typed(self, text: str) -> Finding: ...
    def keys(self, pressed: Sequence[int], wanted: Sequence[int]) -> Finding: ...
    def beep(self) -> None: ...
    def keep(self, found: Sequence[Finding], seconds: float) -> None: ...


class KnobLike(Protocol):
    """One control of a camera's driver."""

    @property
    def name(self) -> str: ...
    @property
    def least(self) -> int: ...
    @property
    def most(self) -> int: ...
    @property
    def step(self) -> int: ...
    @property
    def value(self) -> int: ...


class Cameras(Protocol):
    """The cameras of this machine: kiosk.equipment.Equipment. Everything but `mirrored` may wait: call it on a lane."""

    def use(self, spec: str) -> None: ...
    def mirrored(self, camera: str) -> bool: ...
    def mirror(self, camera: str, mirrored: bool) -> None: ...
    def picture(self, path: Path) -> list[FoundCode]: ...
    def controls(self) -> Sequence[KnobLike]: ...
    def turn(self, name: str, value: int) -> bool: ...
    def capture(self) -> Path: ...


class JobLike(Protocol):
    """A paper in the queue. `state`: waiting, printed, dropped; `why`: of the last try; times ms UTC."""

    @property
    def number(self) -> int: ...
    @property
    def at(self) -> int: ...
    @property
    def paper(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def printer(self) -> str: ...
    @property
    def again(self) -> int: ...
    @property
    def tries(self) -> int: ...
    @property
    def why(self) -> str: ...


class KnownPlace(Protocol):
    """A QR place as this kiosk knows it. `sent`: the province has answered this version."""

    @property
    def row(self) -> "PlaceRow": ...
    @property
    def sent(self) -> bool: ...


class PlaceDesk(Protocol):
    """The lead's places: kiosk.places.Places. `here`: this lane's, or ""."""

    @property
    def here(self) -> str: ...
    def all(self) -> Sequence[KnownPlace]: ...
    def add(self, fields: Mapping[str, str]) -> "PlaceRow": ...
    def edit(self, place: str, fields: Mapping[str, str]) -> "PlaceRow": ...
    def withdraw(self, place: str) -> "PlaceRow": ...
    def use(self, place: str) -> None: ...


class TallyLike(Protocol):
    """One entrance: visits here, opened at the province, counted by hand (None: nobody did)."""

    @property
    def entrance(self) -> str: ...
    @property
    def here(self) -> int: ...
    @property
    def opened(self) -> int: ...
    @property
    def counted(self) -> int | None: ...


class UnsureLike(Protocol):
    """A deed that is on paper and counts here too: kiosk.store.doubtful.Doubtful."""

    @property
    def event(self) -> str: ...
    @property
    def paper(self) -> int: ...
    @property
    def number(self) -> int: ...
    @property
    def at(self) -> int: ...


class ClosingLike(Protocol):
    """How a day stands before and after its close: kiosk.day.Closing."""

    @property
    def event_day(self) -> str: ...
    @property
    def closed(self) -> bool: ...
    @property
    def visits(self) -> int: ...
    @property
    def together(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def tickets(self) -> tuple[int, ...]: ...
    @property
    def tally(self) -> Sequence[TallyLike]: ...
    @property
    def unsure(self) -> Sequence[UnsureLike]: ...
    @property
    def purged(self) -> bool: ...


class StayDay(Protocol):
    """A day begun here. `why` it may not go yet: reason -> how many; `until`: ms UTC when it goes by itself, None while it is open."""

    @property
    def day(self) -> str: ...
    @property
    def purged(self) -> bool: ...
    @property
    def why(self) -> Mapping[str, int]: ...
    @property
    def until(self) -> int | None: ...


class StayLike(Protocol):
    """What is still on this laptop: kiosk.leaving.Stay. `label`: the kiosk's; `why` it may not be cleaned yet."""

    @property
    def label(self) -> str: ...
    @property
    def days(self) -> Sequence[StayDay]: ...
    @property
    def why(self) -> Mapping[str, int]: ...


class LeaveDesk(Protocol):
    """What may leave this laptop: kiosk.leaving.Leaving."""

    def look(self) -> StayLike: ...


class CloseDesk(Protocol):
    """The close of the day. `count`: what was typed beside each entrance of the last look; `hand_over` may wait for the network."""

    def now(self) -> ClosingLike: ...
    def count(self, typed: Sequence[str]) -> None: ...
    def add_other(self, code: str) -> str: ...
    def close(self) -> object: ...
    def settle(self, event: str, keep: bool) -> None: ...
    def reopen(self, reason: str) -> object: ...
    def hand_over(self) -> bool: ...


class PaperDesk(Protocol):
    """Paper: kiosk.papers.Papers. Everything here may wait for a printer: call it on the slow lane."""

    def submit(self, order: Order, printer: str = "") -> int: ...
    def print(self, order: Order, out: Path | None = None, printer: str | None = None) -> PrintJob: ...
    def jobs(self) -> Sequence[JobLike]: ...
    def retry(self, printer: str = "") -> None: ...
    def drop(self, number: int) -> None: ...
    def state(self, printer: str = "") -> tuple[str, PrinterState]: ...
    def newest_declaration(self) -> str: ...


class ExportedLike(Protocol):
    """A file that was written. `rows`: without the header."""

    @property
    def file(self) -> Path: ...
    @property
    def rows(self) -> int: ...


class ExportDesk(Protocol):
    """Tables for the lead: kiosk.spreadsheet.Spreadsheets. `what`: counts, people; `suffix`: .csv, .xlsx."""

    def keep(self, what: str, suffix: str, reason: str = "") -> ExportedLike: ...


class Notice(Protocol):
    """Words of the province for officers: kiosk.domain.feed.NoticeRow."""

    @property
    def id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def at(self) -> int: ...


class Exported(Protocol):
    @property
    def events(self) -> int: ...


class TalkDesk(Protocol):
    """The talk with the province: kiosk.sync.talk.Talk. Everything here waits for network or stick: call it on the slow lane."""

    def drain(self, progress: "Callable[[Standing], None]", cancelled: Callable[[], bool]) -> "Standing": ...
    def out(self) -> "tuple[Path, Exported]": ...
    def home(self) -> "BroughtHome": ...


class Status(msgspec.Struct, frozen=True):
    """How things stand, gathered by the status thread. Times in ms UTC; `sync`: a state of SyncState; `days`: those the lead may
    open, empty while a day is open; `policy`: in force; `closing`: the last minutes before closing have begun; `standing`: with the
    province; `notices`: of the province, oldest first; `unread`: those that nobody has acknowledged here."""

    today: TodayLike
    waiting: int = 0
    received_at: int | None = None
    sync: str = "offline"
    conditions: tuple[Code, ...] = ()
    days: tuple[str, ...] = ()
    policy: "Policy | None" = None
    closing: bool = False
    standing: "Standing | None" = None
    feed_age_s: int = 0
    notices: tuple[Notice, ...] = ()
    unread: tuple[Notice, ...] = ()


class DeviceReport(msgspec.Struct, frozen=True):
    """What this machine has. `engines` present, `missing` engine -> why; `cameras`: (spec, name); `key_store`: "os" or "file"."""

    camera: str = ""
    engines: tuple[str, ...] = ()
    missing: dict[str, str] = msgspec.field(default_factory=dict)
    cameras: tuple[tuple[str, str], ...] = ()
    printer: str = ""
    printer_ready: bool = False
    printer_why: str = ""
    key_store: str = ""
    home: str = ""
    version: str = ""


class Services(msgspec.Struct, frozen=True):
    """`station` and what belongs to its day; `info` was read when the journal was opened."""

    station: Desk
    info: "StationInfo"
    places: Callable[[], PlaceDesk]
    lookups: Callable[[], "LookUps"]
    papers: Callable[[], PaperDesk]  # made when first asked for: reportlab costs start-up time
    devices: Callable[[], DeviceReport]
    use_camera: Callable[[str], None]
    sync_now: Callable[[], None]
    talk: Callable[[], TalkDesk]  # made when first asked for: `requests` costs start-up time
    look: Callable[[], None]  # the status thread looks again soon
    sound: Callable[[str], None] = lambda name: None
    wall: Callable[[], int] = wall  # the clock's ms UTC
    restore: Callable[[], None] = lambda: None  # on the UI thread: starts it, and comes back with other services
    saw: Callable[[str], None] = lambda notice: None  # somebody has read it
    roster: "Roster | None" = None  # who is on duty; None where nobody signs in at all
    keep_draft: Callable[[bytes], None] = lambda draft: None  # sealed on disk; empty: there is none any more
    draft: Callable[[], bytes] = bytes  # the one that was kept, of a form not saved so far
    cameras: Cameras | None = None
    close: Callable[[], CloseDesk] | None = None
    spreadsheets: Callable[[], ExportDesk] | None = None  # made when first asked for
    check: Callable[[], CheckDesk] | None = None  # a start-of-day check that begins now
    leaving: Callable[[], LeaveDesk] | None = None  # made when first asked for: reportlab costs start-up time
    purge: Callable[[str], None] = lambda day: None  # on the UI thread: starts it, and comes back with other services
    remove: Callable[[str], None] = lambda reason: None  # the same, and the window is a new laptop's afterwards
