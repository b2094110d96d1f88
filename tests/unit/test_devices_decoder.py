"""Pictures to bytes: both engines give the bytes that were drawn, and nothing a camera shows brings them down."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.devices.decoder import ZBAR, ZXING, Alone, Cascade, QrDecoder
from kiosk.devices.drawing import qr_image, qr_modules
from kiosk.ports import Decoder
from tests import webcam

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


MAKERS: dict[str, Callable[[], Decoder]] = {
    "zxing-cpp alone": lambda: Alone(ZXING),
    "pyzbar alone": lambda: Alone(ZBAR),
    "one picture": QrDecoder,
    "live": Cascade,
}


@pytest.fixture(params=MAKERS)
def engine(request: pytest.FixtureRequest) -> Decoder:
    """Every Decoder there is keeps the same contract; so does the drawn one of tests/fakes.py (tests/contract)."""
    decoder = MAKERS[request.param]()
    if not decoder.engines:
        pytest.skip(f"not on this machine: {decoder.missing}")
    return decoder


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_each_engine_gives_back_the_bytes_that_were_drawn(engine: Decoder, payload: bytes) -> None:
    found = engine.decode(picture(payload))
    assert [code.raw for code in found] == [payload]
    assert found[0].engine == engine.engines[0]


def test_vietnamese_without_an_encoding_mark_comes_as_its_bytes(engine: Decoder) -> None:
    import segno

    bare = segno.make_qr(CARD, mode="byte", encoding=None)  # chip ID cards carry UTF-8 and do not say so
    image = qr_image(np.array([[bool(c) for c in row] for row in bare.matrix]), 4)
    assert [code.raw for code in engine.decode(image)] == [CARD]


def test_the_box_surrounds_the_code(engine: Decoder) -> None:
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
def test_what_holds_no_code_gives_no_code(engine: Decoder, image: NDArray[np.uint8]) -> None:
    assert engine.decode(image) == []


def test_grey_bgr_bgra_and_strided_pictures_are_the_same_picture(engine: Decoder) -> None:
    image = picture(CARD)
    alpha = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    wide = np.repeat(image, 2, axis=1)
    for same in (image[:, :, 0], image[:, :, :1], alpha, wide[:, ::2], np.asfortranarray(image)):
        assert [code.raw for code in engine.decode(same)] == [CARD]


def test_two_codes_in_one_picture_are_both_found(engine: Decoder) -> None:
    a, b = picture(b"FIRST"), picture(b"SECOND")
    assert {code.raw for code in engine.decode(np.hstack([a, b]))} == {b"FIRST", b"SECOND"}


def test_a_micro_qr_code_is_not_guessed_at(engine: Decoder) -> None:
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


# What the prepared pictures are for: kinds of trouble in which one look is not enough.


@pytest.mark.parametrize(("kind", "seed"), [("hunting", 1), ("hunting", 3), ("bare", 2), ("mirror", 2), ("focus", 1)])
def test_what_one_look_misses_is_read_from_a_prepared_picture(kind: str, seed: int) -> None:
    image, raw = webcam.still(kind, seed)
    assert Alone(ZXING).decode(image) == [] and [code.raw for code in QrDecoder().decode(image)] == [raw]


def test_a_live_decoder_reads_more_presentations_than_each_engine_alone() -> None:
    read = {"zxing-cpp": 0, "pyzbar": 0, "live": 0}
    for seed in range(6):
        frames, raw = webcam.presentation(seed)
        for name, decoder in (("zxing-cpp", Alone(ZXING)), ("pyzbar", Alone(ZBAR)), ("live", Cascade())):
            found = [code.raw for frame in frames for code in decoder.decode(frame)]
            assert set(found) <= {raw}
            read[name] += bool(found)
    assert read["live"] > read["zxing-cpp"] and (read["live"] > 1.7 * read["pyzbar"])


def test_helpers_are_paid_from_what_was_saved_and_never_beyond(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every look counted as one unit: in the long run a frame without a code costs its own look and the share."""
    from kiosk.devices import decoder as module
    from kiosk.devices import engines

    looks, now = [0], [0.0]

    def look(grey: NDArray[np.uint8], effort: engines.Effort = engines.Effort.FULL) -> engines.Looked:
        looks[0], now[0] = looks[0] + 1, now[0] + 0.003
        return engines.Looked([])

    monkeypatch.setattr(module, "spent", lambda: now[0])
    live = Cascade(())
    live._loaded["counted"] = look
    image, _ = webcam.still("plain", 3)
    counted = []
    for _ in range(400):
        before = looks[0]
        live.decode(image)
        counted.append(looks[0] - before)
    assert max(counted) <= 2 + module.PER_FRAME
    assert sum(counted[-200:]) / 200 == pytest.approx(1 + module.SHARE, abs=0.15)
    assert sum(counted[:8]) > 2 * sum(counted[-8:])  # a hand that has just come up gets more


def test_the_box_of_a_code_read_from_a_prepared_cut_lies_where_the_code_is() -> None:
    """The same phone, once too blurred to read as it is and once sharp: the corners agree."""
    raw, rng = b"HU1:" + b"A7" * 40, np.random.default_rng(1)
    blurred, sharp = (webcam.draw(raw, webcam.Look(3.0, turn=8, focus=focus), rng) for focus in (1.6, 0.4))
    assert Alone(ZXING).decode(blurred) == []
    prepared, plain = QrDecoder().decode(blurred), Alone(ZXING).decode(sharp)
    assert np.abs(np.array(prepared[0].box) - np.array(plain[0].box)).max() <= 4


ROOT = Path(__file__).resolve().parent.parent.parent
LEFT_BEHIND = """
import gc, numpy as np
from kiosk.devices.engines import ZXING, load
engine = load(ZXING)
engine(np.zeros((64, 64), np.uint8))
ring = [engine]
ring.append(ring)
gc.freeze()
"""


def test_an_engine_that_a_program_leaves_behind_says_nothing_at_its_end() -> None:
    ran = subprocess.run([sys.executable, "-c", LEFT_BEHIND], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
