"""What a form begins with, and the draft that outlives a crash and a lock. Bytes go to kiosk/security/drafts.py, sealed."""

from typing import Any

import msgspec

DEED = 8


class Start(msgspec.Struct, frozen=True):
    """`prefill`: of the card just read; `fields`: of an earlier declaration; `mode`: proxy or supplement; `completes`, `corrects`:
    event of the declaration that is completed or corrected; `ticket`: the number the voter brought, 0 for none; `person`: who it is."""

    prefill: dict[str, str] = msgspec.field(default_factory=dict)
    fields: dict[str, Any] = msgspec.field(default_factory=dict)
    mode: str = "proxy"
    completes: str = ""
    corrects: str = ""
    ticket: int = 0
    person: str = ""


class Draft(msgspec.Struct, frozen=True):
    """A form on its way: where it began, what was typed and answered, the step that was open (0, 1)."""

    start: Start
    typed: dict[str, str]
    answers: dict[str, dict[str, bool]]
    notice: str
    step: int


def pack(deed: bytes, draft: Draft) -> bytes:
    """The deed first, so that a draft whose declaration was saved can be told without reading the rest."""
    return deed + msgspec.json.encode(draft)


def unpack(content: bytes) -> tuple[bytes, Draft] | None:
    """None for what is no draft of this version."""
    try:
        return content[:DEED], msgspec.json.decode(content[DEED:], type=Draft)
    except msgspec.DecodeError:
        return None
