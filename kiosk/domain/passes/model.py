"""Pass: what a scanned code says after parsing, and how far it could be verified."""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """The kind of code, as `kiosk read` prints it (payloads' README)."""

    HU1 = "hu1"
    CCCD = "cccd"
    BHYT = "bhyt"
    QRQG = "qrqg"
    HC1 = "hc1"
    SHC = "shc"
    MOH = "moh_link"
    LOCATION = "location"
    VIETQR = "vietqr"
    WIFI = "wifi"
    BARE_ID = "bare_id"
    HUES = "hue_s"
    OTHER = "other"
    UNKNOWN = "unknown"


class Reading(StrEnum):
    """How far the code could be read and verified."""

    READ_UNSIGNED = "read_unsigned"
    VERIFIED = "verified"
    EXPIRED = "expired"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    SEEN = "seen"
    NOT_A_PERSON = "not_a_person"
    NOT_OURS = "not_ours"
    WARN = "warn"
    REJECT = "reject"


class Issuer(msgspec.Struct, frozen=True):
    """A pass issuer's public key under its 3-byte id. `revoked_from`: ms UTC from which its passes no longer count, or None."""

    id: bytes
    public: bytes
    revoked_from: int | None = None


class Pass(msgspec.Struct, frozen=True):
    """One code, parsed. `fields`: form.yaml's keys with cleaned text (full_name, id_number, birth_date as YYYY-MM-DD or YYYY,
    gender M/F/X, permanent, current, phone …) plus `old_id` (the CMND on a chip card), and for HU1 `initials`, `birth_year`,
    `serial` (hex), `issuer` (hex).

    `subjects`: stable texts that name this person for look-up, strongest first ("id:046183000123", "hu1:<issuer><serial>").
    `declared_at` (HU1 only), `expires_at`, `trusted_at` (the date of the trust list that knew the key): ms UTC. `reason`: a stable word
    for tests and catalog (truncated, year_mismatch, …).
    """

    kind: Kind
    reading: Reading
    reason: str = ""
    fields: dict[str, str] = msgspec.field(default_factory=dict)
    subjects: tuple[str, ...] = ()
    declared_at: int | None = None
    expires_at: int | None = None
    warnings: tuple[str, ...] = ()
    trusted_at: int | None = None


def refused(kind: Kind, reason: str) -> Pass:
    """A code that is damaged, cut or hostile: nothing of it is kept."""
    return Pass(kind, Reading.REJECT, reason)
