"""The only place that makes test data: homes, kiosks, passes, declarations, events. Nothing here is a mock."""

import base64
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import base45
import cbor2
import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from kiosk.compose import Parts
from kiosk.crypto import seal, sign
from kiosk.crypto.kdf import Costs, stretch
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain import feed as feeds
from kiosk.domain import poster, protocol
from kiosk.domain.feed import PlaceRow
from kiosk.domain.passes import hu1
from kiosk.domain.pin import canonical
from kiosk.domain.policy import Campaign, Policy, Station
from kiosk.domain.vntime import ZONE as VIETNAM
from kiosk.ports import KeyStore, Now
from kiosk.security.vault import Secrets, Vault
from kiosk.store import feed

ELECTION_DAY = "2021-05-23"
HOSTILE = Path(__file__).parent / "vectors" / "hostile_names.json"
AREA = Station("46-474-19750-01", "Khu vực bỏ phiếu số 1", "19750", "Phường Tây Lộc", "Thành phố Huế", ("Tổ dân phố 1", "Tổ dân phố 2"))


def at(clock: str, day: str = ELECTION_DAY) -> int:
    """ "08:41" on the election day -> ms UTC."""
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


@dataclass(frozen=True)
class Staff:
    """An officer and the PIN."""

    id: str
    name: str
    role: Literal["officer", "lead", "technician"]

    def row(self) -> protocol.OfficerRow:
        return protocol.OfficerRow(self.id, self.name, self.role)


LEAD, OFFICER = Staff("cb-000001", "Lê Thị Phụ Trách", "lead"), Staff("cb-000002", "Nguyễn Văn Trực", "officer")
OTHER = Staff("cb-000003", "Phạm Thị Ca Sau", "officer")
PINS = {LEAD.id: "739104", OFFICER.id: "280516", OTHER.id: "461927"}
CHEAP = Costs(1024, 1, 1)  # a test must not wait for what a thief must


class Power:
    """A machine that tells what a test lets it tell."""

    pause_s = 0.01

    def __init__(self) -> None:
        self._said: list[str] = []

    def say(self, why: str) -> None:
        self._said.append(why)

    def step(self) -> str:
        return self._said.pop(0) if self._said else ""


def answer(parts: Parts, by: Province, count: int) -> protocol.BatchAnswer:
    """The province's signed word that it holds and has opened the next `count` events of an epoch."""
    batch = parts.outbox.next(count, 64 * 1024)
    assert batch is not None
    span = batch.spans[0]
    said = protocol.Receipt(parts.journal.identity.kiosk, span.epoch, span.from_seq, span.to_seq, span.head, span.to_seq, span.to_seq, 5)
    return protocol.BatchAnswer([said.sealed(by.service)])


def enrolled_home(
    home: Path,
    made_by: Province | None = None,
    enrolled_at: int | None = None,
    officers: tuple[Staff, ...] = (),
    station_key: bytes | None = None,
    pins: Mapping[str, str] | None = None,
    keystore: KeyStore | None = None,
) -> Path:
    """An enrolled data directory, made without a network; the key store is a file, as on a machine without one. `pins`: officer id -> PIN,
    set as the officers' own."""
    made_by = made_by or province()
    kiosk_seed, issuer_seed = sign.generate(), sign.generate()
    enrolment = protocol.Enrolment(
        kiosk=os.urandom(6).hex(),
        label="K1",
        station=AREA,
        station_key=station_key or os.urandom(32),
        issuer_id=os.urandom(3),
        trust=made_by.trust(),
        campaigns=[made_by.signed_campaign()],
        issuers=[],
        officers=[one.row() for one in officers],
        at=enrolled_at if enrolled_at is not None else at("06:00"),
    )
    store = keystore or FileKeyStore(home / "device.secret")
    vault = Vault.create(home, store, Secrets(kiosk_seed, issuer_seed, enrolment, "https://localhost:1"))
    for officer, pin in (pins or {}).items():
        salt = os.urandom(16)
        vault.put(vault.wrapped(officer, stretch(canonical(pin), salt, CHEAP), salt, CHEAP))
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


