"""Words of Tra cứu: what the province answered, why somebody is looked up, and a declaration line by line as the letter's screens show it.

The labels of fields and questions are the form's own (data/form.yaml); sentences come from the catalog.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from kiosk import i18n
from kiosk.domain import identity
from kiosk.domain.form import form
from kiosk.domain.lists import Option
from kiosk.i18n import N_, gettext
from kiosk.words.labels import ANSWERS, GENDERS
from kiosk.words.times import day_month, hour_minute

NOBODY_FOUND = N_("Máy này chưa biết ai như vậy. Cử tri mới: bấm F2.")
REASONS: dict[str, str] = {
    "at_the_door": N_("Cử tri đang ở lối vào, không có mã"),
    "paper_differs": N_("Giấy tờ không khớp với màn hình"),
    "correction": N_("Để sửa tờ khai"),
    "health_desk": N_("Bàn y tế hỏi"),
    "other": N_("Lý do khác"),
}
NO_SYMPTOMS, SYMPTOMS = N_("Không có biểu hiện y tế"), N_("Có câu trả lời Có")
NEXT_STEPS: dict[str, str] = {
    "come_in": N_("tờ khai còn hạn, mời vào"),
    "out_of_date": N_("tờ khai đã quá hạn, hỏi lại phần tiếp xúc và biểu hiện"),
    "health_desk": N_("mời qua bàn y tế"),
    "declare_now": N_("cần khai báo, bấm F2"),
}
PERSON = ("full_name", "birth_date", "gender", "phone", "country", "ethnic_group", "religion", "marital_status", "education", "occupation")


def told(known: bool, declared_at: int | None, step: str, age_s: int) -> str:
    """What the province answered, with its age."""
    next_step = gettext(NEXT_STEPS.get(step, NEXT_STEPS["declare_now"]))
    age = gettext(N_("vừa hỏi")) if age_s < 60 else gettext(N_("hỏi {minutes} phút trước")).format(minutes=age_s // 60)
    if not known or declared_at is None:
        return gettext(N_("Tỉnh: chưa có tờ khai; {step} ({age}).")).format(step=next_step, age=age)
    text = gettext(N_("Tỉnh: có, khai lúc {time} ngày {day}; {step} ({age})."))
    return text.format(time=hour_minute(declared_at), day=day_month(declared_at), step=next_step, age=age)


def spoken(option: Option) -> str:
    """A form's own label in the language spoken now."""
    return option.vi if i18n.language() == i18n.SOURCE else option.en


def label(key: str) -> str:
    """The form's label of a field."""
    field = form().field(key)
    return field.vi if i18n.language() == i18n.SOURCE else field.en


def result(fields: Mapping[str, Any]) -> str:
    """The one line of the check by number (letter, annex 2.6)."""
    yes = any(answer for table in ("exposures", "symptoms") for answer in (fields.get(table) or {}).values())
    return gettext(SYMPTOMS if yes else NO_SYMPTOMS)


def person_lines(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, value) of the check by code (annex 2.5B): no address, no ID number."""
    known = {field.key for field in form().fields}
    return [(label(key), value_of(key, fields[key])) for key in PERSON if key in known and fields.get(key)]


def address_lines(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, address in four levels) of the check by number: where registered, where living."""
    return [(label(key), address(fields[key])) for key in ("permanent", "current") if fields.get(key)]


def question_lines(fields: Mapping[str, Any], table: str) -> list[tuple[str, str]]:
    """(question, Có / Không) in the letter's order; what was not asked says so."""
    answers = fields.get(table) or {}
    words = {True: ANSWERS["yes"], False: ANSWERS["no"], None: ANSWERS[""]}
    return [(spoken(question), gettext(words[answers.get(question.value)])) for question in form().table(table)]


def address(value: object) -> str:
    """Hamlet, ward, district, province."""
    if not isinstance(value, Mapping):
        return str(value)
    return ", ".join(str(value[level]) for level in ("hamlet", "ward", "district", "province") if value.get(level))


def value_of(key: str, value: object) -> str:
    """A field's value as people read it."""
    if isinstance(value, Mapping):
        return address(value)
    text = str(value)
    if key == "gender":
        return gettext(GENDERS[text]) if text in GENDERS else text
    if key == "birth_date" and len(text) == 10:
        return "/".join(reversed(text.split("-")))
    if key == "phone":
        return gettext(N_("không có")) if text == identity.NO_PHONE else text
    for option in form().field(key).options:
        if option.value == text:
            return spoken(option)
    return text


def declaration_lines(fields: Mapping[str, Any]) -> Iterator[str]:
    """The whole declaration as plain lines, for the command."""
    pairs = [*person_lines(fields), *address_lines(fields)]
    for table in ("exposures", "symptoms"):
        pairs += question_lines(fields, table)
    for name, value in pairs:
        yield f"{name}: {value}"
    yield result(fields)
