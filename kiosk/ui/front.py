"""What stands in the window: head, pages, key bar, condition line, strip. It moves between pages and shows verdicts.

It never opens a connection and never waits: acts run on lanes and come home as one result. Nothing is modal.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QKeyCombination, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QWidget

from kiosk import words
from kiosk.domain.verdict import Act, Person, Verdict
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.settings import Settings
from kiosk.ui import present, theme
from kiosk.ui.acts import Acts
from kiosk.ui.aim import Aim
from kiosk.ui.choices import Choice
from kiosk.ui.duty import Duty
from kiosk.ui.lookups import Lookups
from kiosk.ui.prints import Prints
from kiosk.ui.scan_page import ScanPage
from kiosk.ui.services import Services, Status, wall
from kiosk.ui.teller import Teller
from kiosk.ui.threads import Home, Lane, Scanned, ScannerLike, ScannerThread
from kiosk.ui.widgets.bars import ConditionLine, Head, Key, KeyBar, Strip
from kiosk.ui.widgets.basics import Stack, column
from kiosk.ui.window import ShownVerdict

if TYPE_CHECKING:
    from kiosk.domain.declaration import Declaration
    from kiosk.ports import Sighting
    from kiosk.ui.pages import Pages

ALARM_MS, ALARMS = 4000, 3  # "could not be saved" sounds again so often, or until the next act
RECENT_MS = 60_000  # so long F3 means the voter whose code was just shown
NO_PICTURE = frozenset({Code.CAMERA_MISSING, Code.CAMERA_LOST})


class FrontDesk(QWidget):
    """Is given its `Services` when the journal is open (`attach`), and a camera when that is there too (`watch`)."""

    verdict_shown = Signal(object)  # ShownVerdict

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("page")
        self.services: Services | None = None
        self.status: Status | None = None
        self.last: Verdict | None = None
        self.scanner: ScannerThread | None = None
        self.more: Pages | None = None
        self._prefill: dict[str, str] = {}
        self.home = Home()
        self.desk, self.slow = Lane("desk", self.home, self.fault), Lane("slow", self.home, self.fault)
        self.duty = Duty(self)
        self.desk.on_lead = self.slow.on_lead = self.duty.ask_lead
        self.acts = Acts(self, self.desk, self.slow)
        self.prints = Prints(self, self.slow, settings.slip_always)
        self.lookups = Lookups(self, self.desk, self.slow)
        self._build(settings)
        self.aim = Aim(self, self.desk, self.slow, settings.offer_seconds, self)
        self._shortcuts()
        self._alarm, self._alarms = QTimer(self, interval=ALARM_MS), 0
        self._alarm.timeout.connect(self._sound_again)
        self._second = QTimer(self, interval=1000)
        self._second.timeout.connect(self._each_second)
        self._second.start()
        self._each_second()
        self.go(self.scan)

    def _build(self, settings: Settings) -> None:
        self.head, self.strip = Head(self.duty.open_shift, self.duty.lock), Strip()
        self.head.lane.setText(settings.entrance)
        self.scan = ScanPage(settings.mirror, settings.dim_seconds, self.acts.code)
        self.pages = Stack()
        self.pages.addWidget(self.scan)
        self.keys = KeyBar(
            [
                Key(2, _("Khai hộ"), self.open_form),
                Key(3, _("Tra cứu"), self.open_lookup),
                Key(4, _("Sửa"), self.acts.ask_void),
                Key(5, _("Đã xem"), self.acts.ask_seen),
                Key(7, _("Hôm nay"), self.open_today),
                Key(8, _("In"), self.open_print),
                Key(9, _("Thiết bị"), self.open_devices),
            ]
        )
        self.keys.setEnabled(False)
        self.teller = Teller(ConditionLine(), self)
        self.teller.help = {
            "day": self.acts.ask_day,
            "camera": self.open_devices,
            "retry": self._look_again,
            "print": self.open_print,
            "restore": self.restore,
        }
        layout = column(self.head, self.pages, self.keys, self.teller.line, self.strip, gap=theme.STEP)
        layout.setContentsMargins(16, 8, 16, 4)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def _shortcuts(self) -> None:
        def on(keys: QKeySequence, action: Callable[[], object]) -> None:
            QShortcut(keys, self, action)

        for number, made in self.keys.buttons.items():
            made.act = partial(self._key, number, made.key.action)
            on(QKeySequence(Qt.Key(Qt.Key.Key_F1 + number - 1)), made.act)
            on(QKeySequence(QKeyCombination(Qt.KeyboardModifier.ControlModifier, Qt.Key(Qt.Key.Key_0 + number))), made.act)
        on(QKeySequence("F1"), self.duty.open_shift)
        for keys in ("F12", "Ctrl+L"):
            on(QKeySequence(keys), self.duty.lock)
        on(QKeySequence("Ctrl+S"), self.acts.sync_now)
        on(QKeySequence("Alt+Return"), self.toggle_full_screen)
        on(QKeySequence("Esc"), self.back)

    def _key(self, number: int, action: Callable[[], object]) -> None:
        """A function key, unless the window is locked: then the lock asks."""
        if self.duty.allowed(number):
            action()

    # -- what app.py gives ----------------------------------------------------------------------------------------

    def load_pages(self) -> "Pages":
        """The other pages, built when first needed: the form's room costs start-up time."""
        if self.more is None:
            from kiosk.ui.pages import Pages

            self.more = Pages(self)
            for page in self.more.all():
                self.pages.addWidget(page)
        return self.more

    def attach(self, services: Services) -> None:
        """The journal is open: the officer can work."""
        self.services = services
        place, more = services.info.station, self.load_pages()
        both = _("{place} · {ward}").format(place=place.name, ward=place.ward) if place.ward else place.name
        self.head.place.setText(both)
        self.head.lane.setText(services.info.lane)
        more.form.home = {"district": place.district, "ward": place.ward}
        self.keys.setEnabled(True)
        self.scan.show_ready()
        if self.pages.currentWidget() in (more.enrol, more.signin):
            self.go(self.scan)
        self.duty.begin()

    def detach(self) -> None:
        """Signed out: nothing is open any more. The scanner's thread ends; a new one begins with the next journal."""
        self.services, self.status = None, None
        self.duty.guard.armed = False
        self.keys.setEnabled(False)
        self.head.show_officer("")
        if self.scanner is not None:
            self.scanner.stop()
            self.scanner = None
        self.scan.show_ready()

    def watch(self, scanner: ScannerLike) -> None:
        """Frames and codes of `scanner` from now on; it is stepped on its own thread."""
        assert self.services is not None
        self.scanner = ScannerThread(self._scan)
        self.scanner.scanned.connect(self._scanned, Qt.ConnectionType.QueuedConnection)
        self.scan.preview.watch(scanner)
        self.aim.watch(scanner, self.scanner, self._other_ways())
        self.scanner.start(scanner)
        self.scanner.pause(self.pages.currentWidget() is not self.scan)

    def _scan(self, sighting: "Sighting") -> Verdict:
        """On the scanner's thread: the station that is open now (a restore opens another)."""
        assert self.services is not None
        return self.services.station.scan(sighting)

    def _other_ways(self) -> list[tuple[str, Callable[[], object]]]:
        """Ways in without a camera, by the keys this window has."""
        ways = {3: _("F3 · Nhập số giấy tờ"), 2: _("F2 · Khai hộ")}
        return [(text, self.keys.buttons[key].key.action) for key, text in ways.items() if key in self.keys.buttons]

    def offer_enrolment(self, enrol: Callable[[str, str], object], done: Callable[[object], object]) -> None:
        """This machine is not enrolled: server and code, on the desk lane."""
        page = self.load_pages().enrol
        page.submit = lambda server, code: self.desk.submit(lambda: enrol(server, code), done, page.refused)
        self.go(page)

    def fail(self, error: KioskError) -> None:
        """The journal could not be opened: the card says so and what to do; the key bar stays off."""
        said = words.fault(error.code)
        cure = _("{cure} Mã lỗi {code}.").format(cure=said.cure, code=error.code.value)
        self.scan.show_fault(_("KHÔNG MỞ ĐƯỢC SỔ"), said.title, said.kept, cure)

    def take_status(self, status: Status) -> None:
        """From the status thread, on the UI thread."""
        self.status = status
        self.strip.show_counts(status.today.visits, status.today.declared)
        received = words.hour_minute(status.received_at) if status.received_at else ""
        self.strip.show_sync(status.waiting, received, words.sync_state(status.sync))
        if self.more is not None and self.pages.currentWidget() is self.more.today:
            self._show_today()
        self._look_at_conditions()

    def _show_today(self) -> None:
        if self.status is not None and self.services is not None:
            self.load_pages().today.show_today(self.status.today, self.services.info.label)

    # -- pages ----------------------------------------------------------------------------------------------------

    def home_page(self) -> None:
        self.go(self.scan)

    def hide_personal(self) -> None:
        """Nothing on any page names or describes a voter after this; a draft waits in memory for the officer's PIN."""
        self.last, self._prefill = None, {}
        self.scan.hide_personal()
        for page in self.more.all() if self.more is not None else ():
            if (hide := getattr(page, "hide_personal", None)) is not None:
                hide()
        QApplication.clipboard().clear()
        if self.pages.currentWidget() is not self.scan and self.duty.guard.state.value == "hidden":
            self.go(self.scan)

    def show_personal(self) -> None:
        for page in self.more.all() if self.more is not None else ():
            if (show := getattr(page, "show_personal", None)) is not None:
                show()

    def go(self, page: QWidget) -> None:
        if not self.duty.may_show(page):
            return
        self.pages.setCurrentWidget(page)
        self.keys.mark(self.more.number_of(page) if self.more else 0)
        if self.scanner is not None:
            self.scanner.pause(page is not self.scan)
        page.setFocus()

    def back(self) -> None:
        """Esc: always to the scan page; a form keeps its draft."""
        if self.duty.escape():
            return
        self.scan.leave_panel()
        self.lookups.forget()
        if self.more is not None and self.pages.currentWidget() is self.more.lookup and not self.more.lookup.leave():
            return
        if self.more is None or self.pages.currentWidget() is not self.more.enrol:
            self.go(self.scan)

    def open_form(self) -> None:
        if self.services is not None:
            form, lookup = self.load_pages().form, self.load_pages().lookup
            if self.pages.currentWidget() is lookup and not lookup.by_code:
                self._prefill = lookup.typed_person() or self._prefill
            self.scan.leave_panel()
            self.go(form)
            form.open(self._prefill)

    def open_lookup(self) -> None:
        """F3: right after a code was shown, by code; else a line to type in."""
        if self.services is not None:
            page, last = self.load_pages().lookup, self.last
            self.scan.leave_panel()
            self.go(page)
            recent = last is not None and self.services.wall() - last.at < RECENT_MS
            page.open(by_code=recent)
            if last is not None and recent and last.subjects:
                self.lookups.of_subjects(last.subjects)

    def open_today(self) -> None:
        if self.services is not None:
            self.services.look()
            self._show_today()  # what is known, at once; the look brings the rest
            self.go(self.load_pages().today)

    def open_print(self) -> None:
        """F8."""
        if self.services is not None:
            self.go(self.load_pages().print)
            self.prints.look()

    def open_places(self) -> None:
        """P on the page In: the lead's list of QR places."""
        if self.services is not None:
            page = self.load_pages().places
            self.go(page)
            page.look()

    def open_devices(self) -> None:
        if self.services is not None:
            page = self.load_pages().devices
            self.go(page)
            self.slow.submit(self.services.devices, page.show_report)

    def toggle_full_screen(self) -> None:
        window = self.window()
        (window.showNormal if window.isFullScreen() else window.showFullScreen)()

    def use_theme(self, name: str) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, theme.THEMES[name])
            self.scan.show_ready()

    def use_camera(self, spec: str) -> None:
        if self.services is not None:
            use = self.services.use_camera
            self.slow.submit(lambda: use(spec), lambda _none: self.tell(_("Đã đổi camera.")))

    def restore(self) -> None:
        """The condition's button after damage: the journal again from its second copy."""
        if self.services is not None:
            self.tell(_("Đang khôi phục nhật ký từ bản thứ hai…"))
            self.services.restore()

    # -- acts and verdicts ----------------------------------------------------------------------------------------

    def ask(self, title: str, note: str, choices: list[Choice]) -> None:
        self.go(self.scan)
        self.scan.ask(title, note, choices)

    def ready(self) -> None:
        """The card steps back, and the counts are looked at again."""
        self.scan.show_ready()
        self._look_again()

    def declare(self, said: "Declaration", deed: bytes) -> None:
        if self.services is not None:
            station = self.services.station
            self.desk.submit(lambda: station.declare(said, deed), self._declared, self.load_pages().form.refused)

    def _declared(self, verdict: Verdict) -> None:
        form = self.load_pages().form
        self.act_done(verdict)
        self.prints.after_declaring(verdict)
        # emptying the form restyles every field: not in the same turn as the verdict's paint
        QTimer.singleShot(0, form.unlock if verdict.act is Act.NOT_SAVED else form.done)

    def act_done(self, verdict: Verdict) -> None:
        self.go(self.scan)
        self.show_verdict(verdict)

    def _scanned(self, scanned: Scanned) -> None:
        self.show_verdict(scanned.verdict, scanned.frame_at)

    def show_verdict(self, verdict: Verdict, frame_at: float = 0.0) -> None:
        """Green means written: whatever comes here has been through COMMIT, or says that it has not. Without names while hidden."""
        if self.duty.hidden:
            verdict = replace(verdict, person=Person(), prefill={})
        self.last, self._prefill = verdict, dict(verdict.prefill)
        label = self.services.info.label if self.services else ""
        failed = verdict.act is Act.NOT_SAVED

        def painted(at: float) -> None:
            self.verdict_shown.emit(ShownVerdict(verdict, frame_at, at))

        self.scan.show_verdict(present.card(verdict, label), present.chip(verdict, label), painted, stays=failed)
        if self.services is not None:
            self.services.sound(words.verdict(verdict).sound)
            self.services.look()
        self._alarms = ALARMS if failed else 0
        (self._alarm.start if failed else self._alarm.stop)()

    def _sound_again(self) -> None:
        self._alarms -= 1
        if self._alarms <= 0:
            self._alarm.stop()
        elif self.services is not None:
            self.services.sound("long_low")

    # -- telling --------------------------------------------------------------------------------------------------

    def tell(self, text: str) -> None:
        self.teller.tell(text)

    def fault(self, error: KioskError) -> None:
        self.teller.fault(error)

    def _look_again(self) -> None:
        if self.services is not None:
            self.services.look()

    def _each_second(self) -> None:
        self.duty.guard.step()
        self.head.clock.setText(words.hour_minute(self.services.wall() if self.services else wall()))
        self._look_at_conditions()

    def _look_at_conditions(self) -> None:
        scanner = self.scan.preview.scanner
        camera = scanner.condition if scanner is not None else None
        self.scan.preview.set_notice(words.condition(camera).line if camera is not None and camera in NO_PICTURE else "")
        self.teller.look(self.status, camera)
