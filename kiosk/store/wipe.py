"""The last part of a removal: everything a kiosk keeps leaves its home; killed anywhere, it is before, or the next program ends it.

`remove.new` is being made and counts for nothing. One rename makes it `remove.ready`, and from then on this home is nobody's: whoever
finds it takes away what is left, the device secret first, and keeps the certificate in `removed/`. Only what a kiosk writes is taken: a
folder that somebody chose for it may hold other files. No key is needed for it.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from kiosk.errors import Code, KioskError
from kiosk.ports import KeyStore
from kiosk.security import files
from kiosk.security.vault import secret_name
from kiosk.store import locks
from kiosk.store.swap import Step, nothing

STAGE, READY, KEPT, PLAN = "remove.new", "remove.ready", "removed", "plan.json"
KEYS = ("device.secret*", "vault.json*", "keyring")
DATA = ("journal.db*", "journal.sealed*", "sealed.begun*", "draft.sealed*", "purge.new", "purge.ready", "purge.done", "purged")
NOTES = ("unsure.log*", "damage.*", "tries.json*", "notices.seen*", "sync.json*", "sync.ask*", "sync.done*", "spare.enrolment*")
FOLDERS = ("papers", "spool", "captures", "checks", "training")
SETTINGS, LOGS = ("devices.json*", "settings.toml*", "form.kept.yaml*"), ("log", "crash")
STEPS: tuple[tuple[str, Sequence[str]], ...] = (
    ("keys", KEYS), ("data", DATA), ("notes", NOTES), ("folders", FOLDERS), ("settings", SETTINGS), ("logs", LOGS),
)  # fmt: skip
OURS = (*KEYS, *DATA, *NOTES, *FOLDERS, *SETTINGS, *LOGS, STAGE, READY, KEPT, "*.lock", "*.holder", "*.tmp", "*.part")


class Plan(msgspec.Struct, frozen=True):
    """`vault`: id of the vault whose device secret goes; `papers`: a kiosk's pages outside the home; `certificate`: files that stay."""

    vault: str
    papers: list[str]
    certificate: list[str]


def stage(home: Path) -> Path:
    """An empty folder to prepare in. The caller holds `home` exclusively."""
    folder = home / STAGE
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def commit(home: Path, plan: Plan) -> None:
    """The one rename. The certificate lies in `remove.new` by now; the caller holds `home` exclusively. Raises OSError."""
    files.write(home / STAGE / PLAN, msgspec.json.encode(plan))
    os.replace(home / STAGE, home / READY)
    files.sync_folder(home)


def settle(home: Path, keystore: KeyStore, step: Step = nothing) -> bool:
    """Ends a removal that was begun here. True if there was one that counted.

    Raises KioskError(HOME_BUSY): somebody is at the old files; KEYS_UNREADABLE: the key store does not answer; OSError.
    """
    if (home / READY).exists():
        with locks.turn(home, "opening"), locks.hold(home, "home"):
            if (home / READY).exists():
                _clear(home, keystore, step)
        _unlock(home)
        return True
    if (home / STAGE).exists():
        with locks.turn(home, "opening"), locks.hold(home, "home"):
            shutil.rmtree(home / STAGE, ignore_errors=True)
    return False


def _clear(home: Path, keystore: KeyStore, step: Step) -> None:
    plan = _plan(home)
    step("secret")
    keystore.delete(secret_name(plan.vault))
    keystore.forget()
    for name, patterns in STEPS:
        step(name)
        for found in _matching(home, patterns):
            _gone(found, must=patterns is not LOGS)
        files.sync_folder(home)
    step("papers")
    for page in plan.papers:
        _gone(Path(page), must=True)
    step("certificate")
    (home / KEPT).mkdir(mode=0o700, exist_ok=True)
    for name in plan.certificate:
        with contextlib.suppress(FileNotFoundError):  # moved already by a run that was killed
            os.replace(home / READY / name, home / KEPT / name)
    files.sync_folder(home / KEPT)
    step("end")
    shutil.rmtree(home / READY)
    files.sync_folder(home)


def _plan(home: Path) -> Plan:
    try:
        return msgspec.json.decode((home / READY / PLAN).read_bytes(), type=Plan)
    except FileNotFoundError:
        if not any((home / READY).iterdir()):  # killed between the last two changes
            return Plan("", [], [])
        raise KioskError(Code.KEYS_UNREADABLE, file=f"{READY}/{PLAN}") from None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise KioskError(Code.KEYS_UNREADABLE, file=f"{READY}/{PLAN}") from error


def _matching(home: Path, patterns: Sequence[str]) -> Iterator[Path]:
    for pattern in patterns:
        yield from home.glob(pattern)


def _gone(path: Path, must: bool) -> None:
    """`must`: a file that cannot be deleted stops the removal, to be ended later. A log of a running program may stay: it names nobody."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        return
    except OSError:
        if must:
            raise


def _unlock(home: Path) -> None:
    """Lock files that nobody holds: they name programs, not people."""
    for file in home.glob("*.lock"):
        with contextlib.suppress(OSError):
            if locks.alone(home, file.stem):
                file.unlink()
                (home / f"{file.stem}.holder").unlink(missing_ok=True)


def left(home: Path) -> list[str]:
    """Names in the home that no kiosk wrote; they were not touched."""
    ours = {path.name for path in _matching(home, OURS)}
    return sorted(path.name for path in home.iterdir() if path.name not in ours)
