"""Windows: session lock, switch of user, and sleep, as its messages tell a hidden window. Only listens; only loaded on Windows.

WM_WTSSESSION_CHANGE needs a window that asked for it (WTSRegisterSessionNotification); WM_POWERBROADCAST comes to every top-level
window, and with RegisterPowerSettingNotification also for the lid (GUID_LIDSWITCH_STATE_CHANGE).
"""

import ctypes
import sys
from collections.abc import Callable
from typing import Any

WM_POWERBROADCAST, WM_WTSSESSION_CHANGE = 0x0218, 0x02B1
PBT_APMSUSPEND, PBT_POWERSETTINGCHANGE = 0x0004, 0x8013
WTS_CONSOLE_DISCONNECT, WTS_REMOTE_DISCONNECT, WTS_SESSION_LOGOFF, WTS_SESSION_LOCK = 0x2, 0x4, 0x6, 0x7
NOTIFY_FOR_THIS_SESSION, PM_REMOVE, DEVICE_NOTIFY_WINDOW_HANDLE = 0, 1, 0


class Guid(ctypes.Structure):
    _fields_ = (("a", ctypes.c_uint32), ("b", ctypes.c_uint16), ("c", ctypes.c_uint16), ("d", ctypes.c_ubyte * 8))


class PowerSetting(ctypes.Structure):
    """POWERBROADCAST_SETTING with its first four bytes of data."""

    _fields_ = (("setting", Guid), ("length", ctypes.c_uint32), ("data", ctypes.c_uint32))


# GUID_LIDSWITCH_STATE_CHANGE {BA3E0F4D-B817-4094-A2D1-D56379E6A0F3}
LID = Guid(0xBA3E0F4D, 0xB817, 0x4094, (ctypes.c_ubyte * 8)(0xA2, 0xD1, 0xD5, 0x63, 0x79, 0xE6, 0xA0, 0xF3))


def meaning(message: int, wparam: int, setting: PowerSetting | None = None) -> str:
    """Why to lock, or "": lock, session, sleep, lid."""
    if message == WM_WTSSESSION_CHANGE:
        if wparam == WTS_SESSION_LOCK:
            return "lock"
        return "session" if wparam in (WTS_CONSOLE_DISCONNECT, WTS_REMOTE_DISCONNECT, WTS_SESSION_LOGOFF) else ""
    if message == WM_POWERBROADCAST:
        if wparam == PBT_APMSUSPEND:
            return "sleep"
        if wparam == PBT_POWERSETTINGCHANGE and setting is not None and bytes(setting.setting) == bytes(LID):
            return "lid" if setting.data == 0 else ""
    return ""


class WindowsSession:
    """A hidden window on the thread that steps; messages are taken as they come."""

    pause_s = 0.25
    name = "windows"

    def __init__(self) -> None:
        self._window: Any = None
        self._heard: list[str] = []
        self._keep: Callable[..., Any] | None = None

    def step(self) -> str:
        """Takes what waits; the thread that calls it owns the window."""
        try:
            if self._window is None:
                self._create()
            self._pump()
        except OSError:
            return ""
        return self._heard.pop(0) if self._heard else ""

    def _create(self) -> None:
        if sys.platform == "win32":
            from ctypes import wintypes

            user, wts, kernel = ctypes.windll.user32, ctypes.windll.wtsapi32, ctypes.windll.kernel32
            result = ctypes.c_ssize_t
            proc_type = ctypes.WINFUNCTYPE(result, wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
            user.DefWindowProcW.restype = result
            user.DefWindowProcW.argtypes = (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
            user.CreateWindowExW.restype = wintypes.HWND

            def hear(window: int, message: int, wparam: int, lparam: int) -> int:
                setting = PowerSetting.from_address(lparam) if wparam == PBT_POWERSETTINGCHANGE and lparam else None
                why = meaning(message, wparam, setting)
                if why:
                    self._heard.append(why)
                return int(user.DefWindowProcW(window, message, wparam, lparam))

            self._keep = proc_type(hear)

            class WindowClass(ctypes.Structure):
                _fields_ = (
                    ("style", wintypes.UINT),
                    ("proc", proc_type),
                    ("class_extra", ctypes.c_int),
                    ("window_extra", ctypes.c_int),
                    ("instance", wintypes.HINSTANCE),
                    ("icon", wintypes.HICON),
                    ("cursor", wintypes.HANDLE),
                    ("brush", wintypes.HBRUSH),
                    ("menu", wintypes.LPCWSTR),
                    ("name", wintypes.LPCWSTR),
                )

            instance = kernel.GetModuleHandleW(None)
            made = WindowClass(proc=self._keep, instance=instance, name="HueKioskPower")
            user.RegisterClassW(ctypes.byref(made))
            self._window = user.CreateWindowExW(0, "HueKioskPower", "", 0, 0, 0, 0, 0, None, None, instance, None)
            if not self._window:
                raise OSError("window")
            wts.WTSRegisterSessionNotification(self._window, NOTIFY_FOR_THIS_SESSION)
            user.RegisterPowerSettingNotification(self._window, ctypes.byref(LID), DEVICE_NOTIFY_WINDOW_HANDLE)

    def _pump(self) -> None:
        if sys.platform == "win32":
            from ctypes import wintypes

            user, message = ctypes.windll.user32, wintypes.MSG()
            while user.PeekMessageW(ctypes.byref(message), self._window, 0, 0, PM_REMOVE):
                user.TranslateMessage(ctypes.byref(message))
                user.DispatchMessageW(ctypes.byref(message))
