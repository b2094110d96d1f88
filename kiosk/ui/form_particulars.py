"""Step one of the declaration: who it is and where they live. Fields, labels and options are data/form.yaml's.

Enter goes to the next field that lacks something and nowhere else: after a scanned card only what the card does not say is asked. One
digit answers a choice or takes a hamlet; K says that there is no phone.
"""

import itertools
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QCompleter, QGridLayout, QLineEdit, QScrollArea, QWidget

from kiosk import words
from kiosk.domain import form as forms
from kiosk.domain import identity, lists
from kiosk.i18n import _, language
from kiosk.ui import theme
from kiosk.ui.form_hamlets import Hamlets
from kiosk.ui.widgets.basics import PlainLabel, button, column
from kiosk.ui.widgets.fields import Choices, Field, line_edit

ADDRESS, HAMLET = "current", "current.hamlet"
NOTICE = "notice"  # stands on step two
# Where each field stands: (row, column, columns it spans) of twelve. Fields the form asks and this table does not name come below.
PLACES = {
    "full_name": (0, 0, 5),
    "birth_date": (0, 5, 3),
    "gender": (0, 8, 4),
    "id_number": (1, 0, 3),
    "phone": (1, 3, 5),
    "phone_of": (1, 8, 4),
    "current.hamlet": (2, 0, 12),
    "proxy_reason": (3, 0, 12),
    "current.ward": (4, 0, 4),
    "current.district": (4, 4, 4),
    "current.province": (4, 8, 4),
    "old_id": (6, 0, 4),
    "email": (6, 4, 5),
    "country": (6, 9, 3),
    "permanent": (7, 0, 5),
    "travel_14d": (7, 5, 7),
    "person": (8, 0, 12),
}
MORE, UNPLACED = 5, 9  # rows: the line above what is seldom asked; where fields begin that the table does not name
LIMITS = {"name": identity.NAME_LIMIT, "address": identity.ADDRESS_LIMIT, "id": 40, "phone": 40, "date_or_year": 40}
ASKED = ("id_number", "phone", "phone_of", "proxy_reason")  # asked in every khai hộ, also where the form could do without
HOUSEHOLD = ("current.hamlet", "current.ward", "current.district", "current.province", "phone", "proxy_reason")


def label_of(option: lists.Option | forms.Field) -> str:
    """The form's own words in the language spoken now."""
    return option.vi if language() == "vi" else option.en


