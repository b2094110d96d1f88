"""Pass + what is known + policy + now -> Verdict: what the screen tells the officer to do.

Pure. It guides and never decides who may vote: no verdict turns anybody away (letter 63/CV-BCĐ; law 7 of the architecture).
"""

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from kiosk.domain.passes.model import Kind, Pass, Reading

if TYPE_CHECKING:  # msgspec costs start-up time that the window's first paint must not pay
    from kiosk.domain.policy import Policy

HOUR = 3_600_000
LIST_STALE_MS = 24 * HOUR  # an older trust list still counts, and the card says its age
SIGNED_PAPERS = (Kind.HC1, Kind.SHC)  # who somebody is, signed; never a declaration


class Act(StrEnum):
    """What to do now. Colours, icons, sounds and sentences hang on these (kiosk/words.py)."""

    COME_IN = "come_in"
    LOOK = "look_at_phone"
    CARD = "card_read"
    UNVERIFIED = "read_not_verified"
    DECLARE = "declare_now"
    OUT_OF_DATE = "out_of_date"
    HEALTH_DESK = "health_desk"
    ALREADY_IN = "already_in"
    BY_POSTER = "came_by_poster"
    NOT_CONFIRMED = "not_confirmed"
    OTHER_CODE = "other_code"
    DEFERRED = "in_first_declare_later"
    TO_TABLE = "to_the_table"
    DECLARED = "declaration_kept"
    ALREADY_DECLARED = "already_declared"
    LEFT = "left"
    ALREADY_LEFT = "already_left"
    NOT_SAVED = "not_saved"


class Known(msgspec.Struct, frozen=True):
    """What this kiosk already knows of the person shown. Times in ms UTC.

    `entered_at`: first arrival today; `declared_at`: newest declaration that counts; `health_desk`: that declaration's rule outcome;
    `name`, `gender`, `birth_year`: from that declaration, to compare with a paper; `declaration`: its event;
    `entered_event`: that first arrival; `other_at`, `other_event`: an arrival that another kiosk counted, as the feed brought it;
    `ticket`: of that arrival, when the declaration was put off. `elsewhere`: the province's feed says so, which knows no name.
    `by_poster_at`: the person confirmed the arrival today by the poster and is counted there.
    """

    entered_at: int | None = None
    by_poster_at: int | None = None
    declared_at: int | None = None
    health_desk: bool = False
    name: str = ""
    gender: str = ""
    birth_year: str = ""
    declaration: str = ""
    ticket: int = 0
    elsewhere: bool = False
    entered_event: str = ""
    other_at: int | None = None
    other_event: str = ""


NOBODY = Known()


class Person(msgspec.Struct, frozen=True):
    """The little a large card may show: "T. T. Mẫu · nữ · 1983". Never a number, never a full name."""

    short_name: str = ""
    gender: str = ""
    birth_year: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """`act`; `reason`: a stable word or ""; `arrival`: this act counts a visit; `person`; `since`: the time the title or the
    card quotes (entered, declared), ms UTC; `number`: the visit's number once written, 0 before; `event`: "kiosk:epoch:seq"
    once written; `at`: ms UTC of the act; `prefill`: fields for the form when a card was read (memory only, never logged);
    `ticket`: the number handed out, or still to be closed; `completes`: event of the declaration here that a new one completes;
    `subjects`: look-up names of the code shown (memory only, for F3); `other`: event of the arrival that makes this one the second;
    `list_at`: the date of a trust list over 24 hours old that the verdict rests on, ms UTC."""

    act: Act
    kind: Kind
    reason: str = ""
    arrival: bool = False
    person: Person = Person()
    since: int | None = None
    number: int = 0
    event: str = ""
    at: int = 0
    prefill: dict[str, str] = msgspec.field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    list_at: int | None = None
    ticket: int = 0
    completes: str = ""
    subjects: tuple[str, ...] = ()
    other: str = ""


def short_name(full: str) -> str:
    """Initials and the given name: "Trần Thị Mẫu" -> "T. T. Mẫu"."""
    words = full.split()
    return " ".join([f"{w[0]}." for w in words[:-1]] + words[-1:])


def person_of(p: Pass, known: Known) -> Person:
    name = p.fields.get("full_name") or known.name
    short = short_name(name) if name else p.fields.get("initials", "")
    born = p.fields.get("birth_date") or p.fields.get("birth_year") or known.birth_year
    return Person(short, p.fields.get("gender") or known.gender, born[:4])


