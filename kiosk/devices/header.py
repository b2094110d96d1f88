"""How large a picture file says it is, before anything of it is unfolded: a few bytes of its head, read by hand.

The formats that the program takes and no other. What stands in a head may be a lie; OpenCV then refuses the rest or fills what is there.
"""

import struct
from collections.abc import Iterator

Size = tuple[int, int]  # width, height in pixels


def size_of(data: bytes) -> Size | None:
    """None for what is no PNG, JPEG, BMP, WebP, TIFF, GIF or PNM, and for a head that was cut."""
    try:
        for magic, read in _READERS:
            if data.startswith(magic):
                return read(data)
    except (struct.error, IndexError, ValueError):
        return None
    return None


def is_jpeg(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8")


def cost(data: bytes, pixels: int, reduced: int = 1) -> int:
    """Bytes that unfolding it in grey takes at most, measured with OpenCV 4.14: twice the result, and what a format needs beside it.
    `reduced`: a JPEG is read at this fraction of its sides."""
    result = 2 * pixels // (reduced * reduced)
    if is_jpeg(data):
        return result + (0 if _one_pass(data) else 6 * pixels)
    return pixels * (10 if data.startswith(b"GIF8") else 4 if data.startswith(b"RIFF") else 2)


def _one_pass(data: bytes) -> bool:
    """A JPEG that is unfolded line by line; one in several scans is held whole, two bytes a pixel and colour."""
    components = 0
    try:
        for at, marker in _segments(data):
            if marker == 0xDA:
                return data[at + 4] == components
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                if marker not in (0xC0, 0xC1):
                    return False
                components = data[at + 9]
    except (IndexError, struct.error):
        return False
    return False


def _png(data: bytes) -> Size:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif(data: bytes) -> Size:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _bmp(data: bytes) -> Size:
    (length,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH", data, 18) if length == 12 else struct.unpack_from("<ii", data, 18)
    return width, abs(height)


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """(where, marker) of a JPEG's segments, as far as its first scan. Raises IndexError or struct.error where it was cut."""
    at = 2
    while data[at] == 0xFF:
        while data[at + 1] == 0xFF:
            at += 1
        marker = data[at + 1]
        yield at, marker
        bare = marker == 0x01 or 0xD0 <= marker <= 0xD8
        at += 2 if bare else 2 + max(2, struct.unpack_from(">H", data, at + 2)[0])


def _jpeg(data: bytes) -> Size | None:
    """The frame header; the segments before it are stepped over."""
    for at, marker in _segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
    return None


def _webp(data: bytes) -> Size | None:
    if data[8:12] != b"WEBP":
        return None
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    return None


def _tiff(data: bytes) -> Size | None:
    """The first directory's width and length, as short or long."""
    order = "<" if data[:2] == b"II" else ">"
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, at)
    found: dict[int, int] = {}
    for entry in range(min(count, 200)):
        tag, kind = struct.unpack_from(f"{order}HH", data, at + 2 + 12 * entry)
        if tag in (256, 257):
            (found[tag],) = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", data, at + 10 + 12 * entry)
    return (found[256], found[257]) if len(found) == 2 else None


def _pnm(data: bytes) -> Size | None:
    """ "P5 640 480 255", with comments."""
    words: list[bytes] = []
    for line in data[2:1000].split(b"\n"):
        words += line.split(b"#")[0].split()
    return (int(words[0]), int(words[1])) if len(words) > 1 else None


_READERS = (
    (b"\x89PNG\r\n\x1a\n", _png), (b"\xff\xd8", _jpeg), (b"BM", _bmp), (b"RIFF", _webp), (b"II*\0", _tiff), (b"MM\0*", _tiff),
    (b"GIF8", _gif), *((b"P%d" % n, _pnm) for n in range(1, 7)),
)  # fmt: skip
