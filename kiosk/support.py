"""The support bundle: what the hotline needs to understand a machine from afar, in one ZIP, and nothing about a person.

Health of the machine, settings, log, crash reports, findings of the check, headers of the newest events, and a few of their bodies
with every value replaced by the class of its characters ("Trần Thị Mẫu" -> "Aaaa Aaa Aaa"): enough to see a shape that breaks a
program, not enough to see whose it is. Answers about health are left out altogether. Keys, vault and journal are never packed.
"""

import dataclasses
import json
import platform
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from kiosk import __version__, compose, crash, log
from kiosk.domain.events import Key, kind_word
from kiosk.errors import Code, KioskError
from kiosk.security import files
from kiosk.settings import load
from kiosk.store import damage
from kiosk.store.reading import newest

LINES, SAMPLES = 500, 20
HEALTH = frozenset({"symptoms", "exposures", "desk", "verdict"})
PLAIN = frozenset({"what", "source", "mode", "code", "kind"})  # words of ours in an event's fields
MARKS = frozenset(" -/.,:;@+()'\"_|")
README = """Gói hỗ trợ của trạm lối vào. Không có tên, số giấy tờ, điện thoại hay câu trả lời sức khỏe; không có khóa.
Support bundle of an entrance station. No names, numbers, telephones or answers about health; no keys.
doctor, status, verify, files, settings: the machine. log/, crash/: what went wrong.
journal: headers. samples: bodies, letters as A a, digits as 9.
"""


def classes(value: object) -> object:
    """A value with every letter, digit and sign replaced by its class; numbers and truths by their type."""
    if isinstance(value, str):
        return "".join(_class(c) for c in value[:200])
    if isinstance(value, dict):
        return {str(k): "left out" if k in HEALTH else v if k in PLAIN else classes(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [classes(item) for item in value[:20]]
    return None if value is None else type(value).__name__


def _class(c: str) -> str:
    if c.isdecimal():
        return "9"
    if c.isalpha():
        return "A" if c.isupper() else "a"
    return c if c in MARKS else "·"


def write(home: Path, out: Path, findings: Iterable[object]) -> list[str]:
    """Writes the bundle and returns the names of its members. `findings`: what `kiosk doctor` found.

    What a PIN protects is there only if the home can be opened. Raises KioskError(FILE_NOT_WRITTEN).
    """
    members = {"README.txt": README.encode(), **dict(_machine(home, findings))}
    try:
        members |= dict(_journal(home))
    except KioskError as error:
        members["status.json"] = _json({"not opened": error.code.value})
    try:
        beside = out.with_name(out.name + ".tmp")
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, data in members.items():
                bundle.writestr(name, _without_paths(data, home))
        files.write(out, beside.read_bytes())
        beside.unlink()
    except OSError as error:
        raise KioskError(Code.FILE_NOT_WRITTEN, file=str(out), why=error.strerror) from error
    return list(members)


def _machine(home: Path, findings: Iterable[object]) -> Iterator[tuple[str, bytes]]:
    yield "doctor.json", _json([*map(msgspec.to_builtins, findings)])
    yield "program.json", _json({"version": __version__, "python": platform.python_version(), "system": platform.platform()})
    yield "settings.json", _json({key: classes(str(value)) for key, value in dataclasses.asdict(load(home)).items()})
    there = [path for path in sorted(home.rglob("*")) if path.is_file()] if home.is_dir() else []
    yield "files.json", _json([[_name(path, home), path.stat().st_size, oct(path.stat().st_mode & 0o777)] for path in there])
    for folder, pattern in ((log.FILE.parent, "kiosk.log*"), (Path(crash.FOLDER), "*")):
        for path in sorted((home / folder).glob(pattern)) if (home / folder).is_dir() else ():
            yield f"{folder.name}/{path.name}", path.read_bytes()[-log.BYTES :]
    yield damage.NAME, b"\n".join(json.dumps([f.at, f.code, f.detail]).encode() for f in damage.standing(home))


def _name(path: Path, home: Path) -> str:
    """A file's name; names of epochs shortened, and papers by their kind: a name may say whose paper it is."""
    inside = path.relative_to(home)
    if inside.parts[0] == "keyring":
        return f"keyring/{log.masked(path.name)}"
    return f"papers/*{path.suffix}" if inside.parts[0] == "papers" else str(inside)


def _journal(home: Path) -> Iterator[tuple[str, bytes]]:
    with compose.enrolled(home) as parts:
        counts, (epoch, seq, _head) = parts.outbox.counts(), parts.journal.where(parts.database)
        viewing = parts.database.viewing
        yield (
            "status.json",
            _json(
                {
                    "epoch": log.masked(epoch) if epoch else "",
                    "seq": seq,
                    "counts": msgspec.to_builtins(counts),
                    "viewing": viewing.value if viewing else None,
                    "conditions": [code.value for code in parts.conditions()],
                }
            ),
        )
        report = parts.verify()
        yield "verify.json", _json({"ok": report.ok, "events": report.events, "findings": [[f.kind, f.seq] for f in report.findings]})
        headers, bodies = newest(parts.database, parts.journal, LINES, SAMPLES)
        yield "journal.json", _json([[_masked(key), kind_word(kind), at] for key, kind, at in headers])
        yield "samples.json", _json([{"kind": kind_word(body.kind), "f": classes(body.fields)} for body in bodies])
        if viewing is None and parts.station.day() is not None:
            parts.station.audit("export", target="support")


def _masked(key: Key) -> str:
    return log.masked(f"{key.epoch}:{key.seq}")


def _without_paths(data: bytes, home: Path) -> bytes:
    """A path may hold the user's name."""
    for path, word in ((str(home.resolve()), b"<data>"), (str(home), b"<data>"), (str(Path.home()), b"<home>")):
        if len(path) > 1:
            data = re.sub(re.escape(path.encode()), word, data)
    return data


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str).encode()
