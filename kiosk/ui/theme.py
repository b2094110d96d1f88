"""Colours, sizes and the typeface of the window. Two themes: day (a bright door) and hall (a dim room). Contrast is tested.

Verdict colours belong to the words (kiosk/words.py), not to a theme: green is the same green day and night.
"""

from dataclasses import dataclass

import fontpkg_be_vietnam_pro
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

FAMILY = "Be Vietnam Pro"
STEP = 8  # every distance is a multiple of it
TARGET = 48  # px, the least height of anything to press (44 is the floor)
BASE_PT = 16
WEIGHTS = ("Regular", "Medium", "SemiBold", "Bold")


@dataclass(frozen=True, slots=True)
class Theme:
    """Hex colours by use. `page` under everything, `card` for raised areas, `field` for what is typed into."""

    name: str
    page: str
    card: str
    field: str
    line: str
    edge: str
    ink: str
    soft: str
    accent: str
    on_accent: str
    trouble: str
    trouble_ground: str
    amber: str


DAY = Theme(
    name="day",
    page="#F2F4F7",
    card="#FFFFFF",
    field="#FFFFFF",
    line="#D5DBE3",
    edge="#7A8699",
    ink="#101828",
    soft="#475467",
    accent="#1D4ED8",
    on_accent="#FFFFFF",
    trouble="#B91C1C",
    trouble_ground="#FDECEC",
    amber="#8A4B00",
)
HALL = Theme(
    name="hall",
    page="#0D1420",
    card="#172131",
    field="#0D1420",
    line="#2C3A4F",
    edge="#7D8DA6",
    ink="#F1F5FA",
    soft="#B4C0D1",
    accent="#8FB4FF",
    on_accent="#0B1220",
    trouble="#FCA5A5",
    trouble_ground="#3A1518",
    amber="#F5B759",
)
THEMES = {theme.name: theme for theme in (DAY, HALL)}


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two hex colours, 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def load_fonts() -> None:
    """Registers the packaged font files; the system needs none of its own. A missing file leaves Qt's fallback."""
    for weight in WEIGHTS:
        QFontDatabase.addApplicationFont(str(fontpkg_be_vietnam_pro.ROOT / "files" / f"BeVietnamPro-{weight}.ttf"))


def font(points: float = BASE_PT, weight: QFont.Weight = QFont.Weight.Normal, *, figures: bool = False) -> QFont:
    """The typeface at `points`. `figures`: digits of one width, for clocks and counts."""
    made = QFont(FAMILY)
    made.setPointSizeF(points)
    made.setWeight(weight)
    if figures:
        made.setFeature(QFont.Tag("tnum"), 1)
    return made


def current() -> Theme:
    """The theme the running application was given."""
    app = QApplication.instance()
    return THEMES[str(app.property("theme") or DAY.name)] if app else DAY


def apply(app: QApplication, theme: Theme) -> None:
    """Gives the application its style, typeface, palette and sheet. Once at start and on a change of theme; never per verdict."""
    app.setStyle("Fusion")
    app.setProperty("theme", theme.name)
    app.setFont(font())
    palette = QPalette()
    group = {
        QPalette.ColorRole.Window: theme.page,
        QPalette.ColorRole.WindowText: theme.ink,
        QPalette.ColorRole.Base: theme.field,
        QPalette.ColorRole.AlternateBase: theme.page,
        QPalette.ColorRole.Text: theme.ink,
        QPalette.ColorRole.Button: theme.card,
        QPalette.ColorRole.ButtonText: theme.ink,
        QPalette.ColorRole.Highlight: theme.accent,
        QPalette.ColorRole.HighlightedText: theme.on_accent,
        QPalette.ColorRole.PlaceholderText: theme.soft,
    }
    for role, colour in group.items():
        palette.setColor(role, QColor(colour))
    app.setPalette(palette)
    app.setStyleSheet(sheet(theme))


