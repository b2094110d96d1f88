"""What the devices page and the start-of-day check ask of the window: each act runs on the slow lane and comes home as one result."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtWidgets import QWidget

from kiosk.i18n import _
from kiosk.ports import Order
from kiosk.ui.choices import Choice
from kiosk.ui.services import KnobLike, Services
from kiosk.ui.threads import Lane

if TYPE_CHECKING:
    from kiosk.ui.aim import Aim
    from kiosk.ui.pages import Pages
    from kiosk.ui.widgets.bars import KeyBar


class Front(Protocol):
    """What these acts need of the window."""

    services: Services | None
    aim: "Aim"
    keys: "KeyBar"

    def load_pages(self) -> "Pages": ...
    def go(self, page: QWidget) -> None: ...
    def tell(self, text: str) -> None: ...
    def ask(self, title: str, note: str, choices: list[Choice]) -> None: ...
    def open_devices(self) -> None: ...


class Equipping:
    """ui.devices_page.CameraActs, and the check page's way in and out."""

    def __init__(self, front: Front, slow: Lane) -> None:
        self._front, self._slow = front, slow

    def tell(self, text: str) -> None:
        self._front.tell(text)

    def show_camera(self) -> None:
        """The page learns how the camera in use is set."""
        services = self._front.services
        if services is not None and services.cameras is not None:
            cameras = services.cameras
            self._slow.submit(lambda: cameras.controls(), self._shown)

    def _shown(self, knobs: Sequence[KnobLike]) -> None:
        self._front.load_pages().devices.show_cameras(self._front.aim.mirrored, knobs)

    def mirror(self, on: bool) -> None:
        self._front.aim.mirror(on)

    def turn(self, name: str, value: int) -> None:
        services = self._front.services
        if services is not None and services.cameras is not None:
            self._slow.submit(partial(services.cameras.turn, name, value), lambda _done: self.show_camera())

    def check(self) -> None:
        services = self._front.services
        if services is not None and services.check is not None:
            page = self._front.load_pages().check
            self._front.go(page)
            page.begin(services.check())

    def f_keys(self) -> Sequence[int]:
        """The F-keys on the bar, and F12, which locks."""
        return [*sorted(self._front.keys.buttons), 12]

    def test_card(self) -> None:
        self._paper("test-card", _("Thẻ thử đã gửi máy in."))

    def report(self) -> None:
        self._paper("start-check", _("Phiếu kiểm tra đã gửi máy in."))

    def _paper(self, paper: str, told: str) -> None:
        services = self._front.services
        if services is not None:
            papers = services.papers
            self._slow.submit(lambda: papers().submit(Order(paper)), lambda _number: self._front.tell(told))

    # -- a picture for the hotline --------------------------------------------------------------------------------

    def capture(self) -> None:
        """Only with the lead's consent, asked each time; what was decoded is blurred, and the file expires."""
        services = self._front.services
        if services is None or services.cameras is None:
            return
        note = _("Ảnh chỉ để gửi tổng đài 19001075 khi máy không đọc được mã. Mã đã đọc được sẽ bị làm mờ; ảnh tự xóa sau 24 giờ.")
        choices = [Choice(_("Người phụ trách đồng ý, chụp"), self._capture), Choice(_("Không chụp"), lambda: None)]
        self._front.ask(_("Chụp một ảnh camera?"), note, choices)

    def _capture(self) -> None:
        services = self._front.services
        if services is not None and services.cameras is not None:
            told = _("Đã lưu ảnh, tự xóa sau 24 giờ: {file}")
            self._slow.submit(services.cameras.capture, lambda file: self._front.tell(told.format(file=file)))
