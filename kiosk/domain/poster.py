"""The poster's code: a short URL of the province, place id and an 80-bit MAC. Pure; both programs use it.

    HTTPS://QR.HUECITY.VN/D/1975001A/ABCDEFGHIJKLMNOP

All in the alphanumeric alphabet of QR codes, so that it stays within version 4 at level Q and is read at two metres. The province checks
the MAC; a kiosk compares it with its feed (a signature would need version 8).
"""

import base64
import hmac
import re
from hashlib import sha256

BASE = "https://qr.huecity.vn"
MAC_BYTES = 10
ID = re.compile(r"[0-9A-Z]{4,12}")
CODE = re.compile(r"(?i)https?://[^/?#\s]{1,80}/D/([0-9A-Z]{4,12})/([A-Z2-7]{16})/?")


def mac(key: bytes, place: str) -> str:
    """80 bits of HMAC-SHA256 as hex. `key`: the province's, 32 bytes."""
    return hmac.digest(key, b"hue-place-v1\0" + place.encode(), sha256)[:MAC_BYTES].hex()


def letters(mac_hex: str) -> str:
    """The MAC as the URL writes it: 16 letters of base32. Raises ValueError."""
    raw = bytes.fromhex(mac_hex)
    if len(raw) != MAC_BYTES:
        raise ValueError(mac_hex)
    return base64.b32encode(raw).decode()


def url(base: str, place: str, mac_hex: str) -> str:
    """What the poster's code says, in capitals throughout. `base`: the province's address without a path. Raises ValueError."""
    if not ID.fullmatch(place):
        raise ValueError(place)
    return f"{base.rstrip('/').upper()}/D/{place}/{letters(mac_hex)}"


def read(text: str) -> tuple[str, str] | None:
    """(place id, MAC as hex) of a poster of ours, or None. Whether the MAC is right is for who has the key, or the feed."""
    found = CODE.fullmatch(text.strip())
    if found is None:
        return None
    return found[1].upper(), base64.b32decode(found[2].upper()).hex()
