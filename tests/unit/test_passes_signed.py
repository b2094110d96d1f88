"""Vaccine certificates and health cards: verified by a listed key or not at all; bombs and nests cost nothing."""

import base64
import json
import time
import tracemalloc
import unicodedata
import zlib

import base45
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain import passes
from kiosk.domain.datafile import Mistake
from kiosk.domain.passes import Kind, Reading, layouts, mojibake, trust, trustlist
from kiosk.domain.policy import Policy
from kiosk.domain.text import BadText
from kiosk.domain.verdict import NOBODY, Act, judge
from kiosk.words import verdict as words_of
from tests import builders

MADE = builders.certificate_issuers()
LISTS = trustlist.parse(MADE.listed())
NOON = builders.at("12:00")
MAU = {"full_name": "Trần Thị Mẫu", "birth_date": "1983-07-25"}
ES256, PS256, CARD = MADE.dcc(), MADE.dcc(-37), MADE.shc()


def read(raw: bytes, lists: trust.TrustLists = LISTS, now: int = NOON) -> passes.Pass:
    return passes.read(raw, now=now, lists=lists)


@pytest.mark.parametrize(("raw", "reason"), [(ES256, ""), (PS256, "ps256"), (CARD, ""), (b"\xef\xbb\xbf" + ES256 + b"\r\n", "")])
def test_a_listed_key_verifies_and_names_the_person(raw: bytes, reason: str) -> None:
    p = read(raw)
    assert (p.reading, p.reason, p.fields, p.trusted_at) == (Reading.VERIFIED, reason, MAU, LISTS.at)


@pytest.mark.parametrize("raw", [ES256, PS256, CARD])
def test_without_its_key_it_is_read_and_not_verified(raw: bytes) -> None:
    p = read(raw, trust.NOTHING)
    assert (p.reading, p.fields, p.subjects) == (Reading.UNKNOWN_KEY, MAU, ())


def test_a_key_counts_only_for_the_algorithm_it_is_listed_for() -> None:
    """An RSA certificate under the kid of the other key, and the other way round."""
    swapped = builders.Issuers(MADE.es256, MADE.ps256, MADE.kids[::-1])
    assert {read(swapped.dcc(alg)).reading for alg in (-7, -37)} == {Reading.UNKNOWN_KEY}


def test_every_changed_byte_of_a_certificate_loses_the_signature() -> None:
    packed = zlib.decompress(base45.b45decode(ES256[4:]))
    for place in range(0, len(packed), 7):
        changed = bytearray(packed)
        changed[place] ^= 1
        p = read(b"HC1:" + base45.b45encode(zlib.compress(bytes(changed))))
        assert p.reading in (Reading.BAD_SIGNATURE, Reading.REJECT, Reading.UNKNOWN_KEY), place


def test_an_expiry_is_an_integer_or_the_certificate_is_refused() -> None:
    body = {"nam": {"fn": "Trần", "gn": "Mẫu"}, "dob": "1983", "v": []}
    said = {exp: read(MADE.dcc(claims={4: exp, -260: {1: body}})).reading for exp in (1, 4_102_444_800, 4e9, "4102444800", True, -1)}
    assert said[4_102_444_800] is Reading.VERIFIED and said[4e9] is said["4102444800"] is said[-1] is Reading.REJECT
    assert read(MADE.dcc(claims={4: 1, -260: {1: body}})).reading is Reading.EXPIRED
    assert read(MADE.dcc(claims={4: True, -260: {1: body}})).reason == "bad_layout"
    assert read(MADE.shc(exp=1.0)).reading is Reading.EXPIRED


def test_dates_of_which_only_the_year_is_known_keep_the_year() -> None:
    assert {born: read(MADE.dcc(dob=born)).fields.get("birth_date") for born in ("1983-07", "1983", "", "x")} == {
        "1983-07": "1983", "1983": "1983", "": None, "x": None,
    }  # fmt: skip


def bomb(packed: bytes) -> bytes:
    return b"HC1:" + base45.b45encode(packed)


NESTS = {
    "arrays": b"\x81" * 9000 + b"\x00",
    "indefinite arrays": b"\x9f" * 9000,
    "maps": b"\xa1\x00" * 4000 + b"\x00",
    "tags": b"\xd2" * 9000 + b"\x00",
    "wide": b"\x99\x3f\x00" + b"\x00" * 0x3F00,
}


