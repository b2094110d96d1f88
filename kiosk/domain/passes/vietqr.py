"""VietQR and other EMV payment codes: tag 2 | length 2 | value, closed by tag 63, CRC-16/CCITT-FALSE over all before its value.
A payment is not a person; nothing of it is kept."""

import binascii
import re

from kiosk.domain.passes.model import Kind, Pass, Reading, refused

REASONS = frozenset({"payment", "truncated", "bad_crc"})


def read(text: str, now: int | None) -> Pass | None:
    """The payment code in a cleaned line of text, or None when it is another kind."""
    if re.match(r"2\|99\|[0-9]+\|", text):  # MoMo's own transfer code
        return Pass(Kind.OTHER, Reading.NOT_A_PERSON, "payment")
    if not text.startswith("000201"):
        return None
    data, at, tag = text.encode(), 0, b""
    while at < len(data):
        tag, length = data[at : at + 2], data[at + 2 : at + 4]
        if not re.fullmatch(rb"[0-9]{4}", tag + length) or at + 4 + int(length) > len(data):
            return refused(Kind.VIETQR, "truncated")
        at += 4 + int(length)
    if tag != b"63" or data[-8:-4] != b"6304":
        return refused(Kind.VIETQR, "truncated")
    crc = binascii.crc_hqx(data[:-4], 0xFFFF)
    if data[-4:].upper() != b"%04X" % crc:
        return refused(Kind.VIETQR, "bad_crc")
    return Pass(Kind.VIETQR, Reading.NOT_A_PERSON, "payment")
