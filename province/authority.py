"""The province's keys: root (offline), service, certificate authority, one X25519 key a campaign day, the wrap key.

Keys are files of mode 0600 in the home. The web process never reads the root's, the CA's or a day's private half.
"""

import ipaddress
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kiosk.crypto import seal, sign
from kiosk.domain.policy import Campaign
from kiosk.domain.protocol import IssuerRow, SignedCampaign, Trust
from province.settings import WEB_ISSUER, Home, Refused

NOT_BEFORE, NOT_AFTER = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)  # a laptop that boots in 2010 must still work
LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Authority:
    """What the web process holds: public halves and their signatures, the service seed, the wrap key, the web's pass issuer."""

    trust: Trust
    service_seed: bytes
    wrap_key: bytes
    issuer_seed: bytes

    @property
    def issuer(self) -> IssuerRow:
        """The web's pass issuer as kiosks know it."""
        return IssuerRow(WEB_ISSUER, sign.public(self.issuer_seed))

    def derived(self, purpose: bytes) -> bytes:
        """A key of the web process for one purpose, 32 bytes, from the wrap key: nothing more to keep safe."""
        return derived(self.wrap_key, purpose)

    def seal_station_key(self, station: str, key: bytes) -> bytes:
        return seal.wrap(self.wrap_key, key, b"station-key" + station.encode())

    def open_station_key(self, station: str, sealed: bytes) -> bytes:
        """Raises seal.Unopenable."""
        return seal.unwrap(self.wrap_key, sealed, b"station-key" + station.encode())

    def seal_first_pin(self, officer: str, key: bytes) -> bytes:
        return seal.wrap(self.wrap_key, key, b"first-pin" + officer.encode())

    def open_first_pin(self, officer: str, sealed: bytes) -> bytes:
        """Raises seal.Unopenable."""
        return seal.unwrap(self.wrap_key, sealed, b"first-pin" + officer.encode())


def derived(wrap_key: bytes, purpose: bytes) -> bytes:
    """A key for one purpose, 32 bytes, from the wrap key."""
    return seal.derive(wrap_key, b"hue-web-v1 " + purpose)


def create(home: Home, hosts: Sequence[str]) -> None:
    """Every key but the days'. Raises Refused if this home has a province already."""
    if home.root_public.exists() or (home.path.exists() and any(home.path.iterdir())):
        raise Refused(
            f"{home.path} đã có dữ liệu, không ghi đè; hãy chọn --home khác.\n"
            f"{home.path} is not empty, nothing was changed: choose another --home."
        )
    names = [_san(host) for host in dict.fromkeys([*LOCAL, *hosts])]
    home.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    (home.path / "opener").mkdir(mode=0o700)
    root, service = sign.generate(), sign.generate()
    put(home.root_key, root)
    put(home.service_key, service)
    put(home.service_signature, sign.sign(root, b"hue-service-v1" + sign.public(service)))
    put(home.wrap_key, os.urandom(32))
    put(home.issuer_key, sign.generate())
    _certificates(home, root, names)
    put(home.root_public, sign.public(root))  # last: with it the home counts as made


def load(home: Home) -> Authority:
    """Raises Refused when a file is missing or not what it should be."""
    try:
        service = home.service_key.read_bytes()
        ca, ca_signature = home.ca.read_bytes(), home.ca_signature.read_bytes()
        trust = Trust(home.require().root_public.read_bytes(), sign.public(service), home.service_signature.read_bytes(), ca, ca_signature)
        wrap, issuer = home.wrap_key.read_bytes(), home.issuer_key.read_bytes()
    except (OSError, ValueError) as error:
        raise Refused(f"Không đọc được khoá ở {home.path}: {error}.\nKeys unreadable: restore this home from its backup.") from error
    return Authority(trust, service, wrap, issuer)


def root_seed(home: Home) -> bytes:
    """Raises Refused: the root is needed and offline."""
    try:
        return home.root_key.read_bytes()
    except OSError as error:
        raise Refused(f"Cần khoá gốc {home.root_key} cho việc này.\nThis needs the root key: bring {home.root_key} back for it.") from error


def sign_campaign(seed: bytes, campaign: Campaign) -> SignedCampaign:
    body = msgspec.msgpack.encode(campaign)
    return SignedCampaign(body, sign.sign(seed, b"hue-campaign-v1" + body))


def create_day(home: Home, day: str) -> str:
    """A campaign day's key; returns its public half in hex. One that is there already is that day's: a database from an old backup may
    not know of it, and kiosks have sealed to it."""
    private = day_private(home, day)
    if private is None:
        private = seal.generate_day()
        put(home.day_key(day), private)
    return seal.day_public(private).hex()


def day_private(home: Home, day: str) -> bytes | None:
    """The day's private key, or None where it is not (destroyed, or not a campaign day). For the opener alone."""
    try:
        return home.day_key(day).read_bytes()
    except (OSError, ValueError):
        return None


def station_key(home: Home, station: str, sealed: bytes) -> bytes:
    """A station's key out of the database. Raises OSError without the wrap key, seal.Unopenable with another one."""
    return seal.unwrap(home.wrap_key.read_bytes(), sealed, b"station-key" + station.encode())


def destroy(home: Home) -> None:
    """Takes back a home that `init` could not finish."""
    shutil.rmtree(home.path, ignore_errors=True)


def put(path: Path, secret: bytes) -> None:
    """A new file of mode 0600, on disk when this returns. Raises FileExistsError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, secret: bytes) -> None:
    """A file of mode 0600, whole or as it was: written beside, synced, renamed. Raises OSError."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    beside.unlink(missing_ok=True)
    try:
        put(beside, secret)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _certificates(home: Home, root: bytes, names: Sequence[x509.GeneralName]) -> None:
    """A CA of its own and a server leaf, both valid 1970-2100; P-256, which every TLS library takes."""
    ca_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = _name("Hue province CA")
    ca = (
        _builder(issuer, issuer, ca_key.public_key(), ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(ca=True), critical=True)
        .sign(ca_key, SHA256())
    )
    leaf = (
        _builder(_name("Hue province"), issuer, leaf_key.public_key(), ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(ca_key, SHA256())
    )
    pem = ca.public_bytes(Encoding.PEM)
    put(home.ca, pem)
    put(home.ca_signature, sign.sign(root, b"hue-ca-v1" + pem))
    put(home.server, leaf.public_bytes(Encoding.PEM) + pem)
    for path, key in ((home.ca_key, ca_key), (home.server_key, leaf_key)):
        put(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, signer: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
    )


def _usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _san(host: str) -> x509.GeneralName:
    """Raises Refused for a name that no certificate can carry."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError as error:
        raise Refused(f"--host {host!r}: cần tên miền ASCII hoặc địa chỉ IP.\nA host is an ASCII name or an IP address.") from error
