"""Which camera this machine uses, by name, and which cameras are shown as in a mirror: `devices.json` in the data directory.

An index changes with the socket, a name does not. Losing the file loses a choice and nothing else.
"""

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path

FILE = "devices.json"
LONGEST = 500  # characters of a name or address
MOST = 32  # cameras remembered


@dataclass(frozen=True, slots=True)
class Chosen:
    """`camera`: a name, address, file or folder, "" when nobody has chosen; `mirror`: camera's name -> as in a mirror; `seen`: names
    of cameras that were plugged in here once, newest last."""

    camera: str = ""
    mirror: dict[str, bool] = field(default_factory=dict)
    seen: tuple[str, ...] = ()


def load(home: Path) -> Chosen:
    """What was chosen here; nothing where the file is missing or no such file."""
    try:
        content = json.loads((home / FILE).read_text("utf-8"))
        camera, mirror = content.get("camera", ""), content.get("mirror", {})
        seen = content.get("seen", [])
        if isinstance(camera, str) and len(camera) <= LONGEST and camera.isprintable() and isinstance(mirror, dict):
            names = tuple(str(name)[:LONGEST] for name in seen[-MOST:]) if isinstance(seen, list) else ()
            return Chosen(camera, {str(name): value is True for name, value in mirror.items()}, names)
    except (OSError, ValueError, AttributeError):
        pass
    return Chosen()


def save(home: Path, chosen: Chosen) -> None:
    """Best effort: a disk that refuses costs the choice at the next start, not this one."""
    text = json.dumps({"camera": chosen.camera, "mirror": chosen.mirror, "seen": list(chosen.seen)}, ensure_ascii=False)
    part = home / (FILE + ".part")
    with contextlib.suppress(OSError):
        part.write_text(text, "utf-8")
        part.replace(home / FILE)
