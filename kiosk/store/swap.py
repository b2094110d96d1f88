"""The last part of a purge: a whole new set of files, prepared beside the old one, takes its place; killed anywhere, it is before or after.

`purge.new` is being made and counts for nothing: whoever finds it throws it away. One rename makes it `purge.ready`, and from then on the
new set counts: whoever finds that one puts it in place, step by step, and takes away what it replaces. Every program settles this before
it looks at the vault. No key is needed for it, only the names of the two device secrets.
"""

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from kiosk.errors import Code, KioskError
from kiosk.ports import KeyStore
from kiosk.security import files
from kiosk.security.vault import NAME as VAULT
from kiosk.security.vault import secret_name
from kiosk.store import locks

STAGE, READY, DONE = "purge.new", "purge.ready", "purge.done"
PLAN, DATABASE, KEYRING, CERTIFICATES = "plan.json", "journal.db", "keyring", "purged"
OLD = ("journal.db-wal", "journal.db-shm", "journal.db.damaged*", "journal.db-wal.cut*", "journal.db.new*", "draft.sealed*")
Step = Callable[[str], None]


class Plan(msgspec.Struct, frozen=True):
    """`old`, `new`: ids of the vaults; `keys`: epochs whose keys stay; `certificate`: its file's name; `papers`: voters' pages that go."""

    old: str
    new: str
    keys: list[str]
    certificate: str
    papers: list[str]


def nothing(step: str) -> None:
    """Nobody watches the steps."""


def write_plan(stage: Path, plan: Plan) -> None:
    files.write(stage / PLAN, msgspec.json.encode(plan))


def commit(home: Path) -> None:
    """The one rename. Everything in `purge.new` must be on the disk by now; the caller holds `home` exclusively. Raises OSError."""
    for folder in (home / STAGE / KEYRING, home / STAGE):
        if folder.exists():
            files.sync_folder(folder)
    os.replace(home / STAGE, home / READY)
    files.sync_folder(home)


def settle(home: Path, keystore: KeyStore, step: Step = nothing) -> bool:
    """Ends whatever purge was begun here: forward once it was committed, back before. True if there was one.

    Raises KioskError(HOME_BUSY): somebody is at it, or at the old files; KEYS_UNREADABLE: the key store does not answer; OSError.
    """
    if not any((home / name).exists() for name in (STAGE, READY, DONE)):
        return False
    with locks.turn(home, "opening"), locks.hold(home, "home"):
        if (home / READY).exists():
            _forward(home, keystore, step)
        elif (home / STAGE).exists():
            _back(home, keystore, step)
        if (home / DONE).exists():
            step("clear")
            shutil.rmtree(home / DONE)
            files.sync_folder(home)
    return True


def _plan(folder: Path) -> Plan:
    try:
        return msgspec.json.decode((folder / PLAN).read_bytes(), type=Plan)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise KioskError(Code.KEYS_UNREADABLE, file=f"{folder.name}/{PLAN}") from error


def _back(home: Path, keystore: KeyStore, step: Step) -> None:
    """Nothing of it was in use yet. Without a whole plan no secret was made either."""
    step("back")
    with contextlib.suppress(KioskError):
        new = _plan(home / STAGE).new
        if _in_use(home) != new:
            keystore.delete(secret_name(new))
    _over(home, STAGE)


def _in_use(home: Path) -> str:
    """The id of the vault that lies here; "" if it cannot be read."""
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        return str(msgspec.json.decode((home / VAULT).read_bytes())["id"])
    return ""


def _forward(home: Path, keystore: KeyStore, step: Step) -> None:
    ready = home / READY
    plan = _plan(ready)
    step("old files")
    for pattern in OLD:
        for old in home.glob(pattern):
            old.unlink(missing_ok=True)
    step("database")
    _move(ready / DATABASE, home / DATABASE)
    step("keys")
    for old in (home / KEYRING).glob("*"):
        if old.name not in plan.keys:
            old.unlink()
    for name in plan.keys:
        _move(ready / KEYRING / name, home / KEYRING / name)
    files.sync_folder(home / KEYRING)
    step("certificate")
    (home / CERTIFICATES).mkdir(mode=0o700, exist_ok=True)
    _move(ready / plan.certificate, home / CERTIFICATES / plan.certificate)
    files.sync_folder(home / CERTIFICATES)
    step("vault")
    _move(ready / VAULT, home / VAULT)
    files.sync_folder(home)
    step("papers")
    for page in plan.papers:
        Path(page).unlink(missing_ok=True)
    step("secret")
    keystore.delete(secret_name(plan.old))
    step("end")
    _over(home, READY)


def _move(new: Path, old: Path) -> None:
    """Moved already by a run that was killed: nothing to do."""
    with contextlib.suppress(FileNotFoundError):
        os.replace(new, old)


def _over(home: Path, name: str) -> None:
    if (home / DONE).exists():
        shutil.rmtree(home / DONE)
    os.replace(home / name, home / DONE)
    files.sync_folder(home)
