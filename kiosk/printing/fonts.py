"""The embedded typefaces: Spectral, a serif for administrative papers, and Be Vietnam Pro for figures and posters. Both OFL.

reportlab's own fonts hold none of the Vietnamese letters; every face here holds all of them (a test looks at each).
"""

from functools import cache
from pathlib import Path

import fontpkg_be_vietnam_pro
import fontpkg_spectral
from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

SERIF, SERIF_BOLD, SERIF_ITALIC, SERIF_BOLD_ITALIC = "Spectral", "Spectral-Bold", "Spectral-Italic", "Spectral-BoldItalic"
SANS, SANS_SEMI, SANS_BOLD = "BeVietnamPro", "BeVietnamPro-SemiBold", "BeVietnamPro-Bold"

FACES: dict[str, Path] = {
    SERIF: fontpkg_spectral.ROOT / "files" / "Spectral-Regular.ttf",
    SERIF_BOLD: fontpkg_spectral.ROOT / "files" / "Spectral-Bold.ttf",
    SERIF_ITALIC: fontpkg_spectral.ROOT / "files" / "Spectral-Italic.ttf",
    SERIF_BOLD_ITALIC: fontpkg_spectral.ROOT / "files" / "Spectral-BoldItalic.ttf",
    SANS: fontpkg_be_vietnam_pro.ROOT / "files" / "BeVietnamPro-Regular.ttf",
    SANS_SEMI: fontpkg_be_vietnam_pro.ROOT / "files" / "BeVietnamPro-SemiBold.ttf",
    SANS_BOLD: fontpkg_be_vietnam_pro.ROOT / "files" / "BeVietnamPro-Bold.ttf",
}


@cache
def register() -> None:
    """Makes the faces known to reportlab, once. Raises OSError or reportlab's TTFError when a package's file is not there."""
    rl_config.useA85 = 0  # streams as bytes, not as letters: a quarter smaller and 6 ms a slip faster
    for name, file in FACES.items():
        pdfmetrics.registerFont(TTFont(name, str(file)))


def width(text: str, face: str, size: float) -> float:
    """The length of one line of `text`, in points."""
    register()
    return float(pdfmetrics.stringWidth(text, face, size))


def drawable(face: str) -> frozenset[int]:
    """The code points that `face` can draw."""
    register()
    return _drawable(face)


@cache
def _drawable(face: str) -> frozenset[int]:
    return frozenset(pdfmetrics.getFont(face).face.charToGlyph)
