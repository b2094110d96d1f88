"""This machine's own settings: one TOML file in the data directory, read once at start and frozen.

Policy (what counts, how long, which answers lead where) is not here: it comes signed from the province.
No Qt, no network, nothing is written.
"""

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import get_type_hints

from kiosk.errors import Code, KioskError
from kiosk.shipped import data_dir as data_dir  # other rooms ask here

FILE = "settings.toml"

LANGUAGES = ("vi", "en")
THEMES = ("day", "hall")
SLIPS = ("a6", "80")
POSTS = ("both", "scan", "declare", "exit")
CHOICES: dict[str, tuple[str, ...]] = {"language": LANGUAGES, "theme": THEMES, "slip_size": SLIPS, "post": POSTS}
RANGES: dict[str, tuple[float, float]] = {
    "repeat_seconds": (0.5, 600),
    "dim_seconds": (1, 600),
    "timeout_seconds": (1, 120),
    "closing_minutes": (0, 240),
    "exit_seconds": (5, 3600),
    "offer_seconds": (2, 120),
}
LONGEST = 500  # characters in any one value; an address or a folder fits


@dataclass(frozen=True, slots=True)
class Settings:
    """What differs from laptop to laptop. Times are in seconds; empty text means "the program chooses".

    `camera`: name, index, file, folder or URL; `mirror`: the preview as in a mirror; `entrance`: shown on top of the window;
    `repeat_seconds`: a code in front of the camera is one sighting for so long (the policy's own number goes before it, if longer);
    `dim_seconds`: after which a verdict steps back; `offer_seconds`: of trying in vain after which the page shows the other ways;
    `print_folder`: where papers are kept, else `papers` in the data directory;
    `place`: the QR place at which this lane stands, named by every visit; `printer`: the spooler's name, else the system's default;
    `slip_size`: voter slips on A6 or on an 80 mm roll; `slip_always`: one is printed after each khai hộ, unasked; `server_url`: goes
    before the address of the enrolment; `post`: what this laptop does: both, scan, declare, exit; `closing_minutes`: so long before
    closing "in first, declare later" is offered first; `exit_seconds`: after so long without a voter F6 ends by itself;
    `command_unlock`: whether scripts may sign in by KIOSK_OFFICER and KIOSK_PIN; `health_desk`, `health_desk_phone`: who the health
    desk of this station is and how to reach it, shown with "to the health desk".
    """

    camera: str = ""
    mirror: bool = False
    language: str = "vi"
    theme: str = "day"
    entrance: str = "Lối vào 1"
    repeat_seconds: float = 5.0
    dim_seconds: float = 8.0
    offer_seconds: float = 8.0
    sound: bool = True
    fullscreen: bool = True
    server_url: str = ""
    timeout_seconds: float = 10.0
    printer: str = ""
    print_folder: str = ""
    place: str = ""
    slip_size: str = "a6"
    slip_always: bool = False
    post: str = "both"
    closing_minutes: float = 20.0
    exit_seconds: float = 60.0
    command_unlock: bool = True
    health_desk: str = ""
    health_desk_phone: str = ""
    unknown: tuple[str, ...] = dataclasses.field(default=(), metadata={"key": False})

    def papers(self, home: Path) -> Path:
        """The folder of printed papers."""
        return Path(self.print_folder).expanduser() if self.print_folder else home / "papers"


def load(home: Path) -> Settings:
    """Settings of the data directory `home`; defaults where the file or a key is missing.

    Keys nobody knows (a slip, or a newer version's) are named in `Settings.unknown` and do no harm.
    Raises KioskError(BAD_FILE) with `file`, and `key` and `why` when one value is wrong.
    """
    try:
        text = (home / FILE).read_text("utf-8")
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise KioskError(Code.BAD_FILE, file=FILE, why=error.strerror or "unreadable") from error
    except UnicodeDecodeError as error:
        raise KioskError(Code.BAD_FILE, file=FILE, why=str(error)) from error
    import tomllib  # here: most homes have no file, and the window's first paint need not wait

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KioskError(Code.BAD_FILE, file=FILE, why=str(error)) from error
    types = get_type_hints(Settings)
    known = {f.name: types[f.name] for f in dataclasses.fields(Settings) if f.metadata.get("key", True)}
    values = {key: _checked(key, value, known[key]) for key, value in table.items() if key in known}
    return Settings(**values, unknown=tuple(sorted(table.keys() - known.keys())))  # type: ignore[arg-type]


def change(home: Path, key: str, value: str | bool | float) -> None:
    """Writes one value into the file and leaves every other line as it is; what is loaded already does not change.

    Raises KioskError(BAD_FILE) for a value that `load` would refuse.
    """
    field = next(f for f in dataclasses.fields(Settings) if f.name == key)
    _checked(key, value, get_type_hints(Settings)[field.name])
    written = json.dumps(value, ensure_ascii=False)  # a JSON string, number or boolean is TOML's too
    file = home / FILE
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    kept = [line for line in lines if not re.match(rf"\s*{key}\s*=", line)]
    first_table = next((n for n, line in enumerate(kept) if line.lstrip().startswith("[")), len(kept))
    kept.insert(first_table, f"{key} = {written}")
    temporary = file.with_name(f".{FILE}.tmp")
    temporary.write_text("\n".join(kept) + "\n", "utf-8")
    temporary.replace(file)


def _checked(key: str, value: object, kind: type) -> object:
    """`value` as its field's type, or KioskError naming the key. A camera number may be written without quotes."""

    def wrong(why: str) -> KioskError:
        return KioskError(Code.BAD_FILE, file=FILE, key=key, why=why)

    if key == "camera" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind):
        raise wrong(f"{kind.__name__} expected")
    if isinstance(value, str) and (len(value) > LONGEST or not value.isprintable()):
        raise wrong("too long or unprintable")
    if key in CHOICES and value not in CHOICES[key]:
        raise wrong(" | ".join(CHOICES[key]))
    if key in RANGES and isinstance(value, float):
        low, high = RANGES[key]
        if not low <= value <= high:  # a NaN is in no range
            raise wrong(f"{low:g} … {high:g}")
    return value
