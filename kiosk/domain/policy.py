"""Policy: what the province decides and may change by a signed campaign row; an argument of the verdict, never a global."""

import msgspec


class Rules(msgspec.Struct, frozen=True):
    """Which single answers "Có" lead to the health desk. "Mệt mỏi" (fatigue) alone must not send half the elderly aside."""

    exposures: frozenset[str] = frozenset({"contact_case", "from_epidemic_area", "contact_from_area"})
    symptoms: frozenset[str] = frozenset({"fever", "cough", "dyspnoea", "pneumonia", "sore_throat"})


class Area(msgspec.Struct, frozen=True):
    """A dated epidemic area, to stand beside the second exposure question."""

    name: str
    since: str


class Policy(msgspec.Struct, frozen=True):
    """`version` goes into every event. `validity_hours`: how long a declaration counts. `future_minutes`: how far a pass's clock may
    run ahead of ours. `repeat_seconds`: the same code is not taken twice within it."""

    version: int = 1
    validity_hours: int = 72
    future_minutes: int = 24 * 60
    repeat_seconds: int = 5
    rules: Rules = Rules()
    areas: tuple[Area, ...] = ()


class Campaign(msgspec.Struct, frozen=True):
    """A root-signed row: `days` (ISO dates) with the X25519 public key of each (hex), opening hours, form version and policy."""

    id: str
    name: str
    days: dict[str, str]
    opens: str = "07:00"
    closes: str = "19:00"
    form_version: int = 1
    policy: Policy = Policy()


class Station(msgspec.Struct, frozen=True):
    """A polling area. `code`: "46-474-19750-01"; `commune`: ward code of the units' list; `name` as signs say it."""

    code: str
    name: str
    commune: str
    ward: str = ""
    district: str = ""
    hamlets: tuple[str, ...] = ()
