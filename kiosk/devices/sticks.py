"""USB sticks that are plugged in: where files may be written to and read from. Nothing is mounted and nothing is ejected here."""

import os
import sys
from pathlib import Path

import psutil

FOLDERS = ("/media", "/run/media", "/Volumes", "/mnt")
VARIABLE = "KIOSK_STICKS"  # folders that count as sticks, for machines that mount elsewhere


def sticks() -> list[Path]:
    """Mount points of removable media that can be written to, in a stable order."""
    named = [Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    return [path for path in dict.fromkeys([*named, *_mounted()]) if path.is_dir() and os.access(path, os.W_OK)]


def _mounted() -> list[Path]:
    found: list[Path] = []
    for part in psutil.disk_partitions(all=False):
        removable = "removable" in part.opts if sys.platform == "win32" else part.mountpoint.startswith(tuple(f"{f}/" for f in FOLDERS))
        if removable:
            found.append(Path(part.mountpoint))
    return sorted(found)
