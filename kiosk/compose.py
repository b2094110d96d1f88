"""Settings -> store, devices, sync, station: the one place (with app.py) that names concrete classes. No Qt.

Heavy rooms (cv2, reportlab, requests) are not imported here; their makers below load them when a program needs them.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

from kiosk import __version__, checks, formcopy, homes, log
from kiosk.crypto import sign
from kiosk.devices import keystore as keystores
from kiosk.devices.clock import SystemClock
from kiosk.domain import form
from kiosk.domain.feed import FeedKind
from kiosk.domain.passes.model import Issuer
from kiosk.domain.policy import PURGE_DAYS, Campaign
from kiosk.domain.protocol import Enrolment, OfficerRow, Untrusted
from kiosk.errors import Code, KioskError, code_of
from kiosk.lookup import LookUps, Province
from kiosk.ports import Clock, KeyStore, Order, Printer, PrintJob
from kiosk.security import officers as security
from kiosk.security.drafts import Drafts
from kiosk.security.keyring import Keyring
from kiosk.security.officers import Credentials, Officers, Standing
from kiosk.security.session import Officer, Session
from kiosk.security.tries import Tries
from kiosk.security.vault import Lid, Vault
from kiosk.settings import Settings, change, load
from kiosk.shipped import data_dir
from kiosk.station import Setting, Station
from kiosk.store import carry, certificates, check, damage, feed, migrations, recovery, register, start, swap, wipe
from kiosk.store import papers as prints
from kiosk.store.bundles import Bundles
from kiosk.store.certificates import Said
from kiosk.store.directory import Directory
from kiosk.store.doubtful import doubtful
from kiosk.store.engine import Database
from kiosk.store.journal import DICTIONARY, Identity, Journal
from kiosk.store.mirror import Mirror
from kiosk.store.outbox import Outbox
from kiosk.store.unsure import Unsure

ANNOUNCED = frozenset(
    {
        Code.VIEW_DISK,
        Code.VIEW_DAMAGED,
        Code.JOURNAL_GONE,
        Code.MIRROR_AHEAD,
        Code.MIRROR_BROKEN,
        Code.WAL_CUT,
        Code.RESTORED,
        Code.KEY_LOST,
    }
)  # damage to files: whoever works here by commands is told with each one
VIEW = {Code.DISK_FULL: Code.VIEW_DISK, Code.DISK_READ_ONLY: Code.VIEW_DISK, Code.DATABASE_UNREADABLE: Code.VIEW_DAMAGED}

if TYPE_CHECKING:
    from kiosk.day import Day
    from kiosk.papers import Papers
    from kiosk.places import Places
    from kiosk.spreadsheet import Spreadsheets
    from kiosk.sync.bundle import Stick
    from kiosk.sync.state import SyncState
    from kiosk.sync.talk import Talk
    from kiosk.sync.uploader import Uploader


def dictionaries() -> dict[int, bytes]:
    """Compression dictionaries by id; shipped and never changed, since old events need theirs."""
    return {number: (data_dir() / "dict" / str(number)).read_bytes() for number in range(1, DICTIONARY + 1)}


def identity(vault: Vault) -> Identity:
    """Who this kiosk is, every root signature checked again. Raises KioskError(KEYS_UNREADABLE)."""
    enrolment: Enrolment = vault.secrets.enrolment
    try:
        campaigns: tuple[Campaign, ...] = tuple(c.read(enrolment.trust.root) for c in enrolment.campaigns)
    except Untrusted as error:
        raise KioskError(Code.KEYS_UNREADABLE, file="campaign") from error
    return Identity(
        enrolment.kiosk,
        enrolment.label,
        enrolment.station.code,
        vault.secrets.kiosk_seed,
        enrolment.station_key,
        campaigns,
        enrolment.at,
        __version__,
    )


def own_issuer(vault: Vault) -> Issuer:
    """This kiosk's own key for voter passes."""
    return Issuer(vault.secrets.enrolment.issuer_id, sign.public(vault.secrets.issuer_seed))


class Held(msgspec.Struct, frozen=True):
    """An open vault and who is signed in, kept while the home is closed for a moment: nobody gives the PIN again."""

    vault: Vault
    session: Session


