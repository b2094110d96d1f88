"""The first start: enrolment by code or by file, a spare's choice of station, or training. Nothing else is offered."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtWidgets import QFileDialog

from kiosk.errors import KioskError
from kiosk.i18n import _
from kiosk.ui.signin_page import Asked, Person
from kiosk.ui.threads import LoopThread, Result

if TYPE_CHECKING:
    from kiosk.security.activate import Choice
    from kiosk.ui.front import FrontDesk
    from kiosk.ui.threads import ScannerLike


class Newcomer(Protocol):
    """What a machine without a station may do; app.py gives it. All but `spare` are called on the desk lane."""

    def enrol(self, server: str, code: str) -> object: ...
    def choices(self, file: Path) -> "Sequence[Choice]": ...
    def activate(self, file: Path, station: str, officer: str, pin: str) -> object: ...
    def train(self) -> object: ...
    def spare(self) -> Path | None: ...


class Enrolling:
    """`done` is called when the home is one of a station's, or a training one."""

    def __init__(self, front: "FrontDesk", newcomer: Newcomer, done: Callable[[object], object]) -> None:
        self._front, self._new, self._done = front, newcomer, done
        self._camera: LoopThread | None = None
        page = front.load_pages().enrol
        page.submit = lambda server, code: front.desk.submit(lambda: newcomer.enrol(server, code), done, page.refused)
        page.by_file, page.train = self.ask_file, lambda: front.desk.submit(newcomer.train, done, page.refused)

    def begin(self) -> None:
        spare = self._new.spare()
        self._front.go(self._front.load_pages().enrol)
        if spare is not None:
            self.open_file(spare)

    def watch(self, scanner: "ScannerLike") -> None:
        """Codes held before the camera go to the page, until `unwatch`: the scanner is the scan page's then."""
        if self._camera is not None:
            return
        page, home = self._front.load_pages().enrol, self._front.home
        pictured: list[bool] = [False]

        def step() -> float:
            seen = scanner.step()
            if pictured[0] != (scanner.latest is not None):
                pictured[0] = not pictured[0]
                home.arrived.emit(Result(page.show_camera, scanner if pictured[0] else None))
            if seen is not None:
                home.arrived.emit(Result(page.shown, seen.raw))
            return 0.0

        self._camera = LoopThread("enrol-camera", step)
        self._camera.start()

    def unwatch(self) -> None:
        """Ends it; a driver that hangs is left behind."""
        if self._camera is not None:
            self._front.load_pages().enrol.show_camera(None)
            self._camera.stop()
            self._camera = None

    def ask_file(self) -> None:
        title, kinds = _("Chọn tệp ghi danh"), _("Mọi tệp (*)")
        name, _kind = QFileDialog.getOpenFileName(self._front, title, "", kinds)
        if name:
            self.open_file(Path(name))

    def open_file(self, file: Path) -> None:
        page = self._front.load_pages().enrol
        self._front.desk.submit(lambda: self._new.choices(file), lambda found: self._offer(file, found), page.refused)

    def _offer(self, file: Path, found: "Sequence[Choice]") -> None:
        if len(found) == 1:
            self._ask_lead(file, found[0])
            return
        page = self._front.load_pages().enrol
        page.offer([(choice.name, choice.station, lambda choice=choice: self._ask_lead(file, choice)) for choice in found])  # type: ignore[misc]
        self._front.go(page)

    def _ask_lead(self, file: Path, choice: "Choice") -> None:
        page = self._front.load_pages().signin

        def submit(officer: str, pin: str) -> None:
            self._front.desk.submit(lambda: self._new.activate(file, choice.station, officer, pin), self._done, refused)

        def refused(error: KioskError) -> None:
            page.refused(error)

        note = _("Người phụ trách gõ mã đã được tỉnh cho biết. Máy sẽ thuộc {name} ({station}) cho tới hết đợt bầu cử.")
        asked = Asked(
            _("Kích hoạt bằng tệp"),
            note.format(name=choice.name, station=choice.station),
            _("Enter · Kích hoạt"),
            submit,
            lambda: self._front.go(self._front.load_pages().enrol),
        )
        page.ask(asked, [Person(officer, name, "lead") for officer, name in choice.leads])
        self._front.go(page)
