"""Pictures that visitors send: a pass is found, rubbish is nothing, and a reader that hangs or dies costs its picture only."""

import sys
from collections.abc import Iterator
from io import BytesIO
from threading import Thread

import pytest
import segno

from province.pictures import QUEUE, Busy, Pictures


def qr(text: str) -> bytes:
    out = BytesIO()
    segno.make(text, error="q", micro=False).save(out, kind="png", scale=4, border=4)
    return out.getvalue()


@pytest.fixture(scope="module")
def pictures() -> Iterator[Pictures]:
    out = Pictures()
    yield out
    out.close()


def test_a_pass_is_found_and_anything_else_is_nothing(pictures: Pictures) -> None:
    assert pictures.passes(qr("HU1:ABC")) == "HU1:ABC" == pictures.passes(qr("HU1:ABC"), quick=True)
    assert pictures.passes(qr("https://example.vn/HU1:ABC")) == ""
    broken = qr("HU1:ABC")
    for data in (b"", b"\xff\xd8\xff", broken[:200], b"GIF89a" + bytes(5000), broken[:100] + bytes(300)):
        assert pictures.passes(data) == ""
    assert pictures.passes(broken) == "HU1:ABC"


def test_a_picture_of_more_pixels_than_any_camera_takes_is_not_unpacked(pictures: Pictures) -> None:
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    wide = 20_000
    head = struct.pack(">IIBBBBB", wide, wide, 1, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes((wide // 8 + 1) * 200))) + chunk(b"IEND", b"")
    assert pictures.passes(bomb) == ""
    assert pictures.passes(qr("HU1:ABC")) == "HU1:ABC"


@pytest.mark.parametrize("reader", ["import time; time.sleep(60)", "import os; os.abort()", "print('no such language', flush=True)"])
def test_a_reader_that_hangs_dies_or_raves_is_replaced(reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("province.pictures.START_S", 0.3)
    one = Pictures([sys.executable, "-c", reader])
    assert one.passes(qr("HU1:ABC")) == ""
    monkeypatch.setattr("province.pictures.START_S", 10.0)
    one._argv = Pictures()._argv
    assert one.passes(qr("HU1:ABC")) == "HU1:ABC"
    one.close()


def test_only_so_many_pictures_wait() -> None:
    one, refused = Pictures([sys.executable, "-c", "import sys; sys.stdin.read()"]), []
    holding = [Thread(target=one.passes, args=(b"x",)) for _ in range(QUEUE)]
    one._one.acquire()  # the reader is busy
    for each in holding:
        each.start()
    while one._waiting._value:  # type: ignore[attr-defined]
        pass
    try:
        one.passes(b"x")
    except Busy:
        refused.append(True)
    one._bury()
    one._argv = [sys.executable, "-c", ""]
    one._one.release()
    for each in holding:
        each.join()
    assert refused == [True]
