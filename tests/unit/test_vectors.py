"""The wire as another team would build it (tests/vectors/protocol.json, made by tests/vectors/protocol.py) against this code.

A failure here means that kiosks or provinces in the field stop understanding each other: change the code, not the file.
"""

import hmac
import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.crypto import chain, seal, sign
from kiosk.domain import declaration, events, feed, protocol, stick
from kiosk.domain.events import Kind, Place
from kiosk.shipped import data_dir
from kiosk.store import projections
from tests.vectors.protocol import FILE

AT = 1_621_732_200_000
V: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
KEYS = V["keys"]
DICTIONARY = (data_dir() / "dict" / "1").read_bytes()
CONTENT: dict[str, type[Any]] = {
    "enrol": protocol.EnrolCall,
    "feed": protocol.FeedCall,
    "feed answer": protocol.FeedPage,
    "events": protocol.Batch,
    "events answer": protocol.BatchAnswer,
    "have": protocol.HaveCall,
    "manifest": protocol.Manifest,
    "manifest answer": protocol.ManifestAnswer,
    "problem": protocol.Problem,
}


def b(text: str) -> bytes:
    return bytes.fromhex(text)


def opening() -> protocol.Opening:
    signed = protocol.SignedOpening(b(V["opening"]["bytes"]), b(V["opening"]["signature"]))
    return signed.read(b(KEYS["kiosk"]["public"]))


def place() -> Place:
    said = opening()
    return Place(said.kiosk, said.station, said.event_day, said.epoch)


def test_the_public_halves_belong_to_the_seeds() -> None:
    assert {name: sign.public(b(KEYS[name]["seed"])).hex() for name in ("root", "service", "kiosk", "issuer")} == {
        name: KEYS[name]["public"] for name in ("root", "service", "kiosk", "issuer")
    }
    assert seal.day_public(b(KEYS["day"]["private"])).hex() == KEYS["day"]["public"]


def test_fields_carry_their_lengths() -> None:
    assert chain.fields(*map(b, V["fields"]["parts"])).hex() == V["fields"]["bytes"]


@pytest.mark.parametrize("name", CONTENT)
def test_an_envelope_is_these_very_bytes(name: str) -> None:
    said = V["envelopes"][name]
    signer = KEYS["service" if said["sender"] == protocol.PROVINCE else "kiosk"]
    content = protocol.decode(b(said["body"]), CONTENT[name])
    assert protocol.envelope_text(said["sender"], said["kind"], b(said["nonce"]), said["at"], b(said["body"])).hex() == said["text"]
    assert protocol.pack(b(signer["seed"]), said["sender"], said["kind"], b(said["nonce"]), said["at"], content).hex() == said["bytes"]
    assert protocol.unpack(b(said["bytes"]), b(signer["public"]), said["kind"], CONTENT[name], b(said["nonce"])) == content


