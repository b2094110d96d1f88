"""The lead's page of QR places (letter 63/CV-BCĐ, annex 1): the list, one place's form, the board, and at which place this lane stands."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QPushButton, QScrollArea, QWidget

from kiosk import words
from kiosk.domain.places import KINDS, LIMITS, BadPlace
from kiosk.i18n import _
from kiosk.ports import Order
from kiosk.ui.services import KnownPlace, Services
from kiosk.ui.threads import Lane
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, row
from kiosk.ui.widgets.fields import Choices, Field, line_edit
from kiosk.words.labels import PLACE_KINDS

if TYPE_CHECKING:
    from kiosk.ui.prints import Prints

Told = tuple[Sequence[KnownPlace], str, Mapping[str, str]]  # places, this lane's, what is wrong with the form


class Front(Protocol):
    """What the page needs of the window."""

    services: Services | None

    def tell(self, text: str) -> None: ...


class PlacesPage(QWidget):
    """Enter saves, N begins a new place, Esc goes back. Nothing is deleted: a withdrawn place's code is recognised and said to be so."""

    def __init__(self, front: Front, desk: Lane, prints: "Prints", back: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._front, self._desk, self._prints = front, desk, prints
        self.chosen, self.here, self.begun = "", "", False
        self.known: dict[str, KnownPlace] = {}
        self.rows: dict[str, QPushButton] = {}
        self._list = column(gap=8)
        holder = QWidget()
        holder.setLayout(column(self._list, None))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(holder)
        self.new = button(_("N · Địa điểm mới"), self.begin)
        head = PlainLabel(_("Địa điểm của khu vực này"), 14, QFont.Weight.DemiBold, soft=True)
        left = panel(column(head, scroll, self.new, gap=12, margin=24))
        left.setFixedWidth(480)
        body = row(left, self._form(), gap=16)
        body.setStretch(1, 1)
        title = PlainLabel(_("Địa điểm đặt bảng QR"), 24, QFont.Weight.Bold)
        layout = column(row(title, None, button(_("Esc · Quay lại"), back)), body, gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def _form(self) -> QWidget:
        labels = {
            "name": _("Tên trên bảng"),
            "spot": _("Chỗ treo bảng"),
            "street": _("Địa chỉ"),
            "keeper": _("Người trông"),
            "phone": _("Điện thoại người trông"),
        }
        self.kind = Choices([(kind, words.label(PLACE_KINDS, kind)) for kind in KINDS])
        self.fields = {key: Field(key, label, line_edit(LIMITS[key]), key == "name") for key, label in labels.items()}
        self.fields["kind"] = Field("kind", _("Loại địa điểm"), self.kind, True)
        for field in self.fields.values():
            if not isinstance(field.editor, Choices):
                field.editor.returnPressed.connect(self.save)
        self.state = PlainLabel("", 15, soft=True, wrap=True)
        self.save_it = button(_("Lưu"), self.save, primary=True)
        formats = ((_("Bảng A4"), "a4"), (_("A3"), "a3"), (_("Cột đứng"), "column"))
        self.boards = [button(text, partial(self._board, size)) for text, size in formats]
        self.use_it = button(_("Lối này đặt ở đây"), self._use)
        self.withdraw_it = button(_("Thu hồi"), self._withdraw)
        acts = row(self.save_it, *self.boards, None, self.use_it, self.withdraw_it, gap=8)
        first = row(self.fields["name"], self.fields["spot"], gap=16)
        last = row(self.fields["keeper"], self.fields["phone"], gap=16)
        return panel(column(first, self.fields["kind"], self.fields["street"], last, self.state, None, acts, gap=6, margin=16))

    # -- showing --------------------------------------------------------------------------------------------------

    def look(self) -> None:
        self._do(lambda services: {})

    def show_places(self, told: Told) -> None:
        """The list anew; the form keeps what is typed when something in it was refused."""
        places, self.here, errors = told
        self.known = {known.row.id: known for known in places}
        while self._list.count():
            item = self._list.takeAt(0)
            if item is not None and (old := item.widget()) is not None:
                old.deleteLater()
        self.rows = {}
        for known in places:
            made = button(self._line(known), partial(self.choose, known.row.id))
            made.setProperty("quiet", True)
            self._list.addWidget(made)
            self.rows[known.row.id] = made
        for key, field in self.fields.items():
            field.say(words.field_problem(errors[key]) if key in errors else "")
        if not errors and (self.chosen or not self.begun):  # a look that comes home late must not empty what is being typed
            self.choose(self.chosen if self.chosen in self.known else next(iter(self.known), ""))

    def _line(self, known: KnownPlace) -> str:
        kind, row_ = words.label(PLACE_KINDS, known.row.kind), known.row
        state = _("đã thu hồi") if row_.withdrawn else _("lối này") if row_.id == self.here else kind
        return _("{name}\n{id} · {state}").format(name=row_.name, id=row_.id, state=state)

    def choose(self, place: str) -> None:
        """Shows one place in the form; "" begins a new one."""
        self.chosen, self.begun = place, False
        known = self.known.get(place)
        for key, field in self.fields.items():
            field.put(str(getattr(known.row, key)) if known else "")
            field.say("")
        self.state.setText(self._state(known))
        there = known is not None and not known.row.withdrawn
        for made in (*self.boards, self.use_it, self.withdraw_it):
            made.setEnabled(there)

    @staticmethod
    def _state(known: KnownPlace | None) -> str:
        if known is None:
            return _("Địa điểm mới. Đặt trước lối vào, không đặt trong phòng bỏ phiếu.")
        said = []
        if known.row.withdrawn:
            said.append(_("Đã thu hồi: ai quét bảng này sẽ được báo như vậy. Lưu lại thì dùng tiếp."))
        elif not known.row.mac:
            said.append(_("Tỉnh chưa cấp mã cho bảng: gửi về tỉnh (Ctrl+S), ít phút sau in được."))
        elif not known.sent:
            said.append(_("Thay đổi chưa về tới tỉnh; bảng đã in vẫn dùng được."))
        for rival in known.row.rivals:
            other = _("nơi khác ghi “{name}” lúc {time}; xem rồi bấm Lưu để chọn bản này.")
            said.append(other.format(name=rival.name, time=words.full(rival.at)))
        return " ".join(said)

    # -- acting ---------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        self.choose("")
        self.begun = True
        self.kind.choose("entrance")
        self.fields["name"].editor.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_N:
            self.begin()
        else:
            super().keyPressEvent(event)

    def save(self) -> None:
        typed, place = {key: field.value for key, field in self.fields.items()}, self.chosen

        def act(services: Services) -> Mapping[str, str]:
            try:
                made = services.places().edit(place, typed) if place else services.places().add(typed)
            except BadPlace as bad:
                return bad.errors
            self.chosen = made.id
            return {}

        self._do(act, _("Đã lưu địa điểm; sẽ gửi về tỉnh."))

    def _use(self) -> None:
        place = self.chosen

        def act(services: Services) -> Mapping[str, str]:
            services.places().use(place)
            return {}

        self._do(act, _("Từ giờ mỗi lượt vào ở lối này ghi kèm địa điểm này."))

    def _withdraw(self) -> None:
        place = self.chosen

        def act(services: Services) -> Mapping[str, str]:
            services.places().withdraw(place)
            return {}

        self._do(act, _("Đã thu hồi địa điểm; nhớ gỡ bảng xuống."))

    def _board(self, size: str) -> None:
        self._prints.order(Order("poster", self.chosen, size))

    def _do(self, act: Callable[[Services], Mapping[str, str]], done: str = "") -> None:
        """On the desk lane; the list comes home with what was wrong in the form."""
        services = self._front.services
        if services is None:
            return

        def work() -> Told:
            errors = act(services)
            desk = services.places()
            return desk.all(), desk.here, errors

        def home(told: Told) -> None:
            self.show_places(told)
            if done and not told[2]:
                self._front.tell(done)

        self._desk.submit(work, home)

