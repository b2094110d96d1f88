"""What becomes of a batch: every byte is held once, set aside with a reason, or refused as a whole with nothing stored."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from kiosk.crypto import sign
from kiosk.domain import protocol
from kiosk.domain.events import Kind
from province import tables
from tests.province.conftest import Office
from tests.wire import NOW, Epoch, Kiosk, Refused, visit


def reasons(answer: protocol.BatchAnswer) -> list[tuple[int, str]]:
    return [(refusal.seq, refusal.reason) for refusal in answer.refusals]


def held(office: Office) -> list[bytes]:
    return [sealed for *_, sealed, _, _ in office.rows("event")]  # type: ignore[misc]


@pytest.fixture
def kiosk(office: Office) -> Kiosk:
    return office.kiosk()


@pytest.fixture
def epoch(kiosk: Kiosk) -> Epoch:
    out = kiosk.epoch()
    kiosk.visits(out, 6)
    return out


def test_a_batch_is_held_byte_for_byte_and_receipted_with_our_own_head(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    (receipt,) = kiosk.send(epoch.span(), openings=[epoch]).receipts
    assert receipt.genuine(kiosk.service)
    assert (receipt.from_seq, receipt.to_seq, receipt.have, receipt.opened, receipt.digest) == (1, 6, 6, 0, epoch.heads[6])
    assert sorted(held(office)) == sorted(epoch.events)


def test_the_same_batch_again_is_accepted_again_and_stored_once(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    kiosk.send(epoch.span(), openings=[epoch])
    again = kiosk.send(epoch.span(), openings=[epoch])
    assert again.duplicates == 6 and again.receipts[0].digest == epoch.heads[6] and not again.forked
    assert len(held(office)) == 6


def test_an_overlap_moves_have_to_its_end(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    kiosk.send(epoch.span(1, 4), openings=[epoch])
    answer = kiosk.send(epoch.span(3, 6))
    assert (answer.receipts[0].have, answer.duplicates) == (6, 2)
    assert len(held(office)) == 6


def test_a_span_that_came_early_waits_and_joins_when_the_hole_is_filled(kiosk: Kiosk, epoch: Epoch) -> None:
    kiosk.send(epoch.span(1, 2), openings=[epoch])
    early = kiosk.send(epoch.span(5, 6)).receipts[0]
    assert (early.digest, early.have) == (epoch.heads[6], 2)
    assert kiosk.send(epoch.span(3, 4)).receipts[0].have == 6
    assert kiosk.have(epoch.id)[epoch.id].digest == epoch.heads[6]


def test_spans_of_one_batch_join_in_any_order(kiosk: Kiosk, epoch: Epoch) -> None:
    answer = kiosk.send(epoch.span(4, 5), epoch.span(6, 6), epoch.span(2, 4), epoch.span(1, 1), openings=[epoch])
    assert [receipt.have for receipt in answer.receipts] == [6] * 4
    assert answer.duplicates == 1


def test_a_hole_is_counted_as_missing_on_the_page(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    kiosk.send(epoch.span(1, 2), epoch.span(5, 6), openings=[epoch])
    assert (office.station().kiosks[0].held, office.station().kiosks[0].missing) == (2, 4)


def fork_of(kiosk: Kiosk, epoch: Epoch, keep: int) -> Epoch:
    """The same epoch as a copied home would go on with it after `keep` events."""
    return Epoch(epoch.id, epoch.day, epoch.content_key, epoch.signed, epoch.heads[: keep + 1], epoch.events[:keep])


def test_other_bytes_at_a_known_place_are_set_aside_and_the_epoch_is_forked(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    kiosk.send(epoch.span(1, 4), openings=[epoch])
    other = fork_of(kiosk, epoch, 2)
    kiosk.visits(other, 4)
    answer = kiosk.send(other.span())
    assert answer.forked == [epoch.id] and reasons(answer) == [(s, "conflict") for s in (3, 4, 5, 6)]
    assert [(r.to_seq, r.digest) for r in answer.receipts] == [(2, other.heads[2])]
    assert kiosk.send(epoch.span(5, 6)).receipts[0].have == 6  # the first history goes on undisturbed
    assert sorted(held(office)) == sorted(epoch.events)
    assert {row[5] for row in office.rows("quarantine")} == {sha256(event).digest() for event in other.events[2:]}


def test_a_fork_that_begins_after_what_is_held_is_found_by_its_chain(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    kiosk.send(epoch.span(1, 4), openings=[epoch])
    other = fork_of(kiosk, epoch, 2)
    kiosk.visits(other, 4)
    answer = kiosk.send(other.span(5, 6))
    assert answer.forked == [epoch.id] and not answer.receipts
    assert sorted(held(office)) == sorted(epoch.events[:4])


def test_two_epochs_that_continue_one_parent_are_both_held_and_raise_an_alert(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    left, right = kiosk.epoch(parent=epoch), kiosk.epoch(parent=epoch)
    for each in (left, right):
        kiosk.visits(each, 2)
    answer = kiosk.send(epoch.span(), left.span(), right.span(), openings=[epoch, left, right])
    assert [receipt.have for receipt in answer.receipts] == [6, 2, 2]
    assert office.station().kiosks[0].alerts == ["clone"]


def test_a_line_of_epochs_raises_no_alert(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    after = kiosk.epoch(parent=epoch)
    kiosk.send(openings=[epoch, after])
    kiosk.send(openings=[epoch, after, kiosk.epoch(parent=after)])
    assert office.rows("alert") == []


def test_garbage_in_an_events_place_holds_up_nothing(kiosk: Kiosk, office: Office) -> None:
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 1)
    for poison in (b"", b"\xff" * 500, epoch.events[0]):
        kiosk.put(epoch, poison)
    kiosk.visits(epoch, 1)
    assert kiosk.send(epoch.span(), openings=[epoch]).receipts[0].have == 5
    assert office.open_all() == 5
    answer = kiosk.call("have", protocol.HaveCall(), protocol.BatchAnswer)
    assert answer.receipts[0].opened == 5 and reasons(answer) == [(2, "unreadable"), (3, "unreadable"), (4, "unreadable")]
    assert len(office.rows("visit")) == 2


@pytest.mark.parametrize("head", ["prev_head", "head"])
def test_a_span_whose_events_do_not_make_its_head_gets_no_receipt(office: Office, kiosk: Kiosk, epoch: Epoch, head: str) -> None:
    answer = kiosk.send(msgspec.structs.replace(epoch.span(), **{head: bytes(32)}), openings=[epoch])
    assert reasons(answer) == [(s, "shape") for s in range(1, 7)]
    assert [(r.have, r.to_seq) for r in answer.receipts] == [(0, 0)]
    assert len(office.rows("quarantine")) == 6
    assert kiosk.send(epoch.span()).receipts[0].have == 6


def test_events_without_an_opening_are_kept_aside_until_it_comes(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    assert reasons(kiosk.send(epoch.span())) == [(s, "shape") for s in range(1, 7)]
    assert kiosk.send(epoch.span(), openings=[epoch]).receipts[0].have == 6
    assert len(office.rows("quarantine")) == 6


def test_a_day_of_no_campaign_is_kept_aside_and_the_rest_goes_on(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    other = kiosk.epoch(day="1999-01-01")
    kiosk.visits(other, 1)
    answer = kiosk.send(other.span(), epoch.span(), openings=[other, epoch])
    assert reasons(answer) == [(1, "no_campaign")] and [r.have for r in answer.receipts] == [6]
    assert len(office.rows("quarantine")) == 2  # its opening too, so that it can be read some day


@pytest.mark.parametrize("lie", [{"station": "46-474-19753-01"}, {"kiosk": "0" * 12}, {"event_day": "hôm nay"}])
def test_an_opening_for_another_place_opens_nothing(office: Office, kiosk: Kiosk, lie: dict[str, Any]) -> None:
    epoch = kiosk.epoch(**lie)
    kiosk.visits(epoch, 1)
    assert reasons(kiosk.send(epoch.span(), openings=[epoch])) == [(1, "shape")]
    assert office.rows("epoch") == []


def test_an_opening_signed_by_somebody_else_opens_nothing(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    epoch.signed = msgspec.structs.replace(epoch.signed, signature=sign.sign(sign.generate(), epoch.signed.opening))
    kiosk.send(epoch.span(), openings=[epoch])
    assert office.rows("epoch") == []


def test_a_revoked_kiosks_records_are_kept_aside(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    table = tables.table(tables.Kiosk)
    with office.db.write() as conn:
        conn.execute(table.update().values(revoked_at=NOW))
    answer = kiosk.send(epoch.span(), openings=[epoch])
    assert reasons(answer) == [(s, "revoked") for s in range(1, 7)] and not answer.receipts
    assert (len(held(office)), len(office.rows("quarantine"))) == (0, 7)
    with pytest.raises(Refused, match="revoked"):
        kiosk.have()


def test_an_unknown_or_foreign_signer_stores_nothing(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    batch = protocol.Batch([epoch.signed], [epoch.span()])
    with pytest.raises(Refused, match="signature"):
        kiosk.call("events", batch, protocol.BatchAnswer, seed=sign.generate())
    kiosk.name = "f" * 12
    with pytest.raises(Refused, match="unknown_kiosk"):
        kiosk.call("events", batch, protocol.BatchAnswer)
    assert held(office) == [] and office.rows("quarantine") == []


def test_a_nul_where_an_id_is_meant_is_refused_or_finds_nothing(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    try:
        assert not kiosk.have("a\0b")
        day = protocol.Manifest("2021\0", [], {})
        assert not kiosk.call("manifest", day, protocol.ManifestAnswer).accepted
    except Refused as refused:
        assert refused.code == "shape"
    name, kiosk.name = kiosk.name, "a\0b"
    with pytest.raises(Refused, match=r"unknown_kiosk|shape"):
        kiosk.have()
    kiosk.name = name
    assert kiosk.send(epoch.span(), openings=[epoch]).receipts[0].have == 6


def test_one_kiosk_cannot_write_into_anothers_epoch(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    kiosk.send(epoch.span(1, 3), openings=[epoch])
    other = office.kiosk()
    assert reasons(other.send(epoch.span(4, 6), openings=[epoch])) == [(s, "shape") for s in (4, 5, 6)]
    assert kiosk.have()[epoch.id].have == 3


@pytest.mark.parametrize(
    "span",
    [
        protocol.Span("zz", 1, 1, bytes(32), bytes(32), [b"x"]),
        protocol.Span("0" * 16, 0, 0, bytes(32), bytes(32), [b"x"]),
        protocol.Span("0" * 16, 1 << 62, 1 << 62, bytes(32), bytes(32), [b"x"]),
        protocol.Span("0" * 16, -3, 1, bytes(32), bytes(32), []),
    ],
)
def test_a_span_that_cannot_be_filed_refuses_the_whole_call(office: Office, kiosk: Kiosk, epoch: Epoch, span: protocol.Span) -> None:
    with pytest.raises(Refused, match="shape"):
        kiosk.send(epoch.span(), span, openings=[epoch])
    assert held(office) == []


NOISE = sha256(b"no batch").digest() * 2


@pytest.mark.parametrize("body", [b"", b"\xc1", NOISE, msgspec.msgpack.encode([1, 2]), msgspec.msgpack.encode({"spans": 3})])
def test_a_body_that_is_no_batch_is_refused(kiosk: Kiosk, body: bytes) -> None:
    with pytest.raises(Refused, match="shape"):
        kiosk.call("events", msgspec.Raw(body) if body else 0, protocol.BatchAnswer)


def test_an_opening_alone_is_answered_with_where_its_epoch_stands(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    assert [(r.have, r.digest) for r in kiosk.send(openings=[epoch]).receipts] == [(0, epoch.heads[0])]
    kiosk.send(epoch.span())
    office.open_all()
    assert [(r.have, r.opened) for r in kiosk.send(openings=[epoch]).receipts] == [(6, 6)]


def test_two_openings_of_one_epoch_are_a_fork(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    kiosk.send(openings=[epoch])
    other = kiosk.epoch(epoch=epoch.id)
    kiosk.add(other, Kind.VISIT, visit(1))
    answer = kiosk.send(other.span(), openings=[other])
    assert answer.forked == [epoch.id] and reasons(answer) == [(1, "conflict")]
    assert len(office.rows("quarantine")) == 2


def test_a_manifest_shows_what_has_not_arrived(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    kiosk.send(epoch.span(1, 4), openings=[epoch])
    other = kiosk.epoch(parent=epoch)
    said = protocol.Manifest(kiosk.day, [(epoch.id, 6, epoch.heads[6]), (other.id, 3, other.heads[0])], {"visit": 9})
    assert kiosk.call("manifest", said, protocol.ManifestAnswer).accepted
    assert office.station().kiosks[0].missing == 2 + 3
    assert not kiosk.call("manifest", msgspec.structs.replace(said, event_day="1999-01-01"), protocol.ManifestAnswer).accepted


def test_a_clock_that_is_years_off_is_shown_and_is_no_reason_to_refuse(office: Office, kiosk: Kiosk, epoch: Epoch) -> None:
    assert kiosk.send(epoch.span(), openings=[epoch], at=0).receipts[0].have == 6
    skew = office.station().kiosks[0].skew_s
    assert skew is not None and skew < -40 * 365 * 86_400


def test_eight_copies_of_a_batch_at_once_are_all_accepted_and_stored_once(office: Office, kiosk: Kiosk) -> None:
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 40)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: kiosk.send(epoch.span(), openings=[epoch]), range(8)))
    assert all(a.receipts[0].have == 40 and a.receipts[0].digest == epoch.heads[40] and not a.refusals for a in answers)
    assert sum(a.duplicates for a in answers) == 7 * 40
    assert len(office.rows("event")) == 40


def test_one_poison_in_a_thousand_is_named_and_the_rest_is_opened(office: Office, kiosk: Kiosk) -> None:
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 499)
    kiosk.put(epoch, sha256(b"poison").digest() * 4)
    kiosk.visits(epoch, 500)
    kiosk.send(epoch.span(), openings=[epoch])
    assert office.open_all() == 1000
    answer = kiosk.call("have", protocol.HaveCall(), protocol.BatchAnswer)
    assert (answer.receipts[0].opened, [(r.seq, r.reason) for r in answer.refusals]) == (1000, [(500, "unreadable")])
    assert office.station().visits == 999
