"""What a form is: fields, questions and labels, made from what its file says. Reading and checking that file is others' work."""

from typing import Any

import msgspec

from kiosk.domain import lists
from kiosk.domain.lists import Option


class Field(msgspec.Struct, frozen=True):
    """One field. `type`: name, id, date_or_year, choice, phone, email, country, list, address, text, table, or a machine's own;
    `required`: "", yes, year, contact; `enabled`: asked at all; `desk`: asked by an officer only, never on the
    web; `auto`: filled by the machine, never typed."""

    key: str
    vi: str
    en: str
    type: str
    required: str = ""
    enabled: bool = True
    desk: bool = False
    auto: bool = False
    sensitive: bool = False
    default: str = ""
    options: tuple[Option, ...] = ()


class Form(msgspec.Struct, frozen=True):
    """The form. `exposures`, `symptoms`, `levels` (of an address) and `modes` in the letter's order; `texts`: key -> both languages."""

    version: int
    fields: tuple[Field, ...]
    exposures: tuple[Option, ...]
    symptoms: tuple[Option, ...]
    levels: tuple[Option, ...]
    modes: tuple[Option, ...]
    texts: dict[str, Option]
    hotline: str

    def field(self, key: str) -> Field:
        """Raises KeyError."""
        for field in self.fields:
            if field.key == key:
                return field
        raise KeyError(key)

    def table(self, key: str) -> tuple[Option, ...]:
        """The rows of `exposures` or `symptoms`."""
        return {"exposures": self.exposures, "symptoms": self.symptoms}[key]


def _options(rows: list[dict[str, str]]) -> tuple[Option, ...]:
    return tuple(Option(row.get("key") or row["value"], row["vi"], row["en"]) for row in rows)


def _field(row: dict[str, Any]) -> Field:
    row = {key: value for key, value in row.items() if key != "source"}
    choices = lists.options(row.pop("list")) if "list" in row else _options(row.pop("options", []))
    return Field(**row, options=choices)


def made(data: dict[str, Any]) -> Form:
    """A form from what its file says. Raises KeyError, TypeError where something is missing; formfile.py names the line."""
    return Form(
        version=data["version"],
        fields=tuple(_field(row) for row in data["fields"]),
        exposures=_options(data["exposures"]),
        symptoms=_options(data["symptoms"]),
        levels=_options(data["levels"]),
        modes=_options(data["modes"]),
        texts={key: Option(key, text["vi"], text["en"]) for key, text in data["texts"].items()},
        hotline=data["hotline"],
    )
