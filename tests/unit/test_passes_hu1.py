"""The voter pass HU1: its vectors, and every way in which one may not be taken for verified.

`python -m tests.unit.test_passes_hu1` writes tests/vectors/hu1.json anew.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import base45
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.crypto import sign as ed25519
from kiosk.domain import passes
from kiosk.domain.passes import hu1
from kiosk.domain.passes.model import Issuer, Kind, Reading

VECTORS = Path(__file__).parent.parent / "vectors" / "hu1.json"
SEED = bytes(range(32))
ISSUER = Issuer(b"HUE", ed25519.public(SEED))
TRUST = {ISSUER.id: ISSUER}
DECLARED = 1_621_728_720_000  # 23 May 2021, 07:12 in Huế
CLAIMS = hu1.Claims(bytes.fromhex("0011223344556677"), DECLARED, 72, 1983, "TTM", "F")
HOUR = 3_600_000


def vectors() -> dict[str, Any]:
    """Seed, public key and passes with what they say; everything in hex or plain numbers."""
    claims = [
        CLAIMS,
        hu1.Claims(bytes(8), hu1.EPOCH_MS, 1, 1900, "", ""),
        hu1.Claims(b"\xff" * 8, hu1.EPOCH_MS + (2**32 - 1) * 60_000, 65_535, 2155, "TNTD", "X", proxy=True),
    ]
    rows = [
        {"serial": c.serial.hex(), "declared_at": c.declared_at, "valid_hours": c.valid_hours, "birth_year": c.birth_year,
         "initials": c.initials, "gender": c.gender, "proxy": c.proxy, "text": hu1.make(c, ISSUER.id, SEED)}
        for c in claims
    ]  # fmt: skip
    return {"issuer": ISSUER.id.hex(), "seed": SEED.hex(), "public": ISSUER.public.hex(), "passes": rows}


def code(claims: hu1.Claims = CLAIMS) -> bytes:
    return hu1.make(claims, ISSUER.id, SEED).encode()


def resigned(change: bytes, at: int, seed: bytes = SEED) -> bytes:
    """The good pass with some body bytes replaced and signed again."""
    body = bytearray(base45.b45decode(code()[4:])[:24])
    body[at : at + len(change)] = change
    return b"HU1:" + bytes(base45.b45encode(bytes(body) + ed25519.sign(seed, hu1.DOMAIN + bytes(body))))


def test_the_vectors_are_what_we_make() -> None:
    assert json.loads(VECTORS.read_text("utf-8")) == vectors()


def test_every_vector_is_read_back_as_it_was_made() -> None:
    for row in json.loads(VECTORS.read_text("utf-8"))["passes"]:
        p = passes.read(row["text"].encode(), TRUST, row["declared_at"])
        assert (p.kind, p.reading, p.reason) == (Kind.HU1, Reading.VERIFIED, "")
        assert p.declared_at == row["declared_at"]
        assert p.expires_at == row["declared_at"] + row["valid_hours"] * HOUR
        assert p.fields["birth_year"] == str(row["birth_year"])
        assert p.fields.get("initials", "") == row["initials"]
        assert p.fields.get("gender", "") == row["gender"]
        assert p.subjects == (f"hu1:485545{row['serial']}",)


def test_the_code_is_136_alphanumeric_characters() -> None:
    assert len(code()) == 136
    assert set(code().decode()) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def test_a_pass_holds_no_name_and_no_number() -> None:
    fields = {"full_name": "Trần Thị Mẫu", "birth_date": "1983-07-25", "gender": "F", "id_number": "046183000123"}
    claims = hu1.Claims.of(fields, bytes(8), DECLARED, 72)
    p = passes.read(code(claims), TRUST)
    assert set(p.fields) == {"initials", "birth_year", "gender", "serial", "issuer"}
    assert (p.fields["initials"], p.fields["birth_year"]) == ("TTM", "1983")


def test_a_pass_expires_one_millisecond_after_its_hours() -> None:
    end = DECLARED + 72 * HOUR
    assert passes.read(code(), TRUST, end).reading is Reading.VERIFIED
    assert passes.read(code(), TRUST, end + 1).reading is Reading.EXPIRED


def test_scanners_line_ends_do_no_harm_and_base45_spaces_are_kept() -> None:
    for n in range(64):  # base45 has spaces of its own inside
        raw = code(hu1.Claims(n.to_bytes(8, "big"), DECLARED, 72, 1983, "TTM"))
        for dressed in (raw + b"\r\n", b"\xef\xbb\xbf" + raw, b" \n" + raw, raw + b"  ", raw + b" \r\n"):
            assert passes.read(dressed, TRUST).reading is Reading.VERIFIED


@pytest.mark.parametrize(
    ("raw", "reading", "reason"),
    [
        (b"HU1:", Reading.REJECT, "truncated"),
        (code()[:-1], Reading.REJECT, "truncated"),
        (code()[:60], Reading.REJECT, "truncated"),
        (code() + b"00", Reading.REJECT, "bad_length"),
        (code()[:50] + b"a" + code()[51:], Reading.REJECT, "bad_base45"),
        (b"HU1:" + b":" * 132, Reading.REJECT, "bad_base45"),
        (code()[:50] + "ü".encode() + code()[52:], Reading.REJECT, "bad_base45"),
        (resigned(b"\x02", 0), Reading.REJECT, "bad_version"),
        (resigned(b"XXX", 1), Reading.UNKNOWN_KEY, "unknown_key"),
        (resigned(b"\x00", 23), Reading.REJECT, "bad_layout"),
        (resigned(b"A B ", 20), Reading.REJECT, "bad_layout"),
        (resigned(b"\x00", 23, bytes(32)), Reading.BAD_SIGNATURE, "bad_signature"),
    ],
)
def test_a_pass_that_is_not_whole_and_ours_is_not_verified(raw: bytes, reading: Reading, reason: str) -> None:
    p = passes.read(raw, TRUST, DECLARED)
    assert (p.kind, p.reading, p.reason) == (Kind.HU1, reading, reason)
    assert not p.fields and not p.subjects


def test_a_revoked_issuers_passes_count_only_before_the_revocation() -> None:
    for revoked_from, reading in ((DECLARED, Reading.UNKNOWN_KEY), (DECLARED + 1, Reading.VERIFIED)):
        p = passes.read(code(), {ISSUER.id: Issuer(ISSUER.id, ISSUER.public, revoked_from)}, DECLARED)
        assert p.reading is reading


@pytest.mark.parametrize(
    "claims",
    [
        hu1.Claims(b"short", DECLARED, 72, 1983, "TTM"),
        hu1.Claims(bytes(8), DECLARED, 72, 1983, "TTTTT"),
        hu1.Claims(bytes(8), DECLARED, 72, 1983, "đ"),
        hu1.Claims(bytes(8), DECLARED, 72, 1899, "T"),
        hu1.Claims(bytes(8), DECLARED, 65_536, 1983, "T"),
        hu1.Claims(bytes(8), 0, 72, 1983, "T"),
        hu1.Claims(bytes(8), DECLARED, 72, 1983, "T", "N"),
    ],
)
def test_claims_that_do_not_fit_are_not_signed(claims: hu1.Claims) -> None:
    with pytest.raises(ValueError):
        hu1.make(claims, ISSUER.id, SEED)


def test_one_changed_bit_is_never_verified() -> None:
    data = base45.b45decode(code()[4:])
    found: Counter[str] = Counter()
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        found[passes.read(b"HU1:" + bytes(base45.b45encode(bytes(changed))), TRUST, DECLARED).reading] += 1
    print(dict(found))
    assert found[Reading.VERIFIED] == 0
    assert found[Reading.BAD_SIGNATURE] == 84 * 8  # all but version and issuer


reached: Counter[str] = Counter()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_change_of_characters_verifies_or_raises(data: st.DataObject) -> None:
    raw = bytearray(code())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(4, len(raw) - 1))
        raw[at] = data.draw(st.sampled_from(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:") | st.integers(0, 255))
    p = passes.read(bytes(raw), TRUST, DECLARED)
    reached[f"{p.reading} {p.reason}"] += 1
    assert bytes(raw) == code() or p.reading is not Reading.VERIFIED


def test_the_changes_reach_the_signature_check() -> None:
    total = sum(reached.values())
    print({stage: f"{n / total:.0%}" for stage, n in reached.most_common()} if total else "no examples ran")
    assert not total or reached["bad_signature bad_signature"] > total // 10


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(vectors(), indent=1) + "\n", "utf-8")
