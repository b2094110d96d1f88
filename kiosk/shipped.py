"""Where the read-only files that are shipped with the program lie. Nothing is read or written here."""

import sys
from pathlib import Path


def data_dir() -> Path:
    """The read-only `data/` folder: beside the rooms in a checkout, inside the bundle of the built program."""
    bundle = getattr(sys, "_MEIPASS", None)  # set by PyInstaller's boot loader
    root = Path(bundle) if bundle else Path(__file__).resolve().parent.parent
    return root / "data"
