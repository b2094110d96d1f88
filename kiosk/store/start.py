"""The start of a home: what must be looked at before the journal takes a scan, and what is shown where it cannot take one.

Steps, in order: the tables, every page's seal, the end of the WAL, the second copy. A disk that takes nothing, or damage, does not
end the program: it shows what can be shown (decision 0021). `restore` is the way back from damage. No words here, no Qt.
"""

import contextlib
import os
import shutil
from contextlib import ExitStack
from pathlib import Path

import msgspec
from msgspec.structs import replace

from kiosk.crypto import sign
from kiosk.errors import Code, KioskError, code_of
from kiosk.ports import Clock
from kiosk.security import files
from kiosk.security.keyring import Keyring
from kiosk.store import damage, locks, migrations, mirror, recovery, viewing, walfile
from kiosk.store.engine import VIEWED, Database
from kiosk.store.journal import Journal

VIEW = "view"  # the lock that says: a program here shows a copy only
GONE = "journal.db and journal.sealed"


def enter(home: Path, exclusive: bool, stack: ExitStack) -> tuple[bool, walfile.Cut | None]:
    """Takes the home's lock. Returns (nobody else is here, what is wrong with the end of a dead program's WAL).

    One program at a time comes in, so that asking who else is here refuses nobody. Raises KioskError(HOME_BUSY) or OSError.
    """
    with locks.turn(home, "opening"):
        first = locks.alone(home, "home")
        left = walfile.inspect(home / "journal.db-wal") if first else None
        if left is not None:
            with contextlib.suppress(OSError):  # for the experts, if there is room
                shutil.copyfile(home / "journal.db-wal", numbered(home, "journal.db-wal.cut"))
        stack.enter_context(locks.hold(home, "home", exclusive))
    return first, left


def numbered(home: Path, name: str) -> Path:
    """`name.1`, or the first number that is free."""
    number = 1
    while (home / f"{name}.{number}").exists():
        number += 1
    return home / f"{name}.{number}"


class Start(msgspec.Struct, frozen=True):
    """One start. `first`: no other program is at this home; `left`: what the WAL's end looked like before anybody opened it."""

    home: Path
    database: Database
    journal: Journal
    keyring: Keyring
    mirror: mirror.Mirror
    clock: Clock
    first: bool
    left: walfile.Cut | None

    def run_or_view(self, stack: ExitStack) -> recovery.Outcome:
        """Makes the home ready, or the database a viewer. Raises KioskError where there is nothing to be shown either."""
        try:
            return self.run()
        except KioskError as error:
            mess = error.code is Code.INTERNAL  # tables that contradict each other: pages of two ages, mixed by a WAL that was cut
            if not self._view(Code.DATABASE_UNREADABLE if mess else error.code, stack, str(error.facts.get("cause", ""))):
                raise
        except OSError as error:
            if not self._view(code_of(error), stack, error.strerror or ""):
                raise
        return recovery.Outcome()

    def run(self) -> recovery.Outcome:
        """Raises KioskError (DATABASE_*, DISK_*) or OSError; then nothing may be written."""
        now, new = self.clock.now(), not self.database.path.exists()
        if not new and (self.first or not locks.alone(self.home, VIEW)) and self.database.damage():
            self.database.checkpoint()  # the WAL may hold a newer copy of the page; then the damage is gone with this
            if found := self.database.damage():
                raise KioskError(Code.DATABASE_UNREADABLE, cause=found)
        if not new and self.left is not None and not self.database.sound():
            raise KioskError(Code.DATABASE_UNREADABLE, cause="pages of two ages")
        migrations.migrate(self.database, now.wall)
        done = self._reconcile()
        if done.code is Code.MIRROR_AHEAD:  # as when `journal.db` is gone
            done = replace(done, noted=damage.note(self.home, now.wall, done.code, f"events {done.restored}"))
        if self.left is not None:
            recovery.cut(self.database, self.journal, now)
            damage.note(self.home, now.wall, Code.WAL_CUT, f"frame {self.left.frame}, commits {self.left.commits}")
        if new and not done.restored and not self.keyring.empty():  # keys of epochs, and neither journal nor copy: numbers may repeat
            damage.note(self.home, now.wall, Code.JOURNAL_GONE, GONE)
        return done

    def _reconcile(self) -> recovery.Outcome:
        """Only while nobody else writes the copy: a running program has reconciled already."""
        lock = locks.acquire(self.home, "mirror")
        if lock is None:
            return recovery.Outcome()
        with lock:
            return recovery.reconcile(self.mirror.path, self.database, self.journal, self.clock.now())

    def _view(self, why: Code, stack: ExitStack, cause: str) -> bool:
        """False: nothing can be shown."""
        if why not in VIEWED:
            return False
        self.database.close()
        with contextlib.suppress(KioskError, OSError):
            folder = viewing.of(self.home, why, self._from_sealed)
            if folder is not None:
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
                if (shown := locks.acquire(folder, viewing.SHOWN)) is not None:
                    stack.enter_context(shown)
                if (told := locks.acquire(self.home, VIEW, exclusive=False)) is not None:  # a second program looks at the pages, too
                    stack.enter_context(told)
                settle = None if why is Code.DATABASE_UNREADABLE else self.run
                self.database.view(folder / self.database.path.name, why, settle, cause)
                return True
        return False

    def _from_sealed(self, file: Path) -> None:
        """The second copy, with the receipts and the newest events that the damaged database still gives."""
        made, now = self.database.beside(file), self.clock.now()
        try:
            migrations.migrate(made, now.wall)
            if not self.mirror.path.exists():
                raise KioskError(Code.DATABASE_UNREADABLE, file=self.mirror.path.name)
            try:
                recovery.build(made, self.mirror.path, self.journal, now, self.database)
            except KioskError:  # it gives what contradicts
                recovery.build(made, self.mirror.path, self.journal, now)
        finally:
            made.close()
            self.database.close()