def sheet(t: Theme) -> str:
    """The style sheet: flat, one accent, a focus ring of 3 px that a standing person sees."""
    return f"""
    QMainWindow, QWidget#page {{ background: {t.page}; }}
    QPushButton#key {{ min-height: 48px; }}
    QLabel[soft="true"] {{ color: {t.soft}; }}
    QLabel[amber="true"] {{ color: {t.amber}; font-weight: 600; }}
    QLabel[trouble="true"] {{ color: {t.trouble}; font-weight: 600; }}
    QFrame#panel {{ background: {t.card}; border: 1px solid {t.line}; border-radius: 12px; }}
    QFrame#rule {{ background: {t.line}; border: none; max-height: 1px; min-height: 1px; }}
    QPushButton {{
        background: {t.card}; color: {t.ink}; border: 1px solid {t.edge}; border-radius: 8px;
        min-height: {TARGET - 6}px; padding: 2px 16px; font-weight: 500;
    }}
    QPushButton[head="true"] {{ min-height: 42px; padding: 0px 12px; border: 1px solid {t.line}; }}
    QPushButton:hover {{ border: 1px solid {t.accent}; }}
    QPushButton:pressed {{ background: {t.line}; }}
    QPushButton:focus {{ border: 3px solid {t.accent}; padding: 0px 14px; }}
    QPushButton:disabled {{ color: {t.soft}; border: 1px solid {t.line}; background: {t.page}; }}
    QPushButton[primary="true"] {{ background: {t.accent}; color: {t.on_accent}; border: 1px solid {t.accent}; font-weight: 600; }}
    QPushButton[primary="true"]:focus {{ border: 3px solid {t.ink}; padding: 0px 14px; }}
    QPushButton[primary="true"]:disabled {{ background: {t.line}; color: {t.soft}; border: 1px solid {t.line}; }}
    QPushButton[answer="true"]:checked {{ background: {t.accent}; color: {t.on_accent}; border: 1px solid {t.accent}; font-weight: 700; }}
    QPushButton[answer="true"]:checked:focus {{ border: 3px solid {t.ink}; padding: 0px 14px; }}
    QPushButton[ring="true"] {{ border: 2px solid {t.accent}; padding: 1px 15px; }}
    QPushButton[quiet="true"] {{ border: 1px solid {t.line}; text-align: left; min-height: 64px; }}
    QPushButton[tight="true"] {{ min-height: 44px; }}
    QPushButton[quiet="true"][ring="true"] {{ border: 3px solid {t.accent}; padding: 0px 14px; }}
    QLineEdit, QComboBox, QPlainTextEdit {{
        background: {t.field}; color: {t.ink}; border: 1px solid {t.edge}; border-radius: 8px;
        min-height: {TARGET - 6}px; padding: 2px 12px;
    }}
    QLineEdit:focus, QComboBox:focus {{ border: 3px solid {t.accent}; padding: 0px 10px; }}
    QLineEdit[wrong="true"], QComboBox[wrong="true"] {{ border: 2px solid {t.trouble}; }}
    QLineEdit[wrong="true"]:focus {{ border: 3px solid {t.trouble}; padding: 0px 10px; }}
    QComboBox::drop-down {{ width: 40px; border: none; }}
    QComboBox QAbstractItemView {{ background: {t.field}; color: {t.ink}; border: 1px solid {t.edge}; outline: none; }}
    QComboBox QAbstractItemView::item {{ min-height: 44px; padding: 0 12px; }}
    QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: none; }}
    QScrollBar:vertical {{ background: transparent; width: 16px; margin: 0; }}
    QScrollBar::handle:vertical {{ background: {t.edge}; border-radius: 6px; min-height: 48px; margin: 2px; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{ background: none; height: 0; }}
    QTableWidget {{ background: transparent; }}
    QHeaderView {{ background: transparent; }}
    QHeaderView::section {{
        background: transparent; border: none; border-bottom: 1px solid {t.edge}; padding: 4px 8px; color: {t.soft}; font-size: 13pt;
    }}
    QTableWidget::item {{ padding: 0 8px; border-bottom: 1px solid {t.line}; }}
    QToolTip {{ background: {t.card}; color: {t.ink}; border: 1px solid {t.edge}; }}
    """