@pytest.mark.parametrize("name", CONTENT)
def test_an_envelope_with_one_bit_turned_is_not_believed(name: str) -> None:
    said = V["envelopes"][name]
    public = b(KEYS["service" if said["sender"] == protocol.PROVINCE else "kiosk"]["public"])
    whole = b(said["bytes"])
    for place_ in range(0, len(whole), max(1, len(whole) // 60)):
        broken = whole[:place_] + bytes([whole[place_] ^ 1]) + whole[place_ + 1 :]
        with pytest.raises(protocol.Untrusted):
            protocol.unpack(broken, public, said["kind"], CONTENT[name], b(said["nonce"]))


def test_an_answer_to_another_call_is_not_believed() -> None:
    said = V["envelopes"]["events answer"]
    with pytest.raises(protocol.Untrusted):
        protocol.unpack(b(said["bytes"]), b(KEYS["service"]["public"]), "events", protocol.BatchAnswer, b(V["envelopes"]["have"]["nonce"]))


def test_the_one_time_code_pins_the_root() -> None:
    said = V["enrol_code"]
    assert protocol.enrol_code(b(said["secret"]), b(KEYS["root"]["public"])) == said["code"]
    assert protocol.read_code(said["code"].lower().replace("-", " ")) == (b(said["secret"]), b(said["root_hash"]))


def test_trust_and_campaign_are_the_roots_word() -> None:
    trust = protocol.decode(b(V["trust"]["bytes"]), protocol.Trust)
    assert trust.genuine(b(V["enrol_code"]["root_hash"]))
    campaign = protocol.SignedCampaign(b(V["campaign"]["bytes"]), b(V["campaign"]["signature"])).read(trust.root)
    assert (campaign.id, campaign.days) == (V["campaign"]["said"]["id"], V["campaign"]["said"]["days"])
    assert msgspec.json.decode(msgspec.json.encode(campaign.policy)) == V["campaign"]["said"]["policy"]


def test_an_opening_is_these_very_bytes() -> None:
    said = opening()
    again = protocol.sign_opening(b(KEYS["kiosk"]["seed"]), said)
    assert (again.opening.hex(), again.signature.hex()) == (V["opening"]["bytes"], V["opening"]["signature"])
    assert json.loads(json.dumps(msgspec.to_builtins(said, builtin_types=(bytes,)), default=bytes.hex)) == V["opening"]["said"]
    assert chain.link(said.kiosk, said.epoch, chain.ZERO, again.opening).hex() == V["opening"]["head"]


def test_the_days_key_opens_the_content_key() -> None:
    said = opening()
    aad = protocol.key_aad(said.kiosk, said.station, said.event_day, said.epoch)
    assert aad.hex() == V["opening"]["key_aad"]
    assert seal.open_key(b(KEYS["day"]["private"]), said.content_key, aad).hex() == KEYS["content"]


def test_dictionaries_that_were_shipped_never_change() -> None:
    shipped = {path.name: sha256(path.read_bytes()).hexdigest()[:16] for path in (data_dir() / "dict").iterdir()}
    assert shipped == {"1": "85d946af5ec02183", "2": "96613c5db4446c5a"}


def test_what_the_header_says_is_not_sealed_twice_and_comes_back() -> None:
    here, key = place(), b(KEYS["content"])
    clocks = [events.ClockReading(wall, 5, boot) for wall, boot in ((AT, ""), (AT, "b007"), (AT - 1, "b007"))]
    said = [events.Body(2, 1, "0" * 16, "-", clock, {}) for clock in clocks]
    sealed = [events.seal_body(body, 1, AT, here, key, b"") for body in said]
    assert [events.open_body(event, here, key, b"") for event in sealed] == said
    assert len(sealed[0]) < len(sealed[1]) < len(sealed[2])


def test_there_is_one_event_of_every_kind_and_version() -> None:
    known = {(kind.word, version) for kind in Kind for version in range(1, events.KNOWN_VERSIONS[kind] + 1)}
    assert {(e["kind"], e["version"]) for e in V["events"]} == known


@pytest.mark.parametrize("said", V["events"], ids=lambda e: f"{e['kind']}-v{e['version']}")
def test_an_event_opens_to_its_body(said: dict[str, Any]) -> None:
    assert sha256(DICTIONARY).hexdigest() == V["dictionary"]["sha256"], "dictionary 1 was changed: old events no longer open"
    event = b(said["bytes"])
    header = events.header_of(event)
    assert (header.format, header.seq, events.kind_word(header.kind), header.at) == (events.FORMAT, said["seq"], said["kind"], said["at"])
    assert place().aad(event[: events.HEADER.size]).hex() == said["aad"]
    body = events.open_body(event, place(), b(KEYS["content"]), DICTIONARY)
    assert msgspec.to_builtins(body) == said["body"]
    assert events.readable(body)


def test_the_declaration_is_one_that_the_form_takes() -> None:
    said = next(e["body"]["f"] for e in V["events"] if e["kind"] == "declaration")
    added = {"mode", "subjects", "desk"}
    asked = {key: value for key, value in said.items() if key not in added}
    checked = declaration.check({**asked, "mode": said["mode"]})
    assert (checked.errors, checked.fields) == ({}, asked)
    assert said["subjects"] == list(declaration.subjects(checked.fields))


@pytest.mark.parametrize("said", V["events"], ids=lambda e: f"{e['kind']}-v{e['version']}")
def test_an_event_opens_nowhere_else(said: dict[str, Any]) -> None:
    here = place()
    elsewhere = (
        here._replace(kiosk="0a1b2c3d4e60"),
        here._replace(station="46-474-19750-02"),
        here._replace(event_day="2021-05-24"),
        here._replace(epoch="ff" * 8),
    )
    for other in elsewhere:
        with pytest.raises(seal.Unopenable):
            events.open_body(b(said["bytes"]), other, b(KEYS["content"]), DICTIONARY)


def test_the_chain_runs_from_the_opening_through_every_event() -> None:
    said = opening()
    heads = chain.heads(said.kiosk, said.epoch, b(V["opening"]["head"]), [b(e["bytes"]) for e in V["events"]])
    assert [h.hex() for h in heads] == [e["head"] for e in V["events"]]


def test_a_receipt_is_these_very_bytes() -> None:
    said = {k: v for k, v in V["receipt"].items() if k != "text"}
    receipt = protocol.Receipt(**said | {"digest": b(said["digest"]), "signature": b""})
    assert receipt.text().hex() == V["receipt"]["text"]
    sealed = receipt.sealed(b(KEYS["service"]["seed"]))
    assert sealed.signature.hex() == said["signature"]
    assert sealed.genuine(b(KEYS["service"]["public"]))
    assert not msgspec.structs.replace(sealed, opened=receipt.opened + 1).genuine(b(KEYS["service"]["public"]))


def test_the_digest_of_a_receipt_is_the_head_of_its_last_event() -> None:
    assert V["receipt"]["digest"] == V["events"][V["receipt"]["to_seq"] - 1]["head"]


def test_a_revocation_is_the_roots_word() -> None:
    row = msgspec.msgpack.decode(b(V["revocation"]["bytes"]), type=protocol.IssuerRow)
    assert row.revoked_from is not None
    text = protocol.revocation_text("issuer", row.id, row.public, row.revoked_from)
    assert text.hex() == V["revocation"]["text"] and sign.verify(b(KEYS["root"]["public"]), row.signature, text)
    assert msgspec.msgpack.encode(row).hex() == V["revocation"]["bytes"]


def test_the_rows_of_a_page_are_understood_and_add_up() -> None:
    page = protocol.decode(b(V["envelopes"]["feed answer"]["body"]), protocol.FeedPage)
    for scope, said in page.checksums.items():
        assert feed.fold((i.kind, i.key, i.body) for i in page.rows if i.scope == scope and i.body) == said
    for item in page.rows:
        assert not item.body or msgspec.msgpack.encode(msgspec.msgpack.decode(item.body, type=feed.BODIES[item.kind])) == item.body


def test_a_bundle_is_these_very_bytes() -> None:
    whole = b(V["bundle"])
    (frame,) = stick.read(whole, stick.BUNDLE, stick.CALL).frames
    call = msgspec.msgpack.decode(frame, type=stick.Call)
    assert (call.kind, call.body.hex()) == ("have", V["envelopes"]["have"]["bytes"])
    assert stick.whole(stick.BUNDLE, stick.CALL, [frame]) == whole


def test_a_subject_is_hashed_under_the_station_key() -> None:
    said = V["subject_hash"]
    assert projections.subject_hash(b(KEYS["station"]), said["subject"]).hex() == said["hash"]
    assert hmac.digest(b(KEYS["station"]), said["subject"].encode(), sha256).hex().startswith(said["hash"])


def test_the_worked_example_of_the_page_is_in_the_vectors() -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "protocol.md").read_text("utf-8")
    quoted = re.findall(r"\b[0-9a-f]{32,}\b|(?:[A-Z2-7]{4}-){12}[A-Z2-7]{4}", page)
    assert len(quoted) >= 12
    whole = FILE.read_text("utf-8")
    assert [text for text in quoted if text not in whole] == []
