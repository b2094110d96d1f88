"""The process beside the window: it answers; and when it hangs or crashes, the window goes on and says so."""

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.devices.aside import Aside
from kiosk.devices.decoder import ZBAR, Alone, Cascade
from kiosk.devices.engines import to_grey
from kiosk.errors import Code, KioskError
from tests import webcam
from tests.durability import pictures

Make = Callable[..., Aside]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Aside] = []

    def one(program: str = "", stall_s: float = 2.0) -> Aside:
        made.append(Aside([sys.executable, "-c", textwrap.dedent(program)] if program else None, stall_s))
        return made[-1]

    yield one
    for aside in made:
        aside.close()


HANG = "import sys, time; sys.stdin.buffer.read(4); time.sleep(600)"
CRASH = "import sys, os; sys.stdin.buffer.read(4); os.abort()"
NONSENSE = "import sys; sys.stdin.buffer.read(4); sys.stdout.buffer.write(b'\\xff' * 64); sys.stdout.flush()"


def test_an_engine_reads_there_what_it_reads_here(make: Make) -> None:
    if Alone(ZBAR).missing:
        pytest.skip(f"not on this machine: {Alone(ZBAR).missing}")
    image, raw = webcam.still("plain", 0)
    grey = to_grey(image)
    assert grey is not None
    here, there = Alone(ZBAR).decode(image), make().look(ZBAR, grey)
    assert here == there and [code.raw for code in there] == [raw]


def test_closed_and_asked_again_it_reads_again(make: Make) -> None:
    if Alone(ZBAR).missing:
        pytest.skip(f"not on this machine: {Alone(ZBAR).missing}")
    image, raw = webcam.still("plain", 0)
    grey, aside = to_grey(image), make()
    assert grey is not None
    for _ in range(2):
        assert [code.raw for code in aside.look(ZBAR, grey)] == [raw] and aside.deaths == 0
        aside.close()
        aside.close()


@pytest.mark.parametrize(("program", "why"), [(HANG, "stalled"), (CRASH, "crashed"), (NONSENSE, "crashed")], ids=lambda value: value[-9:])
def test_one_that_dies_finds_nothing_and_is_left_alone_after_the_third_time(
    make: Make, program: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.devices.aside.START_S", 0.3)
    aside, grey = make(program), np.zeros((64, 64), np.uint8)
    for count in (1, 2, 3):
        assert aside.look(ZBAR, grey) == [] and (aside.deaths, aside.why) == (count, why)
    assert aside.resting
    assert aside.look(ZBAR, grey) == [] and aside.deaths == 3, "nothing is started any more"


def test_it_is_tried_again_after_a_minute(make: Make) -> None:
    now = [100.0]
    aside = Aside([sys.executable, "-c", CRASH], clock=lambda: now[0])
    for _ in range(3):
        aside.look(ZBAR, np.zeros((64, 64), np.uint8))
    assert aside.resting
    now[0] += 61
    assert not aside.resting
    aside.close()


@pytest.mark.parametrize("program", [HANG, CRASH], ids=["hang", "crash"])
def test_a_live_decoder_never_waits_for_an_engine_that_hangs_or_crashes(make: Make, program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames go on, and what the first engine reads is read."""
    monkeypatch.setattr("kiosk.devices.aside.START_S", 0.3)
    aside = make(program)
    live, (hard, _) = Cascade(aside=aside), webcam.presentation(3)
    image, raw = webcam.still("plain", 0)
    for frame in hard * 4:
        live.decode(frame)
    assert [code.raw for code in live.decode(image)] == [raw]
    assert aside.deaths <= 3


PICTURES: dict[str, Callable[[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]], bytes]] = {
    "16-bit PNG": lambda image: cv2.imencode(".png", image.astype(np.uint16) * 257)[1].tobytes(),
    "grey": lambda image: cv2.imencode(".png", image[:, :, 0])[1].tobytes(),
    "with alpha": lambda image: cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_BGR2BGRA))[1].tobytes(),
    "WebP": lambda image: cv2.imencode(".webp", image)[1].tobytes(),
}


def pillow(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], mode: str, kind: str) -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(image[:, :, ::-1]).convert(mode).save(out, kind)
    return out.getvalue()


PICTURES |= {
    "palette PNG": lambda image: pillow(image, "P", "PNG"),
    "palette GIF": lambda image: pillow(image, "P", "GIF"),
    "CMYK JPEG": lambda image: pillow(image, "CMYK", "JPEG"),
    "one bit": lambda image: pillow(image, "1", "PNG"),
    "progressive TIFF": lambda image: pillow(image, "RGB", "TIFF"),
}


@pytest.fixture(scope="module")
def reader() -> Iterator[Aside]:
    aside = Aside()
    yield aside
    aside.close()


@pytest.mark.parametrize("kind", PICTURES)
def test_every_usual_kind_of_picture_file_is_read(reader: Aside, tmp_path: Path, kind: str) -> None:
    image, raw = webcam.still("plain", 0)
    (tmp_path / "ảnh.bin").write_bytes(PICTURES[kind](image))
    assert [code.raw for code in reader.file(tmp_path / "ảnh.bin")] == [raw]


def test_a_picture_of_a_hundred_megapixels_is_read(reader: Aside, tmp_path: Path) -> None:
    image, raw = webcam.still("plain", 0)
    large = cv2.resize(image[:, 280:1000, 0], (10_000, 10_000), interpolation=cv2.INTER_NEAREST)
    (tmp_path / "large.png").write_bytes(cv2.imencode(".png", large, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())
    assert [code.raw for code in reader.file(tmp_path / "large.png")] == [raw]


def test_a_picture_of_one_pixel_holds_no_code(reader: Aside, tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(cv2.imencode(".png", np.zeros((1, 1), np.uint8))[1].tobytes())
    assert reader.file(tmp_path / "one.png") == []


def test_torn_and_hostile_files_are_refused_by_name_and_kill_nothing(reader: Aside, tmp_path: Path) -> None:
    image, _ = webcam.still("plain", 0)
    whole = cv2.imencode(".png", image)[1].tobytes()
    rng = np.random.default_rng(5)
    hostile = [b"", whole[:40], whole[:9000], b"GIF89a" + bytes(range(256)), rng.bytes(4000), b"BM" + b"\xff" * 60, b"%PDF-1.7", b"<svg/>"]
    for n, data in enumerate(hostile):
        path = tmp_path / f"{n}.png"
        path.write_bytes(data)
        try:
            assert reader.file(path) == []
        except KioskError as error:
            assert error.code is Code.BAD_FILE and error.facts["file"] == path.name
    assert reader.deaths == 0


def test_malformed_pictures_by_the_hundred_end_nothing() -> None:
    """The short version of tests/durability/pictures.py."""
    assert len(list(pictures.malformed(300))) == 300