def _known_person(p: Pass, known: Known, policy: "Policy", now: int) -> Verdict | None:
    """The verdict on somebody whom this kiosk knows already, or None."""
    person = person_of(p, known)
    if known.entered_at is not None:
        waiting = known.ticket if known.declared_at is None else 0
        reason = "ticket_open" if waiting else "entered"
        again = Verdict(Act.ALREADY_IN, p.kind, reason, person=person, since=known.entered_at, at=now, ticket=waiting)
        return replace(again, other=known.entered_event)
    if known.other_at is not None:
        again = Verdict(Act.ALREADY_IN, p.kind, "entered_elsewhere", person=person, since=known.other_at, at=now)
        return replace(again, other=known.other_event)
    if known.by_poster_at is not None:
        return Verdict(Act.BY_POSTER, p.kind, "poster", person=person, since=known.by_poster_at, at=now)
    if known.declared_at is None:
        return None
    if now - known.declared_at > policy.validity_hours * HOUR:
        old = Verdict(Act.OUT_OF_DATE, p.kind, "declaration_old", person=person, since=known.declared_at, at=now, prefill=dict(p.fields))
        return replace(old, completes=known.declaration)
    act = Act.HEALTH_DESK if known.health_desk else Act.COME_IN
    where = "declared_elsewhere" if known.elsewhere else "declared_here"
    return Verdict(act, p.kind, where, arrival=True, person=person, since=known.declared_at, at=now)


def _verified(p: Pass, policy: "Policy", now: int, person: Person) -> Verdict:
    declared = p.declared_at or 0
    if declared > now + policy.future_minutes * 60_000:
        return Verdict(Act.NOT_CONFIRMED, p.kind, "from_the_future", person=person, since=declared, at=now)
    if now > min(p.expires_at or now, declared + policy.validity_hours * HOUR):
        return Verdict(Act.OUT_OF_DATE, p.kind, "expired", person=person, since=declared, at=now)
    return Verdict(Act.COME_IN, p.kind, "", arrival=True, person=person, since=declared, at=now)


def _paper(p: Pass, now: int, person: Person) -> Verdict:
    """A vaccine certificate or health card: it says who, and leaves the questions to be asked."""
    if p.reading is Reading.VERIFIED:
        old = p.trusted_at is not None and now - p.trusted_at > LIST_STALE_MS
        list_at = p.trusted_at if old else None
        return Verdict(Act.CARD, p.kind, "certificate_signed", person=person, at=now, prefill=dict(p.fields), list_at=list_at)
    reason = "certificate_expired" if p.reading is Reading.EXPIRED else "unknown_key"
    return Verdict(Act.UNVERIFIED, p.kind, reason, person=person, at=now, prefill=dict(p.fields))


def next_step(declared_at: int | None, desk: bool, policy: "Policy", now: int) -> Act:
    """What somebody's newest declaration leads to at `now` (ms UTC), wherever it was made."""
    if declared_at is None:
        return Act.DECLARE
    if now - declared_at > policy.validity_hours * HOUR:
        return Act.OUT_OF_DATE
    return Act.HEALTH_DESK if desk else Act.COME_IN


def judge(p: Pass, known: Known, policy: "Policy", now: int) -> Verdict:
    """The verdict on a pass at `now` (ms UTC)."""
    person = person_of(p, known)
    if p.kind in SIGNED_PAPERS and p.reading is Reading.UNKNOWN_KEY and p.fields:
        return _paper(p, now, person)
    match p.reading:
        case Reading.SEEN:
            return Verdict(Act.LOOK, p.kind, p.reason, at=now)
        case Reading.NOT_A_PERSON | Reading.NOT_OURS:
            return Verdict(Act.OTHER_CODE, p.kind, p.reason, at=now)
        case Reading.REJECT | Reading.BAD_SIGNATURE | Reading.UNKNOWN_KEY:
            return Verdict(Act.NOT_CONFIRMED, p.kind, p.reason or p.reading.value, at=now)
    if (verdict := _known_person(p, known, policy, now)) is not None:
        return verdict
    if p.reading in (Reading.VERIFIED, Reading.EXPIRED) and p.kind is Kind.HU1:
        return _verified(p, policy, now, person)
    if p.kind in SIGNED_PAPERS:
        return _paper(p, now, person)
    if p.kind is Kind.CCCD:
        return Verdict(Act.CARD, p.kind, p.reason, person=person, at=now, prefill=dict(p.fields), warnings=p.warnings)
    if p.kind is Kind.BARE_ID:
        return Verdict(Act.DECLARE, p.kind, p.reason, person=person, at=now, prefill=dict(p.fields), warnings=p.warnings)
    return Verdict(Act.UNVERIFIED, p.kind, p.reason, person=person, at=now, prefill=dict(p.fields), warnings=p.warnings)
