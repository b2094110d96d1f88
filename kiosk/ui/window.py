"""The main window: head, pages, key bar, condition line, strip. It moves between pages and hands acts to the lanes.

It never opens a connection and never waits: every act runs on a lane and comes home as one result. Nothing is modal.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QKeyCombination, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QWidget

from kiosk import words
from kiosk.domain.declaration import Declaration
from kiosk.domain.verdict import Act, Verdict
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.ports import PrintJob, Sighting
from kiosk.settings import Settings
from kiosk.ui import present, theme
from kiosk.ui.choices import Choice
from kiosk.ui.devices_page import DevicesPage
from kiosk.ui.enrol_page import EnrolPage
from kiosk.ui.form_page import FormPage
from kiosk.ui.scan_page import ScanPage
from kiosk.ui.services import Services, Status
from kiosk.ui.threads import Home, Lane, Scanned, ScannerLike, ScannerThread
from kiosk.ui.today_page import TodayPage
from kiosk.ui.widgets.bars import ConditionLine, Head, Key, KeyBar, Strip
from kiosk.ui.widgets.basics import column

NOTICE_MS = 8000
ALARM_MS, ALARMS = 4000, 3  # "could not be saved" sounds again so often, or until the next act
CAMERA = frozenset({Code.CAMERA_MISSING, Code.CAMERA_LOST, Code.CAMERA_DARK, Code.CAMERA_FROZEN})
NO_PICTURE = frozenset({Code.CAMERA_MISSING, Code.CAMERA_LOST})
RETRY = frozenset({Code.DISK_FULL, Code.DISK_READ_ONLY, Code.DATABASE_BUSY})


@dataclass(frozen=True, slots=True)
class ShownVerdict:
    """A verdict that stands on the screen. `frame_at`, `painted_at`: monotonic seconds; `painted_at` at the end of the paint."""

    verdict: Verdict
    frame_at: float
    painted_at: float


class MainWindow(QMainWindow):
    """Paints first, is given its `Services` later (`attach`), and a camera later still (`watch`)."""

    verdict_shown = Signal(object)  # ShownVerdict

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setWindowTitle(_("Kiosk kiểm soát y tế khu vực bỏ phiếu"))
        self.setMinimumSize(1180, 664)
        self.services: Services | None = None
        self.scanner: ScannerThread | None = None
        self.closing: Callable[[], object] = lambda: None
        self.status: Status | None = None
        self._prefill: dict[str, str] = {}
        self._last: Verdict | None = None
        self._condition: Code | None = None
        self._cure_of: Code | None = None
        self.home = Home()
        self.desk = Lane("desk", self.home, self._fault)
        self.slow = Lane("slow", self.home, self._fault)
        self._build(settings)
        self._keys()
        self._notice = QTimer(self, singleShot=True, interval=NOTICE_MS)
        self._notice.timeout.connect(self._show_condition)
        self._alarm = QTimer(self, interval=ALARM_MS)
        self._alarm.timeout.connect(self._sound_again)
        self._alarms = 0
        self._second = QTimer(self, interval=1000)
        self._second.timeout.connect(self._each_second)
        self._second.start()
        self._each_second()
        self.go(self.scan)

    # -- building -------------------------------------------------------------------------------------------------

    def _build(self, settings: Settings) -> None:
        self.head, self.strip, self.line = Head(), Strip(), ConditionLine()
        self.head.lane.setText(settings.entrance)
        self.scan = ScanPage(settings.mirror, settings.dim_seconds, self._code)
        self.form = FormPage(self._declare, self.back)
        self.today = TodayPage(self._view_report, self.print_report, self.back)
        self.devices = DevicesPage(self._use_camera, self._use_theme, self.back)
        self.enrol = EnrolPage()
        self.pages = QStackedWidget()
        for page in (self.scan, self.form, self.today, self.devices, self.enrol):
            self.pages.addWidget(page)
        self.keys = KeyBar(
            [
                Key(2, _("Khai hộ"), self.open_form),
                Key(4, _("Sửa"), self.ask_void),
                Key(5, _("Đã xem"), self.ask_seen),
                Key(7, _("Hôm nay"), self.open_today),
                Key(8, _("In"), self.print_report),
                Key(9, _("Thiết bị"), self.open_devices),
            ]
        )
        self.keys.setEnabled(False)
        body = QWidget()
        body.setObjectName("page")
        layout = column(self.head, self.pages, self.keys, self.line, self.strip, gap=theme.STEP)
        layout.setContentsMargins(16, 8, 16, 4)
        layout.setStretch(1, 1)
        body.setLayout(layout)
        self.setCentralWidget(body)

    def _keys(self) -> None:
        for number, made in self.keys.buttons.items():
            self._on(QKeySequence(Qt.Key(Qt.Key.Key_F1 + number - 1)), made.key.action)
            self._on(QKeySequence(QKeyCombination(Qt.KeyboardModifier.ControlModifier, Qt.Key(Qt.Key.Key_0 + number))), made.key.action)
        self._on(QKeySequence("Ctrl+S"), self.sync_now)
        self._on(QKeySequence("Alt+Return"), self.toggle_full_screen)
        self._on(QKeySequence("Esc"), self.back)

    def _on(self, keys: QKeySequence, action: Callable[[], object]) -> None:
        QShortcut(keys, self, activated=action)

    # -- what app.py gives ----------------------------------------------------------------------------------------

    def attach(self, services: Services) -> None:
        """The journal is open: the officer can work."""
        self.services = services
        info = services.info
        self.head.place.setText(_("{place} · {ward}").format(place=info.station.name, ward=info.station.ward) if info.station.ward else info.station.name)
        self.head.lane.setText(info.lane)
        self.form.home = {"district": info.station.district, "ward": info.station.ward}
        self.keys.setEnabled(True)
        self.scan.show_ready()
        if self.pages.currentWidget() is self.enrol:
            self.go(self.scan)

    def watch(self, scanner: ScannerLike) -> None:
        """Frames and codes of `scanner` from now on; it is stepped on its own thread."""
        assert self.services is not None
        self.scanner = ScannerThread(self.services.station.scan)
        self.scanner.scanned.connect(self._scanned, Qt.ConnectionType.QueuedConnection)
        self.scan.preview.watch(scanner)
        self.scanner.start(scanner)
        self.go(self.pages.currentWidget())

    def offer_enrolment(self, enrol: Callable[[str, str], object], done: Callable[[object], object]) -> None:
        """This machine is not enrolled: server and code, on the desk lane."""

        def submit(server: str, code: str) -> None:
            self.desk.submit(lambda: enrol(server, code), done, self.enrol.refused)

        self.enrol.submit = submit
        self.go(self.enrol)

    def fail(self, error: KioskError) -> None:
        """The journal could not be opened: the card says so and what to do; the key bar stays off."""
        said = words.fault(error.code)
        self.scan.show_fault(_("KHÔNG MỞ ĐƯỢC SỔ"), said.title, said.kept, _("{cure} Mã lỗi {code}.").format(cure=said.cure, code=error.code.value))

    def take_status(self, status: Status) -> None:
        """From the status thread, on the UI thread."""
        self.status = status
        self.strip.show_counts(status.today.visits, status.today.declared)
        received = words.hour_minute(status.received_at) if status.received_at else ""
        self.strip.show_sync(status.waiting, received, words.sync_state(status.sync))
        if self.services is not None:
            self.today.show_today(status.today, self.services.info.label)
        self._look_at_conditions()

    # -- pages ----------------------------------------------------------------------------------------------------

    def go(self, page: QWidget) -> None:
        self.pages.setCurrentWidget(page)
        self.keys.mark({self.form: 2, self.today: 7, self.devices: 9}.get(page, 0))  # type: ignore[call-overload]
        if self.scanner is not None:
            self.scanner.pause(page is not self.scan)
        if page is self.scan:
            self.scan.setFocus()

    def back(self) -> None:
        """Esc: always to the scan page; a form keeps its draft."""
        self.scan.leave_panel()
        if self.pages.currentWidget() is not self.enrol:
            self.go(self.scan)

    def open_form(self) -> None:
        if self._ready():
            self.scan.leave_panel()
            self.go(self.form)
            self.form.open(self._prefill)

    def open_today(self) -> None:
        if self._ready():
            assert self.services is not None
            self.services.look()
            self.go(self.today)
            self.today.setFocus()

    def open_devices(self) -> None:
        if self._ready():
            assert self.services is not None
            self.go(self.devices)
            self.devices.setFocus()
            self.slow.submit(self.services.devices, self.devices.show_report)

    def toggle_full_screen(self) -> None:
        (self.showNormal if self.isFullScreen() else self.showFullScreen)()

    def _ready(self) -> bool:
        return self.services is not None

    # -- acts -----------------------------------------------------------------------------------------------------

    def _code(self, raw: bytes, engine: str) -> None:
        """A code typed or pasted: the same path as the camera's."""
        if self.services is not None:
            sighting, station = Sighting(os.urandom(8), raw, engine), self.services.station
            self.desk.submit(lambda: station.scan(sighting), self._act_done)

    def _scanned(self, scanned: Scanned) -> None:
        self.show_verdict(scanned.verdict, scanned.frame_at)

    def _act_done(self, verdict: Verdict) -> None:
        self.go(self.scan)
        self.show_verdict(verdict)

    def show_verdict(self, verdict: Verdict, frame_at: float = 0.0) -> None:
        """Green means written: whatever comes here has been through COMMIT, or says that it has not."""
        self._last, self._prefill = verdict, dict(verdict.prefill)
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

    def _declare(self, said: Declaration, deed: bytes) -> None:
        if self.services is not None:
            station = self.services.station
            self.desk.submit(lambda: station.declare(said, deed), self._declared, self.form.refused)

    def _declared(self, verdict: Verdict) -> None:
        if verdict.act is not Act.NOT_SAVED:
            self.form.done()
        else:
            self.form.unlock()
        self._act_done(verdict)

    def ask_seen(self) -> None:
        """F5: the officer looked at the voter's own phone."""
        if not self._ready():
            return
        self.go(self.scan)
        kinds = (("moh", _("Tờ khai của Bộ Y tế")), ("arrival", _("Hue-S: đã xác nhận đến")), ("hues", _("Hue-S: tờ khai y tế")))
        choices = [Choice(text, lambda kind=kind: self._seen(kind)) for kind, text in kinds]
        self.scan.ask(_("Đã xem gì trên máy cử tri?"), _("Chỉ bấm khi đã tự mắt thấy. Mỗi lần bấm tính một lượt vào."), choices)

    def _seen(self, kind: str) -> None:
        assert self.services is not None
        station = self.services.station
        self.desk.submit(lambda: station.seen(kind), self._act_done)

    def ask_void(self) -> None:
        """F4: the last act, voided by a new event with a reason."""
        if not self._ready():
            return
        self.go(self.scan)
        target = self._voidable()
        if target is None:
            self.tell(_("Chưa có lượt nào để sửa."))
            return
        event, number, at = target
        label = self.services.info.label if self.services else ""
        spoken = present.number_text(label, number)
        reasons = (_("Bấm nhầm"), _("Ghi trùng một người"), _("Nhầm người"))
        choices = [Choice(reason, lambda reason=reason: self._void(event, reason, spoken)) for reason in reasons]
        note = _("Lượt {number}, ghi lúc {time}. Lượt cũ vẫn giữ trong nhật ký, chỉ không tính nữa. Chọn lý do:")
        self.scan.ask(_("Hủy lượt vừa ghi?"), note.format(number=spoken, time=words.hour_minute(at)), choices)

    def _voidable(self) -> tuple[str, int, int] | None:
        """(event, number, at) of the last arrival: the one on the card, else today's newest that counts."""
        last = self._last
        if last is not None and last.arrival and last.event and last.number:
            return last.event, last.number, last.at
        lines = self.status.today.last if self.status else ()
        return next(((line.event, line.number, line.at) for line in lines if not line.voided and line.number), None)

    def _void(self, event: str, reason: str, spoken: str) -> None:
        assert self.services is not None
        services = self.services

        def done(_event: str) -> None:
            if self._last is not None and self._last.event == event:
                self._last = None
            self.scan.show_ready()
            self.tell(_("Đã hủy lượt {number}.").format(number=spoken))
            services.look()

        self.desk.submit(lambda: services.station.correct(event, reason, True), done)

    def begin_day(self) -> None:
        """The clocks do not say which day it is: the lead picks."""
        days = self.status.days if self.status else ()
        self.go(self.scan)
        choices = [Choice(present.day_text(day), lambda day=day: self._begin(day)) for day in days]
        self.scan.ask(_("Bắt đầu ngày nào?"), _("Người phụ trách lối vào chọn ngày làm việc."), choices)

    def _begin(self, day: str) -> None:
        assert self.services is not None
        services = self.services
        self.desk.submit(lambda: services.station.begin_day(day), lambda _none: services.look())

    def sync_now(self) -> None:
        if self.services is not None:
            look = self.services.look
            self.tell(_("Đang gửi về tỉnh…"))
            self.slow.submit(self.services.sync_now, lambda _none: look())

    def print_report(self) -> None:
        """F8: a printer's fault never touches what is saved."""
        self._report(True, self._printed)

    def _view_report(self) -> None:
        self._report(False, lambda job: QDesktopServices.openUrl(QUrl.fromLocalFile(str(job.file))))

    def _report(self, printed: bool, done: Callable[[PrintJob], object]) -> None:
        if self.services is not None:
            report = self.services.report
            self.tell(_("Đang lập báo cáo ngày…"))
            self.slow.submit(lambda: report(printed), done)

    def _printed(self, job: PrintJob) -> None:
        text = _("Đã gửi báo cáo ngày tới máy in {printer}.") if job.job else _("Không có máy in. Báo cáo ngày ở tệp {file}")
        self.tell(text.format(printer=job.printer, file=job.file))

    def _use_camera(self, spec: str) -> None:
        if self.services is not None:
            use = self.services.use_camera
            self.slow.submit(lambda: use(spec), lambda _none: self.tell(_("Đã đổi camera.")))

    def _use_theme(self, name: str) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, theme.THEMES[name])
            self.scan.show_ready()

    # -- telling --------------------------------------------------------------------------------------------------

    def tell(self, text: str) -> None:
        """One quiet line that goes away."""
        self.line.show_notice(text)
        self._notice.start()

    def _fault(self, error: KioskError) -> None:
        """Ours or the machine's: what happened, what became of the data, what to do."""
        said = words.fault(error.code)
        text = _("{title} {kept} {cure} ({code})")
        self.line.show_condition(text.format(title=said.title, kept=said.kept, cure=said.cure, code=error.code.value))
        self._notice.start(2 * NOTICE_MS)

    def _each_second(self) -> None:
        self.head.clock.setText(words.hour_minute(present.wall()))
        self._look_at_conditions()

    def _look_at_conditions(self) -> None:
        scanner = self.scan.preview.scanner
        camera = scanner.condition if scanner is not None else None
        self.scan.preview.set_notice(words.condition(camera).line if camera in NO_PICTURE and camera is not None else "")
        standing = self.status.conditions if self.status else ()
        no_day = (Code.NO_DAY,) if self.status and self.status.days else ()
        found = next(iter((*no_day, *standing, *((camera,) if camera else ()))), None)
        if found is not self._condition:
            self._condition, self._cure_of = found, None
            if not self._notice.isActive():
                self._show_condition()

    def _show_condition(self) -> None:
        code = self._condition
        if code is None:
            self.line.show_condition("")
            return
        said = words.condition(code)
        if code is Code.NO_DAY:
            self.line.show_condition(said.line, _("Bắt đầu ngày"), self.begin_day)
        elif code in CAMERA:
            self.line.show_condition(said.line, said.button, self.open_devices)
        elif code in RETRY and self.services is not None:
            self.line.show_condition(said.line, said.button, self.services.look)
        elif self._cure_of is code:
            self.line.show_condition(words.fault(code).cure)
        else:
            self.line.show_condition(said.line, said.button, self._show_cure)

    def _show_cure(self) -> None:
        self._cure_of = self._condition
        self._show_condition()

    # -- end ------------------------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing()
        event.accept()
