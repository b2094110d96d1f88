"""stations, events: what has arrived, as counts and headers; no personal data."""

import argparse
import dataclasses
from typing import Any

from province import stations
from province.cli.output import emit
from province.cli.setup import home_of
from province.db import Database


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    listed = commands.add_parser("stations", parents=[common], help="every station and kiosk, with counts")
    listed.set_defaults(run=run_stations)
    events = commands.add_parser("events", parents=[common], help="headers of what has arrived")
    events.add_argument("--station", required=True, metavar="CODE")
    events.set_defaults(run=run_events)


def run_stations(args: argparse.Namespace) -> int:
    db = Database(home_of(args).require().url)
    for row in stations.overview(db):
        emit(args, dataclasses.asdict(row))
    return 0


def run_events(args: argparse.Namespace) -> int:
    db = Database(home_of(args).require().url)
    for row in stations.events(db, args.station):
        emit(args, row) if args.json else print(*row.values())
    return 0
