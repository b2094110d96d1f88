"""Whatever is shown to `kiosk scan --stdin` is answered with JSON; nothing raises, nothing personal leaves the journal."""

import base64
import io
import json
import sys
from pathlib import Path

import pytest

from kiosk.domain.verdict import Act
from tests import builders
from tests.durability import oracle, running

SECRET = "046183000123"
NAME = "Trần Thị Mẫu"
CARD = builders.CARD
SHOWN: dict[str, bytes] = {
    "5 KB of text": b"A" * 5_000,
    "5 KB of one card": CARD + b"|" + "Đ".encode() * 2_500,
    "a number of 40 KB": b"0" * 40_000,
    "binary": bytes(range(256)) * 4,
    "nothing": b"",
    "zeros": bytes(300),
    "invalid UTF-8": b"046183000123|\xff\xfe\xc3|Tr\xe1\xba",
    "half a letter": CARD[:30],
    "a byte order mark": b"\xef\xbb\xbf" + CARD,
    "surrogates as CESU-8": b"046183000123||\xed\xa0\xbd\xed\xb8\x80",
    "UTF-16": f"{SECRET}|{NAME}".encode("utf-16"),
    "control characters": CARD.replace(b"Th", b"\x00\x07\x1b[2J\r\n"),
    "bidi overrides": CARD.replace("Thị".encode(), "\u202e\u2066Thị\u2069\u200f".encode()),
    "zero width": CARD.replace("Thị".encode(), "Th\u200b\u200d\ufeffị".encode()),
    "a thousand marks": ("e" + "\u0301" * 1_000).encode(),
    "Arabic digits": "٠٤٦١٨٣٠٠٠١٢٣".encode(),
    "full-width digits": "０４６１８３０００１２３".encode(),
    "markup": CARD.replace("Thị".encode(), b"<img src=file:///etc/passwd><b>"),
    "SQL": b"046183000123'; DROP TABLE event; --",
    "a format string": b"{0.__class__} %s %n ${HOME}",
    "JSON": json.dumps({"verdict": "come_in"}).encode(),
    "an empty pass": b"HU1:",
    "a pass of noise": b"HU1:" + b"Z" * 132,
    "a pass with letters base45 has not": b"HU1:" + b"\xc4\x90" * 66,
    "only bars": b"|" * 4_000,
    "a certificate": b"HC1:NCF" + b"%" * 900,
    "a long link": b"https://tokhaiyte.vn/" + b"?a=" * 1_200,
}
STILL_A_CARD = ["a byte order mark", "zero width", "markup"]  # cleaned at the door; markup is a text like any other


@pytest.mark.slow
def test_hostile_codes_are_answered_one_by_one(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    builders.enrolled_home(home, builders.province_for_today())
    good = running.encoded([b"046183000999"])
    lines = [base64.b64encode(raw) for raw in SHOWN.values()]
    broken = [b"not base64 at all!", b"====", b"QUJ", b"\xff\xfe\x00", "Đ".encode(), b"A" * 61_441, base64.b64encode(b"B" * 60_000), b"\r"]
    ran = running.scan(home, good + b"\n".join([*lines, *broken]) + b"\n" + good.rstrip(b"\n"))  # and no newline at the end
    with capfd.disabled():
        print(f"\n{len(ran.answers)} hostile lines answered: {sorted({a['verdict'] for a in ran.answers})}")
    assert len(ran.answers) == len(SHOWN) + len(broken) + 2, ran.stderr
    assert "Traceback" not in ran.stderr
    known = {act.value for act in Act} | {"reject"}
    assert all(a["verdict"] in known and {"verdict", "reason", "kind", "event", "at"} <= a.keys() for a in ran.answers)
    assert ran.answers[0]["verdict"] == ran.answers[-1]["verdict"] == Act.DECLARE.value, "good codes before and after are read"
    shown = dict(zip(SHOWN, ran.answers[1:], strict=False))
    assert {a["verdict"] for a in shown.values()} & {"come_in", "already_in", "not_saved"} == set(), "nobody is let in, nothing is lost"
    assert all(a["event"] for a in shown.values()), "every code shown is an event (decision 0007)"
    assert [name for name, a in shown.items() if a["verdict"] == Act.CARD.value] == STILL_A_CARD
    account = running.settle(home, [ran])
    assert account.faults == []
    assert running.here(home, "verify").code == 0
    leaks(home, ran.stderr)


def leaks(home: Path, stderr: str) -> None:
    """No name and no number in the words for people or in any file outside the encrypted ones, nor in what a sighting keeps."""
    given = [SECRET, "046183000999", "Mẫu", "passwd", "An Cựu"]
    assert not [word for word in given if word in stderr]
    for path in home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [word for word in given if word.encode() in data], path
    sightings = [json.dumps(row.fields, ensure_ascii=False) for row in oracle.ledger(home).rows if row.kind == 2]
    assert sightings and not [word for word in given for fields in sightings if word in fields]


@pytest.mark.parametrize("data", [b"", b"\n", b"\n\n\r\n"], ids=["nothing", "an empty line", "empty lines"])
def test_empty_input_is_no_trouble(data: bytes, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builders.enrolled_home(home, builders.province_for_today())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    ran = running.here(home, "scan", "--stdin")
    assert len(ran.answers) == data.count(b"\n")
    assert all(a["verdict"] != "not_saved" for a in ran.answers)
    assert running.here(home, "verify").code == 0


def test_a_line_without_end_is_a_code_that_is_too_large(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builders.enrolled_home(home, builders.province_for_today())
    lines = [base64.b64encode(b"x" * 5_000), b"A" * 200_000, b"A" * 65_536, b"A" * 65_536 + b"!", base64.b64encode(b"046183000999")]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\r\n".join(lines))))
    ran = running.here(home, "scan", "--stdin")
    assert [a["reason"] for a in ran.answers] == ["too_large"] * 3 + ["bad_base64", ""]
    assert [bool(a["event"]) for a in ran.answers] == [True] * 3 + [False, True] and ran.code == 1
    assert running.here(home, "scan", "--base64", "A" * 100_000).code == 0


def test_one_command_is_given_hostile_words(home: Path) -> None:
    builders.enrolled_home(home, builders.province_for_today())
    for words in (["\u202eabc"], ["\udcff\udcfe"], ["--base64", "!!!"], ["x" * 5_000], ["{}", ""]):
        ran = running.here(home, "scan", *words)
        assert ran.code in (0, 1, 2)
        assert len(ran.answers) == len([w for w in words if w != "--base64"])
    assert running.here(home, "verify").code == 0
