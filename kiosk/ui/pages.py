"""The pages behind the scan page, made together after the first paint."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from kiosk.ui.audit_page import AuditPage
from kiosk.ui.check_page import CheckPage
from kiosk.ui.close_page import ClosePage
from kiosk.ui.devices_page import DevicesPage
from kiosk.ui.enrol_page import EnrolPage
from kiosk.ui.export_page import ExportPage
from kiosk.ui.form_page import FormPage
from kiosk.ui.lock_page import LockPage
from kiosk.ui.lookup_page import LookupPage
from kiosk.ui.pin_page import PinPage
from kiosk.ui.places_page import PlacesPage
from kiosk.ui.print_page import PrintPage
from kiosk.ui.return_page import ReturnPage
from kiosk.ui.shift_page import ShiftPage
from kiosk.ui.signin_page import SignInPage
from kiosk.ui.sync_page import SyncPage
from kiosk.ui.today_page import TodayPage

if TYPE_CHECKING:
    from kiosk.ui.front import FrontDesk


class Pages:
    """One of each. They call the front desk's acts and know nothing else of it."""

    def __init__(self, front: "FrontDesk") -> None:
        self.form = FormPage(front.declaring.declare, front.back)
        self.today = TodayPage(front.prints.view_report, front.prints.report, front.back, partial(front.press_key, 4), front.open_export)
        self.export = ExportPage(front, front.slow, front.back)
        self.print = PrintPage(front.prints, front.open_places, front.declaring.key_in, front.back)
        self.places = PlacesPage(front, front.desk, front.prints, front.open_print)
        self.close = ClosePage(front, front.slow, front.desk, front.prints, front.duty.lock, front.open_return, front.back)
        self.giving = ReturnPage(front, front.slow, front.prints, front.back)
        self.devices = DevicesPage(front.use_camera, front.use_theme, front.back, front.equipping, front.open_return)
        self.check = CheckPage(front.slow, front.equipping.f_keys, front.open_devices, front.equipping.report)
        self.sync = SyncPage(front, front.slow, front.back)
        acts = front.lookups
        self.lookup = LookupPage(acts.find, acts.open, acts.twice, acts.ask, front.declaring.open_form, front.back)
        acts.page = self.lookup
        self.enrol = EnrolPage()
        self.signin, self.lock, self.pin = SignInPage(), LockPage(), PinPage()
        self.shift = ShiftPage(front.duty, front.back)
        self.audit = AuditPage(front.duty.export_audit, front.back)

    def all(self) -> tuple[QWidget, ...]:
        own = (self.signin, self.lock, self.pin, self.shift, self.audit)
        day = (self.form, self.lookup, self.today, self.export, self.print, self.places, self.close, self.giving)
        return *day, self.devices, self.check, self.sync, self.enrol, *own

    def number_of(self, page: QWidget) -> int:
        """The function key a page belongs to, 0 for none."""
        keyed: tuple[tuple[int, QWidget], ...] = ((2, self.form), (3, self.lookup), (7, self.today), (8, self.print), (8, self.places))
        keyed += ((7, self.export), (9, self.devices), (9, self.check), (10, self.close), (10, self.giving))
        return next((number for number, own in keyed if own is page), 0)