def restore(home: Path, file: Path, database: Database, journal: Journal, clock: Clock) -> tuple[int, int]:
    """`kiosk restore FILE`: what a copy holds, back into the journal; a damaged database is kept beside. A new epoch begins.

    Returns (events in the journal, rows of the projections). The caller holds `home` exclusively. Raises KioskError(BAD_FILE) for a
    file that holds nothing of this kiosk, and the store's own; whatever happens, nothing that was there is deleted.
    """
    try:
        scan = mirror.read(file, journal.identity.kiosk, sign.public(journal.identity.seed))
    except OSError as error:
        raise KioskError(Code.BAD_FILE, file=file.name, why=error.strerror) from error
    if not scan.seqs:
        raise KioskError(Code.BAD_FILE, file=file.name, why=scan.broken or "no journal of this kiosk")
    now = clock.now()
    try:
        whole = database.path.exists() and not database.damage()
        if whole:
            migrations.migrate(database, now.wall)
    except KioskError as error:
        if error.code is not Code.DATABASE_UNREADABLE:
            raise
        whole = False
    if whole:
        result = recovery.restore(database, file, journal, now)
    else:
        result = _replace(home, file, database, journal, clock)
        damage.note(home, now.wall, Code.RESTORED, scan.broken)
    recovery.begin_again(database, journal, now)
    return result


def _replace(home: Path, file: Path, database: Database, journal: Journal, clock: Clock) -> tuple[int, int]:
    """Builds the new database beside, whole and flushed, before the old one is renamed; a crash between the two renames is mended
    by the next start from `journal.sealed`."""
    beside = home / "journal.db.new"
    for leftover in home.glob("journal.db.new*"):
        leftover.unlink()
    made = database.beside(beside)
    try:
        migrations.migrate(made, clock.now().wall)
        result = recovery.build(made, file, journal, clock.now(), database if database.path.exists() else None)
    finally:
        made.close()
    database.close()
    with beside.open("rb") as new:
        os.fsync(new.fileno())
    aside = numbered(home, "journal.db.damaged")
    for end in ("-wal", ""):
        if (old := database.path.with_name(database.path.name + end)).exists():
            old.rename(aside.with_name(aside.name + end))
    database.path.with_name(database.path.name + "-shm").unlink(missing_ok=True)
    beside.rename(database.path)
    files.sync_folder(home)
    return result
