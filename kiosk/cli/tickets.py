"""`kiosk tickets`: who is in and has not declared, by ticket number; `--all` also those that were closed."""

import argparse

from kiosk import words
from kiosk.cli import opened, output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="closed ones and those of the declaring table too")


def run(args: argparse.Namespace) -> int:
    with opened.enrolled(args.home) as parts:
        today = parts.station.today()
    for ticket in today.tickets if args.all else today.waiting_tickets:
        if args.json:
            times = {"at": ticket.at, "declared_at": ticket.declared_at, "left_at": ticket.left_at}
            visit = str(ticket.visit) if ticket.visit else None
            output.emit({"ticket": ticket.number, "reason": ticket.reason, "state": ticket.state, **times, "visit": visit})
        else:
            state, reason = words.label(words.TICKET_STATES, ticket.state), words.label(words.DEFER_REASONS, ticket.reason)
            print(f"{ticket.number:>6}  {words.hour_minute(ticket.at)}  {state}  ({reason})")
    return 0
