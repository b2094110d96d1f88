"""Every parser against random and mutated strings: no exception but its own refusal, nothing unverified called verified, and what comes
through is clean. 2,000 strings here, 200,000 in `make soak` (PARSER_STRINGS)."""

import base64
import csv
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.crypto import sign
from kiosk.domain import declaration, formfile, identity, passes, policyfile, query
from kiosk.domain.datafile import Mistake
from kiosk.domain.form import form
from kiosk.domain.passes import Issuer, Reading, hu1, layouts, trustlist
from kiosk.domain.passes.cbor import loads
from kiosk.domain.text import BIDI, BadText, clean
from tests import builders

STRINGS = int(os.environ.get("PARSER_STRINGS", "2000"))
TOGETHER = 20  # strings an example: hypothesis costs more than the parsers
PAYLOADS = Path(__file__).parents[3] / "shared" / "payloads" / "payloads.tsv"
NOON = builders.at("12:00")
SEED = bytes(range(32))
ISSUERS = {b"HUE": Issuer(b"HUE", sign.public(SEED))}
MADE = builders.certificate_issuers()
LISTS = trustlist.parse(MADE.listed())
PATTERNS = ("HUES1|{id_number}|{full_name}|{birth_date}|{gender}|{*}|{phone}",)
PASS = hu1.make(hu1.Claims(bytes(8), NOON - 3_600_000, 48, 1983, "TTM", "F"), b"HUE", SEED).encode()
SIGNED = (PASS, MADE.dcc(), MADE.dcc(-37), MADE.shc())
PLAIN = tuple(
    text.encode()
    for text in (
        builders.CARD.decode(),
        "4600000001|5472e1baa76e205468e1bb8b204de1baab75|25/07/1983|2|-|46 - 001|01/07/2021|-|31/07/2021|46044600000001|-|4|$",
        "046183000123|TRAN THI MAU|1983-07-25|0|162979388586171100|<2<<0900000001",
        "00020101021138540010A00000072701240006970415011000000000000208QRIBFTTA53037045802VN6304CFDC",
        "HUES1|046183000123|Trần Thị Mẫu|25/07/1983|Nữ|x|0905123456",
        "https://tokhaiyte.vn/?page=x",
        "HUP1:46-474-19750-01",
        "WIFI:S:x;;",
        "046183000123",
        "0905 123 456",
        "Trần Thị Mẫu 1983",
        MADE.listed(),
    )
)
SHARED = (
    tuple(base64.b64decode(row["payload_b64"]) for row in csv.DictReader(PAYLOADS.open(encoding="utf-8", newline=""), delimiter="\t"))
    if PAYLOADS.exists()
    else ()
)
TOKENS = tuple(
    token.encode("utf-8", "surrogatepass")
    for token in (
        *("\x00", "\u202e", "\u200b", "🙂", "１２３", "٠٤٦", "|", "||||", "$", "<", "=1+1", "<b>", "'); DROP TABLE x;--", "%s{0}", "\n"),
        *("\ufeff", "a\u0301" * 9, "\ud800", "9" * 400),
    )
)
ENDS = b" \t\r\n\x00"


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """One to four changes to something valid: cut, doubled, replaced, or with something hostile in the middle."""
    raw = bytearray(draw(st.sampled_from(SIGNED + PLAIN + SHARED)))
    for _ in range(draw(st.integers(1, 4))):
        at, end = sorted((draw(st.integers(0, len(raw))), draw(st.integers(0, len(raw)))))
        end = min(end, at + draw(st.sampled_from((0, 1, 2, 8, 5000))))
        new = draw(st.sampled_from((b"", bytes(raw[at:end]) * 2, *TOKENS)) | st.binary(max_size=6))
        raw[at:end] = new
    return bytes(raw[:5000])


