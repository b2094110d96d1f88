"""Policy: what the province decides and may change by a signed campaign row; an argument of the verdict, never a global."""

import datetime as dt
from typing import Final, Literal

import msgspec

from kiosk.domain.vntime import ZONE

GO: Final = "go"
ASK: Final = "ask"
DESK: Final = "desk"


PURGE_DAYS: Final = 14  # the most a closed day stays on a borrowed laptop, whatever a policy says
Step = Literal["go", "ask", "desk"]  # go on; ask again, then go on; to the health desk


def proposed() -> dict[str, Step]:
    """Ours, until the province has decided: "Mệt mỏi" (fatigue) alone must not send half the elderly aside. As data/rules.yaml says."""
    desk = ("contact_case", "from_epidemic_area", "contact_from_area", "fever", "cough", "dyspnoea", "pneumonia", "sore_throat")
    return {**dict.fromkeys(desk, DESK), "fatigue": ASK}


class Rules(msgspec.Struct, frozen=True):
    """What a single answer "Có" leads to: question (of form.yaml) -> step. A question that is not named: go on."""

    answers: dict[str, Step] = msgspec.field(default_factory=proposed)

    def leading_to(self, step: Step) -> frozenset[str]:
        """The questions whose "Có" leads there."""
        return frozenset(question for question, own in self.answers.items() if own == step)


class Area(msgspec.Struct, frozen=True):
    """A dated epidemic area, to stand beside the second exposure question."""

    name: str
    since: str


# What a province may switch off. Never scanning, declaring, correcting or sending: the entrance works without the province.
SWITCHES = ("ask_province", "name_search", "people_export", "camera_capture", "slip")


class Policy(msgspec.Struct, frozen=True):
    """`version` goes into every event. `validity_hours`: how long a declaration counts. `future_minutes`: how far a pass's clock may
    run ahead of ours. `repeat_seconds`: the same code is not taken twice within it. `retention_days`: how long the province
    keeps arrivals, as posters say. `purge_days`: a closed day's readable rows leave the kiosk after it, 14 at most. `stay_minutes`:
    how long a visit without an exit is taken to have lasted, when contacts are traced. `layouts`: of codes that are not public
    (passes/layouts.py). `switched_off`: features that the province switched off, words of SWITCHES; others are a newer province's and
    are passed over. `proposal`: nobody at the province has confirmed these yet."""

    version: int = 1
    validity_hours: int = 72
    future_minutes: int = 24 * 60
    repeat_seconds: int = 5
    rules: Rules = Rules()
    retention_days: int = 21
    purge_days: int = PURGE_DAYS
    stay_minutes: int = 30
    areas: tuple[Area, ...] = ()
    layouts: tuple[str, ...] = ()
    switched_off: tuple[str, ...] = ()
    proposal: bool = True


class Campaign(msgspec.Struct, frozen=True):
    """A root-signed row: `days` (ISO dates) with the X25519 public key of each (hex), opening hours, form version and policy."""

    id: str
    name: str
    days: dict[str, str]
    opens: str = "07:00"
    closes: str = "19:00"
    form_version: int = 1
    policy: Policy = Policy()


def moment(day: str, clock: str) -> int | None:
    """"19:00" on an ISO day in Vietnam -> ms UTC; None for what is no time."""
    try:
        return int(dt.datetime.fromisoformat(f"{day}T{clock}:00").replace(tzinfo=ZONE).timestamp() * 1000)
    except ValueError:
        return None


def closing(campaign: Campaign, day: str, now: int, minutes: float) -> bool:
    """True from `minutes` before closing on, on `day`: then "in first, declare later" is offered first."""
    closes = moment(day, campaign.closes)
    return closes is not None and now >= closes - minutes * 60_000


class Slot(msgspec.Struct, frozen=True):
    """When a hamlet was asked to come: "07:00" to "08:30"."""

    hamlet: str
    since: str
    until: str


class Station(msgspec.Struct, frozen=True):
    """A polling area. `code`: "46-474-19750-01"; `commune`: ward code of the units' list; `name` as signs say it; `slots`: the
    announced arrival hours, where there are any."""

    code: str
    name: str
    commune: str
    ward: str = ""
    district: str = ""
    hamlets: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = ()


def expected(station: Station, clock: str) -> str:
    """The hamlet whose hour it is at "08:41", or "": a suggestion, never an answer."""
    return next((slot.hamlet for slot in station.slots if slot.since <= clock < slot.until), "")
