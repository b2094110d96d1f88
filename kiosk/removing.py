"""`kiosk remove`: a borrowed laptop goes back without anything of the station; a signed certificate of it is all that stays.

Refused, naming why, while the province has not opened everything, a day was not closed, or a deed waits for the lead's word. A lead may
insist, with a reason, once the whole journal was written to a stick and read back. What then happens on the disk: store/wipe.py.
"""

import contextlib
import os
import shutil
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from kiosk import compose, words
from kiosk.crypto import sign
from kiosk.devices import keystore as keystores
from kiosk.devices import spooler
from kiosk.domain import text, vntime
from kiosk.errors import Code, KioskError, code_of
from kiosk.papers import FILES
from kiosk.ports import Clock, KeyStore
from kiosk.printing import removal
from kiosk.security.officers import Credentials
from kiosk.security.session import NOBODY
from kiosk.spreadsheet import FILES as SHEETS
from kiosk.store import certificates, figures, purge, wipe
from kiosk.store.certificates import Chain
from kiosk.store.doubtful import doubtful
from kiosk.store.swap import Step, nothing

SIGNED = b"kiosk-removal-v1"
NAME = "bien-ban-don-may"
BUNDLE, SEALED = ".huebundle", ".sealed"
AUDIT = "nhat-ky-thao-tac"


class Copy(msgspec.Struct, frozen=True):
    """A file that was written outside the home, and its SHA-256 as hex."""

    file: str
    digest: str


class Said(msgspec.Struct, frozen=True):
    """What the certificate says. `days`: ISO -> "purged" or ""; `by`: the lead, "-" where nobody has a PIN; `why`: what stood against it,
    reason -> how many; empty: nothing."""

    kiosk: str
    label: str
    station: str
    at: int
    by: str
    days: dict[str, str]
    events: int
    chains: list[Chain]
    why: dict[str, int]
    reason: str
    copies: list[Copy]


class Done(msgspec.Struct, frozen=True):
    """`certificate`: the page that stays; `left`: names in the home that no kiosk wrote."""

    said: Said
    certificate: Path
    left: list[str]


class Insisting(msgspec.Struct, frozen=True):
    """Why all the same, and where the whole journal is written first: a folder outside the home."""

    reason: str
    folder: Path


def look(parts: compose.Parts) -> dict[str, int]:
    """What stands against it: reason -> how many; empty: nothing. Nothing is changed."""
    gone = {one.day for one in parts.purged()}
    with parts.database.read() as conn:
        days = [day for day in purge.days(conn) if day not in gone]
        not_closed = sum(not purge.closed(conn, day) for day in days)
        why = {"not_closed": not_closed} | purge.unopened(conn, None)
        unsettled = len(doubtful(conn, parts.unsure.entries(), parts.journal.identity.kiosk))
    lost = [epoch for epoch in parts.journal.lost_keys(parts.database) if epoch not in certificates.epochs(parts.purged())]
    draft = (parts.home / "draft.sealed").exists() and not_closed > 0
    more = {"unsure": unsettled, "draft": int(draft), "viewing": int(parts.database.viewing is not None)}
    return {name: n for name, n in (why | more | {"key_lost": len(lost)}).items() if n}


def run(
    home: Path, given: Credentials | None = None, insisting: Insisting | None = None, clock: Clock | None = None,
    keystore: KeyStore | None = None, step: Step = nothing, held: compose.Held | None = None, by: str = "",
) -> Done:  # fmt: skip
    """Removes everything, or nothing. `given` or `held` opens the home; `by`: a lead who was asked before, else who is signed in.

    Raises KioskError (REMOVE_REFUSED naming why, BAD_INPUT, FILE_NOT_WRITTEN, LEAD_NEEDED, LOCKED, PIN_*, HOME_BUSY, DISK_*, KEYS_*);
    the home is then as before.
    """
    keystore = keystore or keystores.best(home)
    try:
        with compose.open_parts(home, clock=clock, keystore=keystore, exclusive=True, given=given, held=held) as parts:
            if not by:
                lead = parts.station.require("lead", "remove")
                by = lead.id if lead else NOBODY
            said, names = _prepare(parts, by, insisting, step)
            papers = [str(page) for page in _papers(parts)]
            step("commit")
            parts.database.close()
            wipe.commit(home, wipe.Plan(parts.vault.id, papers, names))
        wipe.settle(home, keystore, step)
    except OSError as error:
        raise KioskError(code_of(error), home=home, what=error.strerror) from error
    return Done(said, home / wipe.KEPT / names[0], wipe.left(home))


