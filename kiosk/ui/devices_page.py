"""Devices: what reads codes, which camera, which printer, where the key lies. Changes only the camera and the look."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from kiosk.i18n import _
from kiosk.ui import theme
from kiosk.ui.services import DeviceReport, KnobLike
from kiosk.ui.widgets.basics import PlainLabel, button, column, panel, row, rule


class Line(QWidget):
    """A name and what is so."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = PlainLabel(name, 16, QFont.Weight.DemiBold)
        self.name.setFixedWidth(240)
        self.name.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.content = PlainLabel(_("đang xem…"), 16, wrap=True)
        layout = row(self.name, self.content, gap=16)
        layout.setStretch(1, 1)
        self.setLayout(layout)


class CameraActs(Protocol):
    """What the page asks the window for, besides the camera and the look."""

    def mirror(self, on: bool) -> None: ...
    def turn(self, name: str, value: int) -> None: ...
    def check(self) -> None: ...
    def test_card(self) -> None: ...
    def capture(self) -> None: ...
    def tell(self, text: str) -> None: ...


def _knob_name(name: str) -> str:
    names = {
        "exposure_auto": _("Sáng tự động"),
        "exposure": _("Phơi sáng"),
        "focus_auto": _("Nét tự động"),
        "focus": _("Lấy nét"),
        "brightness": _("Độ sáng"),
        "gain": _("Khuếch đại"),
        "backlight": _("Bù ngược sáng"),
        "flicker": _("Chống nháy đèn"),
    }
    return names.get(name, name)


