"""`kiosk decode PATH…`: the scanner's decoder on pictures, folders of pictures or a video. Nothing is recorded."""

import argparse
import base64
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kiosk.cli import output
from kiosk.devices import replay
from kiosk.devices.decoder import ZBAR, ZXING, Alone, QrDecoder
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.ports import Code as Found
from kiosk.ports import Decoder

Sized = tuple[Path, tuple[int, int] | None, Iterable[replay.Image]]  # a file, the size its head says, its frames


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
            files = replay.pictures_in(path) if path.is_dir() else [path]
        except KioskError as error:
            code, files = _refuse(path, error, args.json), []
        for file in files:
            try:
                _show(_answer(decoder, *_opened(file)), args.json)
            except KioskError as error:
                code = _refuse(file, error, args.json)
    return code


def _refuse(file: Path, error: KioskError, as_json: bool) -> int:
    if as_json:
        output.emit({"file": str(file), "codes": [], "ms": 0, "error": error.code.value})
    output.complain(KioskError(error.code, **(error.facts | {"file": str(file)})))
    return 1


def _opened(file: Path) -> Sized:
    """A picture's or a video's frames. Raises KioskError(BAD_FILE)."""
    if file.suffix.lower() not in replay.PICTURES and file.is_file():
        return file, None, replay.read_video(file)
    picture = replay.open_picture(file)
    return file, picture.size, [picture.image]


def _answer(decoder: Decoder, file: Path, size: tuple[int, int] | None, images: Iterable[replay.Image]) -> dict[str, Any]:
    """The codes of all frames, each once; `ms`: decoding alone, all frames; `frames`, and in how many a code was `read`; `looked_at`:
    [width, height] in which the codes' boxes are; `size`: of the picture file, which may be larger."""
    codes: dict[bytes, Found] = {}
    frames = read = 0
    spent, looked_at = 0.0, [0, 0]
    for image in images:
        started = time.perf_counter()
        found = decoder.decode(image)
        spent += time.perf_counter() - started
        frames, read, looked_at = frames + 1, read + bool(found), [image.shape[1], image.shape[0]]
        for code in found:
            codes.setdefault(code.raw, code)
    answer = {"file": str(file), "codes": [_code(c) for c in codes.values()], "ms": round(spent * 1000, 2), "frames": frames, "read": read}
    return answer | {"looked_at": looked_at, "size": list(size or looked_at)}


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
    print(_line(answer))
    for code in answer["codes"]:
        # repr: a code may hold controls that would write to the terminal
        print(f"  [{code['engine']}] {code['text']!r}" if code["text"] is not None else f"  [{code['engine']}] base64 {code['raw_b64']}")


def _line(answer: dict[str, Any]) -> str:
    """ "card.png: 1 code, 12 ms"; a video says in how many of its frames."""
    found, ms = len(answer["codes"]), answer["ms"]
    if answer["frames"] > 1:
        text = _("{file}: {codes} mã, đọc được trong {read} trên {frames} hình, {ms} ms")
        return text.format(file=answer["file"], codes=found, read=answer["read"], frames=answer["frames"], ms=ms)
    line = _("{file}: {codes} mã, {ms} ms").format(file=answer["file"], codes=found, ms=ms)
    if answer["size"] != answer["looked_at"]:
        (wide, high), (w, h) = answer["size"], answer["looked_at"]
        line += " · " + _("ảnh {wide}×{high} được thu còn {w}×{h} trước khi đọc").format(wide=wide, high=high, w=w, h=h)
    return line
