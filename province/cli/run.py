"""serve, opener: the processes that stay."""

import argparse
import contextlib
import os
import signal
import tempfile
import threading
from pathlib import Path
from typing import Any

from province import authority
from province.cli.output import emit, say
from province.cli.setup import home_of
from province.db import Database
from province.settings import Refused

MOST_WORKERS = 64


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    serve = commands.add_parser("serve", parents=[common], help="the server, with its opener")
    serve.add_argument("--port", type=int, required=True, help="0: any free port")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: loopback)")
    serve.add_argument("--no-opener", action="store_true", help="where another process or machine runs `province opener`")
    serve.add_argument("--workers", type=int, default=1, metavar="N", help="web processes on the port; more than one needs PostgreSQL")
    serve.add_argument("--socket", type=int, default=0, help=argparse.SUPPRESS)  # of the parent's, in a worker
    serve.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)
    serve.set_defaults(run=run_serve)
    taken = commands.add_parser("import", parents=[common], help="a bundle from a stick, through the same code as the network")
    taken.add_argument("file", type=Path, metavar="FILE")
    taken.add_argument("--receipts", type=Path, required=True, metavar="FILE", help="what the kiosk takes home")
    taken.set_defaults(run=run_import)
    opener = commands.add_parser("opener", parents=[common], help="opens what has arrived; the only holder of the days' keys")
    opener.add_argument("--once", action="store_true", help="until nothing waits, then ends")
    opener.add_argument("--with-parent", action="store_true", help="ends when standard input does")
    opener.set_defaults(run=run_opener)


def run_import(args: argparse.Namespace) -> int:
    """Exit 0: all of the file was taken; 1: part of it was not (what and why is said)."""
    from province import importer
    from province.calls import Calls

    home = home_of(args).require()
    data = importer.read(args.file)
    importer.check_target(args.file, args.receipts)
    db = Database(home.url)
    outcome, receipts = importer.take(Calls(db, authority.load(home)), data)
    carried = not outcome.problems.get("busy") and outcome.trouble != "magic"  # else there is nothing whole to take home
    if carried:
        importer.write(args.receipts, receipts)
    emit(args, outcome.as_json())
    for line in importer.said(args.file, outcome):
        say(line)
    if carried:
        say(f"Mang {args.receipts} về máy: kiosk bundle receipts / take it home: kiosk bundle receipts")
    return int(bool(outcome.trouble or outcome.problems or outcome.conflict or outcome.rejected))


def run_serve(args: argparse.Namespace) -> int:
    os.umask(0o077)
    if not 1 <= args.workers <= MOST_WORKERS:
        raise Refused(f"--workers từ 1 đến {MOST_WORKERS}.\n--workers is 1 to {MOST_WORKERS}.")
    with contextlib.ExitStack() as stack:
        if args.workers > 1:  # counters of all processes, read by whichever answers; must be said before anything counts
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="hue-metrics-"))
            stack.callback(os.environ.pop, "PROMETHEUS_MULTIPROC_DIR", None)
        return _serve(args)


def _serve(args: argparse.Namespace) -> int:
    from province.serve import serve, serve_beside  # FastAPI and uvicorn cost a second that no other command should pay

    home = home_of(args).require()
    if args.socket:
        return serve_beside(home, args.socket)

    def ready(url: str) -> None:
        emit(args, {"ready": url})

    return serve(home, args.host, args.port, ready, opens=not args.no_opener, workers=args.workers)


def run_opener(args: argparse.Namespace) -> int:
    from province import opener as room

    os.umask(0o077)
    home = home_of(args).require()
    opener = room.Opener(Database(home.url), home)
    if args.once:
        total = 0
        while done := opener.step():
            total += done
        emit(args, {"opened": total})
        return 0
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if args.with_parent:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
        room.stop_with_parent(stop)
    else:
        say("opener: Ctrl-C dừng / stops")
    room.run(opener, stop)
    return 0
