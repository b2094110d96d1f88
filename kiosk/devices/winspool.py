"""The Windows spooler: printers, their state, and a PDF drawn page by page on a printer's device context.

Windows prints no PDF by itself, so pages are rendered here and sent as pictures. Every call into Windows is one method of `Api`.
Not run on a real Windows machine so far; tests drive it with another `Api`.
"""

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec

from kiosk.errors import Code, KioskError
from kiosk.ports import PrinterState

# PRINTER_INFO_2.Status and .Attributes (winspool.h)
PAUSED, ERROR, JAM, PAPER_OUT, PAPER_PROBLEM, OFFLINE, NOT_AVAILABLE, NO_TONER, DOOR_OPEN = (
    0x1,
    0x2,
    0x8,
    0x10,
    0x40,
    0x80,
    0x1000,
    0x40000,
    0x400000,
)
WORK_OFFLINE = 0x400
DPI = 300


class Sheet(msgspec.Struct, frozen=True):
    """One page as 24-bit BGR rows, top first, each padded to four bytes; sizes in pixels, `dpi` of the picture."""

    wide: int
    high: int
    rows: bytes
    dpi: int = DPI


class Api(Protocol):
    def printers(self) -> tuple[list[str], str]:
        """(names, the default's name or "")."""
        ...

    def status(self, name: str) -> tuple[int, int] | None:
        """(Status, Attributes) of PRINTER_INFO_2; None: there is no such printer."""
        ...

    def print(self, name: str, title: str, pages: Iterator[Sheet]) -> int:
        """One document; returns the job's number, 0 or less when Windows refused."""
        ...


def state_of(status: int, attributes: int = 0) -> PrinterState:
    """Windows' bits as one of our words."""
    if status & (PAPER_OUT | PAPER_PROBLEM):
        return PrinterState(False, "out_of_paper")
    if status & PAUSED:
        return PrinterState(False, "paused")
    if status & (ERROR | JAM | OFFLINE | NOT_AVAILABLE | NO_TONER | DOOR_OPEN) or attributes & WORK_OFFLINE:
        return PrinterState(False, "error")
    return PrinterState(True)


def sheets(file: Path, dpi: int = DPI) -> Iterator[Sheet]:
    """The pages of a PDF as pictures. Raises KioskError(PRINT_FAILED)."""
    import pypdfium2  # here: only Windows needs it

    try:
        with pypdfium2.PdfDocument(file) as document:
            for page in document:
                image = page.render(scale=dpi / 72).to_numpy()[:, :, :3]  # BGR
                high, wide = image.shape[:2]
                pad = (-3 * wide) % 4
                rows = b"".join(image[y].tobytes() + bytes(pad) for y in range(high))
                yield Sheet(wide, high, rows, dpi)
    except (pypdfium2.PdfiumError, OSError) as error:
        raise KioskError(Code.PRINT_FAILED, printer="", why=type(error).__name__) from error


class WindowsPrinter:
    """One printer of the Windows spooler."""

    def __init__(self, name: str, api: Api) -> None:
        self.name, self._api = name, api

    def status(self) -> PrinterState:
        """Never raises."""
        try:
            found = self._api.status(self.name)
        except OSError:
            return PrinterState(False, "error")
        return PrinterState(False, "none") if found is None else state_of(*found)

    def print(self, file: Path, title: str) -> str:
        """Raises KioskError(PRINT_FAILED) with `printer`, `why`."""
        if not file.is_file():
            raise KioskError(Code.PRINT_FAILED, printer=self.name, why="no file")
        try:
            job = self._api.print(self.name, title, sheets(file))
        except OSError as error:
            raise KioskError(Code.PRINT_FAILED, printer=self.name, why=str(error)[:120]) from error
        if job <= 0:
            raise KioskError(Code.PRINT_FAILED, printer=self.name, why="StartDoc")
        return f"{self.name}-{job}"


class _DocInfo(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_int),
        ("name", ctypes.c_wchar_p),
        ("output", ctypes.c_wchar_p),
        ("type", ctypes.c_wchar_p),
        ("more", ctypes.c_uint32),
    )