def test_bombs_and_nests_are_refused_in_little_time_and_memory(capsys: pytest.CaptureFixture[str]) -> None:
    """Both printed: 1 GB of zeros in a megabyte cannot even be shown in a QR code; what can be is cut at 16 KiB."""
    cases = {name: bomb(zlib.compress(data, 9)) for name, data in NESTS.items()}
    cases["zip bomb"] = bomb(zlib.compress(bytes(2_000_000), 9))
    tracemalloc.start()
    said = {}
    for name, raw in cases.items():
        tracemalloc.reset_peak()
        before, start = tracemalloc.get_traced_memory()[0], time.perf_counter()
        p = read(raw)
        took, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1] - before
        said[name] = p.reason
        with capsys.disabled():
            print(f"\n  {name}: {len(raw)} letters, {p.reason}, {took * 1000:.1f} ms, {peak / 1024:.0f} KiB at most", end="")
        assert p.reading is Reading.REJECT and peak < 512 * 1024
    tracemalloc.stop()
    wanted = dict.fromkeys(NESTS, "cbor_nesting") | {"zip bomb": "zip_bomb", "tags": "cbor_nesting"}
    assert said == wanted


@pytest.mark.parametrize(
    "item", [bytes.fromhex(item) for item in "d81c80 c241ff c4821a7fffffff01 d8236128 9bffffffffffffffff 5f00 1c".split()]
)
def test_tags_that_build_something_are_refused_before_they_do(item: bytes) -> None:
    assert read(bomb(zlib.compress(item))).reason == "bad_cbor"


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2), st.integers(0, 10**6), st.binary(min_size=1, max_size=6))
def test_a_mutated_certificate_is_never_called_verified(which: int, place: int, change: bytes) -> None:
    raw = bytearray((ES256, PS256, CARD)[which])
    at = 5 + place % (len(raw) - 5)
    raw[at : at + len(change)] = change
    if bytes(raw) != (ES256, PS256, CARD)[which]:
        assert read(bytes(raw)).reading is not Reading.VERIFIED


def nested(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(inner) | st.dictionaries(st.text(), inner)


@settings(max_examples=40, deadline=None)
@given(st.recursive(st.none() | st.integers() | st.text() | st.binary() | st.floats(), nested))
def test_a_signed_certificate_may_say_anything_and_raises_nothing(said: object) -> None:
    for claims in ({-260: said}, {-260: {1: said}}, {4: said, -260: {1: {"nam": said, "dob": said, "v": said}}}):
        assert read(MADE.dcc(claims=claims)).reason in passes.REASONS  # type: ignore[arg-type]


# -- the verdict, and the list's age --------------------------------------------------------------------------------------


def test_a_certificate_says_who_and_leaves_the_questions_to_be_asked() -> None:
    verdict = judge(read(ES256), NOBODY, Policy(), NOON)
    assert (verdict.act, verdict.arrival, verdict.prefill, verdict.list_at) == (Act.CARD, False, MAU, None)
    unknown = judge(read(ES256, trust.NOTHING), NOBODY, Policy(), NOON)
    assert (unknown.act, unknown.reason, unknown.prefill) == (Act.UNVERIFIED, "unknown_key", MAU)


def test_a_list_older_than_a_day_is_used_and_says_its_age() -> None:
    lists = trustlist.parse(MADE.listed(at="2021-05-22T11:00"))
    verdict = judge(read(ES256, lists), NOBODY, Policy(), NOON)
    assert verdict.act is Act.CARD
    assert words_of(verdict).caution == "Danh sách khóa đã cũ 25 giờ, từ 11:00 ngày 22/05."
    assert words_of(judge(read(ES256), NOBODY, Policy(), NOON)).caution == ""


# -- trust lists with a mistake -------------------------------------------------------------------------------------------


def broken(**change: object) -> str:
    said = json.loads(MADE.listed())
    said["dcc_trust_list"][1] |= change
    return json.dumps(said, indent=1)


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        (broken(alg="none"), 11, "ES256"),
        (broken(kid_b64="@@"), 10, "kid_b64"),
        (broken(kid_b64=base64.b64encode(b"short").decode()), 10, "8 bytes"),
        (broken(pem="-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"), 12, "PEM"),
        (broken(pem="beside.pem"), 12, "PUBLIC KEY"),
        (broken(alg="ES256"), 12, "P-256"),
        (MADE.listed(at="yesterday"), 2, "YYYY"),
        (MADE.listed().replace('"alg"', '"alg" "alg"', 1), 6, "delimiter"),
        ('{"at": 1}', 1, "dcc_trust_list"),
        ('{"dcc_trust_list": 7}', 1, "dcc_trust_list"),
        ('{"dcc_trust_list": [7]}', 1, "0"),
        ("[1]", 1, "{"),
        ("[" * 40 + "]" * 40, 0, "nesting"),
        ('{"at": 1, "at": 2}', 0, "at"),
    ],
)
def test_a_trust_list_with_a_mistake_names_its_line(text: str, line: int, word: str) -> None:
    with pytest.raises(Mistake) as found:
        trustlist.parse(text)
    assert found.value.line == line and word in str(found.value)