class Particulars(QWidget):
    """`finished`: Enter with nothing missing; `problems`, `doubts`: field -> reason word, as declaration.check finds them; `edited`:
    something was typed. Answers are texts as typed."""

    def __init__(self, finished: Callable[[], object]) -> None:
        super().__init__()
        self.finished = finished
        self.problems: Callable[[], dict[str, str]] = dict
        self.doubts: Callable[[], Mapping[str, str]] = dict
        self.edited: Callable[[], object] = lambda: None
        self.by_proxy = True  # the reason for it is asked
        self._passed: set[str] = set()
        self.fields: dict[str, Field] = {}
        self.hamlets = Hamlets(self._take_hamlet)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setContentsMargins(24, 12, 24, 12)
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

    # -- making ---------------------------------------------------------------------------------------------------

    def _make(self) -> list[tuple[str, Field]]:
        made: list[tuple[str, Field]] = []
        for field in forms.form().fields:
            if field.auto or field.type == "table" or not field.enabled or field.key == NOTICE:
                continue
            if field.key == ADDRESS:
                made += [(f"{ADDRESS}.{level.value}", self._level(level, field)) for level in forms.form().levels]
            else:
                made.append((field.key, self._one(field)))
        return made

    def _one(self, field: forms.Field) -> Field:
        label, starred = label_of(field), field.required in ("yes", "year") or field.key in ("phone", "proxy_reason")
        if field.options:
            choices = Choices([(option.value, label_of(option)) for option in field.options], wide=True)
            return Field(field.key, label, choices, starred)
        hint = _("ngày/tháng/năm, hoặc chỉ năm") if field.type == "date_or_year" else ""
        edit = line_edit(LIMITS.get(field.type, 300), hint)
        edit.setText(field.default)
        none = None
        if field.type == "phone":
            none = button(_("K Không có"), self.no_phone, focus=False)
        return Field(field.key, label, edit, starred, none)

    def _level(self, level: lists.Option, field: forms.Field) -> Field:
        edit, key = line_edit(identity.ADDRESS_LIMIT), f"{field.key}.{level.value}"
        if level.value == "ward":
            self._complete(edit)
        beside = self.hamlets if key == HAMLET else None
        if beside is not None:
            edit.setMaximumWidth(360)
        return Field(key, label_of(level), edit, bool(field.required) and level.value != "province", beside)

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
            field.editor.keyed = self._keyed(field)
            field.editor.entered = partial(self.area.ensureWidgetVisible, field.editor, 16, 48)
            if isinstance(field.editor, Choices):
                field.editor.changed = self._edited
                if PLACES.get(field.key, (MORE,))[0] < MORE:
                    field.editor.picked = self._go_on(field)
            else:
                field.editor.textEdited.connect(self._edited)

    def _edited(self, _text: str = "") -> None:
        self.edited()

    def _go_on(self, field: Field) -> Callable[[], None]:
        return lambda: self.confirm(field)

    # -- keys -----------------------------------------------------------------------------------------------------

    def _keyed(self, field: Field) -> Callable[[QKeyEvent], bool]:
        """Enter goes on, and one key may answer an empty field."""

        def keyed(event: QKeyEvent) -> bool:
            if _confirms(event, field.editor):
                self.confirm(field)
                return True
            return not field.value and self._one_key(field.key, event.text())

        return keyed

    def _one_key(self, key: str, text: str) -> bool:
        """A key that answers an empty field at once: K for no phone, a digit for a hamlet."""
        if key == "phone" and text.lower() == "k":
            self.no_phone()
            return True
        return key == HAMLET and text != "" and self.hamlets.press(text)

    def no_phone(self) -> None:
        self.fields["phone"].put(identity.NO_PHONE)
        self.fields["phone_of"].put("")
        self._edited()
        self.confirm(self.fields["phone"])

    def _take_hamlet(self, hamlet: str) -> None:
        self.fields[HAMLET].put(hamlet)
        self._edited()
        self.confirm(self.fields[HAMLET])

    def wanting(self, problems: Mapping[str, str]) -> list[Field]:
        """The fields still to be asked, as they stand on the page."""
        open_ = {key for key in ASKED if key in self.fields and not self.fields[key].value.strip()}
        if not self.by_proxy:
            open_ -= {"proxy_reason", "phone", "phone_of"}
        if "phone_of" in open_ and not any(c.isdigit() for c in self.fields["phone"].value):
            open_.discard("phone_of")
        return [field for field in self.order if field.key in (problems.keys() | open_) - self._passed]

    def confirm(self, here: Field | None = None) -> None:
        """Enter: on to the next field that still lacks something, else finished."""
        if here is not None and not self._good(here):
            return
        problems = self.problems()
        wanting = self.wanting(problems)
        if not wanting and problems:
            self._passed.clear()
            wanting = self.wanting(problems)
        if not wanting:
            self.finished()
            return
        place = self.order.index(here) + 1 if here is not None else 0
        if here is None:
            self.show_problems({field.key: problems.get(field.key, "required") for field in wanting}, {})
        next_ = next((field for field in wanting if self.order.index(field) >= place), wanting[0])
        next_.editor.setFocus(Qt.FocusReason.TabFocusReason)

    def _good(self, here: Field) -> bool:
        """Says what is wrong or odd with the field just left; True if the officer may go on."""
        typed = here.value.strip()
        if here.key == "full_name" and typed.islower():
            here.put(" ".join(word[:1].upper() + word[1:] for word in typed.split()))
        if here.key == HAMLET and not typed and self.hamlets.suggested:
            here.put(self.hamlets.suggested)
            typed = here.value
        if here.key == "id_number" and not typed:
            self._passed.add(here.key)
            here.say("")
            return True
        problems = self.problems()
        word = problems.get(here.key, "") or ("required" if not typed and here in self.wanting(problems) else "")
        here.say(words.field_problem(word) or words.field_problem(self.doubts().get(here.key, "")), wrong=bool(word))
        return not word

    # -- content --------------------------------------------------------------------------------------------------

    def show_problems(self, errors: Mapping[str, str], warnings: Mapping[str, str]) -> None:
        """Reason words under their fields; errors stop, warnings do not."""
        for key, field in self.fields.items():
            word = errors.get(key) or warnings.get(key) or warnings.get(key.removesuffix(".ward"), "")
            field.say(words.field_problem(word), wrong=key in errors)

    def answers(self) -> dict[str, Any]:
        """As declaration.check takes them."""
        flat = self.typed()
        levels = {key.partition(".")[2]: value for key, value in flat.items() if key.startswith(f"{ADDRESS}.") and value.strip()}
        return {key: value for key, value in flat.items() if "." not in key} | {ADDRESS: levels}

    def typed(self) -> dict[str, str]:
        """Field -> text, as a draft keeps it."""
        return {key: field.value for key, field in self.fields.items()}

    def retype(self, texts: Mapping[str, str]) -> None:
        """A draft, or a household's part of one."""
        for key, text in texts.items():
            if key in self.fields:
                self.fields[key].put(text)

    def put(self, answers: Mapping[str, Any]) -> None:
        """Fills the fields; those not named become empty, or their default."""
        self._passed.clear()
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
