"""`kiosk day`: which working day is open; `kiosk day open DATE` opens one (the lead's choice)."""

import argparse

from kiosk import words
from kiosk.cli import opened, output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=("open",))
    parser.add_argument("date", nargs="?", help="YYYY-MM-DD")


def run(args: argparse.Namespace) -> int:
    if args.action and not args.date:
        output.say("kiosk day open YYYY-MM-DD")
        return 2
    with opened.enrolled(args.home) as parts:
        today = ""
        if args.action:
            today = parts.station.begin_day(args.date)
            parts.mirror.step()
        days = sorted(day for c in parts.journal.identity.campaigns for day in c.days)
        answer = {"event_day": parts.station.day(), "likely": parts.station.likely_day(), "days": days}
    answer |= {"today": today} if today else {}
    if args.json:
        output.emit(answer)
    else:
        print(f"{answer['event_day'] or '—'}  ({', '.join(days)})")
        if today:
            print(words.another_day(args.date, today))
    return 0
