"""Scanners that type: a burst of keys ending in Enter is a code; a person's slow typing is not.

Pure: it gets characters and times, and gives back bytes. No Qt, no judgement on what a code says.
"""

BURST_GAP = 0.08  # seconds between keys of a scanner (a fast typist needs 0.1), averaged over the code
LONGEST_GAP = 0.5  # a pause this long begins a new code
LEAST = 6  # characters: the shortest thing a scanner reads here is a 9-digit number
PREFIXES = ("HU1:", "HC1:", "shc:/", "http://", "https://", "CCCD|")
LIMIT = 16_384


class Wedge:
    """Collects keys of one scanner. Nothing is trimmed: the space is a letter of base45."""

    def __init__(self) -> None:
        self._text = ""
        self._first = self._last = 0.0

    def key(self, text: str, at: float) -> None:
        """A key that types. `at`: monotonic seconds."""
        if not self._text or at - self._last > LONGEST_GAP:
            self._text, self._first = "", at
        self._text = (self._text + text)[:LIMIT]
        self._last = at

    def enter(self, at: float) -> bytes | None:
        """Enter: the code's bytes, or None when a person typed it, or nothing."""
        text, self._text = self._text, ""
        if len(text) < LEAST or at - self._last > LONGEST_GAP:
            return None
        fast = (at - self._first) / len(text) <= BURST_GAP
        if not fast and not text.startswith(PREFIXES):
            return None
        return text.encode("utf-8", "surrogatepass")

    def forget(self) -> None:
        """What came so far was an answer, not the beginning of a code."""
        self._text = ""

    @property
    def busy(self) -> bool:
        """A code seems to be coming in: more than one key so far."""
        return len(self._text) > 1
