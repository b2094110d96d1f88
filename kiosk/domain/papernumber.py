"""The number at a paper form's corner: G017. One reader for the window and the commands."""

import re

LAST = 9999  # what may be keyed in, and what this machine gives out when nothing can be saved
LAST_PRINTED = 999  # of the blank forms


def read(text: str, last: int = LAST) -> int | None:
    """17 for "G017", "g17" or "017"; None for what is no number from 1 to `last`."""
    found = re.fullmatch(r"[Gg]?0*([1-9]\d{0,3})", text.strip(), re.ASCII)
    return int(found[1]) if found is not None and int(found[1]) <= last else None
