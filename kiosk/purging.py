"""`kiosk purge`: a closed day that the province has opened whole leaves this laptop; its sealed events and a signed certificate stay.

Everything that will count is made in `purge.new` and looked at; one rename makes it count (store/swap.py). Neither the old database, nor
the old keys, nor the old vault open afterwards, wherever a copy of them lies: the device secret they hang on is gone. Every officer's PIN
stays as it was. A lead does it, or the policy: when its days since the close are over.
"""

import base64
import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kiosk import compose
from kiosk.checks import FOLDER as CHECKS
from kiosk.crypto import sign
from kiosk.crypto.kdf import stretch
from kiosk.devices import keystore as keystores
from kiosk.devices.captures import FOLDER as CAPTURES
from kiosk.domain import pin as pins
from kiosk.errors import Code, KioskError, code_of
from kiosk.papers import FILES, PERSONAL
from kiosk.ports import Clock, KeyStore
from kiosk.security import officers
from kiosk.security.keyring import Keyring
from kiosk.security.officers import Credentials
from kiosk.security.session import NOBODY
from kiosk.security.vault import NAME as VAULT
from kiosk.security.vault import Lid, Vault, secret_name
from kiosk.spreadsheet import FILES as SHEETS
from kiosk.store import certificates, check, figures, migrations, purge, swap
from kiosk.store.certificates import Chain, Said
from kiosk.store.doubtful import doubtful
from kiosk.store.engine import Database
from kiosk.store.journal import Journal
from kiosk.store.swap import Step, nothing

POLICY = "policy"  # who answers for a purge that nobody asked for


class Look(msgspec.Struct, frozen=True):
    """May `day` be purged? `why`: reason -> how many; empty: yes."""

    day: str
    why: dict[str, int]


def look(parts: compose.Parts, day: str | None = None) -> Look:
    """Nothing is changed. Raises KioskError(NO_DAY | DAY_PURGED)."""
    gone = {one.day for one in parts.purged()}
    with parts.database.read() as conn:
        known = purge.days(conn)
        day = day or next((one for one in known if one not in gone and purge.closed(conn, one)), None) or parts.station.last_day()
        if day is None or day not in known:
            raise KioskError(Code.NO_DAY, day=(day or "")[:20])
        if day in gone:
            raise KioskError(Code.DAY_PURGED, day=day)
        why = {} if purge.closed(conn, day) else {"not_closed": 1}
        why |= purge.unopened(conn, day)
        tied = purge.ties(conn, day, certificates.epochs(parts.purged()))
        unsettled, opened = len(doubtful(conn, parts.unsure.entries(), parts.journal.identity.kiosk, day)), purge.open_days(conn)
    draft = bool(opened) and (parts.home / "draft.sealed").exists()
    lost = [epoch for epoch in parts.journal.lost_keys(parts.database) if epoch not in certificates.epochs(parts.purged())]
    more = {"corrects_another_day": tied, "unsure": unsettled, "draft": int(draft), "viewing": int(parts.database.viewing is not None)}
    return Look(day, why | {name: n for name, n in (more | {"key_lost": len(lost)}).items() if n})


def due(parts: compose.Parts) -> list[str]:
    """Closed days whose time here is over by the policy and that may go, oldest first."""
    return [day for day in parts.overdue() if not look(parts, day).why]


class Done(msgspec.Struct, frozen=True):
    """A purge that counts: its certificate, and how the home is opened again without a PIN."""

    said: Said
    held: compose.Held


def run(
    home: Path, day: str | None, given: Credentials | None = None, clock: Clock | None = None, keystore: KeyStore | None = None,
    step: Step = nothing, held: compose.Held | None = None, by: str = "",
) -> Done:  # fmt: skip
    """Purges `day` (None: the oldest closed one). `given` or `held` opens the home; `by`: who answers for it, a lead who was asked before
    or POLICY; "": the lead who is signed in. `step` is told of each step before it is taken.

    Raises KioskError (PURGE_REFUSED naming why, NO_DAY, DAY_PURGED, LEAD_NEEDED, LOCKED, PIN_*, HOME_BUSY, DISK_*, KEYS_*); the old files
    then count as before.
    """
    keystore = keystore or keystores.best(home)
    try:
        with compose.open_parts(home, clock=clock, keystore=keystore, exclusive=True, given=given, held=held) as parts:
            if not by:
                lead = parts.station.require("lead", "purge")
                by = lead.id if lead else NOBODY
            said, vault = _prepare(parts, day, by, given, keystore, step)
            parts.database.close()
            step("commit")
            swap.commit(home)
            session = parts.officers.session
        swap.settle(home, keystore, step)
    except OSError as error:
        raise KioskError(code_of(error), home=home, what=error.strerror) from error
    return Done(said, compose.Held(Vault(home / VAULT, vault.id, vault.dek, vault.device, vault.secrets, vault.where), session))


