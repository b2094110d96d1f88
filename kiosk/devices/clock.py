"""The machine's clocks and identity. Reads them; judges nothing (a clock that was set back is the journal's to notice)."""

import hashlib
import os
import platform
import re
import subprocess
import sys
import time
import uuid
from functools import cache
from pathlib import Path

from kiosk.ports import Now

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", errors="replace").strip()
    except OSError:
        return ""


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _registry(path: str, name: str) -> str:
    """A value of HKEY_LOCAL_MACHINE as text, or ""."""
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as key:
                return str(winreg.QueryValueEx(key, name)[0])
        except OSError:
            return ""
    return ""


def _boot_source() -> str:
    """What the system calls this boot; "" where it has no name for it."""
    if sys.platform == "win32":
        return _registry(r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters", "BootId")
    if sys.platform == "darwin":
        return _output("sysctl", "-n", "kern.bootsessionuuid").strip()
    return _text(BOOT_ID)


def _machine_source() -> str:
    if sys.platform == "win32":
        return _registry(r"SOFTWARE\Microsoft\Cryptography", "MachineGuid")
    if sys.platform == "darwin":
        found = re.search(r'"IOPlatformUUID" = "([^"]+)"', _output("ioreg", "-rd1", "-c", "IOPlatformExpertDevice"))
        return found[1] if found else ""
    return next((text for text in map(_text, MACHINE_IDS) if text), "")


@cache
def boot_id() -> str:
    """32 hex digits, the same for every process of this boot. Without a name for the boot: of this process (a new epoch each
    start is the safe side)."""
    source = _boot_source()
    return hashlib.sha256(f"boot|{machine_id()}|{source}".encode()).hexdigest()[:32] if source else os.urandom(16).hex()


@cache
def machine_id() -> str:
    """32 hex digits, the same for ever on this machine; hashed, so that the system's own id never leaves it."""
    source = _machine_source()
    if not source:
        node = uuid.getnode()
        made_up = node >> 40 & 1  # the multicast bit: no network card, Python invented the number
        source = f"{platform.node()}|{'' if made_up else node}"
    return hashlib.sha256(f"hue-kiosk machine|{source}".encode()).hexdigest()[:32]


class SystemClock:
    """The Clock port."""

    def now(self) -> Now:
        """`mono` counts through suspend where the system can (Linux: CLOCK_BOOTTIME)."""
        mono = time.clock_gettime_ns(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic_ns()
        return Now(time.time_ns() // 1_000_000, mono // 1_000_000, boot_id())

    def machine(self) -> str:
        return machine_id()
