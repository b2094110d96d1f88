"""What this machine has and lacks, before any voter: disk, libraries, engines, cameras, printers, sound, power. Changes nothing."""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from kiosk import formcopy, homes, words
from kiosk.checks import Finding
from kiosk.devices import camera, keystore, sound, spooler
from kiosk.devices.decoder import ZXING, QrDecoder
from kiosk.domain import form
from kiosk.errors import KioskError
from kiosk.i18n import _

ENOUGH_DISK = 500 << 20  # bytes: a day's journal, its copy, papers and pictures, with room
BATTERY = 40  # percent without mains: some two hours


def machine_findings(home: Path) -> Iterator[Finding]:
    """Every check, in the order in which one would look."""
    yield Finding("system", "ok", f"{platform.system()} {platform.release()}, Python {platform.python_version()}")
    looks: tuple[Callable[[Path], Iterator[Finding]], ...] = (_home, _packages, _form, _engines, _cameras, _keys)
    for check in (*looks, _printers, _sounds, _display, _power):
        yield from check(home)


def _home(home: Path) -> Iterator[Finding]:
    if why := homes.trouble(home):
        cure = _("Thư mục dữ liệu không dùng được: đổi quyền hoặc chọn thư mục khác bằng --home.")
        yield Finding("data", "missing", f"{home}: {words.file_why(why)}", cure)
        return
    free = shutil.disk_usage(next(p for p in (home, *home.absolute().parents) if p.exists())).free
    if free < ENOUGH_DISK:
        state = "missing" if free < homes.LEAST_ROOM else "limited"
        yield Finding("data", state, f"{home}, {free >> 20} MiB", _("Ổ đĩa sắp đầy: dọn bớt tệp khác, đừng xóa tệp của chương trình."))
    else:
        yield Finding("data", "ok", f"{home}, {free >> 20} MiB")


def _packages(home: Path) -> Iterator[Finding]:
    """Libraries by their distribution's name; none of them is loaded."""
    names = ("PySide6-Essentials", "opencv-python-headless", "sqlcipher3", "reportlab", "fontpkg-be-vietnam-pro", "fontpkg-spectral")
    for name in names:
        try:
            yield Finding("library", "ok", f"{name} {version(name)}")
        except PackageNotFoundError:
            bundled = getattr(sys, "frozen", False)  # the built program keeps the code and drops some of the metadata
            yield Finding("library", "ok" if bundled else "missing", name, "" if bundled else _("Chạy lại ./run để cài đủ thư viện."))


def _form(home: Path) -> Iterator[Finding]:
    """The shipped form, or the copy that is kept of it; the line that somebody has broken."""
    formcopy.keep_in(home)
    try:
        fields = sum(field.enabled for field in form.form().fields)
    except KioskError as error:
        cure = _("Cài lại chương trình, hoặc sửa đúng dòng được nêu; chưa sửa thì không khai được.")
        yield Finding("form", "missing", f"{form.NAME}: {error.facts['why']}", cure)
        return
    if form.mistake():
        cure = _("Đang dùng bản tờ khai tốt gần nhất; báo 19001075 để cài lại.")
        yield Finding("form", "limited", f"{form.NAME}: {form.mistake()}", cure)
    else:
        yield Finding("form", "ok", _("{count} mục").format(count=fields))


def _engines(home: Path) -> Iterator[Finding]:
    decoder = QrDecoder()
    for name in decoder.engines:
        yield Finding("engine", "ok", name)
    for name, why in decoder.missing.items():
        cure = _("Cài libzbar0 để có bộ đọc thứ hai; không có vẫn quét được.") if name != ZXING else _("Chạy lại ./run để cài đủ thư viện.")
        state = "limited" if decoder.engines else "missing"
        yield Finding("engine", state, f"{name}: {why}", cure)


def _cameras(home: Path) -> Iterator[Finding]:
    cameras = camera.list_cameras()
    for index, name in cameras:
        yield Finding("camera", "ok", f"{index}: {name}")
    if not cameras:
        cure = _("Cắm camera; không có thì dùng máy quét cầm tay, dán mã bằng Ctrl+V ở trang quét, hoặc khai hộ (F2).")
        yield Finding("camera", "limited", "—", cure)


def _keys(home: Path) -> Iterator[Finding]:
    """Only looked at: nothing is put into the system's store."""
    backend = keystore.system_backend()
    if backend and not (home / keystore.FILE).exists():
        yield Finding("keys", "ok", f"os: {keystore.name_of(backend)}")
    else:
        yield Finding("keys", "limited", "file", _("Không có kho khóa của hệ điều hành: khóa nằm trong tệp chỉ người dùng này đọc được."))


def _printers(home: Path) -> Iterator[Finding]:
    queues, default = spooler.printers()
    for name in queues:
        status = spooler.CupsPrinter(name).status()
        detail = name + (" *" if name == default else "")
        cure = "" if status.ready else _("Xem giấy, dây và nguồn của máy in.")
        yield Finding("printer", "ok" if status.ready else "limited", f"{detail} {status.why}".strip(), cure)
    if not queues:
        yield Finding("printer", "limited", spooler.FOLDER, _("Chưa có máy in: giấy tờ được giữ thành tệp PDF."))


def _sounds(home: Path) -> Iterator[Finding]:
    player = sound.find_player()
    if player:
        yield Finding("sound", "ok", Path(player).name)
    else:
        yield Finding("sound", "limited", "—", _("Không có chương trình phát âm thanh: cài pulseaudio-utils hoặc alsa-utils."))


def _display(home: Path) -> Iterator[Finding]:
    shown = sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if shown and find_spec("PySide6") is not None:
        yield Finding("display", "ok", os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or sys.platform)
    else:
        yield Finding("display", "limited", "—", _("Không có màn hình: các lệnh vẫn chạy, cửa sổ thì không."))


def _power(home: Path) -> Iterator[Finding]:
    import psutil  # only here: it costs start-up time

    try:
        battery = psutil.sensors_battery()
    except (OSError, AttributeError, RuntimeError):
        battery = None
    if battery is None:
        yield Finding("battery", "ok", _("Nguồn điện, không có pin"))
        return
    detail = _("Pin {percent:.0f} %").format(percent=battery.percent)
    if battery.power_plugged:
        yield Finding("battery", "ok", detail)
    else:
        state = "limited" if battery.percent >= BATTERY else "missing"
        yield Finding("battery", state, detail, _("Cắm điện cho máy ngay bây giờ."))
