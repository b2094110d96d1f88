"""Commands that need no home: `kiosk read` wants nothing but the text, `kiosk demo` the sources."""

import base64
import json
import sys
from pathlib import Path

import pytest

from kiosk.cli import main
from kiosk.crypto import sign as ed25519
from kiosk.domain.passes import hu1

CARD = "046183000123|191500001|Trần Thị Mẫu|25071983|Nữ|Huế, Thừa Thiên Huế|01052021"
SEED = bytes(range(32))
PASS = hu1.make(hu1.Claims(bytes(8), 1_621_728_720_000, 65_535, 1983, "TTM", "F"), b"HUE", SEED)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_text_is_read_as_it_is_and_base64_decoded(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--json", CARD]) == 0
    assert main(["read", "--json", "--base64", base64.b64encode(CARD.encode()).decode()]) == 0
    plain, decoded = lines(capsys)
    assert plain == decoded
    assert list(plain) == ["id", "kind", "verdict", "reason", "fields"]
    assert (plain["kind"], plain["verdict"]) == ("cccd", "read_unsigned")


def test_bad_base64_is_refused_and_the_rest_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--json", "--base64", "@@@", "MDQ2MTgzMDAwMTIz"]) == 1
    out = capsys.readouterr()
    assert [json.loads(line)["verdict"] for line in out.out.splitlines()] == ["reject", "read_unsigned"]
    assert "KS-501" in out.err


def test_a_table_is_read_row_by_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "codes.tsv"
    rows = [("a", CARD), ("b", "https://tokhaiyte.vn/x"), ("c", "")]
    body = "".join(f'{name}\t"odd\u2028 preview\t{base64.b64encode(text.encode()).decode()}\n' for name, text in rows)
    table.write_text("id\tpreview\tpayload_b64\n" + body, "utf-8")
    assert main(["read", "--tsv", str(table), "--json"]) == 0
    assert [(row["id"], row["verdict"]) for row in lines(capsys)] == [("a", "read_unsigned"), ("b", "seen"), ("c", "reject")]


def test_a_trust_list_makes_a_pass_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trust = tmp_path / "trust.json"
    issuer = {"id_hex": b"HUE".hex(), "public_hex": ed25519.public(SEED).hex(), "revoked_from": None}
    trust.write_text(json.dumps({"hu1_issuers": [issuer], "not_listed": ["x.pem"]}), "utf-8")
    main(["read", "--json", PASS])
    main(["read", "--json", "--trust", str(trust), PASS])
    trust.write_text(json.dumps({"hu1_issuers": [issuer | {"revoked_from": 0}]}), "utf-8")
    main(["read", "--json", "--trust", str(trust), PASS])
    said = [(row["verdict"], row["reason"]) for row in lines(capsys)]
    assert said == [("unknown_key", "unknown_key"), ("verified", ""), ("unknown_key", "revoked")]


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"hu1_issuers": [{"id_hex": "zz", "public_hex": ""}]}', '{"hu1_issuers": [{"id_hex": "00", "public_hex": "00"}]}'],
)
def test_a_trust_list_out_of_shape_is_named(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trust = tmp_path / "trust.json"
    trust.write_text(content, "utf-8")
    assert main(["read", "--trust", str(trust), CARD]) == 1
    out = capsys.readouterr()
    assert "KS-502" in out.err and "trust.json" in out.err and not out.out


def test_files_that_cannot_be_read_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "latin.tsv").write_bytes(b"id\tpayload_b64\n\xff\tx\n")
    (tmp_path / "other.tsv").write_text("a\tb\n", "utf-8")
    for name in ("missing.tsv", "latin.tsv", "other.tsv"):
        assert main(["read", "--tsv", str(tmp_path / name)]) == 1
        assert "KS-502" in capsys.readouterr().err
    assert main(["read"]) == 2
    assert main(["read", "--tsv", str(tmp_path / "other.tsv"), CARD]) == 2


def test_without_json_it_says_what_the_window_would_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", CARD]) == 0
    said = capsys.readouterr().out
    assert "ĐÃ ĐỌC THẺ" in said and "T. T. Mẫu" in said and "046183000123" not in said


def test_the_installed_program_says_that_it_brings_no_demonstration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert main(["demo", "--headless", "--out", str(tmp_path / "out")]) == 1
    assert "./run" in capsys.readouterr().err and not (tmp_path / "out").exists()