@dataclass
class Parts:
    """Everything a program needs, opened; a context manager that closes in the right order."""

    home: Path
    settings: Settings
    clock: Clock
    vault: Vault
    officers: Officers
    database: Database
    journal: Journal
    station: Station
    directory: Directory
    mirror: Mirror
    outbox: Outbox
    unsure: Unsure
    recovered: recovery.Outcome
    stack: ExitStack

    @cached_property
    def uploader(self) -> "Uploader":
        """Made when first asked for: `requests` costs start-up time."""
        from kiosk.sync import uploader
        from kiosk.sync.feed import Feed

        filing = feed.Filing(self.database, self.vault.secrets.enrolment.trust.root)
        down = Feed(filing, self.directory.refresh)
        return uploader.make(self.home, self.vault.secrets, self.outbox, self.clock, self.settings, down, self._carry)

    def hand_over(self, event_day: str, progress: "Callable[[SyncState], None]", cancelled: Callable[[], bool]) -> "tuple[bool, SyncState]":
        """End of `event_day`: the province is told what there is, then everything is sent until it is held and opened.

        (does the province know what to expect, the state). Cancelling loses nothing.
        """
        return self.uploader.hand_over(self.outbox.manifest(event_day), progress, cancelled)

    @cached_property
    def stick(self) -> "Stick":
        """Bundles out and receipts home."""
        from kiosk.sync.bundle import Stick
        from kiosk.sync.uploader import Credentials

        secrets = self.vault.secrets
        me = Credentials(secrets.enrolment.kiosk, secrets.kiosk_seed, secrets.enrolment.trust.service)
        filing = feed.Filing(self.database, secrets.enrolment.trust.root)
        return Stick(self.outbox, filing, Bundles(self.database), me, self.clock)

    @cached_property
    def talk(self) -> "Talk":
        """What an officer may ask of the talk with the province."""
        from kiosk.sync.talk import Talk

        return Talk(lambda: self.uploader, lambda: self.stick, self.station, self.directory)

    def _carry(self, epoch: str) -> None:
        carry.carry(self.database, self.journal, epoch, self.officers.session.id, self.clock.now())
        for wake in self.station.writer.on_commit:
            wake()

    @cached_property
    def lookups(self) -> LookUps:
        """Tra cứu. The network's room is loaded when the province is first asked."""

        def province() -> Province:
            from kiosk.sync.known import Asker

            return Asker(self.vault.secrets, self.settings, self.clock)

        return LookUps(self.database, self.journal.identity, self.station, self.clock, province)

    @cached_property
    def drafts(self) -> Drafts:
        return Drafts(self.home, self.vault.dek)

    @cached_property
    def day(self) -> "Day":
        """Made when first asked for: reportlab costs start-up time."""
        from kiosk.day import Day

        def names() -> dict[str, str]:
            return {row.id: row.name for row in self.vault.secrets.enrolment.officers}

        return Day(self.station, self.database, self.clock, self.unsure, self.journal, names=names, send=self._hand_over)

    def _hand_over(self) -> bool:
        """Manifest and events of the last day, as far as the link goes; True: the province knows what to expect."""
        day = self.station.last_day()
        with contextlib.suppress(KioskError):
            return day is not None and self.uploader.hand_over(self.outbox.manifest(day), lambda state: None, lambda: False)[0]
        return False

    @cached_property
    def papers(self) -> "Papers":
        """Made when first asked for: reportlab costs start-up time."""
        from kiosk.devices import spooler
        from kiosk.papers import Papers

        def open_printer(name: str) -> Printer:
            return spooler.open_printer(name, self.settings.papers(self.home))

        seed = self.vault.secrets.issuer_seed
        made = Papers(self.home, self.settings, self.station, self.database, self.journal, self.clock, seed, open_printer)
        made.makers |= {"report": self.day.make, "poster": self.places.make_poster}
        made.makers |= {"certificate": self._certificate, "test-card": self._test_card, "start-check": self._start_check}
        made.checks["poster"] = self.places.board_of
        return made

    def _test_card(self, order: Order, file: Path, again: int) -> int:
        from kiosk.printing import test_card

        return test_card.render(file, self.clock.now().wall)

    def _certificate(self, order: Order, file: Path, again: int) -> int:
        """Of the purged day that `order.target` names. Raises KioskError(NO_SUCH_RECORD)."""
        from kiosk.printing import certificate

        said = next((one for one in self.purged() if one.day == order.target), None)
        if said is None:
            days = ", ".join(one.day for one in self.purged())
            raise KioskError(Code.NO_SUCH_RECORD, paper="certificate", day=order.target[:20], purged=days)
        info = self.station.info
        chains = [(chain.epoch, chain.last, chain.opened, chain.head, chain.into) for chain in said.chains]
        names = {row.id: row.name for row in self.vault.secrets.enrolment.officers} | {"policy": certificate.BY_POLICY}
        by = names.get(said.by, "")
        made = certificate.Purged(
            info.station.name, info.station.ward, said.label, said.day, said.at, by, said.events, said.kinds, said.rows, chains, said.pages
        )
        return certificate.render(made, file)

    def _start_check(self, order: Order, file: Path, again: int) -> int:
        """The day's newest check. Raises KioskError(NO_SUCH_RECORD) before there is one."""
        from kiosk.printing import start_check

        day, info = order.target or self.station.day() or "", self.station.info
        kept = checks.kept(self.home, day)
        if kept is None:
            raise KioskError(Code.NO_SUCH_RECORD, paper="start-check", day=day[:20])
        found, at, seconds = kept
        rows = [(checks.item_label(f.item), f.state, f.detail, f.cure) for f in found]
        made = start_check.StartCheck(
            info.station.name, info.station.ward, info.label, day, at, self.clock.now().wall, rows, seconds
        )  # fmt: skip
        return start_check.render(made, file)

    def checked(self, found: Sequence[checks.Finding], seconds: float) -> None:
        """A start-of-day check was made: kept with the day, and told by an audit entry. A disk that refuses is in the check itself."""
        bad = sum(finding.state == "missing" for finding in found)
        with contextlib.suppress(KioskError):
            self.station.audit("doctor", count=len(found), bad=bad)  # before the file is named: it may open the day
        checks.keep(self.home, self.station.day() or "", found, self.clock.now().wall, seconds)

    @cached_property
    def places(self) -> "Places":
        """Made when first asked for: it can print."""
        from kiosk.places import Places

        return Places(self.station, self.database, self.clock, lambda place: change(self.home, "place", place))

    @cached_property
    def spreadsheets(self) -> "Spreadsheets":
        """Made when first asked for: openpyxl costs start-up time."""
        from kiosk.spreadsheet import Spreadsheets

        return Spreadsheets(self.station, self.database, self.settings.papers(self.home))

    def prints_due(self) -> int | None:
        """ms UTC at which a waiting paper may be tried, or None. Does not load what prints."""
        with self.database.read() as conn:
            return prints.next_due(conn)

    def conditions(self) -> list[Code]:
        """Standing troubles of store, copy and clock, worst first."""
        viewed = self.database.viewing
        found: list[Code | None] = [VIEW.get(viewed)] if viewed else []
        found += [viewed, homes.refuses(self.home), self.station.writer.trouble, self.mirror.trouble, *damage.codes(self.home)]
        found += [] if self.recovered.noted else [self.recovered.code]
        with contextlib.suppress(KioskError):
            found += [Code.DAY_LEFT_OPEN] * self.station.left_open()
        if self.station.clock_is_back():
            found.append(Code.CLOCK_BACK)
        if self.directory.revoked:
            found.append(Code.REVOKED)
        found += [Code.MIRROR_BROKEN] * bool(self.set_aside())
        with contextlib.suppress(KioskError):
            found += [Code.KEY_LOST] * bool(self.lost_keys() - damage.looked_at(self.home, Code.KEY_LOST))
            with self.database.read() as conn:
                found += [Code.UNSURE_FOUND] * bool(doubtful(conn, self.unsure.entries(), self.journal.identity.kiosk))
                found += [Code.PRINT_FAILED] * bool(prints.stuck(conn))
        if not self.officers.session.secured and any(row.role == "lead" for row in self.vault.secrets.enrolment.officers):
            found.append(Code.NO_LEAD)
        found += [Code.FORM_KEPT] * bool(form.mistake())
        if self.directory.stale(self.clock.now().wall):
            found.append(Code.FEED_STALE)
        found += [Code.LOOKUPS_MANY] * self.station.many_looks
        return [code for code in dict.fromkeys(found) if code is not None]

    def unsaved(self) -> Code | None:
        """Why the next act would not be saved, as far as it is known before it, or None."""
        return VIEW.get(self.database.viewing) if self.database.viewing else homes.refuses(self.home)

    def announced(self) -> list[Code]:
        """What is wrong with the files of this home, or was and nobody has looked at it yet; worst first. Every command says it."""
        return [code for code in self.conditions() if code in ANNOUNCED]

    def lost_keys(self) -> frozenset[str]:
        """Epochs whose content key cannot be read from its file, the purged ones aside. Raises KioskError."""
        return frozenset(self.journal.lost_keys(self.database)) - certificates.epochs(self.purged())

    def purged(self) -> list[Said]:
        """What left this laptop, as certified."""
        return certificates.all_of(self.home, sign.public(self.vault.secrets.kiosk_seed))

    @property
    def held(self) -> Held:
        """To open the same home again after a moment."""
        return Held(self.vault, self.officers.session)

    def purge_ms(self, day: str) -> int:
        """How long after its close a day may stay here, by the policy, 14 days at most; in ms."""
        campaign = self.journal.identity.campaign(day)
        days = campaign.policy.purge_days if campaign is not None else PURGE_DAYS
        return max(0, min(days, PURGE_DAYS)) * 86_400_000

    def overdue(self) -> list[str]:
        """Closed days whose time here is over, whether or not they may go yet; oldest first."""
        now = self.clock.now().wall
        with self.database.read() as conn:
            return [day for day, at in register.closed_days(conn) if now - at >= self.purge_ms(day)]

    def set_aside(self) -> list[str]:
        """Second copies that contradicted and were kept for the experts."""
        return sorted(path.name for path in self.home.glob("journal.sealed.*"))

    def verify(self) -> check.Report:
        """The whole check, with what earlier starts found and left for people to look at. Lost append-only triggers are made again."""
        trust, gone = self.vault.secrets.enrolment.trust, certificates.epochs(self.purged())
        report = check.verify(self.mirror.path, self.database, self.journal, trust.service, gone)
        if any(found.kind == check.GUARD for found in report.findings):
            with contextlib.suppress(KioskError):  # found again by the next check
                migrations.guard_again(self.database)
        report.findings += [check.Finding("mirror", 0, f"set aside: {name}") for name in self.set_aside()]
        if Code.JOURNAL_GONE in damage.codes(self.home):
            report.findings.append(check.Finding("database", 0, "an earlier journal of this home is gone, and its second copy too"))
        report.ok = not report.findings
        return report

    def close(self) -> None:
        """Afterwards nothing here holds the DEK: pool, keyring and vault go with their owner."""
        if "uploader" in self.__dict__:
            self.uploader.close()
        self.database.end()  # a thread that still holds it writes nothing beside a purge or a restore
        self.stack.close()

    def __enter__(self) -> "Parts":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_parts(
    home: Path,
    settings: Settings | None = None,
    clock: Clock | None = None,
    keystore: KeyStore | None = None,
    exclusive: bool = False,
    given: Credentials | None = None,
    held: Held | None = None,
) -> Parts:
    """Opens an enrolled home. `exclusive`: for rebuild; `given`: who opens it, once an officer has a PIN; `held`: it was open just now.

    Raises KioskError (NOT_ENROLLED, LOCKED, PIN_*, HOME_BUSY, DATABASE_*, DISK_*, KEYS_*).
    """
    try:
        return _open(home, settings, clock or SystemClock(), keystore, exclusive, given, held)
    except OSError as error:  # a folder that lets nothing be written, a disk without room for a lock
        raise KioskError(code_of(error), home=home, what=error.strerror) from error


