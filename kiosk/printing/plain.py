"""Text from outside on paper: composed, printable, of bearable length, escaped. Every page goes through `paragraph`.

A raw reportlab paragraph runs markup found in a name, stops on half a tag, and takes minutes over one word of 200,000 letters.
"""

import re
import unicodedata
from xml.sax.saxutils import escape

from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph

from kiosk.printing import fonts

LONGEST = 400  # characters in one paragraph of ours; names are shorter, notes are cut
LONGEST_WORD = 48  # then a break is allowed, so that nothing leaves the page
MISSING = "?"


def plain(text: object, face: str = fonts.SERIF, limit: int = LONGEST) -> str:
    """One line of `text` as `face` can draw it: NFC, no controls or bidi marks, at most `limit` characters."""
    raw = str(text)[: 4 * limit]  # the cut comes first: what follows costs time by the letter
    composed = unicodedata.normalize("NFC", re.sub(r"\s+", " ", raw))
    known = fonts.drawable(face)
    shown = "".join(c if ord(c) in known else MISSING for c in composed if unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs"))
    shown = shown.strip()
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"


def breakable(text: str) -> str:
    """`text` with a space in every word that is too long for a line."""
    return re.sub(rf"(\S{{{LONGEST_WORD}}})(?=\S)", r"\1 ", text)


def paragraph(text: object, style: ParagraphStyle, limit: int = LONGEST) -> Paragraph:
    """A paragraph of plain text, whatever it holds: nothing in it is markup."""
    return Paragraph(escape(breakable(plain(text, style.fontName, limit))), style)
