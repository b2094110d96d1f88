"""Pictures to bytes: both engines give the bytes that were drawn, and nothing a camera shows brings them down."""

import os
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.devices.decoder import ZBAR, ZXING, Alone, Cascade, QrDecoder
from kiosk.devices.drawing import qr_image, qr_modules
from kiosk.ports import Code

CARD = "046183000123|191500001|Trần Thị Mẫu|25071983|Nữ|Tổ dân phố 3, An Cựu, Thành phố Huế|01052021".encode()
PAYLOADS = {
    "alphanumeric": b"HU1:" + b"0123456789ABCDEF" * 9,
    "ID card, UTF-8": CARD,
    "every byte": bytes(range(256)),
    "invalid UTF-8": b"\xff\xfe\xc3\x28" * 8,
    "controls and bidi": "a\x00b\x1b[2J\u202egpj.exe\u202c".encode(),
    "as much as a code holds": b"\xf0" + b"x" * 2952,
}


def picture(payload: bytes, pitch: int = 4) -> NDArray[np.uint8]:
    return qr_image(qr_modules(payload), pitch)


@pytest.fixture(params=[ZXING, ZBAR])
def engine(request: pytest.FixtureRequest) -> QrDecoder:
    decoder = QrDecoder((request.param,))
    if decoder.missing:
        pytest.skip(f"not on this machine: {decoder.missing}")
    return decoder


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_each_engine_gives_back_the_bytes_that_were_drawn(engine: QrDecoder, payload: bytes) -> None:
    found = engine.decode(picture(payload))
    assert [code.raw for code in found] == [payload]
    assert found[0].engine == engine.engines[0]


def test_vietnamese_without_an_encoding_mark_comes_as_its_bytes(engine: QrDecoder) -> None:
    import segno

    bare = segno.make_qr(CARD, mode="byte", encoding=None)  # chip ID cards carry UTF-8 and do not say so
    image = qr_image(np.array([[bool(c) for c in row] for row in bare.matrix]), 4)
    assert [code.raw for code in engine.decode(image)] == [CARD]


def test_the_box_surrounds_the_code(engine: QrDecoder) -> None:
    image = np.full((480, 640, 3), 255, np.uint8)
    code = picture(b"HU1:BOX", 5)
    size = code.shape[0]
    image[100 : 100 + size, 200 : 200 + size] = code
    box = np.array(engine.decode(image)[0].box)
    assert box.shape == (4, 2)
    assert np.abs(box.min(0) - (220, 120)).max() <= 3 and np.abs(box.max(0) - (200 + size - 20, 100 + size - 20)).max() <= 3


@pytest.mark.parametrize(
    "image",
    [
        None,
        "a picture",
        np.zeros((0, 0), np.uint8),
        np.zeros((0, 1280, 3), np.uint8),
        np.zeros((1, 1), np.uint8),
        np.zeros((3, 5000, 3), np.uint8),
        np.zeros(1000, np.uint8),
        np.zeros((64, 64, 2), np.uint8),
        np.zeros((64, 64, 3, 1), np.uint8),
        np.zeros((64, 64, 3), np.float64),
        np.zeros((64, 64), np.uint16),
        np.zeros((64, 64), np.bool_),
        np.full((720, 1280, 3), 255, np.uint8),
        np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8),
    ],
    ids=lambda image: f"{getattr(image, 'shape', image)}",
)
def test_what_holds_no_code_gives_no_code(engine: QrDecoder, image: NDArray[np.uint8]) -> None:
    assert engine.decode(image) == []


def test_grey_bgr_bgra_and_strided_pictures_are_the_same_picture(engine: QrDecoder) -> None:
    image = picture(CARD)
    alpha = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    wide = np.repeat(image, 2, axis=1)
    for same in (image[:, :, 0], image[:, :, :1], alpha, wide[:, ::2], np.asfortranarray(image)):
        assert [code.raw for code in engine.decode(same)] == [CARD]


def test_two_codes_in_one_picture_are_both_found(engine: QrDecoder) -> None:
    a, b = picture(b"FIRST"), picture(b"SECOND")
    assert {code.raw for code in engine.decode(np.hstack([a, b]))} == {b"FIRST", b"SECOND"}


def test_a_micro_qr_code_is_not_guessed_at(engine: QrDecoder) -> None:
    import segno

    micro = segno.make_micro("12345")
    assert engine.decode(qr_image(np.array([[bool(c) for c in row] for row in micro.matrix]), 8)) == []


def test_the_second_engine_is_asked_only_when_the_first_finds_nothing() -> None:
    decoder = QrDecoder()
    assert decoder.engines[0] == ZXING
    assert [code.engine for code in decoder.decode(picture(CARD))] == [ZXING]


@pytest.mark.parametrize(("module", "name", "left"), [("pyzbar", ZBAR, ZXING), ("zxingcpp", ZXING, ZBAR)])
def test_an_engine_that_is_not_installed_is_named_and_survived(
    monkeypatch: pytest.MonkeyPatch, module: str, name: str, left: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # as Python does it: this import now fails
    monkeypatch.delitem(sys.modules, "kiosk.devices.zbar", raising=False)
    decoder = QrDecoder()
    assert decoder.missing.get(name)
    assert name not in decoder.engines
    if left in decoder.engines:
        assert [code.raw for code in decoder.decode(picture(CARD))] == [CARD]


def test_without_any_engine_there_is_a_decoder_that_finds_nothing() -> None:
    assert QrDecoder(()).decode(picture(CARD)) == []


def test_opencv_is_told_to_keep_quiet() -> None:
    assert os.environ["OPENCV_LOG_LEVEL"] and os.environ["OPENCV_FFMPEG_LOGLEVEL"]
