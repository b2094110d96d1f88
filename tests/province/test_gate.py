"""Before and while a body is read: how often, how much, packed or not; a refusal is signed and says when to come again."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Iterable

import pytest

from kiosk.domain import protocol
from kiosk.domain.protocol import MAX_BODY, HaveCall
from province import gate
from province.gate import Gate, Refused, sender_of

SEED = bytes(32)


def call(sender: str = "0a1b2c3d4e5f", padding: int = 0) -> bytes:
    return protocol.pack(SEED, sender, "have", bytes(16), 1, HaveCall(["x" * padding]))


async def _stream(pieces: Iterable[bytes], read: list[int]) -> AsyncIterator[bytes]:
    for piece in pieces:
        read.append(len(piece))
        yield piece


def body(one: Gate, pieces: Iterable[bytes], encoding: str = "", address: str = "192.0.2.1", read: list[int] | None = None) -> bytes:
    return asyncio.run(one.body(address, encoding, _stream(pieces, [] if read is None else read)))


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def one(now: list[float], monkeypatch: pytest.MonkeyPatch) -> Gate:
    monkeypatch.setattr(gate, "KIOSK_BURST", 20.0)
    monkeypatch.setattr(gate, "ADDRESS_BURST", 60.0)
    return Gate(lambda: now[0])


def pieces(data: bytes, size: int = 4096) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


@pytest.mark.parametrize("encoding", ["", "identity", "gzip", "deflate"])
def test_a_body_comes_through_whole(one: Gate, encoding: str) -> None:
    data = call(padding=100_000)
    sent = {"gzip": gzip.compress(data), "deflate": zlib.compress(data)}.get(encoding, data)
    assert body(one, pieces(sent), encoding) == data


def test_a_megabyte_is_the_cap_and_four_when_unpacked(one: Gate) -> None:
    assert len(body(one, pieces(bytes(MAX_BODY)))) == MAX_BODY
    for sent, encoding in ((bytes(MAX_BODY + 1), ""), (gzip.compress(bytes(4 * MAX_BODY + 1)), "gzip")):
        with pytest.raises(Refused) as refused:
            body(one, pieces(sent), encoding)
        assert (refused.value.problem.code, refused.value.status) == ("too_large", 413)
    assert len(body(one, pieces(gzip.compress(bytes(4 * MAX_BODY))), "gzip")) == 4 * MAX_BODY


def test_a_bomb_is_given_up_when_it_passes_the_cap_not_when_it_ends(one: Gate) -> None:
    bomb, read = gzip.compress(bytes(1 << 26)), list[int]()
    with pytest.raises(Refused):
        body(one, pieces(bomb, 512), "gzip", read=read)
    assert sum(read) < len(bomb) / 8


CUT = gzip.compress(b"x" * 99, mtime=0)[:-4]


@pytest.mark.parametrize("sent,encoding,status", [(b"PK", "gzip", 400), (CUT, "gzip", 400), (b"x", "br", 415)])
def test_what_cannot_be_unpacked_is_refused(one: Gate, sent: bytes, encoding: str, status: int) -> None:
    with pytest.raises(Refused) as refused:
        body(one, [sent], encoding)
    assert refused.value.status == status


def test_a_kiosk_that_floods_is_stopped_at_the_first_bytes_and_others_are_not(one: Gate, now: list[float]) -> None:
    for _ in range(int(gate.KIOSK_BURST)):
        body(one, [call()])
    read: list[int] = []
    with pytest.raises(Refused) as refused:
        body(one, pieces(call(padding=500_000)), read=read)
    assert (refused.value.problem.code, refused.value.problem.retry_after_s, len(read)) == ("busy", gate.AGAIN_S, 1)
    assert body(one, [call("another")])
    now[0] += 1.0
    assert body(one, [call()])


def test_an_address_that_floods_is_stopped_before_anything_is_read(one: Gate) -> None:
    for i in range(int(gate.ADDRESS_BURST)):
        body(one, [call(f"k{i}")])
    read: list[int] = []
    with pytest.raises(Refused):
        body(one, [call()], read=read)
    assert read == [] and body(one, [call()], address="192.0.2.2")


@pytest.mark.parametrize("sender", ["new", "0a1b2c3d4e5f", "k" * 31, "k" * 32, "k" * 64, "máy"])
def test_the_first_bytes_name_the_sender(sender: str) -> None:
    assert sender_of(call(sender)[:80]) == sender


@pytest.mark.parametrize("head", [b"", b"\x97", b"\x97\x01\xff", b"\x96\x01\xa1a", b"\x97\x01\xd9\x41" + b"k" * 65, b"<html>"])
def test_other_bytes_name_nobody(head: bytes) -> None:
    assert sender_of(head) == ""
