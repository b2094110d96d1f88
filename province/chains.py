"""Spans against what is held: which events are new, known or in conflict, and how far the held ones reach without a gap.

Pure; the rows come and go as arguments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from kiosk.crypto import chain
from kiosk.crypto.seal import Unopenable
from kiosk.domain.events import Header, header_of
from kiosk.domain.protocol import Span

MAX_SEQ = 1 << 32  # seq is a u32 in the event's header


@dataclass(slots=True)
class Held:
    """What the province holds of one epoch. `max_seq`: the highest stored, gaps or not."""

    epoch: str
    event_day: str
    have_seq: int
    have_head: bytes
    max_seq: int
    opened_seq: int
    unreadable: int
    state: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A span with its hashes, computed before any lock is taken. `heads[i]`: the chain after event from_seq + i."""

    span: Span
    heads: list[bytes]
    hashes: list[bytes]
    sound: bool

    def head_at(self, seq: int) -> bytes:
        """The chain's head after `seq`, for from_seq - 1 <= seq <= to_seq."""
        return self.heads[seq - self.span.from_seq] if seq >= self.span.from_seq else self.span.prev_head


def is_epoch(text: str) -> bool:
    return len(text) == 16 and all(c in "0123456789abcdef" for c in text)


def check(kiosk: str, span: Span) -> Checked:
    """The span with its own chain recomputed; `sound` is False where its numbers or its head are not its events'.

    Raises ValueError when the span cannot even be filed: no proper epoch or sequence numbers.
    """
    if not is_epoch(span.epoch) or not 1 <= span.from_seq <= MAX_SEQ - max(1, len(span.events)):
        raise ValueError("span: place")
    hashes = [sha256(event).digest() for event in span.events]
    if len(span.prev_head) != 32 or not span.events or span.to_seq - span.from_seq + 1 != len(span.events):
        return Checked(span, [], hashes, False)
    heads = chain.heads(kiosk, span.epoch, span.prev_head, span.events)
    return Checked(span, heads, hashes, heads[-1] == span.head)


def header(event: bytes, seq: int) -> Header:
    """The event's header; of bytes that are no event only the place that the chain gave them (kind 0). The opener names those."""
    try:
        return header_of(event)
    except Unopenable:
        return Header(0, seq, 0, 0)


def first_conflict(held: Held, checked: Checked, known: Mapping[int, bytes]) -> int | None:
    """The first seq from which this span is another history than the one held, or None. `known`: seq -> sha256 of held events.

    Everything after it in the span belongs to that other history too, and may not be mixed into ours.
    """
    span = checked.span
    for seq in sorted(known):
        if known[seq] != checked.hashes[seq - span.from_seq]:
            return seq
    if span.from_seq - 1 <= held.have_seq <= span.to_seq and checked.head_at(held.have_seq) != held.have_head:
        return max(held.have_seq + 1, span.from_seq)
    return None


def advance(held: Held, checked: Checked, upto: int) -> None:
    """`have` moves over a gapless continuation only; `upto`: the last seq of the span that was taken."""
    reaches_back = checked.span.from_seq - 1 <= held.have_seq
    if reaches_back and upto > held.have_seq and checked.head_at(held.have_seq) == held.have_head:
        held.have_seq, held.have_head = upto, checked.head_at(upto)