class DevicesPage(QWidget):
    """`use_camera(spec)`, `use_theme(name)`, `back()`; `give_back`: what leaves this laptop."""

    def __init__(
        self, use_camera: Callable[[str], object], use_theme: Callable[[str], object], back: Callable[[], object], acts: "CameraActs",
        give_back: Callable[[], object],
    ) -> None:  # fmt: skip
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._specs: list[str] = []
        self._acts, self._showing = acts, False
        self.engines, self.printer = Line(_("Bộ đọc mã")), Line(_("Máy in"))
        self.key, self.folder, self.version = Line(_("Khóa của máy")), Line(_("Dữ liệu")), Line(_("Phiên bản"))
        self.camera = QComboBox()
        self.use = button(_("Dùng camera này"), lambda: self._use(use_camera), primary=True)
        self.camera_name = PlainLabel(_("Camera"), 16, QFont.Weight.DemiBold)
        self.camera_name.setFixedWidth(240)
        camera = row(self.camera_name, self.camera, self.use, gap=16)
        camera.setStretch(1, 1)
        self.address = QLineEdit()
        self.address.setPlaceholderText("http://192.168.1.20:8080/video")
        self.address.setAccessibleName(_("Địa chỉ camera IP hoặc điện thoại"))
        self.use_address = button(_("Dùng địa chỉ này"), lambda: self._use_address(use_camera))
        named = PlainLabel(_("Camera qua mạng"), 16, QFont.Weight.DemiBold)
        named.setFixedWidth(240)
        network = row(named, self.address, self.use_address, gap=16)
        network.setStretch(1, 1)
        self.mirror = QCheckBox(_("Hình như soi gương"))
        self.mirror.toggled.connect(lambda on: acts.mirror(on) if not self._showing else None)
        self.mirror.setMinimumHeight(44)
        self.knobs = row(gap=8)
        knobs_name = PlainLabel(_("Chỉnh camera"), 16, QFont.Weight.DemiBold)
        knobs_name.setFixedWidth(240)
        tuning = row(knobs_name, self.mirror, self.knobs, None, gap=16)
        self.check = button(_("Kiểm tra đầu ngày"), acts.check, primary=True)
        self.card = button(_("In thẻ thử"), acts.test_card)
        self.capture = button(_("Chụp gửi hỗ trợ"), acts.capture)
        looks = PlainLabel(_("Giao diện"), 16, QFont.Weight.DemiBold)
        looks.setFixedWidth(240)
        self.day = button(_("Sáng: cửa có nắng"), lambda: use_theme(theme.DAY.name))
        self.hall = button(_("Tối: hội trường thiếu sáng"), lambda: use_theme(theme.HALL.name))
        look = row(looks, self.day, self.hall, None, gap=16)
        lines = (self.engines, rule(), camera, network, tuning, rule(), self.printer, rule(), self.key, self.folder, self.version)
        self.back = button(_("Esc · Quay lại"), back)
        title = PlainLabel(_("Thiết bị"), 24, QFont.Weight.Bold)
        self.give_back = button(_("Xóa dữ liệu, trả máy…"), give_back)
        below = row(self.back, self.check, self.card, self.capture, None, self.give_back, gap=12)
        layout = column(title, panel(column(*lines, rule(), look, None, gap=6, margin=16)), below, gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def _use(self, use_camera: Callable[[str], object]) -> None:
        if 0 <= self.camera.currentIndex() < len(self._specs):
            use_camera(self._specs[self.camera.currentIndex()])

    def _use_address(self, use_camera: Callable[[str], object]) -> None:
        address = self.address.text().strip()
        if address.startswith(("http://", "https://", "rtsp://")):
            use_camera(address)
        else:
            self._acts.tell(_("Địa chỉ phải bắt đầu bằng http://, https:// hoặc rtsp://."))

    def show_cameras(self, mirrored: bool, knobs: Sequence[KnobLike]) -> None:
        """The camera in use: as in a mirror or not, and what its driver lets people turn (nothing for most)."""
        self._showing = True
        self.mirror.setChecked(mirrored)
        self._showing = False
        while (item := self.knobs.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for knob in knobs:
            step = max(knob.step, (knob.most - knob.least) // 10 or 1)
            self.knobs.addWidget(PlainLabel(_knob_name(knob.name), 15))
            for text, more in (("−", -step), ("+", step)):
                made = button(text, partial(self._acts.turn, knob.name, knob.value + more))
                made.setFixedWidth(48)
                made.setAccessibleName(f"{_knob_name(knob.name)} {text}")
                self.knobs.addWidget(made)

    def show_report(self, report: DeviceReport) -> None:
        lost = [_("{engine}: thiếu ({why})").format(engine=name, why=why) for name, why in report.missing.items()]
        found = " · ".join([*report.engines, *lost]) or _("không có")
        said = _("{engines}. Không cần camera: máy quét USB, hoặc Ctrl+V ở trang quét để dán mã.")
        self.engines.content.setText(said.format(engines=found))
        if not report.printer:
            self.printer.content.setText(_("Không có máy in; báo cáo được lưu thành tệp."))
        elif report.printer_ready:
            self.printer.content.setText(_("{printer}: sẵn sàng").format(printer=report.printer))
        else:
            why = {"none": _("không có"), "out_of_paper": _("hết giấy"), "paused": _("đang tạm dừng"), "error": _("báo lỗi")}
            reason = why.get(report.printer_why, report.printer_why)
            self.printer.content.setText(_("{printer}: {why}").format(printer=report.printer, why=reason))
        in_file = _("Trong một tệp chỉ chủ máy đọc được (máy không có kho khóa).")
        self.key.content.setText(_("Trong kho khóa của hệ điều hành.") if report.key_store == "os" else in_file)
        self.folder.content.setText(report.home)
        self.version.content.setText(report.version)
        self._show_cameras(report)

    def _show_cameras(self, report: DeviceReport) -> None:
        known = list(report.cameras)
        if report.camera and report.camera not in [spec for spec, _name in known]:
            known.insert(0, (report.camera, report.camera))
        self._specs = [spec for spec, _name in known]
        self.camera.clear()
        self.camera.addItems([name for _spec, name in known] or [_("Không tìm thấy camera nào")])
        if report.camera in self._specs:
            self.camera.setCurrentIndex(self._specs.index(report.camera))
        self.use.setEnabled(bool(known))
