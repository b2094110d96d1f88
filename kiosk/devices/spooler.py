"""Paper: CUPS through `lp` and `lpstat` where they are, the Windows spooler, and always a folder that keeps the PDF.

Takes a finished PDF. Never draws one, and never touches the event a page is about.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from kiosk.devices.winspool import Win32, WindowsPrinter
from kiosk.errors import Code, KioskError
from kiosk.ports import Printer, PrinterState

PATIENCE = 15  # seconds for the spooler to answer
FOLDER = "pdf"  # the name of the folder printer


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    """Runs a CUPS command in English. Raises KioskError(PRINT_FAILED) with `why` when it cannot be run or does not answer."""
    try:
        env = os.environ | {"LC_ALL": "C"}
        return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=PATIENCE, env=env, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise KioskError(Code.PRINT_FAILED, printer="", why=type(error).__name__) from error


class CupsPrinter:
    """A CUPS queue."""

    def __init__(self, name: str) -> None:
        self.name = name

    def status(self) -> PrinterState:
        """What `lpstat` says; never raises."""
        try:
            answer = _run("lpstat", "-l", "-p", self.name)
        except KioskError:
            return PrinterState(False, "none")
        text = answer.stdout
        if answer.returncode or f"printer {self.name}" not in text:
            return PrinterState(False, "none")
        if re.search(r"media-empty|media-needed|out of paper", text, re.IGNORECASE):
            return PrinterState(False, "out_of_paper")
        if " disabled " in text or "paused" in text.lower():
            return PrinterState(False, "paused")
        if re.search(r"-error\b|offline-report|connecting-to-device", text):
            return PrinterState(False, "error")
        return PrinterState(True)

    def print(self, file: Path, title: str) -> str:
        """Hands the PDF to CUPS; returns its job id ("HP-42"). Raises KioskError(PRINT_FAILED) with `printer`, `why`."""
        if not file.is_file():
            raise KioskError(Code.PRINT_FAILED, printer=self.name, why="no file")
        answer = _run("lp", "-d", self.name, "-t", title, "--", str(file.resolve()))
        job = re.search(r"request id is (\S+)", answer.stdout)
        if answer.returncode or not job:
            why = answer.stderr.strip().splitlines()[0][:120] if answer.stderr.strip() else f"lp: {answer.returncode}"
            raise KioskError(Code.PRINT_FAILED, printer=self.name, why=why)
        return job[1]


class FolderPrinter:
    """Keeps each page as a PDF in a folder, for a machine without a printer. The job id is the file's name there."""

    name = FOLDER

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def status(self) -> PrinterState:
        return PrinterState(True)

    def print(self, file: Path, title: str) -> str:
        """Copies the PDF, under another name when that one is taken. Raises KioskError(PRINT_FAILED) with `printer`, `why`."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if file.resolve().parent == self._folder.resolve() and file.is_file():
                return file.name
            target, n = self._folder / file.name, 1
            while target.exists():
                n += 1
                target = self._folder / f"{file.stem}-{n}{file.suffix}"
            shutil.copyfile(file, target)
            return target.name
        except OSError as error:
            raise KioskError(Code.PRINT_FAILED, printer=self.name, why=os.strerror(error.errno or 0)) from error


def printers() -> tuple[list[str], str]:
    """The queues and the default one's name (""); empty where there is neither CUPS nor a Windows spooler."""
    if sys.platform == "win32":
        return Win32().printers()
    if not (shutil.which("lp") and shutil.which("lpstat")):
        return [], ""
    try:
        queues, default = _run("lpstat", "-e").stdout.split(), _run("lpstat", "-d").stdout
    except KioskError:
        return [], ""
    named = re.search(r"default destination: (\S+)", default)
    return queues, named[1] if named else ""


def open_printer(name: str, folder: Path) -> Printer:
    """The queue `name`; with "" the system's default one; without any, and for "pdf", the folder."""
    if name == FOLDER:
        return FolderPrinter(folder)
    name = name or printers()[1]
    if not name:
        return FolderPrinter(folder)
    return WindowsPrinter(name, Win32()) if sys.platform == "win32" else CupsPrinter(name)
