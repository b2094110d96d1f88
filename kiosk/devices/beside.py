"""What looks at pictures in the process beside the window: picture files of strangers, and engines written in C.

Reads requests on standard input, answers on standard output, one at a time: a length (u32, big-endian), JSON of that length, and for
`look` height x width bytes of grey, for `picture` the `size` bytes of a picture file. It may crash or hang; kiosk/devices/aside.py, and
the province's pictures.py, notice and start another. Keeps and sends nothing.
"""

import base64
import os
import sys
import time
from pathlib import Path
from typing import IO, Any

from kiosk.domain.pipe import give, take


def _packed(codes: list[Any]) -> dict[str, Any]:
    return {"codes": [[base64.b64encode(code.raw).decode(), code.engine, code.box] for code in codes]}


class Beside:
    """`planted` (demonstrations only, from the environment): `hang` or `crash` instead of the next look; docs/scanning.md."""

    def __init__(self) -> None:
        self.planted = os.environ.get("KIOSK_PLANT_ENGINE", "")
        self._engines: dict[str, Any] = {}

    def answer(self, request: dict[str, Any], stream: IO[bytes]) -> dict[str, Any]:
        if request.get("op") == "file":
            return self._file(Path(str(request["path"])))
        if request.get("op") == "picture":
            return self._picture(stream.read(int(request["size"])), int(request["pixels"]), bool(request["quick"]))
        height, width = int(request["height"]), int(request["width"])
        grey = stream.read(height * width)
        if self.planted == "hang":
            time.sleep(3600)
        if self.planted == "crash":
            os.abort()
        return self._look(str(request["engine"]), grey, height, width)

    def _look(self, name: str, grey: bytes, height: int, width: int) -> dict[str, Any]:
        import numpy as np

        from kiosk.devices import engines

        if name not in self._engines:
            self._engines[name] = engines.load(name)
        return _packed(self._engines[name](np.frombuffer(grey, np.uint8).reshape(height, width)).codes)

    @staticmethod
    def _picture(data: bytes, pixels: int, quick: bool) -> dict[str, Any]:
        """A picture that came over a wire, made smaller to `pixels` first. `quick`: one look of one engine, as at a frame of a camera."""
        from kiosk.devices.decoder import ZXING, Alone, QrDecoder
        from kiosk.devices.replay import unfold
        from kiosk.errors import KioskError

        try:
            image = unfold(data, pixels).image
        except KioskError:
            return {"codes": []}
        return _packed((Alone(ZXING) if quick else QrDecoder()).decode(image))

    @staticmethod
    def _file(path: Path) -> dict[str, Any]:
        from kiosk.devices.decoder import QrDecoder
        from kiosk.devices.replay import read_picture
        from kiosk.errors import KioskError

        try:
            image = read_picture(path)
        except KioskError as error:
            return {"refused": error.code.value, "facts": {key: str(value) for key, value in error.facts.items()}}
        return _packed(QrDecoder().decode(image))


def main() -> int:
    """Until standard input ends. Standard output is the channel, so nothing else may write there."""
    stream, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    beside = Beside()
    while (request := take(stream)) is not None:
        try:
            give(out, beside.answer(request, stream))
        except (ImportError, OSError, MemoryError) as error:
            give(out, {"missing": str(error).splitlines()[0] if str(error) else type(error).__name__})
    return 0


if __name__ == "__main__":
    sys.exit(main())