class _BitmapInfo(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("wide", ctypes.c_int32),
        ("high", ctypes.c_int32),
        ("planes", ctypes.c_uint16),
        ("bits", ctypes.c_uint16),
        ("compression", ctypes.c_uint32),
        ("image", ctypes.c_uint32),
        ("x", ctypes.c_int32),
        ("y", ctypes.c_int32),
        ("used", ctypes.c_uint32),
        ("important", ctypes.c_uint32),
    )


class Win32:
    """Api on winspool.drv and gdi32. Constants: wingdi.h, winspool.h."""

    LOGPIXELSX, LOGPIXELSY, SRCCOPY, ENUM_LOCAL_AND_CONNECTIONS = 88, 90, 0x00CC0020, 2 | 4

    def __init__(self) -> None:
        loader: Any = ctypes
        self._spool, self._gdi = loader.WinDLL("winspool.drv", use_last_error=True), loader.WinDLL("gdi32", use_last_error=True)
        self._gdi.CreateDCW.restype = ctypes.c_void_p

    def printers(self) -> tuple[list[str], str]:
        needed, count = ctypes.c_uint32(), ctypes.c_uint32()
        flags = self.ENUM_LOCAL_AND_CONNECTIONS
        self._spool.EnumPrintersW(flags, None, 4, None, 0, ctypes.byref(needed), ctypes.byref(count))
        names: list[str] = []
        if needed.value:
            buffer = ctypes.create_string_buffer(needed.value)
            if self._spool.EnumPrintersW(flags, None, 4, buffer, needed, ctypes.byref(needed), ctypes.byref(count)):
                row = 2 * ctypes.sizeof(ctypes.c_void_p) + 8  # PRINTER_INFO_4: two pointers, attributes, padding
                places = (ctypes.c_wchar_p.from_buffer(buffer, n * row).value for n in range(count.value))
                names = [name for name in places if name]
        size = ctypes.c_uint32(256)
        default = ctypes.create_unicode_buffer(256)
        found = self._spool.GetDefaultPrinterW(default, ctypes.byref(size))
        return names, default.value if found else ""

    def status(self, name: str) -> tuple[int, int] | None:
        handle, needed = ctypes.c_void_p(), ctypes.c_uint32()
        if not self._spool.OpenPrinterW(name, ctypes.byref(handle), None):
            return None
        try:
            self._spool.GetPrinterW(handle, 2, None, 0, ctypes.byref(needed))
            buffer = ctypes.create_string_buffer(max(needed.value, 1))
            if not self._spool.GetPrinterW(handle, 2, buffer, needed, ctypes.byref(needed)):
                raise OSError("GetPrinter")
            start = 13 * ctypes.sizeof(ctypes.c_void_p)  # PRINTER_INFO_2: 13 pointers; Attributes, two priorities, two times, Status
            numbers = (ctypes.c_uint32 * 6).from_buffer(buffer, start)
            return int(numbers[5]), int(numbers[0])
        finally:
            self._spool.ClosePrinter(handle)

    def print(self, name: str, title: str, pages: Iterator[Sheet]) -> int:
        context = ctypes.c_void_p(self._gdi.CreateDCW("WINSPOOL", name, None, None))
        if not context:
            raise OSError("CreateDC")
        try:
            job = int(self._gdi.StartDocW(context, ctypes.byref(_DocInfo(ctypes.sizeof(_DocInfo), title, None, None, 0))))
            if job <= 0:
                return job
            across, down = (self._gdi.GetDeviceCaps(context, which) for which in (self.LOGPIXELSX, self.LOGPIXELSY))
            for page in pages:
                self._gdi.StartPage(context)
                info = _BitmapInfo(ctypes.sizeof(_BitmapInfo), page.wide, -page.high, 1, 24, 0, 0, 0, 0, 0, 0)
                wide, high = page.wide * across // page.dpi, page.high * down // page.dpi
                whole = (context, 0, 0, wide, high, 0, 0, page.wide, page.high, page.rows, ctypes.byref(info), 0, self.SRCCOPY)
                self._gdi.StretchDIBits(*whole)
                self._gdi.EndPage(context)
            return job if self._gdi.EndDoc(context) > 0 else 0
        finally:
            self._gdi.DeleteDC(context)