def _prepare(
    parts: compose.Parts, day: str | None, by: str, given: Credentials | None, keystore: KeyStore, step: Step
) -> tuple[Said, Vault]:
    parts.mirror.step()
    looked = look(parts, day)
    if looked.why:
        raise KioskError(Code.PURGE_REFUSED, day=looked.day, **looked.why)
    if found := parts.verify().findings:
        raise KioskError(Code.PURGE_REFUSED, day=looked.day, verify=found[0].kind, seq=found[0].seq)
    stage, pages = parts.home / swap.STAGE, _pages(parts, looked.day)
    with parts.database.read() as conn:
        names = frozenset(purge.epochs(conn, looked.day)) | certificates.epochs(parts.purged())
    keys = sorted(file.name for file in (parts.home / swap.KEYRING).glob("*") if file.name not in names)
    vault = parts.vault.renewed(stage)
    step("stage")
    stage.mkdir(mode=0o700)
    plan = swap.Plan(parts.vault.id, vault.id, keys, f"{looked.day}.json", [str(page) for page in pages])
    swap.write_plan(stage, plan)
    step("new secret")
    keystore.put(secret_name(vault.id), vault.device)
    step("new keys")
    keyring = _keys(parts, stage, vault, keys)
    step("new vault")
    vault.write([vault.taken_over(slot, parts.vault) for slot in parts.vault.slots()])
    step("new database")
    rows = _database(parts, stage, vault, keyring, looked.day, names)
    step("certificate")
    said = _said(parts, looked.day, by, rows, len(pages))
    certificates.write(stage / plan.certificate, parts.vault.secrets.kiosk_seed, said)
    step("look again")
    _opens(stage, vault, keystore, given)
    return said, vault


def _pages(parts: compose.Parts, day: str) -> list[Path]:
    """Voters' pages and lists that were kept as files, pages on their way to a printer, pictures of the camera, the day's check.

    A page whose day cannot be told goes too: it can be printed again. Blank forms hold nobody's data and stay, whatever they are called.
    """
    blank = tuple(f"{name}-" for paper, name in FILES.items() if paper not in PERSONAL)
    with parts.database.read() as conn:
        names = purge.epochs(conn, day)
        others = [name for one in purge.days(conn) if one != day for name in purge.epochs(conn, one)]
    folder = parts.settings.papers(parts.home)
    kept = [file for paper in PERSONAL for file in folder.glob(f"{FILES[paper]}-*.pdf") if not file.name.startswith(blank)]
    mine = [file for file in kept if any(name in file.name for name in names) or not any(name in file.name for name in others)]
    lists = folder.glob(f"{SHEETS['people']}-{day}-*")
    check = (parts.home / CHECKS).glob(f"{day}.json")
    return sorted({*mine, *lists, *check, *(parts.home / "spool").glob("*"), *(parts.home / CAPTURES).glob("*")})


def _keys(parts: compose.Parts, stage: Path, vault: Vault, keys: Sequence[str]) -> Keyring:
    """The other days' keys under the new DEK."""
    keyring, old = Keyring(stage, vault.dek), Keyring(parts.home, parts.vault.dek)
    (stage / swap.KEYRING).mkdir(mode=0o700)
    for epoch in keys:
        keyring.add(epoch, old.fresh(epoch))
    return keyring


def _database(parts: compose.Parts, stage: Path, vault: Vault, keyring: Keyring, day: str, names: frozenset[str]) -> dict[str, int]:
    """Made, flushed, and compared with the old one. Returns the rows that are gone, by table."""
    new = Database(stage / swap.DATABASE, vault.dek)
    try:
        migrations.migrate(new, parts.clock.now().wall)
        rows = purge.copy(parts.database, new, day, PERSONAL)
    finally:
        new.close()
    with (stage / swap.DATABASE).open("rb+") as file:
        os.fsync(file.fileno())
    try:
        journal = Journal(parts.journal.identity, keyring, parts.clock.machine(), compose.dictionaries())
        found = check.verify(parts.mirror.path, new, journal, parts.vault.secrets.enrolment.trust.service, names).findings
        wrong = new.damage() or (found and f"{found[0].kind} {found[0].seq}") or (purge.left(new, day) and "rows left")
        wrong = wrong or (purge.readable(journal, new, names) and "keys left")
        if wrong or not purge.same_journal(parts.database, new):
            raise KioskError(Code.PURGE_REFUSED, day=day, verify=str(wrong or "journal")[:60])
    finally:
        new.close()
    if any((stage / f"{swap.DATABASE}{end}").exists() for end in ("-wal", "-shm")):
        raise KioskError(Code.PURGE_REFUSED, day=day, verify="wal left")
    return rows


def _said(parts: compose.Parts, day: str, by: str, rows: dict[str, int], pages: int) -> Said:
    journal, info = figures.of_day(parts.database, day), parts.station.info
    chains = [Chain(e.epoch, e.last, e.head.hex(), e.opened, e.into) for e in journal.epochs]
    now = parts.clock.now().wall
    return Said(day, info.kiosk, info.label, info.station.code, now, by, journal.events, journal.kind_words, rows, chains, pages)


def _opens(stage: Path, vault: Vault, keystore: KeyStore, given: Credentials | None) -> None:
    """The new vault, read from its file, must open as the sign-in page will open it. Raises KioskError.

    Where nobody's PIN is at hand, the officers' ways are compared with those just written; the DEK is known.
    """
    lid = Lid.look(stage, keystore)
    if not lid.secured:
        opened = lid.open()
    else:
        found = _by_pin(lid, given) if given is not None else vault.dek
        if found is None or not lid.ways_whole():
            raise KioskError(Code.KEYS_UNREADABLE, file=VAULT)
        opened = lid.opened_by(found)
    if not opened.same(vault.dek) or sign.public(opened.secrets.kiosk_seed) != sign.public(vault.secrets.kiosk_seed):
        raise KioskError(Code.KEYS_UNREADABLE, file=VAULT)


def _by_pin(lid: Lid, given: Credentials) -> bytes | None:
    slot = lid.slot(officers.find(lid, given.officer).id)
    if slot is None:
        return None
    return lid.dek(slot.officer, stretch(pins.canonical(given.pin), base64.b64decode(slot.salt), slot.costs))


def tell(parts: compose.Parts, said: Said) -> None:
    """The purge in the audit; a day on which nothing may be written keeps the certificate alone."""
    with contextlib.suppress(KioskError):
        parts.station.audit("purge", target=said.day, count=said.events, by=said.by)
        parts.mirror.step()