def look(home: Path, keystore: KeyStore | None = None) -> Lid:
    """The closed vault: whose station, which officers. Raises KioskError(NOT_ENROLLED | KEYS_UNREADABLE)."""
    keystore = keystore or keystores.best(home)
    settle(home, keystore)
    return Lid.look(home, keystore)


def settle(home: Path, keystore: KeyStore | None = None) -> None:
    """Ends what a purge or a removal began before its program was killed. Raises KioskError(HOME_BUSY | KEYS_UNREADABLE), OSError."""
    if any((home / name).exists() for name in (wipe.READY, wipe.STAGE, swap.STAGE, swap.READY, swap.DONE)):
        keystore = keystore or keystores.best(home)
        if not wipe.settle(home, keystore):
            swap.settle(home, keystore)


def standing(home: Path, lid: Lid, clock: Clock | None = None) -> tuple[Standing, ...]:
    """The officers as the sign-in page lists them; nothing is opened."""
    return security.standing(lid, Tries(home), clock or SystemClock())


def _unlock(lid: Lid, home: Path, clock: Clock, given: Credentials | None) -> tuple[Vault, Officer | None]:
    if not lid.secured:
        return lid.open(), None
    if given is None:
        raise KioskError(Code.LOCKED)
    dek, officer = security.unlock(lid, given, Tries(home), clock)
    return lid.opened_by(dek), officer


