"""The health declaration: what answers are good, what they lead to, and by which names the person is found again.

Errors stop a declaration (a field is missing or makes no sense); warnings never do. The three exposures and six symptoms start
unanswered and must each be answered. No clock and no I/O but the shipped form; no sentences: reasons are stable words.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from kiosk.domain import identity, lists
from kiosk.domain.form import Field, Form, form
from kiosk.domain.lists import Option
from kiosk.domain.policy import ASK, DESK, Rules, Step
from kiosk.domain.text import REASONS as TEXT_REASONS
from kiosk.domain.text import BadText, clean, squeeze

__all__ = ["REASONS", "WARNINGS", "Checked", "Declaration", "Form", "FormIncomplete", "Option", "check", "example", "form", "from_json"]

REASONS = (
    frozenset({"required", "unanswered", "id_or_phone", "bad_choice", "bad_email", "bad_country", "bad_shape", "unknown_field"})
    | identity.REASONS
    | TEXT_REASONS
)
WARNINGS = identity.WARNINGS | {"not_asked", "ward_unknown"}

TABLES = ("exposures", "symptoms")
TEXT_LIMIT = 300
Answers = Mapping[str, Any]
NONE: Answers = MappingProxyType({})


class Declaration(msgspec.Struct, frozen=True):
    """One good declaration. `mode`: new, supplement, proxy; `fields`: form.yaml's keys in one form each: texts, `exposures` and
    `symptoms` as {key: bool}, addresses as {province, district, ward, hamlet, ward_code}. Ready for JSON. Treat as read-only."""

    mode: str
    fields: dict[str, Any]


class Checked(msgspec.Struct, frozen=True):
    """Answers, checked. `errors` and `warnings`: field -> reason; a question is named "symptoms.fever"."""

    mode: str
    fields: dict[str, Any] = msgspec.field(default_factory=dict)
    errors: dict[str, str] = msgspec.field(default_factory=dict)
    warnings: dict[str, str] = msgspec.field(default_factory=dict)

    def declaration(self) -> Declaration:
        """Raises FormIncomplete while there are errors."""
        if self.errors:
            raise FormIncomplete(self.errors)
        return Declaration(self.mode, dict(self.fields))


class FormIncomplete(ValueError):
    """The declaration is refused. `errors`: field -> reason."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(", ".join(sorted(errors)))
        self.errors = dict(errors)


def check(answers: Answers, asked: frozenset[str] = frozenset(), today: str = "") -> Checked:
    """`answers`: form.yaml's keys as typed, also `mode`. `asked`: fields asked here although the form leaves them off by default;
    `today` (YYYY-MM-DD): nobody is born after it; a clock before the election day does not count.

    A field that is off is left out with the warning "not_asked"; what the machine fills itself is ignored.
    """
    out = Checked(str(answers.get("mode") or "proxy"))
    if out.mode not in {m.value for m in form().modes}:
        out.errors["mode"] = "bad_choice"
    for key in answers:
        if key != "mode" and key not in {f.key for f in form().fields}:
            out.errors[str(key)[:40]] = "unknown_field"
    for one in form().fields:
        if one.auto:
            continue
        if one.type == "table":
            out.fields[one.key] = _table(one.key, answers.get(one.key, NONE), out.errors)
        elif not (one.enabled or one.key in asked):
            if not _blank(answers.get(one.key)):
                out.warnings[one.key] = "not_asked"
        else:
            _one(one, answers.get(one.key), out)
    _together(out)
    if today and str(out.fields.get("birth_date", "")) > max(today, identity.ELECTION_DAY):
        out.errors["birth_date"] = "bad_date"
    return out


def from_json(content: object, today: str = "") -> Declaration:
    """A declaration from JSON with form.yaml's keys; `today` as in `check`. Raises FormIncomplete."""
    if not isinstance(content, dict):
        raise FormIncomplete({"": "bad_shape"})
    return check(content, today=today).declaration()


def _blank(value: object) -> bool:
    return value is None or value == {} or (isinstance(value, str) and not value.strip())


def _one(one: Field, value: object, out: Checked) -> None:
    """Checks one field into `out`."""
    if _blank(value) and one.default:
        value = one.default
    if _blank(value):
        if one.required in ("yes", "year"):
            out.errors[one.key] = "required"
        return
    try:
        if one.type == "address":
            out.fields[one.key] = _address(value)
        elif isinstance(value, bool) or not isinstance(value, str | int):
            raise BadText("bad_shape")
        else:
            out.fields[one.key] = CHECKS[one.type](str(value), one, out)
    except BadText as bad:
        out.errors[one.key] = bad.reason


def _table(key: str, value: object, errors: dict[str, str]) -> dict[str, bool]:
    """{question: True for Có, False for Không}; each must be answered."""
    if not isinstance(value, Mapping):
        errors[key] = "bad_shape"
        return {}
    questions = [q.value for q in form().table(key)]
    for other in value.keys() - set(questions):
        errors[f"{key}.{str(other)[:40]}"] = "unknown_field"
    for question in questions:
        if not isinstance(value.get(question), bool):
            errors[f"{key}.{question}"] = "unanswered" if _blank(value.get(question)) else "bad_shape"
    return {question: value[question] for question in questions if isinstance(value.get(question), bool)}


