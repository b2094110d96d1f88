"""`kiosk status`: station, journal, and what the province holds."""

import argparse

from kiosk import compose, words
from kiosk.cli import output
from kiosk.store import syncnote


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def run(args: argparse.Namespace) -> int:
    with compose.enrolled(args.home) as parts:
        counts = parts.outbox.counts()
        now = parts.clock.now().wall
        epoch, seq, head = parts.journal.where(parts.database)
        note = syncnote.read(args.home)
        answer = {
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
            "feed_age_s": max(0, now - parts.vault.secrets.enrolment.at) // 1000,
            "clock_skew_s": note.clock_skew_s,
            "state": note.state,
            "label": parts.journal.identity.label,
            "key": f"device secret only ({parts.vault.where})",
            "conditions": [code.value for code in parts.conditions()],
        }
    if args.json:
        output.emit(answer)
    else:
        print(f"{answer['station']} · {answer['label']} · {answer['event_day'] or '—'}")
        print(words.sync_state(note.state))
        print("\n".join(f"  {key}: {value}" for key, value in answer.items()))
    return 0