def _prepare(parts: compose.Parts, by: str, insisting: Insisting | None, step: Step) -> tuple[Said, list[str]]:
    """The certificate in `remove.new`; where the lead insists, the journal on the stick before it."""
    parts.mirror.step()
    why, copies, reason = look(parts), list[Copy](), ""
    if not why and (found := parts.verify().findings):
        why = {"verify": len(found)}
    if why:
        if insisting is None or not insisting.reason.strip():
            raise KioskError(Code.REMOVE_REFUSED, **why)
        reason = text.clean_or_empty(insisting.reason, 200)
        step("copy")
        copies = _copied(parts, insisting.folder, by)
    step("certificate")
    said = _said(parts, by, why, reason, copies)
    folder, day = wipe.stage(parts.home), vntime.local(said.at).date().isoformat()
    names = [f"{NAME}-{said.label}-{day}{suffix}" for suffix in (".pdf", ".json")]
    removal.render(_paper(parts, said), folder / names[0])
    content = msgspec.json.encode(said, order="sorted")
    signature = sign.sign(parts.vault.secrets.kiosk_seed, SIGNED + content).hex()
    (folder / names[1]).write_bytes(msgspec.json.encode({"said": msgspec.Raw(content), "signature": signature}))
    for name in names:
        with (folder / name).open("rb+") as file:
            os.fsync(file.fileno())
    return said, names


def _copied(parts: compose.Parts, folder: Path, by: str) -> list[Copy]:
    """All events as the stick carries them, and the second copy as it lies; both read back. Raises KioskError(FILE_NOT_WRITTEN)."""
    target = folder.expanduser().resolve()
    if not target.is_dir() or target == parts.home.resolve() or parts.home.resolve() in target.parents:
        raise KioskError(Code.FILE_NOT_WRITTEN, file=folder.name, why="folder")
    if parts.database.viewing is None:
        with contextlib.suppress(KioskError):
            parts.station.audit("remove", by=by)
        parts.mirror.step()
    info = parts.station.info
    base = f"hue-{info.station.code}-{info.label}-{info.kiosk}"
    made = [Copy(base + BUNDLE, parts.stick.export(target / (base + BUNDLE), parts.station.last_day(), everything=True).digest)]
    sealed = parts.home / "journal.sealed"
    if sealed.exists():
        made.append(Copy(base + SEALED, _carry(sealed, target / (base + SEALED))))
    return made


def _carry(source: Path, target: Path) -> str:
    digest = sha256(source.read_bytes()).hexdigest()
    try:
        with source.open("rb") as old, target.open("wb") as new:
            shutil.copyfileobj(old, new)
            new.flush()
            os.fsync(new.fileno())
        if sha256(target.read_bytes()).hexdigest() != digest:
            raise KioskError(Code.FILE_NOT_WRITTEN, file=target.name, why="read back")
    except OSError as error:
        raise KioskError(Code.FILE_NOT_WRITTEN, file=target.name, why=code_of(error).value) from error
    return digest


def _said(parts: compose.Parts, by: str, why: dict[str, int], reason: str, copies: Sequence[Copy]) -> Said:
    gone = {one.day for one in parts.purged()}
    with parts.database.read() as conn:
        days = purge.days(conn)
    found = [figures.of_day(parts.database, day) for day in days]
    chains = [Chain(e.epoch, e.last, e.head.hex(), e.opened, e.into) for one in found for e in one.epochs]
    info, events = parts.station.info, sum(one.events for one in found)
    marks = {day: "purged" if day in gone else "" for day in days}
    now = parts.clock.now().wall
    return Said(info.kiosk, info.label, info.station.code, now, by, marks, events, chains, why, reason, [*copies])


def _paper(parts: compose.Parts, said: Said) -> removal.Removed:
    area = parts.station.info.station
    by = next((row.name for row in parts.vault.secrets.enrolment.officers if row.id == said.by), "")
    chains = [(chain.epoch, chain.last, chain.opened, chain.head) for chain in said.chains]
    against, copies = words.why_not(said.why), [(one.file, one.digest) for one in said.copies]
    return removal.Removed(
        area.name, area.ward, said.label, said.kiosk, [*said.days.items()], said.at, by, said.events, chains, against, said.reason, copies
    )


def _papers(parts: compose.Parts) -> list[Path]:
    """This kiosk's pages in a folder of papers that lies elsewhere; the one in the home goes whole."""
    folder, label = parts.settings.papers(parts.home), parts.station.info.label
    if folder == parts.home / "papers" or not folder.is_dir():
        return []
    names = [*FILES.values(), *SHEETS.values()]
    return sorted({*folder.glob(f"{AUDIT}*"), *(file for name in names for file in folder.glob(f"{name}-*{label}*"))})


def printed(done: Done, printer: str) -> str:
    """The certificate to a printer; "" means the system's usual one. Returns the printer's name. Raises KioskError(PRINT_FAILED)."""
    chosen = spooler.open_printer(printer, done.certificate.parent)
    chosen.print(done.certificate, f"{removal.TITLE} {done.said.label}")
    return chosen.name
