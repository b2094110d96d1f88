"""What the printed test card's code says, and what has happened to it when a scanner that types sends something else.

The text holds what Vietnamese input methods rewrite (Telex: dd, aa, aw, w, tone letters; VNI: letter and digit) and what another
keyboard layout or Caps Lock would change. It is nobody's pass and counts nobody.
"""

TEXT = "HUE-TEST-1: ddaw aaf oos uwj eex yr ow A1 D9 o6 u7; z/y @#|?"
GOOD, TELEX, CAPS, LAYOUT, CUT = "good", "telex", "caps", "layout", "cut"


def is_card(raw: bytes) -> bool:
    """Did the camera read the test card?"""
    return raw == TEXT.encode()


def judge(typed: str) -> str:
    """`good`, or why a scanner's typing is not what the card says: `telex` (an input method rewrote it), `caps`, `layout`, `cut`."""
    if typed == TEXT:
        return GOOD
    if any(ord(letter) > 127 for letter in typed):
        return TELEX
    if typed.swapcase() == TEXT:
        return CAPS
    return CUT if len(typed) < len(TEXT) and TEXT.startswith(typed[:4]) else LAYOUT
