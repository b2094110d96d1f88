"""Becoming a kiosk without a network: an enrolment file opened by a lead's PIN, a spare that chooses its station, and training.

Nothing is sent. The vault is written once, at the end; an enrolled home is never overwritten.
"""

import os
import shutil
from datetime import timedelta
from pathlib import Path

import msgspec

from kiosk.crypto import seal, sign
from kiosk.crypto.kdf import stretch
from kiosk.domain import enrolfile, protocol
from kiosk.domain import pin as pins
from kiosk.domain.enrolfile import EnrolFile, Issued, NotAnEnrolment, Part, Way
from kiosk.domain.policy import Campaign, Station
from kiosk.domain.protocol import Enrolment, Untrusted
from kiosk.domain.vntime import local
from kiosk.errors import Code, KioskError
from kiosk.ports import Clock, KeyStore
from kiosk.security import files, vault
from kiosk.security.tries import Tries
from kiosk.security.vault import Secrets, Vault

SPARE = "spare.enrolment"
TRAINING = "training"


class Choice(msgspec.Struct, frozen=True):
    """A station that a file can make this machine a kiosk of. `leads`: (id, name)."""

    station: str
    name: str
    leads: tuple[tuple[str, str], ...]


def load(file: Path) -> EnrolFile:
    """Raises KioskError(BAD_FILE)."""
    try:
        with file.open("rb") as opened:
            return enrolfile.read(opened.read(enrolfile.LARGEST + 1))
    except OSError as error:
        raise KioskError(Code.BAD_FILE, file=file, why=error.strerror or "unreadable") from error
    except NotAnEnrolment as error:
        raise KioskError(Code.BAD_FILE, file=file, why="enrolment") from error


def choices(file: EnrolFile) -> tuple[Choice, ...]:
    return tuple(Choice(part.station, part.name, tuple((way.officer, way.name) for way in part.ways)) for part in file.parts)


def spare(home: Path) -> Path | None:
    """The file of a pre-enrolled spare that has not chosen its station yet, or None."""
    file = home / SPARE
    return file if file.exists() and not (home / vault.NAME).exists() else None


def keep_spare(home: Path, file: Path) -> tuple[Choice, ...]:
    """Keeps the file in the home until a station is chosen. Raises KioskError(BAD_FILE | ALREADY_ENROLLED | DISK_*)."""
    found = load(file)
    _fresh(home)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    files.write(home / SPARE, file.read_bytes())
    return choices(found)


def activate(home: Path, file: Path, station: str, officer: str, pin: str, keystore: KeyStore, clock: Clock) -> Enrolment:
    """Opens the station's part with the lead's PIN and writes the vault; a kept spare file goes.

    Raises KioskError: BAD_FILE, ENROL_REFUSED (`why`: expired, station, content), OFFICER_UNKNOWN, PIN_WRONG, PIN_WAIT, ALREADY_ENROLLED.
    """
    found = load(file)
    _fresh(home)
    part = found.part(station) if station else found.parts[0] if len(found.parts) == 1 else None
    if part is None:
        raise KioskError(Code.ENROL_REFUSED, why="station", stations=", ".join(one.station for one in found.parts))
    if clock.now().wall >= found.expires_at:
        raise KioskError(Code.ENROL_REFUSED, why="expired_file")
    issued = _opened(home, found, part, _way(part, officer), pin, clock)
    _check(issued, part)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Vault.create(
        home, keystore, Secrets(issued.kiosk_seed, issued.issuer_seed, issued.enrolment, issued.server), clock.now().wall
    )
    (home / SPARE).unlink(missing_ok=True)
    return made.secrets.enrolment


def _way(part: Part, officer: str) -> Way:
    way = next((one for one in part.ways if officer in (one.officer, one.name)), None)
    if way is None:
        raise KioskError(Code.OFFICER_UNKNOWN, station=part.station)
    return way


def _opened(home: Path, found: EnrolFile, part: Part, way: Way, pin: str, clock: Clock) -> Issued:
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    tries = Tries(home)
    tries.begin(way.officer, clock.now())
    try:
        issued = enrolfile.open_part(found, part, way, stretch(pins.canonical(pin), way.salt, way.costs))
    except NotAnEnrolment as error:
        raise KioskError(Code.BAD_FILE, why="enrolment") from error
    if issued is None:
        raise KioskError(Code.PIN_WRONG, officer=way.officer, tries=tries.count(way.officer))
    tries.right(way.officer)
    return issued


def _check(issued: Issued, part: Part) -> None:
    """Whoever sealed it knew the lead's PIN; its campaigns must be the root's all the same."""
    said = issued.enrolment
    if said.station.code != part.station or len(said.station_key) != 32 or len(said.issuer_id) != 3 or not said.kiosk:
        raise KioskError(Code.ENROL_UNTRUSTED, why="content")
    try:
        for campaign in said.campaigns:
            campaign.read(said.trust.root)
    except Untrusted as error:
        raise KioskError(Code.ENROL_UNTRUSTED, why="campaign") from error


def _fresh(home: Path) -> None:
    if (home / vault.NAME).exists():
        raise KioskError(Code.ALREADY_ENROLLED, home=home)
    if vault.used(home):
        raise KioskError(Code.KEYS_UNREADABLE, file=vault.NAME, why="missing")


# -- training -------------------------------------------------------------------------------------------------------------


def train(home: Path, keystore: KeyStore, clock: Clock) -> Enrolment:
    """A kiosk of nobody's station, for practice: keys made on the spot, the day's private half thrown away, nothing ever sent.

    Raises KioskError(ALREADY_ENROLLED).
    """
    _fresh(home)
    now = clock.now().wall
    root, service, public = sign.generate(), sign.generate(), seal.day_public(seal.generate_day()).hex()
    today = local(now).date()
    days = {(today + timedelta(days=i)).isoformat(): public for i in range(2)}
    body = msgspec.msgpack.encode(Campaign(f"{TRAINING}-{today.isoformat()}", "Tập huấn", days))
    campaign = protocol.SignedCampaign(body, sign.sign(root, b"hue-campaign-v1" + body))
    made, ca = sign.public(service), b""
    trust = protocol.Trust(
        sign.public(root), made, sign.sign(root, b"hue-service-v1" + made), ca, sign.sign(root, b"hue-ca-v1" + ca)
    )
    station = Station("00-000-00000-00", "TẬP HUẤN", "00000")
    enrolment = Enrolment(os.urandom(6).hex(), "T1", station, os.urandom(32), os.urandom(3), trust, [campaign], [], [], now)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Vault.create(home, keystore, Secrets(sign.generate(), sign.generate(), enrolment, ""), now).secrets.enrolment


def training_home(home: Path, clock: Clock) -> Path:
    """Where the window practises: a folder of its own, thrown away when its days are over. It never holds a real voter."""
    folder = home / TRAINING
    made = folder / vault.NAME
    if made.exists() and clock.now().wall - int(made.stat().st_mtime * 1000) > 86_400_000:
        shutil.rmtree(folder, ignore_errors=True)
    return folder
