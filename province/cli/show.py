"""stations, tickets, totals, events: what has arrived, as counts and headers; no personal data."""

import argparse
import dataclasses
from datetime import datetime
from typing import Any

from province import settings, stations, tickets, totals
from province.cli.output import emit
from province.cli.setup import home_of
from province.db import Database
from province.settings import VIETNAM


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    listed = commands.add_parser("stations", parents=[common], help="every station and kiosk, with counts")
    listed.set_defaults(run=run_stations)
    given = commands.add_parser("tickets", parents=[common], help="in first, declare later: what became of each ticket of a station's day")
    given.add_argument("--station", required=True, metavar="CODE")
    given.add_argument("--day", default="", metavar="YYYY-MM-DD", help="default: today")
    given.set_defaults(run=run_tickets)
    added = commands.add_parser("totals", parents=[common], help="a station's day kiosk by kiosk; codes for the close page of a spare")
    added.add_argument("--station", required=True, metavar="CODE")
    added.add_argument("--day", default="", metavar="YYYY-MM-DD", help="default: today")
    added.add_argument("--for", dest="reader", default="", metavar="LABEL", help="the kiosk that adds the codes: without what it wrote too")
    added.set_defaults(run=run_totals)
    events = commands.add_parser("events", parents=[common], help="headers of what has arrived")
    events.add_argument("--station", required=True, metavar="CODE")
    events.set_defaults(run=run_events)


def run_tickets(args: argparse.Namespace) -> int:
    db = Database(home_of(args).require().url)
    for ticket in tickets.of_day(db, args.station, args.day or settings.today().isoformat()):
        visit = str(ticket.visit) if ticket.visit else None
        row = {"ticket": ticket.number, "reason": ticket.reason, "state": ticket.state, "at": ticket.at, "visit": visit}
        row |= {"declared_at": ticket.declared_at, "left_at": ticket.left_at}
        emit(args, row) if args.json else print(f"{ticket.number:>7}  {ticket.state:9} {ticket.reason}")
    return 0


def run_stations(args: argparse.Namespace) -> int:
    db = Database(home_of(args).require().url)
    for row in stations.overview(db):
        if args.json:
            emit(args, dataclasses.asdict(row))
            continue
        print(f"{row.station}  {row.name}  {row.ward}, {row.district}  visits {row.visits}  declarations {row.declarations}")
        for one in row.kiosks:
            seen = datetime.fromtimestamp(one.last_contact / 1000, VIETNAM).isoformat(" ", "minutes") if one.last_contact else "—"
            told = [*(["revoked"] if one.revoked else []), *one.alerts]
            numbers = f"held {one.held}  opened {one.opened}  missing {one.missing}  refused {one.refused}"
            print(f"  {one.label:4} {one.kiosk}  {numbers}  {seen}  {' '.join(told)}".rstrip())
    return 0


def run_totals(args: argparse.Namespace) -> int:
    day = args.day or settings.today().isoformat()
    found = totals.of_day(Database(home_of(args).require().url), args.station, day, args.reader)
    if args.json:
        emit(args, dataclasses.asdict(found))
        return 0
    print(f"{found.station}  {found.event_day}  {found.visits}")
    for one in found.kiosks:
        print(f"  {one.label:4} {one.kiosk}  {one.visits} ({one.twice} hai máy cùng ghi / written twice)  {one.code}")
    return 0


def run_events(args: argparse.Namespace) -> int:
    db = Database(home_of(args).require().url)
    for row in stations.events(db, args.station):
        emit(args, row) if args.json else print(*row.values())
    return 0