def _open(
    home: Path, settings: Settings | None, clock: Clock, keystore: KeyStore | None, exclusive: bool, given: Credentials | None,
    held: Held | None,
) -> Parts:  # fmt: skip
    homes.check(home)
    formcopy.keep_in(home)
    with ExitStack() as stack:
        keystore = keystore or keystores.best(home)
        lid = look(home, keystore)
        first, left = start.enter(home, exclusive, stack)
        if Lid.look(home, keystore).stored.id != lid.stored.id or (home / swap.READY).exists():  # purged since: what lies here is new
            raise KioskError(Code.HOME_BUSY, holder="kiosk purge", home=home)
        if held is not None and held.vault.id != lid.stored.id:
            raise KioskError(Code.LOCKED)
        vault, officer = (held.vault, None) if held is not None else _unlock(lid, home, clock, given)
        settings = settings or load(home)
        me = identity(vault)
        database = Database(home / "journal.db", vault.dek)
        stack.callback(database.close)
        keyring = Keyring(home, vault.dek)
        journal = Journal(me, keyring, clock.machine(), dictionaries())
        mirror = Mirror(home, database, me)
        recovered = start.Start(home, database, journal, keyring, mirror, clock, first, left).run_or_view(stack)
        _say(recovered, database)
        _remember(home, database, vault)
        unsure = Unsure(home)
        session = held.session if held is not None else Session(lid.secured)
        officers = Officers(home, vault, keystore, clock, session)
        directory = Directory(database, me, vault.secrets.enrolment, own_issuer(vault))
        directory.refresh()
        issuer = vault.secrets.enrolment.issuer_id
        station = Station(Setting(database, journal, clock, directory, unsure, settings.entrance, session, settings.place, issuer))
        learn(database, officers)
        if officer is not None and given is not None:
            officers.sign_in(given, officer)
        outbox = Outbox(database, me.kiosk, vault.secrets.enrolment.trust.service, lambda: clock.now().wall)
        opened = (database, journal, station, directory, mirror, outbox, unsure, recovered)
        parts = Parts(home, settings, clock, vault, officers, *opened, stack.pop_all())
        _note_lost(parts)
        return parts


