"""`kiosk decode PATH…`: the scanner's decoder on pictures, folders of pictures or a video. Nothing is recorded."""

import argparse
import base64
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kiosk.cli import output
from kiosk.devices import replay
from kiosk.devices.decoder import ZBAR, ZXING, Alone, QrDecoder
from kiosk.errors import Code, KioskError
from kiosk.ports import Code as Found
from kiosk.ports import Decoder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="+", type=Path, help="a picture, a folder of pictures, or a video")
    parser.add_argument("--engine", choices=(ZXING, ZBAR), help="this engine alone, on the picture as it is, to compare")


def run(args: argparse.Namespace) -> int:
    """Exit 0 when every file could be read, codes or not; else 1, after the readable ones were answered all the same."""
    decoder = Alone(args.engine) if args.engine else QrDecoder()
    if not decoder.engines:
        raise KioskError(Code.ENGINE_MISSING, **{k.replace("-", "_"): why for k, why in decoder.missing.items()})
    code = 0
    for path in args.path:
        try:
            for file, images in _files(path):
                _show(_answer(decoder, file, images), args.json)
        except KioskError as error:
            code = 1
            if args.json:
                output.emit({"file": str(path), "codes": [], "ms": 0, "error": error.code.value})
            output.complain(KioskError(error.code, **(error.facts | {"file": str(path)})))
    return code


def _files(path: Path) -> Iterator[tuple[Path, Iterable[replay.Image]]]:
    """Each file under `path` with its frames. A broken picture in a folder ends that folder with KioskError(BAD_FILE)."""
    if path.is_dir():
        for file in replay.pictures_in(path):
            yield file, [replay.read_picture(file)]
    elif path.suffix.lower() in replay.PICTURES or not path.exists():
        yield path, [replay.read_picture(path)]
    else:
        yield path, replay.read_video(path)


def _answer(decoder: Decoder, file: Path, images: Iterable[replay.Image]) -> dict[str, Any]:
    """The codes of all frames, each once; `ms`: decoding alone, all frames; `frames`, and in how many a code was `read`."""
    codes: dict[bytes, Found] = {}
    frames = read = 0
    spent = 0.0
    for image in images:
        started = time.perf_counter()
        found = decoder.decode(image)
        spent += time.perf_counter() - started
        frames, read = frames + 1, read + bool(found)
        for code in found:
            codes.setdefault(code.raw, code)
    return {"file": str(file), "codes": [_code(c) for c in codes.values()], "ms": round(spent * 1000, 2), "frames": frames, "read": read}


def _code(code: Found) -> dict[str, Any]:
    """`text` is null where the bytes are no UTF-8."""
    try:
        text: str | None = code.raw.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    return {"raw_b64": base64.b64encode(code.raw).decode(), "text": text, "engine": code.engine, "box": code.box}


def _show(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        output.emit(answer)
        return
    print(f"{answer['file']}: {answer['read']}/{answer['frames']}, {answer['ms']} ms")
    for code in answer["codes"]:
        # repr: a code may hold controls that would write to the terminal
        print(f"  [{code['engine']}] {code['text']!r}" if code["text"] is not None else f"  [{code['engine']}] base64 {code['raw_b64']}")
