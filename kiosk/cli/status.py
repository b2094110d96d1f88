"""`kiosk status`: station, journal, and what the province holds."""

import argparse

from kiosk import compose, words
from kiosk.cli import opened, output
from kiosk.errors import Code, KioskError
from kiosk.store import damage, syncnote
from kiosk.store.engine import VIEWED
from kiosk.sync.state import SyncState, coarse

COUNTED = ("events", "waiting", "acknowledged", "opened", "refused", "last_receipt_at", "parked", "aside")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def run(args: argparse.Namespace) -> int:
    try:
        answer, said = _opened(args)
    except KioskError as error:
        if error.code is not Code.LOCKED:
            raise
        answer = _locked(args)
        said = (words.sync_state("locked"),)
    if args.json:
        output.emit(answer)
    else:
        head = f"{answer['station']} · {answer['label']} · {answer['event_day'] or '—'}"
        print("\n".join([*_standing(answer.pop("conditions")), head, *said]))
        print("\n".join(f"  {key}: {value}" for key, value in answer.items()))
    return 0


def _opened(args: argparse.Namespace) -> tuple[dict[str, object], tuple[str, ...]]:
    """The answer, and the same in words."""
    with opened.enrolled(args.home) as parts:
        counts = parts.outbox.counts()
        now = parts.clock.now().wall
        number, digest = parts.outbox.log_head()
        epoch, seq, head = parts.journal.where(parts.database)
        note = syncnote.read(args.home)
        viewing = parts.database.viewing
        link = "stale" if note.state == "ok" and parts.directory.stale(now) else note.state
        known = {name: getattr(counts, name) for name in COUNTED}
        stands = SyncState(state=link, clock_skew_s=note.clock_skew_s if note.at else None, **known)
        answer: dict[str, object] = {
            "station": parts.journal.identity.station,
            "kiosk": parts.journal.identity.kiosk,
            "event_day": parts.station.day(),
            "epoch": epoch,
            "seq": seq,
            "head": head,
            "waiting": counts.waiting,
            "acknowledged": counts.acknowledged,
            "opened": counts.opened,
            "refused": counts.refused,
            "last_receipt_at": counts.last_receipt_at,
            "feed_age_s": parts.directory.age_s(now),
            "clock_skew_s": note.clock_skew_s,
            "state": coarse(link),  # a closed list; `view_only` says the rest
            "link": link,
            "parked": counts.parked,
            "aside": counts.aside,
            "off": list(parts.station.off),
            "label": parts.journal.identity.label,
            "key": keys(parts.officers.session.secured, parts.vault.where),
            "officer": parts.officers.session.id,
            "log_head": f"{number}:{digest.hex()}" if number else None,
            "view_only": viewing.value if viewing else None,
            "conditions": [code.value for code in parts.conditions()],
        }
        said = words.sync_report(stands, parts.directory.age_s(now), parts.station.off)
        return answer, (words.second_copy(), *said) if viewing is Code.DATABASE_UNREADABLE else said


def _standing(conditions: object) -> list[str]:
    """What stands wrong, in words, before anything that looks healthy; a line each."""
    found = [Code(value) for value in conditions] if isinstance(conditions, list) else []
    viewed = {Code.VIEW_DISK, Code.VIEW_DAMAGED} & set(found)
    return [f"⚠ {words.condition(code).line} ({code.value})" for code in found if not viewed or code not in VIEWED]


def _locked(args: argparse.Namespace) -> dict[str, object]:
    """What can be said without a PIN: whose machine this is, and that it is locked. Nothing that the DEK protects."""
    lid = compose.look(args.home)
    people = lid.people
    unknown = dict.fromkeys(("event_day", "epoch", "seq", "head", "waiting", "acknowledged", "opened", "refused", "last_receipt_at"))
    note = syncnote.read(args.home)
    more = {"feed_age_s": None, "clock_skew_s": note.clock_skew_s, "state": "locked", "label": people.label}
    known = {"station": people.station, "kiosk": people.kiosk}
    standing = list(dict.fromkeys([Code.LOCKED.value, *(code.value for code in damage.codes(args.home))]))
    return {**known, **unknown, **more, "key": keys(lid.secured, lid.where), "officer": None, "conditions": standing}


def keys(secured: bool, where: str) -> str:
    """What the DEK hangs on, plainly."""
    return f"officer PIN and device secret ({where})" if secured else f"device secret only ({where})"