def _note_lost(parts: Parts) -> None:
    """A lost content key stands in `damage.log` until somebody has looked, even if its epoch leaves this laptop before."""
    with contextlib.suppress(KioskError):
        for epoch in sorted(parts.lost_keys() - damage.looked_at(parts.home, Code.KEY_LOST)):
            damage.note(parts.home, parts.clock.now().wall, Code.KEY_LOST, epoch)


def _remember(home: Path, database: Database, vault: Vault) -> None:
    """A journal that was built again from its copy learns which days are purged."""
    gone = [said.day for said in certificates.all_of(home, sign.public(vault.secrets.kiosk_seed))]
    if gone and database.viewing is None:
        with contextlib.suppress(KioskError), database.read() as conn:
            gone = [day for day in gone if not register.is_purged(conn, day) and register.is_closed(conn, day)]
        if gone:
            with database.write() as conn:
                register.mark_purged(conn, gone)


def _say(recovered: recovery.Outcome, database: Database) -> None:
    """What the start found, for the log."""
    if recovered.code is not None:
        log.note("journal.mended", kind=recovered.code.name.lower(), count=recovered.restored)
    if database.viewing is not None:
        log.note("condition", where="start", code=database.viewing.value)


def learn(database: Database, officers: Officers) -> None:
    """Officers as the feed last said them: into the vault, where the sign-in page finds them. Nothing if they are as they were."""
    with contextlib.suppress(KioskError, OSError):
        with database.read() as conn:
            rows = feed.rows(conn, FeedKind.OFFICER, OfficerRow)
        officers.learn([row for row in rows.values()])


