"""What security costs: a scan's transaction beside the same SQLCipher rows without seal, chain and comparison; an unlock beside Argon2id.

Usage: python -m benchmarks.security [--n 100] [--unlocks 3] [--plant 3]

The second copy is not in it: nobody waits for it. The reference writes the same rows into the same kind of encrypted file, through the
same door, with `synchronous=FULL`.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from sqlalchemy import insert

from benchmarks import pairs
from kiosk import compose
from kiosk.crypto.kdf import Costs, stretch
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain.events import Kind
from kiosk.security.calibrate import calibrate
from kiosk.security.officers import Credentials, unlock
from kiosk.security.tries import Tries
from kiosk.security.vault import Lid
from kiosk.store import register
from kiosk.store.engine import Prepared
from kiosk.store.journal import EPOCH, EVENT, Draft
from kiosk.store.projections import SUBJECT, VISIT
from tests import builders
from tests.builders import LEAD

INSERTS = {table.name: Prepared(insert(table)) for table in (EVENT, VISIT, SUBJECT)}


def scans(folder: Path, n: int, plant: float) -> list[pairs.Series]:
    """Both sides in one home's database: a visit through the journal, and its rows alone."""
    home = builders.enrolled_home(folder / "scan", builders.province_for_today())
    with compose.open_parts(home) as parts:
        day, now = parts.station.likely_day() or "", parts.clock.now()
        parts.station.begin_day(day)
        fields = {"source": "hu1", "verdict": "come_in", "since": now.wall}

        def secured(k: int) -> None:
            with parts.database.write() as conn:
                subjects = [f"hu1:{os.urandom(11).hex()}"]
                draft = Draft(Kind.VISIT, {"no": register.next_number(conn, day), **fields, "subjects": subjects}, os.urandom(8))
                parts.journal.append(conn, day, [draft], now, "-", 1)

        plain = home.parent / "plain.db"
        bare = type(parts.database)(plain, os.urandom(32))
        with bare.write() as conn:
            EPOCH.metadata.create_all(conn)
        sealed = os.urandom(150)

        def unsecured(k: int) -> None:
            with bare.write() as conn:
                register.next_number(conn, day)
                key = {"epoch": "00" * 8, "seq": k + 1}
                INSERTS["event"].run(
                    conn, {**key, "kind": 1, "at": now.wall, "deed": os.urandom(8), "sealed": sealed, "head": os.urandom(32)}
                )
                visit = dict.fromkeys((column.name for column in VISIT.columns), 0)
                visit |= {**key, "event_day": day, "number": k + 1, "at": now.wall, "deed": os.urandom(8).hex(), "source": "hu1"}
                text = {column.name: str(visit[column.name]) for column in VISIT.columns if str(column.type) == "TEXT"}
                INSERTS["visit"].run(conn, {**visit, **text, "left_at": None})
                INSERTS["subject"].run(conn, {"hash": os.urandom(16), **key})

        before = parts.outbox.counts().events
        series = pairs.interleave(secured, unsecured, n, plant=plant)
        if parts.outbox.counts().events != before + 5 * n:
            raise SystemExit("wrong result: events are missing")
        report = parts.verify()
        if [finding for finding in report.findings if finding.kind != "mirror"]:
            raise SystemExit(f"wrong result: {report.findings[:3]}")
        bare.close()
    return series


def unlocks(folder: Path, n: int, plant: float) -> tuple[list[pairs.Series], Costs]:
    """The whole unlock (key store, vault file, tries counted, DEK unwrapped, content opened) beside the stretch alone, same costs."""
    home, store, clock = folder / "unlock", FileKeyStore(folder / "unlock" / "device.secret"), builders.Clock()
    builders.enrolled_home(home, officers=(LEAD,))
    costs, pin = calibrate(), "739104"
    vault = Lid.look(home, store).open()
    salt = os.urandom(16)
    vault.put(vault.wrapped(LEAD.id, stretch(pin, salt, costs), salt, costs))

    def opened(_k: int) -> None:
        lid = Lid.look(home, store)
        dek, officer = unlock(lid, Credentials(LEAD.id, pin), Tries(home), clock)
        if not lid.opened_by(dek).same(vault.dek) or officer.id != LEAD.id:
            raise SystemExit("wrong result: it did not open")

    return pairs.interleave(opened, lambda _k: stretch(pin, salt, costs), n, plant=plant), costs


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--unlocks", type=int, default=3)
    parser.add_argument("--plant", type=float, default=1.0)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        series = scans(Path(folder), args.n, args.plant)
        against = "the same rows in SQLCipher without seal, chain and comparison"
        results = [pairs.report("security per scan", against, series, 0.5, 1.5)]
        opened, costs = unlocks(Path(folder), args.unlocks, args.plant)
        told = f"one Argon2id of {costs.memory_kib // 1024} MiB, t={costs.passes}, p={costs.lanes}"
        results.append(pairs.report("unlock", told, opened, 0.5, 1.2))
    return pairs.finish(results)


if __name__ == "__main__":
    sys.exit(main())
