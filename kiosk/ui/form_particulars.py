"""Step one of the declaration: who it is and where they live. Fields, labels and options are data/form.yaml's."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QCompleter, QGridLayout, QLineEdit, QScrollArea, QWidget

from kiosk import words
from kiosk.domain import form as forms
from kiosk.domain import identity, lists
from kiosk.i18n import _, language
from kiosk.ui import theme
from kiosk.ui.widgets.basics import PlainLabel, button, column
from kiosk.ui.widgets.fields import Choices, Field, line_edit

ADDRESS = "current"
# Where each field stands: (row, column, columns it spans) of twelve. Fields the form asks and this table does not name come below.
PLACES = {
    "full_name": (0, 0, 5),
    "birth_date": (0, 5, 3),
    "gender": (0, 8, 4),
    "id_number": (1, 0, 3),
    "phone": (1, 3, 5),
    "phone_of": (1, 8, 4),
    "current.hamlet": (2, 0, 4),
    "current.ward": (2, 4, 3),
    "current.district": (2, 7, 2),
    "current.province": (2, 9, 3),
    "proxy_reason": (3, 0, 12),
    "old_id": (5, 0, 4),
    "email": (5, 4, 5),
    "country": (5, 9, 3),
    "permanent": (6, 0, 5),
    "travel_14d": (6, 5, 7),
}
MORE, UNPLACED = 4, 7  # rows: the line above what is seldom asked; where fields begin that the table does not name
LIMITS = {"name": identity.NAME_LIMIT, "address": identity.ADDRESS_LIMIT, "id": 40, "phone": 40, "date_or_year": 40}


def label_of(option: lists.Option | forms.Field) -> str:
    """The form's own words in the language spoken now."""
    return option.vi if language() == "vi" else option.en