class Restored(msgspec.Struct, frozen=True):
    """`events` in the journal and `rows` of its projections after it; `code`: what to tell."""

    events: int
    rows: int
    code: Code | None


def restore(home: Path, file: Path, given: Credentials | None = None, vault: Vault | None = None, clock: Clock | None = None) -> Restored:
    """`kiosk restore FILE`: needs the home for itself. `vault`: open already (the window's), else `given` opens it.

    Raises KioskError (BAD_FILE, HOME_BUSY, LOCKED, LEAD_NEEDED, PIN_*, KEYS_*, DISK_*).
    """
    clock = clock or SystemClock()
    try:
        with ExitStack() as stack:
            if vault is None:
                vault, officer = _unlock(look(home), home, clock, given)
                if officer is not None and officer.role not in ("lead", "technician"):
                    raise KioskError(Code.LEAD_NEEDED, task="restore")
            start.enter(home, True, stack)
            if look(home).stored.id != vault.id:  # purged since this vault was opened
                raise KioskError(Code.LOCKED)
            database = Database(home / "journal.db", vault.dek)
            stack.callback(database.close)
            journal = Journal(identity(vault), Keyring(home, vault.dek), clock.machine(), dictionaries())
            events, rows = start.restore(home, file, database, journal, clock)
            return Restored(events, rows, Code.RESTORED if Code.RESTORED in damage.codes(home) else None)
    except OSError as error:
        raise KioskError(code_of(error), home=home, what=error.strerror) from error


def print_loose(home: Path, name: str, render: Callable[[Path], int], out: Path | None = None, printer: str | None = None) -> PrintJob:
    """A paper with nobody and no record in it, of a machine that need not be enrolled: to `out` alone, or to a printer (None or "":
    the usual one; "pdf": the papers folder). `render` draws it and returns its pages. Raises KioskError(PRINT_FAILED)."""
    from kiosk.devices import spooler

    if out is not None and printer is None:
        return PrintJob(out, render(out))
    settings = load(home)
    chosen = spooler.open_printer(settings.printer if printer is None else printer, settings.papers(home))
    with tempfile.TemporaryDirectory() as folder:
        file = out or Path(folder) / f"{name}.pdf"
        pages = render(file)
        job = chosen.print(file, name)
    kept = settings.papers(home) / job
    return PrintJob(kept if chosen.name == spooler.FOLDER else file, pages, chosen.name, job)


def environment(settings: Settings) -> Credentials | None:
    """KIOSK_OFFICER and KIOSK_PIN, by which scripts unlock; None where the station forbids it or they are not set."""
    officer, pin = os.environ.get("KIOSK_OFFICER", ""), os.environ.get("KIOSK_PIN", "")
    if officer and pin and not settings.command_unlock:
        raise KioskError(Code.LOCKED, why="command_unlock = false: this station lets nobody in by commands")
    return Credentials(officer, pin) if officer and pin else None


@contextlib.contextmanager
def enrolled(home: Path, exclusive: bool = False, first_pin: bool = False) -> Iterator[Parts]:
    """`with enrolled(home) as parts`, for commands. A sign-in is an event, also of a command that writes nothing else.

    `first_pin`: an officer who has not set a phrase yet may do it. Raises as `open_parts`, and KioskError(PIN_FIRST).
    """
    homes.check(home)
    settings = load(home)
    with open_parts(home, settings, exclusive=exclusive, given=environment(settings)) as parts:
        try:
            if parts.officers.must_change and not first_pin:
                raise KioskError(Code.PIN_FIRST)
            yield parts
        finally:
            learn(parts.database, parts.officers)  # the command may have brought the feed
            if parts.officers.session.untold() and parts.station.tell():
                parts.mirror.step()  # the command was at its copy before this
