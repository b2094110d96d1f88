"""Verdicts as the window shows them. Sentences come from kiosk/words; nothing is decided here."""

from dataclasses import replace

from kiosk import words
from kiosk.domain.verdict import Act, Verdict
from kiosk.i18n import _
from kiosk.ui.widgets.card import CardText
from kiosk.ui.widgets.chips import ChipText


def day_text(iso: str) -> str:
    """2021-05-23 -> 23/05/2021; other text as it is."""
    parts = iso.split("-")
    return "/".join(reversed(parts)) if len(parts) == 3 else iso


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


def chip(verdict: Verdict, label: str) -> ChipText:
    said = words.verdict(verdict)
    number = number_text(label, verdict.number) if _counted(verdict) else ""
    return ChipText(said.title, said.icon, words.COLOURS[said.role], words.hour_minute(verdict.at), number)
