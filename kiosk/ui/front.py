"""What stands in the window: head, pages, key bar, condition line, strip. It moves between pages and shows verdicts.

It never opens a connection and never waits: acts run on lanes and come home as one result. Nothing is modal.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QKeyCombination, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent, QShortcut
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
from kiosk.ui.declaring import Declaring
from kiosk.ui.duty import Duty
from kiosk.ui.equipping import Equipping
from kiosk.ui.lanes import Lanes
from kiosk.ui.lookups import Lookups
from kiosk.ui.prints import Prints
from kiosk.ui.scan_page import ScanPage
from kiosk.ui.services import LineLike, Services, Status, wall
from kiosk.ui.teller import Teller
from kiosk.ui.threads import Home, Lane, Scanned, ScannerLike, ScannerThread
from kiosk.ui.widgets.bars import ConditionLine, Head, Key, KeyBar, Strip
from kiosk.ui.widgets.basics import Stack, column
from kiosk.ui.window import ShownVerdict

if TYPE_CHECKING:
    from kiosk.ui.enrolling import Enrolling, Newcomer
    from kiosk.ui.pages import Pages

LIST = 4000  # deeds of a day that F4 may be asked about
ALARM_MS, ALARMS = 4000, 3  # "could not be saved" sounds again so often, or until the next act
RECENT_MS = 60_000  # so long F3 means the voter whose code was just shown
VIEW_ONLY = frozenset({Code.VIEW_DISK, Code.VIEW_DAMAGED})
NO_PICTURE = frozenset({Code.CAMERA_MISSING, Code.CAMERA_LOST, Code.CAMERA_FILE})


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
        self.enrolling: Enrolling | None = None
        self.home = Home()
        self.desk, self.slow = Lane("desk", self.home, self.fault), Lane("slow", self.home, self.fault)
        self.duty = Duty(self)
        self.desk.on_lead = self.slow.on_lead = self.duty.ask_lead
        self.acts: Acts = Acts(self, self.desk, self.slow)
        self.lanes = Lanes(self, settings.post, settings.exit_seconds)
        self.prints: Prints = Prints(self, self.slow, settings.slip_always)
        self.lookups: Lookups = Lookups(self, self.desk, self.slow)
        self.declaring: Declaring = Declaring(self)
        self._build(settings)
        self.equipping: Equipping = Equipping(self, self.slow)
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
        self._health_desk = " · ".join(part for part in (settings.health_desk, settings.health_desk_phone) if part)
        self.head, self.strip = Head(self.duty.open_shift, self.duty.lock), Strip(self.open_sync)
        self.head.lane.setText(settings.entrance)
        self.scan: ScanPage = ScanPage(settings.mirror, settings.dim_seconds, self.acts.code, self.acts.number, self.lanes.ready)
        self.pages = Stack()
        self.pages.addWidget(self.scan)
        self.keys = KeyBar(
            [
                Key(2, _("Khai hộ"), self.declaring.open_form),
                Key(3, _("Tra cứu"), self.open_lookup),
                Key(4, _("Sửa"), self.acts.ask_void),
                Key(5, _("Đã xem"), self.acts.ask_seen),
                Key(6, _("Lối ra"), self.lanes.toggle),
                Key(7, _("Hôm nay"), self.open_today),
                Key(8, _("In"), self.open_print),
                Key(9, _("Thiết bị"), self.open_devices),
                Key(10, _("Chốt"), self.open_close),
                Key(11, _("Vào trước"), self.acts.ask_defer),
            ]
        )
        self.keys.setEnabled(False)
        self.teller = Teller(ConditionLine(), self)
        self.teller.help = {
            "day": self.acts.ask_day,
            "camera": self.open_devices,
            "retry": self._look_again,
            "print": self.open_print,
            "close": self.open_close,
            "restore": self.restore,
            "sync": self.open_sync,
        }
        layout = column(self.head, self.lanes.banner, self.pages, self.keys, self.teller.line, self.strip, gap=theme.STEP)
        layout.setContentsMargins(16, 8, 16, 4)
        layout.setStretch(2, 1)
        self.setLayout(layout)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.lanes.paint(painter)
        painter.end()

    def _shortcuts(self) -> None:
        def on(keys: QKeySequence, action: Callable[[], object]) -> None:
            QShortcut(keys, self, action)

        for number, made in self.keys.buttons.items():
            made.act = partial(self._key, number, made.key.action)
            on(QKeySequence(Qt.Key(Qt.Key.Key_F1 + number - 1)), made.act)
            if number < 10:
                on(QKeySequence(QKeyCombination(Qt.KeyboardModifier.ControlModifier, Qt.Key(Qt.Key.Key_0 + number))), made.act)
        on(QKeySequence("Ctrl+-"), self.keys.buttons[11].act)  # where the laptop keeps F11 for itself
        for keys in ("Shift+F2", "Ctrl+Shift+2"):
            on(QKeySequence(keys), partial(self._key, 2, self.lanes.ask))
        on(QKeySequence("F1"), self.duty.open_shift)
        for keys in ("F12", "Ctrl+L"):
            on(QKeySequence(keys), self.duty.lock)
        on(QKeySequence("Ctrl+S"), self.open_sync)
        on(QKeySequence("Alt+Return"), self.toggle_full_screen)
        on(QKeySequence("Esc"), self.back)

    def press_key(self, number: int) -> None:
        """What the function key does, with the lock before it."""
        self.keys.buttons[number].act()

    def _key(self, number: int, action: Callable[[], object]) -> None:
        """A function key, unless the window is locked: then the lock asks."""
        if self.duty.allowed(number):
            action()

    # -- what app.py gives ----------------------------------------------------------------------------------------

    def load_pages(self) -> "Pages":
        """The other pages, built when first needed: the form's room costs start-up time. app.py asks once the camera's picture is there."""
        if self.more is None:
            from kiosk.ui.pages import Pages

            self.more = Pages(self)
            for page in self.more.all():
                self.pages.addWidget(page)
            if self.services is not None:
                self.declaring.settle(self.services)
        return self.more

    def attach(self, services: Services, again: bool = False) -> None:
        """The journal is open: the officer can work. `again`: it was closed for a moment; page, lock and who is signed in stay."""
        self.services = services
        self.teller.saw = services.saw
        place = services.info.station
        both = _("{place} · {ward}").format(place=place.name, ward=place.ward) if place.ward else place.name
        self.head.place.setText(both)
        self.lanes.show()
        if self.more is not None:
            self.declaring.settle(services)
        self.desk.submit(services.draft, self.declaring.restore)
        self.keys.setEnabled(True)
        self.scan.show_ready()
        if again:
            return
        if self.more is not None and self.pages.currentWidget() in (self.more.enrol, self.more.signin):
            self.go(self.scan)
        self.duty.begin()

    def detach(self) -> None:
        """Signed out: nothing is open any more. The scanner's thread ends; a new one begins with the next journal."""
        self.services, self.status = None, None
        self.duty.guard.armed = False
        self.load_pages().form.forget()
        self.keys.setEnabled(False)
        self.head.show_officer("")
        if self.scanner is not None:
            self.scanner.stop()
            self.scanner = None
        self.scan.show_ready()

    def show_camera(self, scanner: ScannerLike) -> None:
        """Its first picture stands there while the journal opens."""
        self.scan.preview.watch(scanner)

    def hide_camera(self) -> None:
        """Nobody has opened the journal: who stood before the camera as it started does not stay to be seen."""
        self.scan.preview.forget()

    def watch(self, scanner: ScannerLike) -> None:
        """Frames and codes of `scanner` from now on; it is stepped on its own thread."""
        assert self.services is not None
        self.scanner = ScannerThread(self.lanes.take)  # asks for the station that is open now: a restore opens another
        self.scanner.scanned.connect(self._scanned, Qt.ConnectionType.QueuedConnection)
        self.show_camera(scanner)
        self.aim.watch(scanner, self.scanner, self._other_ways())
        self.scanner.start(scanner)
        self.scanner.pause(self.pages.currentWidget() is not self.scan)

    def _other_ways(self) -> list[tuple[str, Callable[[], object]]]:
        """Ways in without a camera, by the keys this window has."""
        ways = {3: _("F3 · Nhập số giấy tờ"), 2: _("F2 · Khai hộ")}
        return [(text, self.keys.buttons[key].key.action) for key, text in ways.items() if key in self.keys.buttons]

    def offer_enrolment(self, newcomer: "Newcomer", done: Callable[[object], object]) -> None:
        """This machine is not enrolled: that is asked for, or training, and nothing else."""
        from kiosk.ui.enrolling import Enrolling

        self.enrolling = Enrolling(self, newcomer, done)
        self.enrolling.begin()

    def fail(self, error: KioskError) -> None:
        """The journal could not be opened: the card says so and what to do; the key bar stays off."""
        said = words.fault(error.code)
        cure = _("{cure} Mã lỗi {code}.").format(cure=said.cure, code=error.code.value)
        where = ": ".join(str(error.facts[fact]) for fact in ("file", "why") if error.facts.get(fact))
        self.scan.show_fault(_("KHÔNG MỞ ĐƯỢC SỔ"), f"{said.title}\n{where}" if where else said.title, said.kept, cure)

    def take_status(self, status: Status) -> None:
        """From the status thread, on the UI thread."""
        self.status = status
        if self.more is not None:
            self.more.form.show_view_only(self.view_only)
            self.more.form.show_policy(status.policy)  # a form may have been opened before the first status
        self.strip.show_counts(status.today.visits, status.today.declared, status.today.left)
        if status.closing != self.lanes.closing:
            self.lanes.closing = status.closing
            if not self.scan.fresh and self.services is not None:
                self.scan.show_ready()
        received = words.hour_minute(status.received_at) if status.received_at else ""
        stale = Code.FEED_STALE in status.conditions
        self.strip.show_sync(status.waiting, received, words.sync_state("stale" if stale and status.sync == "ok" else status.sync), stale)
        if self.more is not None and self.pages.currentWidget() is self.more.sync:
            self.more.sync.show_status(status)
        if self.more is not None and self.pages.currentWidget() is self.more.today:
            self._show_today()
        if self.more is not None and self.pages.currentWidget() is self.more.giving:
            self.more.giving.look()  # the province may have opened the rest
        self.duty.look()
        self._look_at_conditions()

    @property
    def view_only(self) -> bool:
        return self.status is not None and not VIEW_ONLY.isdisjoint(self.status.conditions)

    def _show_today(self) -> None:
        if self.status is not None and self.services is not None:
            self.load_pages().today.show_today(self.status.today, self.services.info.label)

    # -- pages ----------------------------------------------------------------------------------------------------

    def home_page(self) -> None:
        self.go(self.scan)

    def hide_personal(self) -> None:
        """Nothing on any page names or describes a voter after this; a draft waits in memory for the officer's PIN."""
        self.last, self.declaring.prefill = None, {}
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
        for made in (self.keys, self.head.shift, self.head.lock):  # a machine that belongs to nobody has no use for them
            made.setVisible(self.more is None or page is not self.more.enrol)
        self.keys.mark(self.more.number_of(page) if self.more else 0, 6 if self.lanes.exiting else 0)
        if self.scanner is not None:
            self.scanner.pause(page is not self.scan)
        page.setFocus()

    def back(self) -> None:
        """Esc: always to the scan page; a form keeps its draft."""
        if self.duty.escape():
            return
        self.declaring.paper = None
        self.scan.leave_panel()
        self.lookups.forget()
        if self.more is not None and self.pages.currentWidget() is self.more.lookup and not self.more.lookup.leave():
            return
        if self.more is None or self.pages.currentWidget() is not self.more.enrol:
            self.go(self.scan)

    def open_lookup(self) -> None:
        """F3: right after a code was shown, by code; else a line to type in."""
        if self.services is not None:
            page, last = self.load_pages().lookup, self.last
            self.scan.leave_panel()
            form = self.load_pages().form
            on_form = form.person() if self.pages.currentWidget() is form else {}
            self.go(page)
            recent = last is not None and self.services.wall() - last.at < RECENT_MS
            page.open(by_code=recent)
            if on_form:
                page.by_code = False
                page.entry.setText(f"{on_form.get('full_name', '')} {on_form.get('birth_date', '')[:4]}".strip())
            elif last is not None and recent and last.subjects:
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

    def open_export(self) -> None:
        """X on the page Hôm nay, which stays to be seen while names are hidden: so the lock is asked first."""
        if self.services is not None and self.duty.allowed(8):
            self.go(self.load_pages().export)

    def open_close(self) -> None:
        """F10."""
        if self.services is not None:
            page = self.load_pages().close
            self.go(page)
            page.look()

    def open_return(self) -> None:
        """X on the page Chốt ngày, and on Thiết bị: what leaves this laptop."""
        if self.services is not None and self.duty.allowed(10):
            page = self.load_pages().giving
            self.go(page)
            page.look()

    def open_places(self) -> None:
        """P on the page In: the lead's list of QR places."""
        if self.services is not None:
            page = self.load_pages().places
            self.go(page)
            page.look()

    def open_sync(self) -> None:
        """Ctrl+S: sends now, and says what is in, what is opened, what is not."""
        if self.services is not None:
            page = self.load_pages().sync
            if self.status is not None:
                page.show_status(self.status)
            self.go(page)
            self.acts.sync_now()

    def open_devices(self) -> None:
        if self.services is not None:
            page = self.load_pages().devices
            self.go(page)
            self.slow.submit(self.services.devices, page.show_report)
            self.equipping.show_camera()

    def toggle_full_screen(self) -> None:
        window = self.window()
        (window.showNormal if window.isFullScreen() else window.showFullScreen)()

    def use_theme(self, name: str) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, theme.THEMES[name])
            self.scan.show_ready()
            self.duty.note("setting", key="theme")

    def use_camera(self, spec: str) -> None:
        if self.services is not None:
            use = self.services.use_camera
            self.slow.submit(lambda: use(spec), lambda _none: self.tell(_("Đã đổi camera.")))
            self.duty.note("setting", key="camera")

    def purged(self, day: str, refused: KioskError | None) -> None:
        """The journal is open again. `day`: what left this laptop, "" for nothing; `refused`: why nothing did."""
        if refused is not None:
            self.fault(refused)
        elif day:
            self.tell(_("Đã xóa dữ liệu ngày {day}; biên bản đang in.").format(day=words.day(day)))
        pages = self.load_pages()
        if self.pages.currentWidget() is pages.giving:
            pages.giving.look()
        elif self.pages.currentWidget() is pages.close:
            pages.close.look()

    def restore(self) -> None:
        """The condition's button after damage: the journal again from its second copy."""
        if self.services is not None:
            self.tell(_("Đang khôi phục nhật ký từ bản thứ hai…"))
            self.services.restore()

    # -- acts and verdicts ----------------------------------------------------------------------------------------

    def ask(self, title: str, note: str, choices: list[Choice], default: int = 0) -> None:
        self.go(self.scan)
        self.scan.ask(title, note, choices, default)

    def ready(self) -> None:
        """The card steps back, and the counts are looked at again."""
        self.scan.show_ready()
        self._look_again()

    def deferred(self, verdict: Verdict) -> None:
        """A ticket was given: its verdict, then its paper where the settings ask for one."""
        self.act_done(verdict)
        self.prints.after_deferring(verdict)

    def shown_person(self) -> str:
        """Who stands on the card now, as the card says it; "" when the card has stepped back or names nobody with a number."""
        return words.person(self.last.person) if self.last is not None and self.shown_subjects() else ""

    def shown_subjects(self) -> tuple[str, ...]:
        number = self.last.prefill.get("id_number", "") if self.last is not None and self.scan.fresh else ""
        return (f"id:{number}",) if number else ()

    def chosen_line(self) -> LineLike | None:
        """The deed marked in today's list, while that is open."""
        today = self.more.today if self.more is not None else None
        return today.chosen() if today is not None and self.pages.currentWidget() is today else None

    def choose_line(self) -> None:
        """F4, "another deed": today's list, to be walked with the arrows."""
        if self.services is not None:
            station, page = self.services.station, self.load_pages().today
            self.open_today()
            self.desk.submit(lambda: station.lines(LIST), page.show_lines)

    def act_done(self, verdict: Verdict) -> None:
        self.go(self.scan)
        self.show_verdict(verdict)

    def _scanned(self, scanned: Scanned) -> None:
        self.show_verdict(scanned.verdict, scanned.frame_at)

    def show_verdict(self, verdict: Verdict, frame_at: float = 0.0) -> None:
        """Green means written: whatever comes here has been through COMMIT, or says that it has not. Without names while hidden."""
        if self.duty.hidden:
            verdict = replace(verdict, person=Person(), prefill={}, subjects=())
        self.last, self.declaring.prefill = verdict, dict(verdict.prefill)
        label = self.services.info.label if self.services else ""
        failed = verdict.act is Act.NOT_SAVED

        def painted(at: float) -> None:
            self.verdict_shown.emit(ShownVerdict(verdict, frame_at, at))

        shown = present.with_desk(present.card(verdict, label), verdict, self._health_desk)
        text = self.lanes.adapted(shown, verdict)
        self.lanes.touched()
        self.scan.show_verdict(text, painted, stays=failed)
        self.scan.push_chip(present.chip(verdict, label))  # after the paint that the officer waits for
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
        name = scanner.name if scanner is not None else ""
        self.scan.preview.set_notice(words.condition(camera, name).line if camera is not None and camera in NO_PICTURE else "")
        self.teller.look(self.status, camera, name)