def _address(value: object) -> dict[str, str]:
    """Free text or the four levels -> the levels, with the commune's code where the list knows it."""
    if isinstance(value, str):
        typed = lists.split_address(clean(value, identity.ADDRESS_LIMIT))
        if not typed:
            raise BadText("required")
        return _coded(typed)
    if not isinstance(value, Mapping):
        raise BadText("bad_shape")
    levels = [level.value for level in form().levels]
    if not value.keys() <= {*levels, "ward_code"} or not all(isinstance(part, str) for part in value.values()):
        raise BadText("bad_shape")
    typed = {key: squeeze(clean(value[key], identity.ADDRESS_LIMIT)) for key in levels if not _blank(value.get(key))}
    if not typed:
        raise BadText("required")
    return _coded(typed)


def _coded(address: dict[str, str]) -> dict[str, str]:
    unit = lists.find_unit(address.get("ward", ""), address.get("district", ""))
    return address | ({"ward_code": unit.code} if unit else {})


def _name(text: str, one: Field, out: Checked) -> str:
    name = identity.check_name(text)
    _warn(out, one.key, identity.name_warnings(name))
    return name


def _phone(text: str, one: Field, out: Checked) -> str:
    phone, doubts = identity.check_phone(text)
    _warn(out, one.key, doubts)
    return phone


def _choice(text: str, one: Field, out: Checked) -> str:
    if text not in {option.value for option in one.options}:
        raise BadText("bad_choice")
    return text


def _email(text: str, one: Field, out: Checked) -> str:
    email = clean(text, 254)
    if not re.fullmatch(r"[^\s@<>\"',;]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", email):
        raise BadText("bad_email")
    return email


def _country(text: str, one: Field, out: Checked) -> str:
    country = clean(text, 60)
    if len(country) == 2 and re.fullmatch(r"[A-Za-z]{2}", country):
        return country.upper()
    if not any(c.isalpha() for c in country):
        raise BadText("bad_country")
    return country


CHECKS: dict[str, Callable[[str, Field, Checked], str]] = {
    "name": _name,
    "id": lambda text, one, out: identity.check_id(text).number,
    "date_or_year": lambda text, one, out: identity.check_date(text),
    "phone": _phone,
    "choice": _choice,
    "list": _choice,
    "email": _email,
    "country": _country,
    "text": lambda text, one, out: squeeze(clean(text, TEXT_LIMIT)),
}


def _warn(out: Checked, key: str, doubts: tuple[str, ...]) -> None:
    if doubts:
        out.warnings[key] = doubts[0]


def _together(out: Checked) -> None:
    """What fields say of each other."""
    if not any(key in out.fields or key in out.errors for key in ("id_number", "phone")):
        out.errors["id_number"] = "id_or_phone"
    fields = out.fields
    _warn(out, "id_number", identity.id_warnings(fields.get("id_number", ""), fields.get("birth_date", ""), fields.get("gender", "")))
    home = fields.get("current", {})
    if home and "ward_code" not in home and home.get("province", "") in ("", lists.units()[0].province):
        out.warnings["current"] = "ward_unknown"


def outcome(declaration: Declaration, rules: Rules) -> bool:
    """True: to the health desk, because an answer "Có" is one of the rules'. The rules are the province's, not ours."""
    return bool(_answered(declaration.fields, rules, DESK))


def asked_again(fields: Answers, rules: Rules) -> tuple[str, ...]:
    """The questions answered "Có" that the rules have asked once more before they count ("symptoms.fatigue"), in the form's order."""
    return _answered(fields, rules, ASK)


def _answered(fields: Answers, rules: Rules, step: Step) -> tuple[str, ...]:
    wanted = rules.leading_to(step)
    return tuple(
        f"{key}.{question}" for key in TABLES for question, answer in (fields.get(key) or NONE).items() if answer and question in wanted
    )


def subjects(fields: Answers) -> tuple[str, ...]:
    """Stable texts that name this person for look-up, strongest first. A relative's phone names somebody else."""
    found = [f"id:{fields[key]}" for key in ("id_number", "old_id") if fields.get(key)]
    phone = str(fields.get("phone") or "")
    if phone.startswith("+") and fields.get("phone_of") != "relative":
        found.append(f"phone:{phone}")
    return tuple(dict.fromkeys(found))


def prefill(fields: Mapping[str, str]) -> dict[str, Any]:
    """What a scanned card (Pass.fields) puts into an empty form. An address becomes levels as far as the list knows it. The present
    residence, the exposures and the symptoms stay for the voter to say."""
    known = {f.key: f for f in form().fields if f.enabled and not f.auto and f.type != "table"}
    out: dict[str, Any] = {key: value for key, value in fields.items() if key in known and value}
    for key in ("permanent", "current"):
        if isinstance(out.get(key), str):
            out[key] = lists.split_address(out[key])
    return out


def example() -> dict[str, Any]:
    """A declaration to copy from, as `kiosk declare --file` takes it. The person is invented."""
    return {
        "mode": "proxy",
        "full_name": "Trần Thị Mẫu",
        "id_number": "046183000123",
        "birth_date": "25/07/1983",
        "gender": "F",
        "phone": "không có",
        "country": "VN",
        "current": {"province": "Tỉnh Thừa Thiên Huế", "district": "Thành phố Huế", "ward": "Phường An Cựu", "hamlet": "Tổ dân phố 3"},
        "exposures": {question.value: False for question in form().exposures},
        "symptoms": {question.value: False for question in form().symptoms},
        "proxy_reason": "no_phone",
    }