ANYTHING = mutated() | mutated() | st.binary(max_size=300) | st.text(max_size=300).map(lambda t: t.encode("utf-8", "surrogatepass"))
PARSERS: tuple[Callable[[str], object], ...] = (
    query.parse,
    lambda text: clean(text, 300),
    identity.check_id,
    identity.check_date,
    identity.check_name,
    identity.check_phone,
    identity.check_gender,
    layouts.compiled,
    trustlist.parse,
    policyfile.parse,
    formfile.parse,
)
REFUSALS = (BadText, Mistake)


def read(raw: bytes) -> passes.Pass:
    said = passes.read(raw, ISSUERS, NOON, LISTS, PATTERNS)
    if said.reading is Reading.VERIFIED:
        assert raw.removeprefix(b"\xef\xbb\xbf").strip(ENDS) in SIGNED, "nobody signed this"
    assert said.reason in passes.REASONS
    for value in said.fields.values():
        assert harmless(value), value
    return said


def harmless(text: str) -> bool:
    """Short, in one line, NFC, nothing invisible that rules the text around it."""
    good = len(text) <= 300 and unicodedata.is_normalized("NFC", text) and not set(text) & BIDI
    return good and not any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs") for c in text)


@settings(max_examples=max(1, STRINGS // TOGETHER), deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ANYTHING, min_size=TOGETHER, max_size=TOGETHER))
def test_random_and_mutated_strings_raise_nothing_and_verify_nothing(many: list[bytes]) -> None:
    for raw in many:
        read(raw)
        text = raw.decode("utf-8", "replace")
        for parse in PARSERS:
            try:
                parse(text)
            except REFUSALS as refusal:
                assert str(refusal)
        try:
            loads(raw)
        except BadText as bad:
            assert bad.reason in ("bad_cbor", "cbor_nesting")


HOSTILE = {
    "10,000 letters": "Ă" * 10_000,
    "control characters": "Mẫu\x00\x1b[2J\x07",
    "a line break": "Mẫu\r\nfake,row",
    "markup": "<b>Mẫu</b><img src=x>",
    "a formula": "=HYPERLINK(\"http://x\")",
    "SQL": "Mẫu'); DROP TABLE declaration;--",
    "emoji": "Mẫu 🙂👨‍👩‍👧",
    "right-to-left marks": "Mẫu\u202etxt.exe",
    "NFD": unicodedata.normalize("NFD", "Trần Thị Mẫu"),
    "full-width digits": "０４６１８３０００１２３",
    "Arabic digits": "٠٤٦١٨٣٠٠٠١٢٣",
    "an impossible date": "31/02/1983",
    "a future date": "01/01/2090",
    "age 130": "01/01/1891",
    "a lone surrogate": "M\ud800",
    "a tower of marks": "a" + "\u0301" * 50,
    "a format string": "{0.__class__} %s %n",
    "nothing but spaces": "   ",
}  # fmt: skip


@pytest.mark.parametrize("field", [f.key for f in form().fields if not f.auto and f.type != "table"])
@pytest.mark.parametrize("what", HOSTILE)
def test_every_field_refuses_or_keeps_it_harmless(field: str, what: str) -> None:
    given_ = declaration.example() | {field: HOSTILE[what]}
    checked = declaration.check(given_, today=builders.ELECTION_DAY)
    if field in checked.errors:
        assert checked.errors[field] in declaration.REASONS
        return
    kept: Any = checked.fields.get(field, "")
    for value in kept.values() if isinstance(kept, dict) else (str(kept),):
        assert harmless(value)
    if field == "birth_date":
        assert not kept or kept in ("1983-07-25",)


def test_ages_and_days_that_cannot_be_are_refused() -> None:
    for born in ("31/02/1983", "01/01/1891", "01/01/2090", "24/05/2021", "00/13/1983", "99999999", "32/01/1990"):
        assert "birth_date" in declaration.check(declaration.example() | {"birth_date": born}, today=builders.ELECTION_DAY).errors, born
