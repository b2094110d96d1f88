"""Lid, session and sleep: on Linux what logind says over D-Bus, on Windows what its session messages say; elsewhere nothing.

Only listens. What is done about it is the window's business. One `step()` waits a moment for the next sign.
"""

import platform

from kiosk.ports import Power

PAUSE_S = 1.0


class Silent:
    """A machine that tells nothing: the idle time and F12 have to do."""

    pause_s = 60.0
    name = "none"

    def step(self) -> str:
        return ""


def watcher() -> Power:
    """What this machine can tell."""
    system = platform.system()
    if system == "Windows":
        from kiosk.devices.power_windows import WindowsSession

        return WindowsSession()
    if system == "Linux":
        from kiosk.devices.power_logind import Logind

        return Logind()
    return Silent()