@dataclass(frozen=True)
class Issuers:
    """Signers of certificates made for one test, and the trust list that knows them."""

    es256: ec.EllipticCurvePrivateKey
    ps256: rsa.RSAPrivateKey
    kids: tuple[bytes, bytes] = (b"kid-es25", b"kid-ps25")
    iss: str = "https://shc.example/vn"

    def listed(self, at: str = "2021-05-23T06:00+07:00") -> str:
        """The list as JSON, keys inside."""
        rows = [
            {"kid_b64": base64.b64encode(kid).decode(), "alg": alg, "pem": _pem(key)}
            for kid, alg, key in zip(self.kids, ("ES256", "PS256"), (self.es256, self.ps256), strict=True)
        ]
        return json.dumps({"at": at, "dcc_trust_list": rows, "shc_issuers": [{"iss": self.iss, "pem": _pem(self.es256)}]}, indent=1)

    def dcc(self, alg: int = -7, claims: dict[object, object] | None = None, **person: str) -> bytes:
        """An EU certificate: `alg` -7 or -37; `claims` in place of the CWT's; `person`: fn, gn, dob."""
        said = {"fn": "Trần", "gn": "Thị Mẫu", "dob": "1983-07-25"} | person
        body = {"nam": {"fn": said["fn"], "gn": said["gn"]}, "dob": said["dob"], "v": [{"ci": "URN:UVCI:01:VN:TEST0001"}]}
        payload = cbor2.dumps({6: 1_621_700_000, 4: 4_102_444_800, -260: {1: body}} if claims is None else claims)
        protected = cbor2.dumps({1: alg, 4: self.kids[alg == -37]})
        signed = cbor2.dumps(["Signature1", protected, b"", payload])
        message = cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, self._sign(alg, signed)]))
        return b"HC1:" + base45.b45encode(zlib.compress(message))

    def _sign(self, alg: int, signed: bytes) -> bytes:
        if alg == -37:
            return self.ps256.sign(signed, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        r, s = decode_dss_signature(self.es256.sign(signed, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def shc(self, exp: float | None = None) -> bytes:
        """A SMART Health Card."""
        patient = {"resourceType": "Patient", "name": [{"family": "Trần", "given": ["Thị Mẫu"]}], "birthDate": "1983-07-25"}
        claims: dict[str, object] = {"iss": self.iss, "vc": {"credentialSubject": {"fhirBundle": {"entry": [{"resource": patient}]}}}}
        claims |= {"exp": exp} if exp is not None else {}
        deflate = zlib.compressobj(wbits=-15)
        parts = [json.dumps({"zip": "DEF", "alg": "ES256", "kid": "k"}).encode()]
        parts.append(deflate.compress(json.dumps(claims).encode()) + deflate.flush())
        encoded = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
        jws = encoded + b"." + base64.urlsafe_b64encode(self._sign(-7, encoded)).rstrip(b"=")
        return b"shc:/" + b"".join(b"%02d" % (letter - 45) for letter in jws)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


@cache
def certificate_issuers() -> Issuers:
    """One pair of keys a run: RSA costs a tenth of a second."""
    return Issuers(ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048))


def receive(parts: Parts, made_by: Province, but: int = 0) -> None:
    """Receipts of the province for everything in the journal; of each epoch `but` events are held and not opened."""
    with parts.database.read() as conn:
        rows = conn.exec_driver_sql("SELECT epoch, max(seq) AS last FROM event GROUP BY epoch").all()
        head = "SELECT head FROM event WHERE epoch=? AND seq=?"
        heads = {r.epoch: conn.exec_driver_sql(head, (r.epoch, r.last)).scalar() for r in rows}
    now, kiosk = parts.clock.now().wall, parts.journal.identity.kiosk
    made = [protocol.Receipt(kiosk, r.epoch, 1, r.last, heads[r.epoch], r.last, r.last - but, now).sealed(made_by.service) for r in rows]
    assert parts.outbox.save(protocol.BatchAnswer(made, [], [], now=now)).rejected == 0


PLACE_KEY = bytes(range(32))  # the MAC key of the province that answers here


def place_told(parts: Parts, row: PlaceRow, mac: bool = True, **changes: Any) -> PlaceRow:
    """The province's row of a place comes down the feed, with the poster's MAC."""
    told = {"mac": poster.mac(PLACE_KEY, row.id), "web": "https://qr.huecity.vn"} if mac else {}
    row = msgspec.structs.replace(row, **told, **changes)
    scope = feeds.station_scope(row.station)
    with parts.database.read() as conn:
        counter = feed.cursors(conn).get(scope, 0) + 1
    item = protocol.FeedItem(scope, counter, feeds.FeedKind.PLACE.value, row.id, msgspec.msgpack.encode(row))
    filing = feed.Filing(parts.database, parts.vault.secrets.enrolment.trust.root)
    filing.take(protocol.FeedPage([item], {scope: counter}), parts.clock.now().wall)
    return row


def hostile_names() -> list[str]:
    """The shipped corpus; `times` repeats what would be long to write down."""
    return [entry["name"] * entry.get("times", 1) for entry in json.loads(HOSTILE.read_text("utf-8"))["names"]]
