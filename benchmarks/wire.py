"""Bytes an event on the wire, everything counted (TLS, HTTP, envelope, openings, signatures): the real uploader through a counting relay
to the real server. Beside gzip of 200 plain JSON records with a hash and a signature in each.

The reference declarations are those of the builders' shared records file; the dictionary was trained on other names and another seed.
Usage: python -m benchmarks.wire [--events 2000]
"""

import argparse
import gzip
import importlib.util
import random
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import rig
from benchmarks.rig import Server
from kiosk.domain.events import Kind
from tests.link import link

RECORDS = Path(__file__).parents[1].parent / "shared" / "records.py"
LIMIT = 150.0
SEED = 7


def records() -> Any:
    """The reference generator, or an exit: it is not part of this repository."""
    for place in (RECORDS, RECORDS.parents[2] / "shared" / "records.py"):
        if place.exists():
            spec = importlib.util.spec_from_file_location("records", place)
            assert spec is not None and spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise SystemExit(f"n=0: the reference records are not here ({RECORDS.name} in ../shared)")


def sent(server: Server, office: rig.Office, count: int, kind: Kind, make: Callable[[int], dict[str, Any]]) -> tuple[float, float]:
    """(bytes up an event, bytes down an event) of a day with so many events, from a cold socket to the last receipt."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        line = stack.enter_context(link(server.port))
        parts = stack.enter_context(rig.enrolled(Path(folder) / "kiosk", office, f"https://localhost:{line.port}"))
        rig.write(parts, kind, [make(i) for i in range(count)])
        before = line.up, line.down
        while parts.outbox.counts().waiting:
            state = parts.uploader.step()
            if state.state != "ok":
                raise SystemExit(f"wrong result: {state.detail}")
        total = parts.outbox.counts().events
        if parts.outbox.counts().acknowledged != total:
            raise SystemExit("wrong result: not all is held")
        return (line.up - before[0]) / total, (line.down - before[1]) / total


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=2000)
    args = parser.parse_args(argv)
    reference = records()
    plain = list(reference.plain(200))
    gzipped = len(gzip.compress(b"\n".join(plain), 9)) / len(plain)
    rnd = random.Random(SEED)
    with rig.province("sqlite") as (home, _):
        office, server = rig.Office(home), Server(home, "--no-opener")
        try:
            up, down = sent(server, office, args.events, Kind.DECLARATION, lambda _: dict(reference.body(rnd)))
            visit = sent(server, office, args.events, Kind.VISIT, rig.visit_fields)
            ours = sent(server, office, args.events, Kind.DECLARATION, rig.declaration_fields)
        finally:
            server.stop()
            office.close()
    print(
        f"wire: {up:.1f} bytes up for a reference declaration (at most {LIMIT:.0f}) {'ok' if up <= LIMIT else 'OVER'}, {down:.1f} down,"
        f" n={args.events} events; {up / gzipped:.2f}x of {gzipped:.1f} bytes, gzip of 200 plain records"
    )
    print(f"wire: {visit[0]:.1f} bytes up for a visit, {ours[0]:.1f} for a declaration of this form with address and look-up names")
    return int(up > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
