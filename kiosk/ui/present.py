"""Verdicts as the window shows them. Sentences come from kiosk/words; nothing is decided here."""

import msgspec
from msgspec.structs import replace

from kiosk import words
from kiosk.domain.verdict import Act, Verdict
from kiosk.i18n import _
from kiosk.ui.services import LineLike
from kiosk.ui.widgets.card import CardText
from kiosk.ui.widgets.chips import ChipText


def number_text(label: str, number: int) -> str:
    """The running number as papers say it: K1-000123."""
    return f"{label}-{number:06d}"


def _counted(verdict: Verdict) -> bool:
    return bool(verdict.number and verdict.event and verdict.act is not Act.NOT_SAVED)


def card(verdict: Verdict, label: str) -> CardText:
    """The large card of a verdict. `label`: the kiosk's, before the running number."""
    said = words.verdict(verdict)
    text = CardText(
        title=said.title,
        icon=said.icon,
        ground=words.COLOURS[said.role],
        ink=words.INK,
        border=words.TROUBLE_BORDER if verdict.act is Act.NOT_SAVED else "",
        person=said.person,
        detail=said.detail,
        saved=said.saved,
        next_step=said.next_step,
        caution=said.caution,
    )
    if _counted(verdict):
        text = replace(text, saved=_("Đã lưu · số {number}").format(number=number_text(label, verdict.number)))
    return text


TOO_LATE = frozenset({Act.CARD, Act.UNVERIFIED, Act.DECLARE, Act.OUT_OF_DATE, Act.NOT_CONFIRMED, Act.LOOK, Act.OTHER_CODE})


def closing(text: CardText, verdict: Verdict) -> CardText:
    """In the last minutes before closing: in first, declare later, before anything that takes time."""
    if verdict.act not in TOO_LATE:
        return text
    return replace(text, next_step=_("Sắp hết giờ: bấm F11 rồi Enter, mời vào trước, khai khi ra."))


def with_desk(text: CardText, verdict: Verdict, desk: str) -> CardText:
    """Who the health desk is, on the card that leads there; the hall reads nothing new in it."""
    if verdict.act is not Act.HEALTH_DESK or not desk:
        return text
    return replace(text, detail=_("{detail}\nBàn y tế: {desk}").format(detail=text.detail, desk=desk) if text.detail else desk)


def leaving(text: CardText, verdict: Verdict) -> CardText:
    """At the exit a code that names nobody cannot close a visit; one key counts the exit all the same."""
    if verdict.act not in TOO_LATE:
        return text
    return replace(text, next_step=_("Mã này không nối được với lượt vào: bấm F5 để ghi lượt ra."))


def chip(verdict: Verdict, label: str) -> ChipText:
    said = words.verdict(verdict)
    number = number_text(label, verdict.number) if _counted(verdict) else ""
    return ChipText(said.title, said.icon, words.COLOURS[said.role], words.hour_minute(verdict.at), number)


class Line(msgspec.Struct, frozen=True):
    """A deed that is too new for today's list, as far as its verdict tells."""

    at: int
    number: int
    act: str
    source: str
    event: str
    voided: bool = False
    kind: str = "visit"
    ticket: int = 0
    declaration: str = ""
    amended: bool = False


def line_of(verdict: Verdict) -> Line:
    """The line of a verdict that was just written."""
    kind = {Act.LEFT: "leave", Act.TO_TABLE: "defer", Act.DECLARED: "declaration"}.get(verdict.act, "visit")
    declaration = verdict.event if kind == "declaration" else ""
    return Line(verdict.at, verdict.number, verdict.act.value, "", verdict.event, False, kind, verdict.ticket, declaration)


def line_text(label: str, line: LineLike) -> str:
    """What a deed is called when it is asked about: its number, its ticket, or what it was."""
    if line.kind == "leave":
        return _("Lượt ra")
    if line.kind == "declaration":
        return _("Tờ khai")
    if line.kind == "defer":
        return _("Số {number} sang bàn khai hộ").format(number=line.ticket)
    return _("Lượt {number}").format(number=number_text(label, line.number))
