"""The rule set as a file (data/rules.yaml is the proposal that is shipped): how long a declaration counts, what each answer leads to.

A file with a mistake is not taken, and the mistake is named by its line; whoever asked goes on with the rules it had. No I/O.
"""

from datetime import date
from typing import Any, get_args

from kiosk.domain import datafile
from kiosk.domain.datafile import Mistake, Source
from kiosk.domain.form import form
from kiosk.domain.passes import layouts
from kiosk.domain.policy import PURGE_DAYS, SWITCHES, Area, Policy, Rules, Step
from kiosk.domain.text import BadText, clean

__all__ = ["Mistake", "parse"]

NUMBERS: dict[str, tuple[int, int]] = {
    "version": (1, 1_000_000),
    "validity_hours": (1, 24 * 60),
    "future_minutes": (0, 7 * 24 * 60),
    "repeat_seconds": (0, 3600),
    "purge_days": (0, PURGE_DAYS),
    "stay_minutes": (1, 24 * 60),
}
OTHERS = ("answers", "rules", "areas", "layouts", "switched_off", "proposal")
STEPS: tuple[str, ...] = get_args(Step)


def parse(text: str) -> Policy:
    """YAML or JSON with Policy's names; `answers` may stand on top or under `rules`. What is left out keeps its proposed value.

    Raises Mistake.
    """
    source = Source(text)
    said = source.content
    if not isinstance(said, dict):
        raise source.mistake("{…}?")
    for key in said:
        if key not in NUMBERS and key not in OTHERS:
            raise source.mistake("không có mục này / no such field", str(key))
    made: dict[str, Any] = {name: _number(source, said[name], name) for name in NUMBERS if name in said}
    if "proposal" in said:
        if not isinstance(said["proposal"], bool):
            raise source.mistake("true, false?", "proposal")
        made["proposal"] = said["proposal"]
    if "answers" in said or "rules" in said:
        made["rules"] = Rules(_answers(source, said))
    if said.get("areas"):
        made["areas"] = tuple(_area(source, row, place) for place, row in enumerate(datafile.mappings(source, said["areas"], "areas")))
    if said.get("layouts"):
        made["layouts"] = _layouts(source, said["layouts"])
    if said.get("switched_off"):
        made["switched_off"] = _switches(source, said["switched_off"])
    return Policy(**made)


def _number(source: Source, value: object, name: str) -> int:
    low, high = NUMBERS[name]
    if type(value) is not int or not low <= value <= high:
        raise source.mistake(f"{value!r}: {low}-{high}?"[:80], name)
    return value


def _answers(source: Source, said: dict[str, Any]) -> dict[str, Step]:
    path: tuple[str, ...] = ("answers",) if "answers" in said else ("rules", "answers")
    found = said.get("answers") if "answers" in said else (said["rules"] or {}).get("answers") if isinstance(said["rules"], dict) else None
    if not isinstance(found, dict):
        raise source.mistake("{question: go, ask, desk}?", *path)
    questions = {option.value for table in ("exposures", "symptoms") for option in form().table(table)}
    for question, step in found.items():
        if question not in questions:
            raise source.mistake("không có câu hỏi này / no such question", *path, str(question))
        if step not in STEPS:
            raise source.mistake(f"{str(step)[:40]!r}: go, ask, desk?", *path, str(question))
    return found


def _area(source: Source, row: dict[str, Any], place: int) -> Area:
    name, since = datafile.text_of(source, row, "name", "areas", place), str(row.get("since", ""))
    try:
        return Area(clean(name, 200), date.fromisoformat(since).isoformat())
    except (BadText, ValueError) as error:
        raise source.mistake(f"{since[:20]!r}: YYYY-MM-DD?", "areas", place, "since") from error


def _switches(source: Source, rows: object) -> tuple[str, ...]:
    if not isinstance(rows, list):
        raise source.mistake("[…]?", "switched_off")
    for place, word in enumerate(rows):
        if word not in SWITCHES:
            raise source.mistake(f"{str(word)[:40]!r}: {', '.join(SWITCHES)}?", "switched_off", place)
    return tuple(dict.fromkeys(rows))


def _layouts(source: Source, rows: object) -> tuple[str, ...]:
    if not isinstance(rows, list):
        raise source.mistake("[…]?", "layouts")
    for place, text in enumerate(rows):
        try:
            layouts.compiled(text if isinstance(text, str) else "")
        except BadText as bad:
            raise source.mistake(f"{str(text)[:60]!r}: {bad.reason}", "layouts", place) from bad
    return tuple(rows)