# -- layouts and repairs --------------------------------------------------------------------------------------------------

HUES = ("HUES1|{id_number}|{full_name}|{birth_date}|{*}|{phone}", "no layout at all {")


def test_a_layout_of_the_province_reads_a_code_that_is_not_public() -> None:
    p = passes.read("HUES1|046183000123|Trần Thị Mẫu|25/07/1983|đã khai|0905123456".encode(), now=NOON, patterns=HUES)
    assert (p.kind, p.reading) == (Kind.HUES, Reading.READ_UNSIGNED)
    assert p.fields == MAU | {"id_number": "046183000123", "phone": "+84905123456"}
    assert p.subjects == ("id:046183000123", "phone:+84905123456")
    assert judge(p, NOBODY, Policy(), NOON).act is Act.UNVERIFIED
    assert passes.read(b"HUES1|x", now=NOON, patterns=HUES).reason == "truncated"
    assert passes.read(b"HUES1|12|A|25/07/1983||", now=NOON, patterns=HUES).reason == "bad_length"
    assert passes.read(b"HUES1|||||", now=NOON, patterns=HUES).reading is Reading.SEEN
    assert passes.read(b"HUES1|046183000123", now=NOON).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "text", ["", "{id_number}", "AB{phone}", "HUES{phone}{full_name}", "HUES{nobody}", "HUES{phone}|{phone}", "HUES{", "H" * 301]
)
def test_a_layout_that_would_take_anything_is_refused(text: str) -> None:
    with pytest.raises(BadText):
        layouts.compiled(text)


def as_cp1252(raw: bytes) -> bytes:
    """Five bytes are undefined there; readers pass them through."""
    return "".join(bytes([b]).decode("latin-1" if b in b"\x81\x8d\x8f\x90\x9d" else "cp1252") for b in raw).encode()


SHORT = "046183000123||{name}|25071983|Nữ|Huế|01052021"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("Trần Thị Mẫu", SHORT.format(name="Trần Thị Mẫu").encode().decode("latin-1").encode()),
        ("Trần Thị Mẫu", as_cp1252(SHORT.format(name="Trần Thị Mẫu").encode())),
        ("Trần Thị Mẫu", SHORT.format(name="Trần Thị Mẫu").encode().decode("latin-1").encode().decode("latin-1").encode()),
        ("Lê Văn Bảy", SHORT.format(name="Lê Văn Bảy").encode().decode("shift_jis").encode()),
        ("Nguyễn Hữu Đức", SHORT.format(name="Nguyễn Hữu Đức").encode().decode("gb18030").encode()),
    ],
)
def test_a_card_typed_in_another_alphabet_is_repaired_where_the_way_back_is_certain(name: str, wrong: bytes) -> None:
    p = passes.read(wrong, now=NOON)
    assert (p.reading, p.reason, p.fields["full_name"]) == (Reading.READ_UNSIGNED, "mojibake_repaired", name)


def test_what_needs_no_repair_is_left_alone() -> None:
    for raw in (builders.CARD, b"abc", b"\xff\xfe|", "日本|語".encode()):
        assert mojibake.repaired(raw) == raw
    assert passes.read(b"\xff|\xff", now=NOON).reason == "bad_utf8"


def test_what_a_windows_machine_wrote_is_repaired() -> None:
    raw = "".join(_for_windows(c) for c in SHORT.format(name="Trần Văn An")).encode("cp1258")
    p = passes.read(raw, now=NOON)
    assert (p.reason, p.fields["full_name"]) == ("mojibake_repaired", "Trần Văn An")


def _for_windows(c: str) -> str:
    """cp1258 writes a vowel and its tone as two."""
    parts = unicodedata.normalize("NFD", c)
    tones = [part for part in parts if part in "\u0300\u0309\u0303\u0301\u0323"]
    return unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones)) + "".join(tones)


def test_letters_that_are_lost_are_asked_again_and_the_number_is_kept() -> None:
    p = passes.read(b"046183000123||Tr?n Th? M?u|25071983|Nu|Hu?|01052021", now=NOON)
    assert (p.reading, p.reason) == (Reading.WARN, "letters_lost")
    assert "full_name" not in p.fields and p.fields["id_number"] == "046183000123"
