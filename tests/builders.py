"""The only place that makes test data: homes, kiosks, passes, declarations, events. Nothing here is a mock."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from kiosk.crypto import seal, sign
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain import protocol
from kiosk.domain.passes import hu1
from kiosk.domain.policy import Campaign, Policy, Station
from kiosk.domain.vntime import ZONE as VIETNAM
from kiosk.ports import Now
from kiosk.security.vault import Secrets, Vault

ELECTION_DAY = "2021-05-23"
AREA = Station("46-474-19750-01", "Khu vực bỏ phiếu số 1", "19750", "Phường Tây Lộc", "Thành phố Huế", ("Tổ dân phố 1", "Tổ dân phố 2"))


def at(clock: str, day: str = ELECTION_DAY) -> int:
    """"08:41" on the election day -> ms UTC."""
    return int(datetime.fromisoformat(f"{day}T{clock}:00").replace(tzinfo=VIETNAM).timestamp() * 1000)


@dataclass
class Clock:
    """A clock that stands still until told; `boot` and `machine` change like real ones."""

    wall: int = at("08:00")
    mono: int = 60_000
    boot: str = "b0070000"
    machine_id: str = "ac0ffee0"

    def now(self) -> Now:
        return Now(self.wall, self.mono, self.boot)

    def machine(self) -> str:
        return self.machine_id

    def forward(self, seconds: float) -> None:
        self.wall += int(seconds * 1000)
        self.mono += int(seconds * 1000)


@dataclass(frozen=True)
class Province:
    """The keys of a province made for one test."""

    root: bytes
    service: bytes
    day: bytes
    campaign: Campaign

    def trust(self) -> protocol.Trust:
        service, ca = sign.public(self.service), b"-- no TLS in this test --"
        return protocol.Trust(
            sign.public(self.root),
            service,
            sign.sign(self.root, b"hue-service-v1" + service),
            ca,
            sign.sign(self.root, b"hue-ca-v1" + ca),
        )

    def signed_campaign(self) -> protocol.SignedCampaign:


        data = msgspec.msgpack.encode(self.campaign)
        return protocol.SignedCampaign(data, sign.sign(self.root, b"hue-campaign-v1" + data))


def province(days: tuple[str, ...] = (ELECTION_DAY,), policy: Policy | None = None) -> Province:
    day = seal.generate_day()
    public = seal.day_public(day).hex()
    campaign = Campaign("BC-2021-05-23", "Bầu cử 23/5/2021", dict.fromkeys(days, public), policy=policy or Policy())
    return Province(sign.generate(), sign.generate(), day, campaign)


def enrolled_home(home: Path, made_by: Province | None = None, enrolled_at: int | None = None) -> Path:
    """An enrolled data directory, made without a network; the key store is a file, as on a machine without one."""
    made_by = made_by or province()
    kiosk_seed, issuer_seed = sign.generate(), sign.generate()
    enrolment = protocol.Enrolment(
        kiosk=os.urandom(6).hex(),
        label="K1",
        station=AREA,
        station_key=os.urandom(32),
        issuer_id=os.urandom(3),
        trust=made_by.trust(),
        campaigns=[made_by.signed_campaign()],
        issuers=[],
        officers=[],
        at=enrolled_at if enrolled_at is not None else at("06:00"),
    )
    Vault.create(home, FileKeyStore(home / "device.secret"), Secrets(kiosk_seed, issuer_seed, enrolment, "https://localhost:1"))
    return home


def province_for_today() -> Province:
    """For programs that read the machine's own clock."""
    now = datetime.now(VIETNAM)
    return province((now.date().isoformat(), (now + timedelta(days=1)).date().isoformat()))


def voter_pass(secrets: Secrets, now: int, declared_before_h: float = 1, valid_hours: int = 48) -> bytes:
    """A pass signed by this kiosk's own issuer, with a serial of its own."""
    claims = hu1.Claims(os.urandom(8), int(now - declared_before_h * 3_600_000), valid_hours, 1983, "TTM", "F")
    return hu1.make(claims, secrets.enrolment.issuer_id, secrets.issuer_seed).encode()


CARD = "046183000123|191500001|Trần Thị Mẫu|25071983|Nữ|Tổ dân phố 3, An Cựu, Thành phố Huế, Thừa Thiên Huế|01052021".encode()