class Particulars(QWidget):
    """`finished`: Enter with nothing missing. Answers are texts as typed; what is good is declaration.check's to say."""

    def __init__(self, finished: Callable[[], object]) -> None:
        super().__init__()
        self.finished = finished
        self.problems: Callable[[], dict[str, str]] = dict
        self.fields: dict[str, Field] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(12)
        grid.setContentsMargins(24, 16, 24, 16)
        for key, made in self._make():
            if key in PLACES:
                r, c, span = PLACES[key]
            else:
                n = len([k for k in self.fields if k not in PLACES])
                r, c, span = UNPLACED + n // 3, 4 * (n % 3), 4
            self.fields[key] = made
            grid.addWidget(made, r, c, 1, span, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(PlainLabel(_("Thêm, nếu có"), 13, QFont.Weight.DemiBold, soft=True), MORE, 0, 1, 12)
        for c in range(12):
            grid.setColumnStretch(c, 1)
        grid.setRowStretch(UNPLACED + 4, 1)
        inside = QWidget()
        inside.setLayout(grid)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(inside)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setLayout(column(self.area))
        self._order()

    def _make(self) -> list[tuple[str, Field]]:
        made: list[tuple[str, Field]] = []
        for field in forms.form().fields:
            if field.auto or field.type == "table" or not field.asked:
                continue
            if field.key == ADDRESS:
                made += [(f"{ADDRESS}.{level.value}", self._level(level, field)) for level in forms.form().levels]
            else:
                made.append((field.key, self._one(field)))
        return made

    def _one(self, field: forms.Field) -> Field:
        label = label_of(field)
        if field.options:
            choices = Choices([(option.value, label_of(option)) for option in field.options], wide=True)
            return Field(field.key, label, choices, field.required == "yes")
        hint = _("ngày/tháng/năm, hoặc chỉ năm") if field.type == "date_or_year" else ""
        edit = line_edit(LIMITS.get(field.type, 300), hint)
        edit.setText(field.default)
        none = None
        if field.type == "phone":
            none = button(_("Không có"), lambda: edit.setText(identity.NO_PHONE), focus=False)
        return Field(field.key, label, edit, field.required in ("yes", "year"), none)

    def _level(self, level: lists.Option, field: forms.Field) -> Field:
        edit = line_edit(identity.ADDRESS_LIMIT)
        if level.value == "ward":
            self._complete(edit)
        return Field(f"{field.key}.{level.value}", label_of(level), edit, bool(field.required) and level.value != "province")

    def _complete(self, edit: QLineEdit) -> None:
        """Communes by any part of their unmarked name; taking one fills district and province."""
        model = QStringListModel(self)
        completer = QCompleter(model, self)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        if (popup := completer.popup()) is not None:
            popup.setFont(theme.font())
        edit.setCompleter(completer)

        def typed(text: str) -> None:
            found = lists.find_units(text) if len(text) > 1 else []
            model.setStringList([_("{ward}, {district}").format(ward=unit.ward, district=unit.district) for unit in found])

        def taken(text: str) -> None:
            ward, _comma, district = text.partition(", ")
            province = next((u.province for u in lists.units() if u.ward == ward and u.district == district), "")
            for level, value in (("ward", ward), ("district", district), ("province", province)):
                self.fields[f"{ADDRESS}.{level}"].put(value)

        edit.textEdited.connect(typed)
        completer.activated.connect(taken, Qt.ConnectionType.QueuedConnection)

    def _order(self) -> None:
        """Tab follows the eye: row by row."""
        placed = sorted(self.fields.values(), key=lambda f: PLACES.get(f.key, (99, 0, 0)))
        self.order = placed
        for one, other in itertools.pairwise(placed):
            QWidget.setTabOrder(one.editor, other.editor)
        for field in placed:
            field.editor.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        if event.type() == event.Type.FocusIn:
            self.area.ensureWidgetVisible(watched, 16, 48)
        elif isinstance(event, QKeyEvent) and event.type() == event.Type.KeyPress and _confirms(event, watched):
            self.confirm(next(f for f in self.order if f.editor is watched))
            return True
        return super().eventFilter(watched, event)

    def confirm(self, here: Field | None = None) -> None:
        """Enter: on to the next field that still lacks something, else finished."""
        problems = self.problems()
        place = self.order.index(here) + 1 if here is not None else 0
        if here is not None:
            here.say(words.field_problem(problems.get(here.key, "")))
            if here.key in problems and here.value.strip():
                return
        wanting = [field for field in self.order[place:] + self.order[:place] if field.key in problems]
        if not wanting:
            self.finished()
            return
        if here is None or self.order.index(wanting[0]) < place:
            self.show_problems(problems, {})
        wanting[0].editor.setFocus(Qt.FocusReason.TabFocusReason)

    def show_problems(self, errors: Mapping[str, str], warnings: Mapping[str, str]) -> None:
        """Reason words under their fields; errors stop, warnings do not."""
        for key, field in self.fields.items():
            word = errors.get(key) or warnings.get(key) or warnings.get(key.removesuffix(".ward"), "")
            field.say(words.field_problem(word), wrong=key in errors)

    def answers(self) -> dict[str, Any]:
        """As declaration.check takes them."""
        flat = {key: field.value for key, field in self.fields.items()}
        levels = {key.partition(".")[2]: value for key, value in flat.items() if key.startswith(f"{ADDRESS}.") and value.strip()}
        return {key: value for key, value in flat.items() if "." not in key} | {ADDRESS: levels}

    def put(self, answers: Mapping[str, Any]) -> None:
        """Fills the fields; those not named become empty, or their default."""
        for key, field in self.fields.items():
            name, _dot, level = key.partition(".")
            value = answers.get(name)
            default = "" if level else forms.form().field(name).default
            if level:
                value = value.get(level, "") if isinstance(value, Mapping) else ""
            elif isinstance(value, Mapping):
                value = ", ".join(str(value[part]) for part in ("hamlet", "ward", "district", "province") if value.get(part))
            field.put(_spoken_date(str(value)) if name == "birth_date" and value else str(value or default))
            field.say("")


def _confirms(event: QKeyEvent, editor: QWidget) -> bool:
    """Enter, unless a list of communes is open: then it belongs to that."""
    if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        return False
    completer = editor.completer() if isinstance(editor, QLineEdit) else None
    popup = completer.popup() if completer is not None else None
    return popup is None or not popup.isVisible()


def _spoken_date(text: str) -> str:
    """1983-07-25 -> 25/07/1983."""
    parts = text.split("-")
    return "/".join(reversed(parts)) if len(parts) == 3 else text
