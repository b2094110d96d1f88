"""A real CUPS on loopback with a PDF back end: what the kiosk hands over comes out as a picture whose code is read."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zxingcpp

from kiosk.crypto import sign
from kiosk.devices import spooler
from kiosk.domain.passes import hu1
from kiosk.printing import slip
from tests import builders
from tests.store.test_papers import picture_of

CUPSD = shutil.which("cupsd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
PPD = "lsb/usr/cupsfilters/Generic-PDF_Printer-PDF.ppd"
NEEDED = {"cupsd": CUPSD, "lp": shutil.which("lp"), "lpadmin": shutil.which("lpadmin", path="/usr/sbin:/usr/bin:/sbin")}
PATIENCE_S = 30

SERVERBIN = Path("/usr/lib/cups")
BACKEND = """#!/bin/sh
# keeps the PDF that a filter made: argument 6, or standard input
[ $# -gt 0 ] || { echo 'direct keep "Unknown" "keeps a PDF"'; exit 0; }
cat ${6:+"$6"} > "${DEVICE_URI#keep:}.part" && mv "${DEVICE_URI#keep:}.part" "${DEVICE_URI#keep:}"
"""
ANYBODY = "Order allow,deny\nAllow all\n"
CONF = f"""Listen {{folder}}/sock
Listen 127.0.0.1:{{port}}
DefaultAuthType None
WebInterface No
Browsing Off
<Location />
{ANYBODY}</Location>
<Location /admin>
{ANYBODY}</Location>
<Policy default>
<Limit All>
{ANYBODY}</Limit>
</Policy>
"""
FILES = """ServerBin {folder}/bin
ServerRoot {folder}/root
RequestRoot {folder}/spool
CacheDir {folder}/cache
StateDir {folder}/state
TempDir {folder}/tmp
AccessLog {folder}/access.log
ErrorLog {folder}/error.log
PageLog {folder}/page.log
"""


def until(what: Callable[[], bool], why: str) -> None:
    end, tick = time.monotonic() + PATIENCE_S, threading.Event()
    while not what():
        assert time.monotonic() < end, why
        tick.wait(0.05)


@pytest.fixture(scope="module")
def hall() -> Iterator[Path]:
    """A print server of its own with the queue HALL; yields its folder, where HALL leaves page.pdf."""
    missing = [name for name, found in NEEDED.items() if not found]
    if missing:
        pytest.skip(f"no print server here: {', '.join(missing)} (Debian: cups, cups-client, cups-filters)")
    folder = Path(tempfile.mkdtemp(prefix="cups-"))  # pytest's own folder is closed to the user that CUPS prints as
    folder.chmod(0o755)
    for name in ("root", "spool", "cache", "state", "tmp", "out"):
        (folder / name).mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder / name, "lp", "lp")
    (folder / "bin" / "backend").mkdir(parents=True)
    for part in SERVERBIN.iterdir():
        if part.name != "backend":
            (folder / "bin" / part.name).symlink_to(part)
    (folder / "bin" / "backend" / "keep").write_text(BACKEND)
    (folder / "bin" / "backend" / "keep").chmod(0o755)
    port = 20_000 + os.getpid() % 20_000
    (folder / "cupsd.conf").write_text(CONF.format(folder=folder, port=port))
    (folder / "cups-files.conf").write_text(FILES.format(folder=folder))
    command = [str(CUPSD), "-f", "-c", str(folder / "cupsd.conf"), "-s", str(folder / "cups-files.conf")]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before = os.environ.get("CUPS_SERVER")
    os.environ["CUPS_SERVER"] = str(folder / "sock")
    try:
        until(lambda: "is running" in said("lpstat", "-r") or server.poll() is not None, "cupsd does not answer")
        if server.poll() is not None:
            pytest.skip(f"cupsd ended with {server.returncode}: it may not run as this user")
        queue = [str(NEEDED["lpadmin"]), "-p", "HALL", "-E", "-v", f"keep:{folder}/out/page.pdf", "-m", PPD]
        made = subprocess.run(queue, capture_output=True, check=False)
        if made.returncode:
            pytest.skip(f"lpadmin: {made.stderr.decode()[:200]} (Debian: cups-filters)")
        yield folder
    finally:
        if before is None:
            os.environ.pop("CUPS_SERVER", None)
        else:
            os.environ["CUPS_SERVER"] = before
        server.terminate()
        server.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C"}).stdout


def test_a_slip_comes_out_of_a_real_queue_and_its_code_is_read(hall: Path, tmp_path: Path) -> None:
    text = hu1.make(hu1.Claims(os.urandom(8), builders.at("08:41"), 72, 1983, "TTM", "F"), b"abc", sign.generate())
    at = builders.at("08:41")
    slip.render(slip.Slip(text, builders.AREA.name, builders.AREA.code, "TTM", "F", "1983", at, at, at, "K1-000123"), tmp_path / "slip.pdf")
    printer = spooler.open_printer("HALL", tmp_path)
    assert printer.status().ready and "HALL" in spooler.printers()[0]
    job = printer.print(tmp_path / "slip.pdf", "phieu K1")
    assert job.startswith("HALL-")
    page = hall / "out" / "page.pdf"
    until(lambda: job in said("lpstat", "-W", "completed", "-o"), "the job did not end")
    until(page.exists, "no page")
    assert [code.text for code in zxingcpp.read_barcodes(picture_of(page, 150))] == [text]


def test_a_paused_queue_says_so_and_an_unknown_one_too(hall: Path) -> None:
    disable, enable = (shutil.which(name, path="/usr/sbin:/usr/bin") for name in ("cupsdisable", "cupsenable"))
    assert disable and enable
    subprocess.run([disable, "HALL"], check=True)
    assert spooler.CupsPrinter("HALL").status().why == "paused"
    subprocess.run([enable, "HALL"], check=True)
    assert spooler.CupsPrinter("HALL").status().ready
    assert spooler.CupsPrinter("NOWHERE").status().why == "none"
