"""The form as a file somebody has changed: every entry looked at, a mistake named by its line. form.py reads the one that is shipped.

Adding a field is one entry; this says what is wrong with it before an officer meets it. No I/O.
"""

from typing import Any

from msgspec.structs import fields as columns

from kiosk.domain import datafile
from kiosk.domain.datafile import Mistake, Source
from kiosk.domain.formshape import Field, Form, made

__all__ = ["Mistake", "parse"]

TYPES = ("name", "id", "date_or_year", "choice", "list", "phone", "email", "country", "address", "text", "table")
REQUIRED = ("", "yes", "year", "contact")
LISTS = ("ethnic_groups", "religions", "education", "occupations", "marital_status")
TOP = ("version", "modes", "fields", "exposures", "symptoms", "levels", "texts", "hotline")
FLAGS = ("enabled", "desk", "auto", "sensitive")
KEYS = {column.name for column in columns(Field)} | {"source", "list"}


def parse(text: str) -> Form:
    """Raises Mistake."""
    source = Source(text)
    said = source.content
    if not isinstance(said, dict):
        raise source.mistake("{…}?")
    for name in TOP:
        if name not in said:
            raise source.mistake(f"thiếu / missing: {name}")
    if type(said["version"]) is not int or said["version"] < 1:
        raise source.mistake("1, 2, …?", "version")
    for name in ("modes", "exposures", "symptoms", "levels"):
        for place, row in enumerate(datafile.mappings(source, said[name], name)):
            _labelled(source, row, name, place)
    seen: set[str] = set()
    for place, row in enumerate(datafile.mappings(source, said["fields"], "fields")):
        _field(source, row, place)
        if row["key"] in seen:
            raise source.mistake(f"{row['key']!r} × 2", "fields", place, "key")
        seen.add(row["key"])
    if not isinstance(said["texts"], dict):
        raise source.mistake("{…}?", "texts")
    for key, row in said["texts"].items():
        _labelled(source, row if isinstance(row, dict) else {}, "texts", key, keyed=False)
    return made(said)


def _labelled(source: Source, row: dict[str, Any], *where: str | int, keyed: bool = True) -> None:
    """A key and a label in each language."""
    if keyed:
        name = "key" if "key" in row else "value"
        datafile.text_of(source, row, name, *where, limit=60)
    for language in ("vi", "en"):
        datafile.text_of(source, row, language, *where, limit=2000)


def _field(source: Source, row: dict[str, Any], place: int) -> None:
    where = ("fields", place)
    _labelled(source, row, *where)
    for name in row:
        if name not in KEYS:
            raise source.mistake("không có mục này / no such key", *where, str(name))
    if not row.get("auto") and row.get("type") not in TYPES:
        raise source.mistake(f"type: {', '.join(TYPES)}?", *where, "type")
    if row.get("required", "") not in REQUIRED:
        raise source.mistake(f"required: {', '.join(REQUIRED[1:])}?", *where, "required")
    for flag in FLAGS:
        if flag in row and not isinstance(row[flag], bool):
            raise source.mistake("true, false?", *where, flag)
    if "list" in row and row["list"] not in LISTS:
        raise source.mistake(f"list: {', '.join(LISTS)}?", *where, "list")
    if row.get("type") == "choice" and not (row.get("options") or "list" in row):
        raise source.mistake("options?", *where, "type")
    for n, option in enumerate(datafile.mappings(source, row.get("options", []), *where, "options")):
        _labelled(source, option, *where, "options", n)
