"""The pages behind the scan page, made together after the first paint."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from kiosk.ui.devices_page import DevicesPage
from kiosk.ui.enrol_page import EnrolPage
from kiosk.ui.form_page import FormPage
from kiosk.ui.today_page import TodayPage

if TYPE_CHECKING:
    from kiosk.ui.window import MainWindow


class Pages:
    """One of each. They call the window's acts and know nothing else of it."""

    def __init__(self, window: "MainWindow") -> None:
        self.form = FormPage(window.declare, window.back)
        self.today = TodayPage(window.acts.view_report, window.acts.print_report, window.back)
        self.devices = DevicesPage(window.use_camera, window.use_theme, window.back)
        self.enrol = EnrolPage()

    def all(self) -> tuple[QWidget, ...]:
        return self.form, self.today, self.devices, self.enrol

    def number_of(self, page: QWidget) -> int:
        """The function key a page belongs to, 0 for none."""
        return next((number for number, own in ((2, self.form), (7, self.today), (9, self.devices)) if own is page), 0)
