"""Devices: what reads codes, which camera, which printer, where the key lies. Changes only the camera and the look."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QComboBox, QWidget

from kiosk.i18n import _
from kiosk.ui import theme
from kiosk.ui.services import DeviceReport
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


class DevicesPage(QWidget):
    """`use_camera(spec)`, `use_theme(name)`, `back()`."""

    def __init__(self, use_camera: Callable[[str], object], use_theme: Callable[[str], object], back: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._specs: list[str] = []
        self.engines, self.printer = Line(_("Bộ đọc mã")), Line(_("Máy in"))
        self.key, self.folder, self.version = Line(_("Khóa của máy")), Line(_("Dữ liệu")), Line(_("Phiên bản"))
        self.camera = QComboBox()
        self.use = button(_("Dùng camera này"), lambda: self._use(use_camera), primary=True)
        self.camera_name = PlainLabel(_("Camera"), 16, QFont.Weight.DemiBold)
        self.camera_name.setFixedWidth(240)
        camera = row(self.camera_name, self.camera, self.use, gap=16)
        camera.setStretch(1, 1)
        looks = PlainLabel(_("Giao diện"), 16, QFont.Weight.DemiBold)
        looks.setFixedWidth(240)
        self.day = button(_("Sáng: cửa có nắng"), lambda: use_theme(theme.DAY.name))
        self.hall = button(_("Tối: hội trường thiếu sáng"), lambda: use_theme(theme.HALL.name))
        look = row(looks, self.day, self.hall, None, gap=16)
        lines = (self.engines, rule(), camera, rule(), self.printer, rule(), self.key, rule(), self.folder, self.version, rule(), look)
        self.back = button(_("Esc · Quay lại"), back)
        title = PlainLabel(_("Thiết bị"), 24, QFont.Weight.Bold)
        layout = column(title, panel(column(*lines, None, gap=12, margin=24)), row(self.back, None), gap=12)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def _use(self, use_camera: Callable[[str], object]) -> None:
        if 0 <= self.camera.currentIndex() < len(self._specs):
            use_camera(self._specs[self.camera.currentIndex()])

    def show_report(self, report: DeviceReport) -> None:
        lost = [_("{engine}: thiếu ({why})").format(engine=name, why=why) for name, why in report.missing.items()]
        self.engines.content.setText("\n".join([*report.engines, *lost]) or _("không có"))
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
